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

// settle is how long after a job's end GitHub may need to have its log.
const settle = 2 * time.Minute

// Log implements ci.Runner. GitHub has a log only of a job that has ended.
func (r *Runner) Log(ctx context.Context, run *ci.Run, job *ci.Job) (io.ReadCloser, error) {
	p, err := r.jobPlace(ctx, run, job)
	if err != nil {
		return nil, err
	}
	switch {
	case job.Status == ci.Skipped:
		return nil, fail.Errorf(fail.NotFound, "job %s has no log: it was skipped", job.ID).
			Then("see the run's other jobs with ci_runs op=get run=%s", run.ID)
	case !job.Status.Ended() && job.Finished.IsZero():
		return nil, fail.Errorf(fail.Unsupported, "job %s has not ended, and GitHub gives logs of ended jobs only", job.ID).
			Because("it is %s", job.Status).Then("wait for it with ci_runs op=wait run=%s", run.ID)
	}
	path, err := at(p.repo, "actions", "jobs", p.number, "logs")
	if err != nil {
		return nil, err
	}
	body, answer, err := r.rest.Download(ctx, rest.Request{Path: path,
		Want: rest.Want{Types: []string{"*"}, MaxBody: maxLog, Timeout: logTime}})
	if err != nil {
		return nil, r.noLog(err, run, job)
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
func (r *Runner) noLog(err error, run *ci.Run, job *ci.Job) error {
	status := rest.Status(err)
	if status != http.StatusNotFound && status != http.StatusGone {
		return err
	}
	if age := r.host.Now().Sub(job.Finished); status == http.StatusNotFound && age < settle {
		return fail.Errorf(fail.NotFound, "the log of job %s is not there yet", job.ID).
			Because("the job ended just now, and GitHub needs a while to store its log").
			Then("call again").After(10 * time.Second)
	}
	return fail.Errorf(fail.NotFound, "the log of job %s is gone: it has expired, or was deleted", job.ID).
		Because("GitHub keeps logs for as long as the repository says, 90 days if it says nothing").
		Then("see what else is known of the run with ci_runs op=get run=%s, or repeat it with ci_run op=rerun run=%s", run.ID, run.ID)
}

// jobPlace is where a job is; its number is the job's.
func (r *Runner) jobPlace(ctx context.Context, run *ci.Run, job *ci.Job) (place, error) {
	p, err := r.place(ctx, run.ID)
	if err != nil {
		return place{}, err
	}
	if !isNumber(job.ID) {
		return place{}, fail.Errorf(fail.Invalid, "%.100q is not the id of a job of GitHub Actions", job.ID).
			Then("see the run's jobs with ci_runs op=get run=%s", run.ID)
	}
	p.number = job.ID
	return p, nil
}
