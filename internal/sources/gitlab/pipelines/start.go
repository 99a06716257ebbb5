package pipelines

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"cleat/internal/archive/forge"
	"cleat/internal/builds"
	"cleat/internal/fail"
	"cleat/internal/rest"
	"cleat/internal/systems/ci"
)

// Tasks implements ci.Starter: one pipeline, with what the CI file on the default branch
// declares.
func (r *Runner) Tasks(ctx context.Context) ([]ci.Task, error) {
	in, err := r.here(ctx)
	if err != nil {
		return nil, err
	}
	t, _, err := r.task(ctx, in, in.Branch)
	return []ci.Task{t}, err
}

// task returns what can be started on a branch.
func (r *Runner) task(ctx context.Context, in project, branch string) (ci.Task, declared, error) {
	t := ci.Task{Name: Task, About: "a pipeline of the CI file"}
	if branch == "" {
		t.Closed = "the project has no branch yet"
		return t, declared{}, nil
	}
	d, why, err := r.config(ctx, in, branch)
	if err != nil {
		return ci.Task{}, declared{}, err
	}
	t.Inputs = d.inputs
	if why != "" {
		t.About += "; what it takes is not known: " + why
	}
	return t, d, nil
}

// A creation is the body that makes a pipeline.
type creation struct {
	Ref       string                     `json:"ref"`
	Inputs    map[string]json.RawMessage `json:"inputs,omitempty"`
	Variables []variable                 `json:"variables,omitempty"`
}

type variable struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// plan checks what is to be started against the CI file on the branch.
func (r *Runner) plan(ctx context.Context, s ci.Start) (project, creation, error) {
	var none creation
	in, err := r.here(ctx)
	if err != nil {
		return in, none, err
	}
	if s.Branch == "" {
		s.Branch = in.Branch
	} else if err := forge.CheckRef(s.Branch); err != nil {
		return in, none, err
	}
	t, d, err := r.task(ctx, in, s.Branch)
	switch {
	case err != nil:
		return in, none, err
	case s.Task != Task:
		return in, none, ci.NoTask(s.Task, []ci.Task{t})
	case t.Closed != "":
		return in, none, fail.Errorf(fail.Unsupported, "no pipeline can be started").Because("%s", t.Closed)
	}
	if err := builds.Check(t, s); err != nil {
		return in, none, err
	}
	body := creation{Ref: s.Branch}
	for _, declared := range t.Inputs {
		v, ok := s.Inputs[declared.Name]
		if !ok {
			continue
		}
		if slices.Contains(d.variables, declared.Name) {
			body.Variables = append(body.Variables, variable{declared.Name, v})
			continue
		}
		raw, err := encode(declared, v)
		if err != nil {
			return in, none, err
		}
		if body.Inputs == nil {
			body.Inputs = map[string]json.RawMessage{}
		}
		body.Inputs[declared.Name] = raw
	}
	if len(body.Inputs) > 0 {
		return in, body, r.takesInputs(ctx)
	}
	return in, body, nil
}

// encode returns a value in the type of its input.
func encode(in ci.Input, value string) (json.RawMessage, error) {
	switch in.Type {
	case "boolean", "number":
		if json.Valid([]byte(value)) && value != "null" {
			return json.RawMessage(value), nil
		}
		return nil, fail.Errorf(fail.Invalid, "the input %q is a %s", builds.Clip(in.Name), in.Type).Then("write it as JSON has it, such as 3, 0.5 or true")
	case "array":
		var list []json.RawMessage
		if json.Unmarshal([]byte(value), &list) == nil && list != nil {
			return json.RawMessage(value), nil
		}
		return nil, fail.Errorf(fail.Invalid, "the input %q is a list", builds.Clip(in.Name)).Then(`write it as JSON has it, such as ["a", "b"]`)
	}
	return json.Marshal(value)
}

// takesInputs fails for a GitLab that is known to ignore inputs: it would start the pipeline
// without them.
func (r *Runner) takesInputs(ctx context.Context) error {
	v, _, err := rest.GetJSON[struct{ Version string }](ctx, r.forge.Rest, api+"/version", nil)
	if err != nil && !hidden(err) {
		return err
	}
	var major, minor int
	if n, _ := fmt.Sscanf(v.Version, "%d.%d", &major, &minor); n < 2 {
		return nil // it does not tell
	}
	if major > 17 || major == 17 && minor >= 10 {
		return nil
	}
	return fail.Errorf(fail.Unsupported, "this GitLab takes no inputs: it has version %d.%d, and they came with 17.10", major, minor).
		Then("start it without inputs, or tell the user to start it on the project's page for pipelines")
}

// Plan implements ci.Planner.
func (r *Runner) Plan(ctx context.Context, s ci.Start) (*ci.Run, error) {
	_, body, err := r.plan(ctx, s)
	if err != nil {
		return nil, err
	}
	return &ci.Run{Task: Task, Branch: body.Ref}, nil
}

// Start implements ci.Starter. A pipeline takes inputs and no arguments. Without a branch it
// runs on the default one.
func (r *Runner) Start(ctx context.Context, s ci.Start) (*ci.Run, error) {
	in, body, err := r.plan(ctx, s)
	if err != nil {
		return nil, err
	}
	raw, err := r.send(ctx, in, rest.JSON(body), "pipeline")
	switch rest.Status(err) {
	case 0:
	case http.StatusBadRequest:
		return nil, fail.From(err).Because("GitLab made no pipeline: there may be no such branch, or no job that its rules choose").
			Then("check the branch, the inputs, and the rules of the CI file for pipelines of the source api")
	default:
		return nil, err
	}
	if err != nil {
		return nil, err
	}
	run := raw.public(in)
	return &run, nil
}

// Rerun implements ci.Starter: it repeats the jobs of a pipeline that failed or were canceled.
func (r *Runner) Rerun(ctx context.Context, id string) (*ci.Run, error) {
	in, number, err := r.place(ctx, id)
	if err != nil {
		return nil, err
	}
	old, err := r.raw(ctx, in, number)
	if err != nil {
		return nil, err
	}
	switch status, _ := statusOf(old.Status, ""); status {
	case ci.Failed, ci.Canceled, ci.Waiting, ci.Unknown:
	case ci.Passed, ci.Skipped:
		return nil, fail.Errorf(fail.Conflict, "nothing in pipeline %s can be repeated: it is %s", id, status).
			Because("GitLab repeats jobs that failed or were canceled").Then("start a new one with ci_run op=start")
	default:
		return nil, fail.Errorf(fail.Conflict, "pipeline %s has not ended: it is %s", id, status).
			Then("wait for it with ci_runs op=wait run=%s, or end it with ci_run op=cancel run=%s", id, id)
	}
	raw, err := r.send(ctx, in, nil, "pipelines", number, "retry")
	if err != nil {
		return nil, err
	}
	run := raw.public(in)
	return &run, nil
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
	// GitLab itself takes a second one without a word.
	if status, _ := statusOf(old.Status, ""); status.Ended() {
		return nil, builds.Ended("pipeline", id, status)
	}
	raw, err := r.send(ctx, in, nil, "pipelines", number, "cancel")
	if err != nil {
		return nil, err
	}
	run := raw.public(in)
	if !run.Status.Ended() {
		run.Notes = append(run.Notes, "GitLab has taken it; jobs end when their scripts do")
	}
	return &run, nil
}

// send has GitLab make or change a pipeline.
func (r *Runner) send(ctx context.Context, in project, body json.Marshaler, segments ...string) (pipeline, error) {
	path, err := in.at(segments...)
	if err != nil {
		return pipeline{}, err
	}
	raw, _, err := rest.Do[pipeline](ctx, r.forge.Rest, rest.Request{Method: http.MethodPost, Path: path, Body: body})
	if hidden(err) {
		return pipeline{}, fail.Errorf(fail.Denied, "%s did not do it for this token", title).
			Because("it answered with status %d", rest.Status(err)).Then("tell the user: the token needs the scope api and the role Developer, and on protected branches the right to merge")
	}
	return raw, err
}
