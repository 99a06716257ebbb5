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
//
// go/types trusts what it checks: a few lines of Go can take all memory or overflow the
// stack, of which no process recovers. What is known of such sources is refused, which
// proves nothing about the next. So the files of strangers are checked by another
// process, which Query.Worker starts and which runs Serve: this one reads the files,
// the other parses and checks them, and what it answers is not believed but verified.
package gouses

import (
	"context"
	"errors"
	"fmt"
	"io"
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

	// Worker hands what is to be checked to another process, which runs Serve: request
	// is its standard input, and the answer what it wrote, of at most so many bytes. It
	// returns what context.Cause(ctx) says when ctx ends. If Worker is nil, the check
	// runs in this process, which is for trees that are trusted: see the package.
	Worker func(ctx context.Context, request io.Reader, most int64) ([]byte, error)
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

// Find looks q.Name up in files. It fails with fail.Invalid for what is no name, with
// fail.Unavailable where q.Worker does not come to an end, and as files.Walk does. A name
// that is declared nowhere gives an empty Result that says so.
//
// When ctx ends, the work stops, the Result is what was found until then, and its Note
// says so; a worker is told beforehand how long it has, and is ended with ctx. No call
// takes more than two minutes.
//
// Without a worker, packages that are under way get two seconds more, as go/types cannot
// be stopped, and then are left to end by themselves, of all goroutines the only ones to
// outlive Find. While too many of them do, Find fails with fail.Busy.
func Find(ctx context.Context, files tree.Files, q Query) (*Result, error) {
	began := time.Now()
	n, err := parseName(q.Name)
	if err != nil {
		return nil, err
	}
	if q.Worker == nil && abandoned.Load() >= maxAbandoned {
		return nil, fail.Errorf(fail.Busy, "Go files of earlier calls are still being checked").After(time.Minute)
	}
	ctx, cancel := context.WithTimeout(ctx, maxTime)
	defer cancel()
	l, err := load(ctx, files, q, n)
	if err != nil && ctx.Err() == nil {
		return nil, err
	}
	rep, err := q.check(ctx, n, &l.input)
	if err != nil {
		return nil, err
	}
	res := l.result(rep, n, q.Redact)
	var notes []string
	if rep.ended {
		notes = append(notes, whyEnded(ctx, began))
	}
	notes = append(notes, l.notes()...)
	notes = append(notes, rep.notes()...)
	if !rep.declared && !rep.ended {
		notes = append(notes, "nothing of that name is declared in the files")
	}
	res.Note = strings.Join(notes, "; ")
	return res, nil
}

// check has the files checked, here or by the worker.
func (q *Query) check(ctx context.Context, n name, in *input) (*report, error) {
	switch {
	case ctx.Err() != nil:
		return &report{ended: true}, nil
	case !slices.ContainsFunc(in.sources, func(s *source) bool { return s.has }):
		return &report{}, nil
	case q.Worker == nil:
		return inspect(ctx, n, in, grace), nil
	}
	work, rest := shares(ctx)
	b, err := q.Worker(ctx, newRequest(q.Name, work, rest, in), maxAnswer)
	if err == nil {
		var rep *report
		if rep, err = readReport(b, n, in); err == nil {
			return rep, nil
		}
	}
	if ctx.Err() != nil {
		return &report{ended: true}, nil
	}
	if f, ok := errors.AsType[*fail.Error](err); ok {
		return nil, fail.Errorf(fail.Unavailable, "the type check ended early (%s)", f.What)
	}
	if errors.Is(err, errDamaged) {
		return nil, fail.Errorf(fail.Unavailable, "the type check ended early (%w)", err)
	}
	return nil, fmt.Errorf("checking types: %w", err)
}

// shares returns how long a worker has for its work, and for what is under way then. What
// is left of the time of ctx is for what lies between the processes.
func shares(ctx context.Context) (work, rest time.Duration) {
	end, ok := ctx.Deadline()
	if !ok {
		return maxTime, grace
	}
	all := time.Until(end)
	rest = min(grace, all*2/5)
	return all - rest*5/4, rest
}

// WorkerName is what the other side of Finder is called: a process that runs Serve.
const WorkerName = "gouses"

// Finder returns Find with Query.Worker set to the worker of the name WorkerName. If
// worker is nil, it returns Find.
func Finder(worker func(ctx context.Context, name string, request io.Reader, most int64) ([]byte, error)) func(context.Context, tree.Files, Query) (*Result, error) {
	if worker == nil {
		return Find
	}
	return func(ctx context.Context, files tree.Files, q Query) (*Result, error) {
		q.Worker = func(ctx context.Context, request io.Reader, most int64) ([]byte, error) {
			return worker(ctx, WorkerName, request, most)
		}
		return Find(ctx, files, q)
	}
}

// whyEnded says why the work has ended before all was checked: a worker ends it a little
// before ctx does.
func whyEnded(ctx context.Context, began time.Time) string {
	if errors.Is(ctx.Err(), context.Canceled) {
		return "the call was canceled before all was checked"
	}
	if end, ok := ctx.Deadline(); ok {
		if d := end.Sub(began).Round(time.Millisecond); d > 0 {
			return "a deadline of " + d.String() + " ended the work before all was checked"
		}
	}
	return "the deadline ended the work before all was checked"
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
