package databases

import (
	"fmt"

	"cleat/internal/text"
)

// Text renders w: what was done or would be done, and the rows that came back.
func (w *Written) Text(out *text.Writer) { NewReceipt("", w).Text(out) }

// A Receipt is a Written on its way to a reader: a text.Renderer, a text.Shrinker and a
// text.Keeper.
type Receipt struct {
	Class    Class    `json:"class"`
	Rows     int64    `json:"rows"` // that were changed, -1 if the engine does not say
	DryRun   bool     `json:"dry_run,omitempty"`
	Returned *Table   `json:"returned,omitempty"`
	Notes    []string `json:"notes,omitempty"`
}

// NewReceipt returns the Receipt of w, which was done in the database source called source.
func NewReceipt(source string, w *Written) *Receipt {
	r := &Receipt{Class: w.Class, Rows: w.Rows, DryRun: w.DryRun, Notes: w.Notes}
	if w.Result != nil {
		r.Returned = NewTable(source, w.Result)
	}
	return r
}

// Text implements text.Renderer.
func (r *Receipt) Text(w *text.Writer) {
	w.Say("%s", r.summary())
	sayNotes(w, r.Notes)
	if r.Returned != nil && len(r.Returned.Columns) > 0 {
		first := "returned " + text.Count(len(r.Returned.Result.Rows), "row")
		if r.Returned.More {
			first += " of more"
		}
		r.Returned.text(w, first)
	}
}

func (r *Receipt) summary() string {
	rows := ""
	if r.Rows >= 0 {
		rows = text.Count(int(r.Rows), "row")
	}
	switch {
	case r.DryRun && rows != "":
		return fmt.Sprintf("dry run: %s would change, rolled back", rows)
	case r.DryRun:
		return "dry run: it would work, rolled back"
	case r.Class == DDL && r.Rows <= 0:
		return "done, committed"
	case rows != "":
		return fmt.Sprintf("%s changed, committed", rows)
	}
	return "done, committed; the engine does not say how many rows changed"
}

// Shrink implements text.Shrinker.
func (r *Receipt) Shrink(keep float64) bool { return r.Returned != nil && r.Returned.Shrink(keep) }

// Keep implements text.Keeper.
func (r *Receipt) Keep(put func(string) (string, error)) error {
	if r.Returned == nil {
		return nil
	}
	return r.Returned.Keep(put)
}
