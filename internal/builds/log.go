package builds

import (
	"context"
	"io"
	"mime"
	"time"

	"cleat/internal/fail"
	"cleat/internal/rest"
	"cleat/internal/systems/ci"
)

// Limits of a log: bytes, and the time to read it. A little more is let through than readers
// take, who so can tell that there was more.
const (
	MaxLog  = ci.MaxLog + 64<<10
	LogTime = 10 * time.Minute
)

// Log opens the log of a job at path, wherever the forge has put it. The caller closes it.
func (f *Forge) Log(ctx context.Context, path string, job *ci.Job) (io.ReadCloser, error) {
	body, answer, err := f.Rest.Download(ctx, rest.Request{Path: path,
		Want: rest.Want{Types: []string{"*"}, MaxBody: MaxLog, Timeout: LogTime}})
	if err != nil {
		return nil, err
	}
	if t, _, err := mime.ParseMediaType(answer.Header.Get("Content-Type")); err != nil || t != "text/html" && t != "application/xhtml+xml" {
		return body, nil
	}
	if err := body.Close(); err != nil {
		return nil, err
	}
	return nil, fail.Errorf(fail.Unavailable, "unexpected response of %s: a page came in place of the log of job %s", f.Title, job.ID).
		Then("tell the user to check the keys url and downloads of this source: a proxy or a login page may have answered")
}

// WasSkipped is the error of the log of a job that did not run.
func WasSkipped(run *ci.Run, job *ci.Job) error {
	return fail.Errorf(fail.NotFound, "job %s has no log: it was skipped", job.ID).
		Then("see the run's other jobs with ci_runs op=get run=%s", run.ID)
}

// NotBegun is the error of the log of a job that waits.
func NotBegun(run *ci.Run, job *ci.Job, status ci.Status) error {
	return fail.Errorf(fail.NotFound, "job %s has no log", job.ID).
		Because("it has not begun: it is %s", status).Then("wait for it with ci_runs op=wait run=%s", run.ID)
}

// Expired is the error of a log that was there once, or never was.
func Expired(run *ci.Run, job *ci.Job) *fail.Error {
	return fail.Errorf(fail.NotFound, "the log of job %s is gone: it has expired, or was deleted", job.ID).
		Then("see what else is known of the run with ci_runs op=get run=%s, or start a new one with ci_run op=start", run.ID)
}
