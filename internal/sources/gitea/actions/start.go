package actions

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"cleat/internal/archive/forge"
	"cleat/internal/builds"
	"cleat/internal/fail"
	"cleat/internal/rest"
	"cleat/internal/systems/ci"
)

// A plan is a start that was checked.
type plan struct {
	in   repository
	file string
	ref  string
}

// plan holds what is to be started against the workflow's file on the branch.
func (r *Runner) plan(ctx context.Context, s ci.Start) (plan, error) {
	in, err := r.here(ctx)
	if err != nil {
		return plan{}, err
	}
	p := plan{in: in, ref: s.Branch}
	if p.ref == "" {
		p.ref = in.Branch
	}
	if err := forge.CheckRef(p.ref); err != nil {
		return plan{}, err
	}
	all, err := r.workflows(ctx, in)
	if err != nil {
		return plan{}, err
	}
	at := slices.IndexFunc(all, func(w workflow) bool { return w.File == s.Task })
	if at < 0 {
		at = slices.IndexFunc(all, func(w workflow) bool { return s.Task != "" && (w.Path == s.Task || w.Name == s.Task) })
	}
	if at < 0 {
		tasks := make([]ci.Task, len(all))
		for i, w := range all {
			tasks[i].Name = w.File
		}
		return plan{}, ci.NoTask(s.Task, tasks)
	}
	p.file = all[at].File
	t, err := r.task(ctx, in, all[at], p.ref)
	if err != nil {
		return plan{}, err
	}
	if t.Closed != "" {
		return plan{}, fail.Errorf(fail.Unsupported, "the workflow %.100q cannot be started", p.file).Because("%s", t.Closed)
	}
	return p, builds.Check(t, s)
}

// Plan implements ci.Planner.
func (r *Runner) Plan(ctx context.Context, s ci.Start) (*ci.Run, error) {
	p, err := r.plan(ctx, s)
	if err != nil {
		return nil, err
	}
	return &ci.Run{Task: p.file, Branch: p.ref}, nil
}

// A dispatching is the body that starts a workflow.
type dispatching struct {
	Ref     string            `json:"ref"`
	Inputs  map[string]string `json:"inputs,omitempty"`
	Details bool              `json:"return_run_info"` // of Forgejo
}

// Start implements ci.Starter. A workflow takes inputs and no arguments. Without a branch it
// runs on the default one.
func (r *Runner) Start(ctx context.Context, s ci.Start) (*ci.Run, error) {
	p, err := r.plan(ctx, s)
	if err != nil {
		return nil, err
	}
	before, err := r.dispatched(ctx, p)
	if err != nil {
		return nil, err
	}
	data, err := r.post(ctx, p.in, url.Values{"return_run_details": {"true"}}, rest.JSON(dispatching{p.ref, s.Inputs, true}),
		"actions", "workflows", p.file, "dispatches")
	switch rest.Status(err) {
	case http.StatusNotFound, http.StatusMethodNotAllowed:
		if none := r.lacks(ctx, err, need{gitea: 24, forgejo: 7}, "starts no workflows", seePage(p.in)); none != nil {
			return nil, none
		}
		return nil, fail.Errorf(fail.NotFound, "the server did not start the workflow %.100q", p.file).
			Because("it answered that there is none: it may have no branch %q, or no such file there", p.ref)
	case http.StatusUnprocessableEntity, http.StatusBadRequest:
		return nil, fail.From(err).Then("check the branch and the inputs")
	}
	if err != nil {
		return nil, err
	}
	// From here on it has been started: nothing that goes wrong may say otherwise.
	run := &ci.Run{Task: p.file, Status: ci.Queued, Branch: p.ref, Event: "workflow_dispatch"}
	if id := startedID(data); id > 0 {
		run.ID = strconv.FormatInt(id, 10)
		return run, nil
	}
	return r.forge.Started(ctx, run, builds.Last(before), func(ctx context.Context) ([]builds.Item, error) { return r.dispatched(ctx, p) }), nil
}

// startedID reads which run a start has made, 0 if that is not told.
func startedID(data []byte) int64 {
	var told struct {
		Gitea   int64 `json:"workflow_run_id"`
		Forgejo int64 `json:"id"`
	}
	if json.Unmarshal(data, &told) != nil {
		return 0 // older servers send nothing
	}
	return max(told.Gitea, told.Forgejo, 0)
}

// dispatched returns the newest runs of a workflow that were started by hand.
func (r *Runner) dispatched(ctx context.Context, p plan) ([]builds.Item, error) {
	list, _, err := get[runList](ctx, r, p.in, url.Values{"limit": {strconv.Itoa(perPage)}}, "actions", "runs")
	if rest.Status(err) == http.StatusNotFound {
		return nil, nil // older servers start what they do not list
	}
	return slices.DeleteFunc(list.items(p.in), func(i builds.Item) bool {
		return i.Run.Task != builds.Clip(p.file) || i.Run.Event != "workflow_dispatch"
	}), err
}

// Rerun implements ci.Starter: it repeats the failed jobs of a run and those that need them,
// the whole run where none failed.
func (r *Runner) Rerun(ctx context.Context, id string) (*ci.Run, error) {
	in, number, err := r.place(ctx, id)
	if err != nil {
		return nil, err
	}
	old, err := r.raw(ctx, in, number)
	if err != nil {
		return nil, err
	}
	status, _ := old.status()
	if !status.Ended() {
		return nil, fail.Errorf(fail.Conflict, "run %s has not ended: it is %s", id, status).
			Then("wait for it with ci_runs op=wait run=%s", id)
	}
	what := "rerun"
	if status.Bad() {
		what = "rerun-failed-jobs"
	}
	return r.change(ctx, in, number, what, "repeats no runs", "start the workflow anew with ci_run op=start, or tell the user to repeat the run on the page Actions of "+in.Name, func(now run) bool {
		s, _ := now.status()
		return now.Attempt > old.Attempt || !s.Ended()
	})
}

// Cancel implements ci.Starter.
func (r *Runner) Cancel(ctx context.Context, id string) (*ci.Run, error) {
	in, number, err := r.place(ctx, id)
	if err != nil {
		return nil, err
	}
	old, err := r.raw(ctx, in, number)
	if err != nil {
		return nil, err
	}
	if status, _ := old.status(); status.Ended() {
		return nil, builds.Ended("run", id, status)
	}
	return r.change(ctx, in, number, "cancel", "ends no runs", "tell the user to end the run on the page Actions of "+in.Name, func(now run) bool {
		s, _ := now.status()
		return s.Ended()
	})
}

// change has the server do something to a run, and returns the run once seen says that it shows,
// or after a while.
func (r *Runner) change(ctx context.Context, in repository, number, what, lacking, instead string, seen func(run) bool) (*ci.Run, error) {
	if _, err := r.post(ctx, in, nil, nil, "actions", "runs", number, what); err != nil {
		if s := rest.Status(err); s == http.StatusNotFound || s == http.StatusMethodNotAllowed {
			// The run is there: what lacks is the way to change it.
			if none := r.lacks(ctx, err, need{}, lacking, instead); none != nil {
				return nil, none
			}
			return nil, fail.Errorf(fail.Unsupported, "this server %s through its API", lacking).Then("%s", instead)
		}
		return nil, err
	}
	// It has been taken, whatever is seen of it.
	out := &ci.Run{ID: in.prefix + number, Status: ci.Unknown}
	if r.forge.Changed(ctx, func() (bool, error) {
		now, err := r.raw(ctx, in, number)
		if err != nil {
			return false, err
		}
		public := now.public(in)
		out = &public
		return seen(now), nil
	}) {
		return out, nil
	}
	out.Notes = append(out.Notes, "the server has taken it and does not show it yet")
	return out, nil
}

// post sends a POST, whose answer may be empty or no JSON.
func (r *Runner) post(ctx context.Context, in repository, query url.Values, body json.Marshaler, segments ...string) ([]byte, error) {
	path, err := in.at(segments...)
	if err != nil {
		return nil, err
	}
	data, _, err := r.forge.Rest.Bytes(ctx, rest.Request{Method: http.MethodPost, Path: path, Query: query, Body: body,
		Want: rest.Want{Types: []string{"*"}, Empty: true}})
	if rest.Status(err) == http.StatusForbidden {
		return nil, fail.From(err).Then("tell the user: the token needs the permission repository: write, and its owner write access to %s", in.Name)
	}
	return data, err
}
