package document

import (
	"bytes"
	"fmt"
	"unicode/utf16"
	"unicode/utf8"

	"cleat/internal/fail"
)

// maxJSONDepth is how deep arrays and objects may nest.
const maxJSONDepth = 1000

// A scanner reads a JSON text without building anything. It takes comments and trailing
// commas as well, as configuration files have them.
type scanner struct {
	data     []byte
	pos      int
	comments bool // some were seen
}

// An entry is an array or object that a scanner is in.
type entry struct {
	open byte // '{' or '['
	some bool // it has had a member
}

func (s *scanner) fail(format string, args ...any) error {
	pos := min(s.pos, len(s.data))
	line := bytes.Count(s.data[:pos], []byte{'\n'}) + 1
	column := pos - bytes.LastIndexByte(s.data[:pos], '\n')
	return fail.Errorf(fail.Invalid, "not valid JSON: line %d, column %d: %s", line, column, fmt.Sprintf(format, args...)).
		Then("read it as text: the same path with text:// in place of json://")
}

// space passes over white space and comments.
func (s *scanner) space() {
	for s.pos < len(s.data) {
		switch c := s.data[s.pos]; {
		case c == ' ' || c == '\n' || c == '\t' || c == '\r':
			s.pos++
		case c == '/' && s.pos+1 < len(s.data) && s.data[s.pos+1] == '/':
			s.comments = true
			n := bytes.IndexByte(s.data[s.pos:], '\n')
			if n < 0 {
				n = len(s.data) - s.pos
			}
			s.pos += n
		case c == '/' && s.pos+1 < len(s.data) && s.data[s.pos+1] == '*':
			n := bytes.Index(s.data[s.pos+2:], []byte("*/"))
			if n < 0 {
				return // "/" is then no value
			}
			s.comments = true
			s.pos += n + 4
		default:
			return
		}
	}
}

func (s *scanner) peek() byte {
	if s.pos < len(s.data) {
		return s.data[s.pos]
	}
	return 0
}

// what names the byte at the position, for errors.
func (s *scanner) what() string {
	if s.pos >= len(s.data) {
		return "the end of the text"
	}
	r, _ := utf8.DecodeRune(s.data[s.pos:])
	return fmt.Sprintf("%q", r)
}

// value passes over a value, however deep.
func (s *scanner) value() error {
	var stack []entry
	for {
		s.space()
		if n := len(stack); n > 0 {
			closed, err := s.member(&stack[n-1])
			if err != nil {
				return err
			}
			if closed {
				if stack = stack[:n-1]; len(stack) == 0 {
					return nil
				}
				continue
			}
		}
		switch c := s.peek(); c {
		case '{', '[':
			if len(stack) >= maxJSONDepth {
				return s.fail("nested deeper than %d", maxJSONDepth)
			}
			s.pos++
			stack = append(stack, entry{open: c})
			continue
		default:
			if err := s.scalar(); err != nil {
				return err
			}
		}
		if len(stack) == 0 {
			return nil
		}
	}
}

// member moves to the next value of the array or object e, past the comma and the name,
// or past its closing bracket.
func (s *scanner) member(e *entry) (closed bool, err error) {
	end := byte(']')
	if e.open == '{' {
		end = '}'
	}
	if e.some && s.peek() == ',' {
		s.pos++
		s.space()
	} else if e.some && s.peek() != end {
		return false, s.fail("%s where a comma or %q should be", s.what(), end)
	}
	if s.peek() == end {
		s.pos++
		return true, nil
	}
	e.some = true
	if e.open == '{' {
		if s.peek() != '"' {
			return false, s.fail("%s where a name in double quotes should be", s.what())
		}
		if err := s.text(); err != nil {
			return false, err
		}
		s.space()
		if s.peek() != ':' {
			return false, s.fail("%s where a colon should be", s.what())
		}
		s.pos++
		s.space()
	}
	return false, nil
}

// scalar passes over a string, a number or a word.
func (s *scanner) scalar() error {
	switch c := s.peek(); {
	case c == '"':
		return s.text()
	case c == '-' || c >= '0' && c <= '9':
		return s.number()
	}
	for _, word := range []string{"true", "false", "null"} {
		if bytes.HasPrefix(s.data[s.pos:], []byte(word)) {
			s.pos += len(word)
			return nil
		}
	}
	return s.fail("%s where a value should be", s.what())
}

func (s *scanner) number() error {
	if s.peek() == '-' {
		s.pos++
	}
	if s.peek() == '0' {
		s.pos++
		if c := s.peek(); c >= '0' && c <= '9' {
			return s.fail("a number with a leading zero")
		}
	} else if !s.digits() {
		return s.fail("%s in a number", s.what())
	}
	if s.peek() == '.' {
		s.pos++
		if !s.digits() {
			return s.fail("%s in a number", s.what())
		}
	}
	if c := s.peek(); c == 'e' || c == 'E' {
		s.pos++
		if c := s.peek(); c == '+' || c == '-' {
			s.pos++
		}
		if !s.digits() {
			return s.fail("%s in a number", s.what())
		}
	}
	return nil
}

func (s *scanner) digits() bool {
	from := s.pos
	for c := s.peek(); c >= '0' && c <= '9'; c = s.peek() {
		s.pos++
	}
	return s.pos > from
}

// text passes over a string.
func (s *scanner) text() error {
	start := s.pos
	for i := s.pos + 1; i < len(s.data); i++ {
		switch c := s.data[i]; {
		case c == '"':
			s.pos = i + 1
			return nil
		case c < ' ':
			s.pos = i
			return s.fail("a control character in a string")
		case c == '\\':
			i++
			if i >= len(s.data) {
				break
			}
			switch s.data[i] {
			case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			case 'u':
				if _, ok := hex4(s.data[i+1:]); !ok {
					s.pos = i
					return s.fail("a bad \\u escape in a string")
				}
				i += 4
			default:
				s.pos = i
				return s.fail("a bad escape in a string")
			}
		}
	}
	s.pos = start
	return s.fail("a string without an end")
}

func hex4(b []byte) (rune, bool) {
	if len(b) < 4 {
		return 0, false
	}
	var r rune
	for _, c := range b[:4] {
		switch {
		case c >= '0' && c <= '9':
			r = r<<4 | rune(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return r, true
}

// unquote returns what a string of valid JSON stands for.
func unquote(raw []byte) string {
	raw = raw[1 : len(raw)-1]
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw)
	}
	out := make([]byte, 0, len(raw))
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' {
			out = append(out, raw[i])
			continue
		}
		i++
		switch c := raw[i]; c {
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case 'u':
			r, _ := hex4(raw[i+1:])
			i += 4
			if utf16.IsSurrogate(r) && i+2 < len(raw) && raw[i+1] == '\\' && raw[i+2] == 'u' {
				if low, ok := hex4(raw[i+3:]); ok {
					if both := utf16.DecodeRune(r, low); both != utf8.RuneError {
						r = both
						i += 6
					}
				}
			}
			out = utf8.AppendRune(out, r)
		default:
			out = append(out, c)
		}
	}
	return string(out)
}

// quote appends s as a JSON string. Nothing is escaped that need not be.
func quote(out []byte, s string) []byte {
	const hex = "0123456789abcdef"
	out = append(out, '"')
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == '"' || c == '\\':
			out = append(out, '\\', c)
		case c == '\n':
			out = append(out, '\\', 'n')
		case c == '\t':
			out = append(out, '\\', 't')
		case c == '\r':
			out = append(out, '\\', 'r')
		case c < ' ':
			out = append(out, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		case c < utf8.RuneSelf:
			out = append(out, c)
		default:
			r, n := utf8.DecodeRuneInString(s[i:])
			out = utf8.AppendRune(out, r)
			i += n
			continue
		}
		i++
	}
	return append(out, '"')
}
