package git

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"cleat/internal/fail"
	"cleat/internal/sorting"
)

// MaxBlame is how many lines one call of Blame looks at, at most.
const MaxBlame = 100_000

// BlameOptions say which lines of which file are asked about.
type BlameOptions struct {
	Commit Hash   // required
	Path   string // of a file in it, relative to the root
	First  int    // line, from 1; 0 is the first
	Last   int    // line; 0, or more than there are, is the last
}

// A BlameSpan is consecutive lines of a file that came into being together: in one commit,
// one after the other in one file.
type BlameSpan struct {
	Commit Hash
	First  int    // line in the file that was asked about, from 1
	Lines  int    // how many
	Orig   int    // line in the commit
	Path   string // of the file in the commit
}

// Blame says which commit last changed each line of a file, from the first line to the
// last, and what the log says about these commits, without their bodies. Renames of the
// whole file are followed. At the end of a shallow history, and at the first commit, lines
// are ascribed to that. Commits that the repository wants to have passed over count like
// all others.
//
// It fails with fail.NotFound if there is no such file; with fail.Invalid for a folder or
// a submodule and for lines that are not there; and with fail.TooLarge for more than
// MaxBlame lines, a file of more than Options.MaxObject bytes, or commits with very long
// subjects.
func (r *Repo) Blame(ctx context.Context, o BlameOptions) (spans []BlameSpan, commits map[Hash]Commit, err error) {
	path, err := cleanPath(o.Path)
	if err != nil {
		return nil, nil, err
	}
	b, err := r.Blob(ctx, o.Commit, path, 0)
	if err != nil {
		return nil, nil, err
	}
	if b.Kind == Submodule {
		return nil, nil, fail.Errorf(fail.Invalid, "%q is a submodule at %s", path, abbreviate(o.Commit))
	}
	first, last, err := o.lines(path, countLines(b.Data))
	if err != nil {
		return nil, nil, err
	}
	commits = make(map[Hash]Commit)
	if last == 0 {
		return nil, commits, nil // an empty file
	}
	err = r.streamObjects(ctx, nil, func(out io.Reader) error {
		spans, err = readBlame(out)
		return err
	}, "blame", "--incremental", "--no-progress", "--no-textconv", "--no-ext-diff",
		"-L"+strconv.Itoa(first)+","+strconv.Itoa(last), string(o.Commit), "--", path)
	if err != nil {
		return nil, nil, err
	}
	if spans, err = inOrder(spans, first, last); err != nil {
		return nil, nil, err
	}
	var ask strings.Builder
	for _, s := range spans {
		if _, ok := commits[s.Commit]; !ok {
			commits[s.Commit] = Commit{}
			ask.WriteString(string(s.Commit) + "\n")
		}
	}
	more := false
	err = r.streamObjects(ctx, strings.NewReader(ask.String()), func(out io.Reader) error {
		var list []Commit
		if list, more, err = readLog(out, len(commits)); err != nil {
			return err
		}
		for _, c := range list {
			commits[c.Hash] = c
		}
		if more {
			return errEnough
		}
		return nil
	}, "rev-list", "--no-walk=unsorted", "--stdin", "--encoding=UTF-8", strings.Replace(commitFormat, "%b", "", 1))
	if err != nil {
		return nil, nil, err
	}
	if more {
		return nil, nil, fail.Errorf(fail.TooLarge, "the commits of %q have more than %d bytes of text", path, maxLogSize).
			Then("ask about fewer lines")
	}
	return spans, commits, nil
}

// lines returns the lines that are meant of a file that has n; zeros if n is.
func (o BlameOptions) lines(path string, n int) (first, last int, err error) {
	first, last = max(1, o.First), o.Last
	if last == 0 {
		last = n
	}
	switch {
	case o.First < 0 || o.Last < 0 || o.Last > 0 && o.Last < first:
		return 0, 0, fail.Errorf(fail.Invalid, "lines %d to %d make no sense", o.First, o.Last)
	case first > max(1, n):
		return 0, 0, fail.Errorf(fail.Invalid, "%q has no line %d", path, first).Then("it has %d lines", n)
	case n == 0:
		return 0, 0, nil
	}
	if last = min(last, n); last-first >= MaxBlame {
		return 0, 0, fail.Errorf(fail.TooLarge, "%q has %d lines, the limit is %d", path, last-first+1, MaxBlame).
			Then("ask about fewer lines")
	}
	return first, last, nil
}

// countLines counts lines as git blame does: what comes after the last line feed is one.
func countLines(data []byte) int {
	n := bytes.Count(data, []byte("\n"))
	if len(data) > 0 && data[len(data)-1] != '\n' {
		n++
	}
	return n
}

// readBlame reads the output of git blame --incremental, whose spans are in no order: a
// line of hash, line there, line here and number of lines; then what is said about the
// commit, at its first mention only; then the name of the file.
func readBlame(out io.Reader) (spans []BlameSpan, err error) {
	in := bufio.NewReaderSize(out, 64<<10)
	for {
		line, err := readField(in, '\n')
		if errors.Is(err, io.EOF) {
			return spans, nil
		} else if err != nil {
			return nil, err
		}
		s, err := parseSpan(line)
		if err != nil {
			return nil, err
		}
		for {
			if line, err = readField(in, '\n'); err != nil {
				return nil, unexpected(err)
			}
			if name, ok := strings.CutPrefix(line, "filename "); ok {
				if s.Path, err = unquote(name); err != nil {
					return nil, err
				}
				break
			}
		}
		if len(spans) == MaxBlame {
			return nil, errors.New("git: blame of more lines than were asked about")
		}
		spans = append(spans, s)
	}
}

func parseSpan(line string) (BlameSpan, error) {
	f := strings.Split(line, " ")
	if len(f) != 4 || !Hash(f[0]).Valid() {
		return BlameSpan{}, fmt.Errorf("git: blame that is none: %.200q", line)
	}
	s := BlameSpan{Commit: Hash(f[0])}
	for i, to := range []*int{&s.Orig, &s.First, &s.Lines} {
		n, err := strconv.Atoi(f[1+i])
		if err != nil || n < 1 {
			return BlameSpan{}, fmt.Errorf("git: blame with the number %.20q", f[1+i])
		}
		*to = n
	}
	return s, nil
}

// unquote undoes the quotes in which git writes names that are not plain.
func unquote(name string) (string, error) {
	if !strings.HasPrefix(name, `"`) {
		return name, nil
	}
	plain, err := strconv.Unquote(name)
	if err != nil {
		return "", fmt.Errorf("git: a quoted name that is none: %.200q", name)
	}
	return plain, nil
}

// inOrder sorts spans by line, joins those that belong together, and makes sure that they
// are the lines from first to last.
func inOrder(spans []BlameSpan, first, last int) ([]BlameSpan, error) {
	sorting.Sort(spans, func(a, b BlameSpan) int { return cmp.Compare(a.First, b.First) })
	joined := spans[:0]
	next := first
	for _, s := range spans {
		if s.First != next {
			return nil, fmt.Errorf("git: blame of line %d after line %d", s.First, next-1)
		}
		next += s.Lines
		if k := len(joined) - 1; k >= 0 && joined[k].Commit == s.Commit && joined[k].Path == s.Path &&
			joined[k].Orig+joined[k].Lines == s.Orig {
			joined[k].Lines += s.Lines
			continue
		}
		joined = append(joined, s)
	}
	if next != last+1 {
		return nil, fmt.Errorf("git: blame up to line %d of %d", next-1, last)
	}
	return joined, nil
}
