package citest

import (
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cleat/internal/fail"
	"cleat/internal/systems/ci"
)

// matches returns the shapes of the World's runs that q asks for, newest first, at most most.
func (s *subject) matches(q ci.Query, most int) []string {
	out := []string{}
	for _, r := range slices.Backward(s.w.Runs) {
		if (q.Branch == "" || q.Branch == r.Branch) && (q.Commit == "" || q.Commit == r.Commit) && (q.Status == "" || q.Status == r.Status) &&
			(q.Task == "" || q.Task == r.Task) && (q.PR == "" || q.PR == strconv.Itoa(r.PR)) && len(out) < most {
			out = append(out, s.want(r))
		}
	}
	return out
}

func (s *subject) shapes(runs []ci.Run) []string {
	out := []string{}
	for _, r := range runs {
		out = append(out, s.shape(r))
	}
	return out
}

func list(t *testing.T, s *subject) {
	s.on(t, usual(s.can))
	got, err := s.Runs(t.Context(), ci.Query{})
	if err != nil {
		t.Fatal(fail.Show(err))
	}
	if diff := cmp.Diff(s.matches(ci.Query{}, ci.DefaultRuns), s.shapes(got.Runs)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if got.Cursor != "" {
		t.Error("there is a cursor after the last run")
	}
	for i, r := range got.Runs {
		if w := s.w.Runs[len(s.w.Runs)-1-i]; s.can.Times && r.Status != ci.Queued && !r.Started.Equal(w.Started) {
			t.Errorf("run %s began at %s, want %s", r.ID, r.Started, w.Started)
		}
		if r.Task == "" {
			t.Errorf("run %s is of no task", r.ID)
		}
	}
	// A world without runs is no error.
	s.on(t, &World{Default: "main"})
	if got, err := s.Runs(t.Context(), ci.Query{}); err != nil || len(got.Runs) > 0 || got.Cursor != "" {
		t.Errorf("of no runs: %+v, %v", got, err)
	}
}

func filters(t *testing.T, s *subject) {
	s.on(t, usual(s.can))
	queries := []ci.Query{
		{Branch: "main"}, {Branch: "feature"}, {Commit: commit(1)}, {Status: ci.Failed}, {Status: ci.Passed},
		{Branch: "main", Status: ci.Failed}, {Branch: "feature", Commit: commit(2)}, {Branch: "feature", Commit: commit(1)},
	}
	for _, st := range s.can.Statuses {
		queries = append(queries, ci.Query{Status: st})
	}
	if s.can.PR {
		queries = append(queries, ci.Query{PR: "8"}, ci.Query{PR: "10"}, ci.Query{PR: "8", Status: ci.Failed}, ci.Query{Branch: "topic/x"})
	}
	if s.can.Tasks {
		queries = append(queries, ci.Query{Task: "Nightly"}, ci.Query{Task: "CI"}, ci.Query{Task: "CI", Branch: "main", Status: ci.Passed})
	}
	for _, q := range queries {
		got, err := s.Runs(t.Context(), q)
		if err != nil {
			t.Errorf("%+v: %s", q, fail.Show(err))
			continue
		}
		if diff := cmp.Diff(s.matches(q, ci.DefaultRuns), s.shapes(got.Runs)); diff != "" {
			t.Errorf("%+v (-want +got)\n%s", q, diff)
		}
	}
	// What is not there has no runs: either is an answer, runs of others are none.
	nothing := []ci.Query{
		{Branch: "no-such-branch"}, {Branch: "mai"}, {Branch: "MAIN"}, {Commit: commit(999)}, {Commit: "abc"}, {Status: "zebra"}, {Branch: "main\x1b[31m"}, {Branch: "../main"},
		{Branch: "main&status=success"},
	}
	if s.can.PR {
		nothing = append(nothing, ci.Query{PR: "999"}, ci.Query{PR: "8/../9"}, ci.Query{PR: "-8"}, ci.Query{PR: "x"})
	}
	if s.can.Tasks {
		nothing = append(nothing, ci.Query{Task: "no such task"}, ci.Query{Task: "../CI"})
	}
	for _, q := range nothing {
		got, err := s.Runs(t.Context(), q)
		if err != nil {
			fails(t, "a query for nothing", err, fail.NotFound, fail.Invalid, fail.Denied)
		} else if len(got.Runs) > 0 {
			t.Errorf("%+v: %v, want none", q, s.shapes(got.Runs))
		}
	}
}

func limits(t *testing.T, s *subject) {
	n := 23
	if s.can.Pages {
		n = 130
	}
	s.on(t, crowd(s.can, n))
	for _, limit := range []int{0, -1, 1, 7, 20, 100, 1 << 30} {
		most := limit
		if limit <= 0 {
			most = ci.DefaultRuns
		}
		got, err := s.Runs(t.Context(), ci.Query{Limit: limit})
		if err != nil {
			t.Errorf("limit %d: %s", limit, fail.Show(err))
			continue
		}
		if diff := cmp.Diff(s.matches(ci.Query{}, min(most, ci.MaxRuns)), s.shapes(got.Runs)); diff != "" {
			t.Errorf("limit %d (-want +got)\n%s", limit, diff)
		}
	}
}

func pages(t *testing.T, s *subject) {
	w := crowd(s.can, 47)
	for i := range w.Runs {
		if i%3 == 0 {
			w.Runs[i].Branch = "side"
		}
		if i%5 == 0 {
			w.Runs[i].Status, w.Runs[i].Jobs[0].Status = ci.Failed, ci.Failed
		}
	}
	s.on(t, w)
	for _, q := range []ci.Query{{Limit: 10}, {Limit: 1}, {Limit: 46}, {Limit: 47}, {Limit: 4, Branch: "side"}, {Limit: 3, Status: ci.Failed}, {Limit: 2, Status: ci.Failed, Branch: "side"}} {
		var all []ci.Run
		for p := q; ; {
			got, err := s.Runs(t.Context(), p)
			if err != nil {
				t.Fatalf("%+v: %s", p, fail.Show(err))
			}
			if len(got.Runs) > q.Limit {
				t.Errorf("%+v: %d runs in a page", p, len(got.Runs))
			}
			all = append(all, got.Runs...)
			if got.Cursor == "" {
				break
			}
			if got.Cursor == p.Cursor || len(all) > 2*len(w.Runs) {
				t.Fatalf("%+v: the pages do not end", p)
			}
			p.Cursor = got.Cursor
		}
		if diff := cmp.Diff(s.matches(q, len(w.Runs)), s.shapes(all)); diff != "" {
			t.Errorf("%+v: all pages (-want +got)\n%s", q, diff)
		}
	}
}

func cursors(t *testing.T, s *subject) {
	s.on(t, crowd(s.can, 30))
	got, err := s.Runs(t.Context(), ci.Query{Limit: 5, Branch: "main"})
	if err != nil || got.Cursor == "" {
		t.Fatalf("no cursor: %v, %v", got, err)
	}
	for _, q := range []ci.Query{
		{Cursor: "2"}, {Cursor: "\x00"}, {Cursor: "../../x"}, {Cursor: got.Cursor + "A"}, {Cursor: got.Cursor[:len(got.Cursor)/2]}, {Cursor: got.Cursor}, // of another question
		{Cursor: got.Cursor, Branch: "side"},
	} {
		_, err := s.Runs(t.Context(), q)
		fails(t, "the cursor "+strconv.Quote(q.Cursor), err, fail.Invalid)
	}
}
