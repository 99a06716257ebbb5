package gouses

import (
	"cmp"
	"context"
	"slices"
	"time"

	"cleat/internal/sorting"
)

// A report is what checking an input says. It has numbers and no words, so that it can
// come from a process that is not trusted.
type report struct {
	files    []fileReport // by source; each has marks
	declared bool         // the name means something
	ended    bool         // time was up before all was checked
	tally
}

// A fileReport is what was found in a file.
type fileReport struct {
	source int // index in input.sources
	marks  []mark
}

// A mark is what is known of the identifier at an offset; other is never marked.
type mark struct {
	off int
	verdict
}

// A tally counts what was not checked.
type tally struct {
	elaborate, broken, unreached uint32 // packages
	notParsed, cutShort, untried uint32 // files with the name
}

// inspect checks the input. When ctx ends, what is under way has the time rest, and the
// report is of what was found until then.
func inspect(ctx context.Context, n name, in *input, rest time.Duration) *report {
	c := newChecker(ctx, n, in)
	c.grace = rest
	c.graph.build(n)
	c.run()
	a := c.answer()
	r := &report{declared: len(a.targets) > 0 || a.outside, tally: c.tally()}
	for i, s := range in.sources {
		if !s.has || !s.wanted {
			continue
		}
		if marks := c.marks(a, s, r.declared); len(marks) > 0 {
			r.files = append(r.files, fileReport{i, marks})
		}
	}
	r.ended = ctx.Err() != nil
	return r
}

// marks returns what is known of the identifiers in a file, by offset.
func (c *checker) marks(a *answer, s *source, declared bool) []mark {
	var out []mark
	for off, v := range a.files[s] {
		if v.is != other {
			out = append(out, mark{off, v})
		}
	}
	if why := c.lacks[s]; why != "" && declared {
		for _, off := range tokens(s.data, c.name.last) {
			if _, ok := a.files[s][off]; !ok {
				out = append(out, mark{off, verdict{unsure, why}})
			}
		}
	}
	sorting.Sort(out, func(a, b mark) int { return cmp.Compare(a.off, b.off) })
	return out
}

// tally counts what was not checked.
func (c *checker) tally() tally {
	t := tally{elaborate: uint32(c.elaborate), broken: uint32(c.broken), unreached: uint32(c.unreached)}
	for _, why := range c.lacks {
		switch why {
		case NotParsed:
			t.notParsed++
		case TooElaborate:
			t.cutShort++
		case TooManyBuilds:
			t.untried++
		}
	}
	return t
}

// notes says what was not checked.
func (t *tally) notes() []string {
	var out []string
	add := func(n uint32, one, many, rest string) {
		if n > 0 {
			out = append(out, plural(int(n), one, many)+rest)
		}
	}
	add(t.elaborate, "package is", "packages are", " left out: types are too elaborate")
	add(t.broken, "package", "packages", " could not be checked")
	add(t.unreached, "package was", "packages were", " not reached")
	add(t.notParsed, "file with the name does", "files with the name do", " not parse")
	add(t.cutShort, "file", "files", " with the name checked in part: types or nesting are too elaborate")
	add(t.untried, "file is", "files are", " under build tags that were not tried")
	slices.Sort(out)
	return out
}
