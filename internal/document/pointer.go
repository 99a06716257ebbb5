package document

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"cleat/internal/fail"
)

// Limits of what is read as a payload.
const (
	MaxJSON       = 64 << 20  // bytes of JSON
	MaxStructured = 16 << 20  // bytes of YAML or TOML
	maxExpanded   = 1_000_000 // nodes of a YAML document after its aliases are expanded
)

// A Format is a notation of structured data.
type Format string

// The formats.
const (
	JSON      Format = "json" // comments and trailing commas are taken as well
	JSONLines Format = "jsonl"
	YAML      Format = "yaml"
	TOML      Format = "toml"
)

// A Node is a value in a payload: any part of it, in the order and with the digits that
// it has there.
type Node struct {
	Pointer string   // where it is
	Kind    string   // object, array, string, number, boolean or null
	Len     int      // members of an object or array, bytes of a string's text
	First   int      // first and last line in the document; 0 for YAML and TOML
	Last    int      //
	Notes   []string // what the reader must know: names that occur twice, comments left out

	raw []byte // valid JSON, perhaps with comments
}

// Lookup returns the value at a JSON pointer (RFC 6901) in data; the empty pointer is the
// whole. Documents of a YAML stream with several, and the values of JSON lines, are taken for an
// array. Where an object has a name twice the last is meant, as with most readers, and a
// note says so. It fails with fail.Invalid for data that is not what format says or a
// pointer that is none, with fail.NotFound where nothing is at the pointer, naming the deepest part
// that exists and what it has, and with fail.TooLarge beyond the limits.
func Lookup(ctx context.Context, format Format, data []byte, pointer string) (Node, error) {
	l, notes, err := locate(ctx, format, data, pointer)
	if err != nil {
		return Node{}, err
	}
	n := newNode(pointer, l.data[l.target.start:l.target.end])
	if format == JSON || format == JSONLines {
		lines := newLineIndex(l.data)
		n.First, n.Last = lines.at(l.target.start), lines.at(l.target.end-1)
	}
	n.Notes = notes
	return n, nil
}

// locate finds the value at pointer in data, and returns what the reader must know.
func locate(ctx context.Context, format Format, data []byte, pointer string) (*locator, []string, error) {
	tokens, err := pointerTokens(pointer)
	if err != nil {
		return nil, nil, err
	}
	data, notes, err := toJSON(ctx, format, data)
	if err != nil {
		return nil, nil, err
	}
	l := &locator{scanner: scanner{data: data}, tokens: tokens}
	if err := l.run(ctx); err != nil {
		return nil, nil, err
	}
	if l.target.end == 0 {
		return nil, nil, l.missing(pointer)
	}
	for i, count := range l.repeats {
		if count > 0 {
			at := strconv.Quote(short(pointerOf(tokens[:i])))
			if i == 0 {
				at = "the document"
			}
			notes = append(notes, fmt.Sprintf("%s has the name %q %d times; the last is shown", at, short(tokens[i]), count+1))
		}
	}
	if l.comments {
		notes = append(notes, "comments are left out")
	}
	return l, notes, nil
}

// pointerTokens splits a pointer into its names.
func pointerTokens(pointer string) ([]string, error) {
	if pointer == "" {
		return nil, nil
	}
	if pointer[0] != '/' {
		return nil, fail.Errorf(fail.Invalid, "bad JSON pointer %q", short(pointer)).
			Because("a pointer is empty or begins with a slash").Then(`write it as "/name/0/name"`)
	}
	tokens := strings.Split(pointer[1:], "/")
	if len(tokens) > maxJSONDepth+1 {
		return nil, fail.Errorf(fail.Invalid, "the JSON pointer has %d parts, the limit is %d", len(tokens), maxJSONDepth)
	}
	for i, t := range tokens {
		for j := 0; j < len(t); j++ {
			if t[j] == '~' && (j+1 == len(t) || t[j+1] != '0' && t[j+1] != '1') {
				return nil, fail.Errorf(fail.Invalid, "bad JSON pointer %q", short(pointer)).
					Because("%q has a tilde that is part of no escape", short(t)).
					Then("write ~0 for a tilde and ~1 for a slash in a name")
			}
		}
		tokens[i] = strings.ReplaceAll(strings.ReplaceAll(t, "~1", "/"), "~0", "~")
	}
	return tokens, nil
}

// pointerOf writes names as a pointer.
func pointerOf(tokens []string) string {
	var b strings.Builder
	for _, t := range tokens {
		b.WriteByte('/')
		b.WriteString(escapeToken(t))
	}
	return b.String()
}

func escapeToken(t string) string {
	return strings.ReplaceAll(strings.ReplaceAll(t, "~", "~0"), "/", "~1")
}

type span struct{ start, end int }

// A locator finds the value at a pointer in one pass, in which it also checks the whole
// text.
type locator struct {
	scanner
	tokens  []string
	target  span
	deepest span // the deepest value on the way that exists
	level   int  // how many tokens lead to it
	repeats []int
}

// A step is an array or object that a locator is in.
type step struct {
	entry
	start int
	level int // how many tokens lead here, or -1 if it is beside the way
	index int // of the next element of an array
	found bool
}

func (l *locator) run(ctx context.Context) error {
	l.repeats = make([]int, len(l.tokens))
	var stack []step
	level := 0 // of the value that comes next
	for n := 1; ; n++ {
		if n%(1<<16) == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		l.space()
		if n := len(stack); n > 0 {
			top := &stack[n-1]
			var key string
			closed, err := l.child(top, &key)
			if err != nil {
				return err
			}
			if closed {
				l.ended(top.level, top.start)
				if stack = stack[:n-1]; len(stack) == 0 {
					break
				}
				continue
			}
			level = l.enter(top, key)
		}
		start := l.pos
		l.began(level, start)
		if c := l.peek(); c == '{' || c == '[' {
			if len(stack) >= maxJSONDepth {
				return l.fail("nested deeper than %d", maxJSONDepth)
			}
			l.pos++
			stack = append(stack, step{entry: entry{open: c}, start: start, level: level})
			continue
		}
		if err := l.scalar(); err != nil {
			return err
		}
		l.ended(level, start)
		if len(stack) == 0 {
			break
		}
	}
	l.space()
	if l.pos < len(l.data) {
		return l.fail("%s after the value", l.what())
	}
	return nil
}

// child is member, and gives the name if it can matter.
func (l *locator) child(top *step, key *string) (closed bool, err error) {
	if top.open == '[' || top.level < 0 || top.level >= len(l.tokens) {
		return l.member(&top.entry)
	}
	// Where the name stands: behind the comma, if there is one.
	look := l.scanner
	if look.peek() == ',' {
		look.pos++
		look.space()
	}
	start := look.pos
	if closed, err = l.member(&top.entry); closed || err != nil {
		return closed, err
	}
	if err := look.text(); err != nil {
		return false, err
	}
	*key = unquote(l.data[start:look.pos])
	return false, nil
}

// enter returns the level of the value that comes next in top, and -1 if it is beside the
// way.
func (l *locator) enter(top *step, key string) int {
	if top.level < 0 || top.level >= len(l.tokens) {
		return -1
	}
	token := l.tokens[top.level]
	if top.open == '[' {
		key = strconv.Itoa(top.index)
		top.index++
	}
	if key != token {
		return -1
	}
	if top.found { // again: what was found under the first is not meant
		l.repeats[top.level]++
		clear(l.repeats[top.level+1:])
		l.target, l.deepest, l.level = span{}, span{start: top.start}, top.level
	}
	top.found = true
	return top.level + 1
}

func (l *locator) began(level, start int) {
	if level < 0 {
		return
	}
	l.deepest, l.level = span{start: start}, level
	if level == len(l.tokens) {
		l.target = span{start: start}
	}
}

func (l *locator) ended(level, start int) {
	if level < 0 {
		return
	}
	if l.deepest.start == start && l.level == level {
		l.deepest.end = l.pos
	}
	if level == len(l.tokens) {
		l.target.end = l.pos
	}
}

// missing says how far the pointer leads and what is there.
func (l *locator) missing(pointer string) error {
	at := pointerOf(l.tokens[:l.level])
	token := l.tokens[l.level]
	node := newNode(at, l.data[l.deepest.start:l.deepest.end])
	e := fail.Errorf(fail.NotFound, "nothing at the JSON pointer %q", short(pointer))
	where := strconv.Quote(short(at))
	if at == "" {
		where = "the document"
	}
	switch node.Kind {
	case "array":
		if node.Len == 0 {
			return e.Because("%s is an empty array", where)
		}
		return e.Because("%s is an array of %d", where, node.Len).
			Then("use an index from 0 to %d, such as part=%q", node.Len-1, at+"/0")
	case "object":
		if node.Len == 0 {
			return e.Because("%s is an empty object", where)
		}
		keys := node.keys(1000)
		names := make([]string, 0, 12)
		for _, k := range keys[:min(len(keys), 12)] {
			names = append(names, short(k))
		}
		more := ""
		if node.Len > len(names) {
			more = fmt.Sprintf(" and %d more", node.Len-len(names))
		}
		e = e.Because("%s has no %q; its %d names: %s%s", where, short(token), node.Len, strings.Join(names, ", "), more)
		return e.Then("try part=%q", short(at+"/"+escapeToken(nearest(token, keys))))
	}
	return e.Because("%s is a %s and has no members", where, node.Kind).Then("read part=%q", at)
}

// newNode describes the valid JSON raw.
func newNode(pointer string, raw []byte) Node {
	n := Node{Pointer: pointer, Kind: kindOf(raw[0]), raw: raw}
	switch n.Kind {
	case "object", "array":
		n.members(func(_, _ []byte, _ int) bool { n.Len++; return true })
	case "string":
		n.Len = len(unquote(raw))
	}
	return n
}

// members calls yield with the name, still in quotes, and the text of each member of n,
// and where in n it stands, until yield returns false. An element of an array has no
// name.
func (n Node) members(yield func(key, value []byte, at int) bool) {
	s := scanner{data: n.raw, pos: 1}
	e := entry{open: n.raw[0]}
	for {
		s.space()
		look := s
		if look.peek() == ',' {
			look.pos++
			look.space()
		}
		name := look.pos
		if closed, err := s.member(&e); closed || err != nil {
			return // the text has been checked: there is no error
		}
		var key []byte
		if e.open == '{' && look.text() == nil {
			key = n.raw[name:look.pos]
		}
		start := s.pos
		if s.value() != nil || !yield(key, n.raw[start:s.pos], start) {
			return
		}
	}
}

// keys returns the names of an object, at most limit of them.
func (n Node) keys(limit int) []string {
	var out []string
	n.members(func(key, _ []byte, _ int) bool {
		out = append(out, unquote(key))
		return len(out) < limit
	})
	return out
}
