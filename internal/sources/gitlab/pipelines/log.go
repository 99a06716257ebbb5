package pipelines

import (
	"bufio"
	"context"
	"io"
	"strings"
	"time"

	"cleat/internal/builds"
	"cleat/internal/fail"
	"cleat/internal/systems/ci"
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
		return nil, fail.Errorf(fail.NotFound, "job %s has no log: it starts another pipeline", builds.Clip(j.ID)).
			Then("see which one with ci_runs op=get run=%s", run.ID)
	case j.Status == ci.Skipped:
		return nil, builds.WasSkipped(run, j)
	}
	if err := r.forge.CheckJob(run, j); err != nil {
		return nil, err
	}
	path, err := in.at("jobs", j.ID, "trace")
	if err != nil {
		return nil, err
	}
	body, err := r.forge.Log(ctx, path, j)
	if builds.IsGone(err) {
		return nil, r.noLog(ctx, in, run, j)
	}
	if err != nil {
		return nil, err
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
		return r.forge.Missing(err, "there is no job %s in %s", known.ID, in.Name)
	}
	status, _ := statusOf(j.Status, j.Reason)
	switch {
	case !j.Erased.IsZero():
		return builds.Expired(run, known).Because("somebody has erased it")
	case !status.Ended() && j.Started.IsZero():
		return builds.NotBegun(run, known, status)
	case j.Started.IsZero():
		return fail.Errorf(fail.NotFound, "job %s has no log", known.ID).
			Because("it never ran").Then("see why with ci_runs op=get run=%s", run.ID)
	case status.Ended() && r.host.Now().Sub(j.Finished) > time.Minute:
		return builds.Expired(run, known)
	}
	return fail.Errorf(fail.NotFound, "job %s has no log", known.ID).
		Because("GitLab has stored nothing of it yet").Then("call again").After(10 * time.Second)
}
