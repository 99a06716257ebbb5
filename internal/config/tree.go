package config

import (
	"errors"
	"sort"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// The deepest nesting of tables and arrays that is accepted.
const maxDepth = 16

// A shape is the type of a value.
type shape uint8

const (
	isTable shape = iota
	isArray
	isString
	isInteger
	isFloat
	isBool
	isTime
)

func (s shape) String() string {
	switch s {
	case isTable:
		return "a table"
	case isArray:
		return "an array"
	case isString:
		return "a string"
	case isInteger:
		return "an integer"
	case isFloat:
		return "a float"
	case isBool:
		return "a boolean"
	}
	return "a date or time"
}

// A node is a value of the document, with its place. The decoder of go-toml stops
// at the first wrong type and gives no positions for what it has decoded; all
// problems are to be reported at once, so the tree is our own.
type node struct {
	shape     shape
	line, col int    // of the key; of the value inside an array
	name      string // dotted, fit for display
	text      string // of a string; digits of a number; "true" or "false"
	verbatim  bool   // text stands in the file as it is, one column after col
	keys      []string
	table     map[string]*node
	items     []*node
	how       definition
}

// A definition says how a table came about, which decides who may add to it.
type definition uint8

const (
	implied  definition = iota // [a.b] implies a
	byHeader                   // [a]
	byDots                     // a.b = 1
	inline                     // a = {…}; closed
)

func newTable(name string, how definition) *node {
	return &node{name: name, table: map[string]*node{}, how: how}
}

// get returns the value of a key, nil if there is none.
func (n *node) get(key string) *node {
	if n == nil {
		return nil
	}
	return n.table[key]
}

func (n *node) put(key string, v *node) {
	n.table[key] = v
	n.keys = append(n.keys, key)
}

// states reports whether anything in n has a value.
func (n *node) states() bool {
	if n.shape != isTable {
		return true
	}
	for _, v := range n.table {
		if v.states() {
			return true
		}
	}
	return false
}

type treeBuilder struct {
	rep    *report
	parser unstable.Parser
	lines  []int // offsets of the beginnings of lines
}

// parseTree returns the document as a tree of what could be read. Problems go to rep.
func parseTree(data []byte, rep *report) *node {
	b := &treeBuilder{rep: rep, lines: []int{0}}
	for i, c := range data {
		if c == '\n' {
			b.lines = append(b.lines, i+1)
		}
	}
	root := newTable("", byHeader)
	current := root
	b.parser.Reset(data)
	for b.parser.NextExpression() {
		e := b.parser.Expression()
		switch e.Kind {
		case unstable.Table:
			current = b.header(root, e)
		case unstable.ArrayTable:
			var n node
			n.line, n.col = b.position(e.Child().Raw)
			n.name = showKey(string(e.Child().Data))
			rep.at(&n, "arrays of tables do not occur in this file; write [%s] once for each name", n.name)
			current = nil
		case unstable.KeyValue:
			if current != nil {
				b.keyValue(current, e, 0)
			}
		}
	}
	if err := b.parser.Error(); err != nil {
		b.syntax(err)
	}
	return root
}

func (b *treeBuilder) syntax(err error) {
	p := Problem{Line: 1, Col: 1, What: "syntax error"}
	var pe *unstable.ParserError
	if errors.As(err, &pe) {
		if len(pe.Highlight) > 0 {
			p.Line, p.Col = b.position(b.parser.Range(pe.Highlight))
		}
		// The parser quotes single characters of the document.
		what, _, _ := strings.Cut(pe.Message, " but got ")
		what, _, _ = strings.Cut(what, ": U+")
		if i := strings.Index(what, " U+"); i >= 0 {
			what = what[:i]
		}
		p.What = "syntax error: " + what
	}
	b.rep.add(p)
}

func (b *treeBuilder) position(r unstable.Range) (line, col int) {
	i := sort.SearchInts(b.lines, int(r.Offset)+1) - 1
	return i + 1, int(r.Offset) - b.lines[i] + 1
}

// header returns the table that [a.b.c] opens, nil if it cannot be opened.
func (b *treeBuilder) header(root *node, e *unstable.Node) *node {
	at := root
	depth := 0
	for it := e.Key(); it.Next(); {
		k := it.Node()
		key := string(k.Data)
		next := at.get(key)
		if depth++; depth > maxDepth {
			b.tooDeep(at)
			return nil
		}
		last := it.IsLast()
		if next == nil {
			next = newTable(joinKey(at.name, key), implied)
			next.line, next.col = b.position(k.Raw)
			at.put(key, next)
		} else if next.shape != isTable || next.how == inline || last && next.how != implied {
			b.twice(next, k)
			return nil
		}
		if last {
			next.how = byHeader
			next.line, next.col = b.position(k.Raw)
		}
		at = next
	}
	return at
}

func (b *treeBuilder) tooDeep(n *node) {
	b.rep.at(n, "nested more than %d levels deep", maxDepth)
}

func (b *treeBuilder) twice(first *node, k *unstable.Node) {
	line, col := b.position(k.Raw)
	p := Problem{Line: line, Col: col, Key: first.name, What: "given twice"}
	if first.line != line {
		p.What = "given twice, first in line " + itoa(first.line)
	}
	b.rep.add(p)
}

// keyValue adds a.b.c = value to the table at.
func (b *treeBuilder) keyValue(at *node, e *unstable.Node, depth int) {
	for it := e.Key(); it.Next(); {
		k := it.Node()
		key := string(k.Data)
		have := at.get(key)
		if depth++; depth > maxDepth {
			b.tooDeep(at)
			return
		}
		if it.IsLast() {
			if have != nil {
				b.twice(have, k)
				return
			}
			line, col := b.position(k.Raw)
			v := b.value(e.Value(), joinKey(at.name, key), line, col, depth)
			v.line, v.col = line, col
			v.verbatim = false
			at.put(key, v)
			return
		}
		if have == nil {
			have = newTable(joinKey(at.name, key), byDots)
			have.line, have.col = b.position(k.Raw)
			at.put(key, have)
		} else if have.shape != isTable || have.how != byDots {
			b.twice(have, k)
			return
		}
		at = have
	}
}

// value returns v, which belongs to the key at line and col.
func (b *treeBuilder) value(v *unstable.Node, name string, line, col, depth int) *node {
	n := &node{name: name, line: line, col: col}
	if v.Raw.Length > 0 { // arrays have no place of their own
		n.line, n.col = b.position(v.Raw)
	}
	switch v.Kind {
	case unstable.InlineTable:
		n.how, n.table = inline, map[string]*node{}
		for it := v.Children(); it.Next(); {
			b.keyValue(n, it.Node(), depth)
		}
		n.close()
	case unstable.Array:
		n.shape = isArray
		if depth++; depth > maxDepth {
			b.tooDeep(n)
			return n
		}
		for it := v.Children(); it.Next(); {
			n.items = append(n.items, b.value(it.Node(), name, n.line, n.col, depth))
		}
	case unstable.String:
		n.shape, n.text = isString, string(v.Data)
		raw := b.parser.Raw(v.Raw)
		n.verbatim = len(raw) == len(n.text)+2 && string(raw[1:len(raw)-1]) == n.text
		if strings.Contains(n.text, "${") || strings.Contains(n.text, "$(") {
			b.rep.add(Problem{
				Line: n.line, Col: n.col, Key: name, What: "nothing is expanded in a value, neither ${…} nor $(…)",
				Mend: `where a secret is wanted, write a reference such as "env:NAME"`,
			})
		}
	case unstable.Bool:
		n.shape, n.text = isBool, string(v.Data)
	case unstable.Integer:
		n.shape, n.text = isInteger, string(v.Data)
	case unstable.Float:
		n.shape, n.text = isFloat, string(v.Data)
	default:
		n.shape = isTime
	}
	return n
}

// close makes n and the tables that dots made in it inline: nobody adds to them.
func (n *node) close() {
	n.how = inline
	for _, v := range n.table {
		if v.shape == isTable && v.how == byDots {
			v.close()
		}
	}
}
