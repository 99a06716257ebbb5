package lookup

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cleat/internal/systems/code"
)

// numbered has files with definitions and uses of X.
func numbered(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "-- d%02d/f.go --\npackage p\n\ntype T%d struct{}\n\nfunc (T%d) X() {\n\tX(1)\n\tX(2)\n}\n", i, i, i)
	}
	return b.String()
}

// flat returns all that a result has, one string for each definition and matching line.
func flat(res *code.Result) []string {
	out := show(res)
	for _, f := range res.Files {
		for _, l := range f.Lines {
			if l.Match {
				out = append(out, fmt.Sprintf("%s:%d %s", f.Path, l.Number, l.Text))
			}
		}
	}
	return out
}

// TestPages: whatever the limit, the pages together are the whole.
func TestPages(t *testing.T) {
	root := open(t, numbered(9))
	for name, find := range both() {
		t.Run(name, func(t *testing.T) {
			whole, err := find(t.Context(), root, code.Query{Pattern: "X"}, Options{})
			if err != nil {
				t.Fatal(err)
			}
			want := flat(whole)
			if len(want) < 9 || whole.Cursor != "" {
				t.Fatalf("%d found, cursor %q", len(want), whole.Cursor)
			}
			for limit := 1; limit < 20; limit += 3 {
				q := code.Query{Pattern: "X", Limit: limit}
				var got []string
				for {
					res, err := find(t.Context(), root, q, Options{})
					if err != nil {
						t.Fatal(err)
					}
					if res.Matches > limit {
						t.Errorf("limit %d: %d matches", limit, res.Matches)
					}
					got = append(got, flat(res)...)
					if q.Cursor = res.Cursor; q.Cursor == "" {
						break
					}
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("limit %d (-want +got):\n%s", limit, diff)
				}
			}
		})
	}
}

func TestSimilarPages(t *testing.T) {
	var b strings.Builder
	for i := range maxSimilar + 5 {
		fmt.Fprintf(&b, "-- f%02d.py --\ndef open_door_%d(): pass\n", i, i)
	}
	root := open(t, b.String())
	q, total := code.Query{Pattern: "openDoor"}, 0
	for page := 0; page == 0 || q.Cursor != ""; page++ {
		res, err := Symbols(t.Context(), root, q, Options{})
		if err != nil || res.How != code.SimilarNames || res.Matches > maxSimilar {
			t.Fatalf("%v, %d matches, %s", err, res.Matches, res.How)
		}
		total += res.Matches
		q.Cursor = res.Cursor
	}
	if total != maxSimilar+5 {
		t.Errorf("%d similar names, want %d", total, maxSimilar+5)
	}
}

// TestPartial: a search that is ended again and again comes to everything in the end.
func TestPartial(t *testing.T) {
	root := open(t, numbered(60))
	for name, find := range both() {
		for _, limit := range []int{3, 500} {
			t.Run(fmt.Sprintf("%s/%d", name, limit), func(t *testing.T) {
				whole, err := find(t.Context(), root, code.Query{Pattern: "X"}, Options{})
				if err != nil {
					t.Fatal(err)
				}
				got := map[string]bool{}
				q := code.Query{Pattern: "X", Limit: limit}
				partial := 0
				for page := 0; ; page++ {
					ctx, cancel := context.WithCancel(t.Context())
					var mu sync.Mutex
					seen, end := 0, 25
					if partial > 3 {
						end = 1 << 30 // the last pages have all the time
					}
					o := Options{Workers: 2, Redact: func(_ string, b []byte) []byte {
						mu.Lock()
						defer mu.Unlock()
						if seen++; seen == end {
							cancel()
						}
						return b
					}}
					res, err := find(ctx, root, q, o)
					cancel()
					if err != nil {
						t.Fatal(err)
					}
					if res.Partial != "" {
						partial++
						if res.Cursor == "" {
							t.Fatal("no way on after a partial answer")
						}
					}
					for _, s := range flat(res) {
						got[s] = true
					}
					for _, f := range res.Files { // found, but there was no time to read them
						if f.Lines == nil {
							got[fmt.Sprintf("%s:6 \tX(1)", f.Path)] = true
							got[fmt.Sprintf("%s:7 \tX(2)", f.Path)] = true
						}
					}
					if q.Cursor = res.Cursor; q.Cursor == "" {
						break
					}
					if page > 1000 {
						t.Fatal("the pages do not end")
					}
				}
				if partial == 0 {
					t.Error("no answer was partial")
				}
				for _, s := range flat(whole) {
					if !got[s] {
						t.Errorf("%s was never delivered", s)
					}
				}
			})
		}
	}
}

func TestDeadline(t *testing.T) {
	root := open(t, numbered(3))
	for name, find := range both() {
		ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
		res, err := find(ctx, root, code.Query{Pattern: "X"}, Options{})
		cancel()
		if err != nil || !strings.HasPrefix(res.Partial, "deadline") || res.Cursor == "" {
			t.Fatalf("%s: %v, %+v", name, err, res)
		}
		res, err = find(t.Context(), root, code.Query{Pattern: "X", Cursor: res.Cursor}, Options{})
		if err != nil || len(res.Definitions) != 3 {
			t.Errorf("%s: %v, %+v", name, err, res)
		}
	}
}
