package document

// lineWidth is how wide an array or object may be that is written on one line.
const lineWidth = 100

// JSON writes n as JSON that is easy to read: what is short stands on one line, what is
// long has a member on each, indented with indent. Strings and numbers are written as
// they stand in the document. With a limit above 0 it stops at the end of a line before
// more than limit bytes are written, and says that there is more; if the first line alone
// is longer it is cut.
func (n Node) JSON(indent string, limit int) (text string, more bool) {
	w := writer{scanner: scanner{data: n.raw}, indent: indent, limit: limit}
	w.value(0, 0)
	if !w.full {
		return string(w.out), false
	}
	out := w.out
	for i := min(len(out), limit); i > 0; i-- {
		if out[i-1] == '\n' {
			return string(out[:i-1]), true
		}
	}
	return string(wholeRunes(out[:min(len(out), limit)])), true
}

// Bytes returns the length of the text of n in the document, or in its form as JSON where
// the document is none.
func (n Node) Bytes() int { return len(n.raw) }

// A writer writes checked JSON anew. Its recursion is bounded by maxJSONDepth.
type writer struct {
	scanner
	out    []byte
	indent string
	limit  int
	full   bool
}

func (w *writer) put(b []byte) {
	if w.limit > 0 && len(w.out)+len(b) > w.limit {
		b = b[:min(len(b), w.limit+1-len(w.out))]
		w.full = true
	}
	w.out = append(w.out, b...)
}

func (w *writer) newLine(depth int) {
	w.put([]byte{'\n'})
	for range depth {
		w.put([]byte(w.indent))
	}
}

// value writes the value at the position. used is how much of the line is taken.
func (w *writer) value(depth, used int) {
	w.space()
	start := w.pos
	c := w.peek()
	if c != '{' && c != '[' {
		if w.scalar() == nil {
			w.put(w.data[start:w.pos])
		}
		return
	}
	if text, end, ok := w.compact(lineWidth - used); ok {
		w.put(text)
		w.pos = end
		return
	}
	w.put([]byte{c})
	w.pos++
	e := entry{open: c}
	for first := true; !w.full; first = false {
		w.space()
		look := w.scanner
		if look.peek() == ',' {
			look.pos++
			look.space()
		}
		name := look.pos
		closed, err := w.member(&e)
		if err != nil {
			return // the text has been checked: there is none
		}
		if closed {
			break
		}
		if !first {
			w.put([]byte{','})
		}
		w.newLine(depth + 1)
		used := (depth + 1) * len(w.indent)
		if c == '{' && look.text() == nil {
			w.put(w.data[name:look.pos])
			w.put([]byte(": "))
			used += look.pos - name + 2
		}
		w.value(depth+1, used)
	}
	w.newLine(depth)
	w.put([]byte{c + 2}) // the closing bracket
}

// compact returns the value at the position on one line, and where it ends, if it takes
// no more than width. It looks at no more than a few times as much text.
func (w *writer) compact(width int) (text []byte, end int, ok bool) {
	s := scanner{data: w.data[:min(len(w.data), w.pos+4*lineWidth)], pos: w.pos}
	var stack []entry
	for {
		s.space()
		if s.pos >= len(s.data) || len(text) > width {
			return nil, 0, false
		}
		if n := len(stack); n > 0 {
			top := &stack[n-1]
			some := top.some
			look := s
			if look.peek() == ',' {
				look.pos++
				look.space()
			}
			name := look.pos
			closed, err := s.member(top)
			if err != nil {
				return nil, 0, false
			}
			if closed {
				text = append(text, top.open+2)
				if stack = stack[:n-1]; len(stack) == 0 {
					return text, s.pos, len(text) <= width
				}
				continue
			}
			if some {
				text = append(text, ", "...)
			}
			if top.open == '{' && look.text() == nil {
				text = append(append(text, s.data[name:look.pos]...), ": "...)
			}
		}
		start := s.pos
		if c := s.peek(); c == '{' || c == '[' {
			s.pos++
			text = append(text, c)
			stack = append(stack, entry{open: c})
			continue
		}
		if s.scalar() != nil {
			return nil, 0, false
		}
		text = append(text, s.data[start:s.pos]...)
	}
}
