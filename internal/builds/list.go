package builds

import (
	"cmp"
	"context"
	"slices"
	"strconv"

	"cleat/internal/cursor"
	"cleat/internal/sorting"
	"cleat/internal/systems/ci"
)

// Limit is how many runs a query asks for.
func Limit(q ci.Query) int {
	if q.Limit <= 0 {
		return ci.DefaultRuns
	}
	return min(q.Limit, ci.MaxRuns)
}

// Through is the note of a list that ends before all runs were looked at.
func Through(read int) string {
	return "only the newest " + strconv.Itoa(read) + " runs were looked through; the cursor leads on"
}

// An Item is a run with its number.
type Item struct {
	ID  int64
	Run ci.Run

	offset int // in the service's list when it was read, from 1
}

// MaxPages is how many pages one call of Listing.Runs reads.
const MaxPages = 10

// A Listing merges the runs that a service lists, page by page, with others that were read
// whole. Both have the highest numbers first. It is paged by the number of the last run that
// was read and not by a page's number alone, so that runs which are made or deleted meanwhile
// neither repeat nor hide one.
type Listing struct {
	// Page reads a page of the service's list, counted from 1, and returns the number of the
	// next, 0 after the last. It is nil where there are only the others.
	Page func(ctx context.Context, page int) (items []Item, next int, err error)
	Size int             // of a page
	Keep func(Item) bool // whether it is one that is asked for
	Left int             // pages that may be read

	sum    uint64
	last   int64 // the number of the last run that was read, 0 before the newest
	offset int   // its place in the service's list when that was read, 0 if it was not in one

	page  int // to be read next, 0 after the last
	begun bool
	items []Item
	extra []Item
}

// Resume returns a Listing that goes on at the cursor, "" for the newest, of a query whose sum
// is given.
func Resume(from string, sum uint64) (*Listing, error) {
	l := &Listing{Left: MaxPages, sum: sum}
	if from == "" {
		return l, nil
	}
	fields, err := cursor.Decode(from, sum, 2)
	if err != nil {
		return nil, err
	}
	if l.last, err = strconv.ParseInt(fields[0], 10, 64); err != nil || l.last <= 0 {
		return nil, cursor.Stale("it is damaged")
	}
	if l.offset, err = strconv.Atoi(fields[1]); err != nil || l.offset < 0 || l.offset > 1<<30 {
		return nil, cursor.Stale("it is damaged")
	}
	return l, nil
}

// Add adds runs beside those of the service's list.
func (l *Listing) Add(items []Item) {
	l.extra = append(l.extra, items...)
	sorting.Sort(l.extra, newest)
	l.extra = slices.CompactFunc(l.extra, func(a, b Item) bool { return a.ID == b.ID })
	l.extra = l.behind(l.extra)
}

// Runs reads up to limit runs that are asked for.
func (l *Listing) Runs(ctx context.Context, limit int) (*ci.Runs, error) {
	if l.Page != nil {
		l.page = max(l.offset-1, 0)/l.Size + 1 // where the last one was
	}
	out := &ci.Runs{}
	read := 0
	for len(out.Runs) < limit {
		one, ok, err := l.next(ctx)
		if err != nil {
			return nil, err
		}
		if !ok {
			break
		}
		read++
		if l.Keep(one) {
			out.Runs = append(out.Runs, one.Run)
		}
	}
	if read > 0 && (l.page > 0 || slices.ContainsFunc(l.items, l.Keep) || slices.ContainsFunc(l.behind(l.extra), l.Keep)) {
		out.Cursor = cursor.Encode(l.sum, strconv.FormatInt(l.last, 10), strconv.Itoa(l.offset))
		if len(out.Runs) < limit {
			out.Notes = append(out.Notes, Through(read))
		}
	}
	return out, nil
}

func newest(a, b Item) int { return cmp.Compare(b.ID, a.ID) }

// behind leaves out those that were read before.
func (l *Listing) behind(list []Item) []Item {
	if l.last == 0 {
		return list
	}
	return slices.DeleteFunc(list, func(i Item) bool { return i.ID >= l.last })
}

// next returns the newest run that was not read; false at the end, or when no more pages may be
// read, which page tells apart.
func (l *Listing) next(ctx context.Context) (one Item, ok bool, err error) {
	if err := l.fill(ctx); err != nil {
		return Item{}, false, err
	}
	l.extra = l.behind(l.extra)
	switch {
	case len(l.items) > 0 && (len(l.extra) == 0 || newest(l.items[0], l.extra[0]) <= 0):
		one, l.items = l.items[0], l.items[1:]
		l.offset = one.offset
	case len(l.items) == 0 && l.page > 0: // what comes next cannot be told
		return Item{}, false, nil
	case len(l.extra) > 0:
		one, l.extra = l.extra[0], l.extra[1:]
	default:
		return Item{}, false, nil
	}
	l.last = one.ID
	return one, true, nil
}

// fill reads pages until there is a run that was not read.
func (l *Listing) fill(ctx context.Context) error {
	for {
		if l.items = l.behind(l.items); len(l.items) > 0 || l.page == 0 || l.Left == 0 {
			return nil
		}
		l.Left--
		items, next, err := l.Page(ctx, l.page)
		if err != nil {
			return err
		}
		for i := range items {
			items[i].offset = (l.page-1)*l.Size + min(i, l.Size-1) + 1
		}
		sorting.Sort(items, newest)
		if !l.begun && l.page > 1 && (len(items) == 0 || items[0].ID < l.last) {
			l.page-- // some were deleted meanwhile: those that follow may have moved forward
			continue
		}
		l.begun = true
		l.items, l.page = items, next
	}
}

// Jobs are the jobs of a run, each once and ci.MaxJobs of them at most.
type Jobs struct {
	List []ci.Job
	More int // beyond them

	ids  []int64
	seen map[int64]bool
}

// Add adds a job, unless it is there: a page may shift while another is read.
func (j *Jobs) Add(id int64, job ci.Job) {
	switch {
	case j.seen[id]:
	case len(j.List) >= ci.MaxJobs:
		j.More++
	default:
		if j.seen == nil {
			j.seen = map[int64]bool{}
		}
		j.seen[id] = true
		j.List, j.ids = append(j.List, job), append(j.ids, id)
	}
}

// Sorted returns the jobs in the order in which they ran, those that wait last.
func (j *Jobs) Sorted() []ci.Job {
	at := make([]int, len(j.List))
	for i := range at {
		at[i] = i
	}
	sorting.Sort(at, func(a, b int) int {
		x, y := j.List[a].Started, j.List[b].Started
		if x.IsZero() != y.IsZero() {
			return y.Compare(x)
		}
		return cmp.Or(x.Compare(y), cmp.Compare(j.ids[a], j.ids[b]))
	})
	var out []ci.Job
	for _, k := range at {
		out = append(out, j.List[k])
	}
	return out
}
