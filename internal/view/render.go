package view

import (
	"fmt"
	"strings"

	"cleat/internal/document"
	"cleat/internal/text"
)

// Text renders v: what it is a part of, the lines, and how to go on.
func (v *View) Text(w *text.Writer) {
	v.head(w)
	var b strings.Builder
	switch v.kind {
	case lines:
		for _, l := range v.Lines {
			if v.verbatim || v.owned {
				b.WriteString(l.Text + "\n")
			} else {
				fmt.Fprintf(&b, "%d: %s\n", l.Number, l.Text)
			}
		}
	case matches:
		for _, l := range v.Lines {
			fmt.Fprintf(&b, "%d: %s\n", l.Number, l.Text)
		}
	case outline:
		for _, it := range v.Outline {
			it.text(&b)
		}
	case value:
		b.WriteString(v.Value + "\n")
	}
	if v.owned {
		w.Say("%s", strings.TrimSuffix(b.String(), "\n"))
	} else {
		w.Quote(v.origin, b.String())
	}
	v.foot(w)
}

// head says what is shown. Nothing has to be said of a whole text without numbers.
func (v *View) head(w *text.Writer) {
	n := len(v.Lines)
	switch {
	case v.owned || v.kind == value || v.kind == lines && v.verbatim && n == v.Total && n > 0:
	case v.kind == matches:
		w.Say("%s", plural(v.Total, "matching line", "matching lines"))
	case v.kind == outline:
		w.Say("outline: %s", plural(v.Total, "entry", "entries"))
	case n == 0:
		w.Say("the file is empty")
	case v.Total < 0:
		w.Say("lines %d-%d of many more", v.Lines[0].Number, v.Lines[n-1].Number)
	default:
		w.Say("lines %d-%d of %d", v.Lines[0].Number, v.Lines[n-1].Number, v.Total)
	}
}

// foot says what was left out, and how it is had.
func (v *View) foot(w *text.Writer) {
	switch n := len(v.Lines); {
	case v.kind == lines && n > 0:
		v.rest(w, v.Lines[n-1].Number+1)
	case v.kind == matches && n > 0 && n < v.Total:
		w.Say("… %s: the same grep with part=\"L%d-\"", plural(v.Total-n, "more match", "more matches"), v.Lines[n-1].Number+1)
	case v.kind == outline:
		if n := len(v.Outline); n > 0 && n < v.Total {
			more := plural(v.Total-n, "more entry", "more entries")
			if last := v.Outline[n-1]; last.First > 0 {
				w.Say("… %s: outline with part=\"L%d-\"", more, last.First+1)
			} else {
				w.Say("… %s: outline with part=%q, or another pointer", more, last.Handle)
			}
		}
	}
	for _, note := range v.Notes {
		w.Say("note: %s", text.Line(note))
	}
}

// rest says which lines come next, if any do.
func (v *View) rest(w *text.Writer, from int) {
	end := v.Total
	if v.end > 0 && (end < 0 || v.end < end) {
		end = v.end
	}
	switch {
	case !v.more || end > 0 && from > end:
	case end < 0:
		w.Say("… more lines: part=\"L%d-\"", from)
	default:
		w.Say("… %s: part=%q", plural(end-from+1, "more line", "more lines"), document.LineRange(from, end))
	}
}

// text writes an entry: its lines, what it is, and the part to read it by where that is
// not the lines.
func (it Item) text(b *strings.Builder) {
	b.WriteString(strings.Repeat("  ", max(0, min(it.Level-1, 8))))
	sep := ""
	put := func(s string) {
		if s != "" {
			b.WriteString(sep + text.Line(s))
			sep = " "
		}
	}
	if it.First > 0 {
		lines := fmt.Sprintf("L%d", it.First)
		if it.Last > it.First {
			lines = document.LineRange(it.First, it.Last)
		}
		put(lines)
	}
	put(it.Handle)
	put(it.Kind)
	put(it.Title)
	b.WriteByte('\n')
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
