package sqltext

import (
	"strings"
	"unicode/utf8"

	"cleat/internal/fail"
)

// A scanner takes a text apart. The methods named after the dialects read one token, or
// white space, at pos, and set bad where there is none.
type scanner struct {
	src    string
	pos    int
	tokens []Token
	depth  int
	bad    *lexError
}

// at returns the byte n after pos, 0 after the end: no text holds NUL.
//
//go:noinline
func (s *scanner) at(n int) byte {
	if s.pos+n < len(s.src) {
		return s.src[s.pos+n]
	}
	return 0
}

//
//go:noinline
func (s *scanner) rest() string { return s.src[s.pos:] }

// add appends the token of n bytes at pos, and moves behind it.
//
//go:noinline
func (s *scanner) add(k Kind, n int, text string) {
	s.tokens = append(s.tokens, Token{Kind: k, Text: text, Start: s.pos, End: s.pos + n})
	s.pos += n
}

// raw is add for a token whose Text is as written.
func (s *scanner) raw(k Kind, n int) { s.add(k, n, s.src[s.pos:s.pos+n]) }

// op appends an operator, and counts parentheses.
func (s *scanner) op(n int) {
	switch s.src[s.pos] {
	case '(':
		if s.depth++; s.depth > MaxDepth {
			s.fail(false, "parentheses are nested more than %d deep", MaxDepth)
			return
		}
	case ')':
		s.depth--
	}
	s.raw(Op, n)
}

// line appends a comment that ends before one of the ends.
func (s *scanner) line(ends string) {
	n := strings.IndexAny(s.rest(), ends)
	if n < 0 {
		n = len(s.rest())
	}
	s.raw(Comment, n)
}

// fail sets bad, with where in the text that is.
func (s *scanner) fail(foreign bool, format string, args ...any) {
	before := s.src[:s.pos]
	line := strings.Count(before, "\n") + 1
	column := utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:]) + 1
	s.bad = &lexError{foreign: foreign,
		err: fail.Errorf(fail.Invalid, format, args...).Because("line %d, column %d of the SQL", line, column)}
}

// unknown sets bad for a character that begins no token.
func (s *scanner) unknown(d Dialect) {
	r, _ := utf8.DecodeRuneInString(s.rest())
	s.fail(true, "the character %q has no meaning here in %s", r, d)
}

// quoted reads what stands in quotes, whose opening one is n bytes after pos: it appends a
// token of kind k. Two closing quotes are one that does not end it, and where escapes is
// set a backslash takes the meaning of the next character away. For text, the value with
// doubled quotes taken as one, backslashes are left as they are.
func (s *scanner) quoted(k Kind, n int, escapes bool, what string) {
	end, ok := closing(s.rest(), n, escapes)
	if !ok {
		s.fail(false, "%s has no end", what)
		return
	}
	q := s.rest()[n : n+1]
	s.add(k, end, strings.ReplaceAll(s.rest()[n+1:end-1], q+q, q))
}

// closing returns the index after the quote that ends what begins with the quote at n.
func closing(text string, n int, escapes bool) (int, bool) {
	q := text[n]
	for i := n + 1; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\' && escapes:
			i++
		case c != q:
		case i+1 < len(text) && text[i+1] == q:
			i++
		default:
			return i + 1, true
		}
	}
	return 0, false
}

// span returns how many bytes from n bytes after pos on are of the set.
//
//go:noinline
func (s *scanner) span(n int, set func(byte) bool) int {
	i := s.pos + n
	for i < len(s.src) && set(s.src[i]) {
		i++
	}
	return i - s.pos - n
}

func digit(c byte) bool  { return '0' <= c && c <= '9' }
func letter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
func hex(c byte) bool    { return digit(c) || 'a' <= c|0x20 && c|0x20 <= 'f' }

// start and part are the bytes of unquoted names, the same in all dialects but for a $ or
// a digit at the beginning.
func start(c byte) bool { return letter(c) || c == '_' || c >= utf8.RuneSelf }
func part(c byte) bool  { return start(c) || digit(c) || c == '$' }

// lower is the text with A to Z in lower case.
func lower(s string) string {
	for i := range len(s) {
		if 'A' <= s[i] && s[i] <= 'Z' {
			b := []byte(s)
			for ; i < len(b); i++ {
				if 'A' <= b[i] && b[i] <= 'Z' {
					b[i] += 'a' - 'A'
				}
			}
			return string(b)
		}
	}
	return s
}
