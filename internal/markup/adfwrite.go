package markup

import (
	"encoding/json"
	"strconv"
	"strings"
)

// fit changes a document so that ADF has a place for all that is in it.
func fit(n *node) {
	for _, k := range n.kids {
		fit(k)
	}
	switch n.kind {
	case kQuote, kItem:
		n.kids = fitted(n.kids, n.kind)
	case kDoc, kBox, kCell:
		n.kids = splitImages(n.kids)
	}
	if n.kind == kItem && len(n.kids) > 0 && isList(n.kids[0].kind) ||
		(n.kind == kItem || n.kind == kQuote || n.kind == kCell || n.kind == kBox) && len(n.kids) == 0 {
		n.kids = append([]*node{{kind: kParagraph, align: n.align}}, n.kids...)
	}
}

// fitted makes blocks such as a quotation or an item of a list can have.
func fitted(in []*node, parent kind) []*node {
	var out []*node
	for _, n := range splitImages(in) {
		switch n.kind {
		case kHeading:
			for _, k := range n.kids {
				if k.marks&mCode == 0 {
					k.marks |= mStrong
				}
			}
			out = append(out, &node{kind: kParagraph, kids: n.kids})
		case kQuote:
			out = append(out, fitted(n.kids, parent)...)
		case kRule:
			out = append(out, &node{kind: kParagraph, kids: []*node{{kind: kText, text: "---"}}})
		case kTable:
			out = append(out, &node{kind: kCode, info: "markdown", text: key(n)})
		case kTasks:
			if parent == kQuote {
				n = unTask(n)
			}
			out = append(out, n)
		default:
			out = append(out, n)
		}
	}
	return out
}

// unTask makes a bullet list of tasks, for where ADF has no tasks.
func unTask(n *node) *node {
	list := &node{kind: kBullets}
	for _, t := range n.kids {
		box := "[ ] "
		if t.level == 1 {
			box = "[x] "
		}
		p := &node{kind: kParagraph, kids: []*node{{kind: kText, text: box}}}
		item := &node{kind: kItem, kids: []*node{p}}
		for _, k := range t.kids {
			if k.inline() {
				p.kids = append(p.kids, k)
			} else {
				item.kids = append(item.kids, unTask(k))
			}
		}
		list.kids = append(list.kids, item)
	}
	return list
}

// splitImages takes a picture that is a paragraph for itself out of it.
func splitImages(in []*node) []*node {
	for i, n := range in {
		if n.kind == kParagraph && len(n.kids) == 1 && n.kids[0].kind == kImage && n.kids[0].marks == 0 &&
			strings.HasPrefix(n.kids[0].link.href, "http") && n.kids[0].link.title == "" {
			c := *n
			c.level = 1 // a picture
			in[i] = &c
		}
	}
	return in
}

// An adfWriter makes ADF of nodes.
type adfWriter struct {
	kept *Kept
	task int
}

func (w *adfWriter) blocks(in []*node) []adfNode {
	out := make([]adfNode, 0, len(in))
	for _, n := range in {
		out = append(out, w.block(n)...)
	}
	return out
}

// block writes a block; a task with tasks under it is two.
func (w *adfWriter) block(n *node) []adfNode {
	d := adfNode{}
	switch n.kind {
	case kParagraph:
		if n.level == 1 {
			k := n.kids[0]
			pairs := []string{"type", "external", "url", k.link.href}
			if k.text != "" {
				pairs = append(pairs, "alt", k.text)
			}
			d = adfNode{Type: "mediaSingle", Attrs: attr("layout", "center"), Content: []adfNode{{Type: "media", Attrs: attr(pairs...)}}}
			break
		}
		d = adfNode{Type: "paragraph", Content: w.line(n.kids)}
		switch n.align {
		case 'c':
			d.Marks = []adfMark{{"alignment", attr("align", "center")}}
		case 'r':
			d.Marks = []adfMark{{"alignment", attr("align", "end")}}
		}
	case kHeading:
		d = adfNode{Type: "heading", Attrs: number("level", n.level), Content: w.line(n.kids)}
	case kBullets:
		d = adfNode{Type: "bulletList", Content: w.blocks(n.kids)}
	case kOrdered:
		d = adfNode{Type: "orderedList", Content: w.blocks(n.kids)}
		if n.level != 1 {
			d.Attrs = number("order", n.level)
		}
	case kItem:
		d = adfNode{Type: "listItem", Content: w.blocks(n.kids)}
	case kTasks:
		w.task++
		d = adfNode{Type: "taskList", Attrs: attr("localId", "tasks-"+strconv.Itoa(w.task)), Content: w.blocks(n.kids)}
	case kTask:
		return w.taskItem(n)
	case kQuote:
		d = adfNode{Type: "blockquote", Content: w.blocks(n.kids)}
	case kCode:
		d.Type = "codeBlock"
		if n.info != "" {
			d.Attrs = attr("language", n.info)
		}
		if n.text != "" {
			d.Content = []adfNode{{Type: "text", Text: n.text}}
		}
	case kTable:
		d = adfNode{Type: "table", Content: w.blocks(n.kids)}
	case kRow:
		d = adfNode{Type: "tableRow", Content: w.blocks(n.kids)}
	case kCell:
		d.Type = "tableCell"
		if n.level == 1 {
			d.Type = "tableHeader"
		}
		for _, k := range n.kids {
			if k.kind == kParagraph && k.level == 0 {
				k.align = n.align
			}
		}
		d.Content = w.blocks(n.kids)
	case kRule:
		d.Type = "rule"
	case kAtom:
		d = *w.kept.atoms[n.kept-1].adf
	case kBox:
		d = *w.kept.atoms[n.kept-1].adf
		d.Content = w.blocks(n.kids)
	}
	return []adfNode{d}
}

func (w *adfWriter) taskItem(n *node) []adfNode {
	w.task++
	state := "TODO"
	if n.level == 1 {
		state = "DONE"
	}
	var line, rest []*node
	for _, k := range n.kids {
		if k.inline() {
			line = append(line, k)
		} else {
			rest = append(rest, k)
		}
	}
	d := adfNode{Type: "taskItem", Attrs: attr("localId", "task-"+strconv.Itoa(w.task), "state", state), Content: w.line(line)}
	return append([]adfNode{d}, w.blocks(rest)...)
}

func (w *adfWriter) line(in []*node) []adfNode {
	var out []adfNode
	for _, n := range in {
		d := adfNode{}
		switch n.kind {
		case kText:
			d = adfNode{Type: "text", Text: n.text}
		case kBreak:
			d.Type = "hardBreak"
		case kMention:
			d = adfNode{Type: "mention", Attrs: attr("id", n.id, "text", "@"+n.text)}
			if n.from != nil {
				d = *n.from
			}
		case kImage:
			// ADF has pictures as blocks only; in a line they stand as they are written.
			d = adfNode{Type: "text", Text: "![" + escapeLabel(n.text) + "](" + address(n.link) + ")"}
			if n.link.href != "" {
				c := *n
				c.kind = kText
				n = &c
			}
		case kInline:
			a := w.kept.atoms[n.kept-1]
			if !a.inline {
				d = adfNode{Type: "text", Text: "[" + n.info + "](kept:" + strconv.Itoa(n.kept) + ")"}
			} else {
				d = *a.adf
			}
		}
		d.Marks = w.marks(n)
		if n.kind == kMention || n.kind == kBreak {
			d.Marks = nil
		}
		out = append(out, d)
	}
	return out
}

// marks returns the marks of text. Code has no other than links.
func (w *adfWriter) marks(n *node) []adfMark {
	var out []adfMark
	if n.link.href != "" && n.kind == kText {
		pairs := []string{"href", n.link.href}
		if n.link.title != "" {
			pairs = append(pairs, "title", n.link.title)
		}
		out = append(out, adfMark{"link", attr(pairs...)})
	}
	if n.marks&mCode != 0 {
		return append(out, adfMark{Type: "code"})
	}
	add := func(m marks, name string, a json.RawMessage) {
		if n.marks&m != 0 {
			out = append(out, adfMark{name, a})
		}
	}
	add(mEm, "em", nil)
	add(mStrong, "strong", nil)
	add(mStrike, "strike", nil)
	add(mUnder, "underline", nil)
	if n.marks&mSub != 0 {
		add(mSub, "subsup", attr("type", "sub"))
	} else {
		add(mSup, "subsup", attr("type", "sup"))
	}
	for _, k := range n.spans {
		if m := w.kept.atoms[k-1].mark; m != nil {
			out = append(out, *m)
		}
	}
	return out
}
