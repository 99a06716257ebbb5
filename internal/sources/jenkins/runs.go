package jenkins

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"cleat/internal/archive/forge"
	"cleat/internal/builds"
	"cleat/internal/cursor"
	"cleat/internal/fail"
	"cleat/internal/sorting"
	"cleat/internal/systems/ci"
)

// Limits of listing.
const (
	perPage  = 100 // builds that are asked for at once
	maxPages = 40  // of builds, that one call of Runs reads
)

// Runs implements ci.Runner. Jenkins has lists for each job and none for all: they are read
// as far as the newest builds of all need it.
func (s *Source) Runs(ctx context.Context, q ci.Query) (*ci.Runs, error) {
	if err := s.check(q); err != nil {
		return nil, err
	}
	limit := q.Limit
	if limit <= 0 {
		limit = ci.DefaultRuns
	}
	limit = min(limit, ci.MaxRuns)
	sum := cursor.Sum(append([]string{"jenkins", q.Branch, q.Commit, q.PR, string(q.Status), q.Task}, s.jobs...)...)
	from, err := readPosition(q.Cursor, sum)
	if err != nil {
		return nil, err
	}
	m := &merge{s: s, from: from, size: perPage, left: maxPages}
	if q.Cursor == "" && q.Status == "" && q.Commit == "" {
		m.size = min(limit+1, perPage)
	}
	for _, task := range s.jobs {
		if q.Task == "" || q.Task == task {
			lists, err := s.lists(ctx, task, q)
			if err != nil {
				return nil, err
			}
			m.lists = append(m.lists, lists...)
		}
	}
	out := &ci.Runs{}
	last := from
	for {
		b, p, err := m.next(ctx)
		if err != nil {
			return nil, err
		}
		if b == nil {
			break
		}
		run := b.public(p)
		keep := (q.Branch == "" || run.Branch == q.Branch) && (q.Commit == "" || run.Commit == q.Commit) &&
			(q.Status == "" || run.Status == q.Status) && (q.PR == "" || run.PR == q.PR)
		if keep && len(out.Runs) == limit {
			out.Cursor = last.encode(sum)
			break
		}
		last = position{b.Timestamp, p.job(), b.Number}
		if keep {
			out.Runs = append(out.Runs, run)
		}
	}
	if m.left < 0 {
		out.Notes = append(out.Notes, "there may be more: not all builds were looked through; name a task or a branch")
	}
	return out, nil
}

// check refuses a query that asks for what cannot be.
func (s *Source) check(q ci.Query) error {
	switch {
	case q.Commit != "" && !isHash(q.Commit):
		return fail.Errorf(fail.Invalid, "%.100q is not the whole hash of a commit", q.Commit).Then("give all 40 digits")
	case q.PR != "" && !builds.IsNumber(q.PR):
		return fail.Errorf(fail.Invalid, "%.100q is not the number of a pull request", q.PR)
	case q.Status != "" && !slices.Contains(ci.Statuses(), q.Status):
		return fail.Errorf(fail.Invalid, "%.100q is no status of a run", q.Status).Then("give one of %v", ci.Statuses())
	case q.Task != "" && !slices.Contains(s.jobs, q.Task):
		return s.noTask(q.Task)
	case q.Branch != "":
		return forge.CheckRef(q.Branch)
	}
	return nil
}

func (s *Source) noTask(name string) error {
	tasks := make([]ci.Task, len(s.jobs))
	for i, j := range s.jobs {
		tasks[i].Name = j
	}
	return ci.NoTask(name, tasks)
}

// A position is the last build that was looked at. The zero value is before the newest.
type position struct {
	at     int64 // its timestamp
	job    string
	number int64
}

func (p position) encode(sum uint64) string {
	return cursor.Encode(sum, strconv.FormatInt(p.at, 10), p.job, strconv.FormatInt(p.number, 10))
}

func readPosition(c string, sum uint64) (position, error) {
	if c == "" {
		return position{}, nil
	}
	fields, err := cursor.Decode(c, sum, 3)
	if err != nil {
		return position{}, err
	}
	at, err1 := strconv.ParseInt(fields[0], 10, 64)
	number, err2 := strconv.ParseInt(fields[2], 10, 64)
	if errors.Join(err1, err2) != nil || at <= 0 || number <= 0 {
		return position{}, cursor.Stale("it is damaged")
	}
	return position{at, fields[1], number}, nil
}

// compare sorts positions, the newest first.
func (p position) compare(o position) int {
	return cmp.Or(cmp.Compare(o.at, p.at), cmp.Compare(p.job, o.job), cmp.Compare(o.number, p.number))
}

// A list is the builds of one job.
type list struct {
	at     place
	id     string
	bound  int64   // no build that was not read is newer
	lowest int64   // number of the last build that was read, 0 for none
	read   int     // builds
	over   bool    // all were read
	builds []build // read and not taken
}

// A head is the newest build of a job.
type head struct {
	Number    int64
	Timestamp int64
}

// An item is what is used of the jobs that the API has.
type item struct {
	Class string `json:"_class"`
	Last  *head  `json:"lastBuild"`
	Jobs  []struct {
		Name string
		Last *head `json:"lastBuild"`
	} // nil where it has none below it
}

// lists returns the lists of the builds of a configured job that q may mean.
func (s *Source) lists(ctx context.Context, task string, q ci.Query) ([]*list, error) {
	p := place{task: task}
	path, err := p.path()
	if err != nil {
		return nil, err
	}
	it, err := get[item](ctx, s, path, "_class,lastBuild[number,timestamp],jobs[name,lastBuild[number,timestamp]]", 0)
	if err != nil {
		return nil, missing(err, "there is no job %q", task)
	}
	var out []*list
	add := func(p place, h *head) {
		if h != nil {
			out = append(out, &list{at: p, id: p.job(), bound: h.Timestamp})
		}
	}
	if it.Jobs == nil {
		if q.PR == "" {
			add(p, it.Last)
		}
		return out, nil
	}
	for _, j := range it.Jobs {
		p.child = j.Name
		if _, err := p.path(); err != nil {
			continue // no name that Jenkins gives
		}
		if branch, pr := p.branch(); (q.Branch == "" || q.Branch == branch) && (q.PR == "" || q.PR == pr) {
			add(p, j.Last)
		}
	}
	return out, nil
}

// A merge reads lists, the newest build of all first.
type merge struct {
	s     *Source
	lists []*list
	from  position
	size  int
	left  int // pages that may be asked for; negative once one more was wanted
}

// next returns the newest build that was not taken; nil at the end, and when no more pages may
// be asked for.
func (m *merge) next(ctx context.Context) (*build, place, error) {
	for {
		var best *list
		for _, l := range m.lists {
			if len(l.builds) > 0 && (best == nil || l.head().compare(best.head()) < 0) {
				best = l
			}
		}
		var unread *list
		for _, l := range m.lists {
			if len(l.builds) == 0 && !l.over && (best == nil || l.bound >= best.head().at) && (unread == nil || l.bound > unread.bound) {
				unread = l
			}
		}
		if unread == nil {
			if best == nil {
				return nil, place{}, nil
			}
			b := best.builds[0]
			best.builds = best.builds[1:]
			return &b, best.at, nil
		}
		if m.left--; m.left < 0 {
			return nil, place{}, nil
		}
		if err := m.fill(ctx, unread); err != nil {
			return nil, place{}, err
		}
	}
}

func (l *list) head() position { return l.position(l.builds[0]) }

func (l *list) position(b build) position { return position{b.Timestamp, l.id, b.Number} }

// A page is some builds of a job.
type page struct {
	Builds []build `json:"allBuilds"`
}

// Check implements rest.Checker.
func (p page) Check() error {
	if p.Builds == nil {
		return errors.New("it has no list of builds")
	}
	for _, b := range p.Builds {
		if err := b.Check(); err != nil {
			return err
		}
	}
	return nil
}

// fill reads the next page of a list.
func (m *merge) fill(ctx context.Context, l *list) error {
	path, err := l.at.path()
	if err != nil {
		return err
	}
	got, err := get[page](ctx, m.s, path, fmt.Sprintf("allBuilds[%s]{%d,%d}", buildTree, l.read, l.read+m.size), 0)
	if err != nil {
		if fail.From(missing(err, "gone")).Code == fail.NotFound && l.at.child != "" {
			l.over = true // a branch that was deleted meanwhile
			return nil
		}
		return missing(err, "there is no job %q", l.at.task)
	}
	l.read += len(got.Builds)
	l.over = len(got.Builds) < m.size
	for _, b := range got.Builds {
		l.bound = min(l.bound, b.Timestamp)
		// Builds that are made meanwhile move the others to the next page.
		again := l.lowest > 0 && b.Number >= l.lowest
		if !again && (m.from == position{} || m.from.compare(l.position(b)) < 0) {
			l.builds = append(l.builds, b)
		}
	}
	if n := len(got.Builds); n > 0 {
		l.lowest = got.Builds[n-1].Number
	}
	sorting.Sort(l.builds, func(a, b build) int { return l.position(a).compare(l.position(b)) })
	return nil
}
