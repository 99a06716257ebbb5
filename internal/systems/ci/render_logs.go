package ci

import (
	"fmt"
	"slices"
	"strconv"

	"cleat/internal/buildlog"
	"cleat/internal/text"
)

// numbered is a line of a log with its number, as grep writes it.
func numbered(l buildlog.Line, mark byte) string {
	s := strconv.Itoa(l.N) + string(mark) + " " + l.Text
	if l.Repeat > 0 {
		s += fmt.Sprintf("  [and %d more lines like it]", l.Repeat)
	}
	return s
}

// Text implements text.Renderer: lines with their numbers, hits as 12:, context as 12-.
func (e *Excerpt) Text(w *text.Writer) {
	job := ""
	if e.several {
		job = fmt.Sprintf(", job %q", clip(e.Job))
	}
	of := ""
	if e.Total >= 0 {
		of = " of " + text.Count(e.Total, "line")
	}
	switch {
	case e.Op == "search" && e.Hits == 0:
		w.Say("no hit in the log%s, run %s%s", of, ident(e.Run), job)
	case e.Op == "search":
		w.Say("%s in the log%s, run %s%s", text.Count(e.Hits, "hit"), of, ident(e.Run), job)
	case len(e.Blocks) == 0:
		w.Say("the log is empty, run %s%s", ident(e.Run), job)
	default:
		w.Say("lines %d-%d%s, run %s%s", e.From, e.To, of, ident(e.Run), job)
	}
	shown := 0
	for i, block := range e.Blocks {
		if i > 0 && len(block) > 1 {
			w.Quote(text.Origin{}, "--")
		}
		for _, l := range block {
			mark := byte('-')
			if l.Hit {
				shown++
			}
			if l.Hit || e.Op != "search" {
				mark = ':'
			}
			w.Quote(text.Origin{}, numbered(l, mark))
		}
	}
	if left := e.Hits - shown; left > 0 {
		which := "later"
		if e.last {
			which = "earlier"
		}
		w.Say("… %s: a narrower pattern, limit=, or last=true for the last ones", text.Count(left, which+" hit"))
	}
	if from, to := e.missing(); from > 0 {
		w.Say("… %s left out for want of room: op=range part=\"L%d-L%d\"", text.Count(to-from+1, "line"), from, to)
	}
	if e.Cut {
		w.Say("… the log is longer than the %d MB that are read of one; what comes after is not known", MaxLog>>20)
	}
	if !e.Status.Ended() {
		w.Say("the job has not ended: its log grows")
	}
}

// Shrink implements text.Shrinker: it leaves out context, then hits: the last ones, or the
// first where the last were asked for; of a tail the first lines, of a range the last.
func (e *Excerpt) Shrink(keep float64) bool {
	switch {
	case len(e.Blocks) == 0:
		return false
	case e.Op == "search" && e.contextless():
		return true
	case len(e.Blocks) > 1:
		left := min(max(int(float64(len(e.Blocks))*keep), 1), len(e.Blocks)-1)
		if e.last {
			e.Blocks = e.Blocks[len(e.Blocks)-left:]
		} else {
			e.Blocks = e.Blocks[:left]
		}
		return true
	}
	lines := e.Blocks[0]
	if len(lines) <= 1 {
		return false
	}
	left := min(max(int(float64(len(lines))*keep), 1), len(lines)-1)
	if e.last || e.Op == "tail" {
		e.Blocks[0] = lines[len(lines)-left:]
	} else {
		e.Blocks[0] = lines[:left]
	}
	return true
}

// contextless leaves out the lines around the hits, and reports whether there were any.
func (e *Excerpt) contextless() bool {
	any := false
	for i, block := range e.Blocks {
		hits := slices.DeleteFunc(slices.Clone(block), func(l buildlog.Line) bool { return !l.Hit })
		any = any || len(hits) < len(block)
		e.Blocks[i] = hits
	}
	return any
}

// missing says which lines of a tail or a range the budget left out.
func (e *Excerpt) missing() (from, to int) {
	if e.Op == "search" || len(e.Blocks) == 0 {
		return 0, 0
	}
	lines := e.Blocks[0]
	first, last := lines[0].N, lines[len(lines)-1].N+lines[len(lines)-1].Repeat
	if first > e.From {
		return e.From, first - 1
	}
	if last < e.To {
		return last + 1, e.To
	}
	return 0, 0
}
