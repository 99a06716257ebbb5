package history

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cleat/internal/fail"
	"cleat/internal/systems/code"
	"cleat/internal/text"
)

func TestSince(t *testing.T) {
	now := time.Date(2026, 3, 31, 12, 30, 0, 0, time.UTC)
	for in, want := range map[string]string{
		"2026-01-31":                "2026-01-31T00:00:00Z",
		"2026-01-31T10:00:00+02:00": "2026-01-31T08:00:00Z",
		"2026-01-31 10:00":          "2026-01-31T10:00:00Z",
		"2 weeks":                   "2026-03-17T12:30:00Z",
		"2 Weeks ago":               "2026-03-17T12:30:00Z",
		"3d":                        "2026-03-28T12:30:00Z",
		"36 hours":                  "2026-03-30T00:30:00Z",
		"1 year":                    "2025-03-31T12:30:00Z",
		"last month":                "2026-03-03T12:30:00Z", // there is no 31st of February
		"a week":                    "2026-03-24T12:30:00Z",
		"90 minutes":                "2026-03-31T11:00:00Z",
		"yesterday":                 "2026-03-30T00:00:00Z",
		"today":                     "2026-03-31T00:00:00Z",
		"5m":                        "",
		"":                          "",
		"2026-13-01":                "",
		"weeks":                     "",
		"2 fortnights":              "",
		"99999999999999999999 days": "",
		"-2 days":                   "",
		"since the beginning":       "",
	} {
		got, err := parseSince(in, now)
		if want == "" {
			if fail.From(err).Code != fail.Invalid || fail.From(err).Next == "" {
				t.Errorf("%q: %v, %v", in, got, err)
			}
			continue
		}
		if err != nil || got.UTC().Format(time.RFC3339) != want {
			t.Errorf("%q is %s, want %s; %v", in, got.UTC(), want, err)
		}
	}
}

// FuzzSince: what is taken for a time is not after now by age, and an error says what to
// write.
func FuzzSince(f *testing.F) {
	f.Add("2 weeks ago")
	f.Add("2026-01-31")
	f.Fuzz(func(t *testing.T, s string) {
		_, err := parseSince(s, time.Unix(1e9, 0))
		if err != nil && (fail.From(err).Code != fail.Invalid || fail.From(err).Next == "") {
			t.Errorf("%q: %v", s, err)
		}
	})
}

func TestLines(t *testing.T) {
	for in, want := range map[string][2]int{
		"L10-L50": {10, 50}, "10-50": {10, 50}, "L10-": {10, 0}, "L7": {7, 7}, " 3-4 ": {3, 4},
		"L0": {}, "L5-L4": {}, "x": {}, "-5": {}, "L1-Lx": {}, "": {},
	} {
		first, last, err := parseLines(in)
		if (err != nil) != (want == [2]int{}) || [2]int{first, last} != want {
			t.Errorf("%q: %d-%d, %v", in, first, last, err)
		}
	}
}

// A fake keeps what it was asked.
type fake struct {
	code.Historian
	op string
	q  code.HistoryQuery
}

func (f *fake) Log(_ context.Context, q code.HistoryQuery) (*code.Log, error) {
	f.op, f.q = "log", q
	return &code.Log{Commits: []code.Commit{{Hash: "1a2b3c4d5e", Author: "Ann", Subject: "x"}}}, nil
}

func (f *fake) Show(_ context.Context, q code.HistoryQuery) (*code.Show, error) {
	f.op, f.q = "show", q
	return &code.Show{}, nil
}

func (f *fake) Diff(_ context.Context, q code.HistoryQuery) (*code.Diff, error) {
	f.op, f.q = "diff", q
	return &code.Diff{}, nil
}

func (f *fake) Blame(_ context.Context, q code.HistoryQuery) (*code.Blame, error) {
	f.op, f.q = "blame", q
	return &code.Blame{}, nil
}

func (f *fake) Branches(_ context.Context, q code.HistoryQuery) (*code.Branches, error) {
	f.op, f.q = "branches", q
	return &code.Branches{}, nil
}

func TestOps(t *testing.T) {
	for _, c := range []struct {
		in   Input
		want code.HistoryQuery
	}{
		{Input{Op: "log", Path: "a", Range: "b", Author: "c", Since: "2026-01-31", Text: "d", Repo: "e", Limit: 5, Cursor: "f"},
			code.HistoryQuery{Path: "a", Range: "b", Author: "c", Since: time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC), Text: "d", Repo: "e", Limit: 5, Cursor: "f"}},
		{Input{Op: "show", Range: "HEAD~1", Path: "a"}, code.HistoryQuery{Range: "HEAD~1", Path: "a"}},
		{Input{Op: "diff", Range: "A..B"}, code.HistoryQuery{Range: "A..B"}},
		{Input{Op: "blame", Path: "a", Part: "L3-L4"}, code.HistoryQuery{Path: "a", First: 3, Last: 4}},
		{Input{Op: "branches", Text: "x", Limit: 2}, code.HistoryQuery{Text: "x", Limit: 2}},
	} {
		f := &fake{}
		a, err := history(t.Context(), f, c.in)
		if err != nil || f.op != c.in.Op {
			t.Errorf("%s came to %s, %v", c.in.Op, f.op, err)
			continue
		}
		if diff := cmp.Diff(c.want, f.q); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.in.Op, diff)
		}
		var w text.Writer
		a.Text(&w)
		if len(w.Segments()) == 0 {
			t.Errorf("%s renders as nothing", c.in.Op)
		}
	}
}

func TestWrongArguments(t *testing.T) {
	for _, c := range []struct {
		in   Input
		what string
		next string
	}{
		{Input{Op: "log", Part: "L1"}, "op=log takes no part", "op=log takes path, range, author, since, text, limit, cursor"},
		{Input{Op: "show", Author: "x"}, "op=show takes no author", "op=show takes range, path, cursor"},
		{Input{Op: "diff", Limit: 3}, "op=diff takes no limit", "op=diff takes range, path, cursor"},
		{Input{Op: "blame", Text: "x"}, "op=blame takes no text", "op=blame takes path, part, range, limit, cursor"},
		{Input{Op: "branches", Path: "x"}, "op=branches takes no path", "op=branches takes text, limit, cursor"},
		{Input{Op: "log", Since: "soon"}, `since "soon" is no date and no age`, "write a day"},
		{Input{Op: "blame", Path: "x", Part: "L9-L3"}, `bad part "L9-L3"`, "write part as lines"},
	} {
		_, err := history(t.Context(), &fake{}, c.in)
		f := fail.From(err)
		if err == nil || f.Code != fail.Invalid || f.What != c.what || !strings.Contains(f.Next, c.next) {
			t.Errorf("%+v: %q, next %q", c.in, f.What, f.Next)
		}
	}
}
