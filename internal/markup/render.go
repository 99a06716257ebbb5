package markup

import (
	"strconv"
	"strings"
)

// render returns the Markdown of a document, with a newline at its end, "" for an empty one.
func render(root *node) string {
	r := &renderer{}
	for _, n := range root.kids {
		r.names(n)
	}
	r.blocks(root.kids, "", "")
	if r.b.Len() == 0 {
		return ""
	}
	return r.b.String() + "\n"
}

// A renderer writes Markdown.
type renderer struct {
	b     strings.Builder
	exact bool     // write what tells blocks apart, not what is read
	known []string // names that are mentioned
	seen  map[string]bool
}

// names notes who is mentioned, so that the same name as text can be told apart.
func (r *renderer) names(n *node) {
	if n.kind == kMention && !r.seen[n.text] && n.text != "" {
		if r.seen == nil {
			r.seen = map[string]bool{}
		}
		r.seen[n.text] = true
		r.known = append(r.known, n.text)
	}
	for _, k := range n.kids {
		r.names(k)
	}
}

// key returns what one block says, by which it is found again.
func key(n *node) string {
	r := &renderer{exact: true}
	if n.kind == kItem || n.kind == kTask || n.kind == kRow || n.kind == kCell {
		r.part(n)
	} else {
		r.blocks([]*node{n}, "", "")
	}
	return r.b.String()
}

// part writes what is only part of a block.
func (r *renderer) part(n *node) {
	switch n.kind {
	case kItem:
		r.blocks(n.kids, "", "")
	case kTask:
		r.b.WriteString(strconv.Itoa(n.level) + " ")
		r.task(n, "", "")
	case kCell:
		r.b.WriteString(r.cell(n))
	case kRow:
		for _, c := range n.kids {
			r.b.WriteString("|" + string(rune('0'+c.level)) + r.cell(c))
		}
	}
}

// blocks writes blocks, each line but the first behind prefix, and the first behind first.
func (r *renderer) blocks(in []*node, first, prefix string) {
	wrote := false
	var last *node
	flip := false
	for _, n := range in {
		if n.kind == kParagraph && len(tidy(n.kids)) == 0 {
			continue // Markdown has no empty paragraphs
		}
		if wrote {
			r.b.WriteByte('\n')
			tight := last.kind == kParagraph && first != prefix && isList(n.kind) &&
				(n.kind != kOrdered || n.level == 1) && startsFull(n)
			if !tight {
				r.b.WriteString(strings.TrimRight(prefix, " ") + "\n")
			}
			r.b.WriteString(prefix)
		} else {
			r.b.WriteString(first)
		}
		flip = last != nil && isList(n.kind) && isList(last.kind) && (n.kind == kOrdered) == (last.kind == kOrdered) && !flip
		r.block(n, prefix, flip)
		last, wrote = n, true
	}
	if !wrote {
		r.b.WriteString(strings.TrimRight(first, " "))
	}
}

func isList(k kind) bool { return k == kBullets || k == kOrdered || k == kTasks }

// startsFull reports whether the first item of a list has text; an empty one cannot end a
// paragraph.
func startsFull(n *node) bool {
	for len(n.kids) > 0 && (isList(n.kind) || n.kind == kItem) {
		n = n.kids[0]
	}
	return n.kind == kTask || n.kind == kParagraph && len(tidy(n.kids)) > 0
}

func (r *renderer) block(n *node, prefix string, flip bool) {
	switch n.kind {
	case kParagraph:
		r.b.WriteString(r.text(n.kids, prefix, lineStart))
	case kHeading:
		s := strings.ReplaceAll(r.text(n.kids, "", headingLine), "\\\n", "<br>")
		r.b.WriteString(strings.TrimRight(strings.Repeat("#", min(max(n.level, 1), 6))+" "+s, " "))
	case kBullets, kOrdered, kTasks:
		r.list(n, prefix, flip)
	case kQuote:
		r.blocks(n.kids, "> ", prefix+"> ")
	case kCode:
		r.code(n, prefix)
	case kTable:
		r.table(n, prefix)
	case kRule:
		r.b.WriteString("---")
	case kAtom:
		r.atom(n)
	case kBox:
		number := strconv.Itoa(n.kept)
		r.b.WriteString("<!-- kept:" + number + r.label(n.info) + " -->\n" + strings.TrimRight(prefix, " ") + "\n" + prefix)
		before := r.b.Len()
		r.blocks(n.kids, "", prefix)
		if r.b.Len() > before {
			r.b.WriteString("\n" + strings.TrimRight(prefix, " ") + "\n" + prefix)
		}
		r.b.WriteString("<!-- /kept:" + number + " -->")
	}
}

// label is what a placeholder says to its reader.
func (r *renderer) label(s string) string {
	if r.exact {
		return ""
	}
	s = strings.Join(strings.Fields(strings.NewReplacer("-->", "", "--", "-", "<", "", ">", "").Replace(s)), " ")
	if len(s) > 200 {
		s = strings.ToValidUTF8(s[:200], "") + "…"
	}
	if s == "" {
		return ""
	}
	return " " + s
}

// atom writes a kept block: media as an image, all else as a comment.
func (r *renderer) atom(n *node) {
	if n.text == "image" && !r.exact {
		r.b.WriteString("![" + escapeLabel(n.info) + "](kept:" + strconv.Itoa(n.kept) + ")")
		return
	}
	r.b.WriteString("<!-- kept:" + strconv.Itoa(n.kept) + r.label(n.info) + " -->")
}

func (r *renderer) list(n *node, prefix string, flip bool) {
	number := n.level
	for i, item := range n.kids {
		mark := "- "
		switch {
		case n.kind == kOrdered && flip:
			mark = strconv.Itoa(number) + ") "
		case n.kind == kOrdered:
			mark = strconv.Itoa(number) + ". "
		case flip:
			mark = "* "
		}
		number++
		if i > 0 {
			r.b.WriteString("\n" + prefix)
		}
		pad := prefix + strings.Repeat(" ", len(mark))
		if item.kind == kTask {
			box := "[ ] "
			if item.level == 1 {
				box = "[x] "
			}
			r.task(item, mark+box, pad)
			continue
		}
		if len(item.kids) > 1 && (item.kids[0].kind != kParagraph || len(tidy(item.kids[0].kids)) == 0) &&
			(item.kids[0].kind == kParagraph || item.kids[0].kind == kRule) {
			r.b.WriteString(strings.TrimRight(mark, " ") + "\n")
			r.blocks(item.kids, pad, pad)
			continue
		}
		if len(item.kids) == 1 && item.kids[0].kind == kRule {
			r.b.WriteString(mark + "***")
			continue
		}
		r.blocks(item.kids, mark, pad)
	}
}

// task writes what a task says, and the tasks under it.
func (r *renderer) task(n *node, first, prefix string) {
	var line, rest []*node
	for _, k := range n.kids {
		if k.inline() {
			line = append(line, k)
		} else {
			rest = append(rest, k)
		}
	}
	r.b.WriteString(first + r.text(line, prefix, lineStart))
	for _, k := range rest {
		r.b.WriteString("\n" + prefix)
		r.block(k, prefix, false)
	}
}

func (r *renderer) code(n *node, prefix string) {
	longest := 2
	for i := 0; i < len(n.text); {
		if k := leading(n.text[i:], '`'); k > 0 {
			longest = max(longest, k)
			i += k
			continue
		}
		i++
	}
	fence := strings.Repeat("`", longest+1)
	r.b.WriteString(fence + language(n.info) + "\n")
	if n.text != "" {
		for s := range strings.SplitSeq(n.text, "\n") {
			if s != "" {
				s = prefix + s
			} else {
				s = strings.TrimRight(prefix, " ")
			}
			r.b.WriteString(s + "\n")
		}
	}
	r.b.WriteString(prefix + fence)
}

// language returns the name of a language as the info of a fence can have it.
func language(s string) string {
	return strings.Map(func(r rune) rune {
		if r <= ' ' || r == '`' || r == '\\' || r == '&' || r == 0x7f || r == 0xfffd {
			return -1
		}
		return r
	}, s)
}

func (r *renderer) table(n *node, prefix string) {
	width := 1
	for _, row := range n.kids {
		width = max(width, len(row.kids))
	}
	width = min(width, maxColumns)
	line := func(row *node) {
		for i := range width {
			s := ""
			if i < len(row.kids) {
				s = r.cell(row.kids[i])
			}
			r.b.WriteString("| ")
			if s != "" {
				r.b.WriteString(s + " ")
			}
		}
		r.b.WriteByte('|')
	}
	rows := n.kids
	head := &node{}
	if len(rows) > 0 && headed(rows[0]) {
		head, rows = rows[0], rows[1:]
	}
	line(head)
	r.b.WriteString("\n" + prefix)
	for i := range width {
		switch columnAlign(n, i) {
		case 'c':
			r.b.WriteString("| :-: ")
		case 'r':
			r.b.WriteString("| --: ")
		default:
			r.b.WriteString("| --- ")
		}
	}
	r.b.WriteByte('|')
	for _, row := range rows {
		r.b.WriteString("\n" + prefix)
		line(row)
	}
}

// headed reports whether a row is a heading, with something in it.
func headed(row *node) bool {
	full := false
	for _, c := range row.kids {
		if c.level != 1 {
			return false
		}
		full = full || len(tidy(flat(c.kids, ""))) > 0
	}
	return full
}

// columnAlign returns how all cells of a column are aligned, 0 if they are not alike.
func columnAlign(t *node, i int) byte {
	a := byte(0)
	seen := false
	for _, row := range t.kids {
		if i >= len(row.kids) {
			continue
		}
		c := row.kids[i]
		if len(c.kids) == 0 && c.align == 0 {
			continue
		}
		if seen && c.align != a {
			return 0
		}
		a, seen = c.align, true
	}
	return a
}

// cell returns a cell as one line: its blocks behind each other.
func (r *renderer) cell(c *node) string {
	s := r.text(flat(c.kids, ""), "", tableCell)
	return strings.ReplaceAll(s, "\\\n", "<br>")
}

// flat makes one line of blocks, with breaks between them.
func flat(in []*node, mark string) []*node {
	var out []*node
	put := func(k ...*node) {
		if len(out) > 0 && len(k) > 0 {
			out = append(out, &node{kind: kBreak})
		}
		out = append(out, k...)
	}
	for _, n := range in {
		switch n.kind {
		case kParagraph, kHeading:
			put(n.kids...)
		case kCode:
			for s := range strings.SplitSeq(n.text, "\n") {
				if s = oneLine(s); s != "" {
					put(&node{kind: kText, text: s, marks: mCode})
				}
			}
		case kBullets, kOrdered, kTasks:
			for i, item := range n.kids {
				m := mark + "• "
				if n.kind == kOrdered {
					m = mark + strconv.Itoa(n.level+i) + ". "
				}
				if item.kind == kTask {
					m = mark + "☐ "
					if item.level == 1 {
						m = mark + "☑ "
					}
				}
				var line []*node
				if item.kind == kTask {
					for _, k := range item.kids {
						if k.inline() {
							line = append(line, k)
						} else {
							line = append(line, &node{kind: kBreak})
							line = append(line, flat([]*node{k}, mark+"\u00a0")...)
						}
					}
				} else {
					line = flat(item.kids, mark+"\u00a0")
				}
				put(append([]*node{{kind: kText, text: m}}, line...)...)
			}
		case kAtom:
			put(&node{kind: kInline, kept: n.kept, info: n.info, text: n.text})
		case kRule:
			put(&node{kind: kText, text: "---"})
		default:
			if n.inline() {
				out = append(out, n)
			} else {
				put(flat(n.kids, mark)...)
			}
		}
	}
	return out
}
