package scan

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"

	"cleat/internal/fail"
	"cleat/internal/systems/code"
	"cleat/internal/text"
	"cleat/internal/tree"
)

// A Tally is what one goroutine of a search has read and passed over.
type Tally struct {
	code.Stats
	Large []string // a few of the files over the size limit
}

// Skip counts a file that reading failed for with err. What it returns, if anything, is
// not about this file alone and ends the walk: tree.ErrStopped when ctx has ended.
func (t *Tally) Skip(ctx context.Context, path string, err error) error {
	var f *fail.Error
	switch {
	case errors.Is(err, tree.ErrBinary):
		t.Binary++
	case errors.Is(err, tree.ErrTooLarge):
		t.Stats.Large++
		if len(t.Large) < maxNamed {
			t.Large = append(t.Large, path)
		}
	case tree.IsSpecial(err):
		t.Special++
	case errors.Is(err, fs.ErrNotExist): // it went away
	case ctx.Err() != nil:
		return tree.ErrStopped
	case errors.As(err, &f):
		return err
	default:
		t.Denied++
	}
	return nil
}

// TooLarge is Result.Skipped for files over the size limit, of which it names a few; "" if
// there are none.
func TooLarge(files []string) string {
	if len(files) == 0 {
		return ""
	}
	slices.Sort(files)
	files = slices.Compact(files)
	return "too large: " + strings.Join(files[:min(len(files), maxNamed)], ", ")
}

// TooDeep is Result.Partial for a walk that left out n folders for their depth.
func TooDeep(n int) string { return text.Count(n, "folder") + " too deep to be entered" }
