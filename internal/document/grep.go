package document

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"regexp/syntax"
	"strconv"
	"strings"

	"cleat/internal/fail"
)

// Limits of Grep.
const (
	MaxContext  = 50      // lines of context before and after a match
	maxPattern  = 4096    // bytes of an expression
	maxMatching = 1 << 20 // bytes of a line that are looked at
)

// Found is what Grep found.
type Found struct {
	Lines   []Line // matching lines and their context, in order
	Shown   int    // matching lines in Lines
	Matches int    // matching lines in the document, as far as it was read
	Read    int    // lines that were read
	Partial string // why the search ended early; empty if it did not
	Notes   []string
}

// Grep returns the lines of r that match expr, in RE2 syntax, with around lines of
// context on either side, at most limit matches; the rest is counted. A limit of 0 or less, or
// above MaxLines, is MaxLines; around is clamped to MaxContext. A long line is clipped
// around its match. It fails with fail.Invalid for an expression that is empty or wrong.
// When ctx ends it returns what it found, with Partial set.
func Grep(ctx context.Context, r io.Reader, expr string, around, limit int) (*Found, error) {
	re, err := Compile(expr)
	if err != nil {
		return nil, err
	}
	g := &grep{in: newReader(ctx, r), re: re}
	prefix, _ := re.LiteralPrefix()
	g.prefix = []byte(prefix)
	if g.limit = limit; limit <= 0 || limit > MaxLines {
		g.limit = MaxLines
	}
	g.around = max(0, min(around, MaxContext))
	if g.around != around {
		g.notes = append(g.notes, fmt.Sprintf("context clamped to %d lines", g.around))
	}
	if err := g.run(); err != nil {
		if ctx.Err() == nil {
			return nil, err
		}
		g.Partial = "the time limit ended the search after line " + strconv.Itoa(g.Read)
	}
	if g.clipped > 0 {
		g.notes = append(g.notes, fmt.Sprintf("%s around the match: part with the number of a line shows up to %d bytes of it", clippedNote(g.clipped, MaxLineBytes), MaxLoneBytes))
	}
	if g.cut > 0 {
		g.notes = append(g.notes, fmt.Sprintf("%d lines are longer than %d bytes and were searched only so far", g.cut, maxMatching))
	}
	g.Notes = g.notes
	return &g.Found, nil
}

// Compile compiles a regular expression in RE2 syntax. It fails with fail.Invalid, which says
// where the expression is wrong and how to mend it.
func Compile(expr string) (*regexp.Regexp, error) {
	switch {
	case expr == "":
		return nil, fail.Errorf(fail.Invalid, "the regular expression is empty").Then(`write grep="." for every line that is not empty`)
	case len(expr) > maxPattern:
		return nil, fail.Errorf(fail.Invalid, "the regular expression is %d bytes long, the limit is %d", len(expr), maxPattern)
	}
	re, err := regexp.Compile(expr)
	if err == nil {
		return re, nil
	}
	var bad *syntax.Error
	if !errors.As(err, &bad) {
		return nil, fail.Errorf(fail.Invalid, "bad regular expression %q: %v", short(expr), err)
	}
	where := ""
	if i := strings.LastIndex(expr, bad.Expr); i >= 0 && bad.Expr != "" {
		if bad.Expr == expr {
			i = unbalanced(expr, bad.Code)
		}
		where = fmt.Sprintf(" at character %d (%q)", len([]rune(expr[:i]))+1, short(expr[i:]))
	}
	return nil, fail.Errorf(fail.Invalid, "bad regular expression: %s%s", bad.Code, where).
		Because("the syntax is RE2: no look-around, no back references").Then("%s", mend(bad.Code))
}

// unbalanced returns where the bracket stands that has no partner, as far as that can be
// told by counting.
func unbalanced(expr string, code syntax.ErrorCode) int {
	var open []int
	class := false
	for i := 0; i < len(expr); i++ {
		switch c := expr[i]; {
		case c == '\\':
			i++
		case class:
			class = c != ']'
		case c == '[':
			class = true
		case c == '(':
			open = append(open, i)
		case c == ')':
			if len(open) == 0 {
				return i
			}
			open = open[:len(open)-1]
		}
	}
	if code == syntax.ErrMissingParen && len(open) > 0 {
		return open[len(open)-1]
	}
	return 0
}

func mend(code syntax.ErrorCode) string {
	switch code {
	case syntax.ErrMissingParen, syntax.ErrUnexpectedParen:
		return `write \( or \) for a parenthesis itself`
	case syntax.ErrMissingBracket:
		return `write \[ for a bracket itself`
	case syntax.ErrMissingRepeatArgument, syntax.ErrInvalidRepeatOp, syntax.ErrInvalidRepeatSize:
		return `write \*, \+, \? or \{ for the character itself; repeat counts go up to 1000`
	case syntax.ErrTrailingBackslash:
		return `write \\ for a backslash itself`
	case syntax.ErrInvalidPerlOp:
		return `leave out the look-around: groups are ( … ), (?: … ) and (?i: … )`
	case syntax.ErrInvalidEscape:
		return `write \\ for a backslash itself; \d \w \s \b exist, \1 does not`
	}
	return "correct the expression"
}

type grep struct {
	Found
	in      *reader
	re      *regexp.Regexp
	prefix  []byte // every match begins with it; empty if there is no such text
	around  int
	limit   int
	notes   []string
	before  []Line // the last lines that were not returned, at most around
	after   int    // lines of context still to be returned
	size    int
	clipped int
	cut     int
}

func (g *grep) run() error {
	for {
		if err := g.leap(); err != nil {
			return err
		}
		text, length, err := g.in.line(maxMatching)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		g.Read++
		if length > maxMatching {
			g.cut++
		}
		var loc []int
		if len(g.prefix) == 0 || bytes.Contains(text, g.prefix) {
			loc = g.re.FindIndex(text)
		}
		g.take(text, length, loc)
	}
}

// leap passes over buffered lines in which the literal that begins every match does not
// occur, save for those that may become context.
func (g *grep) leap() error {
	for len(g.prefix) > 0 && g.after == 0 {
		buf, err := g.in.window()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		buf = buf[:bytes.LastIndexByte(buf, '\n')+1]
		if i := bytes.Index(buf, g.prefix); i >= 0 {
			buf = buf[:bytes.LastIndexByte(buf[:i], '\n')+1]
		}
		for range g.around {
			if len(buf) == 0 {
				break
			}
			buf = buf[:bytes.LastIndexByte(buf[:len(buf)-1], '\n')+1]
		}
		if len(buf) == 0 {
			return nil
		}
		g.before = g.before[:0]
		g.Read += bytes.Count(buf, []byte{'\n'})
		g.in.first = false
		g.in.drop(len(buf))
	}
	return nil
}

// take deals with a line: a match, context, or a line that may become context.
func (g *grep) take(text []byte, length int64, loc []int) {
	if loc == nil {
		switch {
		case g.after > 0:
			g.after--
			g.add(clipEnd(g.Read, text[:min(len(text), MaxLineBytes)], length))
		case g.around > 0:
			if len(g.before) == g.around {
				g.before = append(g.before[:0], g.before[1:]...)
			}
			g.before = append(g.before, clipEnd(g.Read, text[:min(len(text), MaxLineBytes)], length))
		}
		return
	}
	g.Matches++
	if g.Shown >= g.limit || g.size >= MaxSlice {
		g.after = 0
		g.limit = min(g.limit, g.Shown) // later matches are only counted, context too
		return
	}
	for _, line := range g.before {
		g.add(line)
	}
	g.before = g.before[:0]
	line := clipAround(g.Read, text, length, loc)
	line.Match = true
	g.add(line)
	g.Shown++
	g.after = g.around
}

func (g *grep) add(line Line) {
	if line.Left > 0 {
		g.clipped++
	}
	g.size += len(line.Text)
	g.Lines = append(g.Lines, line)
}

// clipAround makes a line of text, of which at most MaxLineBytes around the match at loc
// are kept.
func clipAround(number int, text []byte, length int64, loc []int) Line {
	if length <= MaxLineBytes {
		return Line{Number: number, Text: string(text)}
	}
	from := max(0, min(loc[0]-MaxLineBytes/4, len(text)-MaxLineBytes))
	for from > 0 && from < len(text) && text[from]&0xc0 == 0x80 {
		from--
	}
	part := wholeRunes(text[from:min(len(text), from+MaxLineBytes)])
	line := Line{Number: number, Left: length - int64(len(part))}
	if from > 0 {
		line.Text = "(" + strconv.Itoa(from) + " bytes+)…"
	}
	line.Text += string(part)
	if rest := length - int64(from) - int64(len(part)); rest > 0 {
		line.Text += "…(+" + strconv.FormatInt(rest, 10) + " bytes)"
	}
	return line
}
