package sqltext

import "strings"

// sqlite reads a token as SQLite's tokenize.c does.
func (s *scanner) sqlite() {
	switch c := s.at(0); {
	case strings.IndexByte(" \t\n\r\f", c) >= 0:
		// A vertical tab is white space after other white space only.
		s.pos += 1 + s.span(1, func(c byte) bool { return strings.IndexByte(" \t\n\r\f\v", c) >= 0 })
	case strings.HasPrefix(s.rest(), "\ufeff"):
		s.pos += len("\ufeff")
	case c == '-' && s.at(1) == '-':
		s.line("\n")
	case c == '/' && s.at(1) == '*':
		// A comment may be without an end, unless nothing is in it: then it is no comment,
		// but would become one with what is put behind it.
		if len(s.rest()) == 2 {
			s.fail(false, "a comment has no end")
			return
		}
		if i := strings.Index(s.rest()[2:], "*/"); i >= 0 {
			s.raw(Comment, i+4)
			return
		}
		s.raw(Comment, len(s.rest()))
	case c == '\'':
		s.quoted(String, 0, false, "a string")
	case c == '"' || c == '`':
		s.quoted(Quoted, 0, false, "a quoted name")
	case c == '[':
		i := strings.IndexByte(s.rest(), ']')
		if i < 0 {
			s.fail(false, "a quoted name has no end")
			return
		}
		s.add(Quoted, i+1, s.rest()[1:i])
	case c|0x20 == 'x' && s.at(1) == '\'':
		n := s.span(2, hex)
		if s.at(2+n) != '\'' || n%2 != 0 {
			s.fail(false, "a blob x'…' is no pairs of hexadecimal digits")
			return
		}
		s.add(String, n+3, s.rest()[2:2+n])
	case start(c):
		n := s.span(0, part)
		s.add(Word, n, lower(s.rest()[:n]))
	case c == '?':
		s.raw(Param, 1+s.span(1, digit))
	case strings.IndexByte("$@:#", c) >= 0:
		s.variable()
	case digit(c), c == '.' && digit(s.at(1)):
		s.liteNumber()
	case strings.IndexByte("(),;.+*/%=<>!|&~-", c) >= 0:
		n := 1
		for _, op := range []string{"->>", "->", "==", "<=", "<>", "<<", ">=", ">>", "!=", "||"} {
			if strings.HasPrefix(s.rest(), op) {
				n = len(op)
				break
			}
		}
		if c == '!' && n == 1 {
			s.unknown(SQLite)
			return
		}
		s.op(n)
	default:
		s.unknown(SQLite)
	}
}

// variable reads :name, @name and $name, in which :: and one (text) at the end may stand.
func (s *scanner) variable() {
	n, named := 1, false
	for {
		c := s.at(n)
		if part(c) {
			named = true
			n++
			continue
		}
		if c == ':' && s.at(n+1) == ':' {
			n += 2
			continue
		}
		if c == '(' && named {
			n += 1 + s.span(n+1, func(c byte) bool { return c != ')' && (c < '\t' || c > '\r') && c != ' ' })
			if s.at(n) != ')' {
				s.fail(true, "a parameter has no end")
				return
			}
			n++
		}
		break
	}
	if !named || s.at(0) == '#' {
		s.unknown(SQLite)
		return
	}
	s.raw(Param, n)
}

func (s *scanner) liteNumber() {
	separated := func(set func(byte) bool) func(byte) bool {
		return func(c byte) bool { return set(c) || c == '_' }
	}
	n := 0
	if s.at(0) == '0' && s.at(1)|0x20 == 'x' && hex(s.at(2)) {
		n = 2 + s.span(2, separated(hex))
	} else {
		n = s.span(0, separated(digit))
		if s.at(n) == '.' {
			n += 1 + s.span(n+1, separated(digit))
		}
		if s.at(n)|0x20 == 'e' {
			e := n + 1
			if s.at(e) == '+' || s.at(e) == '-' {
				e++
			}
			if digit(s.at(e)) {
				n = e + s.span(e, separated(digit))
			}
		}
	}
	s.raw(Number, n)
	if part(s.at(0)) {
		s.fail(true, "a number is followed by a letter without a space")
	}
}
