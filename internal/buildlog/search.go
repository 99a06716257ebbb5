package buildlog

import (
	"bytes"
	"context"
	"io"
	"regexp"
	"regexp/syntax"
	"runtime"
	"sync"

	"cleat/internal/fail"
)

// Limits of a pattern.
const (
	maxProgram = 10_000 // instructions of a compiled one
	workers    = 4      // at most, that look at blocks
)

// Options say what of a log Search returns.
type Options struct {
	Context int  // lines around each hit
	Max     int  // hits that are returned; the others are counted
	Reverse bool // the last hits, not the first
	FoldOff bool // successive equal lines of context stay apart
}

// Found is what Search has found.
type Found struct {
	Blocks [][]Line // successive lines each: hits, and those around them
	Hits   int      // all lines that match
	More   int      // hits that are not in Blocks
	Lines  int      // of the log
}

// Search finds the lines of a raw log whose clean text matches re. Of lines longer than
// MaxLine their beginning is searched. Where the lines to return are more than MaxText,
// there are fewer of them.
//
// It fails with fail.Invalid for a pattern that is too complex, with the cause of the end
// of ctx, and with the errors of r.
func Search(ctx context.Context, r io.Reader, re *regexp.Regexp, o Options) (*Found, error) {
	s := &searcher{re: re, keep: max(o.Max, 0), last: o.Reverse}
	if err := s.prepare(); err != nil {
		return nil, err
	}
	c := &collector{around: max(o.Context, 0), keep: s.keep, last: o.Reverse}
	if log := asSized(r); log != nil {
		r = io.NewSectionReader(log, 0, log.Size())
	}
	if err := s.run(ctx, r, c.add); err != nil {
		return nil, err
	}
	return c.found(o.FoldOff), nil
}

// A searcher looks for the lines that match in blocks.
type searcher struct {
	re       *regexp.Regexp
	literals []literal
	whole    bool // the literals are all there is to the pattern
	keep     int  // hits that are wanted
	last     bool // the last ones
}

// A span is a line of a block.
type span struct{ n, start, end int } // n counts from 0; end is before the line feed

// A scanned block is a block with the hits in it.
type scanned struct {
	block
	nth   int
	buf   []byte // that data is in
	lines int
	count int    // of hits
	hits  []span // in order; one more than wanted, so that it is known where the next one is
	err   error
}

func (s *searcher) prepare() error {
	parsed, err := syntax.Parse(s.re.String(), syntax.Perl)
	if err != nil {
		return nil // of another syntax: then each line is matched
	}
	parsed = parsed.Simplify()
	prog, err := syntax.Compile(parsed)
	if err != nil {
		return fail.Errorf(fail.Invalid, "the pattern cannot be compiled: %w", err)
	}
	if len(prog.Inst) > maxProgram {
		return fail.Errorf(fail.Invalid, "the pattern is too complex").
			Because("it has %d steps, of at most %d", len(prog.Inst), maxProgram).Then("use fewer or smaller repetitions")
	}
	s.literals = needed(parsed)
	s.whole = len(s.literals) > 0 && isWhole(parsed)
	return nil
}

// run reads the log, has its blocks scanned in parallel, and hands them to add in order.
func (s *searcher) run(ctx context.Context, r io.Reader, add func(*scanned)) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	n := min(runtime.GOMAXPROCS(0), workers)
	q := newQueue(r, n+2, add, stop)
	var group sync.WaitGroup
	for range n {
		group.Go(func() {
			w := worker{searcher: s}
			for in := q.take(ctx); in != nil; in = q.take(ctx) {
				w.scan(ctx, in)
				q.give(in)
			}
		})
	}
	group.Wait()
	return q.err
}

// A worker scans blocks. It is for one goroutine.
type worker struct {
	*searcher
	c       cleaner
	scratch []byte
}

// scan finds the hits of a block.
func (w *worker) scan(ctx context.Context, in *scanned) {
	data := in.data
	var find *finders
	if len(w.literals) > 0 {
		find = newFinders(data, w.literals, &w.scratch)
	}
	n, counted, work := 0, 0, 0 // n lines end before counted
	for at := 0; at < len(data); {
		start := at
		if find != nil {
			if at = find.from(at); at < 0 {
				break
			}
			start = lineStart(data, at)
		}
		end := lineEnd(data, at)
		if work += end - start; work >= MaxLine {
			if work = 0; ctx.Err() != nil {
				in.err = context.Cause(ctx)
				return
			}
		}
		if find != nil && !find.mayMatch(data[start:end]) {
			at = end + 1
			continue
		}
		hit, sure := false, false
		if w.whole && in.skipped == 0 {
			hit, sure = find.decide(start, end)
		}
		if hit || !sure && w.matches(data[start:end], in.skipped) {
			if in.count++; w.wants(in) {
				n += bytes.Count(data[counted:start], []byte("\n"))
				counted = start
				w.hit(in, span{n, start, end})
			}
		}
		at = end + 1
	}
	in.lines = n + countLines(data[counted:])
}

// matches decides on the clean text of a line.
func (w *worker) matches(line []byte, skipped int64) bool {
	line, _ = clip(line, skipped)
	return w.re.Match(w.c.clean(line))
}

// wants reports whether the next hit of a block may be wanted.
func (w *worker) wants(in *scanned) bool { return w.last || len(in.hits) <= w.keep }

// hit notes a hit that may be wanted.
func (w *worker) hit(in *scanned, s span) {
	if most := w.keep + 1; len(in.hits) == 2*most {
		in.hits = in.hits[:copy(in.hits, in.hits[most:])]
	}
	in.hits = append(in.hits, s)
}
