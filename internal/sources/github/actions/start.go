package actions

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"cleat/internal/archive/forge"
	"cleat/internal/builds"
	"cleat/internal/fail"
	"cleat/internal/rest"
	"cleat/internal/systems/ci"
)

// A request is the body that starts a workflow.
type request struct {
	Ref     string            `json:"ref"`
	Inputs  map[string]string `json:"inputs,omitempty"`
	Details bool              `json:"return_run_details,omitempty"`
}

// Start implements ci.Starter. A workflow takes inputs and no arguments. Without a branch it
// runs on the default one. What is given is held against the workflow's file on that
// branch before GitHub is asked.
func (r *Runner) Start(ctx context.Context, s ci.Start) (*ci.Run, error) {
	repo, err := r.forge.Here(ctx)
	if err != nil {
		return nil, err
	}
	if len(s.Args) > 0 {
		return nil, fail.Errorf(fail.Invalid, "a workflow takes no arguments").Then("give what it takes in inputs; ci_runs shows what it declares")
	}
	all, err := r.workflows(ctx, repo)
	if err != nil {
		return nil, err
	}
	w, err := find(all, s.Task)
	if err != nil {
		return nil, err
	}
	if why := w.closed(); why != "" {
		return nil, fail.Errorf(fail.Unsupported, "the workflow %q cannot be started", builds.Cut(w.task, 100)).Because("%s", why)
	}
	if s.Branch, err = r.ref(ctx, repo, s.Branch); err != nil {
		return nil, err
	}
	inputs, dispatched, err := r.dispatch(ctx, repo, w, s.Branch)
	if err != nil {
		return nil, err
	}
	if !dispatched {
		return nil, fail.Errorf(fail.Unsupported, "the workflow %q cannot be started by hand", builds.Cut(w.task, 100)).
			Because("its file on %q has no workflow_dispatch", s.Branch)
	}
	if err := builds.Check(ci.Task{Name: w.task, Inputs: inputs}, s); err != nil {
		return nil, err
	}
	if err := fits(s.Inputs); err != nil {
		return nil, err
	}
	before, err := r.dispatched(ctx, repo, w, s.Branch, "")
	if err != nil {
		return nil, err
	}
	id, err := r.post(ctx, repo, w, s)
	if err != nil {
		return nil, err
	}
	// From here on it has been started: nothing that goes wrong may say otherwise.
	run := &ci.Run{Task: w.task, Status: ci.Queued, Branch: s.Branch, Event: "workflow_dispatch"}
	if id > 0 {
		run.ID = strconv.FormatInt(id, 10)
		return run, nil
	}
	login := r.login(ctx)
	return r.forge.Started(ctx, run, builds.Last(before), func(ctx context.Context) ([]builds.Item, error) {
		return r.dispatched(ctx, repo, w, s.Branch, login)
	}), nil
}

// maxPayload is how much GitHub takes, in characters of all inputs together.
const maxPayload = 65535

// fits fails with fail.TooLarge for more inputs than GitHub takes.
func fits(inputs map[string]string) error {
	size := 0
	for name, value := range inputs {
		size += utf8.RuneCountInString(name) + utf8.RuneCountInString(value)
	}
	if size > maxPayload {
		return fail.Errorf(fail.TooLarge, "the inputs have %d characters, and GitHub takes %d", size, maxPayload)
	}
	return nil
}

// ref returns the branch or tag that is asked for, the default branch if "".
func (r *Runner) ref(ctx context.Context, repo, ref string) (string, error) {
	if ref != "" {
		return ref, forge.CheckRef(ref)
	}
	about, _, err := get[repository](ctx, r, repo, nil)
	switch {
	case err != nil:
		return "", r.forge.Missing(err, "there is no repository %s", repo)
	case about.Branch == "":
		return "", forge.Lacks(title, "default branch")
	}
	return about.Branch, r.forge.Moved(repo, about.Name)
}

// post starts a workflow and returns the number of the run, 0 where GitHub does not tell it:
// that came in 2026, and before is no key that GitHub Enterprise knows.
func (r *Runner) post(ctx context.Context, repo string, w workflow, s ci.Start) (int64, error) {
	path, err := at(repo, "actions", "workflows", strconv.FormatInt(w.ID, 10), "dispatches")
	if err != nil {
		return 0, err
	}
	body := request{s.Branch, s.Inputs, true}
	data, _, err := r.send(ctx, path, body)
	if status := rest.Status(err); (status == http.StatusUnprocessableEntity || status == http.StatusBadRequest) && strings.Contains(said(err), "return_run_details") {
		body.Details = false // nothing was done
		data, _, err = r.send(ctx, path, body)
	}
	switch status := rest.Status(err); {
	case status == http.StatusNotFound:
		return 0, fail.Errorf(fail.Denied, "%s did not start the workflow %q", title, builds.Cut(w.task, 100)).
			Because("it answered that there is none, which it has listed: the token may not start it").
			Then("tell the user: the token needs the permission Actions: write")
	case status == http.StatusUnprocessableEntity:
		return 0, fail.From(err).Then("check the branch and the inputs; workflow_dispatch has to be in the file on the default branch too")
	case err != nil:
		return 0, err
	case len(data) == 0:
		return 0, nil
	}
	type details struct {
		ID int64 `json:"workflow_run_id"`
	}
	got, err := rest.Decode[details](r.forge.Rest, data)
	if err != nil || got.ID <= 0 {
		return 0, nil // it was started all the same, and is looked for
	}
	return got.ID, nil
}

// send sends a POST, whose answer may be empty.
func (r *Runner) send(ctx context.Context, path string, body request) ([]byte, *rest.Answer, error) {
	req := rest.Request{Method: http.MethodPost, Path: path, Want: rest.Want{Empty: true}}
	if body.Ref != "" {
		req.Body = rest.JSON(body)
	}
	return r.forge.Rest.Bytes(ctx, req)
}

// dispatched returns the newest runs of a workflow on a branch that were started by hand, by
// the user of that name if it is not "".
func (r *Runner) dispatched(ctx context.Context, repo string, w workflow, branch, login string) (items []builds.Item, err error) {
	got, _, err := get[runList](ctx, r, repo, url.Values{"event": {"workflow_dispatch"}, "branch": {branch}, "per_page": {"30"}},
		"actions", "workflows", strconv.FormatInt(w.ID, 10), "runs")
	for _, one := range got.Runs {
		if login == "" || one.Actor.Login == login || one.Trigger.Login == login {
			items = append(items, builds.Item{ID: one.ID, Run: one.public(place{repo: repo})})
		}
	}
	return items, err
}

// login is the name of the token's user, "" where that is not told.
func (r *Runner) login(ctx context.Context) string {
	me, _, err := rest.GetJSON[user](ctx, r.forge.Rest, "/user", nil)
	if err != nil {
		return "" // the token of an app has no user
	}
	return me.Login
}

// Rerun implements ci.Starter: it repeats the failed jobs of a run and those that need them,
// the whole run where none failed.
func (r *Runner) Rerun(ctx context.Context, id string) (*ci.Run, error) {
	p, old, err := r.known(ctx, id)
	if err != nil {
		return nil, err
	}
	status, _ := statusOf(old.Status, old.Conclusion)
	if old.Status != completed {
		return nil, fail.Errorf(fail.Conflict, "run %s has not ended: it is %s", id, status).
			Then("wait for it with ci_runs op=wait run=%s, or end it with ci_run op=cancel run=%s", id, id)
	}
	what := "rerun"
	if status.Bad() {
		what = "rerun-failed-jobs"
	}
	if err := r.change(ctx, p, what); err != nil {
		switch {
		case rest.Status(err) == http.StatusForbidden && old.Conclusion == "startup_failure":
			return nil, fail.From(err).Because("GitHub repeats no run that it could not start").Then("correct the workflow's file and push it")
		case rest.Status(err) == http.StatusForbidden && r.host.Now().Sub(old.Created) > repeatable:
			return nil, fail.From(err).Because("GitHub repeats runs for 30 days").Then("start the workflow anew with ci_run op=start")
		}
		return nil, err
	}
	var out ci.Run
	if r.forge.Changed(ctx, func() (bool, error) {
		now, err := r.raw(ctx, p)
		out = now.public(p)
		return err == nil && (now.Attempt > old.Attempt || now.Status != completed), nil
	}) {
		return &out, nil
	}
	out = old.public(p)
	out.Status, out.Finished, out.Attempt = ci.Queued, time.Time{}, old.Attempt+1
	out.Notes = append(out.Notes, "GitHub has taken it and does not show the new attempt yet")
	return &out, nil
}

// repeatable is for how long GitHub repeats a run.
const repeatable = 30 * 24 * time.Hour

// Cancel implements ci.Starter.
func (r *Runner) Cancel(ctx context.Context, id string) (*ci.Run, error) {
	p, old, err := r.known(ctx, id)
	if err != nil {
		return nil, err
	}
	if old.Status == completed {
		return nil, ended(id, old)
	}
	err = r.change(ctx, p, "cancel")
	if rest.Status(err) == http.StatusConflict {
		if now, err := r.raw(ctx, p); err == nil && now.Status == completed {
			return nil, ended(id, now)
		}
	}
	if err != nil {
		return nil, err
	}
	now := old
	r.forge.Changed(ctx, func() (bool, error) {
		got, err := r.raw(ctx, p)
		if err == nil { // it was taken, whatever is seen of it
			now = got
		}
		return now.Status == completed, err
	})
	out := now.public(p)
	if now.Status != completed {
		out.Notes = append(out.Notes, "GitHub has taken it; jobs end when their steps do")
	}
	return &out, nil
}

// ended is the error of ending a run that has ended.
func ended(id string, raw run) error {
	status, word := statusOf(raw.Status, raw.Conclusion)
	if word != "" {
		status = ""
	}
	return builds.Ended("run", id, status)
}

// known returns a run that something is to be done to.
func (r *Runner) known(ctx context.Context, id string) (place, run, error) {
	p, err := r.place(ctx, id)
	if err != nil {
		return place{}, run{}, err
	}
	raw, err := r.raw(ctx, p)
	return p, raw, err
}

// change has GitHub do something to a run.
func (r *Runner) change(ctx context.Context, p place, what string) error {
	path, err := at(p.repo, "actions", "runs", p.number, what)
	if err != nil {
		return err
	}
	_, _, err = r.send(ctx, path, request{})
	if rest.Status(err) == http.StatusNotFound {
		return fail.Errorf(fail.Denied, "%s did not take %s of run %s", title, what, p.number).
			Because("it answered that there is none, which it has shown: the token may not change it").
			Then("tell the user: the token needs the permission Actions: write")
	}
	return err
}
