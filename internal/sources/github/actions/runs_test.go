package actions_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cleat/internal/fail"
	"cleat/internal/systems/ci"
	"cleat/internal/systems/ci/citest"
)

var (
	shaA = strings.Repeat("a", 40)
	shaB = strings.Repeat("b", 40)
)

// day is when the runs of these tests were made, some seconds apart.
func day(seconds int) time.Time {
	return time.Date(2026, 3, 4, 5, 0, 0, 0, time.UTC).Add(time.Duration(seconds) * time.Second)
}

// world has runs of two workflows, branches and pull requests, in all states.
func world() *citest.World {
	w := &citest.World{Default: "main"}
	add := func(task, branch, commit string, pr int, s ci.Status) {
		n := len(w.Runs) + 1
		w.Runs = append(w.Runs, citest.Run{ID: n, Task: task, Title: fmt.Sprintf("change %d", n), Branch: branch, Commit: commit, PR: pr, Status: s, Started: day(n),
			Jobs: []citest.Job{{ID: 100 + n, Name: "test", Status: s, Log: "ok\n"}}})
	}
	add("CI", "main", shaA, 0, ci.Passed)
	add("CI", "topic/x", shaB, 7, ci.Failed)
	add("Release", "main", shaA, 0, ci.TimedOut)
	add("CI", "topic/x", shaA, 7, ci.Canceled)
	add("CI", "topic/y", shaB, 8, ci.Skipped)
	add("CI", "main", shaB, 0, ci.Interrupted)
	add("CI", "main", shaA, 0, ci.Running)
	add("Release", "main", shaB, 0, ci.Queued)
	add("CI", "main", shaA, 0, ci.Waiting)
	add("CI", "main", shaA, 0, ci.Unknown)
	return w
}

// list returns the ids of what q lists, all pages of it.
func list(t *testing.T, r ci.Runner, q ci.Query) []string {
	t.Helper()
	var ids []string
	for range 200 {
		page, err := r.Runs(t.Context(), q)
		if err != nil {
			t.Fatal(fail.Show(err))
		}
		for _, run := range page.Runs {
			ids = append(ids, run.ID)
		}
		if page.Cursor == "" {
			return ids
		}
		q.Cursor = page.Cursor
	}
	t.Fatal("the pages do not end")
	return nil
}

func TestRuns(t *testing.T) {
	for _, test := range []struct {
		q    ci.Query
		want string
	}{
		{ci.Query{}, "10 9 8 7 6 5 4 3 2 1"},
		{ci.Query{Limit: 3}, "10 9 8 7 6 5 4 3 2 1"},
		{ci.Query{Branch: "main"}, "10 9 8 7 6 3 1"},
		{ci.Query{Commit: shaB}, "8 6 5 2"},
		{ci.Query{Branch: "main", Commit: shaB, Limit: 1}, "8 6"},
		{ci.Query{Task: "Release"}, "8 3"},
		{ci.Query{Task: "release.yml"}, "8 3"},
		{ci.Query{Task: ".github/workflows/release.yml", Branch: "main", Commit: shaA}, "3"},
		{ci.Query{Task: "cI"}, "10 9 7 6 5 4 2 1"},
		{ci.Query{PR: "7"}, "4 2"},
		{ci.Query{PR: "7", Limit: 1}, "4 2"},
		{ci.Query{PR: "8", Branch: "topic/y"}, "5"},
		{ci.Query{PR: "8", Branch: "main"}, ""},
		{ci.Query{PR: "7", Status: ci.Failed}, "2"},
		{ci.Query{Status: ci.Passed}, "1"}, {ci.Query{Status: ci.Failed}, "2"}, {ci.Query{Status: ci.TimedOut}, "3"}, {ci.Query{Status: ci.Canceled}, "4"},
		{ci.Query{Status: ci.Skipped}, "5"}, {ci.Query{Status: ci.Interrupted}, "6"}, {ci.Query{Status: ci.Running}, "7"}, {ci.Query{Status: ci.Queued}, "8"},
		{ci.Query{Status: ci.Waiting}, "9"}, {ci.Query{Status: ci.Unknown}, "10"},
		{ci.Query{Branch: "none"}, ""},
	} {
		got := strings.Join(list(t, newHub(t, world()).open(), test.q), " ")
		if got != test.want {
			t.Errorf("%+v lists %q, want %q", test.q, got, test.want)
		}
	}
}

func TestRunsOnce(t *testing.T) {
	h := newHub(t, world())
	page, err := h.open().Runs(t.Context(), ci.Query{Branch: "topic/x", Limit: 1})
	if err != nil {
		t.Fatal(fail.Show(err))
	}
	want := []ci.Run{{ID: "4", Task: "CI", Title: "change 4", Status: ci.Canceled, Branch: "topic/x", Commit: shaA, Event: "pull_request", Attempt: 1,
		Started: day(4), Finished: day(124), Notes: []string{"the commit is one of a fork, mallory/shop"}}}
	if diff := cmp.Diff(want, page.Runs); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if got := h.requests(); len(got) != 1 {
		t.Errorf("asked %q", got)
	}
}

// Runs that begin between two pages, and many of the same second, neither repeat nor hide
// others, also where a status is several of GitHub's.
func TestPagesHold(t *testing.T) {
	for _, status := range []ci.Status{"", ci.Queued} {
		w := &citest.World{Default: "main"}
		var want []string
		for n := 1; n <= 230; n++ {
			w.Runs = append(w.Runs, citest.Run{ID: n, Task: "CI", Branch: "main", Commit: shaA, Status: ci.Queued, Started: day(n / 40)})
			want = append([]string{fmt.Sprint(n)}, want...)
		}
		h := newHub(t, w)
		h.edit = func(o object) { // three words for one status, each a list of its own
			o["status"] = []string{"queued", "requested", "pending"}[o["id"].(int)%3]
		}
		r := h.open()
		var got []string
		q := ci.Query{Status: status, Limit: 7}
		for page := 0; ; page++ {
			p, err := r.Runs(t.Context(), q)
			if err != nil {
				t.Fatal(fail.Show(err))
			}
			for _, run := range p.Runs {
				got = append(got, run.ID)
			}
			if q.Cursor = p.Cursor; q.Cursor == "" {
				break
			}
			h.mu.Lock()
			h.change[1000+page] = citest.Run{ID: 1000 + page, Task: "CI", Branch: "main", Commit: shaA, Status: ci.Queued, Started: day(1000 + page)}
			h.mu.Unlock()
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("status %q (-want +got)\n%s", status, diff)
		}
	}
}

// A cursor is good for the question it was given for.
func TestCursor(t *testing.T) {
	r := newHub(t, world()).open()
	page, err := r.Runs(t.Context(), ci.Query{Limit: 2})
	if err != nil || page.Cursor == "" {
		t.Fatal(page, err)
	}
	for _, q := range []ci.Query{{Branch: "main", Cursor: page.Cursor}, {Cursor: page.Cursor[1:]}, {Cursor: "x"}, {PR: "7", Cursor: page.Cursor}} {
		if _, err := r.Runs(t.Context(), q); fail.From(err).Code != fail.Invalid || !strings.Contains(fail.Show(err), "without a cursor") {
			t.Errorf("%+v: %v", q, err)
		}
	}
	if _, err := r.Runs(t.Context(), ci.Query{Limit: 1, Cursor: page.Cursor}); err != nil {
		t.Errorf("another limit: %v", err)
	}
}

// Where few of many runs are asked for, a call looks through some and says so.
func TestLookedThrough(t *testing.T) {
	w := &citest.World{Default: "main"}
	for n := 1; n <= 1250; n++ {
		s := ci.Passed
		if n == 3 || n == 1249 {
			s = ci.Unknown
		}
		w.Runs = append(w.Runs, citest.Run{ID: n, Task: "CI", Branch: "main", Commit: shaA, Status: s, Started: day(n)})
	}
	h := newHub(t, w)
	r := h.open()
	page, err := r.Runs(t.Context(), ci.Query{Status: ci.Unknown})
	if err != nil {
		t.Fatal(fail.Show(err))
	}
	if len(page.Runs) != 1 || page.Runs[0].Said != "zebra" || page.Cursor == "" || !slices.Equal(page.Notes, []string{"only the newest 1000 runs were looked through; the cursor leads on"}) {
		t.Errorf("%+v", page)
	}
	if n := len(h.requests()); n != 10 {
		t.Errorf("%d requests", n)
	}
	if got := list(t, r, ci.Query{Status: ci.Unknown}); !slices.Equal(got, []string{"1249", "3"}) {
		t.Errorf("%q", got)
	}
}

// The runs of a pull request: GitHub names neither a fork's nor a closed one's.
func TestPullRequests(t *testing.T) {
	w := &citest.World{Default: "main"}
	for n := 1; n <= 9; n++ {
		w.Runs = append(w.Runs, citest.Run{ID: n, Task: "CI", Branch: "patch-1", Commit: shaA, Status: ci.Passed, Started: day(n * 1000)})
	}
	h := newHub(t, w)
	h.edit = func(o object) {
		own, of := object{"full_name": repo}, func(n int) []object { return []object{{"number": n}} }
		o["event"] = "pull_request"
		switch o["id"] {
		case 1: // before it was opened
		case 2: // a push to it, which GitHub names
			o["event"], o["pull_requests"] = "push", of(5)
		case 3:
			o["pull_requests"] = of(5)
		case 4: // of another request from the same branch
			o["pull_requests"] = of(6)
		case 5: // of a branch of that name in a fork
			o["head_repository"] = object{"full_name": fork}
		case 6: // a fork that is gone
			o["head_repository"] = nil
		case 7: // a push of its last commit
			o["event"], o["head_sha"] = "push", shaB
		case 8: // while it was open
			o["event"] = "pull_request_target"
		case 9: // after it was closed, of the next one
		}
		if o["head_repository"] != nil && o["id"] != 5 {
			o["head_repository"] = own
		}
	}
	pull := func(head string) canned {
		return canned{status: 200, body: fmt.Sprintf(`{"number":5,"created_at":%q,"closed_at":%q,"head":{"ref":"patch-1","sha":%q,"repo":%s}}`,
			day(1500).Format(time.RFC3339), day(8100).Format(time.RFC3339), shaB, head)}
	}
	for head, want := range map[string]string{
		`{"full_name":"acme/shop"}`:    "8 7 3 2",
		`{"full_name":"Mallory/Shop"}`: "5 3 2", // the service's word counts above all
		`null`:                         "8 7 6 5 3 2",
	} {
		h.can("/pulls/5", pull(head))
		r := h.open()
		page, err := r.Runs(t.Context(), ci.Query{PR: "5"})
		if err != nil {
			t.Fatal(fail.Show(err))
		}
		var got []string
		for _, run := range page.Runs {
			got = append(got, run.ID)
			if run.PR != "5" {
				t.Errorf("run %s is of %q", run.ID, run.PR)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %q, want %q", head, got, want)
		}
	}
}

// What cannot be asked for is refused before GitHub is asked.
func TestBadQueries(t *testing.T) {
	h := newHub(t, world())
	r := h.open()
	for _, q := range []ci.Query{
		{Commit: "abc"}, {Commit: strings.ToUpper(shaA)}, {PR: "x"}, {PR: "0"}, {PR: "-1"}, {PR: "07"}, {PR: "7/../8"}, {PR: "99999999999999999999"},
		{Status: "red"}, {Branch: "a b"}, {Branch: "-x"}, {Branch: "a\nb"}, {Branch: "a..b"},
	} {
		if _, err := r.Runs(t.Context(), q); fail.From(err).Code != fail.Invalid {
			t.Errorf("%+v: %v", q, err)
		}
	}
	if got := h.requests(); len(got) != 0 {
		t.Errorf("asked %q", got)
	}
	for q, want := range map[ci.Query]string{
		{PR: "99"}:       "no pull request 99",
		{Task: "Releas"}: `"Release"`,
		{Task: "zzz"}:    `"CI", "Release"`,
	} {
		if _, err := r.Runs(t.Context(), q); fail.From(err).Code != fail.NotFound || !strings.Contains(fail.Show(err), want) {
			t.Errorf("%+v: %s", q, fail.Show(err))
		}
	}
}

// A call ends when its context does, whatever it waits for.
func TestCanceled(t *testing.T) {
	h := newHub(t, world())
	h.can("/actions/", canned{}, canned{}, canned{})
	r := h.open()
	cause := errors.New("the caller has gone")
	for _, call := range []func(ctx context.Context) error{
		func(ctx context.Context) error { _, err := r.Runs(ctx, ci.Query{}); return err },
		func(ctx context.Context) error { _, err := r.Run(ctx, "1"); return err },
		func(ctx context.Context) error {
			_, err := r.Log(ctx, &ci.Run{ID: "1"}, &ci.Job{ID: "101", Status: ci.Passed})
			return err
		},
	} {
		ctx, cancel := context.WithCancelCause(t.Context())
		done := make(chan error, 1)
		go func() { done <- call(ctx) }()
		<-h.arrived
		cancel(cause)
		if err := <-done; !errors.Is(err, cause) {
			t.Errorf("%v", err)
		}
	}
}
