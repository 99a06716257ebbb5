package candidates

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"cleat/internal/fail"
	"cleat/internal/systems/code"
	"cleat/internal/tree"
)

const secret = "sk-SECRET-000"

func options() Options {
	return Options{Source: "test",
		Redact: func(_ string, b []byte) []byte { return bytes.ReplaceAll(b, []byte(secret), []byte("[redacted]")) },
		Closed: func(p string) bool { return p == "closed.txt" }}
}

func whole(path, data string) File {
	return File{Repo: "shop", Path: path, Whole: true, Parts: []Part{{1, []byte(data)}}}
}

// search gives the files to a collector, and returns what it kept.
func search(t *testing.T, q code.Query, files ...File) *code.Result {
	t.Helper()
	c, err := New(q, options())
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if err := c.Add(t.Context(), f); err != nil {
			t.Fatal(err)
		}
	}
	return c.Result(false, 0)
}

// show writes a result as path:line, with "-" for context and "!" for definitions.
func show(r *code.Result) string {
	var out []string
	for _, d := range r.Definitions {
		out = append(out, fmt.Sprintf("%s:%d!", d.Path, d.Line))
	}
	for _, f := range r.Files {
		if len(f.Lines) == 0 {
			out = append(out, f.Path)
		}
		for _, l := range f.Lines {
			mark := ""
			if !l.Match {
				mark = "-"
			}
			out = append(out, fmt.Sprintf("%s:%d%s", f.Path, l.Number, mark))
		}
	}
	return strings.Join(out, " ")
}

func TestCollector(t *testing.T) {
	a := whole("a.go", "package a\n\nfunc Put() {}\n\n// Put it\nfunc get() { Put() }\n")
	txt := whole("b/c.txt", "one\nPut\nthree\nfour\nPut "+secret+"\n")
	for _, test := range []struct {
		q    code.Query
		want string
	}{
		{code.Query{Pattern: "Put"}, "a.go:3 a.go:5 a.go:6 b/c.txt:2 b/c.txt:5"},
		{code.Query{Pattern: "put", Case: code.Ignore, Lang: "golang"}, "a.go:3 a.go:5 a.go:6"},
		{code.Query{Pattern: "three", Context: 1}, "b/c.txt:2- b/c.txt:3 b/c.txt:4-"},
		{code.Query{Pattern: "Put", Paths: []string{"b"}}, "b/c.txt:2 b/c.txt:5"},
		{code.Query{Pattern: "Put", Paths: []string{"!b"}}, "a.go:3 a.go:5 a.go:6"},
		{code.Query{Pattern: "SECRET"}, ""},
		{code.Query{Pattern: "[redacted]"}, ""}, // it is not in the file
		{code.Query{Pattern: "closed"}, ""},
		{code.Query{Pattern: "Put", PerFile: 1}, "a.go:3 b/c.txt:2"},
		{code.Query{Pattern: "^P.t$", Mode: code.Regex}, "b/c.txt:2"},
		{code.Query{Pattern: "Put", Mode: code.Symbol}, "a.go:3!"},
		{code.Query{Pattern: "put", Mode: code.Symbol}, ""},
		{code.Query{Pattern: "put", Mode: code.Symbol, Case: code.Ignore}, "a.go:3!"},
		{code.Query{Pattern: "Put", Mode: code.Refs}, "a.go:3! a.go:6 b/c.txt:2 b/c.txt:5"}, // not the comment
		{code.Query{Pattern: "*.go", Mode: code.Files}, "a.go"},
		{code.Query{Pattern: "B/", Mode: code.Files}, "b/c.txt"},
	} {
		closed := whole("closed.txt", "Put closed\n")
		if got := show(search(t, test.q, a, txt, closed, a)); got != test.want {
			t.Errorf("%+v: %s, want %s", test.q, got, test.want)
		}
	}
	for _, bad := range []string{"../x", "/etc/passwd", "a/../../x", "", ".", "a//b", "a/"} {
		if got := show(search(t, code.Query{Pattern: "Put"}, whole(bad, "Put\n"))); got != "" {
			t.Errorf("the path %q was taken: %s", bad, got)
		}
	}
}

// TestParts: what is known in parts has the numbers of the whole.
func TestParts(t *testing.T) {
	f := File{Repo: "shop", Path: "x.go", Parts: []Part{{10, []byte("ten\nfunc Put() {}\n")}, {40, []byte("Put()\n")}, {41, []byte("Put()\nPut()")}}}
	f.Definitions = []code.Definition{{Line: 11, Kind: "function", Name: "Put"}, {Line: 12, Name: "Other"}, {Line: 0, Name: "Put"}}
	if got := show(search(t, code.Query{Pattern: "Put"}, f)); got != "x.go:11 x.go:40 x.go:41 x.go:42" {
		t.Error(got)
	}
	if got := show(search(t, code.Query{Pattern: "Put", Mode: code.Refs}, f)); got != "x.go:11! x.go:40 x.go:41 x.go:42" {
		t.Error(got)
	}
	c, err := New(code.Query{Pattern: "Put", Mode: code.Refs}, options())
	if err != nil {
		t.Fatal(err)
	}
	c.Define(f)
	f.Definitions = nil
	if err := c.Add(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	if got := show(c.Result(false, 0)); got != "x.go:11! x.go:40 x.go:41 x.go:42" {
		t.Errorf("defined beforehand: %s", got)
	}
}

func TestContainers(t *testing.T) {
	f := whole("x.go", "package x\n\ntype A struct{}\n\nfunc (A) Put() {}\n\ntype B struct{}\n\nfunc (B) Put() {}\n")
	for pattern, want := range map[string]string{"Put": "x.go:5! x.go:9!", "A.Put": "x.go:5!", "B::Put": "x.go:9!", "B#Put": "x.go:9!", "C.Put": ""} {
		if got := show(search(t, code.Query{Pattern: pattern, Mode: code.Symbol}, f)); got != want {
			t.Errorf("%s: %s, want %s", pattern, got, want)
		}
	}
}

// TestPages: whatever the limit, the pages together are the whole, also where the service
// answers in another order.
func TestPages(t *testing.T) {
	var files []File
	var want []string
	for i := range 7 {
		var b strings.Builder
		for j := range i {
			fmt.Fprintf(&b, "hit\nmiss\n")
			want = append(want, fmt.Sprintf("f%d.txt:%d", i, 2*j+1))
		}
		files = append(files, whole(fmt.Sprintf("f%d.txt", i), b.String()))
	}
	slices.Sort(want)
	for limit := 1; limit < 25; limit++ {
		var got []string
		q := code.Query{Pattern: "hit", Limit: limit}
		for page := 0; ; page++ {
			if page > 30 {
				t.Fatalf("limit %d: no end", limit)
			}
			r := search(t, q, files...)
			if r.Matches > limit {
				t.Errorf("limit %d: %d matches", limit, r.Matches)
			}
			if s := show(r); s != "" {
				got = append(got, strings.Fields(s)...)
			}
			if q.Cursor = r.Cursor; q.Cursor == "" {
				break
			}
			rand.Shuffle(len(files), func(i, j int) { files[i], files[j] = files[j], files[i] })
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("limit %d: %q, want %q", limit, got, want)
		}
	}
	r := search(t, code.Query{Pattern: "hit", Limit: 2}, files...)
	for _, q := range []code.Query{{Pattern: "hi", Cursor: r.Cursor}, {Pattern: "hit", Repo: "x", Cursor: r.Cursor}, {Pattern: "hit", Cursor: "x" + r.Cursor}} {
		if _, err := New(q, options()); fail.From(err) == nil || fail.From(err).Code != fail.Invalid {
			t.Errorf("%+v: %v", q, err)
		}
	}
}

func TestMost(t *testing.T) {
	var files []File
	for i := range MaxGiven + 5 {
		files = append(files, whole(fmt.Sprintf("f%04d.txt", i), "hit\n"))
	}
	r := search(t, code.Query{Pattern: "hit", Limit: 5000}, files...)
	if r.Matches != MaxGiven || r.Cursor != "" || r.Partial == "" {
		t.Errorf("%d matches, cursor %q, partial %q", r.Matches, r.Cursor, r.Partial)
	}
}

func TestEnded(t *testing.T) {
	c, err := New(code.Query{Pattern: "hit"}, options())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Add(ctx, whole("a", "hit\n")); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end: %v", err)
	}
}

// matching checks that the expressions for a service propose every path that Match takes,
// and exclude none.
func matching(t *testing.T, paths []string, file string) {
	p, err := NewPaths(paths)
	if err != nil {
		return
	}
	if !p.Match(file) {
		return
	}
	if re := p.Include(); re != "" && !regexp.MustCompile(re).MatchString(file) {
		t.Errorf("%q takes %q, and %s does not", paths, file, re)
	}
	for _, re := range p.Exclude() {
		if regexp.MustCompile(re).MatchString(file) {
			t.Errorf("%q takes %q, and %s excludes it", paths, file, re)
		}
	}
}

func TestPaths(t *testing.T) {
	files := []string{"main.go", "order/order.go", "order/order_test.go", "deep/a/b/c/note.txt", "a[b]/x y.go", "order.txt", "cmd/order/x.go", "vendor/v.go", "cmd/vendor/w.go", "Ünï/ö.md"}
	for _, test := range []struct{ paths, want string }{
		{"order", "order/order.go order/order_test.go"},
		{"./order/", "order/order.go order/order_test.go"},
		{"order/order.go", "order/order.go"},
		{"*.go !order", "main.go a[b]/x y.go vendor/v.go cmd/vendor/w.go"},
		{"!vendor !*_test.go !deep/", "main.go order/order.go a[b]/x y.go order.txt cmd/order/x.go Ünï/ö.md"},
		{"cmd/** !cmd/vendor", "cmd/order/x.go"},
		{"**/c/*.txt", "deep/a/b/c/note.txt"},
		{"{order,cmd}/*.go", "order/order.go order/order_test.go"},
		{"?ain.go", "main.go"},
		{"[mn]ain.go", "main.go"},
		{".", strings.Join(files, " ")},
		{"Ünï", "Ünï/ö.md"},
		{"**/?.md", "Ünï/ö.md"},
	} {
		p, err := NewPaths(strings.Fields(test.paths))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range files {
			if p.Match(f) {
				got = append(got, f)
			}
			matching(t, strings.Fields(test.paths), f)
		}
		if s := strings.Join(got, " "); s != test.want {
			t.Errorf("%s: %s, want %s", test.paths, s, test.want)
		}
	}
	for path, code := range map[string]fail.Code{"../x": fail.Denied, "/etc": fail.Denied, "a/../../b": fail.Denied, "!..": fail.Denied, "": fail.Invalid, "[": fail.Invalid} {
		if _, err := NewPaths([]string{path}); err == nil || fail.From(err).Code != code {
			t.Errorf("%q: %v, want %s", path, err, code)
		}
	}
}

// FuzzPaths: what a service is asked for is never less than what Match takes.
func FuzzPaths(f *testing.F) {
	f.Add("**/*.go", "order", "order/a.go")
	f.Add("a[b-c]?\\*", "!x/**", "ab1*")
	f.Add("*", "\xc2", "0")
	f.Fuzz(func(t *testing.T, a, b, file string) {
		if fs.ValidPath(file) && !strings.Contains(file, "\n") {
			matching(t, []string{a, b}, file)
		}
	})
}

func TestNames(t *testing.T) {
	for _, test := range []struct {
		name  string
		match []string
		not   []string
	}{
		{"shop", []string{"shop", "github.com/acme/shop"}, []string{"workshop", "shop2", "shop/x"}},
		{"acme/shop", []string{"github.com/acme/shop"}, []string{"macme/shop"}},
		{"acme/*", []string{"github.com/acme/shop"}, []string{"acme/a/b"}},
		{"a.c", []string{"a.c"}, []string{"abc"}},
		{`x"y\`, nil, []string{"xy"}},
		{".*|.*", nil, []string{"anything"}},
	} {
		re := regexp.MustCompile(RepoRegexp(test.name))
		for _, s := range test.match {
			if !re.MatchString(s) {
				t.Errorf("%q does not mean %q", test.name, s)
			}
		}
		for _, s := range test.not {
			if re.MatchString(s) {
				t.Errorf("%q means %q", test.name, s)
			}
		}
	}
	if got := NearRepos("acme/shpo", []string{"github.com/acme/shop", "github.com/acme/kiosk"}); !strings.Contains(got, `"github.com/acme/shop"`) {
		t.Error(got)
	}
	for pattern, files := range map[string]string{"*.go": "a/b.go", "a/*.go": "a/b.go", "/b": "bx", "./b": "b/c", "b.g": "a/b.go", "**/c": "a/b/c"} {
		if !regexp.MustCompile(FileRegexp(pattern)).MatchString(files) {
			t.Errorf("mode files, %q: %s does not take %q", pattern, FileRegexp(pattern), files)
		}
	}
}

// TestLanguages compares endings and fileNames with what tree.Lang knows.
func TestLanguages(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "../../tree/lang.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range file.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || fn.Name.Name != "langOfName" && fn.Name.Name != "langOfEnding" {
			continue
		}
		ast.Inspect(fn, func(n ast.Node) bool {
			clause, ok := n.(*ast.CaseClause)
			if !ok {
				return true
			}
			for _, e := range clause.List {
				s, err := strconv.Unquote(e.(*ast.BasicLit).Value)
				if err != nil {
					t.Fatal(err)
				}
				name := s
				if fn.Name.Name == "langOfEnding" {
					name = "dir/x." + s
				}
				if re := LangRegexp(tree.Lang(name)); re == "" || !regexp.MustCompile(re).MatchString(name) {
					t.Errorf("%s is %s, and %s does not take it", name, tree.Lang(name), re)
				}
			}
			return true
		})
	}
	if re := regexp.MustCompile(LangRegexp("golang")); !re.MatchString("a/b.go") || !re.MatchString("B.GO") || re.MatchString("go.mod") || re.MatchString("a.gob") {
		t.Errorf("go: %s", re)
	}
}
