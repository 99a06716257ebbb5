// Package gouses finds where a Go identifier is defined and used, told by types and not
// by its spelling, in a tree of files that nobody has built: no go command runs, and no
// code of the tree does. It may be hostile.
//
// The files are parsed and type-checked with go/types as far as they go. Packages are
// found by the go.mod files of the tree. What lies outside (the standard library, third
// parties that are not vendored, cgo) stands in as empty packages, and what cannot be
// told because of that is listed apart, as unsure. Only packages that hold the name are
// checked, and what they import; only the bodies of functions that hold it.
//
// What leaves the package are positions and fixed phrases, never text of the files.
package gouses

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"cleat/internal/fail"
	"cleat/internal/tree"
)

// A Query says which identifier, and what may be seen.
type Query struct {
	// Name is what to look for:
	//
	//	Resolve                    all package-level names, methods and fields so called
	//	Repo.Resolve               a method or field of a type, also an embedded one
	//	git.Resolve                a name of a package, by its name or import path
	//	git.Repo.Resolve           both
	//	internal/git.Repo.Resolve  the same, by the end of the import path
	//
	// The forms of stack traces, such as "cleat/internal/git.(*Repo).Resolve", are good
	// too. Where a name can be read in two ways, all that exists counts.
	Name string

	Paths []string // as tree.WalkOptions.Paths: only positions in these are returned

	// Deny closes files, and folders with all below them. It is called concurrently.
	Deny func(path string) bool

	// Redact masks secrets in a whole file, keeping its line feeds. Positions refer to
	// the masked text, and what a mask covers is not found.
	Redact func(path string, data []byte) []byte
}

// A Result is where the identifier occurs. Each list is in the order of path, line and
// column, and no position is in two of them.
type Result struct {
	Defs   []Pos  // where what the name means is declared
	Uses   []Pos  // where it is used
	Unsure []Pos  // where something of the same name is used that may be it; each has Why
	Note   string // what was not checked; empty if all was
}

// A Pos is the place of an identifier.
type Pos struct {
	Path string // slash-separated, relative to the root
	Line int    // from 1
	Col  int    // in bytes, from 1
	Why  Reason // of an unsure one
}

// A Reason says why a use is unsure.
type Reason string

// The reasons.
const (
	UnknownType   Reason = "the type of what it is selected from is not known"
	UnknownName   Reason = "not declared in any file that was checked"
	UnknownKey    Reason = "a key of a composite literal whose type is not known"
	ViaInterface  Reason = "through an interface that the type implements"
	Implements    Reason = "of a type that implements the interface"
	NotParsed     Reason = "the file does not parse"
	NotChecked    Reason = "its package could not be checked"
	TooElaborate  Reason = "its package or function is too elaborate to be checked"
	TooManyBuilds Reason = "under build tags that were not tried"
)

// Find looks q.Name up in files. It fails with fail.Invalid for what is no name, and as
// files.Walk does. A name that is declared nowhere gives an empty Result that says so.
//
// When ctx ends, the work stops, the Result is what was found until then, and its Note
// says so. go/types cannot be stopped: packages that are under way get two seconds, and
// then are left to end by themselves, of all goroutines the only ones to outlive Find.
// While too many of them do, Find fails with fail.Busy. No call takes more than two minutes.
func Find(ctx context.Context, files tree.Files, q Query) (*Result, error) {
	began := time.Now()
	name, err := parseName(q.Name)
	if err != nil {
		return nil, err
	}
	if abandoned.Load() >= maxAbandoned {
		return nil, fail.Errorf(fail.Busy, "Go files of earlier calls are still being checked").After(time.Minute)
	}
	ctx, cancel := context.WithTimeout(ctx, maxTime)
	defer cancel()
	l, err := load(ctx, files, q, name)
	if err != nil && ctx.Err() == nil {
		return nil, err
	}
	c := newChecker(ctx, name, l)
	if ctx.Err() == nil {
		c.graph.build(name)
		c.run()
	}
	res := &Result{}
	a := c.answer()
	l.positions(res, a, c)
	var notes []string
	if ctx.Err() != nil {
		notes = append(notes, whyEnded(ctx, began))
	}
	notes = append(notes, l.notes()...)
	notes = append(notes, c.notes()...)
	if len(a.targets) == 0 && !a.outside && ctx.Err() == nil {
		notes = append(notes, "nothing of that name is declared in the files")
	}
	res.Note = strings.Join(notes, "; ")
	return res, nil
}

// whyEnded says why ctx has ended.
func whyEnded(ctx context.Context, began time.Time) string {
	if !errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return "the call was canceled before all was checked"
	}
	if end, ok := ctx.Deadline(); ok {
		if d := end.Sub(began).Round(time.Millisecond); d > 0 {
			return "a deadline of " + d.String() + " ended the work before all was checked"
		}
	}
	return "the deadline ended the work before all was checked"
}

// positions fills res from what is known of the identifiers in the files.
func (l *loaded) positions(res *Result, a *answer, c *checker) {
	for _, s := range l.sources {
		if !s.has || !s.wanted {
			continue
		}
		found := a.files[s]
		if why := c.lacks[s]; why != "" && (len(a.targets) > 0 || a.outside) {
			for _, off := range tokens(s.data, c.name.last) {
				if _, ok := found[off]; !ok {
					if found == nil {
						found = map[int]verdict{}
					}
					found[off] = verdict{is: unsure, why: why}
				}
			}
		}
		at := newPlacer(s, c.name.last, l.redact)
		for off, v := range found {
			if v.is == other {
				continue
			}
			line, col, ok := at.place(off)
			if !ok {
				continue
			}
			p := Pos{Path: s.path, Line: line, Col: col}
			switch v.is {
			case defined:
				res.Defs = append(res.Defs, p)
			case used:
				res.Uses = append(res.Uses, p)
			case unsure:
				p.Why = v.why
				res.Unsure = append(res.Unsure, p)
			}
		}
	}
	for _, list := range [][]Pos{res.Defs, res.Uses, res.Unsure} {
		slices.SortFunc(list, func(a, b Pos) int {
			return cmp.Or(strings.Compare(a.Path, b.Path), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col))
		})
	}
}

// A placer turns offsets in a file into lines and columns of its masked text.
type placer struct {
	data, masked []byte
	name         string
	starts       []int // of the lines of data
	maskedStarts []int // of masked; nil if it is the same
}

func newPlacer(s *source, name string, redact func(string, []byte) []byte) *placer {
	p := &placer{data: s.data, name: name, starts: lineStarts(s.data)}
	if redact != nil {
		if p.masked = redact(s.path, s.data); !bytes.Equal(p.masked, p.data) {
			p.maskedStarts = lineStarts(p.masked)
		}
	}
	return p
}

// place returns where the identifier at off is, from 1, and false if a mask covers it.
func (p *placer) place(off int) (line, col int, ok bool) {
	i, found := slices.BinarySearch(p.starts, off)
	if !found {
		i--
	}
	col = off - p.starts[i]
	if p.maskedStarts == nil {
		return i + 1, col + 1, true
	}
	if len(p.maskedStarts) != len(p.starts) {
		return 0, 0, false
	}
	raw, masked := lineAt(p.data, p.starts, i), lineAt(p.masked, p.maskedStarts, i)
	if bytes.Equal(raw, masked) {
		return i + 1, col + 1, true
	}
	// The nth of the name stays the nth only if no other came or went.
	rawAt, maskedAt := words(raw, p.name), words(masked, p.name)
	n := slices.Index(rawAt, col)
	if n < 0 || len(rawAt) != len(maskedAt) {
		return 0, 0, false
	}
	return i + 1, maskedAt[n] + 1, true
}

func lineStarts(data []byte) []int {
	starts := make([]int, 1, bytes.Count(data, []byte{'\n'})+1)
	for i, b := range data {
		if b == '\n' {
			starts = append(starts, i+1)
		}
	}
	return starts
}

func lineAt(data []byte, starts []int, i int) []byte {
	if i+1 < len(starts) {
		return data[starts[i]:starts[i+1]]
	}
	return data[starts[i]:]
}

// words returns where name stands as a whole word in line.
func words(line []byte, name string) []int {
	var out []int
	for from := 0; ; {
		i := bytes.Index(line[from:], []byte(name))
		if i < 0 {
			return out
		}
		i += from
		from = i + len(name)
		if !endsInLetter(line[:i]) && !beginsWithLetter(line[from:]) {
			out = append(out, i)
		}
	}
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
