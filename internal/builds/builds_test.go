package builds

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"cleat/internal/fail"
	"cleat/internal/systems/ci"
)

// service is a Forge whose checkout is of acme/shop, and which may touch what is acme's.
func service(groups bool) *Forge {
	return &Forge{
		Words: Words{Title: "Fake", Server: "Fake", Of: "Fake", Run: "run of Fake", Place: "repository", Form: "owner/name", Pull: "pull request", Needs: "a scope", Groups: groups},
		Repo:  func(context.Context) (string, error) { return "acme/shop", nil },
		Allowed: func(repo string) error {
			if strings.HasPrefix(strings.ToLower(repo), "acme/") {
				return nil
			}
			return fail.Errorf(fail.Denied, "not %s", repo)
		},
		Sleep: func(ctx context.Context, _ time.Duration) error { return context.Cause(ctx) },
	}
}

func TestLocate(t *testing.T) {
	for _, test := range []struct {
		id, want string
		groups   bool
		code     fail.Code
	}{
		{id: "7", want: "acme/shop 7 "}, {id: "acme/other@7", want: "acme/other 7 acme/other@"}, {id: "acme/a/b@7", want: "acme/a/b 7 acme/a/b@", groups: true},
		{id: "acme/a/b@7", code: fail.Invalid}, {id: "evil/x@7", code: fail.Denied}, {id: "acme@7", code: fail.Invalid}, {id: "acme/../x@7", code: fail.Invalid},
		{id: "acme/*@7", code: fail.Invalid}, {id: "", code: fail.Invalid}, {id: "@7", code: fail.Invalid}, {id: "07", code: fail.Invalid}, {id: "+7", code: fail.Invalid},
		{id: "acme/shop@7@8", code: fail.Invalid}, {id: "99999999999999999999", code: fail.Invalid}, {id: "0", code: fail.Invalid}, {id: "-1", code: fail.Invalid},
	} {
		repo, number, prefix, err := service(test.groups).Locate(t.Context(), test.id)
		if test.code != "" {
			if err == nil || fail.From(err).Code != test.code {
				t.Errorf("%q: %v, want %s", test.id, err, test.code)
			}
			continue
		}
		if got := repo + " " + number + " " + prefix; err != nil || got != test.want {
			t.Errorf("%q: %q, %v; want %q", test.id, got, err, test.want)
		}
	}
	for named, code := range map[string]fail.Code{"": "", "ACME/Shop": "", "acme/new": "", "evil/shop": fail.Denied, "x": fail.Invalid} {
		if err := service(false).Moved("acme/shop", named); (err == nil) != (code == "") || err != nil && fail.From(err).Code != code {
			t.Errorf("moved to %q: %v, want %q", named, err, code)
		}
	}
}

// pages serves runs with the given ids, newest first, two on a page.
func pages(l *Listing, ids *[]int64) {
	l.Size, l.Keep = 2, func(i Item) bool { return i.Run.Status != ci.Skipped }
	l.Page = func(_ context.Context, page int) (items []Item, next int, err error) {
		from, to := min(2*page-2, len(*ids)), min(2*page, len(*ids))
		for _, id := range (*ids)[from:to] {
			items = append(items, Item{ID: id, Run: ci.Run{Title: string(rune('a' + id))}})
		}
		if to < len(*ids) {
			next = page + 1
		}
		return items, next, nil
	}
}

// Pages neither repeat nor hide a run, whatever is made or deleted between them.
func TestListing(t *testing.T) {
	for name, test := range map[string]struct {
		change func(ids []int64) []int64
		want   string
	}{
		"nothing":          {func(ids []int64) []int64 { return ids }, "jihgfedcb"},
		"some are made":    {func(ids []int64) []int64 { return append([]int64{14, 13, 12}, ids...) }, "jihgfedcb"},
		"some are deleted": {func(ids []int64) []int64 { return ids[2:] }, "jihgfedcb"},
		"all are deleted":  {func([]int64) []int64 { return nil }, "jih"},
	} {
		ids := []int64{9, 8, 6, 5, 4, 3, 1}
		var got, from string
		for range 10 {
			l, err := Resume(from, 7)
			if err != nil {
				t.Fatal(err)
			}
			l.Add([]Item{{ID: 2, Run: ci.Run{Title: "c"}}, {ID: 7, Run: ci.Run{Title: "h"}}, {ID: 7, Run: ci.Run{Title: "h"}}})
			if name == "all are deleted" && from != "" {
				l.extra = nil
			}
			pages(l, &ids)
			runs, err := l.Runs(t.Context(), 3)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range runs.Runs {
				got += r.Title
			}
			if from == "" {
				ids = test.change(ids)
			}
			if from = runs.Cursor; from == "" {
				break
			}
		}
		if got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
	if _, err := Resume("x", 7); err == nil {
		t.Error("a cursor of nobody")
	}
}

func TestStarted(t *testing.T) {
	runs := func(ids ...int64) (items []Item) {
		for _, id := range ids {
			items = append(items, Item{ID: id, Run: ci.Run{ID: string(rune('0' + id))}})
		}
		return items
	}
	for name, test := range map[string]struct {
		seen [][]Item
		err  error
		want string
		note string
	}{
		"at once":  {seen: [][]Item{runs(4, 3)}, want: "4"},
		"later":    {seen: [][]Item{runs(3, 2), runs(3), runs(5, 3)}, want: "5"},
		"two":      {seen: [][]Item{runs(5, 4, 3)}, note: "several"},
		"never":    {seen: [][]Item{runs(3)}, note: "not listed it yet"},
		"a fault":  {err: errors.New("x"), note: "listing the runs failed"},
		"no lists": {seen: [][]Item{nil}, note: "not listed it yet"},
	} {
		n := 0
		got := service(false).Started(t.Context(), &ci.Run{}, Last(runs(3, 2)), func(context.Context) ([]Item, error) {
			n++
			if test.err != nil {
				return nil, test.err
			}
			return slices.Clone(test.seen[min(n, len(test.seen))-1]), nil
		})
		if got.ID != test.want || !strings.Contains(strings.Join(got.Notes, ""), test.note) || n > 5 {
			t.Errorf("%s: %+v after %d lists", name, got, n)
		}
	}
}

func TestJobs(t *testing.T) {
	var j Jobs
	at := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	for _, one := range []struct {
		id   int64
		name string
		at   time.Time
	}{{3, "waits", time.Time{}}, {2, "second", at}, {1, "first", at}, {1, "again", at}, {4, "earliest", at.Add(-time.Second)}} {
		j.Add(one.id, ci.Job{Name: one.name, Started: one.at})
	}
	var got []string
	for _, one := range j.Sorted() {
		got = append(got, one.Name)
	}
	if diff := cmp.Diff([]string{"earliest", "first", "second", "waits"}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for i := range int64(ci.MaxJobs + 5) {
		j.Add(100+i, ci.Job{})
	}
	if len(j.List) != ci.MaxJobs || j.More != 9 {
		t.Errorf("%d jobs and %d more", len(j.List), j.More)
	}
}

// FuzzCut: what is cut fits, is the beginning of the text, and stays text.
func FuzzCut(f *testing.F) {
	f.Add("short", 100)
	f.Add("äöü€", 5)
	f.Add("\xff\x80\x80\x80\x80", 4)
	f.Fuzz(func(t *testing.T, s string, n int) {
		n = max(n%2000, len("…"))
		if n < 0 {
			return
		}
		got := Cut(s, n)
		head, cut := strings.CutSuffix(got, "…")
		if len(got) > n || !strings.HasPrefix(s, head) && !strings.HasPrefix(s, got) || cut && len(s) <= n && got != s || utf8.ValidString(s) && !utf8.ValidString(got) {
			t.Errorf("Cut(%q, %d) = %q", s, n, got)
		}
	})
}
