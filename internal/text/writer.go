// Package text renders answers: what cleat says itself, and what others wrote, kept
// apart so that the second is cleaned, redacted and enclosed before the model sees it.
package text

import (
	"fmt"
	"strings"
)

// A Renderer is an answer that can write itself as compact text. Rendering twice
// gives the same text.
type Renderer interface{ Text(*Writer) }

// A Shrinker is an answer that can degrade: each call drops detail (context, clipped
// lines, whole lines, then all but counts) and keeps account of what was dropped.
// keep is the part of its present size that would fit, between 0 and 1. It returns
// false when nothing is left to drop.
type Shrinker interface{ Shrink(keep float64) bool }

// A Keeper is an answer with parts that are too long to be shown and that can be read on
// their own. Keep is called once, after redaction and before the first rendering. put
// stores a text and returns the address under which read has it.
type Keeper interface {
	Keep(put func(s string) (address string, err error)) error
}

// A Writer collects an answer. The zero value is ready to use. It is not safe for
// concurrent use.
type Writer struct {
	segments []Segment // all but the last have their Text
	last     strings.Builder
	cursor   string
}

// A Segment is a stretch of an answer with one author.
type Segment struct {
	Foreign bool
	From    Origin
	Text    string
}

// An Origin says who wrote a foreign segment.
type Origin struct {
	Source string // the name of the source it came from; that of the call if empty
	Author string // optional
	Trust  string // optional, such as "public" or "member"
}

// Say adds a line that cleat itself says: a count, a cut, the next step. Nothing
// that others wrote may be among args, save in quotes and through Line.
func (w *Writer) Say(format string, args ...any) {
	w.add(Segment{Text: fmt.Sprintf(format, args...) + "\n"})
}

// Quote adds lines that others wrote, as they are; the gate cleans them. A missing
// final line feed is added.
func (w *Writer) Quote(from Origin, s string) {
	if s == "" {
		return
	}
	if !strings.HasSuffix(s, "\n") {
		s += "\n"
	}
	w.add(Segment{Foreign: true, From: from, Text: s})
}

// Quotef is Quote of a formatted line. Arguments that are one-line values, such as
// file names, go through Line first.
func (w *Writer) Quotef(from Origin, format string, args ...any) {
	w.Quote(from, fmt.Sprintf(format, args...))
}

// Cursor sets the value with which the following page is had. It is written as the
// answer's last line.
func (w *Writer) Cursor(value string) { w.cursor = value }

// NextPage returns what Cursor was given.
func (w *Writer) NextPage() string { return w.cursor }

// Segments returns what was written, neighbors of one origin joined.
func (w *Writer) Segments() []Segment {
	if n := len(w.segments); n > 0 {
		w.segments[n-1].Text = w.last.String()
	}
	return w.segments
}

func (w *Writer) add(s Segment) {
	n := len(w.segments)
	if n > 0 && w.segments[n-1].Foreign == s.Foreign && w.segments[n-1].From == s.From {
		w.last.WriteString(s.Text)
		return
	}
	if n > 0 {
		w.segments[n-1].Text = w.last.String()
		w.last = strings.Builder{}
	}
	w.last.WriteString(s.Text)
	s.Text = ""
	w.segments = append(w.segments, s)
}

// A Passage is a Renderer made of ready segments, for prompts.
type Passage struct{ Segments []Segment }

// Say appends what cleat itself says.
func (p *Passage) Say(s string) { p.Segments = append(p.Segments, Segment{Text: s}) }

// Quote appends what others wrote.
func (p *Passage) Quote(from Origin, s string) {
	p.Segments = append(p.Segments, Segment{Foreign: true, From: from, Text: s})
}

// Text implements Renderer.
func (p *Passage) Text(w *Writer) {
	for _, s := range p.Segments {
		if s.Foreign {
			w.Quote(s.From, s.Text)
		} else {
			w.Say("%s", strings.TrimSuffix(s.Text, "\n"))
		}
	}
}
