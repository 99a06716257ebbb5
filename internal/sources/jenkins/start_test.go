package jenkins

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cleat/internal/fail"
	"cleat/internal/report"
	"cleat/internal/systems/ci"
)

func inputs() []object {
	return []object{
		declare(ci.Input{Name: "env", Type: "choice", Options: []string{"test", "prod"}, Default: "test"}),
		declare(ci.Input{Name: "note", Type: "string"}),
		declare(ci.Input{Name: "delay", Type: "string"}),
		{"name": "secret", "type": "PasswordParameterDefinition", "defaultParameterValue": object{"value": "CANARY"}},
		{"name": "upload", "type": "FileParameterDefinition"},
	}
}

func TestStart(t *testing.T) {
	f := newFake(t, world())
	f.parameters = inputs()
	s := f.open(t)
	for _, tc := range []struct {
		start ci.Start
		code  fail.Code
		parts []string
	}{
		{ci.Start{Task: "CI", Inputs: map[string]string{"env": "moon"}}, fail.Invalid, []string{"prod"}},
		{ci.Start{Task: "CI", Inputs: map[string]string{"secret": "x"}}, fail.Invalid, []string{"declares no input"}},
		{ci.Start{Task: "CI", Inputs: map[string]string{"delay": "0"}}, fail.Unsupported, []string{"delay"}},
		{ci.Start{Task: "CI", Inputs: map[string]string{"note": "a\x00b"}}, fail.Invalid, nil},
		{ci.Start{Task: "CI", Branch: "zebra"}, fail.NotFound, []string{"no branch"}},
		{ci.Start{Task: "CI/main"}, fail.NotFound, []string{"CI"}},
	} {
		_, err := s.Start(t.Context(), tc.start)
		want(t, err, tc.code, tc.parts...)
		_, err = s.Plan(t.Context(), tc.start)
		want(t, err, tc.code, tc.parts...)
	}
	if got := f.posts(); len(got) > 0 {
		t.Fatalf("it was posted: %q", got)
	}
	note := "a b&env=prod\n$(touch x)"
	run, err := s.Start(t.Context(), ci.Start{Task: "CI", Inputs: map[string]string{"note": note}, Branch: "main"})
	if err != nil || run.ID != "CI/main@5000" || run.Branch != "main" {
		t.Fatalf("%+v, %v", run, err)
	}
	if run, err = s.Start(t.Context(), ci.Start{Task: "Nightly", Branch: "main"}); err != nil || run.ID != "Nightly@5001" || len(run.Notes) != 1 {
		t.Fatalf("%+v, %v", run, err)
	}
	if diff := cmp.Diff([]string{"buildWithParameters note=a+b%26env%3Dprod%0A%24%28touch+x%29", "buildWithParameters "}, f.posts()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// Without parameters, an issuer of crumbs, and an answer of the queue.
func TestStartBare(t *testing.T) {
	f := newFake(t, world())
	f.issuer = false
	f.can("/queue/item/", canned{404, nil, ""})
	run, err := f.open(t).Start(t.Context(), ci.Start{Task: "CI"})
	if err != nil || run.ID != "" || run.Status != ci.Queued || len(run.Notes) != 1 {
		t.Errorf("%+v, %v", run, err)
	}
	if diff := cmp.Diff([]string{"build "}, f.posts()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// What was sent and not answered is in doubt; what was refused is not.
func TestStartFaults(t *testing.T) {
	for _, tc := range []struct {
		name   string
		part   string
		answer canned
		code   fail.Code
	}{
		{"broken off", "/build", canned{}, fail.UnknownOutcome},
		{"fault", "/build", canned{500, nil, ""}, fail.UnknownOutcome},
		{"login page", "/build", canned{200, map[string]string{"Content-Type": "text/html"}, "<html>"}, fail.UnknownOutcome},
		{"login elsewhere", "/build", canned{302, map[string]string{"Location": "https://login.example.com/"}, ""}, fail.UnknownOutcome},
		{"no place", "/build", canned{201, nil, ""}, fail.UnknownOutcome},
		{"another place", "/build", canned{201, map[string]string{"Location": "http://x/queue/item/../../job/y"}, ""}, fail.UnknownOutcome},
		{"no permission", "/build", canned{403, nil, ""}, fail.Denied},
		{"gone", "/build", canned{404, nil, ""}, fail.NotFound},
		{"hostile crumb", "/crumbIssuer", canned{200, map[string]string{"Content-Type": "application/json"}, `{"crumbRequestField":"Authorization","crumb":"x"}`}, fail.Unavailable},
		{"crumb of lines", "/crumbIssuer", canned{200, map[string]string{"Content-Type": "application/json"}, `{"crumbRequestField":"Jenkins-Crumb","crumb":"x\r\nX: y"}`}, fail.Unavailable},
		{"no crumb for us", "/crumbIssuer", canned{403, nil, ""}, fail.Denied},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := newFake(t, world())
			f.can(tc.part, tc.answer)
			_, err := f.open(t).Start(t.Context(), ci.Start{Task: "CI"})
			want(t, err, tc.code)
			builds := slices.DeleteFunc(f.requests(), func(r string) bool { return !strings.HasPrefix(r, "POST") })
			if len(builds) > 1 {
				t.Errorf("it was sent %d times", len(builds))
			}
		})
	}
}

func TestTasks(t *testing.T) {
	f := newFake(t, world())
	f.parameters = inputs()
	f.can("/job/Nightly/", canned{404, nil, ""})
	got, err := f.open(t).Tasks(t.Context())
	if err != nil {
		t.Fatal(fail.Show(err))
	}
	want := []ci.Task{
		{Name: "CI", About: "a multibranch project of Jenkins", Inputs: []ci.Input{
			{Name: "env", Type: "choice", Options: []string{"test", "prod"}, Default: "test"}, {Name: "note", Type: "string"}, {Name: "delay", Type: "string"}}},
		{Name: "Nightly", Closed: `there is no job "Nightly"`},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	f.can("/job/Nightly/", canned{200, map[string]string{"Content-Type": "application/json"}, `{"_class":"x","buildable":false}`})
	_, err = f.open(t).Start(t.Context(), ci.Start{Task: "Nightly"})
	if fail.From(err).Code != fail.Unsupported || !strings.Contains(fail.Show(err), "disabled") {
		t.Errorf("%v", err)
	}
}

func TestRerun(t *testing.T) {
	f := newFake(t, world())
	f.parameters = inputs()
	f.edit = func(run int, b object) {
		b["actions"] = append(b["actions"].([]object), object{"_class": "hudson.model.ParametersAction", "parameters": []object{
			{"name": "env", "value": "prod"}, {"name": "secret"}, {"name": "note", "value": true}, {"name": "old", "value": "x"}}})
	}
	run, err := f.open(t).Rerun(t.Context(), "CI/PR-8@2")
	if err != nil || len(run.Notes) != 1 || !strings.Contains(run.Notes[0], `["secret" "old"]`) || run.PR != "8" {
		t.Fatalf("%+v, %v", run, err)
	}
	if diff := cmp.Diff([]string{"buildWithParameters env=prod&note=true"}, f.posts()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestFailures(t *testing.T) {
	f := newFake(t, world())
	f.tests[2] = `{"_class":"hudson.tasks.junit.TestResult","suites":[
		{"name":"unit","enclosingBlocks":["22","5"],"cases":[
			{"className":"com.acme.CartTest","name":"total","status":"FAILED","errorDetails":"expected 42 but was 41",
			 "errorStackTrace":"org.junit.ComparisonFailure\n\tat org.junit.Assert.fail(Assert.java:89)\n\tat app//com.acme.CartTest.total(CartTest.java:12)\n"},
			{"className":"com.acme.CartTest","name":"empty","status":"PASSED"},
			{"className":"com.acme.CartTest","name":"slow","status":"REGRESSION","errorDetails":null,"errorStackTrace":"\n"}]},
		{"name":"lint","enclosingBlocks":["23"],"cases":[{"className":"","name":"style","status":"FAILED","errorDetails":"bad","errorStackTrace":"src/x.go:7: bad"}]},
		{"name":"py","cases":[{"className":"tests.test_x","name":"test_y","status":"FAILED","errorDetails":"boom",
			"errorStackTrace":"Traceback:\n  File \"/usr/lib/unittest.py\", line 3, in run\n  File \"tests/test_x.py\", line 9, in test_y\n"}]}]}`
	s := f.open(t)
	run, err := s.Run(t.Context(), "CI/PR-8@2")
	if err != nil {
		t.Fatal(fail.Show(err))
	}
	for i, want := range [][]report.Failure{
		nil,
		{{Kind: report.Test, Tool: "junit", Name: "total", Scope: "com.acme.CartTest", Message: "expected 42 but was 41", File: "CartTest.java", Line: 12},
			{Kind: report.Test, Tool: "junit", Name: "slow", Scope: "com.acme.CartTest"},
			{Kind: report.Test, Tool: "junit", Name: "test_y", Scope: "tests.test_x", Message: "boom", File: "tests/test_x.py", Line: 9}},
		{{Kind: report.Test, Tool: "junit", Name: "style", Scope: "lint", Message: "bad", File: "src/x.go", Line: 7}},
	} {
		got, err := s.Failures(t.Context(), run, &run.Jobs[i])
		if err != nil {
			t.Fatal(fail.Show(err))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("job %s (-want +got)\n%s", run.Jobs[i].Name, diff)
		}
	}
	run.ID = "CI/main@1"
	if got, err := s.Failures(t.Context(), run, &run.Jobs[0]); err != nil || got != nil {
		t.Errorf("without a report: %v, %v", got, err)
	}
}
