package builds

import (
	"context"
	"slices"
	"time"

	"cleat/internal/systems/ci"
)

// Sleep waits for d, or returns the cause of ctx's end.
func Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Waits yields after each of the waits, until one of them does not fit into ctx's time.
func (f *Forge) Waits(ctx context.Context, waits ...time.Duration) func(yield func() bool) {
	const slack = time.Second // for the request that follows
	return func(yield func() bool) {
		for _, d := range waits {
			if end, ok := ctx.Deadline(); ok && time.Until(end) < d+slack {
				return
			}
			if f.Sleep(ctx, d) != nil || !yield() {
				return
			}
		}
	}
}

// Changed waits a little until a change of a run shows: until see says so, or fails. It
// reports whether it showed.
func (f *Forge) Changed(ctx context.Context, see func() (bool, error)) bool {
	for range f.Waits(ctx, time.Second/2, time.Second, 2*time.Second) {
		if shows, err := see(); err != nil || shows {
			return shows
		}
	}
	return false
}

// Last returns the highest number among runs, 0 if there are none.
func Last(runs []Item) (last int64) {
	for _, r := range runs {
		last = max(last, r.ID)
	}
	return last
}

// Started looks for the run that a start has made: the only one that list returns with a number
// above last, which was the highest before. It returns known, with a note, where it cannot be
// told: what was started has been started, whatever is seen of it.
func (f *Forge) Started(ctx context.Context, known *ci.Run, last int64, list func(ctx context.Context) ([]Item, error)) *ci.Run {
	why := f.Server + " has not listed it yet"
	for range f.Waits(ctx, time.Second, 2*time.Second, 3*time.Second, 4*time.Second, 5*time.Second) {
		now, err := list(ctx)
		if err != nil {
			why = "listing the runs failed"
			break
		}
		now = slices.DeleteFunc(now, func(one Item) bool { return one.ID <= last })
		if len(now) == 1 {
			return &now[0].Run
		}
		if len(now) > 1 {
			why = "several were started at the same time"
			break
		}
	}
	known.Notes = append(known.Notes, "it was started, and which run it is is not known: "+why+"; look for it with ci_runs op=list")
	return known
}
