package databases

import (
	"fmt"
	"unicode/utf8"

	"cleat/internal/fail"
)

// A Collector gathers the rows of an answer under its limits. A back end adds rows until
// Full, and stops the work then.
type Collector struct {
	rules *Rules
	limit int
	bytes int
	res   Result
}

// NewCollector returns a Collector for at most limit rows; 0 means DefaultRows, and never
// more than the rules allow. It fails with fail.TooLarge for too many columns.
func NewCollector(r *Rules, columns []Column, limit int) (*Collector, error) {
	if len(columns) > MaxColumns {
		return nil, fail.Errorf(fail.TooLarge, "the answer has %d columns, the limit is %d", len(columns), MaxColumns).
			Then("name the columns that are needed")
	}
	if limit <= 0 {
		limit = DefaultRows
	}
	limit = min(limit, r.MaxRows, MaxRows)
	return &Collector{rules: r, limit: limit, res: Result{Columns: columns, Rows: [][]*string{}}}, nil
}

// Limit is how many rows are wanted. One more has to be asked for, so that it is known
// whether there are more.
func (c *Collector) Limit() int { return c.limit }

// Full reports whether a limit is met. More is then to be set if there is another row.
func (c *Collector) Full() bool { return c.res.Stopped != "" }

// Add takes one row, whose cells it keeps; sizes are the lengths of the values in bytes
// where a cell is only the beginning of its value, 0 where it is whole. It masks and cuts
// the cells, and returns false when the row is beyond a limit and was not taken: then
// there is no need for another.
func (c *Collector) Add(row []*string, sizes []int) bool {
	if c.Full() {
		return false
	}
	if len(c.res.Rows) == c.limit {
		c.stop(fmt.Sprintf("the limit of %d rows", c.limit))
		return false
	}
	n := len(c.res.Rows)
	added := 0
	whole := make([]int, len(row))
	for i, cell := range row {
		if cell != nil {
			whole[i] = len(*cell)
		}
		if i < len(sizes) && sizes[i] > whole[i] {
			whole[i] = sizes[i]
		}
		if m := Mask(c.res.Columns[i].Mask); m != NoMask {
			if cell != nil && whole[i] > len(*cell) {
				m = Deny // beginnings that are equal are no equal values
			}
			row[i] = c.rules.Cover(m, cell)
			if row[i] != nil {
				whole[i] = len(*row[i]) // nothing is said of what is masked, not even its length
			}
		}
		row[i] = beginning(row[i], MaxCell)
		if row[i] != nil {
			added += len(*row[i])
		}
	}
	if n > 0 && c.bytes+added > MaxBytes {
		c.stop(fmt.Sprintf("the limit of %d kB for one answer", MaxBytes>>10))
		return false
	}
	if added > MaxBytes {
		// A first row that is too long by itself gives each of its cells the same room.
		added = 0
		for i := range row {
			row[i] = beginning(row[i], MaxBytes/len(row))
			if row[i] != nil {
				added += len(*row[i])
			}
		}
	}
	for i, cell := range row {
		if cell != nil && whole[i] > len(*cell) {
			// A secret that the cut halves would no longer be known as one.
			cell = beginning(cell, len(*cell)-min(Seam, len(*cell)/2))
			row[i] = cell
			c.res.Cut = append(c.res.Cut, Cut{Row: n, Column: i, More: whole[i] - len(*cell)})
		}
	}
	c.bytes += added
	c.res.Rows = append(c.res.Rows, row)
	return true
}

// Seam is how many bytes before a cut are not in the cell, at most half of what is there:
// more than a password or a token has.
const Seam = 512

// beginning shortens a cell to at most n bytes, at a character.
func beginning(cell *string, n int) *string {
	if cell == nil || len(*cell) <= n {
		return cell
	}
	s := (*cell)[:n]
	for k := len(s); k > len(s)-utf8.UTFMax && k > 0; k-- {
		if utf8.RuneStart(s[k-1]) {
			if !utf8.FullRuneInString(s[k-1:]) {
				s = s[:k-1]
			}
			break
		}
	}
	return &s
}

func (c *Collector) stop(why string) { c.res.Stopped, c.res.More = why, true }

// Rows is how many rows were taken.
func (c *Collector) Rows() int { return len(c.res.Rows) }

// Result returns what was gathered. partial says why the time was over before a limit was
// met, "" if it was not.
func (c *Collector) Result(partial string, notes ...string) *Result {
	c.res.Partial = partial
	c.res.Notes = append(c.res.Notes, notes...)
	return &c.res
}
