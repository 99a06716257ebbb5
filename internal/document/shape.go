package document

import (
	"context"
	"fmt"
	"strings"
)

// Limits of Shape.
const (
	shapeLevels  = 3    // levels of members that are listed
	shapeBreadth = 100  // members of one object that are listed
	shapeItems   = 2000 // members that are listed in all
)

// Shape returns an outline of what stands at a JSON pointer in a payload: what its members are
// called, of which kind and how big they are, three levels deep, so that a first look at a big
// payload is a map of it and not its body. The handle of an item is its JSON pointer. It
// fails as Lookup does.
func Shape(ctx context.Context, format Format, data []byte, pointer string) (*Outline, error) {
	l, notes, err := locate(ctx, format, data, pointer)
	if err != nil {
		return nil, err
	}
	root := newNode(pointer, l.data[l.target.start:l.target.end])
	s := shaper{base: l.target.start}
	o := &Outline{Kind: string(format), Bytes: int64(len(data)), Lines: newLineIndex(data).last(), Notes: notes}
	if format == JSON || format == JSONLines {
		index := newLineIndex(l.data)
		s.lines, s.total = &index, o.Lines
	}
	name := pointer[strings.LastIndexByte(pointer, '/')+1:]
	if pointer == "" {
		name = "(root)"
	}
	s.add(Item{Name: short(name), Level: 1}, root, 0)
	if err := s.children(ctx, root, 0, 2); err != nil {
		return nil, err
	}
	o.Items = s.items
	if s.full {
		o.Notes = append(o.Notes, fmt.Sprintf("the outline stops after %d members; read a part by its pointer for more",
			shapeItems))
	}
	return o, nil
}

type shaper struct {
	base  int        // where the root begins in the text
	lines *lineIndex // nil where lines cannot be told
	total int        // lines of the document
	items []Item
	full  bool
}

// add lists n, which stands at offset at of the root.
func (s *shaper) add(it Item, n Node, at int) {
	it.Handle, it.Kind, it.Bytes = n.Pointer, n.Kind, int64(len(n.raw))
	it.Signature = n.summary()
	if s.lines != nil {
		start := s.base + at
		it.First, it.Last = min(s.lines.at(start), s.total), min(s.lines.at(start+len(n.raw)-1), s.total)
	}
	s.items = append(s.items, it)
}

// children lists the members of n, which stands at offset at of the root.
func (s *shaper) children(ctx context.Context, n Node, at, level int) error {
	if level > shapeLevels+1 || n.Kind != "object" && n.Kind != "array" {
		return nil
	}
	listed, more := 0, false
	var err error
	n.members(func(key, value []byte, offset int) bool {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
			return false
		}
		name := "0"
		if n.Kind == "object" {
			name = unquote(key)
		} else if listed > 0 || value[0] != '{' && value[0] != '[' {
			return false // one element stands for all; what is no container the summary tells
		}
		if len(s.items) >= shapeItems || listed >= shapeBreadth {
			s.full = s.full || len(s.items) >= shapeItems
			more = true
			return false
		}
		listed++
		child := newNode(n.Pointer+"/"+escapeToken(name), value)
		s.add(Item{Name: short(name), Level: level, Container: n.Pointer}, child, at+offset)
		err = s.children(ctx, child, at+offset, level+1)
		return err == nil
	})
	if err == nil && more && listed > 0 {
		s.items = append(s.items, Item{Name: fmt.Sprintf("… %d more names", n.Len-listed), Kind: "more", Level: level,
			Container: n.Pointer, Handle: n.Pointer})
	}
	return err
}

// summary says what n is, without showing it unless it is short.
func (n Node) summary() string {
	switch n.Kind {
	case "object":
		return fmt.Sprintf("object, %d names", n.Len)
	case "array":
		return fmt.Sprintf("array of %d%s", n.Len, n.elements())
	case "string":
		if len(n.raw) > 60 {
			return fmt.Sprintf("string, %d bytes", n.Len)
		}
	}
	return short(string(n.raw))
}

// elements says of which kinds the first elements of an array are.
func (n Node) elements() string {
	const look = 100
	var kinds []string
	counts := map[string]int{}
	var first Node
	seen := 0
	n.members(func(_, value []byte, _ int) bool {
		kind := kindOf(value[0])
		if counts[kind]++; counts[kind] == 1 {
			kinds = append(kinds, kind)
		}
		if seen++; seen == 1 {
			first = Node{raw: value, Kind: kind}
		}
		return seen < look
	})
	if len(kinds) == 0 {
		return ""
	}
	out := ": " + strings.Join(kinds, ", ")
	if len(kinds) == 1 && first.Kind == "object" {
		keys := first.keys(13)
		for i, k := range keys {
			keys[i] = short(k)
		}
		if len(keys) > 12 {
			keys[12] = "…"
		}
		out += " {" + strings.Join(keys, ", ") + "}"
	}
	return out
}

func kindOf(c byte) string {
	switch c {
	case '{':
		return "object"
	case '[':
		return "array"
	case '"':
		return "string"
	case 't', 'f':
		return "boolean"
	case 'n':
		return "null"
	}
	return "number"
}
