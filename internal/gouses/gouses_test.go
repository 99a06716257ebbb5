package gouses_test

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"cleat/internal/gouses"
	"cleat/internal/tree"
)

// write makes a folder of the files of an archive.
func write(t testing.TB, archive string) *tree.Root {
	t.Helper()
	dir := t.TempDir()
	for _, f := range txtar.Parse([]byte(archive)).Files {
		p := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	r, err := tree.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func show(list []gouses.Pos, why bool) []string {
	var out []string
	for _, p := range list {
		s := fmt.Sprintf("%s:%d:%d", p.Path, p.Line, p.Col)
		if why {
			s += " " + string(p.Why)
		}
		out = append(out, s)
	}
	return out
}

// marked returns where the comment /*mark*/ stands directly before something.
func marked(archive, mark string) []string {
	type at struct {
		path      string
		line, col int
	}
	var all []at
	for _, f := range txtar.Parse([]byte(archive)).Files {
		for i, line := range strings.Split(string(f.Data), "\n") {
			for from := 0; ; {
				n := strings.Index(line[from:], "/*"+mark+"*/")
				if n < 0 {
					break
				}
				from += n + len(mark) + 4
				col := from
				for strings.HasPrefix(line[col:], "/*") { // marks of other names
					col += strings.Index(line[col:], "*/") + 2
				}
				all = append(all, at{f.Name, i + 1, col + 1})
			}
		}
	}
	slices.SortFunc(all, func(a, b at) int {
		return cmp.Or(strings.Compare(a.path, b.path), cmp.Compare(a.line, b.line), cmp.Compare(a.col, b.col))
	})
	var out []string
	for _, a := range all {
		out = append(out, fmt.Sprintf("%s:%d:%d", a.path, a.line, a.col))
	}
	return out
}

// Each archive says where what the name means is declared (D), used (U), and unsure (X).
// Its comment is the name; of several names, the marks have the number.
func TestFind(t *testing.T) {
	for name, archive := range fixtures() {
		t.Run(name, func(t *testing.T) {
			r := write(t, archive)
			queries := strings.Fields(string(txtar.Parse([]byte(archive)).Comment))
			for i, q := range queries {
				n := ""
				if len(queries) > 1 {
					n = fmt.Sprint(i + 1)
				}
				res, err := gouses.Find(t.Context(), r, gouses.Query{Name: q})
				if err != nil {
					t.Fatal(err)
				}
				want := [][]string{marked(archive, "D"+n), marked(archive, "U"+n), marked(archive, "X"+n)}
				got := [][]string{show(res.Defs, false), show(res.Uses, false), show(res.Unsure, false)}
				if d := gocmp.Diff(want, got); d != "" {
					t.Errorf("%s: definitions, uses, unsure (-want +got):\n%s\nnote: %s\nunsure: %q", q, d, res.Note, show(res.Unsure, true))
				}
			}
		})
	}
}

func TestReasons(t *testing.T) {
	r := write(t, `
-- go.mod --
module m
-- a.go --
package m

import "net/http"

type Get struct{ Do func() }
type Doer interface{ Do() }
type Impl struct{}

func (Impl) Do() {}

func f(c *http.Client, d Doer, i Impl) {
	c.Do()
	d.Do()
	i.Do()
	_ = http.Options{Do: nil}
}
-- broken.go --
package m

func g(i Impl) {
	if {{{
	i.Do()
`)
	for _, c := range []struct {
		name string
		want []string
	}{
		{"Impl.Do", []string{"a.go:12:4 " + string(gouses.UnknownType), "a.go:13:4 " + string(gouses.ViaInterface),
			"a.go:15:19 " + string(gouses.UnknownKey)}},
		{"Doer.Do", []string{"a.go:9:13 " + string(gouses.Implements), "a.go:12:4 " + string(gouses.UnknownType),
			"a.go:14:4 " + string(gouses.Implements), "a.go:15:19 " + string(gouses.UnknownKey)}},
		{"http.Client.Do", []string{"a.go:12:4 " + string(gouses.UnknownType), "a.go:15:19 " + string(gouses.UnknownKey)}},
	} {
		res, err := gouses.Find(t.Context(), r, gouses.Query{Name: c.name})
		if err != nil {
			t.Fatal(err)
		}
		// Where the parser picks up again in broken.go is its own affair.
		got := slices.DeleteFunc(show(res.Unsure, true), func(s string) bool { return strings.HasPrefix(s, "broken.go") })
		if d := gocmp.Diff(c.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, d)
		}
		if all := show(slices.Concat(res.Uses, res.Unsure), false); c.name == "Impl.Do" && !slices.Contains(all, "broken.go:5:4") {
			t.Errorf("the use in a file that does not parse is not in %q", all)
		}
		if !strings.Contains(res.Note, "1 file with the name does not parse") {
			t.Errorf("note %q", res.Note)
		}
	}
}
