package sqltext

import "strings"

// mysql reads a token as the sql_lex.cc of MySQL and MariaDB do.
func (s *scanner) mysql() {
	switch c := s.at(0); {
	case strings.IndexByte(" \t\n\r\f\v", c) >= 0:
		s.pos++
	case c == '#':
		s.line("\n")
	case c == '-' && s.at(1) == '-' && (s.at(2) <= ' ' || s.at(2) == 0x7f):
		// Two dashes need white space, a control character or the end behind them.
		s.line("\n")
	case c == '/' && s.at(1) == '*':
		s.block()
	case c == '\'' || c == '"':
		s.quoted(String, 0, true, "a string")
	case c == '`':
		s.quoted(Quoted, 0, false, "a quoted name")
	case c|0x20 == 'n' && s.at(1) == '\'':
		s.quoted(String, 1, true, "a string")
	case (c|0x20 == 'x' || c|0x20 == 'b') && s.at(1) == '\'':
		set := hex
		if c|0x20 == 'b' {
			set = func(c byte) bool { return c == '0' || c == '1' }
		}
		n := s.span(2, set)
		if s.at(2+n) != '\'' || c|0x20 == 'x' && n%2 != 0 {
			s.fail(false, "a literal %c'…' holds other than its digits", c)
			return
		}
		s.add(String, n+3, s.rest()[2:2+n])
	case digit(c), c == '.' && digit(s.at(1)) && !s.qualifies():
		s.myNumber()
	case start(c) || c == '$':
		s.myWord()
	case c == '.':
		// Right behind a name, and before one, it is followed by a name even if that
		// begins with a digit.
		member := s.qualifies() && part(s.at(1))
		s.op(1)
		if member {
			s.myWord()
		}
	case c == '@':
		s.user()
	case c == '?':
		s.raw(Param, 1)
	case c == '\\' && s.at(1) == 'N':
		s.raw(Op, 2) // NULL
	case strings.IndexByte("(),;+-*/%=<>!|&~^:{}[]", c) >= 0:
		n := 1
		for _, op := range []string{"<=>", "->>", "->", ":=", "<=", "<>", "<<", ">=", ">>", "!=", "||", "&&"} {
			if strings.HasPrefix(s.rest(), op) {
				n = len(op)
				break
			}
		}
		s.op(n)
	default:
		s.unknown(MySQL)
	}
}

// qualifies reports whether a name without quotes ends right before pos.
func (s *scanner) qualifies() bool {
	if len(s.tokens) == 0 {
		return false
	}
	last := s.tokens[len(s.tokens)-1]
	return last.Kind == Word && last.End == s.pos
}

// block reads a comment of one of the three kinds.
func (s *scanner) block() {
	inside := s.rest()[2:]
	if strings.HasPrefix(inside, "!") || len(inside) > 1 && inside[0]|0x20 == 'm' && inside[1] == '!' {
		s.raw(Executable, len(s.rest()))
		return
	}
	end := strings.Index(inside, "*/")
	if end < 0 {
		s.fail(false, "a comment has no end")
		return
	}
	kind := Comment
	if strings.HasPrefix(inside, "+") {
		kind = Hint
	}
	s.raw(kind, end+4)
}

// myWord reads a name. One like $tag$ begins a string in the newest versions.
func (s *scanner) myWord() {
	n := s.span(0, part)
	text := s.rest()[:n]
	if text[0] == '$' && strings.IndexByte(text[1:], '$') >= 0 {
		s.fail(false, "what begins with %s is a string in some servers and a name in others", text[:2+strings.IndexByte(text[1:], '$')])
		return
	}
	s.add(Word, n, lower(text))
}

// myNumber reads a number, or a name that begins with digits.
func (s *scanner) myNumber() {
	n := s.span(0, digit)
	switch {
	case s.at(0) == '0' && (s.at(1) == 'x' || s.at(1) == 'b') && n == 1:
		set := hex
		if s.at(1) == 'b' {
			set = func(c byte) bool { return c == '0' || c == '1' }
		}
		if n := s.span(2, set); n > 0 && !part(s.at(2+n)) {
			s.raw(Number, 2+n)
			return
		}
		s.myWord()
		return
	case s.at(n) == '.':
		n += 1 + s.span(n+1, digit)
		if s.at(n)|0x20 == 'e' {
			e := s.exponent(n)
			if e == 0 {
				// Some versions pass over the number silently, 1.e(x) being (x).
				s.fail(true, "a number has an e without digits behind it")
				return
			}
			n = e
		}
	case s.at(n)|0x20 == 'e' && s.exponent(n) > 0:
		n = s.exponent(n)
	case part(s.at(n)):
		s.myWord()
		return
	}
	s.raw(Number, n)
}

// exponent returns where the exponent ends whose e is n bytes after pos, 0 if it has no
// digits.
func (s *scanner) exponent(n int) int {
	n++
	if s.at(n) == '+' || s.at(n) == '-' {
		n++
	}
	if d := s.span(n, digit); d > 0 {
		return n + d
	}
	return 0
}

// user reads the @ or @@ before the name of a variable, and the name if it is not in
// quotes: dots are a part of a user's variable's, and divide that of a system variable.
func (s *scanner) user() {
	if s.at(1) == '@' {
		s.raw(Op, 2)
		if part(s.at(0)) {
			s.myWord()
		}
		return
	}
	s.raw(Op, 1)
	if n := s.span(0, func(c byte) bool { return part(c) || c == '.' }); n > 0 {
		s.add(Word, n, lower(s.rest()[:n]))
	}
}
