package actions

import (
	"context"
	"io"
	"net/http"

	"cleat/internal/builds"
	"cleat/internal/rest"
	"cleat/internal/systems/ci"
)

// Log implements ci.Runner. The log of a job that runs is what there is of it.
func (r *Runner) Log(ctx context.Context, run *ci.Run, job *ci.Job) (io.ReadCloser, error) {
	in, _, err := r.place(ctx, run.ID)
	if err != nil {
		return nil, err
	}
	if err := r.forge.CheckJob(run, job); err != nil {
		return nil, err
	}
	if job.Status == ci.Skipped {
		return nil, builds.WasSkipped(run, job)
	}
	path, err := in.at("actions", "jobs", job.ID, "logs")
	if err != nil {
		return nil, err
	}
	body, err := r.forge.Log(ctx, path, job)
	if err != nil {
		return nil, r.noLog(ctx, err, in, run, job)
	}
	return body, nil
}

// noLog is the error of a log that did not come.
func (r *Runner) noLog(ctx context.Context, err error, in repository, run *ci.Run, job *ci.Job) error {
	if !builds.IsGone(err) && rest.Status(err) != http.StatusMethodNotAllowed {
		return err
	}
	if none := r.lacks(ctx, err, needJobs(), "gives no logs", seePage(in)); none != nil {
		return none
	}
	if job.Started.IsZero() && !job.Status.Ended() {
		return builds.NotBegun(run, job, job.Status)
	}
	return builds.Expired(run, job).Because("or there was none: the job never ran")
}
