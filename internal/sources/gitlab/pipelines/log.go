package pipelines

import (
	"bufio"
	"context"
	"io"
	"mime"
	"net/http"
	"strings"
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
func (r *Runner) Log(ctx context.Context, run *ci.Run, j *ci.Job) (io.ReadCloser, error) {
	in, number, err := r.place(ctx, run.ID)
	if err != nil {
		return nil, err
	}
	switch {
	case j.ID == configJob:
		raw, err := r.raw(ctx, in, number)
		return io.NopCloser(strings.NewReader(raw.Problem)), err
	case strings.HasPrefix(j.ID, bridgeID):
		return nil, fail.Errorf(fail.NotFound, "job %s has no log: it starts another pipeline", clip(j.ID)).
			Then("see which one with ci_runs op=get run=%s", run.ID)
	case !isNumber(j.ID):
		return nil, fail.Errorf(fail.Invalid, "%.100q is not the id of a job of GitLab", j.ID).
			Then("see the run's jobs with ci_runs op=get run=%s", run.ID)
	case j.Status == ci.Skipped:
		return nil, fail.Errorf(fail.NotFound, "job %s has no log: it was skipped", j.ID).
			Then("see the run's other jobs with ci_runs op=get run=%s", run.ID)
	}
	path, err := in.at("jobs", j.ID, "trace")
	if err != nil {
		return nil, err
	}
	body, answer, err := r.rest.Download(ctx, rest.Request{Path: path,
		Want: rest.Want{Types: []string{"*"}, MaxBody: maxLog, Timeout: logTime}})
	if rest.Status(err) == http.StatusNotFound {
		return nil, r.noLog(ctx, in, run, j)
	}
	if err != nil {
		return nil, err
	}
	if t, _, err := mime.ParseMediaType(answer.Header.Get("Content-Type")); err == nil && (t == "text/html" || t == "application/xhtml+xml") {
		if err := body.Close(); err != nil {
			return nil, err
		}
		return nil, fail.Errorf(fail.Unavailable, "unexpected response of %s: a page came in place of the log of job %s", title, j.ID).
			Then("tell the user to check the keys url and downloads of this source: a proxy or a login page may have answered")
	}
	from := bufio.NewReader(body)
	if _, err := from.Peek(1); err == io.EOF && j.Status != ci.Running {
		// GitLab answers with nothing also for a log that it no longer has.
		if err := body.Close(); err != nil {
			return nil, err
		}
		return nil, r.noLog(ctx, in, run, j)
	}
	return log{from, body}, nil
}

// A log is a body whose beginning was looked at.
type log struct {
	io.Reader
	io.Closer
}

// noLog is the error of a log that is not there: why, the job says.
func (r *Runner) noLog(ctx context.Context, in project, run *ci.Run, known *ci.Job) error {
	j, _, err := get[job](ctx, r, in, nil, "jobs", known.ID)
	if err != nil {
		return missing(err, "there is no job %s in %s", known.ID, in.Name)
	}
	status, _ := statusOf(j.Status, j.Reason)
	none := fail.Errorf(fail.NotFound, "job %s has no log", known.ID)
	switch {
	case !j.Erased.IsZero():
		none = fail.Errorf(fail.NotFound, "the log of job %s is gone: somebody has erased it", known.ID)
	case !status.Ended() && j.Started.IsZero():
		return none.Because("it has not begun: it is %s", status).Then("wait for it with ci_runs op=wait run=%s", run.ID)
	case j.Started.IsZero():
		return none.Because("it never ran").Then("see why with ci_runs op=get run=%s", run.ID)
	case status.Ended() && r.host.Now().Sub(j.Finished) > time.Minute:
		none = fail.Errorf(fail.NotFound, "the log of job %s is gone: it has expired, or was deleted", known.ID)
	default:
		return none.Because("GitLab has stored nothing of it yet").Then("call again").After(10 * time.Second)
	}
	return none.Then("see what else is known of the run with ci_runs op=get run=%s, or start a new one with ci_run op=start", run.ID)
}
