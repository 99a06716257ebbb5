package pipelines

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strconv"

	"cleat/internal/archive/forge"
	"cleat/internal/cursor"
	"cleat/internal/fail"
	"cleat/internal/sorting"
	"cleat/internal/systems/ci"
)

// Limits of one listing: pages that one call reads, and merge requests of a branch.
const (
	maxPages    = 10
	maxRequests = 3
)

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
	sum := cursor.Sum("pipelines", strconv.FormatInt(in.ID, 10), q.Branch, q.Commit, q.PR, string(q.Status), q.Task)
	var from position
	if q.Cursor != "" {
		if from, err = readPosition(q.Cursor, sum); err != nil {
			return nil, err
		}
	}
	out := &ci.Runs{}
	if q.Status == ci.TimedOut || q.Status == ci.Interrupted {
		return out, nil // GitLab has none: a pipeline whose job took too long has failed
	}
	l, err := r.listing(ctx, in, q, from, limit)
	if err != nil {
		return nil, err
	}
	read := 0
	for len(out.Runs) < limit {
		p, err := l.next(ctx)
		if err != nil {
			return nil, err
		}
		if p == nil {
			break
		}
		read++
		if !keeps(q, *p) {
			continue
		}
		one := p.public(in)
		if q.PR != "" {
			one.PR = q.PR
		}
		out.Runs = append(out.Runs, one)
	}
	if l.more(q) && read > 0 {
		out.Cursor = l.at.encode(sum)
		if len(out.Runs) < limit {
			out.Notes = append(out.Notes, "only the newest "+strconv.Itoa(read)+" pipelines were looked through; the cursor leads on")
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
		return fail.Errorf(fail.Invalid, "%.100q is not the number of a merge request", q.PR)
	case q.Status != "" && !slices.Contains(ci.Statuses(), q.Status):
		return fail.Errorf(fail.Invalid, "%.100q is no status of a run", q.Status).Then("give one of %v", ci.Statuses())
	case q.Branch != "":
		return forge.CheckRef(q.Branch)
	}
	return nil
}

// keeps reports whether a pipeline is one that is asked for. Where GitLab has filtered already,
// that changes nothing.
func keeps(q ci.Query, p pipeline) bool {
	if q.Status != "" {
		if status, _ := statusOf(p.Status, ""); status != q.Status {
			return false
		}
	}
	return (q.Commit == "" || p.Commit == q.Commit) && (q.Task == "" || p.task() == clip(q.Task)) &&
		(q.Branch == "" || p.Ref == q.Branch || p.request() != "" && p.branch == q.Branch)
}

// pageQuery is the query for the pages of a list.
func pageQuery(size int) url.Values { return url.Values{"per_page": {strconv.Itoa(size)}} }

// A position is how far pipelines were read. Its zero value is before the newest.
type position struct {
	last   int64 // the number of the last one
	offset int   // of the last one in GitLab's list when that was read
}

func (p position) encode(sum uint64) string {
	return cursor.Encode(sum, strconv.FormatInt(p.last, 10), strconv.Itoa(p.offset))
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
	offset, err := strconv.Atoi(fields[1])
	if err != nil || offset < 0 || offset > 1<<30 {
		return position{}, cursor.Stale("it is damaged")
	}
	return position{last, offset}, nil
}

// A pipelineList is a page of pipelines.
type pipelineList []pipeline

// Check implements rest.Checker.
func (l pipelineList) Check() error {
	if l == nil || slices.ContainsFunc(l, func(p pipeline) bool { return p.Check() != nil }) {
		return forge.Lack("list of pipelines")
	}
	return nil
}

// A listing merges the pipelines of a project, page by page, with those of merge requests,
// which were read whole. Both have the highest numbers first.
type listing struct {
	r     *Runner
	in    project
	query url.Values // nil where there are only those of merge requests
	size  int
	page  int // to be read next, 0 after the last
	begun bool
	left  int // pages that may be read
	pages []pipeline
	extra []pipeline
	at    position
}

func (r *Runner) listing(ctx context.Context, in project, q ci.Query, from position, limit int) (*listing, error) {
	l := &listing{r: r, in: in, at: from, left: maxPages}
	var err error
	switch {
	case q.PR != "":
		var m request
		if m, _, err = get[request](ctx, r, in, nil, "merge_requests", q.PR); err != nil {
			return nil, missing(err, "there is no merge request %s in %s", q.PR, in.Name)
		}
		err = l.of(ctx, q.PR, m.Branch)
		return l, err
	case q.Branch != "":
		if err = l.ofBranch(ctx, q.Branch); err != nil {
			return nil, err
		}
	}
	l.query = url.Values{"order_by": {"id"}, "sort": {"desc"}}
	for key, value := range map[string]string{"ref": q.Branch, "sha": q.Commit, "status": word(q.Status)} {
		if value != "" {
			l.query.Set(key, value)
		}
	}
	if q.Task != "" && !ours(q.Task) {
		l.query.Set("name", q.Task)
	}
	l.size = perPage
	if limit <= ci.DefaultRuns && (q.Status == "" || word(q.Status) != "") && q.Task == "" {
		l.size = ci.DefaultRuns
	}
	l.query.Set("per_page", strconv.Itoa(l.size))
	l.page = (from.offset-1)/l.size + 1 // where the last one was
	return l, nil
}

// ours reports whether a task's name is one that task makes, which GitLab does not know.
func ours(task string) bool {
	return slices.ContainsFunc([]string{"", "schedule", "parent_pipeline"}, func(source string) bool { return pipeline{Source: source}.task() == task })
}

// word is GitLab's only word for a status, "" if it has several or none.
func word(s ci.Status) string {
	switch s {
	case ci.Passed:
		return "success"
	case ci.Failed:
		return "failed"
	case ci.Canceled:
		return "canceled"
	case ci.Skipped:
		return "skipped"
	case ci.Waiting:
		return "manual"
	}
	return ""
}

// A request is what is used of the merge requests that the API has.
type request struct {
	Number int64  `json:"iid"`
	Branch string `json:"source_branch"`
	From   int64  `json:"source_project_id"`
	To     int64  `json:"target_project_id"`
}

// Check implements rest.Checker.
func (m request) Check() error {
	if m.Number <= 0 {
		return forge.Lack("merge request")
	}
	return nil
}

// ofBranch adds the pipelines of the last merge requests from a branch of the project itself.
func (l *listing) ofBranch(ctx context.Context, branch string) error {
	query := url.Values{"source_branch": {branch}, "state": {"all"}, "order_by": {"updated_at"}, "per_page": {strconv.Itoa(maxRequests)}}
	list, _, err := get[[]request](ctx, l.r, l.in, query, "merge_requests")
	if hidden(err) {
		return nil // they may be switched off, or closed to the token
	}
	if err != nil {
		return err
	}
	for _, m := range list {
		if m.Check() != nil || m.From != m.To || m.Branch != branch {
			continue // one from a fork has another branch of that name
		}
		if err := l.of(ctx, strconv.FormatInt(m.Number, 10), branch); err != nil {
			return err
		}
	}
	return nil
}

// of adds the pipelines of a merge request. GitLab has them in another order than ours.
func (l *listing) of(ctx context.Context, number, branch string) error {
	query := pageQuery(perPage)
	for page := 1; page > 0 && l.left > 0; l.left-- {
		query.Set("page", strconv.Itoa(page))
		list, answer, err := get[pipelineList](ctx, l.r, l.in, query, "merge_requests", number, "pipelines")
		if err != nil {
			return missing(err, "there is no merge request %s in %s", number, l.in.Name)
		}
		for _, p := range list {
			p.branch = branch
			l.extra = append(l.extra, p)
		}
		if page, _, err = forge.Next(l.r.rest, answer.Header, page); err != nil {
			return err
		}
	}
	sorting.Sort(l.extra, order)
	l.extra = slices.CompactFunc(l.extra, func(a, b pipeline) bool { return a.ID == b.ID })
	l.extra = l.behind(l.extra)
	return nil
}

func order(a, b pipeline) int { return cmp.Compare(b.ID, a.ID) }

// behind leaves out those that were read before.
func (l *listing) behind(list []pipeline) []pipeline {
	if l.at.last == 0 {
		return list
	}
	return slices.DeleteFunc(list, func(p pipeline) bool { return p.ID >= l.at.last })
}

// next returns the newest pipeline that was not read; nil at the end, or when no more pages may
// be read, which more tells apart.
func (l *listing) next(ctx context.Context) (*pipeline, error) {
	if err := l.fill(ctx); err != nil {
		return nil, err
	}
	l.extra = l.behind(l.extra)
	var p pipeline
	switch {
	case len(l.pages) > 0 && (len(l.extra) == 0 || order(l.pages[0], l.extra[0]) <= 0):
		p, l.pages = l.pages[0], l.pages[1:]
		l.at.offset = p.offset
	case len(l.pages) == 0 && l.page > 0: // what comes next cannot be told
		return nil, nil
	case len(l.extra) > 0:
		p, l.extra = l.extra[0], l.extra[1:]
	default:
		return nil, nil
	}
	l.at.last = p.ID
	return &p, nil
}

// more reports whether there may be pipelines that next would give, in this call or a later one.
func (l *listing) more(q ci.Query) bool {
	wanted := func(p pipeline) bool { return keeps(q, p) }
	return l.page > 0 || slices.ContainsFunc(l.pages, wanted) || slices.ContainsFunc(l.behind(l.extra), wanted)
}

// fill reads pages until there is a pipeline that was not read.
func (l *listing) fill(ctx context.Context) error {
	for {
		if l.pages = l.behind(l.pages); len(l.pages) > 0 || l.page == 0 || l.left == 0 {
			return nil
		}
		l.left--
		l.query.Set("page", strconv.Itoa(l.page))
		list, answer, err := get[pipelineList](ctx, l.r, l.in, l.query, "pipelines")
		if err != nil {
			return missing(err, "there are no pipelines of %s", l.in.Name)
		}
		for i := range list {
			list[i].offset = (l.page-1)*l.size + i + 1
		}
		if !l.begun && l.page > 1 && (len(list) == 0 || list[0].ID < l.at.last) {
			l.page-- // some were deleted meanwhile: those that follow may have moved forward
			continue
		}
		l.begun = true
		sorting.Sort(list, order)
		l.pages = list
		if l.page, _, err = forge.Next(l.r.rest, answer.Header, l.page); err != nil {
			return err
		}
	}
}
