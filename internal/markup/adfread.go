package markup

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// An adfReader makes nodes of ADF.
type adfReader struct {
	o    *Options
	kept Kept
}

func (r *adfReader) blocks(in []adfNode, depth int) []*node {
	var out []*node
	for i := range in {
		n := r.block(&in[i], depth)
		n.from = &in[i]
		out = append(out, n)
	}
	return out
}

func (r *adfReader) block(d *adfNode, depth int) *node {
	a := attrs(d.Attrs)
	n := &node{}
	switch d.Type {
	case "paragraph":
		n.kind = kParagraph
		n.kids = r.line(d.Content)
	case "heading":
		n.kind, n.level = kHeading, min(max(a.Level, 1), 6)
		n.kids = r.line(d.Content)
	case "bulletList":
		n.kind = kBullets
		n.kids = r.items(d.Content, depth)
	case "orderedList":
		n.kind, n.level = kOrdered, 1
		if a.Order > 1 || a.Order == 0 && bytes.Contains(d.Attrs, []byte(`"order"`)) {
			n.level = min(a.Order, 999999999)
		}
		n.kids = r.items(d.Content, depth)
	case "taskList":
		n.kind = kTasks
		n.kids = r.tasks(d.Content, depth)
	case "blockquote":
		n.kind = kQuote
		n.kids = r.blocks(d.Content, depth+1)
	case "codeBlock":
		n.kind, n.info = kCode, language(a.Language)
		n.text = strings.ReplaceAll(strings.ReplaceAll(adfText(d.Content), "\r\n", "\n"), "\r", "\n")
	case "rule":
		n.kind = kRule
	case "table":
		return r.table(d, depth)
	case "mediaSingle":
		return r.media(d)
	case "panel", "expand", "nestedExpand", "layoutSection", "layoutColumn", "bodiedExtension", "bodiedSyncBlock":
		n.kind = kBox
		n.kept = r.keep(atom{adf: &adfNode{Type: d.Type, Attrs: d.Attrs, Marks: d.Marks}, box: true})
		n.info = boxLabel(d.Type, a)
		n.kids = r.blocks(d.Content, depth+1)
	default:
		n.kind = kAtom
		n.kept = r.keep(atom{adf: d})
		n.info = atomLabel(d, a)
		if d.Type == "media" {
			n.text = "image"
		}
		if inlineType(d.Type) {
			// What stands in lines where blocks should be.
			n.kind, n.text = kParagraph, ""
			n.kept = 0
			r.kept.atoms = r.kept.atoms[:len(r.kept.atoms)-1]
			n.kids = r.line([]adfNode{*d})
		}
	}
	return n
}

func inlineType(t string) bool {
	switch t {
	case "text", "hardBreak", "mention", "emoji", "status", "date", "inlineCard", "inlineExtension", "mediaInline", "placeholder":
		return true
	}
	return false
}

func (r *adfReader) keep(a atom) int {
	r.kept.atoms = append(r.kept.atoms, a)
	return len(r.kept.atoms)
}

func boxLabel(kind string, a adfAttrs) string {
	s := kind
	for _, t := range []string{a.PanelType, a.Key, clip(a.Title, 80)} {
		if t != "" {
			s += " " + t
		}
	}
	return s
}

func atomLabel(d *adfNode, a adfAttrs) string {
	if d.Type == "media" {
		return mediaName(d, a)
	}
	s := boxLabel(d.Type, a)
	if a.URL != "" {
		s += " " + a.URL
	}
	if t := strings.TrimSpace(adfText(d.Content)); t != "" {
		s += ": " + clip(oneLine(t), 160)
	}
	return s
}

func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}

// adfText returns the text of nodes, of a document whose depth has been checked.
func adfText(in []adfNode) string {
	var b strings.Builder
	var walk func(in []adfNode)
	walk = func(in []adfNode) {
		for i := range in {
			b.WriteString(in[i].Text)
			if in[i].Type == "hardBreak" {
				b.WriteByte('\n')
			}
			walk(in[i].Content)
		}
	}
	walk(in)
	return b.String()
}

func (r *adfReader) items(in []adfNode, depth int) []*node {
	var out []*node
	for i := range in {
		n := &node{kind: kItem, from: &in[i]}
		if in[i].Type == "listItem" {
			n.kids = r.blocks(in[i].Content, depth+2)
		} else {
			n.kids = r.blocks(in[i:i+1], depth+2)
			n.from = nil
		}
		out = append(out, n)
	}
	return out
}

// tasks reads the items of a list of tasks. A list of its own among them belongs to the task
// before it.
func (r *adfReader) tasks(in []adfNode, depth int) []*node {
	var out []*node
	for i := range in {
		d := &in[i]
		if d.Type == "taskList" && len(out) > 0 {
			last := out[len(out)-1]
			sub := &node{kind: kTasks, from: d, kids: r.tasks(d.Content, depth+1)}
			last.kids = append(last.kids, sub)
			continue
		}
		n := &node{kind: kTask, from: d}
		switch d.Type {
		case "taskItem":
			n.kids = r.line(d.Content)
		case "blockTaskItem":
			n.kids = flat(r.blocks(d.Content, depth+1), "")
		case "taskList":
			n.kids = []*node{{kind: kTasks, from: d, kids: r.tasks(d.Content, depth+1)}}
			n.from = nil
		default:
			n.kids = flat(r.blocks(in[i:i+1], depth+1), "")
			n.from = nil
		}
		if attrs(d.Attrs).State == "DONE" {
			n.level = 1
		}
		out = append(out, n)
	}
	return out
}

func (r *adfReader) table(d *adfNode, depth int) *node {
	t := &node{kind: kTable}
	for i := range d.Content {
		row := &d.Content[i]
		n := &node{kind: kRow, from: row}
		for j := range row.Content {
			cell := &row.Content[j]
			c := &node{kind: kCell, from: cell, kids: r.blocks(cell.Content, depth+3)}
			if cell.Type == "tableHeader" {
				c.level = 1
			}
			c.align = adfAlign(cell.Content)
			n.kids = append(n.kids, c)
			for k := attrs(cell.Attrs).Colspan; k > 1 && len(n.kids) < maxColumns; k-- {
				n.kids = append(n.kids, &node{kind: kCell, level: c.level})
			}
		}
		t.kids = append(t.kids, n)
	}
	return t
}

// adfAlign returns how the paragraphs of a cell are aligned.
func adfAlign(in []adfNode) byte {
	for i := range in {
		for _, m := range in[i].Marks {
			if m.Type == "alignment" {
				switch attrs(m.Attrs).Align {
				case "center":
					return 'c'
				case "end":
					return 'r'
				}
			}
		}
	}
	return 0
}

// media reads a picture: an image of the web as itself, all others as a placeholder.
func (r *adfReader) media(d *adfNode) *node {
	if len(d.Content) == 0 || d.Content[0].Type != "media" {
		return &node{kind: kAtom, kept: r.keep(atom{adf: d}), info: d.Type}
	}
	m := &d.Content[0]
	a := attrs(m.Attrs)
	if a.Type == "external" && a.URL != "" && len(d.Content) == 1 && len(m.Marks) == 0 {
		return &node{kind: kParagraph, kids: []*node{{kind: kImage, text: oneLine(a.Alt), link: link{href: oneLine(a.URL)}}}}
	}
	return &node{kind: kAtom, kept: r.keep(atom{adf: d}), info: mediaName(m, a), text: "image"}
}

func mediaName(m *adfNode, a adfAttrs) string {
	for _, s := range []string{a.Alt, a.File, a.URL} {
		if s != "" {
			return oneLine(clip(s, 200))
		}
	}
	return m.Type
}

// line reads what stands in a line.
func (r *adfReader) line(in []adfNode) []*node {
	var out []*node
	for i := range in {
		d := &in[i]
		a := attrs(d.Attrs)
		n := &node{from: d}
		switch d.Type {
		case "text":
			n.kind, n.text = kText, oneLine(d.Text)
		case "hardBreak":
			n.kind = kBreak
		case "mention":
			n.kind = kMention
			n.id, n.text = rawString(a.ID), r.name(rawString(a.ID), a.Text)
			if n.text == "" {
				n = r.inlineAtom(d, "mention")
			} else {
				r.kept.names = append(r.kept.names, person{n.text, n.id, d})
			}
		case "emoji":
			if a.Text != "" && !strings.HasPrefix(a.Text, ":") {
				n.kind, n.text = kText, oneLine(a.Text)
			} else {
				n = r.inlineAtom(d, a.ShortName)
			}
		case "status":
			n = r.inlineAtom(d, a.Text)
		case "date":
			n = r.inlineAtom(d, dateText(rawString(a.Timestamp)))
		case "inlineCard", "blockCard", "embedCard":
			n = r.inlineAtom(d, a.URL)
		case "mediaInline":
			n = r.inlineAtom(d, mediaName(d, a))
		default:
			n = r.inlineAtom(d, atomLabel(d, a))
		}
		r.marks(n, d.Marks)
		asImage(n)
		out = append(out, n)
	}
	return out
}

// asImage makes a picture of text that is one in Markdown and leads to it: so they are
// written where ADF has no place for them.
func asImage(n *node) {
	alt, ok := strings.CutPrefix(n.text, "![")
	if !ok || n.kind != kText || n.link.href == "" {
		return
	}
	alt, ok = strings.CutSuffix(alt, "]("+address(n.link)+")")
	if ok && escapeLabel(unescape(alt)) == alt {
		n.kind, n.text = kImage, unescape(alt)
	}
}

func (r *adfReader) inlineAtom(d *adfNode, label string) *node {
	c := *d
	c.Marks = nil
	return &node{kind: kInline, kept: r.keep(atom{adf: &c, inline: true}), info: oneLine(clip(label, 500)), from: d}
}

// rawString returns a JSON string, or a number as it is written.
func rawString(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	return string(raw)
}

func dateText(ms string) string {
	n, err := strconv.ParseInt(ms, 10, 64)
	if err != nil {
		return "date"
	}
	return time.UnixMilli(n).UTC().Format(time.DateOnly)
}

// name is what a mention is called, without "@".
func (r *adfReader) name(id, text string) string {
	if r.o.Names != nil {
		if s := r.o.Names(id); s != "" {
			text = s
		}
	}
	text = strings.Join(strings.Fields(strings.TrimPrefix(strings.TrimSpace(text), "@")), " ")
	// A name that Markdown could take for something else is not written as text.
	if strings.ContainsAny(text, "*_`[]<>\\&|~@:") || len(text) > 200 {
		return ""
	}
	return text
}

func (r *adfReader) marks(n *node, in []adfMark) {
	var spans []rune
	for i := range in {
		m := &in[i]
		switch m.Type {
		case "strong":
			n.marks |= mStrong
		case "em":
			n.marks |= mEm
		case "strike":
			n.marks |= mStrike
		case "code":
			n.marks |= mCode
		case "underline":
			n.marks |= mUnder
		case "subsup":
			if attrs(m.Attrs).Type == "sup" {
				n.marks |= mSup
			} else {
				n.marks |= mSub
			}
		case "link":
			a := attrs(m.Attrs)
			if n.kind == kText || n.kind == kBreak {
				n.link = link{oneLine(a.Href), oneLine(a.Title)}
			}
		default:
			// Neighbors with the same mark share its number.
			k := 0
			if last := len(r.kept.atoms); last > 0 {
				if b := r.kept.atoms[last-1].mark; b != nil && b.Type == m.Type && bytes.Equal(b.Attrs, m.Attrs) {
					k = last
				}
			}
			if k == 0 {
				k = r.keep(atom{mark: m, inline: true})
			}
			spans = append(spans, rune(k))
		}
	}
	n.spans = string(spans)
	if n.kind == kText && n.marks&mCode != 0 && n.text == "" {
		n.marks = 0
	}
}
