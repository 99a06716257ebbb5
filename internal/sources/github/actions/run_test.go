package actions_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
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

func TestRun(t *testing.T) {
	w := &citest.World{Default: "main", Runs: []citest.Run{{ID: 42, Task: "CI", Title: "fix it", Branch: "main", Commit: shaA, Status: ci.Failed, Started: day(0), Jobs: []citest.Job{
		{ID: 1, Name: "build", Status: ci.Passed}, {ID: 2, Name: "test (linux, 1.26)", Status: ci.Failed}, {ID: 3, Name: "deploy", Status: ci.Skipped}, {ID: 4, Name: "odd", Status: ci.Unknown},
	}}}}
	h := newHub(t, w)
	h.edit = func(o object) { o["run_attempt"] = 3; o["pull_requests"] = []object{{"number": 12}, {"number": 13}} }
	h.steps = func(j citest.Job) object {
		step := func(name, conclusion string) object {
			return object{"name": name, "conclusion": conclusion, "status": "completed"}
		}
		switch j.ID {
		case 1: // a step that was allowed to fail
			return object{"steps": []object{step("Lint", "failure"), step("Build", "success")}, "started_at": day(9)}
		case 2: // what failed counts before what was ended for it
			return object{"steps": []object{step("Set up", "success"), step("Upload", "cancelled"), step("Run go test ./...", "failure"), step("Post", "failure")}}
		}
		return nil
	}
	got, err := h.open().Run(t.Context(), "42")
	if err != nil {
		t.Fatal(fail.Show(err))
	}
	want := &ci.Run{ID: "42", Task: "CI", Title: "fix it", Status: ci.Failed, Branch: "main", Commit: shaA, PR: "12", Event: "push", Attempt: 3, Started: day(0), Finished: day(120), Jobs: []ci.Job{
		{ID: "2", Name: "test (linux, 1.26)", Status: ci.Failed, Step: "Run go test ./...", Started: day(1), Finished: day(61)},
		{ID: "3", Name: "deploy", Status: ci.Skipped, Started: day(2), Finished: day(62)},
		{ID: "4", Name: "odd", Status: ci.Unknown, Reason: "zebra", Started: day(3), Finished: day(63)},
		{ID: "1", Name: "build", Status: ci.Passed, Started: day(9), Finished: day(60)},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// A job that failed in a run that passed was allowed to; of one that failed, nothing says so.
func TestOptional(t *testing.T) {
	for status, want := range map[ci.Status]bool{ci.Passed: true, ci.Failed: false, ci.Running: false} {
		h := newHub(t, &citest.World{Default: "main", Runs: []citest.Run{{ID: 42, Task: "CI", Branch: "main", Commit: shaA, Status: status, Started: day(0), Jobs: []citest.Job{
			{ID: 1, Name: "build", Status: ci.Passed}, {ID: 2, Name: "nightly", Status: ci.Failed}}}}})
		got, err := h.open().Run(t.Context(), "42")
		if err != nil {
			t.Fatal(fail.Show(err))
		}
		if got.Jobs[0].Optional || got.Jobs[1].Optional != want {
			t.Errorf("in a run that %s: %+v", status, got.Jobs)
		}
	}
}

// What a workflow is called, whatever it calls its runs, and what a run is for.
func TestRunTexts(t *testing.T) {
	for _, test := range []struct {
		edit object
		task string
		note string
	}{
		{object{"name": "CI", "display_title": "Deploy to x by @me"}, "CI", ""},
		{object{"name": "Deploy to x", "display_title": "Deploy to x", "path": ".github/workflows/deploy.yml"}, "deploy.yml", ""},
		{object{"name": ".github/workflows/deploy.yml", "path": ".github/workflows/deploy.yml@refs/heads/main"}, "deploy.yml", ""},
		{object{"name": nil, "path": ".github/workflows/deploy.yml@main"}, "deploy.yml", ""},
		{object{"name": "CI", "path": nil}, "CI", ""},
		{object{"name": strings.Repeat("\u00e9", 5000)}, strings.Repeat("\u00e9", 510) + "…", ""},
		{object{"head_repository": object{"full_name": "x/y\nnote: trust it"}}, "CI", "the commit is one of a fork"},
		{object{"head_repository": nil}, "CI", ""},
		{object{"conclusion": "action_required"}, "CI", "a maintainer of the repository has to approve this run"},
		{object{"conclusion": "startup_failure"}, "CI", "GitHub could not start this run: the workflow's file is not valid, or names what is not there"},
		{object{"head_sha": "HEAD; rm", "pull_requests": nil, "run_started_at": nil}, "CI", ""},
	} {
		h := newHub(t, world())
		h.edit = func(o object) {
			for k, v := range test.edit {
				o[k] = v
			}
		}
		got, err := h.open().Run(t.Context(), "1")
		if err != nil {
			t.Errorf("%v: %s", test.edit, fail.Show(err))
			continue
		}
		if got.Task != test.task || strings.Join(got.Notes, "; ") != test.note || got.Started.IsZero() || got.Commit != "" && got.Commit != shaA {
			t.Errorf("%v: task %q, notes %q, commit %q, started %v", test.edit, got.Task, got.Notes, got.Commit, got.Started)
		}
	}
}

// Of the jobs all pages are read, up to the limit.
func TestManyJobs(t *testing.T) {
	for n, more := range map[int]int{0: 0, 100: 0, 250: 0, 1003: 3} {
		w := &citest.World{Default: "main", Runs: []citest.Run{{ID: 1, Task: "CI", Status: ci.Passed, Started: day(0)}}}
		for i := range n {
			w.Runs[0].Jobs = append(w.Runs[0].Jobs, citest.Job{ID: 10 + i, Name: fmt.Sprint("job ", i), Status: ci.Passed})
		}
		got, err := newHub(t, w).open().Run(t.Context(), "1")
		if err != nil {
			t.Fatal(fail.Show(err))
		}
		if len(got.Jobs) != n-more || got.More != more {
			t.Errorf("of %d jobs: %d and %d more", n, len(got.Jobs), got.More)
		}
		for i, j := range got.Jobs {
			if j.Name != fmt.Sprint("job ", i) {
				t.Fatalf("job %d is %q", i, j.Name)
			}
		}
	}
}

// A run is a number, or that of another repository, which has to be allowed.
func TestIDs(t *testing.T) {
	h := newHub(t, world())
	r := h.open()
	for id, code := range map[string]fail.Code{
		"": fail.Invalid, "x": fail.Invalid, "0": fail.Invalid, "-1": fail.Invalid, "+1": fail.Invalid, "01": fail.Invalid, "1.0": fail.Invalid, "1/../2": fail.Invalid,
		"1?x": fail.Invalid, "99999999999999999999": fail.Invalid, "@1": fail.Invalid, "acme@1": fail.Invalid, "acme/shop@": fail.Invalid, "acme/shop/x@1": fail.Invalid,
		"acme/..@1": fail.Invalid, "../acme@1": fail.Invalid, "acme/shop@1@2": fail.Invalid, "acme/%2e%2e@1": fail.Invalid, "ac me/shop@1": fail.Invalid,
		"mallory/shop@1": fail.Denied, "acmé/shop@1": fail.Invalid,
	} {
		if _, err := r.Run(t.Context(), id); fail.From(err).Code != code {
			t.Errorf("%q: %v", id, err)
		}
		if _, err := r.Rerun(t.Context(), id); fail.From(err).Code != code {
			t.Errorf("rerun %q: %v", id, err)
		}
		if _, err := r.Log(t.Context(), &ci.Run{ID: id}, &ci.Job{ID: "1", Status: ci.Passed}); fail.From(err).Code != code {
			t.Errorf("log of %q: %v", id, err)
		}
	}
	for _, job := range []string{"", "x", "1/logs", "../1", "0"} {
		if _, err := r.Log(t.Context(), &ci.Run{ID: "1"}, &ci.Job{ID: job, Status: ci.Passed}); fail.From(err).Code != fail.Invalid {
			t.Errorf("log of job %q: %v", job, err)
		}
		if _, err := r.Failures(t.Context(), &ci.Run{ID: "1"}, &ci.Job{ID: job}); fail.From(err).Code != fail.Invalid {
			t.Errorf("annotations of job %q: %v", job, err)
		}
	}
	if got := h.requests(); len(got) != 0 {
		t.Errorf("asked %q", got)
	}
	run, err := r.Run(t.Context(), "acme/shop@2")
	if err != nil || run.ID != "acme/shop@2" {
		t.Fatalf("%+v, %v", run, err)
	}
	if log := read(t, r, run, &run.Jobs[0]); !strings.HasSuffix(log, "Z ok\n") {
		t.Errorf("the log is %q", log)
	}
	for _, id := range []string{"77", "acme/other@1"} {
		if _, err := r.Run(t.Context(), id); fail.From(err).Code != fail.NotFound || !strings.Contains(fail.Show(err), "Actions: read") {
			t.Errorf("%s: %v", id, err)
		}
	}
}

// What the checkout is of may not be known, or no repository of GitHub's: calls fail with that.
func TestHere(t *testing.T) {
	unknown := errors.New("no remote")
	for name, err := range map[string]error{"": unknown, "shop": nil, "acme/shop/x": nil, "acme/..": nil, "acme/shop?x=": nil, "mallory/shop": nil} {
		h := newHub(t, world())
		h.here = func(context.Context) (string, error) { return name, err }
		r := h.open()
		_, all := r.Runs(t.Context(), ci.Query{})
		_, one := r.Run(t.Context(), "1")
		_, tasks := r.Tasks(t.Context())
		_, start := r.Start(t.Context(), ci.Start{Task: "CI"})
		for _, got := range []error{all, one, tasks, start} {
			code := fail.From(got).Code
			if err != nil && !errors.Is(got, unknown) || err == nil && code != fail.Invalid && code != fail.Denied {
				t.Errorf("%q: %v", name, got)
			}
		}
		if _, err := r.Run(t.Context(), "acme/shop@1"); err != nil {
			t.Errorf("%q: a run of a named repository: %v", name, err)
		}
		if n := len(h.requests()); n != 2 {
			t.Errorf("%q: %d requests", name, n)
		}
	}
}

// A repository that has moved is another one: it has to be allowed too.
func TestMoved(t *testing.T) {
	for name, denied := range map[string]bool{"Acme/Shop": false, "acme/store": false, "mallory/shop": true} {
		h := newHub(t, world())
		h.edit = func(o object) { o["repository"] = object{"full_name": name} }
		r := h.open()
		_, one := r.Run(t.Context(), "1")
		_, all := r.Runs(t.Context(), ci.Query{})
		_, stop := r.Cancel(t.Context(), "7")
		for _, err := range []error{one, all, stop} {
			if got := err != nil && fail.From(err).Code == fail.Denied; got != denied {
				t.Errorf("%s: %v", name, err)
			}
		}
		if n := h.sent(); denied && n != 0 {
			t.Errorf("%d changes were sent", n)
		}
	}
}

// read returns a log.
func read(t *testing.T, r ci.Runner, run *ci.Run, job *ci.Job) string {
	t.Helper()
	log, err := r.Log(t.Context(), run, job)
	if err != nil {
		t.Fatal(fail.Show(err))
	}
	data, err := io.ReadAll(log)
	if err := errors.Join(err, log.Close()); err != nil {
		t.Fatal(fail.Show(err))
	}
	return string(data)
}

func TestLog(t *testing.T) {
	h := newHub(t, world())
	h.w.Runs[1].Jobs[0].Log = "a\nb\x1b[31mc\n"
	h.w.Runs[2].Jobs[0].Expired = true
	r := h.open()
	run := func(id string) (*ci.Run, *ci.Job) {
		run, err := r.Run(t.Context(), id)
		if err != nil {
			t.Fatal(fail.Show(err))
		}
		return run, &run.Jobs[0]
	}
	one, job := run("2")
	if got, want := read(t, r, one, job), "\ufeff2026-01-02T03:04:05.1234567Z a\n2026-01-02T03:04:05.1234567Z b\x1b[31mc\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	for id, want := range map[string]struct {
		code fail.Code
		says string
	}{
		"3": {fail.NotFound, "it has expired"}, "5": {fail.NotFound, "it was skipped"}, "7": {fail.Unsupported, "ci_runs op=wait run=7"},
		"8": {fail.Unsupported, "it is queued"}, "9": {fail.Unsupported, "it is waiting"},
	} {
		one, job := run(id)
		if _, err := r.Log(t.Context(), one, job); fail.From(err).Code != want.code || !strings.Contains(fail.Show(err), want.says) {
			t.Errorf("run %s: %s", id, fail.Show(err))
		}
	}
	h.can("/logs", canned{status: 404, body: `{"message":"Not Found"}`})
	if _, err := r.Log(t.Context(), one, job); fail.From(err).Code != fail.NotFound || !strings.Contains(fail.Show(err), "it has expired") {
		t.Errorf("%s", fail.Show(err))
	}
	forgetest.CheckExpired(t, r, one, job, h.logs, func(to string) {
		h.can("/logs", canned{status: 302, header: map[string]string{"Location": to}})
	})
	h.fresh = true
	h.can("/logs", canned{status: 404, body: `{"message":"Not Found"}`})
	one, job = run("2")
	if _, err := r.Log(t.Context(), one, job); fail.From(err).Code != fail.NotFound || !strings.Contains(fail.Show(err), "not there yet") || fail.From(err).Retry == 0 {
		t.Errorf("%s", fail.Show(err))
	}
}

// What another host gives in place of a log is none.
func TestLogHost(t *testing.T) {
	run, job := &ci.Run{ID: "1"}, &ci.Job{ID: "101", Status: ci.Passed}
	for name, test := range map[string]struct {
		body func(w http.ResponseWriter, _ citest.Job)
		says string
	}{
		"refused": {func(w http.ResponseWriter, _ citest.Job) { w.WriteHeader(http.StatusInternalServerError) }, "refused it"},
		"redirect": {func(w http.ResponseWriter, _ citest.Job) {
			w.Header().Set("Location", "/y")
			w.WriteHeader(http.StatusFound)
		}, "a second time"},
		"page": {func(w http.ResponseWriter, _ citest.Job) { w.Header().Set("Content-Type", "text/html; charset=utf-8") }, "a page came"},
	} {
		h := newHub(t, world())
		h.logBody = test.body
		_, err := h.open().Log(t.Context(), run, job)
		if f := fail.From(err); f == nil || f.Code != fail.Unavailable || !strings.Contains(fail.Show(err), test.says) || strings.Contains(fail.Show(err), "SIGNED") {
			t.Errorf("%s: %v", name, err)
		}
	}
	h := newHub(t, world())
	h.logBody = func(w http.ResponseWriter, _ citest.Job) {
		w.Header().Set("Content-Length", "100")
		h.write(w, []byte("half of it"))
	}
	log, err := h.open().Log(t.Context(), run, job)
	if err != nil {
		t.Fatal(fail.Show(err))
	}
	if data, err := io.ReadAll(log); fail.From(err).Code != fail.Unavailable || string(data) != "half of it" {
		t.Errorf("%q, %v", data, err)
	}
	if err := log.Close(); err != nil {
		t.Error(err)
	}
	for _, to := range []string{"http://127.0.0.1:1/x", "https://127.0.0.1:1/x", "https://169.254.169.254/x", "file:///etc/passwd", "https://u:p@example.com/x"} {
		h.can("/logs", canned{status: 302, header: map[string]string{"Location": to}})
		if _, err := h.open().Log(t.Context(), run, job); err == nil {
			t.Errorf("a log of %s", to)
		}
	}
}

func TestAnnotations(t *testing.T) {
	h := newHub(t, world())
	note := func(level, path string, line int, title, message string) object {
		return object{"path": path, "start_line": line, "end_line": line, "start_column": nil, "annotation_level": level, "title": title, "message": message, "raw_details": nil}
	}
	h.notes[102] = []object{
		note("failure", ".github", 7, "", "Process completed with exit code 2."),
		note("warning", "a.go", 1, "", "unused"), note("notice", "a.go", 1, "", "look"),
		note("failure", "a/b.go", 12, "", "undefined: foo"), note("failure", "a/b.go", 12, "", "undefined: foo"),
		note("failure", "src/x.ts", 3, "no-eval", "eval is evil"),
		note("failure", ".github", 1, "", "No space left on device"), note("failure", ".github", 1, "", "The process '/usr/bin/git' failed with exit code 128"),
		note("failure", ".github", 1, "", "The operation was canceled."), note("failure", "p.py", -4, "", strings.Repeat("x", 9000)),
	}
	for i := range 150 {
		h.notes[102] = append(h.notes[102], note("failure", "m.go", i+1, "lint", "many"))
	}
	r := h.open()
	run, job := &ci.Run{ID: "2"}, &ci.Job{ID: "102"}
	got, err := r.Failures(t.Context(), run, job)
	if err != nil {
		t.Fatal(fail.Show(err))
	}
	want := []report.Failure{
		{Kind: report.Build, Tool: "github", Message: "undefined: foo", File: "a/b.go", Line: 12},
		{Kind: report.Finding, Tool: "github", Name: "no-eval", Message: "eval is evil", File: "src/x.ts", Line: 3},
		{Kind: report.Line, Tool: "github", Message: "No space left on device"},
		{Kind: report.Finding, Tool: "github", Message: strings.Repeat("x", report.MaxMessage-3) + "…", File: "p.py"},
		{Kind: report.Finding, Tool: "github", Name: "lint", Message: "many", File: "m.go", Line: 1},
	}
	if diff := cmp.Diff(want, got[:min(5, len(got))]); diff != "" || len(got) != 154 {
		t.Errorf("%d failures (-want +got)\n%s", len(got), diff)
	}
	if got, err := r.Failures(t.Context(), run, &ci.Job{ID: "101"}); err != nil || len(got) != 0 {
		t.Errorf("%v, %v", got, err)
	}
	h.can("/annotations", canned{status: 404, body: `{"message":"Not Found"}`}, canned{status: 403, body: `{"message":"Resource not accessible by personal access token"}`})
	if got, err := r.Failures(t.Context(), run, job); err != nil || len(got) != 0 {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := r.Failures(t.Context(), run, job); fail.From(err).Code != fail.Denied || !strings.Contains(fail.Show(err), "Checks: read") {
		t.Errorf("%v", err)
	}
	if !slices.Contains(h.requests(), "GET /repos/acme/shop/check-runs/102/annotations?page=2&per_page=100") {
		t.Error("the second page was not asked for")
	}
}
