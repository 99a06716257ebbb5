package scan

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cleat/internal/systems/code"
	"cleat/internal/tree"
)

// many makes n files, some with several hits, and returns all hits in order.
func many(t testing.TB, n int) (*tree.Root, []string) {
	t.Helper()
	files := make(map[string]string)
	var want []string
	for i := range n {
		name := fmt.Sprintf("d%d/e%d/f%03d.txt", i%7, i%3, i)
		if i%5 == 0 {
			name = fmt.Sprintf("d%d/e%d.%03d", i%7, i%3, i)
		}
		var b strings.Builder
		for j := range i % 9 {
			b.WriteString("hay\nneedle " + fmt.Sprint(j) + "\n")
			want = append(want, fmt.Sprintf("%s:%04d", name, 2*j+2))
		}
		files[name] = b.String()
	}
	slices.Sort(want)
	return repo(t, files), want
}

func hits(res *code.Result) []string {
	var out []string
	for _, f := range res.Files {
		for _, l := range f.Lines {
			if l.Match {
				out = append(out, fmt.Sprintf("%s:%04d", f.Path, l.Number))
			}
		}
	}
	return out
}

// Pages of any size, by any number of workers, are the whole, in order, without overlap.
func TestPages(t *testing.T) {
	r, want := many(t, 200)
	for _, limit := range []int{1, 3, 10, 100, len(want) - 1, len(want), len(want) + 1} {
		for _, workers := range []int{1, 4} {
			q := code.Query{Pattern: "needle", Limit: limit, Context: limit % 3}
			var got []string
			pages := 0
			for {
				pages++
				res := search(t, r, q, Options{Workers: workers})
				if res.Partial != "" || res.Matches > limit || res.Matches != len(hits(res)) {
					t.Fatalf("limit %d: %d matches, %d lines, partial %q", limit, res.Matches, len(hits(res)), res.Partial)
				}
				got = append(got, hits(res)...)
				if q.Cursor = res.Cursor; q.Cursor == "" {
					break
				}
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("limit %d, %d workers (-want +got):\n%s", limit, workers, d)
			}
			if most := (len(want) + limit - 1) / limit; pages > most {
				t.Errorf("limit %d: %d pages, want %d", limit, pages, most)
			}
		}
	}
}

// A limit on each file holds over pages.
func TestPagesPerFile(t *testing.T) {
	r := repo(t, map[string]string{"a": strings.Repeat("x\n", 10), "b": strings.Repeat("x\n", 10)})
	q := code.Query{Pattern: "x", Limit: 2, PerFile: 3}
	var got []string
	for {
		res := search(t, r, q, Options{})
		got = append(got, hits(res)...)
		if q.Cursor = res.Cursor; q.Cursor == "" {
			break
		}
	}
	if d := cmp.Diff([]string{"a:0001", "a:0002", "a:0003", "b:0001", "b:0002", "b:0003"}, got); d != "" {
		t.Errorf("lines (-want +got):\n%s", d)
	}
}

// A cursor goes on behind a file that changed or vanished.
func TestCursorOfChangedFile(t *testing.T) {
	r := repo(t, map[string]string{"a": "x\nx\nx\n", "b": "x\n", "c": "x\n"})
	q := code.Query{Pattern: "x", Limit: 2}
	q.Cursor = search(t, r, q, Options{}).Cursor
	for _, c := range []struct {
		change func(name string) error
		want   []string
	}{
		{func(name string) error { return os.WriteFile(name, []byte("x\nx\n-\nx\n"), 0o644) }, []string{"a:0004", "b:0001"}},
		{func(name string) error { return os.WriteFile(name, []byte("x\n"), 0o644) }, []string{"b:0001", "c:0001"}},
		{os.Remove, []string{"b:0001", "c:0001"}},
	} {
		if err := c.change(filepath.Join(r.Dir(), "a")); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(c.want, hits(search(t, r, q, Options{}))); d != "" {
			t.Errorf("lines (-want +got):\n%s", d)
		}
	}
}

// A search that is cut short gives what it found, and its cursor leads to the rest.
func TestPartial(t *testing.T) {
	r, want := many(t, 200)
	for _, after := range []int64{1, 2, 30, 120} {
		ctx, cancel := context.WithCancel(t.Context())
		var n atomic.Int64
		o := Options{Workers: 4, Redact: func(_ string, b []byte) []byte {
			if n.Add(1) == after {
				cancel()
			}
			return b
		}}
		res, err := Run(ctx, r, compile(t, code.Query{Pattern: "needle", Limit: 5000}), o)
		cancel()
		if err != nil {
			t.Fatal(err)
		}
		if res.Partial == "" || res.Cursor == "" {
			t.Fatalf("partial %q, cursor %q", res.Partial, res.Cursor)
		}
		got := hits(res)
		if !slices.IsSorted(got) {
			t.Errorf("hits are not in order: %q", got)
		}
		q := code.Query{Pattern: "needle", Limit: 50, Cursor: res.Cursor}
		for q.Cursor != "" {
			res := search(t, r, q, Options{})
			got = append(got, hits(res)...)
			q.Cursor = res.Cursor
		}
		slices.Sort(got)
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("stopped at file %d (-want +got):\n%s", after, d)
		}
	}
}

func TestDeadline(t *testing.T) {
	r, _ := many(t, 50)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	slow := func(_ string, b []byte) []byte {
		<-ctx.Done()
		return b
	}
	res, err := Run(ctx, r, compile(t, code.Query{Pattern: "needle"}), Options{Redact: slow})
	// How much of the 50 ms is left when Run begins is the machine's affair.
	if err != nil || !strings.HasPrefix(res.Partial, "deadline") {
		t.Errorf("partial %q, error %v", res.Partial, err)
	}
	gone, stop := context.WithCancel(t.Context())
	stop()
	for _, mode := range []code.Mode{code.Text, code.Files} {
		res, err := Run(gone, r, compile(t, code.Query{Pattern: "needle", Mode: mode}), Options{})
		if err != nil || res.Partial != "the call was canceled" || len(res.Files) > 0 {
			t.Errorf("mode %s: partial %q, error %v, %d files", mode, res.Partial, err, len(res.Files))
		}
	}
}

// A limit on bytes is like one on lines: pages go on behind it.
func TestPagesOfBytes(t *testing.T) {
	var b strings.Builder
	line := strings.Repeat("y", 395) + "x\n"
	for range 60_000 {
		b.WriteString(line)
	}
	half := b.String()[:len(line)*30_000]
	r := repo(t, map[string]string{"a": half, "b": half, "c": b.String()[:len(line)*40_000]})
	q := code.Query{Pattern: "x", Limit: MaxLimit, PerFile: MaxLimit}
	total, pages := 0, 0
	for {
		res := search(t, r, q, Options{MaxFile: 64 << 20})
		total += res.Matches
		pages++
		if q.Cursor = res.Cursor; q.Cursor == "" {
			break
		}
	}
	if total != 100_000 || pages < 2 || pages > 4 {
		t.Errorf("%d lines on %d pages", total, pages)
	}
}
