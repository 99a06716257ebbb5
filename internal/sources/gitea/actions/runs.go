package actions

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"cleat/internal/archive/forge"
	"cleat/internal/cursor"
	"cleat/internal/fail"
	"cleat/internal/rest"
	"cleat/internal/sorting"
	"cleat/internal/systems/ci"
)

// maxPages is how many pages of runs one call reads.
const maxPages = 10

// Runs implements ci.Runner.
func (r *Runner) Runs(ctx context.Context, q ci.Query) (*ci.Runs, error) {
	if err := check(q); err != nil {
		return nil, err
	}
	in, err := r.here(ctx)
	if err != nil {
		return nil, err
	}
	limit := q.Limit
	if limit <= 0 {
		limit = ci.DefaultRuns
	}
	limit = min(limit, ci.MaxRuns)
	sum := cursor.Sum("gitea actions", strings.ToLower(in.Name), q.Branch, q.Commit, q.PR, string(q.Status), q.Task)
	from := position{page: 1}
	if q.Cursor != "" {
		if from, err = readPosition(q.Cursor, sum); err != nil {
			return nil, err
		}
	}
	l := &listing{r: r, in: in, q: q, at: from, page: from.page, left: maxPages}
	if err := l.prepare(ctx); err != nil {
		return nil, err
	}
	out := &ci.Runs{}
	read := 0
	for len(out.Runs) < limit {
		raw, err := l.next(ctx)
		if err != nil {
			return nil, err
		}
		if raw == nil {
			break
		}
		read++
		if l.keeps(*raw) {
			out.Runs = append(out.Runs, raw.public(in))
		}
	}
	if l.more() && read > 0 {
		out.Cursor = l.at.encode(sum)
		if len(out.Runs) < limit {
			out.Notes = append(out.Notes, "only the newest "+strconv.Itoa(read)+" runs were looked through; the cursor leads on")
		}
	}
	return out, nil
}

// check refuses a query that asks for what cannot be.
func check(q ci.Query) error {
	switch {
	case q.Commit != "" && !forge.IsHash(q.Commit):
		return fail.Errorf(fail.Invalid, "%.100q is not the whole hash of a commit", q.Commit).Then("give all 40 digits")
	case q.PR != "" && !isNumber(q.PR):
		return fail.Errorf(fail.Invalid, "%.100q is not the number of a pull request", q.PR)
	case q.Status != "" && !slices.Contains(ci.Statuses(), q.Status):
		return fail.Errorf(fail.Invalid, "%.100q is no status of a run", q.Status).Then("give one of %v", ci.Statuses())
	case q.Branch != "":
		return forge.CheckRef(q.Branch)
	}
	return nil
}

// A position is how far runs were read.
type position struct {
	last int64 // the id of the last one, 0 before the newest
	page int   // of the server's list that it was on
}

func (p position) encode(sum uint64) string {
	return cursor.Encode(sum, strconv.FormatInt(p.last, 10), strconv.Itoa(p.page))
}

func readPosition(s string, sum uint64) (position, error) {
	fields, err := cursor.Decode(s, sum, 2)
	if err != nil {
		return position{}, err
	}
	last, err := strconv.ParseInt(fields[0], 10, 64)
	if err != nil || last <= 0 {
		return position{}, cursor.Stale("it is damaged")
	}
	page, err := strconv.Atoi(fields[1])
	if err != nil || page < 1 || page > 1<<24 {
		return position{}, cursor.Stale("it is damaged")
	}
	return position{last, page}, nil
}

// A runList is a page of runs.
type runList struct {
	Runs []run `json:"workflow_runs"`
}

// Check implements rest.Checker.
func (l runList) Check() error {
	if l.Runs == nil || slices.ContainsFunc(l.Runs, func(r run) bool { return r.Check() != nil }) {
		return forge.Lack("list of runs")
	}
	return nil
}

// A listing merges the runs that the server lists with those of pull requests from a branch,
// which it lists apart. Both have the highest ids first.
type listing struct {
	r     *Runner
	in    repository
	q     ci.Query
	query url.Values
	head  string // last commit of the pull request that is asked for
	tip   string // last commit of the branch that is asked for, "" if not known
	page  int    // to be read next, 0 after the last
	begun bool
	left  int // pages that may be read
	runs  []run
	extra []run
	at    position
}

// prepare finds out what has to be known before runs are listed.
func (l *listing) prepare(ctx context.Context) error {
	l.query = url.Values{"limit": {strconv.Itoa(perPage)}}
	if l.q.Commit != "" {
		l.query.Set("head_sha", l.q.Commit)
	}
	switch l.q.Status {
	case ci.Passed:
		l.query.Set("status", "success")
	case ci.Failed:
		l.query.Set("status", "failure")
	case ci.Skipped:
		l.query.Set("status", "skipped")
	}
	switch {
	case l.q.PR != "":
		pull, _, err := get[struct {
			Head struct{ SHA string }
		}](ctx, l.r, l.in, nil, "pulls", l.q.PR)
		l.head = pull.Head.SHA
		return missing(err, "there is no pull request %s in %s", l.q.PR, l.in.Name)
	case l.q.Branch != "" && l.q.Commit == "":
		l.query.Set("branch", l.q.Branch)
		return l.ofBranch(ctx)
	}
	return nil
}

// ofBranch adds the runs of pull requests that have the last commit of the branch.
func (l *listing) ofBranch(ctx context.Context) error {
	segments := append([]string{"branches"}, strings.Split(l.q.Branch, "/")...)
	b, _, err := get[struct{ Commit struct{ ID string } }](ctx, l.r, l.in, nil, segments...)
	if rest.Status(err) == http.StatusNotFound {
		return nil // a tag, or a branch that is gone
	}
	if l.tip = hash(b.Commit.ID); err != nil || l.tip == "" {
		return err
	}
	query := url.Values{"limit": {strconv.Itoa(perPage)}, "head_sha": {l.tip}}
	list, _, err := get[runList](ctx, l.r, l.in, query, "actions", "runs")
	if err != nil {
		return l.failed(ctx, err)
	}
	for _, raw := range list.Runs {
		if _, pull := raw.ref(); pull != "" {
			l.extra = append(l.extra, raw)
		}
	}
	sorting.Sort(l.extra, order)
	return nil
}

// failed is the error of a list that did not come.
func (l *listing) failed(ctx context.Context, err error) error {
	if none := l.r.lacks(ctx, err, needRuns(), "lists no runs", seePage(l.in)); none != nil {
		return none
	}
	return missing(err, "there are no runs of %s: Actions may be switched off there", l.in.Name)
}

// keeps reports whether a run is one that is asked for. Servers know some of the filters only.
func (l *listing) keeps(raw run) bool {
	if l.q.Status != "" {
		if status, _ := raw.status(); status != l.q.Status {
			return false
		}
	}
	branch, pull := raw.ref()
	return (l.q.Commit == "" || raw.commit() == l.q.Commit) && (l.q.Task == "" || raw.task() == l.q.Task) &&
		(l.q.PR == "" || pull == l.q.PR || pull == "" && l.head != "" && raw.commit() == l.head) &&
		(l.q.Branch == "" || branch == l.q.Branch || pull != "" && l.tip != "" && raw.commit() == l.tip)
}

func order(a, b run) int { return cmp.Compare(b.ID, a.ID) }

// behind leaves out those that were read before.
func (l *listing) behind(list []run) []run {
	if l.at.last == 0 {
		return list
	}
	return slices.DeleteFunc(list, func(raw run) bool { return raw.ID >= l.at.last })
}

// next returns the newest run that was not read; nil at the end, or when no more pages may be
// read, which more tells apart.
func (l *listing) next(ctx context.Context) (*run, error) {
	if err := l.fill(ctx); err != nil {
		return nil, err
	}
	l.extra = l.behind(l.extra)
	var raw run
	switch {
	case len(l.runs) > 0 && (len(l.extra) == 0 || order(l.runs[0], l.extra[0]) <= 0):
		raw, l.runs = l.runs[0], l.runs[1:]
		l.at.page = raw.page
	case len(l.runs) == 0 && l.page > 0: // what comes next cannot be told
		return nil, nil
	case len(l.extra) > 0:
		raw, l.extra = l.extra[0], l.extra[1:]
	default:
		return nil, nil
	}
	l.at.last = raw.ID
	return &raw, nil
}

// more reports whether there may be runs that next would give, in this call or a later one.
func (l *listing) more() bool {
	return l.page > 0 || slices.ContainsFunc(l.runs, l.keeps) || slices.ContainsFunc(l.behind(l.extra), l.keeps)
}

// fill reads pages until there is a run that was not read.
func (l *listing) fill(ctx context.Context) error {
	for {
		if l.runs = l.behind(l.runs); len(l.runs) > 0 || l.page == 0 || l.left == 0 {
			return nil
		}
		l.left--
		l.query.Set("page", strconv.Itoa(l.page))
		list, answer, err := get[runList](ctx, l.r, l.in, l.query, "actions", "runs")
		if err != nil {
			return l.failed(ctx, err)
		}
		sorting.Sort(list.Runs, order)
		if !l.begun && l.page > 1 && (len(list.Runs) == 0 || list.Runs[0].ID < l.at.last) {
			l.page-- // some were deleted meanwhile: those that follow may have moved forward
			continue
		}
		l.begun = true
		for i := range list.Runs {
			list.Runs[i].page = l.page
		}
		l.runs = list.Runs
		if l.page, _, err = forge.Next(l.r.rest, answer.Header, l.page); err != nil {
			return err
		}
	}
}
