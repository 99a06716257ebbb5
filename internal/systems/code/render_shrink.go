package code

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"cleat/internal/text"
)

// Widths of lines, in bytes, of the steps of Clipped.
const (
	firstWidth = 160
	lastWidth  = 60
)

// Further steps of degrading.
const (
	flat  Detail = "clipped lines, without what encloses them"
	names Detail = "names of definitions only"
)

// Shrink implements text.Shrinker: context goes first, then the ends of long lines and of
// signatures, then the heads of what encloses lines, then the text of lines and
// signatures, then the lines, then files and definitions, the last first.
func (r *Result) Shrink(keep float64) bool {
	for r.hasText() {
		switch r.Detail {
		case Whole:
			if r.Detail = Bare; r.filter(func(l Line) bool { return l.Match || l.Scope }) {
				return true
			}
		case Bare:
			if r.Detail = Clipped; r.clip(firstWidth) {
				return true
			}
		case Clipped:
			r.Detail = flat
			cut := keep > 0.4 && r.clip(lastWidth)
			if r.filter(func(l Line) bool { return l.Match }) || cut {
				return true
			}
		case flat:
			r.clip(lastWidth)
			if r.Detail = names; len(r.Files) > 0 {
				r.Detail = Numbers
			}
			if r.bare() {
				return true
			}
		case Numbers:
			r.Detail = Counts
			for i := range r.Files {
				r.Files[i].Lines = nil
			}
			return true
		default:
			return r.drop(keep)
		}
	}
	return r.drop(keep)
}

// hasText reports whether there are lines or signatures.
func (r *Result) hasText() bool {
	for _, f := range r.Files {
		if len(f.Lines) > 0 {
			return true
		}
	}
	for _, d := range r.Definitions {
		if d.Signature != "" {
			return true
		}
	}
	return false
}

// filter leaves the lines that are wanted and reports whether there were others.
func (r *Result) filter(wanted func(Line) bool) bool {
	dropped := false
	for i := range r.Files {
		f := &r.Files[i]
		lines := f.Lines[:0:0]
		for _, l := range f.Lines {
			if wanted(l) {
				lines = append(lines, l)
			}
		}
		dropped = dropped || len(lines) < len(f.Lines)
		f.Lines = lines
	}
	return dropped
}

// clip cuts lines and signatures to width bytes and reports whether any was longer.
func (r *Result) clip(width int) bool {
	cut := false
	for i := range r.Files {
		for k := range r.Files[i].Lines {
			l := &r.Files[i].Lines[k]
			cut = shorten(&l.Text, &l.full, width) || cut
		}
	}
	for i := range r.Definitions {
		var full int // a signature is a summary as it is
		cut = shorten(&r.Definitions[i].Signature, &full, width) || cut
	}
	return cut
}

// shorten cuts *s to width bytes, at a character, and says how many are missing of *full,
// the length before the first cut. It leaves what is hardly longer.
func shorten(s *string, full *int, width int) bool {
	if len(*s) <= width+16 {
		return false
	}
	at := width
	for at > 0 && !utf8.RuneStart((*s)[at]) {
		at--
	}
	if *full == 0 {
		*full = len(*s)
	}
	*s = fmt.Sprintf("%s…(+%d)", (*s)[:at], *full-at)
	return true
}

// bare takes the text of lines and signatures and reports whether there was any.
func (r *Result) bare() bool {
	cut := false
	for i := range r.Files {
		for k := range r.Files[i].Lines {
			l := &r.Files[i].Lines[k]
			cut = cut || l.Text != ""
			l.Text = ""
		}
	}
	for i := range r.Definitions {
		d := &r.Definitions[i]
		cut = cut || d.Signature != ""
		d.Signature = ""
	}
	return cut
}

// drop leaves the last files and definitions out: definitions are what such a result is
// about, and have at least half of the room.
func (r *Result) drop(keep float64) bool {
	const overhead = 400 // bytes of all that is neither
	files, definitions := 0, 0
	for _, f := range r.Files {
		files += len(f.Path) + 16
	}
	for _, d := range r.Definitions {
		definitions += len(d.Path) + len(d.Name) + len(d.Container) + 32
	}
	if files+definitions == 0 {
		return r.last()
	}
	room := max(int(keep*float64(files+definitions+overhead))-overhead, 0)
	forDefinitions := min(definitions, max(room-files, room/2))
	f := part(len(r.Files), room-forDefinitions, files)
	d := part(len(r.Definitions), forDefinitions, definitions)
	if f == len(r.Files) && d == len(r.Definitions) { // estimates err
		if f > 0 {
			f--
		} else {
			d--
		}
	}
	r.Omitted += len(r.Files) - f
	r.Files = r.Files[:f]
	if d < len(r.Definitions) {
		step, all := r.detail()
		r.Definitions = r.Definitions[:d]
		r.Detail = Detail(fmt.Sprintf("%d of %s", d, text.Count(all, "definition")))
		if step != "" {
			r.Detail = step + ", " + r.Detail
		}
	}
	return true
}

// detail returns the step of degrading, and how many definitions there are with those
// that it says were left out.
func (r *Result) detail() (step Detail, definitions int) {
	at := strings.LastIndex(string(r.Detail), ", ")
	var some, all int
	if _, err := fmt.Sscanf(strings.TrimPrefix(string(r.Detail[max(at, 0):]), ", "), "%d of %d definition", &some, &all); err != nil {
		return r.Detail, len(r.Definitions)
	}
	return r.Detail[:max(at, 0)], all
}

// part returns which part of n things of the given size there is room for.
func part(n, room, size int) int {
	if size == 0 {
		return 0
	}
	return min(n, n*room/size)
}

// last shortens what else may be long, when nothing is left to drop.
func (r *Result) last() bool {
	const most = 120 // bytes
	cut := false
	for _, s := range []*string{&r.Skipped, &r.Scope, &r.How, &r.Partial} {
		var full int
		cut = shorten(s, &full, most) || cut
	}
	return cut
}
