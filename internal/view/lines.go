package view

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"regexp/syntax"
	"strings"

	"cleat/internal/fail"
)

// Limits on what is kept of a document before the budget cuts further, in bytes.
const (
	maxKept     = 80_000 // of all lines
	maxLineKept = 2_000  // of one line of several
	maxOneLine  = 36_000 // of a line that was asked for alone
	bufferSize  = 64 << 10
)

// A scanner goes through the lines of a document without ever holding more than the
// beginning of one.
type scanner struct {
	ctx    context.Context
	r      *bufio.Reader
	keep   int // bytes of a line that are kept
	number int
	line   []byte // the beginning of the current line, without its end
	size   int    // bytes of the whole line
	err    error
}

func newScanner(ctx context.Context, r io.Reader, keep int) *scanner {
	return &scanner{ctx: ctx, r: bufio.NewReaderSize(r, bufferSize), keep: keep}
}

// next goes to the next line, and returns false at the end or when the time is over.
func (s *scanner) next() bool {
	if s.number%1024 == 0 && s.ctx.Err() != nil {
		s.err = context.Cause(s.ctx)
		return false
	}
	s.line, s.size = s.line[:0], 0
	for {
		chunk, err := s.r.ReadSlice('\n')
		s.size += len(chunk)
		if room := s.keep - len(s.line); room > 0 {
			s.line = append(s.line, chunk[:min(room, len(chunk))]...)
		}
		switch {
		case err == nil:
			s.number++
			s.size--
			s.trim()
			return true
		case errors.Is(err, bufio.ErrBufferFull):
			if s.ctx.Err() != nil {
				s.err = context.Cause(s.ctx)
				return false
			}
		case errors.Is(err, io.EOF):
			if s.size == 0 {
				return false
			}
			s.number++
			s.trim()
			return true
		default:
			s.err = fail.Errorf(fail.Unavailable, "the document cannot be read: %w", err)
			return false
		}
	}
}

// trim takes the end of the line off what was kept.
func (s *scanner) trim() {
	if n := len(s.line); n > 0 && s.line[n-1] == '\n' {
		s.line = s.line[:n-1]
	}
	if n := len(s.line); n == s.size && n > 0 && s.line[n-1] == '\r' {
		s.line, s.size = s.line[:n-1], s.size-1
	}
}

// text is the line, cut to what is kept.
func (s *scanner) text() string { return cutLine(string(s.line), len(s.line), s.size-len(s.line)) }

// ended says how the scan ended: an error, or that the time was over.
func (s *scanner) ended(v *View) error {
	if s.err == nil {
		return nil
	}
	if s.ctx.Err() == nil {
		return s.err
	}
	v.unknown = true
	v.Partial = fmt.Sprintf("the time was over after line %d", s.number)
	return nil
}

// readLines keeps the lines of the part, as many as any budget could take, and counts
// the rest.
func readLines(ctx context.Context, r io.Reader, p Part) (*View, error) {
	v := &View{kind: lines, last: p.last}
	keep := maxLineKept
	if p.first > 0 && p.first == p.last {
		keep = maxOneLine
	}
	s := newScanner(ctx, r, keep)
	kept := 0
	for s.next() {
		if s.number >= p.first && (p.last == 0 || s.number <= p.last) && kept < maxKept {
			t := s.text()
			v.Lines = append(v.Lines, Line{s.number, t})
			kept += len(t) + 8
		}
	}
	v.Total = s.number
	return v, s.ended(v)
}

// maxMatches is how many matching lines are kept.
const maxMatches = 2000

// grep keeps the lines of the part that match expr, and counts all of them.
func grep(ctx context.Context, r io.Reader, p Part, expr string) (*View, error) {
	re, err := regexp.Compile(expr)
	if err != nil {
		return nil, badExpression(expr, err)
	}
	literal, whole := re.LiteralPrefix()
	v := &View{kind: matches}
	s := newScanner(ctx, r, maxOneLine)
	kept := 0
	for s.next() {
		if s.number < p.first || p.last > 0 && s.number > p.last {
			continue
		}
		if literal != "" && !strings.Contains(string(s.line), literal) || !whole && !re.Match(s.line) {
			continue
		}
		v.Total++
		if kept < maxKept && len(v.Lines) < maxMatches {
			t := s.text()
			if len(t) > maxLineKept {
				t = around(t, re)
			}
			v.Lines = append(v.Lines, Line{s.number, t})
			kept += len(t) + 8
		}
	}
	return v, s.ended(v)
}

// around cuts a long line to what surrounds its first match.
func around(s string, re *regexp.Regexp) string {
	at := re.FindStringIndex(s)
	if at == nil {
		return cutLine(s, maxLineKept, 0)
	}
	from := max(0, at[0]-maxLineKept/4)
	for from > 0 && s[from]&0xc0 == 0x80 {
		from--
	}
	out := cutLine(s[from:], maxLineKept, 0)
	if from > 0 {
		out = fmt.Sprintf("(%d+)…%s", from, out)
	}
	return out
}

func badExpression(expr string, err error) error {
	what := err.Error()
	if s := (*syntax.Error)(nil); errors.As(err, &s) {
		what = fmt.Sprintf("%s: %q", s.Code, clip(s.Expr))
	}
	return fail.Errorf(fail.Invalid, "bad regular expression %q: %s", clip(expr), what).
		Because("the syntax is RE2, without look-around").Then(`escape what is meant as it stands, as in \( or \[`)
}
