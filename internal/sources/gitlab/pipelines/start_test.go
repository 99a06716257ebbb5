package pipelines_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cleat/internal/fail"
	"cleat/internal/systems/ci"
)

const config = `spec:
  inputs:
    environment:
      options: [staging, production]
    level: {type: number, default: 3}
    fast: {type: boolean, default: false}
    list: {type: array, default: []}
    note:
      default: ""
---
variables:
  HIDDEN: value
  DEPLOY_TO:
    description: where to
    value: here
    options: [here, there]
job:
  script: echo $[[ inputs.note ]]
`

func TestTasks(t *testing.T) {
	f := newFake(t, world())
	f.config["main"] = config
	r := f.open("acme/sub/shop")
	got, err := r.Tasks(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []ci.Task{{Name: "pipeline", About: "a pipeline of the CI file", Inputs: []ci.Input{
		{Name: "environment", Type: "choice", Options: []string{"staging", "production"}, Required: true},
		{Name: "level", Type: "number", Default: "3"},
		{Name: "fast", Type: "boolean", Default: "false"},
		{Name: "list", Type: "array"},
		{Name: "note", Type: "string"},
		{Name: "DEPLOY_TO", Type: "choice", Default: "here", Options: []string{"here", "there"}},
	}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for _, broken := range []string{"a: [", strings.Repeat("a: &a [*a]\n", 3), "spec:\n  inputs:\n    a:\n    a:\n---\n", "spec: {inputs: {a: {default: " + strings.Repeat("x", 2000) + "}}}\n---\n"} {
		f.config["main"] = broken
		if got, err = r.Tasks(t.Context()); err != nil || len(got) != 1 || len(got[0].Inputs) != 0 {
			t.Errorf("%.40q: %+v, %v", broken, got, err)
		}
	}
	delete(f.config, "main")
	if got, err = r.Tasks(t.Context()); err != nil || !strings.Contains(got[0].About, "no CI file") {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestStart(t *testing.T) {
	f := newFake(t, world())
	f.config["main"] = config
	r := f.open("acme/sub/shop")
	good := map[string]string{"environment": "staging", "level": "4.5", "fast": "true", "list": `["a", {"b": 1}]`, "note": `it's "x"; $(touch y)`, "DEPLOY_TO": "there"}
	run, err := r.Start(t.Context(), ci.Start{Task: "pipeline", Inputs: good})
	if err != nil {
		t.Fatal(err)
	}
	if run.ID != "900" || run.Status != ci.Queued || run.Branch != "main" {
		t.Errorf("%+v", run)
	}
	want := []string{`pipeline {"ref":"main","inputs":{"environment":"staging","fast":true,"level":4.5,"list":["a",{"b":1}],"note":"it's \"x\"; $(touch y)"},"variables":[{"key":"DEPLOY_TO","value":"there"}]}`}
	if diff := cmp.Diff(want, f.sent()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	with := func(key, value string) map[string]string {
		m := map[string]string{"environment": "staging"}
		m[key] = value
		return m
	}
	for _, c := range []struct {
		s    ci.Start
		code fail.Code
	}{
		{ci.Start{Task: "deploy"}, fail.NotFound},
		{ci.Start{Task: "", Inputs: good}, fail.Invalid},
		{ci.Start{Task: "pipeline"}, fail.Invalid}, // environment lacks
		{ci.Start{Task: "pipeline", Inputs: good, Args: []string{"-x"}}, fail.Invalid},
		{ci.Start{Task: "pipeline", Inputs: with("environment", "moon")}, fail.Invalid},
		{ci.Start{Task: "pipeline", Inputs: with("level", "0x1p-2")}, fail.Invalid},
		{ci.Start{Task: "pipeline", Inputs: with("level", "Inf")}, fail.Invalid},
		{ci.Start{Task: "pipeline", Inputs: with("level", "1}, {")}, fail.Invalid},
		{ci.Start{Task: "pipeline", Inputs: with("fast", "yes")}, fail.Invalid},
		{ci.Start{Task: "pipeline", Inputs: with("list", "null")}, fail.Invalid},
		{ci.Start{Task: "pipeline", Inputs: with("list", `["a"], "x": 1`)}, fail.Invalid},
		{ci.Start{Task: "pipeline", Inputs: with("HIDDEN", "x")}, fail.Invalid},
		{ci.Start{Task: "pipeline", Inputs: with("CI_DEBUG_TRACE", "true")}, fail.Invalid},
		{ci.Start{Task: "pipeline", Inputs: with("note", "a\x00b")}, fail.Invalid},
		{ci.Start{Task: "pipeline", Inputs: good, Branch: "a b"}, fail.Invalid},
	} {
		_, err := r.Start(t.Context(), c.s)
		wantCode(t, err, c.code)
		_, err = r.Plan(t.Context(), c.s)
		wantCode(t, err, c.code)
	}
	if plan, err := r.Plan(t.Context(), ci.Start{Task: "pipeline", Inputs: good}); err != nil || plan.ID != "" || plan.Branch != "main" {
		t.Errorf("%+v, %v", plan, err)
	}
	f.version = "17.9.2-ee"
	_, err = r.Start(t.Context(), ci.Start{Task: "pipeline", Inputs: good})
	wantCode(t, err, fail.Unsupported, "17.10")
	f.version = ""
	if sent := f.sent(); sent != nil {
		t.Fatalf("something was started: %q", sent)
	}
	for _, c := range []struct {
		answer canned
		code   fail.Code
		words  string
	}{
		{canned{400, nil, `{"message":{"base":["Reference not found"]}}`}, fail.Invalid, "no such branch"},
		{canned{403, nil, `{"error":"insufficient_scope"}`}, fail.Denied, "scope api"},
		{canned{500, nil, `{}`}, fail.UnknownOutcome, "check"},
		{canned{201, nil, `{"id":`}, fail.UnknownOutcome, "check"},
		{canned{}, fail.UnknownOutcome, "check"},
	} {
		f.can("POST /api/v4/projects/7/pipeline", c.answer)
		_, err := r.Start(t.Context(), ci.Start{Task: "pipeline", Inputs: good})
		wantCode(t, err, c.code, c.words)
		if n := len(f.sent()); n != 1 {
			t.Errorf("%+v: sent %d times", c.answer, n)
		}
	}
}

func TestChange(t *testing.T) {
	f := newFake(t, world())
	r := f.open("acme/sub/shop")
	if run, err := r.Rerun(t.Context(), "102"); err != nil || run.ID != "102" || run.Status != ci.Running {
		t.Errorf("%+v, %v", run, err)
	}
	_, err := r.Rerun(t.Context(), "102")
	wantCode(t, err, fail.Conflict, "running", "op=wait")
	_, err = r.Rerun(t.Context(), "101")
	wantCode(t, err, fail.Conflict, "passed", "op=start")
	if run, err := r.Cancel(t.Context(), "104"); err != nil || run.Status != ci.Canceled {
		t.Errorf("%+v, %v", run, err)
	}
	_, err = r.Cancel(t.Context(), "104")
	wantCode(t, err, fail.Conflict, "canceled")
	_, err = r.Cancel(t.Context(), "999")
	wantCode(t, err, fail.NotFound)
	_, err = r.Cancel(t.Context(), "evil/x@101")
	wantCode(t, err, fail.Denied)
	if diff := cmp.Diff([]string{"pipelines/102/retry ", "pipelines/104/cancel "}, f.sent()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
