package markup

import "strings"

// A parser reads Markdown.
type parser struct {
	o     *Options
	names []person // mentions that the document had and that are not used yet
	err   error
}

// parse reads Markdown into a document.
func parse(markdown string, o *Options) (*node, error) {
	p := parser{o: o, names: append([]person(nil), o.Kept.names...)}
	markdown = strings.ToValidUTF8(markdown, "\ufffd")
	if strings.IndexByte(markdown, '\r') >= 0 {
		markdown = strings.ReplaceAll(strings.ReplaceAll(markdown, "\r\n", "\n"), "\r", "\n")
	}
	markdown = strings.ReplaceAll(markdown, "\x00", "\ufffd")
	root := &node{kind: kDoc, kids: p.blocks(strings.Split(markdown, "\n"), 1)}
	return root, p.err
}

// blocks reads the blocks in lines.
func (p *parser) blocks(lines []string, depth int) []*node {
	var out []*node
	for i := 0; i < len(lines); {
		line := lines[i]
		if blank(line) {
			i++
			continue
		}
		indent, s := cutIndent(line)
		var n *node
		used := 0
		switch {
		case indent >= 4:
			n, used = indented(lines[i:])
		case depth >= maxDepth:
			n, used = p.paragraph(lines[i:], true)
		default:
			n, used = p.block(lines[i:], s, indent, depth)
		}
		out = append(out, n)
		i += used
	}
	return out
}

// block reads the block that begins with lines[0], which is s after its indent.
func (p *parser) block(lines []string, s string, indent, depth int) (*node, int) {
	if n := atx(s); n != nil {
		n.kids = p.line(n.text)
		n.text = ""
		return n, 1
	}
	if f := fenceOf(s); f.n > 0 {
		return fenced(lines, f, indent)
	}
	if isRule(s) {
		return &node{kind: kRule}, 1
	}
	if s[0] == '>' {
		inner, used := quoted(lines)
		return &node{kind: kQuote, kids: p.blocks(inner, depth+1)}, used
	}
	if m := markerOf(s); m.width > 0 {
		return p.list(lines, m, depth)
	}
	if k := placeholderOf(s); k.n > 0 && k.n <= len(p.o.Kept.atoms) {
		if n, used := p.keptBlock(lines, k, depth); n != nil {
			return n, used
		}
	}
	if n, used := p.table(lines); n != nil {
		return n, used
	}
	return p.paragraph(lines, false)
}

// blank reports whether a line has nothing but space.
func blank(s string) bool { return strings.Trim(s, " \t") == "" }

// cutIndent returns how many columns a line is indented, and the rest of it.
func cutIndent(s string) (int, string) {
	col := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case ' ':
			col++
		case '\t':
			col += 4 - col%4
		default:
			return col, s[i:]
		}
	}
	return col, ""
}

// outdent takes up to n columns of indent off a line.
func outdent(s string, n int) string {
	col := 0
	for i := 0; i < len(s); i++ {
		if col >= n {
			return strings.Repeat(" ", col-n) + s[i:]
		}
		switch s[i] {
		case ' ':
			col++
		case '\t':
			col += 4 - col%4
		default:
			return s[i:]
		}
	}
	return strings.Repeat(" ", max(col-n, 0))
}

// indented reads a code block that is indented by four columns.
func indented(lines []string) (*node, int) {
	used, end := 0, 0
	for used < len(lines) {
		if indent, _ := cutIndent(lines[used]); indent < 4 && !blank(lines[used]) {
			break
		}
		used++
		if !blank(lines[used-1]) {
			end = used
		}
	}
	var code []string
	for _, s := range lines[:end] {
		code = append(code, outdent(s, 4))
	}
	return &node{kind: kCode, text: strings.Join(code, "\n")}, end
}

// atx reads a heading; its text is not parsed yet.
func atx(s string) *node {
	n := leading(s, '#')
	if n == 0 || n > 6 || len(s) > n && s[n] != ' ' && s[n] != '\t' {
		return nil
	}
	t := strings.Trim(s[n:], " \t")
	if c := strings.TrimRight(t, "#"); c == "" || c[len(c)-1] == ' ' || c[len(c)-1] == '\t' {
		t = strings.TrimRight(c, " \t")
	}
	return &node{kind: kHeading, level: n, text: t}
}

func leading(s string, c byte) int {
	n := 0
	for n < len(s) && s[n] == c {
		n++
	}
	return n
}

// A fence is the first line of a fenced code block.
type fence struct {
	c    byte
	n    int
	info string
}

func fenceOf(s string) fence {
	c := s[0]
	n := leading(s, c)
	if c != '`' && c != '~' || n < 3 || c == '`' && strings.IndexByte(s[n:], '`') >= 0 {
		return fence{}
	}
	return fence{c, n, strings.Trim(s[n:], " \t")}
}

// closes reports whether a line ends the block that f began.
func (f fence) closes(line string) bool {
	indent, s := cutIndent(line)
	n := leading(s, f.c)
	return indent < 4 && n >= f.n && blank(s[n:])
}

func fenced(lines []string, f fence, indent int) (*node, int) {
	var code []string
	used := 1
	for ; used < len(lines); used++ {
		if f.closes(lines[used]) {
			used++
			break
		}
		s := lines[used]
		if indent > 0 {
			s = outdent(s, indent)
		}
		code = append(code, s)
	}
	info, _, _ := strings.Cut(f.info, " ")
	return &node{kind: kCode, text: strings.Join(code, "\n"), info: unescape(info)}, used
}

func isRule(s string) bool {
	c := s[0]
	if c != '-' && c != '*' && c != '_' {
		return false
	}
	n := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case c:
			n++
		case ' ', '\t':
		default:
			return false
		}
	}
	return n >= 3
}

// starts reports whether a line that is s after its indent begins a block that ends a
// paragraph.
func starts(s string) bool {
	if atx(s) != nil || fenceOf(s).n > 0 || isRule(s) || s[0] == '>' || placeholderOf(s).n > 0 {
		return true
	}
	m := markerOf(s)
	return m.width > 0 && !m.empty && (m.c != '.' && m.c != ')' || m.start == 1)
}

// quoted returns the lines of a quotation without their marks. A line without one goes on
// with the paragraph before it.
func quoted(lines []string) (inner []string, used int) {
	var open fence
	text := false // the last line can go on
	for ; used < len(lines); used++ {
		indent, s := cutIndent(lines[used])
		if indent < 4 && s != "" && s[0] == '>' {
			s = s[1:]
			if s != "" && (s[0] == ' ' || s[0] == '\t') {
				s = outdent(s, 1)
			}
			inner = append(inner, s)
			_, t := cutIndent(strings.TrimLeft(s, "> "))
			switch {
			case open.n > 0:
				if open.closes(s) {
					open = fence{}
				}
				text = false
			case t == "":
				text = false
			default:
				open = fenceOf(t)
				text = open.n == 0 && atx(t) == nil && !isRule(t)
			}
			continue
		}
		if !text || s == "" || indent < 4 && starts(s) {
			break
		}
		inner = append(inner, s)
	}
	return inner, used
}

// paragraph reads a paragraph, or a heading that is underlined. A literal one ends with a
// blank line only.
func (p *parser) paragraph(lines []string, literal bool) (*node, int) {
	n := &node{kind: kParagraph}
	used := 0
	var text []string
	for used < len(lines) {
		indent, s := cutIndent(lines[used])
		if s == "" {
			break
		}
		if used > 0 && indent < 4 && !literal {
			if t := strings.TrimRight(s, " \t"); (t[0] == '=' || t[0] == '-') && leading(t, t[0]) == len(t) {
				n.kind, n.level = kHeading, 1
				if t[0] == '-' {
					n.level = 2
				}
				used++
				break
			}
			if starts(s) {
				break
			}
		}
		text = append(text, s)
		used++
	}
	n.kids = p.line(strings.Join(text, "\n"))
	if n.kind == kParagraph && len(n.kids) == 1 && n.kids[0].kind == kInline && n.kids[0].marks == 0 {
		if k := n.kids[0]; !p.o.Kept.atoms[k.kept-1].inline {
			return &node{kind: kAtom, kept: k.kept, info: k.info}, used
		}
	}
	return n, used
}
