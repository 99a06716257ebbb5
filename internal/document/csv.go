package document

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Limits of an outline of a table.
const (
	maxColumns = 500
	maxCell    = 80 // bytes of a cell that are kept
	samples    = 3  // values of a column that are shown
)

// A tableReader outlines a file of comma-separated values: its columns, with the first values of
// each, and its rows. A value in quotes may span lines.
type tableReader struct {
	comma  byte
	number int // lines read
	quoted bool
	cell   []byte
	cells  []string
	rows   int // records that have ended, the header included
	start  int // line of the record that is read
	header []string
	values [][]string
	blocks blocks
	cut    bool // columns were left out
	uneven int  // rows with another number of cells than the header
	count  int  // cells of the record that is read
}

func newTableReader(tabs bool) *tableReader {
	t := &tableReader{}
	if tabs {
		t.comma = '\t'
	}
	return t
}

// sniff chooses the separator that occurs most in the header.
func (t *tableReader) sniff(line []byte) {
	if t.comma != 0 {
		return
	}
	t.comma = ','
	for _, c := range []byte{';', '\t', '|'} {
		if bytes.Count(line, []byte{c}) > bytes.Count(line, []byte{t.comma}) {
			t.comma = c
		}
	}
}

func (t *tableReader) line(text []byte, size int64) {
	t.number++
	if t.number == 1 {
		t.sniff(text)
	}
	if !t.quoted {
		if len(text) == 0 {
			return // no record
		}
		t.start = t.number
	} else {
		t.keep('\n')
	}
	atStart := !t.quoted // of a cell
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case t.quoted:
			if c != '"' {
				t.keep(c)
			} else if i+1 < len(text) && text[i+1] == '"' {
				t.keep(c)
				i++
			} else {
				t.quoted = false
			}
		case c == '"' && atStart:
			t.quoted = true
		case c == t.comma:
			t.endCell()
			atStart = true
			continue
		default:
			t.keep(c)
		}
		atStart = false
	}
	if !t.quoted {
		t.endCell()
		t.endRecord(size)
	}
}

func (t *tableReader) keep(c byte) {
	if len(t.cell) < maxCell {
		t.cell = append(t.cell, c)
	}
}

func (t *tableReader) endCell() {
	if t.count++; t.count > maxColumns {
		t.cut = true
	} else if t.rows <= samples { // later values are only counted
		t.cells = append(t.cells, strings.ToValidUTF8(string(t.cell), "\ufffd"))
	}
	t.cell = t.cell[:0]
}

func (t *tableReader) endRecord(size int64) {
	switch {
	case t.rows == 0:
		t.header = t.cells
		t.values = make([][]string, len(t.header))
	case t.rows <= samples:
		for i, v := range t.cells[:min(len(t.cells), len(t.values))] {
			t.values[i] = append(t.values[i], v)
		}
	}
	if t.rows > 0 {
		if min(t.count, maxColumns) != len(t.header) {
			t.uneven++
		}
		// One line stands for the record; rows that span several widen their block.
		t.blocks.add(t.start, []byte{'x'}, size)
		t.blocks.open.Last = t.number
	}
	t.rows++
	t.cells, t.count = nil, 0
}

func (t *tableReader) outline() *Outline {
	if t.rows == 0 || len(t.header) == 0 {
		return nil
	}
	o := &Outline{Kind: "csv"}
	for i, name := range t.header {
		var shown []string
		for _, v := range t.values[i] {
			v = strings.Join(strings.Fields(v), " ")
			if utf8.RuneCountInString(v) > 30 {
				v = string([]rune(v)[:30]) + "…"
			}
			shown = append(shown, v)
		}
		o.Items = append(o.Items, Item{Handle: "L1", Name: name, Kind: "column", Level: 1, First: 1, Last: 1,
			Signature: "such as " + strings.Join(shown, " | ")})
		if len(shown) == 0 {
			o.Items[i].Signature = ""
		}
	}
	rows := t.blocks.items("rows")
	for i := range rows {
		rows[i].Name = fmt.Sprintf("lines %d to %d", rows[i].First, rows[i].Last)
	}
	o.Items = append(o.Items, rows...)
	o.Notes = append(o.Notes, fmt.Sprintf("%d columns, %d rows after the header, separated by %q",
		len(t.header), t.rows-1, t.comma))
	if t.cut {
		o.Notes = append(o.Notes, fmt.Sprintf("only the first %d columns are listed", maxColumns))
	}
	if t.uneven > 0 {
		o.Notes = append(o.Notes, fmt.Sprintf("%d rows have another number of cells than the header", t.uneven))
	}
	if t.quoted {
		o.Notes = append(o.Notes, fmt.Sprintf("a quoted value that begins at line %d has no end", t.start))
	}
	return o
}
