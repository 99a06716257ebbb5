package scan

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"cleat/internal/fail"
	"cleat/internal/systems/code"
	"cleat/internal/tree"
)

func compare(t testing.TB, a, b tree.Files, q code.Query, o Options) *code.Result {
	t.Helper()
	res, err := Compare(t.Context(), a, b, compile(t, q), o)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// differs writes what a comparison found.
func differs(res *code.Result) []string {
	var out []string
	for _, f := range res.Files {
		for _, l := range f.Lines {
			out = append(out, fmt.Sprintf("%s%s:%d:%s", l.Only, f.Path, l.Number, l.Text))
		}
	}
	return out
}

func TestCompare(t *testing.T) {
	a := repo(t, map[string]string{
		"same.go":  "x one\nx two\n",
		"moved.go": "x one\nx two\n",
		"twice.go": "x\nx\nx\n",
		"gone.go":  "hay\nx gone\n",
		"key.env":  "x=s3cr3t-1\n",
		"long.txt": strings.Repeat("x", 600) + "1\n",
	})
	b := repo(t, map[string]string{
		"same.go":  "x one\nx two\n",
		"moved.go": "x two\nhay\nx one\nx three\n",
		"twice.go": "x\n",
		"new.go":   "x new\n",
		"key.env":  "x=s3cr3t-1\nx more\n",
		"long.txt": strings.Repeat("x", 600) + "2\n",
	})
	redact := func(_ string, b []byte) []byte { return bytes.ReplaceAll(b, []byte("s3cr3t-1"), []byte("[redacted]")) }
	want := []string{"-gone.go:2:x gone", "+key.env:2:x more",
		"-long.txt:1:" + strings.Repeat("x", 400) + "…(+201)", "+long.txt:1:" + strings.Repeat("x", 400) + "…(+201)",
		"+moved.go:4:x three", "+new.go:1:x new", "-twice.go:2:x", "-twice.go:3:x"}
	for _, mode := range []code.Mode{code.Text, code.Regex} {
		for _, limit := range []int{0, 1, 3} {
			q := code.Query{Pattern: "x", Mode: mode, Limit: limit, Context: 3}
			var got []string
			for {
				res := compare(t, a, b, q, Options{Redact: redact})
				if limit > 0 && res.Matches > limit || res.Matches != len(differs(res)) {
					t.Errorf("limit %d: %d matches, %d lines", limit, res.Matches, len(differs(res)))
				}
				got = append(got, differs(res)...)
				if q.Cursor = res.Cursor; q.Cursor == "" {
					break
				}
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("mode %s, limit %d (-want +got):\n%s", mode, limit, d)
			}
		}
	}
	if res := compare(t, a, b, code.Query{Pattern: "x", PerFile: 1, Paths: []string{"twice.go"}}, Options{}); res.Matches != 1 || res.Files[0].Matches != 2 || res.Cursor != "" {
		t.Errorf("one of a file: %+v", res)
	}
	if res := compare(t, a, a, code.Query{Pattern: "x"}, Options{}); res.Matches != 0 || res.Cursor != "" || res.Stats.Files != 12 {
		t.Errorf("a tree against itself: %+v", res)
	}
	// What is named may be on one side only, but must be on one.
	if got := differs(compare(t, a, b, code.Query{Pattern: "x", Paths: []string{"gone.go"}}, Options{})); len(got) != 1 {
		t.Errorf("a path of one side: %q", got)
	}
	_, err := Compare(t.Context(), a, b, compile(t, code.Query{Pattern: "x", Paths: []string{"absent"}}), Options{})
	if fail.From(err).Code != fail.NotFound {
		t.Errorf("a path of no side: %v", err)
	}
	_, err = Compare(t.Context(), a, b, compile(t, code.Query{Pattern: "x", Mode: code.Files}), Options{})
	var f *fail.Error
	if !errors.As(err, &f) || f.Code != fail.Invalid {
		t.Errorf("mode files: %v", err)
	}
}

// A file that has too many lines is named, and does not keep others from being compared.
func TestCompareTooMany(t *testing.T) {
	a := repo(t, map[string]string{"a": "x\n", "b": strings.Repeat("x\n", comparedLines+1), "c": "x\nx 1\n"})
	b := repo(t, map[string]string{"b": "x\n", "c": "x\n"})
	res := compare(t, a, b, code.Query{Pattern: "x"}, Options{})
	if d := cmp.Diff([]string{"-a:1:x", "-c:2:x 1"}, differs(res)); d != "" || !strings.Contains(res.Skipped, "too many matching lines to compare: b") {
		t.Errorf("skipped %q, lines (-want +got):\n%s", res.Skipped, d)
	}
}

// Whatever the trees, the limits and the cuts: all that only one side has comes once.
func TestCompareRandomTrees(t *testing.T) {
	seed := rand.Uint64()
	for round := range 40 {
		r := rand.New(rand.NewPCG(seed, uint64(round)))
		var sides [2]*tree.Root
		var count [2]map[string]int
		for i := range sides {
			files := make(map[string]string)
			count[i] = make(map[string]int)
			for n := range 20 {
				if r.IntN(4) == 0 {
					continue
				}
				name := fmt.Sprintf("d%d/f%d", n%3, n)
				for range r.IntN(8) {
					l := fmt.Sprintf("x %d", r.IntN(4))
					files[name] += l + "\n"
					count[i][name+":"+l]++
				}
			}
			files["z"] = ""
			sides[i] = repo(t, files)
		}
		var want []string
		for i, sign := range []string{"-", "+"} {
			for l, n := range count[i] {
				for range n - count[1-i][l] {
					want = append(want, sign+l)
				}
			}
		}
		q := code.Query{Pattern: "x"}
		cuts := r.IntN(3)
		var got []string
		for page := 0; ; page++ {
			if page > 500 {
				t.Fatalf("seed %d, round %d: no end of pages", seed, round)
			}
			q.Limit = 1 + r.IntN(9)
			ctx, cancel := context.WithCancel(t.Context())
			var n atomic.Int64
			stop := int64(-1)
			if cuts > 0 {
				cuts--
				stop = 1 + r.Int64N(20)
			}
			res, err := Compare(ctx, sides[0], sides[1], compile(t, q), Options{Redact: func(_ string, b []byte) []byte {
				if n.Add(1) == stop {
					cancel()
				}
				return b
			}})
			cancel()
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range res.Files {
				for _, l := range f.Lines {
					got = append(got, l.Only+f.Path+":"+l.Text)
				}
			}
			if q.Cursor = res.Cursor; q.Cursor == "" {
				break
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
			t.Fatalf("seed %d, round %d (-want +got):\n%s", seed, round, d)
		}
	}
}

func TestFile(t *testing.T) {
	redact := func(_ string, b []byte) []byte { return bytes.ReplaceAll(b, []byte("s3cr3t"), []byte("masked")) }
	src := "package a\n\nfunc f() {\n\thay()\n\tneedle(s3cr3t)\n}\n"
	for _, c := range []struct {
		name string
		q    code.Query
		path string
		data string
		want string // "" if not ok
	}{
		{"match", code.Query{Pattern: "needle"}, "a.go", src, "a.go=3=func f() {\na.go:5:\tneedle(masked)\n"},
		{"context", code.Query{Pattern: "needle", Context: 1}, "a.txt", src, "a.txt-4-\thay()\na.txt:5:\tneedle(masked)\na.txt-6-}\n"},
		{"regex", code.Query{Pattern: `ne+dle\(`, Mode: code.Regex}, "a.txt", src, "a.txt:5:\tneedle(masked)\n"},
		{"what is masked", code.Query{Pattern: "s3cr3t"}, "a.go", src, ""},
		{"language", code.Query{Pattern: "needle", Lang: "python"}, "a.go", src, ""},
		{"no text", code.Query{Pattern: "needle"}, "a.go", "needle\x00", ""},
		{"UTF-16", code.Query{Pattern: "ne"}, "a.txt", "\xff\xfen\x00e\x00", "a.txt:1:ne\n"},
		{"closed", code.Query{Pattern: "needle"}, "closed/a.go", src, ""},
		{"per file", code.Query{Pattern: "e", PerFile: 1}, "a.txt", "e\ne\n", "a.txt:1:e\n"},
		{"limits of a page", code.Query{Pattern: "e", Limit: 1}, "a.txt", "e\ne\n", "a.txt:1:e\na.txt:2:e\n"},
		{"too large", code.Query{Pattern: "needle"}, "a.go", src + strings.Repeat("x", 5000), ""},
	} {
		f, ok := compile(t, c.q).File(c.path, []byte(c.data), Options{Redact: redact, MaxFile: 4096, Deny: func(p string) bool { return strings.HasPrefix(p, "closed/") }})
		got := show(&code.Result{Files: []code.File{f}})
		if d := cmp.Diff(c.want, got); ok != (c.want != "") || ok && d != "" {
			t.Errorf("%s: ok %v (-want +got):\n%s", c.name, ok, d)
		}
	}
	m := compile(t, code.Query{Pattern: "*.go", Mode: code.Files})
	if _, ok := m.File("a/b.go", nil, Options{}); !ok {
		t.Error("mode files: a/b.go does not match *.go")
	}
	if _, ok := m.File("a/b.c", nil, Options{}); ok {
		t.Error("mode files: a/b.c matches *.go")
	}
}
