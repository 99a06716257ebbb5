package sqltext

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// postgres reads a token as PostgreSQL's src/backend/parser/scan.l does.
func (s *scanner) postgres() {
	switch c := s.at(0); {
	case strings.IndexByte(" \t\n\r\f\v", c) >= 0:
		// A vertical tab is white space since PostgreSQL 16, and an error before.
		s.pos++
	case c == '-' && s.at(1) == '-':
		s.line("\n\r")
	case c == '/' && s.at(1) == '*':
		s.nested()
	case c == '\'':
		s.literal(0, false)
	case c == '"':
		s.quoted(Quoted, 0, false, "a quoted name")
	case strings.IndexByte("eE", c) >= 0 && s.at(1) == '\'':
		s.literal(1, true)
	case strings.IndexByte("bBxXnN", c) >= 0 && s.at(1) == '\'':
		s.literal(1, false)
	case c|0x20 == 'u' && s.at(1) == '&' && s.at(2) == '\'':
		s.literal(2, false)
		s.pending()
	case c|0x20 == 'u' && s.at(1) == '&' && s.at(2) == '"':
		s.quoted(Quoted, 2, false, "a quoted name")
		s.pending()
	case start(c):
		n := s.span(0, part)
		s.add(Word, n, lower(s.rest()[:n]))
	case c == '$':
		s.dollar()
	case digit(c), c == '.' && digit(s.at(1)):
		s.pgNumber()
	case strings.IndexByte(pgOperators, c) >= 0:
		s.op(s.pgOperator())
	case c == ':' && (s.at(1) == ':' || s.at(1) == '='), c == '.' && s.at(1) == '.':
		s.op(2)
	case strings.IndexByte("(),;[].:", c) >= 0:
		s.op(1)
	default:
		s.unknown(PostgreSQL)
	}
}

const pgOperators = "~!@#^&|`?+-*/%<>="

// pgOperator returns the length of the operator at pos: it ends before a comment, and has
// a + or - at its end only if it holds a character that no operator of standard SQL has.
func (s *scanner) pgOperator() int {
	n := s.span(0, func(c byte) bool { return strings.IndexByte(pgOperators, c) >= 0 })
	text := s.rest()[:n]
	for _, comment := range []string{"--", "/*"} {
		if i := strings.Index(text, comment); i > 0 {
			text = text[:i]
		}
	}
	for len(text) > 1 && strings.IndexByte("+-", text[len(text)-1]) >= 0 && !strings.ContainsAny(text, "~!@#^&|`?%") {
		text = text[:len(text)-1]
	}
	return len(text)
}

// nested appends a comment, in which there may be others.
func (s *scanner) nested() {
	text, depth := s.rest(), 0
	for i := 0; i+1 < len(text); i++ {
		switch text[i : i+2] {
		case "/*":
			depth++
			i++
		case "*/":
			depth--
			i++
			if depth == 0 {
				s.raw(Comment, i+1)
				return
			}
		}
	}
	s.fail(false, "a comment has no end")
}

// literal appends a string whose quote is n bytes after pos, with what continues it: a
// literal after white space that holds a line break, and comments to the end of a line.
func (s *scanner) literal(n int, escapes bool) {
	text := s.rest()
	end, ok := closing(text, n, escapes)
	if !ok {
		s.fail(false, "a string has no end")
		return
	}
	value := text[n+1 : end-1]
	if n == 0 {
		value = strings.ReplaceAll(value, "''", "'")
	}
	for {
		q := continuation(text, end)
		if q < 0 {
			break
		}
		more, ok := closing(text, q, escapes)
		if !ok {
			s.fail(false, "a string has no end")
			return
		}
		part := text[q+1 : more-1]
		if n == 0 {
			part = strings.ReplaceAll(part, "''", "'")
		}
		value, end = value+part, more
	}
	s.add(String, end, value)
}

// continuation returns where the quote is that continues a literal which ended at i, or -1.
func continuation(text string, i int) int {
	broken := false
	for i < len(text) {
		switch c := text[i]; {
		case c == '\n' || c == '\r':
			broken = true
			i++
		case c == ' ' || c == '\t' || c == '\f' || c == '\v':
			i++
		case c == '-' && strings.HasPrefix(text[i:], "--"):
			n := strings.IndexAny(text[i:], "\n\r")
			if n < 0 {
				return -1
			}
			i += n
		case c == '\'' && broken:
			return i
		default:
			return -1
		}
	}
	return -1
}

// dollar reads $1, and strings in $$ or $tag$.
func (s *scanner) dollar() {
	if n := s.span(1, digit); n > 0 {
		s.raw(Param, 1+n)
		s.junk("a parameter")
		return
	}
	n := 0
	if start(s.at(1)) {
		n = s.span(1, func(c byte) bool { return start(c) || digit(c) })
	}
	if s.at(1+n) != '$' {
		s.unknown(PostgreSQL)
		return
	}
	tag, body := s.rest()[:n+2], s.rest()[n+2:]
	end := strings.Index(body, tag)
	if end < 0 {
		s.fail(false, "a string in %s has no end", tag)
		return
	}
	s.add(String, 2*len(tag)+end, body[:end])
}

// pgNumber reads a number. What older versions take for a number and a name after it, and
// newer ones refuse or take for one number, is an error, unless it is the same either way.
func (s *scanner) pgNumber() {
	n := 0
	if s.at(0) == '0' && strings.IndexByte("xXoObB", s.at(1)) >= 0 && hex(s.at(2)) {
		n = 2 + s.span(2, func(c byte) bool { return hex(c) || c == '_' })
	} else {
		decimal := func(c byte) bool { return digit(c) || c == '_' }
		n = s.span(0, decimal)
		if s.at(n) == '.' && s.at(n+1) != '.' {
			n++
			if digit(s.at(n)) {
				n += s.span(n, decimal)
			}
		}
		if s.at(n)|0x20 == 'e' {
			e := n + 1
			if s.at(e) == '+' || s.at(e) == '-' {
				e++
			}
			if digit(s.at(e)) {
				n = e + s.span(e, decimal)
			}
		}
	}
	s.raw(Number, n)
	s.junk("a number")
}

// junk sets bad if a name or a dollar begins where a number or parameter ended: what it
// is a part of depends on the version.
func (s *scanner) junk(what string) {
	if s.bad == nil && (start(s.at(0)) || s.at(0) == '$') {
		s.fail(true, "%s is followed by a letter or $ without a space", what)
	}
}

// pending marks the last token as one with Unicode escapes.
func (s *scanner) pending() {
	if s.bad == nil {
		s.tokens[len(s.tokens)-1].open = true
	}
}

// unescape decodes U&"" and U&”, which takes the UESCAPE '!' behind them: it becomes a
// part of the token.
func (s *scanner) unescape() {
	kept := s.tokens[:0]
	for i := 0; i < len(s.tokens); i++ {
		t := s.tokens[i]
		if t.open {
			escape, last := byte('\\'), i
			if w := s.solid(i + 1); w > 0 && s.tokens[w].word("uescape") {
				q := s.solid(w + 1)
				if q < 0 || s.tokens[q].Kind != String || s.src[s.tokens[q].Start] != '\'' || !escapeChar(s.tokens[q].Text) {
					s.pos = t.Start
					s.fail(false, "UESCAPE needs one character in quotes")
					return
				}
				escape, last = s.tokens[q].Text[0], q
			}
			text, ok := decode(t.Text, escape)
			if !ok {
				s.pos = t.Start
				s.fail(false, "U& is followed by an escape that is no character")
				return
			}
			t.Text, t.End, t.open, i = text, s.tokens[last].End, false, last
		}
		kept = append(kept, t)
	}
	s.tokens = kept
}

// solid returns the index of the next token from i on that is no comment, or -1.
func (s *scanner) solid(i int) int {
	for ; i < len(s.tokens); i++ {
		if s.tokens[i].Kind != Comment {
			return i
		}
	}
	return -1
}

func escapeChar(s string) bool {
	return len(s) == 1 && s[0] < utf8.RuneSelf && !hex(s[0]) && strings.IndexByte("+'\" \t\n\r\f\v", s[0]) < 0
}

// decode replaces !XXXX and !+XXXXXX, where ! is the escape, by the characters they name.
// Surrogates come in pairs.
func decode(text string, escape byte) (string, bool) {
	var b strings.Builder
	high := rune(0)
	for i := 0; i < len(text); {
		if text[i] != escape || i+1 < len(text) && text[i+1] == escape {
			if high != 0 {
				return "", false
			}
			b.WriteByte(text[i])
			if text[i] == escape {
				i++
			}
			i++
			continue
		}
		from, n := i+1, 4
		if from < len(text) && text[from] == '+' {
			from, n = from+1, 6
		}
		if from+n > len(text) || strings.ContainsFunc(text[from:from+n], func(r rune) bool { return r >= utf8.RuneSelf || !hex(byte(r)) }) {
			return "", false
		}
		v, err := strconv.ParseUint(text[from:from+n], 16, 32)
		if err != nil {
			return "", false
		}
		i = from + n
		switch r := rune(v); {
		case high != 0:
			if r < 0xDC00 || r > 0xDFFF {
				return "", false
			}
			b.WriteRune((high-0xD800)<<10 + (r - 0xDC00) + 0x10000)
			high = 0
		case r >= 0xD800 && r <= 0xDBFF:
			high = r
		case r == 0 || !utf8.ValidRune(r):
			return "", false
		default:
			b.WriteRune(r)
		}
	}
	return b.String(), high == 0
}
