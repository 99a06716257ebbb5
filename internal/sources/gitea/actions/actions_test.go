package actions_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cleat/internal/fail"
	"cleat/internal/sources/forgetest"
	"cleat/internal/sources/gitea/actions"
	"cleat/internal/systems/ci"
	"cleat/internal/systems/ci/citest"
)

var _ ci.Planner = (*actions.Runner)(nil)

const (
	newest  = "1.26.0"
	older   = "1.23.5"
	forgejo = "16.0.0+gitea-1.22.0"
	forge11 = "11.0.1+gitea-1.22.0"
)

func commit(c string) string { return strings.Repeat(c, 40) }

func began() time.Time { return time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC) }

func world() citest.World {
	return citest.World{Runs: []citest.Run{
		{ID: 101, Task: "ci.yml", Branch: "main", Commit: commit("a"), Status: ci.Passed, Started: began(), Title: "first"},
		{ID: 102, Task: "ci.yml", Branch: "feature/x", Commit: commit("b"), PR: 5, Status: ci.Failed, Started: began(), Title: "second", Jobs: []citest.Job{
			{ID: 2, Name: "build", Status: ci.Passed, Log: "ok\n"}, {ID: 3, Name: "test", Status: ci.Failed, Log: strings.Repeat("a line\n", 100_000)},
			{ID: 4, Name: "later", Status: ci.Queued}, {ID: 5, Name: "gone", Status: ci.Failed}, {ID: 6, Name: "not", Status: ci.Skipped}}},
		{ID: 103, Task: "lint.yml", Branch: "feature/x", Commit: commit("b"), Status: ci.Failed, Started: began()},
		{ID: 104, Task: "ci.yml", Branch: "main", Commit: commit("c"), Status: ci.Running, Started: began()},
		{ID: 105, Task: "ci.yml", Branch: "feature/x", Commit: commit("d"), PR: 5, Status: ci.Canceled, Started: began()},
		{ID: 106, Task: "lint.yml", Branch: "main", Commit: commit("e"), Status: ci.Unknown, Started: began()},
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
	for _, version := range []string{newest, forgejo} {
		f := newFake(t, version, world())
		r := f.open("acme/shop")
		for _, c := range []struct {
			q    ci.Query
			want string
		}{
			{ci.Query{}, "106 105 104 103 102 101"},
			{ci.Query{Branch: "main"}, "106 104 101"},
			{ci.Query{Branch: "feature/x"}, "105 103"}, // 102 has not the branch's last commit
			{ci.Query{Branch: "none"}, ""},
			{ci.Query{Commit: commit("b")}, "103 102"},
			{ci.Query{PR: "5"}, "105 102"},
			{ci.Query{PR: "5", Status: ci.Failed}, "102"},
			{ci.Query{Status: ci.Failed}, "103 102"},
			{ci.Query{Status: ci.Running}, "104"},
			{ci.Query{Status: ci.Unknown}, "106"},
			{ci.Query{Task: "lint.yml", Branch: "main"}, "106"},
			{ci.Query{Limit: 2}, "106 105"},
		} {
			got, err := r.Runs(t.Context(), c.q)
			if err != nil {
				t.Errorf("%s: %+v: %v", version, c.q, err)
				continue
			}
			if ids(got.Runs) != c.want {
				t.Errorf("%s: %+v: %s, want %s", version, c.q, ids(got.Runs), c.want)
			}
			if (got.Cursor != "") != (c.q.Limit == 2) {
				t.Errorf("%s: %+v: cursor %q", version, c.q, got.Cursor)
			}
		}
		one, err := r.Runs(t.Context(), ci.Query{Commit: commit("a")})
		if err != nil {
			t.Fatal(err)
		}
		want := []ci.Run{{ID: "101", Task: "ci.yml", Title: "first", Status: ci.Passed, Branch: "main", Commit: commit("a"), Event: "push", Started: began()}}
		if version == newest {
			want[0].Attempt = 1
		}
		if diff := cmp.Diff(want, one.Runs); diff != "" {
			t.Errorf("%s (-want +got)\n%s", version, diff)
		}
		for _, q := range []ci.Query{{Commit: "abc"}, {Branch: "a..b"}, {PR: "5/../6"}, {Status: "red"}, {Cursor: "x"}} {
			_, err := r.Runs(t.Context(), q)
			wantCode(t, err, fail.Invalid)
		}
		_, err = r.Runs(t.Context(), ci.Query{PR: "77"})
		wantCode(t, err, fail.NotFound)
	}
}

// Pages neither repeat nor lose a run while others are made and deleted.
func TestPages(t *testing.T) {
	for _, q := range []ci.Query{{Limit: 7}, {Limit: 100}, {Limit: 7, Branch: "main"}, {Limit: 3, PR: "3"}} {
		var w citest.World
		for id := 1001; id <= 1180; id++ {
			run := citest.Run{ID: id, Task: "ci.yml", Branch: "main", Commit: commit("a"), Status: ci.Passed, Started: began()}
			if id%10 == 0 {
				run.PR = 3
			}
			w.Runs = append(w.Runs, run)
		}
		f := newFake(t, newest, w)
		r := f.open("acme/shop")
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
			case 0:
				f.world.Runs = append(f.world.Runs, citest.Run{ID: 2000 + page, Task: "ci.yml", Branch: "main", Commit: commit("a"), Status: ci.Passed, Started: began()})
			case 1:
				f.world.Runs = f.world.Runs[:len(f.world.Runs)-3]
			}
		}
		for id := 1001; id <= 1060; id++ {
			if wanted := q.PR == "" && q.Branch == "" || id%10 == 0 && q.PR != "" || id%10 != 0 && q.PR == ""; wanted && !seen[fmt.Sprint(id)] {
				t.Errorf("%+v: %d is lost", q, id)
			}
		}
	}
}

func TestRun(t *testing.T) {
	for _, version := range []string{newest, forgejo} {
		f := newFake(t, version, world())
		f.steps[3] = []object{{"name": "checkout", "status": "completed", "conclusion": "success"}, {"name": "go test", "status": "completed", "conclusion": "failure"}}
		r := f.open("acme/shop")
		run, err := r.Run(t.Context(), "102")
		if err != nil {
			t.Fatal(err)
		}
		var jobs []string
		for _, j := range run.Jobs {
			jobs = append(jobs, strings.Join([]string{j.ID, j.Name, string(j.Status), j.Step}, "|"))
		}
		want := []string{"2|build|passed|", "3|test|failed|go test", "5|gone|failed|", "6|not|skipped|", "4|later|queued|"}
		if diff := cmp.Diff(want, jobs); diff != "" {
			t.Errorf("%s (-want +got)\n%s", version, diff)
		}
		for id, want := range map[int]string{0: "ok\n", 1: strings.Repeat("a line\n", 100_000)} {
			from, err := r.Log(t.Context(), run, &run.Jobs[id])
			if err != nil {
				t.Fatal(err)
			}
			data, err := io.ReadAll(from)
			if err != nil || string(data) != want {
				t.Errorf("%s: job %d: %d bytes, %v", version, id, len(data), err)
			}
			if err := from.Close(); err != nil {
				t.Error(err)
			}
		}
		for at, words := range map[int]string{2: "expired", 3: "skipped", 4: "has not begun"} {
			_, err := r.Log(t.Context(), run, &run.Jobs[at])
			wantCode(t, err, fail.NotFound, words)
		}
		f.can("/jobs/2/logs", canned{200, map[string]string{"Content-Type": "text/html"}, "<html>"}, canned{403, nil, "{}"})
		for _, code := range []fail.Code{fail.Unavailable, fail.Denied} {
			_, err := r.Log(t.Context(), run, &run.Jobs[0])
			wantCode(t, err, code)
		}
		forgetest.CheckExpired(t, r, run, &run.Jobs[0], f.files, func(to string) {
			f.can("/jobs/2/logs", canned{302, map[string]string{"Location": to}, ""})
		})
		_, err = r.Log(t.Context(), run, &ci.Job{ID: "1/../2"})
		wantCode(t, err, fail.Invalid)
		for id, code := range map[string]fail.Code{"999": fail.NotFound, "0": fail.Invalid, "1/../2": fail.Invalid, "evil/x@5": fail.Denied, "a/b/c@5": fail.Invalid, "": fail.Invalid} {
			_, err := r.Run(t.Context(), id)
			wantCode(t, err, code)
		}
	}
}

func TestManyJobs(t *testing.T) {
	w := citest.World{Runs: []citest.Run{{ID: 101, Task: "ci.yml", Title: strings.Repeat("t", 100_000), Branch: "main", Commit: commit("a"), Status: ci.Passed, Started: began()}}}
	for i := range 1060 {
		w.Runs[0].Jobs = append(w.Runs[0].Jobs, citest.Job{ID: i + 1, Name: "job", Status: ci.Passed})
	}
	got, err := newFake(t, newest, w).open("acme/shop").Run(t.Context(), "101")
	if err != nil || len(got.Jobs) != ci.MaxJobs || got.More == 0 || len(got.Title) > 1<<10 {
		t.Errorf("%d jobs, %d more, a title of %d bytes, %v", len(got.Jobs), got.More, len(got.Title), err)
	}
}

// What a version lacks is said with the version and where a person finds it.
func TestOlder(t *testing.T) {
	for _, c := range []struct{ version, says string }{{older, "Gitea 1.23"}, {forge11, "Forgejo 11.0"}} {
		f := newFake(t, c.version, world())
		f.without = []string{"/actions/runs", "/actions/jobs", "GET /api/v1/repos/acme/shop/actions/workflows"}
		r := f.open("acme/shop")
		_, err := r.Runs(t.Context(), ci.Query{})
		wantCode(t, err, fail.Unsupported, c.says, "page Actions of acme/shop")
		_, err = r.Run(t.Context(), "102")
		wantCode(t, err, fail.Unsupported, c.says)
		_, err = r.Log(t.Context(), &ci.Run{ID: "102"}, &ci.Job{ID: "2"})
		wantCode(t, err, fail.Unsupported, c.says)
		f.without = []string{"/jobs"}
		run, err := r.Run(t.Context(), "102")
		if err != nil || len(run.Jobs) != 0 || !strings.Contains(strings.Join(run.Notes, " "), "lists no jobs") {
			t.Errorf("%+v, %v", run, err)
		}
	}
	f := newFake(t, newest, world())
	f.without = []string{"/actions/runs"}
	_, err := f.open("acme/shop").Runs(t.Context(), ci.Query{})
	wantCode(t, err, fail.NotFound, "switched off")
}

func TestPermission(t *testing.T) {
	f := newFake(t, newest, world())
	if _, err := f.open("acme/old").Runs(t.Context(), ci.Query{}); err != nil {
		t.Errorf("moved within what is allowed: %v", err)
	}
	f.name = "secret/shop"
	_, err := f.open("acme/old").Runs(t.Context(), ci.Query{})
	wantCode(t, err, fail.Denied)
	_, err = f.open("secret/shop").Runs(t.Context(), ci.Query{})
	wantCode(t, err, fail.Denied)
	_, err = f.open("../shop").Runs(t.Context(), ci.Query{})
	wantCode(t, err, fail.Invalid)
}

func TestFaults(t *testing.T) {
	f := newFake(t, newest, world())
	r := f.open("acme/shop")
	const list = "/actions/runs?"
	f.can(list, canned{503, nil, "{}"}, canned{502, nil, "<html>"}, canned{429, map[string]string{"Retry-After": "1"}, "{}"})
	if got, err := r.Runs(t.Context(), ci.Query{}); err != nil || len(got.Runs) != 6 {
		t.Errorf("after three faults: %v", err)
	}
	for _, c := range []struct {
		answer canned
		code   fail.Code
		words  string
	}{
		{canned{401, nil, `{"message":"invalid ` + token + `"}`}, fail.Denied, "token"},
		{canned{404, nil, `{}`}, fail.NotFound, "repository: read"},
		{canned{200, nil, `{}`}, fail.Unavailable, "unexpected"},
		{canned{200, nil, `{"workflow_runs":[{"id":0}]}`}, fail.Unavailable, "unexpected"},
		{canned{200, map[string]string{"Content-Type": "text/html"}, `<html>sign in`}, fail.Unavailable, "login page"},
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
}
