package actions

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"cleat/internal/archive/forge"
	"cleat/internal/builds"
	"cleat/internal/cursor"
	"cleat/internal/fail"
	"cleat/internal/rest"
	"cleat/internal/sorting"
	"cleat/internal/systems/ci"
)

// Runs implements ci.Runner.
func (r *Runner) Runs(ctx context.Context, q ci.Query) (*ci.Runs, error) {
	repo, err := r.forge.Here(ctx)
	if err != nil {
		return nil, err
	}
	if err := r.forge.CheckQuery(q); err != nil {
		return nil, err
	}
	limit := builds.Limit(q)
	sum := cursor.Sum("actions", strings.ToLower(repo), q.Branch, q.Commit, q.PR, string(q.Status), q.Task)
	var from position
	if q.Cursor != "" {
		if from, err = readPosition(q.Cursor, sum); err != nil {
			return nil, err
		}
	}
	sel, err := r.selection(ctx, repo, q)
	if err != nil || sel == nil {
		return &ci.Runs{}, err
	}
	l := r.listing(sel, from, limit)
	out := &ci.Runs{}
	for len(out.Runs) < limit {
		raw, err := l.next(ctx)
		if err != nil {
			return nil, err
		}
		if raw == nil {
			break
		}
		if !sel.keeps(*raw) {
			continue
		}
		if err := r.forge.Moved(repo, raw.Repository.Name); err != nil {
			return nil, err
		}
		one := raw.public(place{repo: repo})
		if q.PR != "" {
			one.PR = q.PR
		}
		out.Runs = append(out.Runs, one)
	}
	if l.more() && l.taken > 0 {
		out.Cursor = l.at.encode(sum)
		if len(out.Runs) < limit {
			out.Notes = append(out.Notes, builds.Through(l.taken))
		}
	}
	return out, nil
}

// A selection is what a query comes to.
type selection struct {
	repo     string
	segments []string // of the path
	query    url.Values
	words    []string // of GitHub's for the status: one listing for each; one "" for any
	status   ci.Status
	pull     *pull
}

// selection returns nil where nothing can be what q asks for.
func (r *Runner) selection(ctx context.Context, repo string, q ci.Query) (*selection, error) {
	s := &selection{repo: repo, segments: []string{"actions", "runs"}, query: url.Values{}, words: words(q.Status), status: q.Status}
	if len(s.words) == 0 {
		s.words = []string{""}
	}
	if q.PR != "" {
		p, _, err := get[pull](ctx, r, repo, nil, "pulls", q.PR)
		if err != nil {
			if rest.Status(err) == http.StatusNotFound {
				err = fail.Errorf(fail.NotFound, "there is no pull request %s in %s", q.PR, repo).
					Because("GitHub has none, or the token may not see it: it needs the permission Pull requests: read")
			}
			return nil, err
		}
		s.pull = &p
		if q.Branch != "" && q.Branch != p.Head.Ref {
			return nil, nil
		}
		q.Branch = p.Head.Ref
	}
	if q.Branch != "" {
		s.query.Set("branch", q.Branch)
	}
	if q.Commit != "" {
		s.query.Set("head_sha", q.Commit)
	}
	if q.Task != "" {
		all, err := r.workflows(ctx, repo)
		if err != nil {
			return nil, err
		}
		w, err := find(all, q.Task)
		if err != nil {
			return nil, err
		}
		s.segments = []string{"actions", "workflows", strconv.FormatInt(w.ID, 10), "runs"}
	}
	return s, nil
}

// sparse reports whether runs are left out of what GitHub lists.
func (s *selection) sparse() bool { return s.pull != nil || s.status == ci.Unknown }

// keeps reports whether a run is one that is asked for.
func (s *selection) keeps(raw run) bool {
	if s.status != "" {
		if status, _ := statusOf(raw.Status, raw.Conclusion); status != s.status {
			return false
		}
	}
	return s.pull == nil || s.pull.has(raw)
}

// A pull is what is used of the pull requests that the API has.
type pull struct {
	Number  int64
	Created time.Time `json:"created_at"`
	Closed  time.Time `json:"closed_at"`
	Head    struct {
		Ref, SHA string
		Repo     repository // null where the fork is gone
	}
}

// Check implements rest.Checker.
func (p pull) Check() error {
	if p.Number <= 0 || p.Head.Ref == "" {
		return forge.Lack("pull request")
	}
	return nil
}

// closing is how long after a pull request was closed a run may still be for it.
const closing = 5 * time.Minute

// has reports whether a run is one for the pull request. GitHub names the open pull requests
// of a run, but neither those of forks nor closed ones: of these it is a run for an event of a
// pull request, from the same branch of the same repository while the request was open, or
// a run of its last commit.
func (p *pull) has(raw run) bool {
	for _, n := range raw.Pulls {
		if n.Number == p.Number {
			return true
		}
	}
	if len(raw.Pulls) > 0 || raw.Branch != p.Head.Ref || p.Head.Repo.Name != "" && !strings.EqualFold(raw.Head.Name, p.Head.Repo.Name) {
		return false
	}
	if raw.Commit == p.Head.SHA && p.Head.SHA != "" {
		return true
	}
	open := !raw.Created.Before(p.Created) && (p.Closed.IsZero() || raw.Created.Before(p.Closed.Add(closing)))
	return strings.HasPrefix(raw.Event, "pull_request") && open
}

// A runList is a page of runs.
type runList struct {
	Runs []run `json:"workflow_runs"`
}

// Check implements rest.Checker.
func (l runList) Check() error {
	if l.Runs == nil || slices.ContainsFunc(l.Runs, func(r run) bool { return r.Check() != nil || r.Created.IsZero() }) {
		return forge.Lack("list of runs")
	}
	return nil
}

// A position is how far runs were read: to those made at a time, of which some are done. Its
// zero value is before the newest.
type position struct {
	created time.Time // to the second, as GitHub has it
	done    []int64
}

func (p position) encode(sum uint64) string {
	ids := make([]string, len(p.done))
	for i, id := range p.done {
		ids[i] = strconv.FormatInt(id, 10)
	}
	return cursor.Encode(sum, strconv.FormatInt(p.created.Unix(), 10), strings.Join(ids, ","))
}

func readPosition(s string, sum uint64) (position, error) {
	fields, err := cursor.Decode(s, sum, 2)
	if err != nil {
		return position{}, err
	}
	seconds, err := strconv.ParseInt(fields[0], 10, 64)
	if err != nil || seconds < 0 || seconds > 1<<36 {
		return position{}, cursor.Stale("it is damaged")
	}
	p := position{created: time.Unix(seconds, 0).UTC()}
	for id := range strings.SplitSeq(fields[1], ",") {
		n, err := strconv.ParseInt(id, 10, 64)
		if err != nil {
			return position{}, cursor.Stale("it is damaged")
		}
		p.done = append(p.done, n)
	}
	return p, nil
}

// take moves p behind a run.
func (p *position) take(raw run) {
	if at := raw.Created.Truncate(time.Second); !at.Equal(p.created) {
		*p = position{created: at}
	}
	p.done = append(p.done, raw.ID)
}

// behind reports whether a run was read before p.
func (p *position) behind(raw run) bool {
	at := raw.Created.Truncate(time.Second)
	return !p.created.IsZero() && (at.After(p.created) || at.Equal(p.created) && slices.Contains(p.done, raw.ID))
}

// A listing merges the lists that a selection has, newest first.
type listing struct {
	r     *Runner
	sel   *selection
	lists []*list
	at    position
	left  int // pages that may be asked for
	taken int // runs
}

// A list is one of them.
type list struct {
	query url.Values
	page  int   // to be asked for next, 0 after the last
	runs  []run // read and not taken
}

func (r *Runner) listing(sel *selection, from position, limit int) *listing {
	l := &listing{r: r, sel: sel, at: from, left: builds.MaxPages}
	size := min(limit+len(from.done), perPage)
	if sel.sparse() {
		size = perPage
	}
	for _, word := range sel.words {
		q := url.Values{"per_page": {strconv.Itoa(size)}}
		for k, v := range sel.query {
			q[k] = v
		}
		if word != "" {
			q.Set("status", word)
		}
		if !from.created.IsZero() {
			q.Set("created", "<="+from.created.UTC().Format(time.RFC3339))
		}
		l.lists = append(l.lists, &list{query: q, page: 1})
	}
	return l
}

// next takes the newest run that was not taken; nil at the end, or when no more pages may be
// asked for, which more tells apart.
func (l *listing) next(ctx context.Context) (*run, error) {
	var newest *list
	for _, one := range l.lists {
		if err := l.fill(ctx, one); err != nil {
			return nil, err
		}
		switch {
		case len(one.runs) > 0:
			if newest == nil || order(one.runs[0], newest.runs[0]) < 0 {
				newest = one
			}
		case one.page > 0:
			return nil, nil // what comes next cannot be told
		}
	}
	if newest == nil {
		return nil, nil
	}
	raw := newest.runs[0]
	newest.runs = newest.runs[1:]
	l.at.take(raw)
	l.taken++
	return &raw, nil
}

// more reports whether there may be runs that next would give, in this call or a later one.
func (l *listing) more() bool {
	return slices.ContainsFunc(l.lists, func(one *list) bool {
		return one.page > 0 || slices.ContainsFunc(one.runs, l.sel.keeps)
	})
}

// fill reads pages until the list has a run that was not taken.
func (l *listing) fill(ctx context.Context, one *list) error {
	for {
		// A run may be on two pages, and change its status between two lists.
		one.runs = slices.DeleteFunc(one.runs, l.at.behind)
		if len(one.runs) > 0 || one.page == 0 || l.left == 0 {
			return nil
		}
		l.left--
		one.query.Set("page", strconv.Itoa(one.page))
		got, answer, err := get[runList](ctx, l.r, l.sel.repo, one.query, l.sel.segments...)
		if err != nil {
			return l.r.forge.Missing(err, "there are no runs of %s", l.sel.repo)
		}
		one.runs = got.Runs
		sorting.Sort(one.runs, order)
		if one.page, _, err = forge.Next(l.r.forge.Rest, answer.Header, one.page); err != nil {
			return err
		}
	}
}

// order sorts runs, the newest first.
func order(a, b run) int {
	return cmp.Or(b.Created.Compare(a.Created), cmp.Compare(b.ID, a.ID))
}
