package strict

import (
	"math"
	"unicode/utf8"
)

// A checker walks one text. It keeps its own stack, so that hostile nesting costs a
// bit for each level and no stack of ours.
type checker struct {
	data     []byte
	pos      int
	maxDepth int

	depth  int
	kinds  []uint64 // one bit for each open container: 1 is an object
	starts []int    // for each open object that is tracked: its first entry in keys
	keys   keySet

	first *Error // the first fault that does not make the text invalid JSON
}

// run walks the text to its end and returns a Syntax error or nil. Other faults are
// kept in c.first.
func (c *checker) run() error {
	if uint64(len(c.data)) > math.MaxUint32 { // keys are kept as 32-bit offsets
		return &Error{Kind: Syntax, Offset: math.MaxInt32, what: "text of 4 GiB or more"}
	}
	if at := invalidUTF8(c.data); at >= 0 {
		return &Error{Kind: Syntax, Offset: at, what: "invalid UTF-8"}
	}
	for {
		opened, err := c.value()
		if err != nil {
			return err
		}
		if opened {
			continue
		}
		more, err := c.next()
		if err != nil {
			return err
		}
		if !more {
			return nil
		}
	}
}

// value reads a scalar, an empty container, or the start of a container up to its
// first value; opened reports the last.
func (c *checker) value() (opened bool, err error) {
	switch b := c.peek(); b {
	case '{':
		c.push(true)
		if c.peek() == '}' {
			c.pop()
			return false, nil
		}
		return true, c.key()
	case '[':
		c.push(false)
		if c.peek() == ']' {
			c.pop()
			return false, nil
		}
		return true, nil
	case '"':
		_, err := c.string()
		return false, err
	case 't':
		return false, c.literal("true")
	case 'f':
		return false, c.literal("false")
	case 'n':
		return false, c.literal("null")
	default:
		if b == '-' || '0' <= b && b <= '9' {
			return false, c.number()
		}
		return false, c.syntax("value expected")
	}
}

// next moves from the end of one value to the start of the next one, closing
// containers on the way; more is false at the end of the text.
func (c *checker) next() (more bool, err error) {
	for c.depth > 0 {
		object := c.inObject()
		switch b := c.peek(); {
		case b == ',':
			c.pos++
			if object {
				return true, c.key()
			}
			return true, nil
		case b == '}' && object, b == ']' && !object:
			c.pop()
		default:
			return false, c.syntax("comma or end of the container expected")
		}
	}
	c.peek()
	if c.pos < len(c.data) {
		return false, c.syntax("data after the value")
	}
	return false, nil
}

// key reads a key and its colon, and notes a key that its object already has.
func (c *checker) key() error {
	if c.peek() != '"' {
		return c.syntax("key expected")
	}
	at := c.pos
	escaped, err := c.string()
	if err != nil {
		return err
	}
	if c.first == nil {
		raw := c.data[at+1 : c.pos-1]
		if !c.keys.add(c.data, at+1, escaped, c.starts[len(c.starts)-1], c.depth) {
			c.first = &Error{Kind: Duplicate, Offset: at, Key: string(unescape(nil, raw))}
		}
	}
	if c.peek() != ':' {
		return c.syntax("colon expected")
	}
	c.pos++
	return nil
}

// push opens a container at the current byte.
func (c *checker) push(object bool) {
	if c.depth == c.maxDepth && c.first == nil {
		c.first = &Error{Kind: Depth, Offset: c.pos, what: "nesting too deep"}
	}
	word, bit := c.depth/64, uint64(1)<<(c.depth%64)
	if word == len(c.kinds) {
		c.kinds = append(c.kinds, 0)
	}
	c.kinds[word] &^= bit
	if object {
		c.kinds[word] |= bit
		if c.first == nil {
			c.starts = append(c.starts, c.keys.len())
		}
	}
	c.depth++
	c.pos++
}

// pop closes the innermost container at the current byte.
func (c *checker) pop() {
	if c.first == nil && c.inObject() {
		last := len(c.starts) - 1
		c.keys.truncate(c.starts[last])
		c.starts = c.starts[:last]
	}
	c.depth--
	c.pos++
}

func (c *checker) inObject() bool {
	return c.kinds[(c.depth-1)/64]&(1<<((c.depth-1)%64)) != 0
}

// peek skips white space and returns the byte that follows, or 0 at the end; a NUL
// byte is never valid outside of a string, nor in one.
func (c *checker) peek() byte {
	for c.pos < len(c.data) {
		switch b := c.data[c.pos]; b {
		case ' ', '\t', '\r', '\n':
			c.pos++
		default:
			return b
		}
	}
	return 0
}

// string reads a string from its opening quote to behind its closing one.
func (c *checker) string() (escaped bool, err error) {
	c.pos++
	for {
		for c.pos < len(c.data) && c.data[c.pos] != '"' && c.data[c.pos] != '\\' && c.data[c.pos] >= ' ' {
			c.pos++
		}
		switch {
		case c.pos == len(c.data):
			return escaped, c.syntax("string without end")
		case c.data[c.pos] == '"':
			c.pos++
			return escaped, nil
		case c.data[c.pos] != '\\':
			return escaped, c.syntax("control character in a string")
		}
		escaped = true
		c.pos++
		if c.pos == len(c.data) {
			return escaped, c.syntax("unknown escape")
		}
		switch c.data[c.pos] {
		case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
			c.pos++
		case 'u':
			if _, ok := hex4(c.data[c.pos+1:]); !ok {
				return escaped, c.syntax("four hexadecimal digits expected")
			}
			c.pos += 5
		default:
			return escaped, c.syntax("unknown escape")
		}
	}
}

// number reads a number by the grammar of RFC 8259.
func (c *checker) number() error {
	if c.data[c.pos] == '-' {
		c.pos++
	}
	if c.at('0') {
		c.pos++
	} else if !c.digits() {
		return c.syntax("digit expected")
	}
	if c.at('.') {
		c.pos++
		if !c.digits() {
			return c.syntax("digit expected")
		}
	}
	if c.at('e') || c.at('E') {
		c.pos++
		if c.at('+') || c.at('-') {
			c.pos++
		}
		if !c.digits() {
			return c.syntax("digit expected")
		}
	}
	return nil
}

// digits skips digits and reports whether there was one.
func (c *checker) digits() bool {
	start := c.pos
	for c.pos < len(c.data) && '0' <= c.data[c.pos] && c.data[c.pos] <= '9' {
		c.pos++
	}
	return c.pos > start
}

func (c *checker) at(b byte) bool { return c.pos < len(c.data) && c.data[c.pos] == b }

func (c *checker) literal(word string) error {
	for i := range len(word) {
		if !c.at(word[i]) {
			return c.syntax("value expected")
		}
		c.pos++
	}
	return nil
}

func (c *checker) syntax(what string) error {
	if c.pos >= len(c.data) {
		what = "unexpected end"
	}
	return &Error{Kind: Syntax, Offset: c.pos, what: what}
}

// invalidUTF8 returns the offset of the first byte that is not UTF-8, or -1.
func invalidUTF8(data []byte) int {
	if utf8.Valid(data) {
		return -1
	}
	for i := 0; i < len(data); {
		r, n := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return -1
}

// hex4 reads four hexadecimal digits.
func hex4(b []byte) (r rune, ok bool) {
	if len(b) < 4 {
		return 0, false
	}
	for _, d := range b[:4] {
		switch {
		case '0' <= d && d <= '9':
			d -= '0'
		case 'a' <= d && d <= 'f':
			d -= 'a' - 10
		case 'A' <= d && d <= 'F':
			d -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(d)
	}
	return r, true
}
