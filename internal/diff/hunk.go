package diff

import (
	"strconv"
	"strings"
)

// A Hunk is a stretch of changed lines with common lines around them. As in unified diffs,
// lines are counted from 1, and where a count is 0 its line is the one before.
type Hunk struct {
	OldLine, OldLines, NewLine, NewLines int
	In                                   string // what it is in, as the hook of Hunks said
	Edits                                []Edit
}

// NoNewline is what stands after the last line of a text that does not end in a line feed.
const NoNewline = `\ No newline at end of file`

// Hunks groups the edits, with up to context common lines before and after each. in, which
// may be nil, says what the first changed line of a hunk is in; its arguments are that line in the
// old text and in the new one, from 1, where it is or would be.
func (d *Diff) Hunks(context int, in func(oldLine, newLine int) string) []Hunk {
	context = max(context, 0)
	var hunks []Hunk
	for edits := d.Edits; len(edits) > 0; {
		n := 1
		for n < len(edits) && edits[n].Old-edits[n-1].OldEnd <= 2*context {
			n++
		}
		first, last := edits[0], edits[n-1]
		before := min(context, first.Old) // the same in both texts: they are equal there
		after := min(context, d.old.len()-last.OldEnd)
		h := Hunk{
			OldLine: first.Old - before, OldLines: last.OldEnd + after - (first.Old - before),
			NewLine: first.New - before, NewLines: last.NewEnd + after - (first.New - before),
			Edits: edits[:n:n],
		}
		if h.OldLines > 0 {
			h.OldLine++
		}
		if h.NewLines > 0 {
			h.NewLine++
		}
		if in != nil {
			h.In = in(first.Old+1, first.New+1)
		}
		hunks = append(hunks, h)
		edits = edits[n:]
	}
	return hunks
}

// Header is the hunk's first line in a unified diff, without its end.
func (h *Hunk) Header() string {
	s := "@@ -" + span(h.OldLine, h.OldLines) + " +" + span(h.NewLine, h.NewLines) + " @@"
	if h.In != "" {
		s += " " + h.In
	}
	return s
}

func span(line, lines int) string {
	if lines == 1 {
		return strconv.Itoa(line)
	}
	return strconv.Itoa(line) + "," + strconv.Itoa(lines)
}

// Size is the length of the hunk's Text, in bytes, to within a few.
func (d *Diff) Size(h *Hunk) int {
	size := 0
	d.parts(h, func(_ byte, s *side, from, to int) {
		size += int(s.at[to]-s.at[from]) + to - from
	})
	return size
}

// Text is the lines of the hunk after " ", "-" or "+".
func (d *Diff) Text(h *Hunk) string {
	var b strings.Builder
	b.Grow(d.Size(h) + 64)
	d.parts(h, func(mark byte, s *side, from, to int) {
		for i := from; i < to; i++ {
			line := s.line(i)
			b.WriteByte(mark)
			b.Write(line)
			if line[len(line)-1] != '\n' {
				b.WriteString("\n" + NoNewline + "\n")
			}
		}
	})
	return b.String()
}

// parts hands out the stretches of the hunk in order.
func (d *Diff) parts(h *Hunk, fn func(mark byte, s *side, from, to int)) {
	at := h.OldLine
	if h.OldLines > 0 {
		at--
	}
	end := at + h.OldLines
	for _, e := range h.Edits {
		fn(' ', &d.old, at, e.Old)
		fn('-', &d.old, e.Old, e.OldEnd)
		fn('+', &d.new, e.New, e.NewEnd)
		at = e.OldEnd
	}
	fn(' ', &d.old, at, end)
}

// Unified is the whole difference in unified form without the names of files; empty if
// there is none.
func (d *Diff) Unified(context int, in func(oldLine, newLine int) string) string {
	var b strings.Builder
	for _, h := range d.Hunks(context, in) {
		b.WriteString(h.Header() + "\n" + d.Text(&h))
	}
	return b.String()
}
