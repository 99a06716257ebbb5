package gouses_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"cleat/internal/gouses"
	"cleat/internal/tree"
)

// memory are files that are not on disk.
type memory []txtar.File

type content []byte

func (c content) Read(_ []byte, limit int64) ([]byte, error) {
	if int64(len(c)) > limit {
		return nil, tree.ErrTooLarge
	}
	return c, nil
}

func (c content) Stat() (int64, time.Time, error) { return int64(len(c)), time.Time{}, nil }

func (m memory) Walk(_ context.Context, _ tree.WalkOptions, fn func(int, *tree.Entry) error) (tree.WalkStats, error) {
	for _, f := range m {
		if err := fn(0, tree.NewEntry(f.Name, content(f.Data))); err != nil {
			return tree.WalkStats{}, err
		}
	}
	return tree.WalkStats{}, nil
}

// Whatever the files are, Find does not panic, says the same by way of a worker, and each
// position it gives is of the identifier, in order, and in one list only.
func FuzzFind(f *testing.F) {
	for _, archive := range fixtures() {
		for _, name := range strings.Fields(string(txtar.Parse([]byte(archive)).Comment)) {
			f.Add(name, archive[strings.Index(archive, "-- "):])
		}
	}
	f.Add("Error", "-- a.go --\npackage a\nfunc f(e error) { e.Error() }\ntype T struct{ ext.U }\nfunc (t T) Error() {}\n")
	f.Add("T.M", "-- go.mod --\nmodule (\n\"a\n-- a.go --\npackage a\ntype T[P T[P]] interface{ T[P]; M() }\n//line x:1\nfunc (T) M[P any]() { goto M; M: }\n")
	f.Fuzz(func(t *testing.T, name, archive string) {
		var files memory
		seen := map[string]bool{}
		for _, file := range txtar.Parse([]byte(archive)).Files {
			if !seen[file.Name] && len(file.Name) < 100 && !strings.HasPrefix(file.Name, "/") {
				seen[file.Name] = true
				files = append(files, file)
			}
		}
		res, err := gouses.Find(t.Context(), files, gouses.Query{Name: name})
		other, otherErr := gouses.Find(t.Context(), files, gouses.Query{Name: name, Worker: served})
		if d := gocmp.Diff(res, other); d != "" || (err == nil) != (otherErr == nil) {
			t.Errorf("by a worker: %v (-without +with):\n%s", otherErr, d)
		}
		if err != nil {
			return
		}
		ident := name[strings.LastIndexByte(name, '.')+1:]
		ident = strings.Trim(strings.TrimSuffix(strings.TrimSpace(ident), "()"), "(*)")
		given := map[gouses.Pos]bool{}
		for _, list := range [][]gouses.Pos{res.Defs, res.Uses, res.Unsure} {
			var last gouses.Pos
			for _, p := range list {
				if p.Path < last.Path || p.Path == last.Path && (p.Line < last.Line || p.Line == last.Line && p.Col <= last.Col) {
					t.Errorf("%v follows %v", p, last)
				}
				last = p
				at := gouses.Pos{Path: p.Path, Line: p.Line, Col: p.Col}
				if given[at] {
					t.Errorf("%v is in two lists", at)
				}
				given[at] = true
				if !strings.Contains(name, "[") && !stands(files, p, ident) {
					t.Errorf("%q is not at %v", ident, p)
				}
			}
		}
	})
}

func stands(files memory, p gouses.Pos, ident string) bool {
	for _, f := range files {
		if f.Name == p.Path {
			lines := bytes.Split(f.Data, []byte("\n"))
			return p.Line <= len(lines) && p.Col <= len(lines[p.Line-1]) && bytes.HasPrefix(lines[p.Line-1][p.Col-1:], []byte(ident))
		}
	}
	return false
}
