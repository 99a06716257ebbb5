package pipelines_test

import (
	"context"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cleat/internal/fail"
	"cleat/internal/report"
	"cleat/internal/sources/forgetest"
	"cleat/internal/systems/ci"
	"cleat/internal/systems/ci/citest"
)

func logWorld() citest.World {
	return citest.World{Runs: []citest.Run{{ID: 101, Branch: "main", Commit: commit("a"), Status: ci.Failed, Started: began(), Jobs: []citest.Job{
		{ID: 1, Name: "small", Status: ci.Failed, Log: "\x1b[0Ksection_start:1:a\r\x1b[0Kone\n"},
		{ID: 2, Name: "large", Status: ci.Failed, Log: strings.Repeat("a line of the log\n", 200_000)},
		{ID: 3, Name: "erased", Status: ci.Failed},
		{ID: 4, Name: "expired", Status: ci.Passed},
		{ID: 5, Name: "never", Status: ci.Canceled},
		{ID: 6, Name: "queued", Status: ci.Queued},
		{ID: 7, Name: "live", Status: ci.Running},
		{ID: 8, Name: "skipped", Status: ci.Skipped},
	}}}}
}

func readLog(ctx context.Context, r ci.Runner, run *ci.Run, id string) (string, error) {
	for i := range run.Jobs {
		if run.Jobs[i].ID != id {
			continue
		}
		from, err := r.Log(ctx, run, &run.Jobs[i])
		if err != nil {
			return "", err
		}
		data, err := io.ReadAll(from)
		if err := from.Close(); err != nil {
			return "", err
		}
		return string(data), err
	}
	return "", io.ErrNoProgress
}

func TestLog(t *testing.T) {
	f := newFake(t, logWorld())
	f.jobKeys[3] = object{"erased_at": began()}
	f.jobKeys[5] = object{"started_at": nil}
	f.jobKeys[6] = object{"started_at": nil}
	f.extra[101] = object{"yaml_errors": "jobs:test config \x1b[31mhas errors"}
	f.bridges[101] = []object{{"id": 20, "name": "child", "stage": "x", "status": "failed"}}
	r := f.open("acme/sub/shop")
	run, err := r.Run(t.Context(), "101")
	if err != nil {
		t.Fatal(err)
	}
	jobs := logWorld().Runs[0].Jobs
	for id, want := range map[string]string{"1": jobs[0].Log, "2": jobs[1].Log, "7": "", "config": "jobs:test config \x1b[31mhas errors"} {
		if got, err := readLog(t.Context(), r, run, id); err != nil || got != want {
			t.Errorf("job %s: %d bytes, %v, want %d", id, len(got), err, len(want))
		}
	}
	for id, words := range map[string]string{"3": "erased", "4": "expired", "5": "never ran", "6": "has not begun", "8": "skipped", "trigger-20": "starts another pipeline"} {
		_, err := readLog(t.Context(), r, run, id)
		wantCode(t, err, fail.NotFound, words, "next: ")
	}
	f.can("/jobs/1/trace", canned{404, nil, `{}`}, canned{200, map[string]string{"Content-Type": "text/html"}, "<html>"}, canned{403, nil, `{}`},
		canned{302, map[string]string{"Location": "http://169.254.169.254/latest"}, ``})
	for _, code := range []fail.Code{fail.NotFound, fail.Unavailable, fail.Denied, fail.Denied} {
		_, err := readLog(t.Context(), r, run, "1")
		wantCode(t, err, code)
	}
	i := slices.IndexFunc(run.Jobs, func(j ci.Job) bool { return j.ID == "4" })
	forgetest.CheckExpired(t, r, run, &run.Jobs[i], f.files, func(to string) {
		f.can("/jobs/4/trace", canned{302, map[string]string{"Location": to}, ""})
	})
	_, err = r.Log(t.Context(), run, &ci.Job{ID: "1/../../8"})
	wantCode(t, err, fail.Invalid)
}

func TestFailures(t *testing.T) {
	w := citest.World{Runs: []citest.Run{{ID: 101, Branch: "main", Commit: commit("a"), Status: ci.Failed, Started: began(), Jobs: []citest.Job{
		{ID: 1, Name: "unit", Status: ci.Failed}, {ID: 2, Name: "rspec 1/2", Status: ci.Passed}, {ID: 3, Name: "rspec 2/2", Status: ci.Failed},
		{ID: 4, Name: "rspec 3/3", Status: ci.Failed}, {ID: 5, Name: "fine", Status: ci.Failed}}}}}
	f := newFake(t, w)
	f.reports[101] = `{"total_count":9,"test_suites":[
		{"name":"unit","failed_count":1,"error_count":2,"test_cases":[
			{"status":"success","name":"passes","classname":"A","system_output":null},
			{"status":"failed","name":"adds","classname":"calc.AddTest","file":"calc/add_test.py","system_output":"assert 3 == 4","stack_trace":null},
			{"status":"error","name":"breaks","classname":"calc","file":null,"system_output":{"message":"boom","type":"E","__content__":"at x.py:3"},"stack_trace":"t"},
			{"status":"error","name":"odd","classname":"calc","system_output":[1],"stack_trace":"only a trace"}]},
		{"name":"rspec","failed_count":1,"test_cases":[{"status":"failed","name":"r","classname":"R","system_output":"` + strings.Repeat("x", 5000) + `"}]},
		{"name":"fine","failed_count":0,"test_cases":[]}]}`
	r := f.open("acme/sub/shop")
	run, err := r.Run(t.Context(), "101")
	if err != nil {
		t.Fatal(err)
	}
	failures := func(id string) []report.Failure {
		t.Helper()
		for i := range run.Jobs {
			if run.Jobs[i].ID == id {
				got, err := r.Failures(t.Context(), run, &run.Jobs[i])
				if err != nil {
					t.Fatal(err)
				}
				return got
			}
		}
		t.Fatalf("no job %s", id)
		return nil
	}
	want := []report.Failure{
		{Kind: report.Test, Tool: "junit", Name: "adds", Scope: "calc.AddTest", Message: "assert 3 == 4", File: "calc/add_test.py"},
		{Kind: report.Test, Tool: "junit", Name: "breaks", Scope: "calc", Message: "boom\nat x.py:3"},
		{Kind: report.Test, Tool: "junit", Name: "odd", Scope: "calc", Message: "only a trace"},
	}
	if diff := cmp.Diff(want, failures("1")); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if got := failures("3"); len(got) != 1 || got[0].Name != "r" || len(got[0].Message) > report.MaxMessage {
		t.Errorf("the first part that failed: %v", got)
	}
	if got := failures("4"); got != nil {
		t.Errorf("the second part that failed: %v", got)
	}
	before := f.count("/test_report")
	if got := failures("5"); got != nil || f.count("/test_report") != before+1 {
		t.Errorf("a job without failures: %v, and the whole report was read", got)
	}
	for _, status := range []int{404, 403} {
		f.can("/test_report_summary", canned{status, nil, `{}`})
		if got := failures("1"); got != nil {
			t.Errorf("without reports: %v", got)
		}
	}
	f.can("/test_report_summary", canned{500, nil, `{}`})
	if _, err := r.Failures(t.Context(), run, &run.Jobs[0]); err == nil {
		t.Error("a fault is taken for no failures")
	}
}
