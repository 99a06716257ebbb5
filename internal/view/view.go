// Package view makes an answer of an open document and of what the caller asked of it:
// its lines, the lines that match, its outline, or a value in it. What a document has is
// package document's to find; here it is fitted, rendered and continued.
//
// What does not fit is cut at line ends and said, with the part that comes next.
package view

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"cleat/internal/document"
	"cleat/internal/fail"
	"cleat/internal/systems/documents"
	"cleat/internal/text"
	"cleat/internal/tree"
	"cleat/internal/uri"
)

// A Request says what to show of a document.
type Request struct {
	Part     string // see document.ParsePart; a fragment of the address means the same
	Grep     string // only lines that match this RE2 expression
	Outline  bool   // the map instead of the text
	Verbatim bool   // lines without their numbers
}

// A View is what is shown of a document. One of Lines, Outline and Value is set.
type View struct {
	URI     string   `json:"uri"`
	Lines   []Line   `json:"lines,omitempty"`
	Outline []Item   `json:"outline,omitempty"`
	Value   string   `json:"value,omitempty"` // JSON text
	Total   int      `json:"total"`           // lines, matches or entries that there are; -1 if that is not known
	Notes   []string `json:"notes,omitempty"`

	origin   text.Origin
	owned    bool
	verbatim bool
	kind     kind
	more     bool // lines follow the last of Lines
	narrowed bool // the one line that is left was cut
	end      int  // the last line that was asked for, 0 for the end
	part     document.Part
	shape    func() (*document.Outline, error) // what a value gives way to
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
	First  int    `json:"first,omitempty"` // line
	Last   int    `json:"last,omitempty"`
	Level  int    `json:"level"` // from 1
	Kind   string `json:"kind,omitempty"`
	Title  string `json:"title"`
	Handle string `json:"handle,omitempty"` // what part takes, where the lines do not say it
}

// Limits on what is taken of a document before the budget cuts further.
const (
	maxLines = 4000
	maxValue = 200_000 // bytes
	maxGrep  = 2000
)

// Read opens the document at u and returns what req asks for. It fails as the library
// does, and with fail.Invalid or fail.NotFound for a part that the document has not.
func Read(ctx context.Context, lib documents.Library, u uri.URI, req Request) (*View, error) {
	if req.Part == "" {
		req.Part = u.Fragment
	}
	if req.Outline && req.Grep != "" {
		return nil, fail.Errorf(fail.Invalid, "outline and grep cannot go together").Then("leave one of them out")
	}
	part, err := document.ParsePart(req.Part)
	if err != nil {
		return nil, err
	}
	u.Fragment = ""
	doc, err := lib.Open(ctx, u)
	if err != nil {
		return nil, err
	}
	v, err := read(ctx, doc, u.Scheme == "json", part, req)
	if err := errors.Join(err, doc.Body.Close()); err != nil {
		return nil, err
	}
	v.URI, v.owned, v.verbatim = doc.URI, doc.Owned, req.Verbatim
	v.origin.Source = doc.Source
	return v, nil
}

func read(ctx context.Context, doc *documents.Document, data bool, part document.Part, req Request) (*View, error) {
	format := document.FormatOf(doc.Name)
	switch {
	case data && format == "":
		return nil, fail.Errorf(fail.Unsupported, "%q is no JSON, YAML or TOML file", doc.Name).Then("read it as text://")
	case part.Kind == document.Pointer && format == "":
		return nil, fail.Errorf(fail.Invalid, "%q has no values to point to", doc.Name).
			Then("pass lines such as L10-L50, or read a JSON, YAML or TOML file")
	case req.Outline:
		return readOutline(ctx, doc, format, part)
	case req.Grep != "":
		return grep(ctx, doc.Body, part, req.Grep)
	case part.Kind == document.Pointer || data && part.Kind == document.Whole:
		return readValue(ctx, doc, format, part.Name)
	case part.Kind == document.Section:
		var err error
		if part, err = section(ctx, doc, part.Name); err != nil {
			return nil, err
		}
	}
	s, err := document.Lines(ctx, doc.Body, max(part.From, 1), part.To, maxLines)
	if err != nil {
		return nil, err
	}
	v := &View{kind: lines, Total: s.Total, more: s.More, end: part.To, Notes: s.Notes}
	for _, l := range s.Lines {
		v.Lines = append(v.Lines, Line{l.Number, l.Text})
	}
	return v, nil
}

// grep keeps the matching lines of the part.
func grep(ctx context.Context, r io.Reader, part document.Part, expr string) (*View, error) {
	if part.Kind != document.Whole && part.Kind != document.Range {
		return nil, fail.Errorf(fail.Invalid, "grep goes with lines (part=\"L10-L50\"), not with the part %q", part.String())
	}
	first := max(part.From, 1)
	skipped := bufio.NewReader(r)
	for range first - 1 {
		if err := skipLine(ctx, skipped); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
	}
	limit := maxGrep
	found, err := document.Grep(ctx, skipped, expr, 0, limit)
	if err != nil {
		return nil, err
	}
	v := &View{kind: matches, Total: found.Matches, Notes: found.Notes, end: part.To}
	for _, l := range found.Lines {
		n := l.Number + first - 1
		if part.To > 0 && n > part.To {
			// Beyond the part, nothing counts; how many lines match there is not to be said.
			v.Total = len(v.Lines)
			break
		}
		v.Lines = append(v.Lines, Line{n, l.Text})
	}
	if found.Partial != "" {
		v.Notes = append(v.Notes, found.Partial)
	}
	return v, nil
}

// skipLine reads past the next line feed.
func skipLine(ctx context.Context, r *bufio.Reader) error {
	for {
		_, err := r.ReadSlice('\n')
		if !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
}

// section returns the lines of a section.
func section(ctx context.Context, doc *documents.Document, handle string) (document.Part, error) {
	o, err := document.ReadOutline(ctx, doc.Name, tree.Lang(doc.Name), doc.Body)
	if err != nil {
		return document.Part{}, err
	}
	it, err := o.Find(handle)
	if err != nil {
		return document.Part{}, err
	}
	if it.First == 0 {
		return document.Part{}, fail.Errorf(fail.Invalid, "%q is a value, not lines", handle).Then("pass part=%q", it.Handle)
	}
	if _, err := doc.Body.Seek(0, io.SeekStart); err != nil {
		return document.Part{}, fail.Errorf(fail.Unavailable, "%q cannot be read again: %w", doc.Name, err)
	}
	return document.Part{Kind: document.Range, From: it.First, To: max(it.First, it.Last)}, nil
}

// payload reads all of a document that is to be parsed.
func payload(ctx context.Context, doc *documents.Document) ([]byte, error) {
	if doc.Size > document.MaxJSON {
		return nil, fail.Errorf(fail.TooLarge, "%q has %d bytes, the limit for its values is %d", doc.Name, doc.Size, document.MaxJSON).
			Then("read lines of it (part=\"L1-L200\"), or use grep")
	}
	data, err := io.ReadAll(io.LimitReader(doc.Body, document.MaxJSON+1))
	if err != nil {
		return nil, fail.Errorf(fail.Unavailable, "%q cannot be read: %w", doc.Name, err)
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return data, nil
}

func readValue(ctx context.Context, doc *documents.Document, format document.Format, pointer string) (*View, error) {
	data, err := payload(ctx, doc)
	if err != nil {
		return nil, err
	}
	n, err := document.Lookup(ctx, format, data, pointer)
	if err != nil {
		return nil, err
	}
	v := &View{kind: value, Total: 1, Notes: n.Notes}
	var cut bool
	v.Value, cut = n.JSON("  ", maxValue)
	if cut || n.Kind == "object" || n.Kind == "array" {
		v.shape = func() (*document.Outline, error) { return document.Shape(ctx, format, data, pointer) }
	}
	if cut {
		// What is left of the value would pass for all of it.
		return v, v.giveWay()
	}
	return v, nil
}

func readOutline(ctx context.Context, doc *documents.Document, format document.Format, part document.Part) (*View, error) {
	var o *document.Outline
	var err error
	if part.Kind == document.Pointer {
		var data []byte
		if data, err = payload(ctx, doc); err != nil {
			return nil, err
		}
		o, err = document.Shape(ctx, format, data, part.Name)
	} else {
		o, err = document.ReadOutline(ctx, doc.Name, tree.Lang(doc.Name), doc.Body)
	}
	if err != nil {
		return nil, err
	}
	v := &View{part: part}
	v.chart(o)
	return v, nil
}

// chart makes v the outline o, as far as it lies in the part.
func (v *View) chart(o *document.Outline) {
	v.kind, v.Value, v.Outline, v.Notes = outline, "", nil, o.Notes
	for _, it := range o.Items {
		if v.part.Kind == document.Range && (it.First < v.part.From || v.part.To > 0 && it.First > v.part.To) {
			continue
		}
		e := Item{First: it.First, Last: it.Last, Level: it.Level, Kind: it.Kind, Title: it.Name, Handle: it.Handle}
		switch {
		case it.Kind == "heading":
			e.Kind = ""
		case it.Kind == "block" || it.Kind == "rows":
			e.Kind, e.Handle = "", ""
		case o.Kind == "code":
			e.Handle = ""
			if it.Signature != "" {
				e.Title = it.Signature
			}
		case strings.HasPrefix(it.Handle, "/"):
			// A pointer says the name, and the signature the kind.
			e.Kind, e.Title, e.First, e.Last = "", it.Signature, 0, 0
		case it.Signature != "":
			e.Title += ": " + it.Signature
		}
		v.Outline = append(v.Outline, e)
	}
	v.Total = len(v.Outline)
}

// Shortest is the length, in bytes, below which a single line is not cut further.
const Shortest = 200

// Shrink implements text.Shrinker: lines and entries go from the end; a value gives way
// to its outline.
func (v *View) Shrink(keep float64) bool {
	keep = min(keep*0.97, 0.95)
	switch v.kind {
	case value:
		return v.shape != nil && v.giveWay() == nil
	case outline:
		n := int(float64(len(v.Outline)) * keep)
		if n < 1 {
			return false
		}
		v.Outline = v.Outline[:n]
		return true
	}
	if n := int(float64(len(v.Lines)) * keep); n >= 1 {
		v.more = true
		v.Lines = v.Lines[:n]
		return true
	}
	if len(v.Lines) == 0 || len(v.Lines[0].Text) < Shortest {
		return false
	}
	v.more = v.more || len(v.Lines) > 1
	v.Lines = v.Lines[:1]
	l := &v.Lines[0]
	l.Text = cut(l.Text, int(float64(len(l.Text))*keep))
	if !v.narrowed {
		v.narrowed = true
		v.Notes = append(v.Notes, fmt.Sprintf("line %d is cut to fit: a larger budget shows more of it, grep what surrounds a match", l.Number))
	}
	return true
}

// giveWay makes the value its outline.
func (v *View) giveWay() error {
	o, err := v.shape()
	if err != nil {
		return err
	}
	v.chart(o)
	v.Notes = append(v.Notes, "the value is too long, so this is its outline: point into it with part")
	return nil
}

// cut cuts a line to n bytes at a character, and says how many bytes are missing, those
// included that it said were missing before.
func cut(s string, n int) string {
	missing := 0
	if i := strings.LastIndex(s, "…(+"); i >= 0 && strings.HasSuffix(s, " bytes)") {
		if already, err := strconv.Atoi(s[i+len("…(+") : len(s)-len(" bytes)")]); err == nil {
			s, missing = s[:i], already
		}
	}
	n = min(n, len(s))
	for n > 0 && n < len(s) && !utf8.RuneStart(s[n]) {
		n--
	}
	return fmt.Sprintf("%s…(+%d bytes)", s[:n], missing+len(s)-n)
}
