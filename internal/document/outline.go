package document

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"path"
	"strings"

	"cleat/internal/fail"
	"cleat/internal/symbols"
)

// maxCode is how many bytes of source code are read for its outline.
const maxCode = 16 << 20

// An Outline is a map of a document: what it has and where, without its text.
type Outline struct {
	Kind  string // code, markdown, json, jsonl, yaml, toml, csv or text
	Items []Item // in the order of the document
	Lines int    // lines of the document, as far as it was read
	Bytes int64  // bytes of the document, as far as it was read
	Notes []string
}

// An Item is a section, a definition, a member, a column or a block of lines.
type Item struct {
	Handle    string // what the argument part takes to read it
	Name      string
	Kind      string // heading, block, rows, column, a kind of symbols, or a kind of JSON value
	Container string // what it is in, as far as that has a name
	Level     int    // from 1
	First     int    // first and last line; 0 where they cannot be told
	Last      int
	Bytes     int64 // of its text, 0 if unknown; a token is some four of them
	Signature string
}

// Page returns at most limit items from offset on, and the offset of the next page, or
// 0 if there is none. An offset out of range is the end.
func (o *Outline) Page(offset, limit int) (items []Item, next int) {
	offset = max(0, min(offset, len(o.Items)))
	end := len(o.Items)
	if limit > 0 && limit < end-offset {
		end = offset + limit
		next = end
	}
	return o.Items[offset:end], next
}

// Find returns the item that a section handle names: a handle, or the name of a
// definition, alone or after its container and a dot. Of several the first is meant. It
// fails with fail.NotFound, which names those most alike.
func (o *Outline) Find(handle string) (Item, error) {
	handle = strings.TrimPrefix(handle, "#")
	for _, fits := range []func(Item) bool{
		func(it Item) bool { return strings.TrimPrefix(it.Handle, "#") == handle },
		func(it Item) bool { return it.Container != "" && it.Container+"."+it.Name == handle },
		func(it Item) bool { return it.Name == handle },
		func(it Item) bool { return strings.EqualFold(it.Name, handle) },
	} {
		for _, it := range o.Items {
			if fits(it) {
				return it, nil
			}
		}
	}
	e := fail.Errorf(fail.NotFound, "no section %q", short(handle))
	var names []string
	for _, it := range o.Items[:min(len(o.Items), 2000)] {
		if o.Kind == "markdown" {
			names = append(names, it.Handle)
		} else {
			names = append(names, it.Name)
		}
	}
	if len(names) == 0 {
		return Item{}, e.Because("the document has no sections").Then(`read it by lines: part="L1-L100"`)
	}
	like := nearest(handle, names)
	return Item{}, e.Because("the document has %d sections; the nearest is %q", len(o.Items), short(like)).
		Then("take a handle from outline=true, such as part=%q", short(like))
}

// FormatOf returns the format of the payload in a file called name, or "" if its ending
// says that it is none.
func FormatOf(name string) Format {
	switch strings.ToLower(path.Ext(name)) {
	case ".json", ".jsonc", ".json5", ".webmanifest", ".geojson", ".ipynb", ".har", ".sarif":
		return JSON
	case ".jsonl", ".ndjson":
		return JSONLines
	case ".yaml", ".yml":
		return YAML
	case ".toml":
		return TOML
	}
	return ""
}

// ReadOutline makes the outline of the document r called name. lang is its language as
// package symbols spells it, or empty. Code is outlined by its definitions, Markdown by its
// headings, JSON, YAML and TOML by their members, CSV by columns and rows; everything
// else, and whatever of those has nothing to show or is not valid, by blocks of lines, so that
// there always is an outline. Of a document too long for the time that ctx leaves, what has
// been read is outlined, and a note says so; a payload is not outlined in part.
func ReadOutline(ctx context.Context, name, lang string, r io.Reader) (*Outline, error) {
	format := FormatOf(name)
	ext := strings.ToLower(path.Ext(name))
	switch {
	case lang == "markdown" || ext == ".md" || ext == ".markdown" || ext == ".mdx":
		return outlineText(ctx, r, &markdown{}, shortLine)
	case ext == ".csv" || ext == ".tsv":
		return outlineText(ctx, r, newTableReader(ext == ".tsv"), longLine)
	case format == "" && !symbols.Known(lang):
		return outlineText(ctx, r, nil, shortLine)
	}
	limit := maxCode
	switch format {
	case JSON, JSONLines:
		limit = MaxJSON
	case YAML, TOML:
		limit = MaxStructured
	}
	data, err := io.ReadAll(io.LimitReader(contextReader{ctx, r}, int64(limit)+1))
	if err != nil {
		return nil, err
	}
	why := ""
	switch {
	case len(data) > limit:
		why = fmt.Sprintf("more than %d bytes are not outlined by their content", limit)
	case format != "":
		o, err := Shape(ctx, format, data, "")
		if err == nil {
			return o, nil
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		why = fail.From(err).What
	default:
		if o := outlineCode(lang, data); len(o.Items) > 0 {
			return o, nil
		}
		why = "no definitions were found"
	}
	o, err := outlineText(ctx, io.MultiReader(bytes.NewReader(data), r), nil, shortLine)
	if err != nil {
		return nil, err
	}
	o.Notes = append(o.Notes, why+"; this is an outline by lines")
	return o, nil
}

// outlineCode outlines source code by its definitions.
func outlineCode(lang string, src []byte) *Outline {
	starts := []int32{0} // of lines
	for i, c := range src {
		if c == '\n' {
			starts = append(starts, int32(i+1))
		}
	}
	lines := len(starts)
	if n := len(src); n == 0 || src[n-1] == '\n' {
		lines--
	}
	starts = append(starts, int32(len(src)))
	o := &Outline{Kind: "code", Lines: lines, Bytes: int64(len(src))}
	var open []int // last lines of the definitions around the next
	for _, s := range symbols.Scan(lang, src) {
		for len(open) > 0 && open[len(open)-1] < s.Line {
			open = open[:len(open)-1]
		}
		last := min(s.EndLine, lines)
		level := 1
		if s.Container != "" {
			level = 1 + min(max(1, len(open)), strings.Count(s.Container, ".")+1)
		}
		o.Items = append(o.Items, Item{
			Handle: LineRange(s.Line, last), Name: s.Name, Kind: string(s.Kind), Container: s.Container, Level: level,
			First: s.Line, Last: last, Bytes: int64(starts[min(last, len(starts)-1)] - starts[s.Line-1]), Signature: s.Signature,
		})
		if s.EndLine > s.Line && len(open) < 100 {
			open = append(open, s.EndLine)
		}
	}
	if len(o.Items) >= symbols.MaxSymbols {
		o.Notes = append(o.Notes, fmt.Sprintf("only the first %d definitions are listed", symbols.MaxSymbols))
	}
	return o
}
