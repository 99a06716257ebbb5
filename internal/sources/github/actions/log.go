package actions

import (
	"context"
	"io"
	"net/http"
	"time"

	"cleat/internal/builds"
	"cleat/internal/fail"
	"cleat/internal/rest"
	"cleat/internal/systems/ci"
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
		return nil, builds.WasSkipped(run, job)
	case !job.Status.Ended() && job.Finished.IsZero():
		return nil, fail.Errorf(fail.Unsupported, "job %s has not ended, and GitHub gives logs of ended jobs only", job.ID).
			Because("it is %s", job.Status).Then("wait for it with ci_runs op=wait run=%s", run.ID)
	}
	path, err := at(p.repo, "actions", "jobs", p.number, "logs")
	if err != nil {
		return nil, err
	}
	body, err := r.forge.Log(ctx, path, job)
	if err != nil {
		return nil, r.noLog(err, run, job)
	}
	return body, nil
}

// noLog is the error of a log that did not come.
func (r *Runner) noLog(err error, run *ci.Run, job *ci.Job) error {
	if !builds.IsGone(err) {
		return err
	}
	if rest.Status(err) == http.StatusNotFound && r.host.Now().Sub(job.Finished) < settle {
		return fail.Errorf(fail.NotFound, "the log of job %s is not there yet", job.ID).
			Because("the job ended just now, and GitHub needs a while to store its log").
			Then("call again").After(10 * time.Second)
	}
	return builds.Expired(run, job).
		Because("GitHub keeps logs for as long as the repository says, 90 days if it says nothing")
}

// jobPlace is where a job is; its number is the job's.
func (r *Runner) jobPlace(ctx context.Context, run *ci.Run, job *ci.Job) (place, error) {
	p, err := r.place(ctx, run.ID)
	if err != nil {
		return place{}, err
	}
	if err := r.forge.CheckJob(run, job); err != nil {
		return place{}, err
	}
	p.number = job.ID
	return p, nil
}
