package databases

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"cleat/internal/text"
)

// Of clipped cells, so many are told with their own address; of more, how to find it.
const maxHandles = 3

// A span is the lines of a value in the text that was kept, from 1.
type span struct{ first, last int }

// kept is where the whole values of cells are.
type kept struct {
	asked   bool
	address string // "" if they could not be kept
	spans   map[[2]int]span
}

// handles says where the whole values of the clipped cells are.
func (t *Table) handles() []string {
	var addressed, stored, lost places
	beyond := make(map[string]bool) // columns with values that were not read to the end
	cut := t.cutter()
	for i, row := range t.Rows[:t.shown] {
		for k := range row {
			more := cut(i, k)
			if !t.clipped(i, k, more) {
				continue
			}
			if more > 0 {
				beyond[said(t.Columns[k].Name)] = true
			}
			switch address := t.rowAddress(i, k); {
			case address != "":
				addressed.add(i, k, address)
			case t.keep():
				s := t.kept.spans[[2]int{i, k}]
				stored.add(i, k, fmt.Sprintf("%s#L%d-L%d", t.kept.address, s.first, s.last))
			default:
				lost.add(i, k, "")
			}
		}
	}
	var out []string
	switch n := addressed.rows(); {
	case n > maxHandles:
		out = append(out, t.patterns(addressed)...)
	case n > 0:
		out = append(out, "clipped: "+t.list(addressed))
	}
	switch n := len(stored); {
	case n > maxHandles:
		out = append(out, fmt.Sprintf("clipped %s: %s, whose first lines say where each is", t.cells(stored), t.kept.address))
	case n > 0:
		out = append(out, "clipped: "+t.list(stored))
	}
	if len(lost) > 0 {
		out = append(out, fmt.Sprintf("clipped %s: select fewer rows, or a part of the value with substr", t.cells(lost)))
	}
	if len(beyond) > 0 {
		names := slices.Sorted(maps.Keys(beyond))
		if n := len(names); n > maxHandles {
			names = append(names[:maxHandles], fmt.Sprintf("%d more", n-maxHandles))
		}
		out = append(out, fmt.Sprintf("%s: longer than the %d kB that are read of a value; substr gives the rest", strings.Join(names, ", "), MaxCell>>10))
	}
	return out
}

// places are cells with their addresses, in the order of rows.
type places []place

type place struct {
	row, column int
	address     string
}

func (p *places) add(row, column int, address string) { *p = append(*p, place{row, column, address}) }

// same reports whether two cells have one address.
func (p places) same(i, j int) bool { return p[i].row == p[j].row && p[i].address == p[j].address }

// rows counts the addresses.
func (p places) rows() int {
	n := 0
	for i := range p {
		if i == 0 || !p.same(i, i-1) {
			n++
		}
	}
	return n
}

// list names each cell with its address, cells of a row with one address together.
func (t *Table) list(p places) string {
	var b strings.Builder
	for i, c := range p {
		name := said(t.Columns[c.column].Name)
		switch {
		case i == 0:
			fmt.Fprintf(&b, "row %d %s", c.row+1, name)
		case p.same(i, i-1):
			b.WriteString(", " + name)
		default:
			fmt.Fprintf(&b, "; row %d %s", c.row+1, name)
		}
		if i+1 == len(p) || !p.same(i, i+1) {
			b.WriteString(": " + c.address)
		}
	}
	return b.String()
}

// cells tells of many cells: how many, and of which columns.
func (t *Table) cells(p places) string {
	var columns []int
	for _, c := range p {
		if !slices.Contains(columns, c.column) {
			columns = append(columns, c.column)
		}
	}
	names := make([]string, 0, maxHandles+1)
	for i, k := range columns {
		if i == maxHandles && len(columns) > maxHandles+1 {
			names = append(names, text.Count(len(columns)-i, "more column"))
			break
		}
		names = append(names, said(t.Columns[k].Name))
	}
	return fmt.Sprintf("%s of %s", text.Count(len(p), "cell"), strings.Join(names, ", "))
}

// patterns says for each table how the addresses of its rows are made.
func (t *Table) patterns(p places) []string {
	var order []string
	own := make(map[string]places)
	for _, c := range p {
		table := t.Columns[c.column].Table
		if own[table] == nil {
			order = append(order, table)
		}
		own[table] = append(own[table], c)
	}
	var out []string
	for i, table := range order {
		if i == maxHandles {
			return append(out, fmt.Sprintf("clipped cells of other tables: row://%s/TABLE/KEY", text.Line(t.source)))
		}
		cells := own[table]
		key, _ := t.keyColumn(table)
		out = append(out, fmt.Sprintf("clipped %s: %s for row %d, and so on with %s",
			t.cells(cells), cells[0].address, cells[0].row+1, said(t.Columns[key].Name)))
	}
	return out
}

// rowAddress returns the address of the row that the cell is from, "" if it is not known:
// the cell must be of a column of a table whose key is in the same row, whole and not
// masked.
func (t *Table) rowAddress(row, column int) string {
	table := t.Columns[column].Table
	if t.source == "" || table == "" {
		return ""
	}
	key, ok := t.keyColumn(table)
	if !ok {
		return ""
	}
	const longest = 200 // bytes
	cell := t.Rows[row][key]
	switch {
	case cell == nil, *cell == "", len(*cell) > longest,
		strings.HasPrefix(*cell, "x'"),        // bytes, of which the text is no value
		strings.Contains(*cell, "[redacted:"): // a secret
		return ""
	}
	return RowAddress(t.source, table, *cell).String()
}

// keyColumn returns the column that is the key of table. There is none where several are:
// they may be of two rows, and their order in the key is not known.
func (t *Table) keyColumn(table string) (int, bool) {
	isKey := func(c Column) bool { return c.Key && c.Table == table }
	i := slices.IndexFunc(t.Columns, isKey)
	if i < 0 || t.Columns[i].Mask != string(NoMask) || slices.ContainsFunc(t.Columns[i+1:], isKey) {
		return 0, false
	}
	return i, true
}

// keep stores the whole values of the cells without another address, once, and reports
// whether they are there.
func (t *Table) keep() bool {
	if t.kept.asked || t.put == nil {
		return t.kept.address != ""
	}
	t.kept.asked = true
	t.kept.spans = make(map[[2]int]span)
	var cells [][2]int
	for i, row := range t.Rows {
		for k, cell := range row {
			if long(cell) && t.rowAddress(i, k) == "" {
				cells = append(cells, [2]int{i, k})
			}
		}
	}
	var index, values strings.Builder
	line := len(cells) + 1
	for _, c := range cells {
		value := *t.Rows[c[0]][c[1]]
		s := span{line, line + strings.Count(value, "\n")}
		t.kept.spans[c] = s
		line = s.last + 1
		fmt.Fprintf(&index, "row %d %s: L%d-L%d\n", c[0]+1, said(t.Columns[c[1]].Name), s.first, s.last)
		values.WriteString(value)
		values.WriteByte('\n')
	}
	address, err := t.put(index.String() + values.String())
	if err != nil {
		return false // it is said how the values are had without
	}
	t.kept.address = address
	return true
}
