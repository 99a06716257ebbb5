package jenkins

import (
	"context"
	"errors"
	"net/http"
	"time"

	"cleat/internal/builds"
	"cleat/internal/rest"
	"cleat/internal/systems/ci"
)

// console is the id of the job whose log is the console of the whole run.
const console = "console"

// Run implements ci.Runner.
func (s *Source) Run(ctx context.Context, id string) (*ci.Run, error) {
	p, err := s.place(id)
	if err != nil {
		return nil, err
	}
	return s.run(ctx, p)
}

func (s *Source) run(ctx context.Context, p place) (*ci.Run, error) {
	path, err := p.path()
	if err != nil {
		return nil, err
	}
	b, err := get[build](ctx, s, path, buildTree, 0)
	if err != nil {
		return nil, missing(err, "there is no run %s", p.id())
	}
	out := b.public(p)
	w, err := s.stages(ctx, p)
	if err != nil {
		return nil, err
	}
	if w.Status == "PAUSED_PENDING_INPUT" && out.Status == ci.Running {
		out.Status = ci.Waiting
	}
	told := false // by a stage, why the run is red
	for _, st := range w.Stages {
		if len(out.Jobs) == ci.MaxJobs {
			out.More++
			continue
		}
		j := st.public()
		if j.Status == ci.Canceled && out.Status == ci.TimedOut {
			j.Status = ci.TimedOut // to a stage Jenkins says only that it was aborted
		}
		told = told || j.Status.Bad()
		out.Jobs = append(out.Jobs, j)
	}
	if len(out.Jobs) == 0 || out.Status.Bad() && !told && out.More == 0 {
		// What went wrong, if anything, is outside of the stages.
		j := ci.Job{ID: console, Name: console, Status: out.Status, Started: out.Started, Finished: out.Finished}
		if len(out.Jobs) == 0 {
			j.Name = out.Task
		}
		out.Jobs = append(out.Jobs, j)
	}
	return &out, nil
}

// A workflow is what the plugin Pipeline: REST API has of a run.
type workflow struct {
	Status string
	Stages []stage
}

type stage struct {
	ID       string
	Name     string
	Status   string
	Error    struct{ Message string }
	Start    int64 `json:"startTimeMillis"`
	Duration int64 `json:"durationMillis"`
}

// Check implements rest.Checker.
func (w workflow) Check() error {
	for _, st := range w.Stages {
		if !builds.IsNumber(st.ID) {
			return errors.New("a stage has no id")
		}
	}
	return nil
}

// stages returns what is known of the stages of a run, nothing where it has none or the
// plugin is not there.
func (s *Source) stages(ctx context.Context, p place) (workflow, error) {
	path, err := p.path("wfapi", "describe")
	if err != nil {
		return workflow{}, err
	}
	w, _, err := rest.GetJSON[workflow](ctx, s.rest, path, nil)
	if err != nil && rest.Status(err) == http.StatusNotFound {
		return workflow{}, nil
	}
	return w, err
}

// public returns st as ci has it.
func (st stage) public() ci.Job {
	j := ci.Job{ID: st.ID, Name: builds.Clip(st.Name), Reason: builds.Clip(st.Error.Message)}
	if st.Start > 0 {
		j.Started = time.UnixMilli(st.Start).UTC()
	}
	switch st.Status {
	case "SUCCESS":
		j.Status = ci.Passed
	case "FAILED", "UNSTABLE":
		j.Status = ci.Failed
	case "ABORTED":
		j.Status = ci.Canceled
	case "NOT_EXECUTED":
		j.Status = ci.Skipped
	case "IN_PROGRESS":
		j.Status = ci.Running
	case "PAUSED_PENDING_INPUT":
		j.Status = ci.Waiting
	default:
		j.Status, j.Reason = ci.Unknown, builds.Clip(st.Status)
	}
	if j.Status.Ended() && st.Start > 0 {
		j.Finished = j.Started.Add(time.Duration(max(st.Duration, 0)) * time.Millisecond)
	}
	return j
}
