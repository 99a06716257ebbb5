// Package view turns an open document and what the caller asked of it into an answer:
// its lines, the lines that match, its outline, or a value in it.
//
// Line numbers are those of the file, split at line feeds only, so that they agree with
// a search. Text is cut at line ends, and what was cut is said with the part that comes next.
package view

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"
	"unicode/utf8"

	"cleat/internal/fail"
	"cleat/internal/systems/documents"
	"cleat/internal/text"
	"cleat/internal/uri"
)

// A Request says what to show of a document.
type Request struct {
	Part     string // see ParsePart; a fragment of the address means the same
	Grep     string // only lines that match this RE2 expression
	Outline  bool   // the map instead of the text
	Verbatim bool   // lines without their numbers
}

// A View is what is shown of a document. One of Lines, Outline and Value is set.
type View struct {
	URI     string `json:"uri"`
	Lines   []Line `json:"lines,omitempty"`
	Outline []Item `json:"outline,omitempty"`
	Value   string `json:"value,omitempty"` // JSON text
	Total   int    `json:"total,omitempty"` // lines, matches or entries that there are
	Partial string `json:"partial,omitempty"`
	Shape   bool   `json:"shape,omitempty"` // Value is the shape of a value, not JSON

	origin   text.Origin
	owned    bool
	verbatim bool
	kind     kind
	last     int  // the last line that was asked for, 0 if to the end
	unknown  bool // Total is what was seen before the time was over
	shape    func() string
	tooLong  bool // Value gave way to its shape
}

type kind int

const (
	lines kind = iota
	matches
	outline
	value
)

// A Line is one line of a document, without its end.
type Line struct {
	Number int    `json:"line"`
	Text   string `json:"text"`
}

// An Item is one entry of an outline.
type Item struct {
	First int    `json:"first"` // line
	Last  int    `json:"last,omitempty"`
	Level int    `json:"level,omitempty"` // depth, from 0
	Kind  string `json:"kind,omitempty"`
	Title string `json:"title"`
}

// Read opens the document at u and returns what req asks for. It fails as the library
// does, and with fail.Invalid or fail.NotFound for a part that the document has not.
func Read(ctx context.Context, lib documents.Library, u uri.URI, req Request) (*View, error) {
	if req.Part == "" {
		req.Part = u.Fragment
	}
	u.Fragment = ""
	doc, err := lib.Open(ctx, u)
	if err != nil {
		return nil, err
	}
	v, err := read(ctx, doc, u.Scheme == "json", req)
	if err := errors.Join(err, doc.Body.Close()); err != nil {
		return nil, err
	}
	v.URI, v.owned, v.verbatim = doc.URI, doc.Owned, req.Verbatim
	v.origin.Source = doc.Source
	return v, nil
}

func read(ctx context.Context, doc *documents.Document, data bool, req Request) (*View, error) {
	if req.Outline && req.Grep != "" {
		return nil, fail.Errorf(fail.Invalid, "outline and grep cannot go together").Then("leave one of them out")
	}
	part, err := ParsePart(req.Part)
	if err != nil {
		return nil, err
	}
	isData := dataFormat(doc.Name) != ""
	switch {
	case data && !isData:
		return nil, fail.Errorf(fail.Unsupported, "%q is no JSON, YAML or TOML file", doc.Name).
			Because("its ending is %q", path.Ext(doc.Name)).Then("read it as text://")
	case part.pointer != nil && !isData:
		return nil, fail.Errorf(fail.Invalid, "%q has no values to point to", doc.Name).
			Then("pass lines such as L10-L50, or read a JSON, YAML or TOML file")
	case req.Outline:
		return readOutline(ctx, doc, part)
	case req.Grep != "":
		return grep(ctx, doc.Body, part, req.Grep)
	case part.pointer != nil || data && !part.lines():
		return readValue(ctx, doc, part.pointer)
	case part.heading != "":
		if part, err = findHeading(ctx, doc, part.heading); err != nil {
			return nil, err
		}
	}
	return readLines(ctx, doc.Body, part)
}

// Text renders v.
func (v *View) Text(w *text.Writer) {
	var b strings.Builder
	switch v.kind {
	case lines:
		v.head(w)
		for _, l := range v.Lines {
			if v.verbatim || v.owned {
				b.WriteString(l.Text + "\n")
			} else {
				fmt.Fprintf(&b, "%d: %s\n", l.Number, l.Text)
			}
		}
	case matches:
		w.Say("%s%s", plural(v.Total, "matching line"), v.atLeast())
		for _, l := range v.Lines {
			fmt.Fprintf(&b, "%d: %s\n", l.Number, l.Text)
		}
	case outline:
		w.Say("outline: %s", plural(v.Total, "entr"))
		for _, it := range v.Outline {
			it.text(&b)
		}
	case value:
		if v.tooLong {
			w.Say("the shape of the value, which itself is too long: point into it with part")
		}
		b.WriteString(v.Value + "\n")
	}
	if v.owned {
		w.Say("%s", strings.TrimSuffix(b.String(), "\n"))
	} else {
		w.Quote(v.origin, b.String())
	}
	v.foot(w)
}

func (v *View) atLeast() string {
	if v.unknown {
		return " so far"
	}
	return ""
}

func (v *View) head(w *text.Writer) {
	n := len(v.Lines)
	if v.owned || v.verbatim && n == v.Total && n > 0 {
		return
	}
	switch {
	case v.Total == 0:
		w.Say("the file is empty")
	case n == 0:
		w.Say("no such lines: the file has %s%s", plural(v.Total, "line"), v.atLeast())
	default:
		w.Say("lines %d-%d of %d%s", v.Lines[0].Number, v.Lines[n-1].Number, v.Total, v.atLeast())
	}
}

// foot says what was left out, and how it is had.
func (v *View) foot(w *text.Writer) {
	switch v.kind {
	case lines:
		end := v.Total
		if v.last > 0 {
			end = min(end, v.last)
		}
		if n := len(v.Lines); n > 0 && v.Lines[n-1].Number < end {
			from := v.Lines[n-1].Number + 1
			w.Say("… %d more lines: part=\"L%d-L%d\"", end-from+1, from, end)
		}
	case matches:
		if n := len(v.Lines); n < v.Total && n > 0 {
			w.Say("… %d more matches: the same grep with part=\"L%d-\"", v.Total-n, v.Lines[n-1].Number+1)
		}
	case outline:
		if n := len(v.Outline); n < v.Total && n > 0 {
			w.Say("… %d more entries: outline with part=\"L%d-\"", v.Total-n, v.Outline[n-1].First+1)
		}
	}
	if v.Partial != "" {
		w.Say("partial: %s", v.Partial)
	}
}

func (it Item) text(b *strings.Builder) {
	fmt.Fprintf(b, "%sL%d", strings.Repeat("  ", min(it.Level, 8)), it.First)
	if it.Last > it.First {
		fmt.Fprintf(b, "-L%d", it.Last)
	}
	if it.Kind != "" {
		b.WriteString(" " + it.Kind)
	}
	b.WriteString(" " + text.Line(it.Title) + "\n")
}

// Shortest is the length, in bytes, below which a single line is not cut further.
const Shortest = 200

// Shrink implements text.Shrinker: lines and entries go from the end; a value gives way
// to its shape.
func (v *View) Shrink(keep float64) bool {
	keep = min(keep*0.97, 0.95)
	switch v.kind {
	case value:
		if v.Shape || v.shape == nil {
			return v.shrinkValue(keep)
		}
		v.Value, v.Shape, v.tooLong = v.shape(), true, true
		return true
	case outline:
		n := int(float64(len(v.Outline)) * keep)
		if n < 1 {
			return false
		}
		v.Outline = v.Outline[:n]
		return true
	}
	if n := int(float64(len(v.Lines)) * keep); n >= 1 {
		v.Lines = v.Lines[:n]
		return true
	}
	if len(v.Lines) == 0 || len(v.Lines[0].Text) < Shortest {
		return false
	}
	v.Lines = v.Lines[:1]
	l := &v.Lines[0]
	l.Text = cutLine(l.Text, int(float64(len(l.Text))*keep), 0)
	return true
}

// shrinkValue cuts a shape, which has a line for each key.
func (v *View) shrinkValue(keep float64) bool {
	all := strings.Split(v.Value, "\n")
	n := int(float64(len(all)) * keep)
	if n < 1 {
		return false
	}
	v.Partial = "only the first keys are shown; point to one with part"
	v.Value = strings.Join(all[:n], "\n")
	return true
}

// cutLine cuts s to n bytes at a character, with the number of bytes that are missing:
// those, and the dropped ones that were never read.
func cutLine(s string, n, dropped int) string {
	if i := strings.LastIndex(s, "…(+"); i >= 0 && strings.HasSuffix(s, ")") {
		var already int
		if _, err := fmt.Sscanf(s[i:], "…(+%d)", &already); err == nil {
			s, dropped = s[:i], dropped+already
		}
	}
	n = min(n, len(s))
	for n > 0 && n < len(s) && !utf8.RuneStart(s[n]) {
		n--
	}
	if missing := len(s) - n + dropped; missing > 0 {
		return fmt.Sprintf("%s…(+%d)", s[:n], missing)
	}
	return s
}
