package code

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"cleat/internal/text"
)

// The texts of a history are foreign, save for the counts and the ways on: names of
// branches and authors, subjects and paths are written by whoever commits.

// commitLine is a commit on one line: "1a2b3c4d5e 2026-11-03 Ann: subject [main, v1.2]".
func commitLine(c *Commit) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %s: %s", text.Line(c.Hash), date(c.Time), text.Line(c.Author), text.Line(c.Subject))
	if len(c.Parents) > 1 {
		b.WriteString(" (merge)")
	}
	if c.Path != "" {
		fmt.Fprintf(&b, " (as %s)", text.Line(c.Path))
	}
	if len(c.Refs) > 0 {
		fmt.Fprintf(&b, " [%s]", text.Line(strings.Join(c.Refs, ", ")))
	}
	return b.String()
}

func date(t time.Time) string {
	if t.IsZero() {
		return "no date"
	}
	return t.UTC().Format(time.DateOnly)
}

// Text implements text.Renderer: a line for each commit.
func (l *Log) Text(w *text.Writer) {
	n := len(l.Commits)
	switch {
	case n == 0 && l.Partial != "":
		w.Say("no commit so far")
	case n == 0:
		w.Say("no commit")
		w.Say("next: leave out author, since or text, or give another range")
	case l.Cursor != "" || l.Omitted > 0:
		w.Say("%s, newest first; there are more", text.Count(n, "commit"))
	default:
		w.Say("%s, newest first", text.Count(n, "commit"))
	}
	var b strings.Builder
	for i := range l.Commits {
		b.WriteString(commitLine(&l.Commits[i]) + "\n")
	}
	w.Quote(text.Origin{}, b.String())
	if l.Omitted > 0 {
		w.Say("… %s left out to fit the budget: pass a smaller limit and go on with its cursor, or narrow with path, author or since", text.Count(l.Omitted, "more commit"))
	}
	if l.Partial != "" {
		w.Say("partial: %s", l.Partial)
	}
	w.Cursor(l.Cursor)
}

// Shrink implements text.Shrinker: long subjects are clipped, then commits left out. The
// cursor goes then, too: it would pass over what is left out.
func (l *Log) Shrink(keep float64) bool {
	const width = 80
	clipped := false
	for i := range l.Commits {
		c := &l.Commits[i]
		if len(c.Subject) > width+16 {
			c.Subject, clipped = clip(c.Subject, width), true
		}
		clipped = c.clipRefs() || clipped
	}
	if clipped {
		return true
	}
	n := fewer(len(l.Commits), keep)
	if n < 1 {
		return false
	}
	l.Omitted += len(l.Commits) - n
	l.Commits, l.Cursor = l.Commits[:n], ""
	return true
}

// clipRefs leaves a few refs and the beginnings of their names, and reports whether there
// was more.
func (c *Commit) clipRefs() bool {
	const most, width = 3, 40
	cutAny := false
	if n := len(c.Refs); n > most+1 {
		c.Refs, cutAny = append(c.Refs[:most:most], fmt.Sprintf("%d more", n-most)), true
	}
	for i, r := range c.Refs {
		if short := cut(r, width); short != r {
			c.Refs[i], cutAny = short, true
		}
	}
	return cutAny
}

// fewer is how many of n things to keep; 0 if there is nothing to leave out.
func fewer(n int, keep float64) int {
	if n <= 1 {
		return 0
	}
	return max(1, min(int(float64(n)*keep), n-1))
}

// clip shortens s to about n bytes and says by how many.
func clip(s string, n int) string {
	if len(s) <= n+16 {
		return s
	}
	short := cut(s, n)
	return fmt.Sprintf("%s(+%d)", short, len(s)-len(short)+len("…"))
}

// cut shortens s to about n bytes.
func cut(s string, n int) string {
	if len(s) <= n+16 {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}

// Text implements text.Renderer: one row for each span, then what the commits say.
func (b *Blame) Text(w *text.Writer) {
	if len(b.Spans) == 0 {
		w.Say("the file is empty at %s", b.At)
		return
	}
	first, last := b.Spans[0].First, b.Spans[len(b.Spans)-1].Last
	w.Say("lines %d-%d of %d at %s, %s; of each span the first line is shown", first, last, b.Total, b.At, text.Count(len(b.Commits), "commit"))
	by := make(map[string]*Commit, len(b.Commits))
	for i := range b.Commits {
		by[b.Commits[i].Hash] = &b.Commits[i]
	}
	var out strings.Builder
	for _, s := range b.Spans {
		at := fmt.Sprintf("L%d-L%d", s.First, s.Last)
		if s.First == s.Last {
			at = fmt.Sprintf("L%d", s.First)
		}
		fmt.Fprintf(&out, "%s %s", at, text.Line(s.Commit))
		if c := by[s.Commit]; c != nil {
			fmt.Fprintf(&out, " %s %s", date(c.Time), text.Line(c.Author))
		}
		if len(s.Lines) > 0 {
			out.WriteString(": " + text.Line(s.Lines[0]))
		}
		out.WriteByte('\n')
	}
	if b.Detail != Counts {
		out.WriteString("commits:\n")
		for i := range b.Commits {
			fmt.Fprintf(&out, "%s %s\n", text.Line(b.Commits[i].Hash), text.Line(b.Commits[i].Subject))
		}
	}
	w.Quote(text.Origin{}, out.String())
	switch b.Detail {
	case Clipped:
		w.Say("… lines and subjects are clipped to fit the budget: ask for fewer lines with part")
	case Numbers, Counts:
		w.Say("… the text of lines is left out to fit the budget: ask for fewer lines with part, or read the file")
	}
	if b.Partial != "" {
		w.Say("partial: %s", b.Partial)
	}
	w.Cursor(b.Cursor)
}

// Shrink implements text.Shrinker: lines are clipped, then left out, then the subjects of
// commits, then spans.
func (b *Blame) Shrink(keep float64) bool {
	switch b.Detail {
	case Whole:
		b.Detail = Clipped
		for i := range b.Spans {
			for k, l := range b.Spans[i].Lines {
				b.Spans[i].Lines[k] = cut(l, 50)
			}
		}
		for i := range b.Commits {
			b.Commits[i].Subject = cut(b.Commits[i].Subject, 60)
		}
	case Clipped:
		b.Detail = Numbers
		for i := range b.Spans {
			b.Spans[i].Lines = nil
		}
	case Numbers:
		b.Detail = Counts
		for i := range b.Commits {
			b.Commits[i].Subject = ""
		}
	default:
		n := fewer(len(b.Spans), keep)
		if n < 1 {
			return false
		}
		b.Partial = fmt.Sprintf("what follows does not fit the budget; go on with part=L%d-", b.Spans[n].First)
		b.Spans, b.Cursor = b.Spans[:n], ""
		used := map[string]bool{}
		for _, s := range b.Spans {
			used[s.Commit] = true
		}
		kept := b.Commits[:0]
		for _, c := range b.Commits {
			if used[c.Hash] {
				kept = append(kept, c)
			}
		}
		b.Commits = kept
	}
	return true
}

// Text implements text.Renderer: a line for each branch.
func (b *Branches) Text(w *text.Writer) {
	if len(b.Branches) == 0 {
		w.Say("no branch")
	} else {
		w.Say("%s, the last committed to first; +a -b: a commits ahead of the default branch, b behind", text.Count(len(b.Branches), "branch"))
	}
	var out strings.Builder
	head := "HEAD is detached"
	switch {
	case b.Current != "" && b.Head == "":
		head = "checked out: " + text.Line(b.Current) + ", without a commit"
	case b.Current != "":
		head = "checked out: " + text.Line(b.Current) + " " + b.Head
	case b.Head != "":
		head += " at " + b.Head
	}
	out.WriteString(head)
	if b.Default != "" {
		out.WriteString("; default: " + text.Line(b.Default))
	}
	out.WriteByte('\n')
	for i := range b.Branches {
		r := &b.Branches[i]
		fmt.Fprintf(&out, "%s %s %s +%d -%d", text.Line(r.Name), r.Hash, date(r.Time), r.Ahead, r.Behind)
		if r.Remote {
			out.WriteString(" (remote)")
		}
		if r.Author != "" || r.Subject != "" {
			fmt.Fprintf(&out, " %s: %s", text.Line(r.Author), text.Line(r.Subject))
		}
		out.WriteByte('\n')
	}
	w.Quote(text.Origin{}, out.String())
	if b.Omitted > 0 {
		w.Say("… %s left out to fit the budget: narrow with text, or pass a smaller limit and go on with its cursor", text.Count(b.Omitted, "more branch"))
	}
	w.Cursor(b.Cursor)
}

// Shrink implements text.Shrinker: subjects go first, then branches.
func (b *Branches) Shrink(keep float64) bool {
	cut := false
	for i := range b.Branches {
		r := &b.Branches[i]
		cut = cut || r.Subject != "" || r.Author != ""
		r.Subject, r.Author = "", ""
	}
	if cut {
		return true
	}
	n := fewer(len(b.Branches), keep)
	if n < 1 {
		return false
	}
	b.Omitted += len(b.Branches) - n
	b.Branches, b.Cursor = b.Branches[:n], ""
	return true
}
