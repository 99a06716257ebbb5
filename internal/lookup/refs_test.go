package lookup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cleat/internal/fail"
	"cleat/internal/gouses"
	"cleat/internal/systems/code"
	"cleat/internal/tree"
)

// lay writes a result as lines: definitions, then files with "N: use", "N= scope" (and
// "N=: " for both) and "N- context".
func lay(res *code.Result) string {
	var b strings.Builder
	for _, d := range show(res) {
		fmt.Fprintln(&b, d)
	}
	for _, f := range res.Files {
		fmt.Fprintf(&b, "%s (%d)\n", f.Path, f.Matches)
		for _, l := range f.Lines {
			mark := "-"
			switch {
			case l.Match && l.Scope:
				mark = "=:"
			case l.Match:
				mark = ":"
			case l.Scope:
				mark = "="
			}
			fmt.Fprintf(&b, "  %d%s %s\n", l.Number, mark, strings.TrimSpace(l.Text))
		}
	}
	return b.String()
}

const byName = "by name; comments and strings left out"

func TestRefs(t *testing.T) {
	tests := []struct {
		name  string
		query code.Query
		how   string
		want  string
	}{
		{"Go", code.Query{Pattern: "Resolve"}, byName, `
internal/git/repo.go:7 method Repo.Resolve
internal/url/url.go:5 method URL.Resolve
cmd/tool/main.go (1)
  3= func main() {
  5: println("Open", r.Resolve("main"))
internal/git/repo_test.go (1)
  3: func TestOpen() { Open("x").Resolve("HEAD") }
`},
		{"one definition by its container", code.Query{Pattern: "url.Open", Lang: "go"}, byName, `
internal/url/url.go:7 function Open
cmd/tool/main.go (1)
  3= func main() {
  4: r := git.Open(".") // Open it
internal/git/repo.go (1)
  9: func Open(dir string) *Repo { return &Repo{dir} }
internal/git/repo_test.go (1)
  3: func TestOpen() { Open("x").Resolve("HEAD") }
gen/open.pb.go (1)
  5: func Open() {}
vendor/x/open.go (1)
  3: func Open() {}
`},
		{"several languages", code.Query{Pattern: "open", Paths: []string{"lib", "web", "init.lua", "Makefile"}}, byName + "; all whole words in lua", `
Makefile:3 target open
lib/door.rb:2 method Door.open
lib/store.py:2 method Store.open
web/open.ts:2 method Door.open
Makefile (2)
  1: open-all: open
  3= open:
  4: echo open
init.lua (2)
  1: local reopen = open
  2: open(1)
lib/door.rb (1)
  4= def self.build
  5: open
lib/store.py (1)
  2= def open(self):
  3: return f"{self.open()} open"
`},
		{"context", code.Query{Pattern: "Resolve", Paths: []string{"cmd"}, Context: 1}, byName, `
cmd/tool/main.go (1)
  3= func main() {
  4- r := git.Open(".") // Open it
  5: println("Open", r.Resolve("main"))
  6- }
`},
		{"any case", code.Query{Pattern: "DOOR_OPEN", Case: code.Ignore}, byName, `
src/door.c:2 function door_open
include/door.h:1 prototype door_open
`},
		{"nothing", code.Query{Pattern: "qwertz"}, byName, ""},
	}
	root := open(t, workspace)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, o := range []Options{{}, {Workers: 1, Cache: newCache(t), HashBlob: blobID}} {
				res, err := Refs(t.Context(), root, tt.query, o)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(strings.TrimPrefix(tt.want, "\n"), lay(res)); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				if res.How != tt.how || res.Files == nil || res.Partial != "" {
					t.Errorf("How %q, want %q; files %v, partial %q", res.How, tt.how, res.Files, res.Partial)
				}
			}
		})
	}
}

func TestRefsPerFile(t *testing.T) {
	root := open(t, "-- a.py --\nx = 1\nx\nx\nx\n-- b.py --\nx\nx\nx\n")
	res, err := Refs(t.Context(), root, code.Query{Pattern: "x", PerFile: 2}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := "a.py:1 var x\na.py (3)\n  2: x\n  3: x\nb.py (3)\n  1: x\n  2: x\n"
	if diff := cmp.Diff(want, lay(res)); diff != "" || res.Matches != 4 {
		t.Errorf("%d matches (-want +got):\n%s", res.Matches, diff)
	}
}

func TestRefsScopes(t *testing.T) {
	root := open(t, `
-- a.py --
class A(X):
    def f(self):
        X()
        def g():
            return X
        return X

def h(x=X):
    X(
      X)
`)
	res, err := Refs(t.Context(), root, code.Query{Pattern: "X"}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := `a.py (7)
  1: class A(X):
  2= def f(self):
  3: X()
  4= def g():
  5: return X
  6: return X
  8=: def h(x=X):
  9: X(
  10: X)
`
	if diff := cmp.Diff(want, lay(res)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestRefsManyDefinitions(t *testing.T) {
	root := open(t, numbered(maxDefs+5))
	res, err := Refs(t.Context(), root, code.Query{Pattern: "X", Limit: 1}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("%s; %d of %d definitions, the others with mode=symbol", byName, maxDefs, maxDefs+5)
	if len(res.Definitions) != maxDefs || res.How != want || res.Matches != 1 {
		t.Errorf("%d definitions, %d matches, How %q, want %q", len(res.Definitions), res.Matches, res.How, want)
	}
}

func TestLongLines(t *testing.T) {
	root := open(t, "-- a.py --\n"+strings.Repeat("a+", 500)+"X"+strings.Repeat("+b", 500)+"\n")
	res, err := Refs(t.Context(), root, code.Query{Pattern: "X"}, Options{MaxLine: 20})
	if err != nil || len(res.Files) != 1 || res.Files[0].Lines[0].Text != "…(+995)+a+a+X+b+b+b+b+b+b+b…(+986)" {
		t.Errorf("%v, %+v", err, res.Files)
	}
}

// TestGone: a file that goes away between the finding and the reading costs its own lines.
func TestGone(t *testing.T) {
	root := open(t, numbered(3))
	res, err := Refs(t.Context(), &fleeting{Files: root}, code.Query{Pattern: "X"}, Options{})
	if err != nil || len(res.Files) != 3 || res.Files[0].Lines == nil {
		t.Errorf("%v, %+v", err, res)
	}
}

// A fleeting is a tree in which what is named has just gone away.
type fleeting struct{ tree.Files }

func (f *fleeting) Walk(ctx context.Context, o tree.WalkOptions, fn func(int, *tree.Entry) error) (tree.WalkStats, error) {
	if len(o.Paths) > 0 {
		return tree.WalkStats{}, fail.Errorf(fail.NotFound, "no file %q", o.Paths[0])
	}
	return f.Files.Walk(ctx, o, fn)
}

func TestRefsExact(t *testing.T) {
	root := open(t, workspace+`
-- internal/git/more.go --
package git

func f(r *Repo, x any) {
	r.Resolve("a")
	x.(interface{ Resolve(string) }).Resolve("b")
	URL{}.Resolve("c")
}
-- web/use.ts --
Resolve()
`)
	type answer struct {
		res *gouses.Result
		err error
	}
	full := &gouses.Result{
		Defs:   []gouses.Pos{{Path: "internal/git/repo.go", Line: 7, Col: 16}},
		Uses:   []gouses.Pos{{Path: "cmd/tool/main.go", Line: 5, Col: 20}, {Path: "internal/git/more.go", Line: 4, Col: 4}},
		Unsure: []gouses.Pos{{Path: "internal/git/more.go", Line: 5, Col: 35}, {Path: "internal/git/repo_test.go", Line: 3, Col: 30}},
		Note:   "a note",
	}
	const all = `internal/git/repo.go:7 method Repo.Resolve
internal/git/more.go (3)
  3= func f(r *Repo, x any) {
  4: r.Resolve("a")
  5: x.(interface{ Resolve(string) }).Resolve("b")
  6: URL{}.Resolve("c")
web/use.ts (1)
  1: Resolve()
cmd/tool/main.go (1)
  3= func main() {
  5: println("Open", r.Resolve("main"))
internal/url/url.go (1)
  5: func (u URL) Resolve(ref string) URL { return u }
internal/git/repo_test.go (1)
  3: func TestOpen() { Open("x").Resolve("HEAD") }
`
	tests := []struct {
		name    string
		pattern string
		answer  answer
		how     string
		want    string
	}{
		{"told by types", "Repo.Resolve", answer{res: full},
			"by types; types could not decide about the last 2 uses of the same name; a note",
			`internal/git/repo.go:7 method Repo.Resolve
internal/git/more.go (1)
  3= func f(r *Repo, x any) {
  4: r.Resolve("a")
cmd/tool/main.go (1)
  3= func main() {
  5: println("Open", r.Resolve("main"))
internal/git/more.go (1)
  3= func f(r *Repo, x any) {
  5: x.(interface{ Resolve(string) }).Resolve("b")
internal/git/repo_test.go (1)
  3: func TestOpen() { Open("x").Resolve("HEAD") }
`},
		{"not declared", "Repo.Resolve", answer{res: &gouses.Result{Note: "x"}}, byName + ": types did not tell what is meant", all},
		{"no name of Go", "Repo.Resolve", answer{err: fail.Errorf(fail.Invalid, "no")}, byName, all},
		{"the worker died", "Repo.Resolve", answer{err: fail.Errorf(fail.Unavailable, "the type check ended early (SIGKILL)")},
			byName + ": types did not tell, the type check ended early (SIGKILL)", all},
		{"a field", "Repo.name", answer{res: &gouses.Result{Defs: []gouses.Pos{{Path: "internal/git/repo.go", Line: 5, Col: 20}}}},
			"by types", "internal/git/repo.go:5 field name\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := Options{Exact: func(_ context.Context, _ tree.Files, q gouses.Query) (*gouses.Result, error) {
				if q.Name != tt.pattern {
					t.Errorf("asked for %q, want %q", q.Name, tt.pattern)
				}
				return tt.answer.res, tt.answer.err
			}}
			res, err := Refs(t.Context(), root, code.Query{Pattern: tt.pattern}, o)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, lay(res)); diff != "" || res.How != tt.how {
				t.Errorf("How %q, want %q (-want +got):\n%s", res.How, tt.how, diff)
			}
			if tt.name == "a field" && res.Definitions[0].Signature != "type Repo struct{ name string }" {
				t.Errorf("signature %q", res.Definitions[0].Signature)
			}
		})
	}
	// What is no error of the tree's is a fault of ours: the log has it, and not the answer.
	var log bytes.Buffer
	broken := errors.New("broken at /a/path")
	res, err := Refs(t.Context(), root, code.Query{Pattern: "Repo.Resolve"}, Options{Log: slog.New(slog.NewTextHandler(&log, nil)),
		Exact: func(context.Context, tree.Files, gouses.Query) (*gouses.Result, error) { return nil, broken }})
	if err != nil || res.How != byName+": types did not tell, internal error" || lay(res) != all {
		t.Errorf("a fault: %v, How %q\n%s", err, res.How, lay(res))
	}
	if !strings.Contains(log.String(), broken.Error()) {
		t.Errorf("the log has %q", log.String())
	}
	for _, pattern := range []string{"Resolve", "Door.open"} { // not qualified, not Go
		_, err := Refs(t.Context(), root, code.Query{Pattern: pattern}, Options{
			Exact: func(context.Context, tree.Files, gouses.Query) (*gouses.Result, error) {
				return nil, broken
			}})
		if err != nil {
			t.Errorf("%s: types were asked for: %v", pattern, err)
		}
	}
}
