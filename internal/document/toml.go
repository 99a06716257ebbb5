package document

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"

	"cleat/internal/fail"
)

// A table is a TOML table in the order in which its names come.
type table struct {
	names   []string
	members map[string]*item
}

// An item is a value of TOML: a table, an array of tables, an array, or JSON text.
type item struct {
	table  *table
	tables []*table
	list   []*item
	json   []byte
}

func newTable() *table { return &table{members: map[string]*item{}} }

func (t *table) set(name string, it *item) {
	if _, ok := t.members[name]; !ok {
		t.names = append(t.names, name)
	}
	t.members[name] = it
}

// sub returns the table called name in t, the last of an array of tables, made if need be.
func (t *table) sub(name string) (*table, error) {
	it, ok := t.members[name]
	if !ok {
		it = &item{table: newTable()}
		t.set(name, it)
	}
	switch {
	case it.table != nil:
		return it.table, nil
	case len(it.tables) > 0:
		return it.tables[len(it.tables)-1], nil
	}
	return nil, fail.Errorf(fail.Invalid, "not valid TOML: %q is no table", short(name))
}

// tomlToJSON translates a TOML document. Dates and times become strings.
func tomlToJSON(data []byte) ([]byte, error) {
	if err := tomlDepth(data); err != nil {
		return nil, err
	}
	// This checks what the order-keeping parser below does not: names defined twice.
	var all map[string]any
	if err := toml.Unmarshal(data, &all); err != nil {
		return nil, tomlError(err)
	}
	root := newTable()
	at := root
	var p unstable.Parser
	p.Reset(data)
	for p.NextExpression() {
		e := p.Expression()
		path, err := keyPath(e.Key())
		if err != nil {
			return nil, err
		}
		last := len(path) - 1
		if e.Kind != unstable.KeyValue {
			at = root
		}
		parent := at
		for _, name := range path[:last] {
			if parent, err = parent.sub(name); err != nil {
				return nil, err
			}
		}
		switch e.Kind {
		case unstable.Table:
			at, err = parent.sub(path[last])
		case unstable.ArrayTable:
			it := parent.members[path[last]]
			if it == nil {
				it = &item{}
				parent.set(path[last], it)
			}
			at = newTable()
			it.tables = append(it.tables, at)
		case unstable.KeyValue:
			var it *item
			it, err = tomlValue(e.Value())
			parent.set(path[last], it)
		}
		if err != nil {
			return nil, err
		}
	}
	if err := p.Error(); err != nil {
		return nil, tomlError(err)
	}
	return root.json(nil), nil
}

func tomlError(err error) error {
	e := fail.Errorf(fail.Invalid, "not valid TOML: %s", oneLine(err))
	var bad *toml.DecodeError
	if errors.As(err, &bad) {
		line, column := bad.Position()
		e = fail.Errorf(fail.Invalid, "not valid TOML: line %d, column %d: %s", line, column, oneLine(err))
	}
	return e.Then("read it as text: the same path with text:// in place of json://")
}

// keyPath returns the parts of a dotted key.
func keyPath(it unstable.Iterator) ([]string, error) {
	var path []string
	for it.Next() {
		path = append(path, string(it.Node().Data))
	}
	if len(path) == 0 {
		return nil, fail.Errorf(fail.Invalid, "not valid TOML: an empty key")
	}
	return path, nil
}

// tomlValue translates a value. tomlDepth has bounded its depth.
func tomlValue(n *unstable.Node) (*item, error) {
	switch n.Kind {
	case unstable.InlineTable:
		t := newTable()
		for it := n.Children(); it.Next(); {
			pair := it.Node()
			path, err := keyPath(pair.Key())
			if err != nil {
				return nil, err
			}
			parent := t
			for _, name := range path[:len(path)-1] {
				if parent, err = parent.sub(name); err != nil {
					return nil, err
				}
			}
			value, err := tomlValue(pair.Value())
			if err != nil {
				return nil, err
			}
			parent.set(path[len(path)-1], value)
		}
		return &item{table: t}, nil
	case unstable.Array:
		list := []*item{}
		for it := n.Children(); it.Next(); {
			value, err := tomlValue(it.Node())
			if err != nil {
				return nil, err
			}
			list = append(list, value)
		}
		return &item{list: list}, nil
	case unstable.Bool:
		return &item{json: []byte(string(n.Data))}, nil
	case unstable.Integer, unstable.Float:
		return &item{json: number(nil, string(n.Data))}, nil
	case unstable.String, unstable.LocalDate, unstable.LocalTime, unstable.LocalDateTime, unstable.DateTime:
		return &item{json: quote(nil, string(n.Data))}, nil
	}
	return nil, fmt.Errorf("a TOML value of kind %v", n.Kind)
}

func (it *item) append(out []byte) []byte {
	switch {
	case it.table != nil:
		return it.table.json(out)
	case it.tables != nil:
		out = append(out, '[')
		for i, t := range it.tables {
			if i > 0 {
				out = append(out, ',')
			}
			out = t.json(out)
		}
		return append(out, ']')
	case it.list != nil:
		out = append(out, '[')
		for i, v := range it.list {
			if i > 0 {
				out = append(out, ',')
			}
			out = v.append(out)
		}
		return append(out, ']')
	}
	return append(out, it.json...)
}

func (t *table) json(out []byte) []byte {
	out = append(out, '{')
	for i, name := range t.names {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(quote(out, name), ':')
		out = t.members[name].append(out)
	}
	return append(out, '}')
}

// tomlDepth refuses what nests too deep, before a parser that recurses sees it: brackets
// within brackets, and keys of many parts; and what has more values than memory is for.
func tomlDepth(data []byte) error {
	depth, dots, marks := 0, 0, 0
	for i := 0; i < len(data); i++ {
		switch c := data[i]; c {
		case '#':
			for i < len(data) && data[i] != '\n' {
				i++
			}
			dots = 0
		case '"', '\'':
			i = tomlString(data, i)
		case '[', '{':
			depth++
			marks++
		case ']', '}':
			depth = max(0, depth-1)
		case '.':
			dots++
		case '\n', '=', ',':
			dots = 0
			marks++
		}
		if marks > maxMarks {
			return fail.Errorf(fail.TooLarge, "the TOML document has too many values to be read as one").
				Then("read a range of lines of it, or use grep")
		}
		if depth > maxJSONDepth || dots > maxJSONDepth {
			line := strings.Count(string(data[:min(i, len(data))]), "\n") + 1
			return fail.Errorf(fail.TooLarge, "the TOML document nests deeper than %d at line %d", maxJSONDepth, line)
		}
	}
	return nil
}

// tomlString returns where the string ends that begins at i.
func tomlString(data []byte, i int) int {
	q := data[i]
	long := i+2 < len(data) && data[i+1] == q && data[i+2] == q
	if long {
		i += 2
	}
	for i++; i < len(data); i++ {
		switch data[i] {
		case '\\':
			if q == '"' {
				i++
			}
		case '\n':
			if !long {
				return i
			}
		case q:
			if !long {
				return i
			}
			if i+2 < len(data) && data[i+1] == q && data[i+2] == q {
				return i + 2
			}
		}
	}
	return i
}
