package markup

import (
	"strings"
)

// A wikiReader makes nodes of Jira's wiki markup, as
// https://jira.atlassian.com/secure/WikiRendererHelpAction.jspa?section=all describes it.
type wikiReader struct {
	o    *Options
	kept Kept
}

// read reads a whole text, and notes of each block what it was read from.
func (r *wikiReader) read(s string) []*node {
	s = strings.ToValidUTF8(s, "\ufffd")
	s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
	return r.blocks(strings.Split(strings.ReplaceAll(s, "\x00", "\ufffd"), "\n"), 1, true)
}

func (r *wikiReader) blocks(lines []string, depth int, top bool) []*node {
	var out []*node
	for i := 0; i < len(lines); {
		if blank(lines[i]) {
			i++
			continue
		}
		got, used := r.block(lines[i:], depth)
		if top && len(got) == 1 {
			end := i + used
			for end < len(lines) && blank(lines[end]) {
				end++
			}
			got[0].src = strings.Join(lines[i:end], "\n")
			if end < len(lines) {
				got[0].src += "\n"
			}
		}
		out = append(out, got...)
		i += used
	}
	return out
}

// block reads the block that begins with the first line.
func (r *wikiReader) block(lines []string, depth int) ([]*node, int) {
	s := strings.Trim(lines[0], " \t")
	if depth < maxDepth {
		if level, text := wikiHeading(s); level > 0 {
			return []*node{{kind: kHeading, level: level, kids: r.line(text)}}, 1
		}
		if t, ok := strings.CutPrefix(s, "bq. "); ok {
			return []*node{{kind: kQuote, kids: []*node{{kind: kParagraph, kids: r.line(t)}}}}, 1
		}
		if len(s) >= 4 && strings.Trim(s, "-") == "" {
			return []*node{{kind: kRule}}, 1
		}
		if name, _ := macro(s); name != "" {
			if n, used := r.macro(lines, name, depth); n != nil {
				return []*node{n}, used
			}
		}
		if wikiMarker(s) > 0 {
			return r.list(lines, depth)
		}
		if s[0] == '|' {
			n, used := r.table(lines)
			return []*node{n}, used
		}
	}
	used := 1
	for used < len(lines) && !blank(lines[used]) && (depth >= maxDepth || !wikiStarts(lines[used])) {
		used++
	}
	var text []string
	for _, t := range lines[:used] {
		text = append(text, strings.Trim(t, " \t"))
	}
	return []*node{{kind: kParagraph, kids: r.line(strings.Join(text, "\n"))}}, used
}

func wikiHeading(s string) (int, string) {
	if len(s) > 3 && s[0] == 'h' && '1' <= s[1] && s[1] <= '6' && s[2] == '.' && s[3] == ' ' {
		return int(s[1] - '0'), s[4:]
	}
	return 0, ""
}

// wikiStarts reports whether a line begins a block and so ends a paragraph.
func wikiStarts(line string) bool {
	s := strings.Trim(line, " \t")
	level, _ := wikiHeading(s)
	name, _ := macro(s)
	return level > 0 || strings.HasPrefix(s, "bq. ") || len(s) >= 4 && strings.Trim(s, "-") == "" || wikiMarker(s) > 0 ||
		s[0] == '|' || name != "" && wikiBlockMacro(name)
}

// wikiBlockMacro reports whether a macro is a block with a body.
func wikiBlockMacro(name string) bool {
	switch name {
	case "code", "noformat", "quote", "panel", "info", "note", "warning", "tip", "expand", "section", "column":
		return true
	}
	return false
}

// wikiMarker returns how deep the item of a list is that s begins with, 0 if it is none.
func wikiMarker(s string) int {
	n := 0
	for n < len(s) && (s[n] == '*' || s[n] == '#' || s[n] == '-') {
		n++
	}
	if n == 0 || n == len(s) || s[n] != ' ' && s[n] != '\t' || n > maxDepth/2 || n > 1 && s[0] == '-' {
		return 0
	}
	return n
}

// macro reads "{name:parameters}" at the beginning of s, and returns its length.
func macro(s string) (name string, size int) {
	if s == "" || s[0] != '{' {
		return "", 0
	}
	end := strings.IndexByte(s[:min(len(s), 1000)], '}')
	if end < 2 {
		return "", 0
	}
	name, _, _ = strings.Cut(s[1:end], ":")
	for i := 0; i < len(name); i++ {
		if c := name[i] | 0x20; (c < 'a' || c > 'z') && (i == 0 || name[i] != '-') {
			return "", 0
		}
	}
	return name, end + 1
}

// macro reads a macro that is a block. It returns nil for one that has no end.
func (r *wikiReader) macro(lines []string, name string, depth int) (*node, int) {
	first := strings.TrimLeft(lines[0], " \t")
	_, size := macro(first)
	open, rest := first[:size], first[size:]
	end := "{" + name + "}"
	if !wikiBlockMacro(name) {
		if blank(rest) && name != "color" {
			r.kept.atoms = append(r.kept.atoms, atom{open: open})
			return &node{kind: kAtom, kept: len(r.kept.atoms), info: strings.Trim(open, "{}")}, 1
		}
		return nil, 0
	}
	var body []string
	used := 0
	for ; ; used++ {
		if used >= len(lines) {
			return nil, 0
		}
		s := lines[used]
		if used == 0 {
			s = rest
		}
		if i := strings.Index(s, end); i >= 0 && blank(s[i+len(end):]) && (i == 0 || s[i-1] != '\\') {
			if i > 0 && !blank(s[:i]) {
				body = append(body, s[:i])
			}
			used++
			break
		}
		if used > 0 || !blank(s) {
			body = append(body, s)
		}
	}
	switch name {
	case "code", "noformat":
		_, params, _ := strings.Cut(strings.Trim(open, "{}"), ":")
		lang, _, _ := strings.Cut(params, "|")
		if strings.IndexByte(lang, '=') >= 0 {
			lang = ""
			_, more, _ := strings.Cut(params, "language=")
			lang, _, _ = strings.Cut(more, "|")
		}
		return &node{kind: kCode, info: language(lang), text: strings.Join(body, "\n")}, used
	case "quote":
		return &node{kind: kQuote, kids: r.blocks(body, depth+1, false)}, used
	}
	r.kept.atoms = append(r.kept.atoms, atom{open: open, close: end, box: true})
	n := &node{kind: kBox, kept: len(r.kept.atoms), info: strings.Trim(open, "{}")}
	n.kids = r.blocks(body, depth+1, false)
	return n, used
}

// A wikiItem is an item of a list with its marks.
type wikiItem struct {
	marks string
	kids  []*node
}

func (r *wikiReader) list(lines []string, depth int) ([]*node, int) {
	var items []wikiItem
	used := 0
	for used < len(lines) && !blank(lines[used]) {
		s := strings.Trim(lines[used], " \t")
		if n := wikiMarker(s); n > 0 {
			text := []string{strings.Trim(s[n:], " \t")}
			used++
			for used < len(lines) && !blank(lines[used]) && !wikiStarts(lines[used]) {
				text = append(text, strings.Trim(lines[used], " \t"))
				used++
			}
			items = append(items, wikiItem{s[:n], r.paragraphs(strings.Join(text, "\n"))})
			continue
		}
		name, _ := macro(s)
		if !wikiBlockMacro(name) {
			break
		}
		n, size := r.macro(lines[used:], name, depth+2)
		if n == nil {
			break
		}
		last := &items[len(items)-1]
		last.kids = append(last.kids, n)
		used += size
	}
	return nest(items, 1), used
}

// paragraphs reads the text of an item, in which two breaks behind each other end a paragraph.
func (r *wikiReader) paragraphs(s string) []*node {
	var out []*node
	line := r.line(s)
	from := 0
	for i := 1; i <= len(line); i++ {
		if i == len(line) || line[i].kind == kBreak && line[i-1].kind == kBreak {
			if part := tidy(line[from:i]); len(part) > 0 {
				out = append(out, &node{kind: kParagraph, kids: part})
			}
			from = i
		}
	}
	return out
}

// nest makes lists of items, of which those with more marks are in those with fewer.
func nest(items []wikiItem, level int) []*node {
	var out []*node
	for i := 0; i < len(items); {
		c := items[i].marks[level-1]
		list := &node{kind: kBullets}
		if c == '#' {
			list.kind, list.level = kOrdered, 1
		}
		for i < len(items) && items[i].marks[level-1] == c {
			item := &node{kind: kItem}
			if len(items[i].marks) == level {
				item.kids = items[i].kids
				i++
			}
			from := i
			for i < len(items) && len(items[i].marks) > level {
				i++
			}
			item.kids = append(item.kids, nest(items[from:i], level+1)...)
			list.kids = append(list.kids, item)
		}
		out = append(out, taskify(list))
	}
	return out
}

// taskify makes a list of tasks of one whose items all begin with a box.
func taskify(list *node) *node {
	if list.kind != kBullets {
		return list
	}
	boxes := make([]byte, len(list.kids))
	for i, n := range list.kids {
		boxes[i] = ' '
		if len(n.kids) > 0 && len(n.kids[0].kids) > 0 {
			if t := n.kids[0].kids[0].text; len(t) > 1 && (t[1] == 'x' || t[1] == 'X') {
				boxes[i] = t[1]
			}
		}
		if !asTask(n, boxes[i]) {
			return list
		}
	}
	list.kind = kTasks
	for i, n := range list.kids {
		toTask(n, boxes[i])
	}
	return list
}

func (r *wikiReader) table(lines []string) (*node, int) {
	t := &node{kind: kTable}
	used := 0
	for used < len(lines) && !blank(lines[used]) {
		s := strings.Trim(lines[used], " \t")
		if s[0] != '|' {
			break
		}
		used++
		for !strings.HasSuffix(s, "|") && used < len(lines) && !blank(lines[used]) && strings.TrimLeft(lines[used], " \t")[0] != '|' {
			s += "\n" + strings.Trim(lines[used], " \t")
			used++
		}
		t.kids = append(t.kids, r.row(s))
	}
	width := 0
	for _, row := range t.kids {
		width = max(width, len(row.kids))
	}
	for _, row := range t.kids {
		for len(row.kids) < width {
			row.kids = append(row.kids, &node{kind: kCell, level: row.kids[0].level})
		}
	}
	return t, used
}

// row splits a row at the bars that are not in a link, a picture or code.
func (r *wikiReader) row(s string) *node {
	row := &node{kind: kRow}
	for i := 0; i < len(s) && len(row.kids) < maxColumns; {
		header := 0
		i++
		if i < len(s) && s[i] == '|' {
			header = 1
			i++
		}
		from := i
		for i < len(s) && s[i] != '|' {
			i += wikiUnit(s[i:])
		}
		if i >= len(s) && blank(s[from:]) && len(row.kids) > 0 {
			break
		}
		c := &node{kind: kCell, level: header}
		if line := r.line(strings.Trim(s[from:min(i, len(s))], " \t")); len(line) > 0 {
			c.kids = []*node{{kind: kParagraph, kids: line}}
		}
		row.kids = append(row.kids, c)
	}
	return row
}

// wikiUnit returns the length of what s begins with and a row is not split in.
func wikiUnit(s string) int {
	near := s[:min(len(s), 2100)]
	n := 0
	switch {
	case s[0] == '\\' && len(s) > 1:
		return 2
	case s[0] == '[':
		n = strings.IndexByte(near, ']') + 1
		if strings.Contains(near[:n], "||") {
			n = 0
		}
	case strings.HasPrefix(s, "{{"):
		if n = strings.Index(near, "}}"); n > 0 {
			n += 2
		}
	case s[0] == '!' && len(s) > 1 && s[1] > ' ' && s[1] != '|':
		n = strings.IndexByte(near[1:], '!') + 2
		if n < 3 || strings.ContainsAny(near[:n], " \n") && !strings.Contains(near[:n], "alt=") {
			n = 0
		}
	}
	return max(n, 1)
}
