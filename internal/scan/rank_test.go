package scan

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"cleat/internal/systems/code"
	"cleat/internal/tree"
)

func paths(res *code.Result) []string {
	var out []string
	for _, f := range res.Files {
		out = append(out, f.Path)
	}
	return out
}

// Definitions of just the name come first, what is not written by people last.
func TestRank(t *testing.T) {
	r := repo(t, map[string]string{
		"a/uses.go":         "package a\n\nfunc f() { b.Resolve() }\n",
		"a/parts.go":        "package a\n\nvar x = b.ResolveAll()\n",
		"b/longer.go":       "package b\n\nfunc ResolveAll() {}\n",
		"b/repo.go":         "package b\n\nfunc g() { Resolve() }\n\nfunc (r *Repo) Resolve(x int) {}\n",
		"b/repo_test.go":    "package b\n\nfunc TestResolve() { Resolve() }\n",
		"b/fake_test.go":    "package b\n\nfunc Resolve() {}\n",
		"b/resolve.go":      "package b\n\nfunc h() { Resolve() }\n",
		"gen/x.pb.go":       "package gen\n\nfunc Resolve() {}\n",
		"vendor/v/v.go":     "package v\n\nfunc Resolve() {}\n",
		"web/app.min.js":    "function Resolve(){}\n",
		"docs/guide.md":     "Use Resolve here.\n",
		"zz/old.go":         "package zz\n\nfunc old() { Resolve() }\n",
		"package-lock.json": `{"Resolve": 1}`,
	})
	for _, name := range []string{"zz/old.go"} {
		then := time.Now().Add(-30 * 24 * time.Hour)
		if err := os.Chtimes(filepath.Join(r.Dir(), name), then, then); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{
		"b/repo.go",      // defines it
		"b/longer.go",    // defines a name with it
		"b/fake_test.go", // defines it in a test
		"b/resolve.go",   // a whole word, and the file is called so
		"a/uses.go", "docs/guide.md",
		"zz/old.go",      // not changed lately
		"a/parts.go",     // part of a word
		"b/repo_test.go", // a test that has it in its name
		"gen/x.pb.go", "vendor/v/v.go", "web/app.min.js", "package-lock.json",
	}
	for _, workers := range []int{1, 4} {
		got := paths(search(t, r, code.Query{Pattern: "Resolve"}, Options{Workers: workers}))
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%d workers (-want +got):\n%s", workers, d)
		}
	}
	// One at a time gives the same.
	var got []string
	q := code.Query{Pattern: "Resolve", Limit: 1}
	for {
		res := search(t, r, q, Options{})
		if got = append(got, paths(res)...); res.Stats.Files != 13 {
			t.Errorf("%d files were searched for a page", res.Stats.Files)
		}
		if q.Cursor = res.Cursor; q.Cursor == "" {
			break
		}
	}
	if d := cmp.Diff(want, slices.Compact(got)); d != "" {
		t.Errorf("one by one (-want +got):\n%s", d)
	}
	// Of a regular expression it counts whether its lines define anything.
	re := search(t, r, code.Query{Pattern: `Resol\w+\(\w*|Use Res`, Mode: code.Regex}, Options{})
	if got := paths(re); slices.Index(got, "docs/guide.md") < slices.Index(got, "b/repo.go") || got[len(got)-1] != "web/app.min.js" {
		t.Errorf("a regular expression: %q", got)
	}
	// Ignoring case, too.
	if got := paths(search(t, r, code.Query{Pattern: "rEsolve", Case: code.Ignore}, Options{})); !cmp.Equal(got, want) {
		t.Errorf("ignoring case: %q", got)
	}
}

// What is masked does not lift a file.
func TestRankOfMasked(t *testing.T) {
	r := repo(t, map[string]string{"a.go": "var x = tokens\n", "b.go": "var token = 1\nvar x = tokens\n", "c.go": "x.token\n"})
	redact := func(_ string, b []byte) []byte {
		return []byte(strings.ReplaceAll(string(b), "var token = 1", "[redacted]"))
	}
	for _, limit := range []int{1, 2, 10} { // whether the places are taken or not
		var got []string
		q := code.Query{Pattern: "token", Limit: limit}
		for {
			res := search(t, r, q, Options{Redact: redact, Workers: 1})
			got = append(got, hits(res)...)
			if q.Cursor = res.Cursor; q.Cursor == "" {
				break
			}
		}
		if d := cmp.Diff([]string{"c.go:0001", "a.go:0001", "b.go:0002"}, got); d != "" {
			t.Errorf("limit %d (-want +got):\n%s", limit, d)
		}
	}
}

// A file that becomes a week old between two pages stays in its place.
func TestRankKeepsItsTime(t *testing.T) {
	r := repo(t, map[string]string{"a": "x\n", "b": "x\n", "c": "x\n"})
	now := time.Now()
	for name, age := range map[string]time.Duration{"a": time.Hour, "b": recent - time.Hour, "c": 0} {
		if err := os.Chtimes(filepath.Join(r.Dir(), name), now.Add(-age), now.Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	q := code.Query{Pattern: "x", Limit: 1}
	var got []string
	for page := range 4 {
		res := search(t, r, q, Options{Now: now.Add(time.Duration(page) * 2 * time.Hour)})
		got = append(got, paths(res)...)
		if q.Cursor = res.Cursor; q.Cursor == "" {
			break
		}
	}
	if d := cmp.Diff([]string{"a", "b", "c"}, got); d != "" {
		t.Errorf("pages (-want +got):\n%s", d)
	}
}

// randomTree makes files of all classes and looks, some with many lines.
func randomTree(t *testing.T, r *rand.Rand) (*tree.Root, []string) {
	lines := []string{"func needle() {", "x.needle()", "needles", "hay", "hay", "// needle", "type needleT int", "secret needle"}
	dirs := []string{"", "a/", "b/c/", "vendor/x/", "test/", "node_modules/y/"}
	names := []string{"m%d.go", "m%d_test.go", "needle%d.py", "m%d.pb.go", "m%d.txt", "m%d.min.js", "m%d.rs"}
	files := make(map[string]string)
	var want []string
	for i := range 3 + r.IntN(60) {
		name := dirs[r.IntN(len(dirs))] + fmt.Sprintf(names[r.IntN(len(names))], i)
		var b strings.Builder
		for n := range r.IntN(12) {
			l := lines[r.IntN(len(lines))]
			b.WriteString(l + "\n")
			if strings.Contains(l, "needle") && !strings.HasPrefix(l, "secret") {
				want = append(want, fmt.Sprintf("%s:%04d", name, n+1))
			}
		}
		files[name] = b.String()
	}
	root := repo(t, files)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if r.IntN(3) == 0 {
			then := time.Now().Add(-time.Duration(r.IntN(20)) * 24 * time.Hour)
			if err := os.Chtimes(filepath.Join(root.Dir(), name), then, then); err != nil {
				t.Fatal(err)
			}
		}
	}
	slices.Sort(want)
	return root, want
}

// Whatever the tree, the limits, and where pages are cut short: every line is delivered
// once, and pages that were not cut short are in the order of one that has all.
func TestPagesOfRandomTrees(t *testing.T) {
	seed := rand.Uint64()
	rounds := 60
	if testing.Short() || raceEnabled {
		rounds = 20
	}
	for round := range rounds {
		r := rand.New(rand.NewPCG(seed, uint64(round)))
		root, want := randomTree(t, r)
		mask := func(b []byte) []byte { return []byte(strings.ReplaceAll(string(b), "secret needle", "[redacted]")) }
		q := code.Query{Pattern: "needle", Context: r.IntN(2)}
		if r.IntN(3) == 0 {
			q = code.Query{Pattern: "nee+dle", Mode: code.Regex}
		}
		now := time.Now()
		all := search(t, root, withLimit(q, 10_000), Options{Now: now, Redact: func(_ string, b []byte) []byte { return mask(b) }})
		cuts := r.IntN(3) // how many pages may be cut short, at most
		var got []string
		inOrder := true
		for page := 0; ; page++ {
			if page > 10*len(want)+10 {
				t.Fatalf("seed %d, round %d: no end of pages", seed, round)
			}
			q.Limit = 1 + r.IntN(20)
			ctx, cancel := context.WithCancel(t.Context())
			var n atomic.Int64
			stop := int64(-1)
			if cuts > 0 && r.IntN(2) == 0 {
				cuts--
				stop = 1 + r.Int64N(12)
			}
			o := Options{Now: now, Workers: 1 + r.IntN(4), Redact: func(_ string, b []byte) []byte {
				if n.Add(1) == stop {
					cancel()
				}
				return mask(b)
			}}
			res, err := Run(ctx, root, compile(t, q), o)
			cancel()
			if err != nil {
				t.Fatal(err)
			}
			if res.Partial != "" && res.Cursor == "" || res.Matches != len(hits(res)) || res.Matches > q.Limit {
				t.Fatalf("seed %d, round %d: partial %q, cursor %q, %d matches of %d lines", seed, round, res.Partial, res.Cursor, res.Matches, len(hits(res)))
			}
			inOrder = inOrder && res.Partial == ""
			got = append(got, hits(res)...)
			if q.Cursor = res.Cursor; q.Cursor == "" {
				break
			}
		}
		if d := cmp.Diff(hits(all), got, cmpopts.EquateEmpty()); inOrder && d != "" {
			t.Fatalf("seed %d, round %d (-at once +in pages):\n%s", seed, round, d)
		}
		slices.Sort(got)
		if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
			t.Fatalf("seed %d, round %d (-want +got):\n%s", seed, round, d)
		}
	}
}

// A pattern with too many lines to rank is answered in the order of paths, page by page.
func TestTooManyToRank(t *testing.T) {
	files := map[string]string{"z.go": "func x() {}\n"}
	for i := range 12 {
		files[fmt.Sprintf("f%02d.txt", i)] = strings.Repeat("x\n", 10_000)
	}
	r := repo(t, files)
	q := code.Query{Pattern: "x", Limit: 60_000}
	var got []string
	for {
		res := search(t, r, q, Options{})
		got = append(got, paths(res)...)
		if q.Cursor = res.Cursor; q.Cursor == "" {
			break
		}
	}
	got = slices.Compact(got)
	if !slices.IsSorted(got) || len(got) != 13 {
		t.Errorf("files %q", got)
	}
	q.Paths = []string{"f00.txt", "z.go"} // few enough
	if got := paths(search(t, r, q, Options{})); got[0] != "z.go" {
		t.Errorf("with few lines: %q", got)
	}
}

func TestScopes(t *testing.T) {
	r := repo(t, map[string]string{
		"a.go": "package a\n\ntype T struct {\n\tneedle int\n}\n\nfunc (t *T) f() {\n\tneedle()\n\tfunc() {\n\t\tneedle()\n\t}()\n}\n\nfunc needle() {}\n\nvar x = needle\n",
		"b.py": "class A:\n    def one(self):\n        pass\n        needle()\n    def two(self):\n        needle()\nneedle = 1\n",
		"c.md": "# Title\n\nneedle\n",
		"d.js": "function f() {\n  needle(\"s3cr3t\")\n}\nfunction s3cr3t() {\n  needle()\n}\n",
		"e.py": "class A:\n    x = 1\n    def f(self):\n        needle\n    y = needle\n",
	})
	redact := func(_ string, b []byte) []byte { return []byte(strings.ReplaceAll(string(b), "s3cr3t", "masked")) }
	for _, c := range []struct {
		path    string
		context int
		limit   int
		want    string
	}{
		{"a.go", 0, 0, "3=type T struct {\n4:\tneedle int\n7=func (t *T) f() {\n8:\tneedle()\n10:\t\tneedle()\n14:func needle() {}\n16:var x = needle\n"},
		{"a.go", 1, 0, "3-type T struct {\n4:\tneedle int\n5-}\n7-func (t *T) f() {\n8:\tneedle()\n9-\tfunc() {\n10:\t\tneedle()\n11-\t}()\n13-\n14:func needle() {}\n15-\n16:var x = needle\n"},
		{"a.go", 0, 2, "3=type T struct {\n4:\tneedle int\n7=func (t *T) f() {\n8:\tneedle()\n"},
		{"b.py", 0, 0, "2=    def one(self):\n4:        needle()\n5=    def two(self):\n6:        needle()\n7:needle = 1\n"},
		{"c.md", 0, 0, "3:needle\n"},
		{"d.js", 0, 0, "1=function f() {\n2:  needle(\"masked\")\n4=function masked() {\n5:  needle()\n"},
		{"e.py", 0, 0, "1=class A:\n3=    def f(self):\n4:        needle\n5:    y = needle\n"},
	} {
		q := code.Query{Pattern: "needle", Paths: []string{c.path}, Context: c.context, Limit: c.limit}
		got := strings.ReplaceAll(show(search(t, r, q, Options{Redact: redact})), c.path, "")
		for _, mark := range []string{"=", ":", "-"} { // one mark is enough
			got = strings.ReplaceAll("\n"+got, "\n"+mark, "\n")[1:]
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s, context %d, limit %d (-want +got):\n%s", c.path, c.context, c.limit, d)
		}
	}
	// Lines of a page begin with what they are in, though an earlier page had it.
	q := code.Query{Pattern: "needle", Paths: []string{"a.go"}, Limit: 2}
	q.Cursor = search(t, r, q, Options{}).Cursor
	if got := show(search(t, r, q, Options{})); !strings.HasPrefix(got, "a.go=7=func (t *T) f() {\na.go:10:") {
		t.Errorf("the second page begins with %q", got)
	}
}

// However lines lie, their numbers only grow, and no line comes twice.
func TestScopesDoNotDouble(t *testing.T) {
	root := goroot(t, filepath.Join("src", "net", "http"))
	for _, context := range []int{0, 1, 7} {
		res := search(t, root, code.Query{Pattern: "err", Context: context, Limit: 3000}, Options{})
		scopes := 0
		for _, f := range res.Files {
			last := 0
			for _, l := range f.Lines {
				if l.Number <= last || l.Scope && l.Match {
					t.Fatalf("%s: line %d after %d", f.Path, l.Number, last)
				}
				last = l.Number
				if l.Scope {
					scopes++
				}
			}
		}
		if scopes == 0 {
			t.Error("no scope")
		}
	}
}

func withLimit(q code.Query, n int) code.Query {
	q.Limit = n
	return q
}
