package actions_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cleat/internal/fail"
	"cleat/internal/systems/ci"
	"cleat/internal/systems/ci/citest"
)

const workflow = `name: CI
on:
  push:
  workflow_dispatch:
    inputs:
      target: {type: choice, options: [staging, production], required: true}
      fast: {type: boolean, default: false}
      note: {}
jobs: {}
`

func tree(f *fake, folder string) {
	f.tree[folder+"/ci.yml"] = workflow
	f.tree[folder+"/push.yaml"] = "on: push\n"
	f.tree[folder+"/plain.yml"] = "on: [push, workflow_dispatch]\n"
	f.tree[folder+"/off.yml"] = workflow
	f.tree[folder+"/broken.yml"] = "on: [\n"
}

func TestTasks(t *testing.T) {
	f := newFake(t, newest, world())
	tree(f, ".gitea/workflows")
	got, err := f.open("acme/shop").Tasks(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []ci.Task{
		{Name: "broken.yml", About: "The broken.yml, .gitea/workflows/broken.yml", Closed: "its file cannot be read: it is not YAML"},
		{Name: "ci.yml", About: "The ci.yml, .gitea/workflows/ci.yml", Inputs: []ci.Input{
			{Name: "target", Type: "choice", Options: []string{"staging", "production"}, Required: true},
			{Name: "fast", Type: "boolean", Default: "false"}, {Name: "note", Type: "string"}}},
		{Name: "off.yml", About: "The off.yml, .gitea/workflows/off.yml", Closed: "it is disabled in the repository's Actions"},
		{Name: "plain.yml", About: "The plain.yml, .gitea/workflows/plain.yml"},
		{Name: "push.yaml", About: "The push.yaml, .gitea/workflows/push.yaml", Closed: "its file has no workflow_dispatch"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	f = newFake(t, forgejo, world())
	f.without = []string{"GET /api/v1/repos/acme/shop/actions/workflows"}
	tree(f, ".forgejo/workflows")
	f.tree[".github/workflows/other.yml"] = workflow
	if got, err = f.open("acme/shop").Tasks(t.Context()); err != nil || len(got) != 5 || got[1].Name != "ci.yml" || len(got[1].Inputs) != 3 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestStart(t *testing.T) {
	good := map[string]string{"target": "staging", "note": `"; touch x`}
	for _, c := range []struct{ version, dispatch, id string }{
		{newest, `{"workflow_run_id":77}`, "77"},
		{forgejo, `{"id":78,"run_number":3,"jobs":["a"]}`, "78"},
		{"1.24.0", "", "900"},
		{newest, `<html>`, "900"},
	} {
		f := newFake(t, c.version, world())
		f.world.Runs = append(f.world.Runs, citest.Run{ID: 107, Task: "ci.yml", Title: "dispatched before", Branch: "main", Status: ci.Passed, Started: began()})
		f.dispatch = c.dispatch
		tree(f, ".gitea/workflows")
		r := f.open("acme/shop")
		run, err := r.Start(t.Context(), ci.Start{Task: "ci.yml", Inputs: good})
		if err != nil || run.ID != c.id || run.Task != "ci.yml" || run.Status != ci.Queued {
			t.Errorf("%+v: %+v, %v", c, run, err)
		}
		want := []string{`workflows/ci.yml/dispatches?return_run_details=true {"ref":"main","inputs":{"note":"\"; touch x","target":"staging"},"return_run_info":true}`}
		if diff := cmp.Diff(want, f.sent()); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	}
	f := newFake(t, newest, world())
	tree(f, ".gitea/workflows")
	r := f.open("acme/shop")
	for _, c := range []struct {
		s    ci.Start
		code fail.Code
	}{
		{ci.Start{Task: "no.yml"}, fail.NotFound},
		{ci.Start{Task: ""}, fail.Invalid},
		{ci.Start{Task: "../ci.yml"}, fail.NotFound},
		{ci.Start{Task: "ci.yml"}, fail.Invalid},
		{ci.Start{Task: "ci.yml", Inputs: good, Args: []string{"x"}}, fail.Invalid},
		{ci.Start{Task: "ci.yml", Inputs: map[string]string{"target": "moon"}}, fail.Invalid},
		{ci.Start{Task: "ci.yml", Inputs: map[string]string{"target": "staging", "more": "x"}}, fail.Invalid},
		{ci.Start{Task: "ci.yml", Inputs: map[string]string{"target": "staging", "note": "a\x00"}}, fail.Invalid},
		{ci.Start{Task: "push.yaml"}, fail.Unsupported},
		{ci.Start{Task: "off.yml"}, fail.Unsupported},
		{ci.Start{Task: "ci.yml", Inputs: good, Branch: "a b"}, fail.Invalid},
		{ci.Start{Task: "ci.yml", Inputs: good, Branch: "none"}, fail.Unsupported},
	} {
		_, err := r.Start(t.Context(), c.s)
		wantCode(t, err, c.code)
		_, err = r.Plan(t.Context(), c.s)
		wantCode(t, err, c.code)
	}
	if sent := f.sent(); sent != nil {
		t.Fatalf("something was started: %q", sent)
	}
	for _, c := range []struct {
		answer canned
		code   fail.Code
		words  string
	}{
		{canned{404, nil, `{"message":"x"}`}, fail.NotFound, "no branch"},
		{canned{403, nil, `{"message":"x"}`}, fail.Denied, "repository: write"},
		{canned{422, nil, `{"message":"ref is required"}`}, fail.Invalid, "ref is required"},
		{canned{500, nil, `{}`}, fail.UnknownOutcome, "check"},
		{canned{}, fail.UnknownOutcome, "check"},
	} {
		f.can("/dispatches", c.answer)
		_, err := r.Start(t.Context(), ci.Start{Task: "ci.yml", Inputs: good})
		wantCode(t, err, c.code, c.words)
		if n := len(f.sent()); n != 1 {
			t.Errorf("%+v: sent %d times", c.answer, n)
		}
	}
}

func TestChange(t *testing.T) {
	f := newFake(t, newest, world())
	r := f.open("acme/shop")
	for id, op := range map[string]string{"102": "runs/102/rerun-failed-jobs ", "101": "runs/101/rerun "} {
		if run, err := r.Rerun(t.Context(), id); err != nil || run.ID != id || run.Status != ci.Running {
			t.Errorf("%+v, %v", run, err)
		}
		if diff := cmp.Diff([]string{op}, f.sent()); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	}
	_, err := r.Rerun(t.Context(), "104")
	wantCode(t, err, fail.Conflict, "running")
	if run, err := r.Cancel(t.Context(), "104"); err != nil || run.Status != ci.Canceled {
		t.Errorf("%+v, %v", run, err)
	}
	_, err = r.Cancel(t.Context(), "104")
	wantCode(t, err, fail.Conflict, "canceled")
	_, err = r.Cancel(t.Context(), "999")
	wantCode(t, err, fail.NotFound)
	f.sent()
	f.without = []string{"POST "}
	for _, version := range []string{"1.24.2", forgejo, "odd"} {
		f.version = version
		_, err = r.Rerun(t.Context(), "103")
		wantCode(t, err, fail.Unsupported, "repeats no runs", "op=start", "page Actions")
		_, err = r.Cancel(t.Context(), "101")
		wantCode(t, err, fail.Unsupported, "ends no runs", "page Actions")
	}
	f.without = nil
	f.can("/rerun", canned{500, nil, "{}"})
	_, err = r.Rerun(t.Context(), "103")
	wantCode(t, err, fail.UnknownOutcome)
	if run, err := r.Rerun(t.Context(), "103"); err != nil || strings.Contains(strings.Join(run.Notes, ""), "does not show") {
		t.Errorf("%+v, %v", run, err)
	}
}
