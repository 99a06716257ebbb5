package databases

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"cleat/internal/text"
)

// How many characters of a cell are shown: cellTotal shared among the rows, so that of one
// row much more is seen than of each of a hundred, but no more than mostCell and no fewer
// than leastCell. To fit a budget it goes down to shortCell.
const (
	cellTotal = 16_000
	mostCell  = 4000
	leastCell = 160
	shortCell = 40
)

// A Table is a Result on its way to a reader. It is a text.Renderer, a text.Shrinker and a
// text.Keeper; as JSON it is the Result as far as it is shown. It is not safe for
// concurrent use.
type Table struct {
	*Result

	source string
	width  int  // characters of a cell that are shown
	shown  int  // rows that are shown
	whole  bool // cells that have no other address are shown whole
	put    func(string) (string, error)
	kept   kept
}

// NewTable returns the Table of r, which the database source called source gave. Without a
// name it gives no addresses of rows.
func NewTable(source string, r *Result) *Table {
	n := len(r.Rows)
	return &Table{Result: r, source: source, shown: n, width: min(max(cellTotal/max(n, 1), leastCell), mostCell)}
}

// Text renders r as a Table without addresses is.
func (r *Result) Text(w *text.Writer) { NewTable("", r).Text(w) }

// Keep implements text.Keeper. What put stores are the values of all cells that may be
// clipped and that are in no row with an address, in one text; it is stored when the first
// of them is clipped.
func (t *Table) Keep(put func(string) (string, error)) error {
	t.put = put
	return nil
}

// Text renders t: how many rows there are, why there are no more and how to get them; then
// the names of the columns on a line and each row on a line, as writeCell writes them,
// separated by tabs; then what was left out and where it is.
func (t *Table) Text(w *text.Writer) {
	s := text.Count(len(t.Rows), "row")
	if len(t.Columns) == 0 {
		s += " without columns"
	}
	if t.More {
		s += t.on()
	}
	t.text(w, s)
}

// text is Text with another first line.
func (t *Table) text(w *text.Writer, first string) {
	w.Say("%s", first)
	if t.Partial != "" {
		w.Say("partial: %s; narrow with WHERE, aggregate, or raise timeout_ms", text.Line(t.Partial))
	}
	if masked := t.masked(); masked != "" {
		w.Say("masked: %s", masked)
	}
	sayNotes(w, t.Notes)
	if len(t.Columns) > 0 {
		w.Quote(text.Origin{}, t.lines())
	}
	if t.shown < len(t.Rows) {
		w.Say("… %d of %d rows shown to fit the budget: aggregate, select fewer columns, or go on with OFFSET %d in sql",
			t.shown, len(t.Rows), t.shown)
	}
	for _, line := range t.handles() {
		w.Say("… %s", line)
	}
}

// on says why there are no more rows, and how they are had.
func (t *Table) on() string {
	s := ", more"
	if t.Stopped != "" {
		s += ": " + text.Line(t.Stopped)
	}
	return s + "; aggregate, narrow with WHERE, or go on with LIMIT and OFFSET in sql"
}

// masked names the columns that are masked, and how.
func (t *Table) masked() string {
	const most = 20
	var names []string
	for _, c := range t.Columns {
		if c.Mask != string(NoMask) {
			names = append(names, fmt.Sprintf("%s (%s)", said(c.Name), text.Line(c.Mask)))
		}
	}
	if n := len(names); n > most {
		names = append(names[:most], fmt.Sprintf("and %d more", n-most))
	}
	return strings.Join(names, ", ")
}

// sayNotes writes the notes of an answer; one that says what was left out has a mark of
// its own.
func sayNotes(w *text.Writer, notes []string) {
	for _, n := range notes {
		if n = text.Line(n); strings.HasPrefix(n, "… ") {
			w.Say("%s", n)
		} else {
			w.Say("note: %s", n)
		}
	}
}

// lines are the header and the rows.
func (t *Table) lines() string {
	var b strings.Builder
	for i, c := range t.Columns {
		if i > 0 {
			b.WriteByte('\t')
		}
		writeCell(&b, &c.Name, nameWidth, 0)
	}
	b.WriteByte('\n')
	cut := t.cutter()
	for i, row := range t.Rows[:t.shown] {
		for k, cell := range row {
			if k > 0 {
				b.WriteByte('\t')
			}
			writeCell(&b, cell, t.cellWidth(i, k), cut(i, k))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// cellWidth is how many characters of a cell are shown.
func (t *Table) cellWidth(row, column int) int {
	if c := t.Rows[row][column]; t.whole && c != nil && len(*c) > t.width && t.rowAddress(row, column) == "" {
		return len(*c)
	}
	return t.width
}

// cutter returns a function that tells how many bytes of a cell are not here. It is to be
// asked in the order of the cells.
func (t *Table) cutter() func(row, column int) int {
	cuts := t.Cut
	return func(row, column int) int {
		for len(cuts) > 0 && (cuts[0].Row < row || cuts[0].Row == row && cuts[0].Column < column) {
			cuts = cuts[1:]
		}
		if len(cuts) > 0 && cuts[0].Row == row && cuts[0].Column == column {
			return cuts[0].More
		}
		return 0
	}
}

// Shrink implements text.Shrinker: long cells are clipped shorter, as far as it helps, then
// rows are left out, the last first; one stays.
func (t *Table) Shrink(keep float64) bool {
	keep = min(keep*0.95, 0.95)
	if now := t.measure(t.width); t.width > shortCell && t.measure(shortCell) < now {
		low, high := shortCell, t.width-1 // the widest that fits, by halving
		for low < high {
			if mid := (low + high + 1) / 2; float64(t.measure(mid)) <= keep*float64(now) {
				low = mid
			} else {
				high = mid - 1
			}
		}
		t.width, t.whole = low, false
		if t.measure(low) < now {
			return true
		}
	}
	if t.shown <= 1 {
		return false
	}
	t.shown = max(1, min(int(float64(t.shown)*keep), t.shown-1))
	return true
}

// measure is how many bytes the rows shown are about, with cells of that width.
func (t *Table) measure(width int) int {
	n := 0
	for _, row := range t.Rows[:t.shown] {
		for _, cell := range row {
			if n += 2; cell == nil {
				continue
			}
			head, left := clip(*cell, width)
			if n += len(head); left > 0 {
				n += clipSlack // the mark
			}
		}
	}
	return n
}

// MarshalJSON implements json.Marshaler: the Result as far as it is shown, the cells and
// rows that are not being counted.
func (t *Table) MarshalJSON() ([]byte, error) {
	r := *t.Result
	r.Rows, r.Cut = make([][]*string, t.shown), nil
	if t.shown < len(t.Rows) {
		more := fmt.Sprintf("%d of %d rows fit the budget", t.shown, len(t.Rows))
		if r.Stopped != "" {
			more += ", after " + r.Stopped
		}
		r.More, r.Stopped = true, more
	}
	cut := t.cutter()
	for i := range r.Rows {
		r.Rows[i] = slices.Clone(t.Rows[i])
		for k, cell := range r.Rows[i] {
			more := cut(i, k)
			if cell != nil {
				if head, left := clip(*cell, t.cellWidth(i, k)); left > 0 {
					more += len(*cell) - len(head)
					r.Rows[i][k] = &head
				}
			}
			if more > 0 {
				r.Cut = append(r.Cut, Cut{Row: i, Column: k, More: more})
			}
		}
	}
	return encode(r)
}

// encode is json.Marshal without escapes for HTML, which cost tokens.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("encoding rows: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// clipped reports whether a cell is shown in part only.
func (t *Table) clipped(row, column, more int) bool {
	cell := t.Rows[row][column]
	if cell == nil {
		return false
	}
	_, left := clip(*cell, t.cellWidth(row, column))
	return left+more > 0
}

// long reports whether a cell may come to be clipped.
func long(cell *string) bool {
	return cell != nil && len(*cell) > shortCell+clipSlack && utf8.RuneCountInString(*cell) > shortCell+clipSlack
}
