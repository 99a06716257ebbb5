package actions

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"cleat/internal/archive/forge"
	"cleat/internal/builds"
	"cleat/internal/cursor"
	"cleat/internal/rest"
	"cleat/internal/systems/ci"
)

// Runs implements ci.Runner.
func (r *Runner) Runs(ctx context.Context, q ci.Query) (*ci.Runs, error) {
	if err := r.forge.CheckQuery(q); err != nil {
		return nil, err
	}
	in, err := r.here(ctx)
	if err != nil {
		return nil, err
	}
	all, err := builds.Resume(q.Cursor, cursor.Sum("gitea actions", strings.ToLower(in.Name), q.Branch, q.Commit, q.PR, string(q.Status), q.Task))
	if err != nil {
		return nil, err
	}
	l := &listing{r: r, in: in, q: q}
	if err := l.prepare(ctx, all); err != nil {
		return nil, err
	}
	all.Page, all.Size, all.Keep = l.read, perPage, l.keeps
	return all.Runs(ctx, builds.Limit(q))
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

// items returns the runs as ci has them.
func (l runList) items(in repository) []builds.Item {
	items := make([]builds.Item, len(l.Runs))
	for i, raw := range l.Runs {
		items[i] = builds.Item{ID: raw.ID, Run: raw.public(in)}
	}
	return items
}

// A listing is what is asked for. Servers list the runs of pull requests from a branch apart.
type listing struct {
	r     *Runner
	in    repository
	q     ci.Query
	query url.Values
	head  string // last commit of the pull request that is asked for
	tip   string // last commit of the branch that is asked for, "" if not known
}

// prepare finds out what has to be known before runs are listed.
func (l *listing) prepare(ctx context.Context, all *builds.Listing) error {
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
		return l.r.forge.Missing(err, "there is no pull request %s in %s", l.q.PR, l.in.Name)
	case l.q.Branch != "" && l.q.Commit == "":
		l.query.Set("branch", l.q.Branch)
		return l.ofBranch(ctx, all)
	}
	return nil
}

// ofBranch adds the runs of pull requests that have the last commit of the branch.
func (l *listing) ofBranch(ctx context.Context, all *builds.Listing) error {
	segments := append([]string{"branches"}, strings.Split(l.q.Branch, "/")...)
	b, _, err := get[struct{ Commit struct{ ID string } }](ctx, l.r, l.in, nil, segments...)
	if rest.Status(err) == http.StatusNotFound {
		return nil // a tag, or a branch that is gone
	}
	if l.tip = builds.Hash(b.Commit.ID); err != nil || l.tip == "" {
		return err
	}
	query := url.Values{"limit": {strconv.Itoa(perPage)}, "head_sha": {l.tip}}
	list, _, err := get[runList](ctx, l.r, l.in, query, "actions", "runs")
	if err != nil {
		return l.failed(ctx, err)
	}
	all.Add(slices.DeleteFunc(list.items(l.in), func(i builds.Item) bool { return i.Run.PR == "" }))
	return nil
}

// failed is the error of a list that did not come.
func (l *listing) failed(ctx context.Context, err error) error {
	if none := l.r.lacks(ctx, err, needRuns(), "lists no runs", seePage(l.in)); none != nil {
		return none
	}
	return l.r.forge.Missing(err, "there are no runs of %s: Actions may be switched off there", l.in.Name)
}

// keeps reports whether a run is one that is asked for. Servers know some of the filters only.
func (l *listing) keeps(i builds.Item) bool {
	r, q := i.Run, l.q
	return (q.Status == "" || r.Status == q.Status) && (q.Commit == "" || r.Commit == q.Commit) && (q.Task == "" || r.Task == q.Task) &&
		(q.PR == "" || r.PR == q.PR || r.PR == "" && l.head != "" && r.Commit == l.head) &&
		(q.Branch == "" || r.Branch == q.Branch || r.PR != "" && l.tip != "" && r.Commit == l.tip)
}

// read reads a page of the list.
func (l *listing) read(ctx context.Context, page int) ([]builds.Item, int, error) {
	l.query.Set("page", strconv.Itoa(page))
	list, answer, err := get[runList](ctx, l.r, l.in, l.query, "actions", "runs")
	if err != nil {
		return nil, 0, l.failed(ctx, err)
	}
	next, _, err := forge.Next(l.r.forge.Rest, answer.Header, page)
	return list.items(l.in), next, err
}
