package gouses_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"cleat/internal/fail"
	"cleat/internal/gouses"
	"cleat/internal/tree"
)

func find(t testing.TB, r tree.Files, q gouses.Query) *gouses.Result {
	t.Helper()
	res, err := gouses.Find(t.Context(), r, q)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func TestNames(t *testing.T) {
	r := write(t, "-- a.go --\npackage a\n")
	for _, name := range []string{"", "a b.c", "1x", "func", "git.", ".x", "a..b", "_", "git._", "a/b", "internal/git", "a.b-c",
		"x\x00", strings.Repeat("a", 600), "a/b.c d", "é.!"} {
		_, err := gouses.Find(t.Context(), r, gouses.Query{Name: name})
		var f *fail.Error
		if !errors.As(err, &f) || f.Code != fail.Invalid {
			t.Errorf("%q: %v, want invalid", name, err)
		}
	}
	for _, name := range []string{"Résumé", "é.Ö", "gopkg.in/yaml.v3.Marshal", "T.m()", "Box[...].Get", "(*T).M"} {
		res := find(t, r, gouses.Query{Name: name})
		if len(res.Defs)+len(res.Uses)+len(res.Unsure) != 0 || res.Note != "nothing of that name is declared in the files" {
			t.Errorf("%q: %+v", name, res)
		}
	}
}

func TestPathsAndDeny(t *testing.T) {
	r := write(t, `
-- go.mod --
module m
-- a/a.go --
package a

func F() {}
-- b/b.go --
package b

import "m/a"

var _ = a.F
-- c/c.go --
package c

import "m/a"

var _ = a.F
`)
	res := find(t, r, gouses.Query{Name: "a.F", Paths: []string{"b"}})
	if d := gocmp.Diff([]string{"b/b.go:5:11"}, show(res.Uses, false)); d != "" || len(res.Defs) != 0 {
		t.Errorf("only b (-want +got):\n%s", d)
	}
	res = find(t, r, gouses.Query{Name: "a.F", Deny: func(p string) bool { return p == "b" || p == "a" }})
	if d := gocmp.Diff([]string{"c/c.go:5:11"}, show(res.Uses, false)); d != "" || len(res.Defs) != 0 {
		t.Errorf("a and b are closed (-want +got):\n%s", d)
	}
	if _, err := gouses.Find(t.Context(), r, gouses.Query{Name: "a.F", Paths: []string{"nowhere"}}); fail.From(err).Code != fail.NotFound {
		t.Errorf("a path that does not exist: %v", err)
	}
}

func TestRedact(t *testing.T) {
	r := write(t, `
-- go.mod --
module m
-- a.go --
package m

var AKIASECRET, x = 1, "AKIASECRET"

func f() int { k := "hunter2"; _ = k; return x + AKIASECRET }
`)
	redact := func(_ string, b []byte) []byte {
		b = bytes.ReplaceAll(b, []byte("AKIASECRET"), []byte("[masked]"))
		return bytes.ReplaceAll(b, []byte("hunter2"), []byte("[a longer mask]"))
	}
	if res := find(t, r, gouses.Query{Name: "AKIASECRET", Redact: redact}); len(res.Defs)+len(res.Uses)+len(res.Unsure) > 0 {
		t.Errorf("a masked name was found: %+v", res)
	}
	res := find(t, r, gouses.Query{Name: "x", Redact: redact})
	if d := gocmp.Diff([]string{"a.go:3:15", "a.go:5:54"}, append(show(res.Defs, false), show(res.Uses, false)...)); d != "" {
		t.Errorf("columns of the masked text (-want +got):\n%s", d)
	}
}

// What go/types would take years or terabytes for is left out, and said.
func TestElaborate(t *testing.T) {
	chain := func(n int, first, format string) string {
		var b strings.Builder
		b.WriteString(first + "\n")
		for i := 1; i <= n; i++ {
			b.WriteString(strings.NewReplacer("NEXT", fmt.Sprint(i), "LAST", fmt.Sprint(i-1)).Replace(format) + "\n")
		}
		return b.String()
	}
	const pair = "type P[A, B any] struct{}\nfunc dup[A any](A) (r P[A, A]) { return }\nfunc (p P[A, B]) Twice() (r P[P[A, B], P[A, B]]) { return }\n"
	for name, c := range map[string]struct {
		src    string
		unsure int
	}{
		"aliases":             {chain(60, "type X0 = struct{ a, b int }", "type XNEXT = struct{ a, b XLAST }") + "var z, y X60\nvar q int = z\n", 1},
		"structs":             {chain(60, "type X0 struct{ a, b int }", "type XNEXT struct{ a, b XLAST }") + "var z X60\nvar q = z == z\n", 1},
		"instances":           {pair + chain(60, "type X0 = int", "type XNEXT = P[XLAST, XLAST]") + "var z X60\n", 1},
		"generic structs":     {chain(60, "type X0[A any] struct{ a A }", "type XNEXT[A any] struct{ a, b XLAST[A] }") + "var z X60[int]\n", 1},
		"growing arguments":   {pair + chain(60, "type X0[A any] struct{ a A }", "type XNEXT[A any] struct{ a XLAST[P[A, A]] }") + "var z X60[int]\n", 1},
		"interfaces":          {chain(60, "type X0 interface{ M() }", "type XNEXT interface{ XLAST; interface{ XLAST } }"), 1},
		"inferred":            {pair + "func g() {\n" + chain(60, "x0 := Name", "xNEXT := dup(xLAST)") + "}\n", 1},
		"methods":             {pair + "func g() {\n" + chain(60, "x0 := P[int, int]{}; _ = Name", "xNEXT := xLAST.Twice()") + "}\n", 1},
		"variables":           {pair + chain(60, "var x0 = 1", "var xNEXT = dup(xLAST)"), 1},
		"strings":             {chain(60, `const c0 = "xxxxxxxxxxxxxxxxxx"`, "const cNEXT = cLAST + cLAST") + "const z = len(c60)\n", 1},
		"runes":               {chain(60, `const c0 = string('x')`, "const cNEXT = cLAST + cLAST") + "const z = len(c60)\n", 1},
		"type of itself":      {"type B[T any] B[int]\ntype A = B[bool]\nvar _ = new(A).Get()\n", 1},
		"types of each other": {"type A B[A, int]\ntype B[P, Q any] A\nvar _ = B[bool, int]{}.Name\n", 1},
		"larger and larger":   {"type A[P any] map[string]A2[*P]\ntype A2[P any] []A[P]\nvar _ = A[int]{}.Name\n", 1},
		"own parameter":       {"type A[P any] P\ntype B map[A[interface{ ~A[int] }]]A[func(A[int]) B]\nvar v A[B]\nvar _ = v.Name\n", 1},
		"union in a type":     {"type A interface{ ~func(map[struct{ B[int] }]*int) interface{ B[int]; M() } }\ntype B[P any] struct{ A }\nvar v A\nvar _ = v.Name\n", 1},
		"alias of itself":     {"type A interface{ B; M(func(B) *[1]int) }\ntype B = *interface{ A; M([]func(int) int) }\nvar v A\nvar c B\nvar _ = v == c\n", 1},
		"no interface":        {"type A[P, Q any] []interface{ A[B, P]; M(P) }\ntype B *A[struct{ A[int, int] }, A[int, B]]\nvar v B\nvar _ = v.Name\n", 1},
		"long chain":          {chain(100_000, "type X0 int", "type XNEXT struct{ a XLAST }"), 1},
		"deep expression":     {"var x = 1" + strings.Repeat("+x", 100_000), 1},
		"deep type":           {"var x " + strings.Repeat("[]", 50_000) + "int", 1},
		"deep functions":      {"var _ = " + strings.Repeat("func() {", 90_000), 1},
	} {
		t.Run(name, func(t *testing.T) {
			r := write(t, "-- go.mod --\nmodule m\n-- p/a.go --\npackage p\n\nvar Name = 1\nvar Other = Name\n\n"+c.src+
				"\n-- q/q.go --\npackage q\n\nimport \"m/p\"\n\nvar _ = p.Name\n-- r/r.go --\npackage r\n\nvar Name int\nvar _ = Name\n")
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			res, err := gouses.Find(ctx, r, gouses.Query{Name: "Name"})
			if err != nil {
				t.Fatal(err)
			}
			runtime.ReadMemStats(&after)
			if ctx.Err() != nil {
				t.Error("it took more than a minute")
			}
			if mb := (after.TotalAlloc - before.TotalAlloc) >> 20; mb > 2048 {
				t.Errorf("%d MB were allocated", mb)
			}
			if len(res.Unsure) < c.unsure || res.Note == "" {
				t.Errorf("unsure %v, note %q", res.Unsure, res.Note)
			}
			if uses := strings.Join(show(res.Uses, false), " "); !strings.Contains(uses, "r/r.go:4:9") {
				t.Errorf("the package beside it suffers: uses %s", uses)
			}
		})
	}
}

// A context that has ended, or ends on the way, gives what there is, and says so.
func TestContextEnds(t *testing.T) {
	r := write(t, "-- go.mod --\nmodule m\n-- a.go --\npackage m\n\nvar X = 1\n")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	res, err := gouses.Find(ctx, r, gouses.Query{Name: "X"})
	if err != nil || !strings.Contains(res.Note, "canceled before all was checked") {
		t.Errorf("canceled: %+v, %v", res, err)
	}
	ctx, cancel = context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	res, err = gouses.Find(ctx, r, gouses.Query{Name: "X"})
	if err != nil || !strings.Contains(res.Note, "deadline") {
		t.Errorf("past the deadline: %+v, %v", res, err)
	}
	ctx, cancel = context.WithCancel(t.Context())
	defer cancel()
	res, err = gouses.Find(ctx, cancels{r, cancel}, gouses.Query{Name: "X"})
	if err != nil || len(res.Defs) > 0 || res.Note == "" {
		t.Errorf("canceled after the walk: %+v, %v", res, err)
	}
}

// cancels are files after whose walk the context ends.
type cancels struct {
	tree.Files
	cancel func()
}

func (c cancels) Walk(ctx context.Context, o tree.WalkOptions, fn func(int, *tree.Entry) error) (tree.WalkStats, error) {
	defer c.cancel()
	return c.Files.Walk(ctx, o, fn)
}

func TestOversize(t *testing.T) {
	dir := t.TempDir()
	big := append([]byte("package m\n\nvar X = 1\n"), bytes.Repeat([]byte("// filler\n"), 1<<20)...)
	for name, data := range map[string][]byte{"go.mod": []byte("module m\n"), "a.go": []byte("package m\n\nvar Y = X\n"),
		"big.go": big, "nul.go": []byte("package m\x00\nvar X = 1\n")} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	r, err := tree.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	res := find(t, r, gouses.Query{Name: "Y"})
	if !strings.Contains(res.Note, "1 Go file over 8 MB not read; 1 Go file could not be read") || len(res.Defs) != 1 {
		t.Errorf("%+v", res)
	}
}

// Two calls give the same, whatever order the work falls out in.
func TestStable(t *testing.T) {
	for name, archive := range fixtures() {
		r := write(t, archive)
		q := gouses.Query{Name: strings.Fields(archive)[0]}
		first := find(t, r, q)
		for range 5 {
			if d := gocmp.Diff(first, find(t, r, q)); d != "" {
				t.Fatalf("%s: %s", name, d)
			}
		}
	}
}
