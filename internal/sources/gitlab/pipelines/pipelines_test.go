package pipelines_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cleat/internal/fail"
	"cleat/internal/sources/gitlab/pipelines"
	"cleat/internal/systems/ci"
	"cleat/internal/systems/ci/citest"
)

var (
	_ ci.Planner  = (*pipelines.Runner)(nil)
	_ ci.Reporter = (*pipelines.Runner)(nil)
)

func commit(c string) string { return strings.Repeat(c, 40) }

func began() time.Time { return time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC) }

// world has pipelines of branches and merge requests.
func world() citest.World {
	return citest.World{Runs: []citest.Run{
		{ID: 101, Branch: "main", Commit: commit("a"), Status: ci.Passed, Started: began(), Title: "first", Jobs: []citest.Job{{ID: 1, Name: "build", Status: ci.Passed, Log: "ok\n"}}},
		{ID: 102, Branch: "feature", Commit: commit("b"), PR: 5, Status: ci.Failed, Started: began(), Title: "second", Jobs: []citest.Job{
			{ID: 2, Name: "build", Status: ci.Passed, Log: "ok\n"}, {ID: 3, Name: "test", Status: ci.Failed, Log: "\x1b[31mFAIL\x1b[0m\n"}}},
		{ID: 103, Branch: "feature", Commit: commit("b"), Status: ci.Failed, Started: began(), Task: "Nightly"},
		{ID: 104, Branch: "main", Commit: commit("c"), Status: ci.Running, Started: began(), Jobs: []citest.Job{{ID: 4, Name: "test", Status: ci.Running, Log: "so far"}}},
		{ID: 105, Branch: "feature", Commit: commit("d"), PR: 5, Status: ci.Canceled, Started: began()},
		{ID: 106, Branch: "main", Commit: commit("d"), Status: ci.Unknown, Started: began()},
	}}
}

func ids(runs []ci.Run) string {
	var out []string
	for _, r := range runs {
		out = append(out, r.ID)
	}
	return strings.Join(out, " ")
}

func wantCode(t *testing.T, err error, code fail.Code, words ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want %s", code)
	}
	shown := fail.Show(err)
	if fail.From(err).Code != code {
		t.Fatalf("error %s, want %s", shown, code)
	}
	for _, w := range words {
		if !strings.Contains(shown, w) {
			t.Errorf("error lacks %q:\n%s", w, shown)
		}
	}
	if strings.Contains(shown, token) || strings.ContainsRune(shown, 0x1b) {
		t.Errorf("error with what it must not have:\n%s", shown)
	}
}

func TestRuns(t *testing.T) {
	f := newFake(t, world())
	r := f.open("acme/sub/shop")
	for _, c := range []struct {
		q    ci.Query
		want string
	}{
		{ci.Query{}, "106 105 104 103 102 101"},
		{ci.Query{Branch: "main"}, "106 104 101"},
		{ci.Query{Branch: "feature"}, "105 103 102"},
		{ci.Query{Branch: "feature", Status: ci.Failed}, "103 102"},
		{ci.Query{Branch: "none"}, ""},
		{ci.Query{Commit: commit("b")}, "103 102"},
		{ci.Query{PR: "5"}, "105 102"},
		{ci.Query{PR: "5", Status: ci.Canceled}, "105"},
		{ci.Query{PR: "5", Commit: commit("b")}, "102"},
		{ci.Query{Status: ci.Running}, "104"},
		{ci.Query{Status: ci.Unknown}, "106"},
		{ci.Query{Status: ci.TimedOut}, ""},
		{ci.Query{Task: "Nightly"}, "103"},
		{ci.Query{Task: "pipeline", Branch: "main"}, "106 104 101"},
		{ci.Query{Limit: 2}, "106 105"},
	} {
		got, err := r.Runs(t.Context(), c.q)
		if err != nil {
			t.Errorf("%+v: %v", c.q, err)
			continue
		}
		if ids(got.Runs) != c.want {
			t.Errorf("%+v: %s, want %s", c.q, ids(got.Runs), c.want)
		}
		if (got.Cursor != "") != (c.q.Limit == 2) {
			t.Errorf("%+v: cursor %q", c.q, got.Cursor)
		}
	}
	f.can("/merge_requests?", canned{403, nil, `{}`}) // they are switched off
	if got, err := r.Runs(t.Context(), ci.Query{Branch: "feature"}); err != nil || ids(got.Runs) != "103" {
		t.Errorf("without merge requests: %+v, %v", got, err)
	}
	for _, c := range []struct {
		q    ci.Query
		code fail.Code
	}{
		{ci.Query{Commit: "abc"}, fail.Invalid},
		{ci.Query{Branch: "a..b"}, fail.Invalid},
		{ci.Query{Branch: "a\x00b"}, fail.Invalid},
		{ci.Query{PR: "5/../6"}, fail.Invalid},
		{ci.Query{PR: "77"}, fail.NotFound},
		{ci.Query{Status: "red"}, fail.Invalid},
		{ci.Query{Cursor: "x"}, fail.Invalid},
	} {
		_, err := r.Runs(t.Context(), c.q)
		wantCode(t, err, c.code)
	}
	one, err := r.Runs(t.Context(), ci.Query{Branch: "feature", Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	want := []ci.Run{{ID: "105", Task: "pipeline", Status: ci.Canceled, Branch: "feature", Commit: commit("d"), PR: "5", Event: "merge_request_event",
		Started: began(), Finished: began().Add(time.Minute)}}
	if diff := cmp.Diff(want, one.Runs); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// Pages neither repeat nor lose a pipeline while others are made and deleted.
func TestPages(t *testing.T) {
	var w citest.World
	for id := 1001; id <= 1130; id++ {
		run := citest.Run{ID: id, Branch: "main", Commit: commit("a"), Status: ci.Passed, Started: began()}
		if id%10 == 0 {
			run.PR = 3
		}
		w.Runs = append(w.Runs, run)
	}
	for _, q := range []ci.Query{{Limit: 7}, {Limit: 7, Branch: "main"}, {Limit: 50}, {Limit: 3, PR: "3"}, {Limit: 7, Task: "pipeline"}} {
		f := newFake(t, w)
		f.world.Runs = append([]citest.Run(nil), w.Runs...)
		r := f.open("acme/sub/shop")
		seen := map[string]bool{}
		for page := 0; ; page++ {
			got, err := r.Runs(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			for _, run := range got.Runs {
				if seen[run.ID] {
					t.Errorf("%+v: %s twice", q, run.ID)
				}
				seen[run.ID] = true
			}
			if q.Cursor = got.Cursor; q.Cursor == "" {
				break
			}
			if page > 200 {
				t.Fatalf("%+v: no end", q)
			}
			switch page % 2 {
			case 0: // a new one, which is of no interest any more
				f.world.Runs = append(f.world.Runs, citest.Run{ID: 2000 + page, Branch: "main", PR: 3 * (page / 2 % 2), Commit: commit("a"), Status: ci.Passed, Started: began()})
			case 1: // three that were read are deleted
				f.world.Runs = f.world.Runs[:len(f.world.Runs)-3]
			}
		}
		for _, run := range w.Runs[:60] {
			if (q.PR == "" || run.PR == 3) && !seen[fmt.Sprint(run.ID)] {
				t.Errorf("%+v: %d is lost", q, run.ID)
			}
		}
	}
}

func TestRun(t *testing.T) {
	f := newFake(t, world())
	f.world.Runs = append(f.world.Runs,
		citest.Run{ID: 110, Branch: "main", Commit: commit("e"), Status: ci.Failed, Started: began(), Title: "six", Jobs: []citest.Job{
			{ID: 10, Name: "late", Status: ci.TimedOut}, {ID: 11, Name: "odd", Status: ci.Unknown}, {ID: 12, Name: "soon", Status: ci.Queued}}},
		citest.Run{ID: 111, Branch: "main", Commit: commit("e"), Status: ci.Failed, Started: began(), Jobs: []citest.Job{{ID: 13, Name: "test", Status: ci.Failed}}})
	f.extra[111] = object{"source": "parent_pipeline"}
	f.jobKeys[12] = object{"started_at": nil}
	f.jobKeys[10] = object{"allow_failure": true, "started_at": began().Add(time.Hour)}
	f.bridges[110] = []object{
		{"id": 20, "name": "child", "stage": "deploy", "status": "failed", "started_at": began(), "downstream_pipeline": object{"id": 111, "project_id": 7, "status": "failed"}},
		{"id": 21, "name": "other", "stage": "deploy", "status": "success", "started_at": began(), "downstream_pipeline": object{"id": 500, "project_id": 8, "status": "success"}},
		{"id": 22, "name": "never", "stage": "deploy", "status": "skipped", "downstream_pipeline": nil},
	}
	f.bridges[111] = []object{{"id": 23, "name": "loop", "stage": "x", "status": "success", "started_at": began(), "downstream_pipeline": object{"id": 110, "project_id": 7, "status": "failed"}}}
	r := f.open("acme/sub/shop")
	got, err := r.Run(t.Context(), "110")
	if err != nil {
		t.Fatal(err)
	}
	var jobs []string
	for _, j := range got.Jobs {
		jobs = append(jobs, strings.Join([]string{j.ID, j.Name, j.Stage, string(j.Status), fmt.Sprint(j.Optional)}, "|"))
	}
	want := []string{
		"11|odd|test|unknown|false", "13|test|child: test|failed|false", "trigger-21|other|deploy|passed|false",
		"trigger-23|loop|child: x|passed|false", "10|late|test|timed_out|true", "12|soon|test|queued|false", "trigger-22|never|deploy|skipped|false",
	}
	if diff := cmp.Diff(want, jobs); diff != "" {
		t.Errorf("jobs (-want +got)\n%s", diff)
	}
	if got.Title != "six" || len(got.Notes) == 0 || !strings.Contains(strings.Join(got.Notes, "\n"), "pipeline 500 of another project: passed") {
		t.Errorf("title %q, notes %q", got.Title, got.Notes)
	}
	if got, err = r.Run(t.Context(), "102"); err != nil || got.Branch != "feature" || got.PR != "5" || len(got.Jobs) != 2 {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err = r.Run(t.Context(), "acme/sub/shop@102"); err != nil || got.ID != "acme/sub/shop@102" {
		t.Errorf("%+v, %v", got, err)
	}
	for id, code := range map[string]fail.Code{"999": fail.NotFound, "0": fail.Invalid, "01": fail.Invalid, "1/../2": fail.Invalid, "x@5": fail.Invalid,
		"evil/x@5": fail.Denied, "acme/none@5": fail.NotFound, "../x@5": fail.Invalid, "": fail.Invalid} {
		_, err := r.Run(t.Context(), id)
		wantCode(t, err, code)
	}
}

func TestManyJobs(t *testing.T) {
	w := citest.World{Runs: []citest.Run{{ID: 101, Branch: "main", Commit: commit("a"), Status: ci.Passed, Started: began()}}}
	for i := range 1250 {
		w.Runs[0].Jobs = append(w.Runs[0].Jobs, citest.Job{ID: i + 1, Name: strings.Repeat("n", 100_000*(i/1249)), Status: ci.Passed})
	}
	got, err := newFake(t, w).open("acme/sub/shop").Run(t.Context(), "101")
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Jobs) != ci.MaxJobs || got.More == 0 {
		t.Errorf("%d jobs, %d more", len(got.Jobs), got.More)
	}
	for _, j := range got.Jobs {
		if len(j.Name) > 1<<10 {
			t.Errorf("a name of %d bytes", len(j.Name))
		}
	}
}

// What is configured, and what the checkout says, holds also for where a project has moved to.
func TestPermission(t *testing.T) {
	f := newFake(t, world())
	if _, err := f.open("acme/old").Runs(t.Context(), ci.Query{}); err != nil {
		t.Errorf("moved within what is allowed: %v", err)
	}
	f.name = "secret/shop"
	before := f.count("/pipelines")
	_, err := f.open("acme/old").Runs(t.Context(), ci.Query{})
	wantCode(t, err, fail.Denied)
	_, err = f.open("secret/shop").Runs(t.Context(), ci.Query{})
	wantCode(t, err, fail.Denied)
	_, err = f.open("shop").Runs(t.Context(), ci.Query{})
	wantCode(t, err, fail.Invalid)
	if n := f.count("/pipelines"); n != before {
		t.Errorf("%d requests about pipelines that are not allowed", n-before)
	}
}

func TestFaults(t *testing.T) {
	f := newFake(t, world())
	r := f.open("acme/sub/shop")
	list := "/pipelines?"
	f.can(list, canned{503, nil, "{}"}, canned{502, nil, "<html>"}, canned{429, map[string]string{"Retry-After": "1"}, "{}"})
	if got, err := r.Runs(t.Context(), ci.Query{}); err != nil || len(got.Runs) != 6 {
		t.Errorf("after three faults: %v", err)
	}
	for _, c := range []struct {
		answer canned
		code   fail.Code
		words  string
	}{
		{canned{401, nil, `{"message":"401 Unauthorized"}`}, fail.Denied, "token"},
		{canned{403, nil, `{"error":"insufficient_scope","error_description":"needs ` + token + `"}`}, fail.Denied, "scope"},
		{canned{404, nil, `{}`}, fail.NotFound, "read_api"},
		{canned{200, nil, `null`}, fail.Unavailable, "unexpected"},
		{canned{200, nil, `[{"id":0}]`}, fail.Unavailable, "unexpected"},
		{canned{200, map[string]string{"Content-Type": "text/html"}, `<html>sign in`}, fail.Unavailable, "login page"},
		{canned{302, map[string]string{"Location": "https://elsewhere.example/"}, ``}, fail.Denied, "another host"},
	} {
		f.can(list, c.answer)
		_, err := r.Runs(t.Context(), ci.Query{})
		wantCode(t, err, c.code, c.words)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Runs(ctx, ci.Query{}); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			if _, err := r.Run(t.Context(), "102"); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
}
