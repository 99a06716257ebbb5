package code

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"cleat/internal/text"
)

// Text renders r: what was searched, then "path:12: code" with context lines as
// "path-13- code", then how to go on.
func (r *Result) Text(w *text.Writer) {
	w.Say("%s", r.summary())
	if r.Matches == 0 && r.Partial == "" {
		w.Say("next: try case=ignore, a shorter pattern, or mode=files for a path")
	}
	var from text.Origin // the source that was called
	var b strings.Builder
	for _, f := range r.Files {
		f.text(&b, r.Detail)
	}
	w.Quote(from, b.String())
	if r.Skipped != "" {
		w.Quote(from, "skipped "+text.Line(r.Skipped))
	}
	if r.Detail != Whole {
		w.Say("… shown with %s to fit the budget: narrow with paths, lang or a longer pattern", r.Detail)
	}
	if r.Omitted > 0 {
		w.Say("… %d more files with matches are left out: narrow with paths or lang", r.Omitted)
	}
	if r.Partial != "" {
		w.Say("partial: %s; narrow with paths, or go on with the cursor", r.Partial)
	}
	w.Cursor(r.Cursor)
}

func (r *Result) summary() string {
	var b strings.Builder
	what, files := "matches in", len(r.Files)+r.Omitted
	switch {
	case r.Matches == 0 && r.Partial != "":
		b.WriteString("no match so far")
	case r.Matches == 0:
		b.WriteString("no match")
	case files > 0 && r.Files[0].Matches == 0:
		fmt.Fprintf(&b, "%s", plural(files, "path"))
	default:
		if r.Matches == 1 {
			what = "match in"
		}
		fmt.Fprintf(&b, "%d %s %s", r.Matches, what, plural(files, "file"))
	}
	s := r.Stats
	if r.Cursor != "" && r.Partial == "" {
		// How many files the workers had come to by then is chance, and of no use.
		fmt.Fprintf(&b, ", more with the cursor; stopped at the limit; took %s", s.Took.Round(time.Millisecond))
		return b.String()
	}
	fmt.Fprintf(&b, "; searched %s", plural(s.Files, "file"))
	if s.Bytes > 0 {
		fmt.Fprintf(&b, " (%s)", size(s.Bytes))
	}
	var skipped []string
	for _, k := range []struct {
		n    int
		name string
	}{{s.Ignored, "ignored"}, {s.Binary, "binary"}, {s.Large, "too large"}, {s.Denied, "closed"}, {s.Special, "not regular"}} {
		if k.n > 0 {
			skipped = append(skipped, fmt.Sprintf("%d %s", k.n, k.name))
		}
	}
	if len(skipped) > 0 {
		fmt.Fprintf(&b, ", skipped %s", strings.Join(skipped, ", "))
	}
	fmt.Fprintf(&b, "; took %s", s.Took.Round(time.Millisecond))
	return b.String()
}

func (f *File) text(b *strings.Builder, d Detail) {
	path := text.Line(f.Path)
	switch {
	case f.Matches == 0 && len(f.Lines) == 0: // mode files
		b.WriteString(path + "\n")
	case d == Counts:
		fmt.Fprintf(b, "%s: %s\n", path, plural(f.Matches, "match"))
	case d == Numbers:
		b.WriteString(path + ":")
		sep := ""
		for _, l := range f.Lines {
			if l.Match {
				fmt.Fprintf(b, "%s%d", sep, l.Number)
				sep = ","
			}
		}
		b.WriteByte('\n')
	default:
		last := 0
		for _, l := range f.Lines {
			mark := '-'
			if l.Match {
				mark = ':'
			}
			if last > 0 && l.Number > last+1 && hasContext(f.Lines) {
				b.WriteString("--\n")
			}
			last = l.Number
			fmt.Fprintf(b, "%s%c%d%c %s\n", path, mark, l.Number, mark, l.Text)
		}
	}
}

func hasContext(lines []Line) bool {
	for _, l := range lines {
		if !l.Match {
			return true
		}
	}
	return false
}

// Widths of lines, in bytes, of the steps of Clipped.
const (
	firstWidth = 160
	lastWidth  = 60
)

// Shrink implements text.Shrinker: context goes first, then the ends of long lines, then
// the text of lines, then the lines, then files.
func (r *Result) Shrink(keep float64) bool {
	switch r.Detail {
	case Whole:
		r.Detail = Bare
		for i := range r.Files {
			f := &r.Files[i]
			lines := f.Lines[:0:0]
			for _, l := range f.Lines {
				if l.Match {
					lines = append(lines, l)
				}
			}
			f.Lines = lines
		}
		return len(r.Files) > 0
	case Bare:
		r.Detail = Clipped
		r.clip(firstWidth)
	case Clipped:
		if longest := r.clip(lastWidth); longest > lastWidth && keep > 0.4 {
			return true
		}
		r.Detail = Numbers
		for i := range r.Files {
			for k := range r.Files[i].Lines {
				r.Files[i].Lines[k].Text = ""
			}
		}
	case Numbers:
		r.Detail = Counts
		for i := range r.Files {
			r.Files[i].Lines = nil
		}
	default:
		return r.drop(keep)
	}
	return true
}

// clip cuts the lines to width bytes and returns how long the longest was.
func (r *Result) clip(width int) int {
	longest := 0
	for i := range r.Files {
		for k := range r.Files[i].Lines {
			l := &r.Files[i].Lines[k]
			longest = max(longest, len(l.Text))
			if len(l.Text) > width+16 {
				at := width
				for at > 0 && !utf8.RuneStart(l.Text[at]) {
					at--
				}
				if l.full == 0 {
					l.full = len(l.Text)
				}
				l.Text = fmt.Sprintf("%s…(+%d)", l.Text[:at], l.full-at)
			}
		}
	}
	return longest
}

// drop leaves the last files out.
func (r *Result) drop(keep float64) bool {
	n := min(int(float64(len(r.Files))*keep), len(r.Files)-1)
	if n < 1 {
		return false
	}
	r.Omitted += len(r.Files) - n
	r.Files = r.Files[:n]
	return true
}

func plural(n int, what string) string {
	switch {
	case n == 1:
		return "1 " + what
	case strings.HasSuffix(what, "ch"):
		return fmt.Sprintf("%d %ses", n, what)
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func size(n int64) string {
	switch {
	case n < 10_000:
		return fmt.Sprintf("%d B", n)
	case n < 10_000_000:
		return fmt.Sprintf("%d kB", n/1000)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/1e6)
}
