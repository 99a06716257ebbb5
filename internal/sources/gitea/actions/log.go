package actions

import (
	"context"
	"io"
	"mime"
	"net/http"
	"time"

	"cleat/internal/fail"
	"cleat/internal/rest"
	"cleat/internal/systems/ci"
)

// Limits of a log. A little more is let through than readers take, who so can tell that there
// was more.
const (
	maxLog  = ci.MaxLog + 64<<10
	logTime = 10 * time.Minute
)

// Log implements ci.Runner. The log of a job that runs is what there is of it.
func (r *Runner) Log(ctx context.Context, run *ci.Run, job *ci.Job) (io.ReadCloser, error) {
	in, _, err := r.place(ctx, run.ID)
	if err != nil {
		return nil, err
	}
	if !isNumber(job.ID) {
		return nil, fail.Errorf(fail.Invalid, "%.100q is not the id of a job of Gitea Actions", job.ID).
			Then("see the run's jobs with ci_runs op=get run=%s", run.ID)
	}
	if job.Status == ci.Skipped {
		return nil, fail.Errorf(fail.NotFound, "job %s has no log: it was skipped", job.ID).
			Then("see the run's other jobs with ci_runs op=get run=%s", run.ID)
	}
	path, err := in.at("actions", "jobs", job.ID, "logs")
	if err != nil {
		return nil, err
	}
	body, answer, err := r.rest.Download(ctx, rest.Request{Path: path,
		Want: rest.Want{Types: []string{"*"}, MaxBody: maxLog, Timeout: logTime}})
	if err != nil {
		return nil, r.noLog(ctx, err, in, run, job)
	}
	if t, _, err := mime.ParseMediaType(answer.Header.Get("Content-Type")); err == nil && (t == "text/html" || t == "application/xhtml+xml") {
		if err := body.Close(); err != nil {
			return nil, err
		}
		return nil, fail.Errorf(fail.Unavailable, "unexpected response of %s: a page came in place of the log of job %s", title, job.ID).
			Then("tell the user to check the keys url and downloads of this source: a proxy or a login page may have answered")
	}
	return body, nil
}

// noLog is the error of a log that did not come.
func (r *Runner) noLog(ctx context.Context, err error, in repository, run *ci.Run, job *ci.Job) error {
	if s := rest.Status(err); s != http.StatusNotFound && s != http.StatusGone && s != http.StatusMethodNotAllowed {
		return err
	}
	if none := r.lacks(ctx, err, needJobs(), "gives no logs", seePage(in)); none != nil {
		return none
	}
	if job.Started.IsZero() && !job.Status.Ended() {
		return fail.Errorf(fail.NotFound, "job %s has no log", job.ID).
			Because("it has not begun: it is %s", job.Status).Then("wait for it with ci_runs op=wait run=%s", run.ID)
	}
	return fail.Errorf(fail.NotFound, "the log of job %s is gone, or there was none: it has expired, was deleted, or the job never ran", job.ID).
		Then("see what else is known of the run with ci_runs op=get run=%s, or start the workflow anew with ci_run op=start", run.ID)
}
