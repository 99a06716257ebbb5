package pipelines

import (
	"context"
	"net/url"
	"slices"
	"strconv"

	"cleat/internal/archive/forge"
	"cleat/internal/builds"
	"cleat/internal/cursor"
	"cleat/internal/systems/ci"
)

// maxRequests is how many merge requests of a branch are looked at.
const maxRequests = 3

// Runs implements ci.Runner.
func (r *Runner) Runs(ctx context.Context, q ci.Query) (*ci.Runs, error) {
	if err := r.forge.CheckQuery(q); err != nil {
		return nil, err
	}
	in, err := r.here(ctx)
	if err != nil {
		return nil, err
	}
	all, err := builds.Resume(q.Cursor, cursor.Sum("pipelines", strconv.FormatInt(in.ID, 10), q.Branch, q.Commit, q.PR, string(q.Status), q.Task))
	if err != nil {
		return nil, err
	}
	if q.Status == ci.TimedOut || q.Status == ci.Interrupted {
		return &ci.Runs{}, nil // GitLab has none: a pipeline whose job took too long has failed
	}
	all.Keep = func(i builds.Item) bool { return keeps(q, i.Run) }
	if err := r.listing(ctx, in, q, all); err != nil {
		return nil, err
	}
	out, err := all.Runs(ctx, builds.Limit(q))
	if err == nil && q.PR != "" {
		for i := range out.Runs {
			out.Runs[i].PR = q.PR
		}
	}
	return out, err
}

// keeps reports whether a pipeline is one that is asked for. Where GitLab has filtered already,
// that changes nothing.
func keeps(q ci.Query, r ci.Run) bool {
	return (q.Status == "" || r.Status == q.Status) && (q.Commit == "" || r.Commit == q.Commit) &&
		(q.Task == "" || r.Task == builds.Clip(q.Task)) && (q.Branch == "" || r.Branch == q.Branch)
}

// pageQuery is the query for the pages of a list.
func pageQuery(size int) url.Values { return url.Values{"per_page": {strconv.Itoa(size)}} }

// A pipelineList is a page of pipelines.
type pipelineList []pipeline

// Check implements rest.Checker.
func (l pipelineList) Check() error {
	if l == nil || slices.ContainsFunc(l, func(p pipeline) bool { return p.Check() != nil }) {
		return forge.Lack("list of pipelines")
	}
	return nil
}

// items returns the pipelines as ci has them; branch is that of the merge request they are for.
func (l pipelineList) items(in project, branch string) []builds.Item {
	items := make([]builds.Item, len(l))
	for i, p := range l {
		p.branch = branch
		items[i] = builds.Item{ID: p.ID, Run: p.public(in)}
	}
	return items
}

// listing prepares all: the pages of the project's pipelines, and those of merge requests,
// which GitLab lists apart.
func (r *Runner) listing(ctx context.Context, in project, q ci.Query, all *builds.Listing) error {
	switch {
	case q.PR != "":
		m, _, err := get[request](ctx, r, in, nil, "merge_requests", q.PR)
		if err != nil {
			return r.forge.Missing(err, "there is no merge request %s in %s", q.PR, in.Name)
		}
		return r.ofRequest(ctx, in, q.PR, m.Branch, all)
	case q.Branch != "":
		if err := r.ofBranch(ctx, in, q.Branch, all); err != nil {
			return err
		}
	}
	query := url.Values{"order_by": {"id"}, "sort": {"desc"}}
	for key, value := range map[string]string{"ref": q.Branch, "sha": q.Commit, "status": word(q.Status)} {
		if value != "" {
			query.Set(key, value)
		}
	}
	if q.Task != "" && !ours(q.Task) {
		query.Set("name", q.Task)
	}
	all.Size = perPage
	if builds.Limit(q) <= ci.DefaultRuns && (q.Status == "" || word(q.Status) != "") && q.Task == "" {
		all.Size = ci.DefaultRuns
	}
	query.Set("per_page", strconv.Itoa(all.Size))
	all.Page = func(ctx context.Context, page int) ([]builds.Item, int, error) {
		query.Set("page", strconv.Itoa(page))
		list, answer, err := get[pipelineList](ctx, r, in, query, "pipelines")
		if err != nil {
			return nil, 0, r.forge.Missing(err, "there are no pipelines of %s", in.Name)
		}
		next, _, err := forge.Next(r.forge.Rest, answer.Header, page)
		return list.items(in, ""), next, err
	}
	return nil
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
func (r *Runner) ofBranch(ctx context.Context, in project, branch string, all *builds.Listing) error {
	query := url.Values{"source_branch": {branch}, "state": {"all"}, "order_by": {"updated_at"}, "per_page": {strconv.Itoa(maxRequests)}}
	list, _, err := get[[]request](ctx, r, in, query, "merge_requests")
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
		if err := r.ofRequest(ctx, in, strconv.FormatInt(m.Number, 10), branch, all); err != nil {
			return err
		}
	}
	return nil
}

// ofRequest adds the pipelines of a merge request. GitLab has them in another order than ours.
func (r *Runner) ofRequest(ctx context.Context, in project, number, branch string, all *builds.Listing) error {
	query := pageQuery(perPage)
	for page := 1; page > 0 && all.Left > 0; all.Left-- {
		query.Set("page", strconv.Itoa(page))
		list, answer, err := get[pipelineList](ctx, r, in, query, "merge_requests", number, "pipelines")
		if err != nil {
			return r.forge.Missing(err, "there is no merge request %s in %s", number, in.Name)
		}
		all.Add(list.items(in, branch))
		if page, _, err = forge.Next(r.forge.Rest, answer.Header, page); err != nil {
			return err
		}
	}
	return nil
}
