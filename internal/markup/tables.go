package markup

import "strings"

// table reads a table: a row, a row of dashes with as many cells, and more rows.
func (p *parser) table(lines []string) (*node, int) {
	if len(lines) < 2 || strings.IndexByte(lines[0], '|') < 0 {
		return nil, 0
	}
	align, ok := delimiters(lines[1])
	if !ok {
		return nil, 0
	}
	head := cells(lines[0], len(align)+1)
	if len(head) != len(align) {
		return nil, 0
	}
	t := &node{kind: kTable}
	named := false
	for _, s := range head {
		named = named || s != ""
	}
	// A table without a heading is written with an empty one.
	used := 2
	if named {
		t.kids = append(t.kids, p.row(head, align, 1))
	}
	for ; used < len(lines); used++ {
		indent, s := cutIndent(lines[used])
		if s == "" || indent >= 4 || starts(s) {
			break
		}
		t.kids = append(t.kids, p.row(cells(lines[used], len(align)), align, 0))
	}
	if len(t.kids) == 0 {
		t.kids = append(t.kids, p.row(head, align, 1))
	}
	return t, used
}

func (p *parser) row(texts []string, align []byte, header int) *node {
	row := &node{kind: kRow}
	for i, a := range align {
		c := &node{kind: kCell, level: header, align: a}
		if i < len(texts) && texts[i] != "" {
			c.kids = []*node{{kind: kParagraph, kids: p.line(texts[i])}}
		}
		row.kids = append(row.kids, c)
	}
	return row
}

// delimiters reads the row of dashes.
func delimiters(line string) ([]byte, bool) {
	indent, s := cutIndent(line)
	if indent >= 4 || s == "" || strings.Trim(s, "|:- \t") != "" || strings.IndexByte(s, '-') < 0 {
		return nil, false
	}
	var out []byte
	for _, c := range cells(s, maxColumns) {
		dashes := strings.Trim(c, ":")
		if dashes == "" || strings.Trim(dashes, "-") != "" || len(c)-len(dashes) > 2 {
			return nil, false
		}
		a := byte(0)
		if c[len(c)-1] == ':' {
			a = 'r'
			if c[0] == ':' {
				a = 'c'
			}
		}
		out = append(out, a)
	}
	// One column without a bar would be the underline of a heading.
	return out, len(out) > 0 && strings.IndexByte(s, '|') >= 0 || len(out) == 1 && s[0] == ':'
}

// maxColumns bounds what short rows are filled up to.
const maxColumns = 200

// cells splits a row at its bars, but for those behind a backslash. It stops after max.
func cells(line string, max int) []string {
	s := strings.Trim(line, " \t")
	s = strings.TrimPrefix(s, "|")
	var out []string
	var cell strings.Builder
	from, open := 0, true
	for i := 0; i < len(s) && len(out) < max; i++ {
		switch s[i] {
		case '\\':
			if i+1 < len(s) && s[i+1] == '|' {
				cell.WriteString(s[from:i])
				from = i + 1
			}
			i++
			open = true
		case '|':
			cell.WriteString(s[from:i])
			out = append(out, strings.Trim(cell.String(), " \t"))
			cell.Reset()
			from, open = i+1, false
		case ' ', '\t':
		default:
			open = true
		}
	}
	if open && len(out) < max && from <= len(s) {
		cell.WriteString(s[from:])
		out = append(out, strings.Trim(cell.String(), " \t"))
	}
	return out
}
