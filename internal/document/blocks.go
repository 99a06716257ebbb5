package document

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"

	"cleat/internal/symbols"
)

// Limits of an outline by lines.
const (
	maxBlocks  = 100 // blocks that a document is divided into
	firstBlock = 20  // lines of a block, to begin with
	headBytes  = 60  // bytes of a block's first words
)

// A lineOutliner reads the lines of a document and knows its structure.
type lineOutliner interface {
	// line takes the next line. text is its beginning, size its length with its end.
	line(text []byte, size int64)
	// outline returns what is known at the end, or nil if there is no structure.
	outline() *Outline
}

// How many bytes of a line are looked at: of text its first words matter, of a table all
// cells.
const (
	shortLine = 2000
	longLine  = 1 << 20
)

// outlineText reads r line by line, for o, which may be nil, and for blocks of lines.
// It looks at no more than keep bytes of a line.
func outlineText(ctx context.Context, r io.Reader, o lineOutliner, keep int) (*Outline, error) {
	in := newReader(ctx, r)
	var b blocks
	lines, bytes, note := 0, int64(0), ""
	for {
		text, _, size, err := in.lineEnd(keep)
		if err == io.EOF {
			break
		}
		if err != nil {
			if ctx.Err() == nil || lines == 0 {
				return nil, err
			}
			note = fmt.Sprintf("the time limit ended the reading after line %d", lines)
			break
		}
		lines++
		bytes += size
		b.add(lines, text, size)
		if o != nil {
			o.line(text, size)
		}
	}
	var out *Outline
	if o != nil {
		out = o.outline()
	}
	if out == nil {
		out = &Outline{Kind: "text", Items: b.items("block")}
	}
	out.Lines, out.Bytes = lines, bytes
	if note != "" {
		out.Notes = append(out.Notes, note)
	}
	return out, nil
}

// blocks divides a document into at most maxBlocks blocks of lines, in one pass and
// without knowing how long it is: when there are too many, neighbors are joined. Blocks
// end at empty lines where they can.
type blocks struct {
	done []Item
	open Item
	want int // lines of a block
}

func (b *blocks) add(number int, text []byte, size int64) {
	if b.want == 0 {
		b.want = firstBlock
	}
	n := number - b.open.First
	empty := len(bytes.TrimSpace(text)) == 0
	if b.open.First > 0 && (n >= 2*b.want || n >= b.want && empty) {
		b.close()
	}
	if b.open.First == 0 {
		b.open = Item{First: number}
	}
	b.open.Last = number
	b.open.Bytes += size
	if b.open.Name == "" && !empty {
		b.open.Name = firstWords(text)
	}
}

func (b *blocks) close() {
	b.done = append(b.done, b.open)
	b.open = Item{}
	if len(b.done) < maxBlocks {
		return
	}
	for i := range maxBlocks / 2 {
		one, two := b.done[2*i], b.done[2*i+1]
		one.Last, one.Bytes = two.Last, one.Bytes+two.Bytes
		if one.Name == "" {
			one.Name = two.Name
		}
		b.done[i] = one
	}
	b.done = b.done[:maxBlocks/2]
	b.want *= 2
}

func (b *blocks) items(kind string) []Item {
	items := b.done
	if b.open.First > 0 {
		items = append(items, b.open)
	}
	for i := range items {
		it := &items[i]
		it.Handle, it.Kind, it.Level = LineRange(it.First, it.Last), kind, 1
		if it.Name == "" {
			it.Name = "(empty)"
		}
	}
	return items
}

// firstWords returns the beginning of a line.
func firstWords(text []byte) string {
	const look = 4 * headBytes
	words := strings.Join(strings.Fields(string(wholeRunes(text[:min(len(text), look)]))), " ")
	if len(words) <= headBytes {
		return words
	}
	cut := strings.LastIndexByte(words[:headBytes], ' ')
	if cut < headBytes/2 {
		cut = len(wholeRunes([]byte(words[:headBytes])))
	}
	return words[:cut] + "…"
}

// markdown outlines a Markdown document by its headings.
type markdown struct{ headings symbols.Headings }

func (m *markdown) line(text []byte, size int64) { m.headings.Add(text, size) }

func (m *markdown) outline() *Outline {
	sections := m.headings.Sections()
	if len(sections) == 0 {
		return nil
	}
	o := &Outline{Kind: "markdown"}
	if first := sections[0].Line; first > 1 {
		o.Items = append(o.Items, Item{Handle: LineRange(1, first-1), Name: "(before the first heading)", Kind: "block",
			Level: 1, First: 1, Last: first - 1})
	}
	for _, s := range sections {
		container := ""
		if s.Parent >= 0 {
			container = sections[s.Parent].Title
		}
		name := s.Title
		if name == "" {
			name = "(empty heading)"
		}
		o.Items = append(o.Items, Item{Handle: "#" + s.Slug, Name: name, Kind: string(symbols.Heading), Container: container,
			Level: s.Level, First: s.Line, Last: s.EndLine, Bytes: s.Bytes})
	}
	if len(sections) >= symbols.MaxSymbols {
		o.Notes = append(o.Notes, fmt.Sprintf("only the first %d headings are listed", symbols.MaxSymbols))
	}
	return o
}
