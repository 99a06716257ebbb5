package view

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"path"
	"strings"
	"unicode"

	"cleat/internal/fail"
	"cleat/internal/symbols"
	"cleat/internal/systems/documents"
	"cleat/internal/tree"
)

// maxWhole is the size, in bytes, up to which a document is read whole, for an outline or
// a value in it.
const maxWhole = 64 << 20

// whole reads all of a document.
func whole(ctx context.Context, doc *documents.Document) ([]byte, error) {
	if doc.Size > maxWhole {
		return nil, tooLarge(doc)
	}
	var b bytes.Buffer
	_, err := io.Copy(&b, io.LimitReader(contextReader{ctx, doc.Body}, maxWhole+1))
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil:
		return nil, fail.Errorf(fail.Unavailable, "%q cannot be read: %w", doc.Name, err)
	case b.Len() > maxWhole:
		return nil, tooLarge(doc)
	}
	return b.Bytes(), nil
}

func tooLarge(doc *documents.Document) error {
	return fail.Errorf(fail.TooLarge, "%q is over %d MB, too large for this", doc.Name, maxWhole>>20).
		Then("read lines of it (part=L1-L200), or use grep")
}

// A contextReader ends with its context.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c contextReader) Read(p []byte) (int, error) {
	if c.ctx.Err() != nil {
		return 0, context.Cause(c.ctx)
	}
	return c.r.Read(p)
}

// readOutline returns the entries whose first line lies in the part.
func readOutline(ctx context.Context, doc *documents.Document, p Part) (*View, error) {
	if f := dataFormat(doc.Name); f != "" {
		v, err := readValue(ctx, doc, p.pointer)
		if err != nil {
			return nil, err
		}
		v.Value, v.Shape = v.shape(), true
		return v, nil
	}
	items, err := entries(ctx, doc)
	if err != nil {
		return nil, err
	}
	v := &View{kind: outline}
	for _, it := range items {
		if it.First >= p.first && (p.last == 0 || it.First <= p.last) {
			v.Outline = append(v.Outline, it)
		}
	}
	v.Total = len(v.Outline)
	return v, nil
}

// entries is the outline of a document that is no data: definitions, headings, or blocks
// of lines where there are neither.
func entries(ctx context.Context, doc *documents.Document) ([]Item, error) {
	data, err := whole(ctx, doc)
	if err != nil {
		return nil, err
	}
	lang := tree.Lang(doc.Name)
	var items []Item
	if symbols.Known(lang) {
		for _, s := range symbols.Scan(lang, data) {
			title := s.Signature
			if title == "" {
				title = s.Name
			}
			kind := string(s.Kind)
			if lang == "markdown" {
				kind = ""
			}
			it := Item{First: s.Line, Last: s.EndLine, Kind: kind, Title: title}
			if s.Container != "" {
				it.Level = 1 + strings.Count(s.Container, ".")
			}
			if lang == "markdown" {
				it.Level = headingLevel(title) - 1
			}
			items = append(items, it)
		}
	}
	if len(items) == 0 {
		return blocks(data), nil
	}
	return items, nil
}

func headingLevel(title string) int {
	if n := len(title) - len(strings.TrimLeft(title, "#")); n > 0 {
		return n
	}
	return 1
}

// Sizes of the blocks of a text without headings, in lines.
const (
	smallestBlock = 20
	mostBlocks    = 200
)

// blocks divides a text at blank lines, each block with its first words.
func blocks(data []byte) []Item {
	total := bytes.Count(data, []byte("\n"))
	size := max(smallestBlock, total/mostBlocks)
	var items []Item
	n, blank := 0, true
	for l := range bytes.Lines(data) {
		n++
		empty := len(bytes.TrimSpace(l)) == 0
		last := len(items) - 1
		if !empty && (last < 0 || n-items[last].First >= size && (blank || n-items[last].First >= 2*size)) {
			if last >= 0 {
				items[last].Last = n - 1
			}
			title := strings.Join(strings.Fields(string(l[:min(len(l), 400)])), " ")
			items = append(items, Item{First: n, Title: cutLine(title, 80, 0)})
		}
		blank = empty
	}
	if last := len(items) - 1; last >= 0 {
		items[last].Last = n
	}
	return items
}

// findHeading returns the lines of the section whose heading has the handle: the title
// in lower case with dashes, or the title itself.
func findHeading(ctx context.Context, doc *documents.Document, handle string) (Part, error) {
	if tree.Lang(doc.Name) != "markdown" {
		return Part{}, fail.Errorf(fail.Invalid, "%q is no part of %q", clip(handle), doc.Name).Then(forms)
	}
	items, err := entries(ctx, doc)
	if err != nil {
		return Part{}, err
	}
	if _, err := doc.Body.Seek(0, io.SeekStart); err != nil {
		return Part{}, fail.Errorf(fail.Unavailable, "%q cannot be read again: %w", doc.Name, err)
	}
	want := slug(handle)
	var have []string
	for i, it := range items {
		s := slug(strings.TrimLeft(it.Title, "#"))
		if s != want {
			have = append(have, "#"+s)
			continue
		}
		p := Part{first: it.First, last: maxLineNumber}
		for _, next := range items[i+1:] {
			if next.Level <= it.Level {
				p.last = next.First - 1
				break
			}
		}
		return p, nil
	}
	f := fail.Errorf(fail.NotFound, "%q has no section %q", path.Base(doc.Name), clip(handle))
	if len(have) > 0 {
		f = f.Because("its sections are %s", strings.Join(have[:min(len(have), 20)], ", "))
	}
	return Part{}, f.Then("look at the outline (outline=true)")
}

// slug is the handle of a heading: letters and digits in lower case, dashes for spaces.
func slug(title string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(strings.TrimSpace(title)) {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r), r == '_', r == '-':
			b.WriteRune(r)
		case r == ' ':
			b.WriteByte('-')
		}
	}
	return b.String()
}

func plural(n int, what string) string {
	one, many := "", "s"
	if strings.HasSuffix(what, "entr") {
		one, many = "y", "ies"
	}
	if n == 1 {
		return "1 " + what + one
	}
	return fmt.Sprintf("%d %s%s", n, what, many)
}
