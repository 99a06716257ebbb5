// Package scan finds lines by reading files, as grep does, and paths by their names.
//
// A pattern is matched against one line at a time. A literal is found by its rarest
// byte; of a regular expression, literals that every match must have are found first
// and only their lines are looked at, by a lazy DFA. Go's regexp sees nothing but
// single lines that are nearly certain to match.
//
// Lines end at a line feed; a carriage return before it is part of the line for the
// pattern ("$" does not match before it), but is not shown. Regular expressions have
// RE2 syntax as Go's regexp has it: \w, \d, \s and \b are about ASCII, "." takes any
// character, and every byte that is not UTF-8 counts as one character.
package scan

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"regexp"
	"regexp/syntax"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"cleat/internal/fail"
	"cleat/internal/systems/code"
	"cleat/internal/tree"
)

// Limits of a query.
const (
	MaxPattern = 4096    // bytes of a pattern
	MaxContext = 100     // lines; more are clamped
	MaxLimit   = 100_000 // lines or paths; more are clamped
	maxProgram = 20_000  // instructions of a compiled regular expression
	minScore   = 6       // of literals that are worth looking for
)

// A Matcher is a compiled query. It is safe for concurrent use.
type Matcher struct {
	q     code.Query
	fold  bool // letter case does not count
	lang  string
	after *position
	sum   uint64 // what a cursor must have been made for
	base  string // what makes a file's base name count, in lower case; "" is nothing

	lits    litSet // one of them is in every matching line; empty if there are none
	literal bool   // … and that decides, but for whole words
	re      func() *regexp.Regexp
	prog    *program
	insts   int // of re

	paths pathMatcher // mode files
}

// Compile reads a query. It does not know of q.Repo and q.Ref, but a cursor is only
// good for the same. It fails with fail.Invalid.
func Compile(q code.Query) (*Matcher, error) {
	if q.Mode == "" {
		q.Mode = code.Text
	}
	if err := checkQuery(q); err != nil {
		return nil, err
	}
	q.Limit = clamp(q.Limit, 200, MaxLimit)
	q.PerFile = clamp(q.PerFile, math.MaxInt, math.MaxInt) // over all pages
	q.Context = min(q.Context, MaxContext)
	m := &Matcher{q: q, sum: sumOf(q)}
	var err error
	if m.fold, err = ignoreCase(q); err != nil {
		return nil, err
	}
	if q.Lang != "" {
		if m.lang, err = language(q.Lang); err != nil {
			return nil, err
		}
	}
	if q.Cursor != "" {
		if m.after, err = readCursor(q.Cursor, m.sum); err != nil {
			return nil, err
		}
	}
	switch q.Mode {
	case code.Text:
		m.lits, m.literal = litSet{[]string{q.Pattern}, m.fold}, true
		m.base = strings.ToLower(q.Pattern)
		return m, nil
	case code.Regex:
		return m, m.compileRegex()
	case code.Files:
		m.paths, err = newPathMatcher(q)
		return m, err
	}
	return nil, fail.Errorf(fail.Invalid, "no mode %q", q.Mode).Then("use text, regex or files")
}

func clamp(n, zero, most int) int {
	if n == 0 {
		return zero
	}
	return min(n, most)
}

func checkQuery(q code.Query) error {
	switch {
	case q.Pattern == "":
		return fail.Errorf(fail.Invalid, "the pattern is empty").
			Then("say what to look for; to list files use mode=files with the pattern *")
	case len(q.Pattern) > MaxPattern:
		return fail.Errorf(fail.Invalid, "the pattern has %d bytes, the limit is %d", len(q.Pattern), MaxPattern)
	case q.Mode != code.Regex && strings.Contains(q.Pattern, "\n"):
		return manyLines()
	case !utf8.ValidString(q.Pattern):
		return fail.Errorf(fail.Invalid, "the pattern is not UTF-8")
	case q.Limit < 0, q.PerFile < 0, q.Context < 0:
		return fail.Errorf(fail.Invalid, "a number of lines below zero")
	}
	return nil
}

func manyLines() error {
	return fail.Errorf(fail.Invalid, "the pattern has a line feed, but lines are matched one by one").
		Then("search for one of its lines, with context to see the others")
}

func ignoreCase(q code.Query) (bool, error) {
	switch q.Case {
	case "", code.Sensitive:
		return false, nil
	case code.Ignore:
		return true, nil
	case code.Smart:
		p := q.Pattern
		if q.Mode == code.Regex {
			p = withoutEscapes(p)
		}
		return !strings.ContainsFunc(p, unicode.IsUpper), nil
	}
	return false, fail.Errorf(fail.Invalid, "no case %q", q.Case).Then("use sensitive, ignore or smart")
}

// withoutEscapes drops \S, \pL, \p{Greek} and the like, whose letters are no text.
func withoutEscapes(p string) string {
	var b strings.Builder
	for i := 0; i < len(p); i++ {
		if p[i] != '\\' {
			b.WriteByte(p[i])
			continue
		}
		i++
		if i+1 < len(p) && (p[i] == 'p' || p[i] == 'P') {
			i++
			if n := strings.IndexByte(p[i:], '}'); p[i] == '{' && n > 0 {
				i += n
			}
		}
	}
	return b.String()
}

// allLangs is the language that is asked for to see those that there are.
const allLangs = "?"

// language finds the language people call name.
func language(name string) (string, error) {
	if l, ok := tree.LangName(name); ok {
		return l, nil
	}
	if name == allLangs {
		return "", fail.Errorf(fail.Invalid, "no language is named").Then("pass one of %s", strings.Join(tree.Langs(), ", "))
	}
	e := fail.Errorf(fail.Invalid, "no language %q", name)
	rest := fmt.Sprintf("lang=%s lists all %d; paths=[\"*.EXT\"] narrows to files of an ending", allLangs, len(tree.Langs()))
	if near := fail.Near(name, tree.Langs()); len(near) > 0 {
		return "", e.Then("did you mean %s? %s", strings.Join(near, ", "), rest)
	}
	return "", e.Then("%s", rest)
}

// wordRune reports whether r is part of a word, as ripgrep has it.
func wordRune(r rune) bool {
	if r < utf8.RuneSelf {
		return isWordByte(byte(r))
	}
	return unicode.In(r, unicode.L, unicode.M, unicode.Nd, unicode.Pc, unicode.Nl, unicode.Other_Alphabetic)
}

const wordClass = `\pL\pM\p{Nd}\p{Pc}\p{Nl}`

func (m *Matcher) compileRegex() error {
	flags := syntax.Perl
	if m.fold {
		flags |= syntax.FoldCase
	}
	re, err := syntax.Parse(m.q.Pattern, flags)
	if err != nil {
		return badRegex(m.q.Pattern, err)
	}
	if err := noLineFeed(re); err != nil {
		return err
	}
	// What was parsed is written again: the pattern itself may end in an open \Q.
	text := re.String()
	if m.q.Word {
		text = `(?:^|[^` + wordClass + `])(?:` + text + `)(?:[^` + wordClass + `]|$)`
		if re, err = syntax.Parse(text, syntax.Perl); err != nil {
			return badRegex(m.q.Pattern, err)
		}
	}
	re = re.Simplify()
	prog, err := syntax.Compile(re)
	if err != nil {
		return badRegex(m.q.Pattern, err)
	}
	if m.insts = len(prog.Inst); m.insts > maxProgram {
		return fail.Errorf(fail.Invalid, "the pattern is too large: its repetitions make %d steps, the limit is %d", m.insts, maxProgram).
			Then("use smaller repetition counts")
	}
	m.prog = newProgram(prog)
	m.re = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(text) })
	m.lits = required(re)
	if m.lits.score() < minScore {
		m.lits = litSet{} // the DFA over everything is quicker
	}
	m.literal = !m.q.Word && re.Op == syntax.OpLiteral && len(re.Rune) <= maxLitLen && len(m.lits.lits) == 1
	return nil
}

// noLineFeed refuses patterns that could only match across lines. A class that has the
// line feed among others merely never meets one.
func noLineFeed(re *syntax.Regexp) error {
	switch re.Op {
	case syntax.OpLiteral:
		for _, r := range re.Rune {
			if r == '\n' {
				return manyLines()
			}
		}
	case syntax.OpCharClass:
		if len(re.Rune) == 2 && re.Rune[0] == '\n' && re.Rune[1] == '\n' {
			return manyLines()
		}
	}
	for _, sub := range re.Sub {
		if err := noLineFeed(sub); err != nil {
			return err
		}
	}
	return nil
}

// badRegex says what is wrong with a pattern, where, and how to mend it.
func badRegex(pattern string, err error) error {
	var e *syntax.Error
	if !errors.As(err, &e) {
		return fail.Errorf(fail.Invalid, "the pattern is no regular expression: %v", err)
	}
	at := max(strings.Index(pattern, e.Expr), 0)
	next := "correct the pattern, or use mode=text to search for it as it stands"
	why := ""
	switch e.Code {
	case syntax.ErrMissingParen, syntax.ErrUnexpectedParen:
		at = strayParen(pattern)
		next = `write "\(" or "\)" for a parenthesis itself, or use mode=text`
	case syntax.ErrMissingBracket:
		next = `write "\[" for a bracket itself, or use mode=text`
	case syntax.ErrInvalidPerlOp, syntax.ErrInvalidNamedCapture:
		if strings.HasPrefix(e.Expr, "(?=") || strings.HasPrefix(e.Expr, "(?!") || strings.HasPrefix(e.Expr, "(?<") {
			why = "the syntax is RE2, which has no look-ahead and no look-behind"
			next = "search for the part that must match, and tell the lines apart by their context"
		}
	case syntax.ErrInvalidEscape:
		if len(e.Expr) == 2 && '1' <= e.Expr[1] && e.Expr[1] <= '9' {
			why = "the syntax is RE2, which has no back-references"
		}
	case syntax.ErrInvalidRepeatSize, syntax.ErrLarge, syntax.ErrNestingDepth:
		next = "use smaller repetition counts: at most 1000"
	}
	f := fail.Errorf(fail.Invalid, "bad regular expression at byte %d: %s: %q", at, e.Code, e.Expr).Then("%s", next)
	if why != "" {
		f = f.Because("%s", why)
	}
	return f
}

// strayParen returns the place of the first parenthesis without its partner.
func strayParen(p string) int {
	var open []int
	class := false
	for i := 0; i < len(p); i++ {
		switch c := p[i]; {
		case c == '\\':
			i++
		case class:
			class = c != ']'
		case c == '[':
			class = true
			if i+1 < len(p) && p[i+1] == '^' {
				i++
			}
			if i+1 < len(p) && p[i+1] == ']' {
				i++
			}
		case c == '(':
			open = append(open, i)
		case c == ')':
			if len(open) == 0 {
				return i
			}
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 {
		return open[0]
	}
	return 0
}

// isWordAt reports whether data[start:end] has no part of a word on either side.
func isWordAt(line []byte, start, end int) bool {
	if r, n := utf8.DecodeLastRune(line[:start]); n > 0 && wordRune(r) {
		return false
	}
	r, n := utf8.DecodeRune(line[end:])
	return n == 0 || !wordRune(r)
}

func lineAround(data []byte, at int) (start, end int) {
	start = bytes.LastIndexByte(data[:at], '\n') + 1
	end = bytes.IndexByte(data[at:], '\n')
	if end < 0 {
		return start, len(data)
	}
	return start, at + end
}
