// Package actions serves the runs of GitHub Actions, on github.com and GitHub Enterprise: it
// implements ci.Runner, ci.Starter and ci.Reporter over package rest.
//
// A run is known by its number; one of another repository than the checkout's by
// owner/name@NUMBER. Runs are listed by what GitHub itself filters by, and page by the time of
// their making and not by a page's number, so that runs which begin meanwhile neither repeat
// nor hide one. A log comes from another host, which gets no credential. Of a workflow's
// file only the inputs of workflow_dispatch are read, and what is to be started is held
// against them before anything is sent.
//
// A token needs of the repository: "Actions: read" for runs and logs, "Contents: read" for
// the inputs of workflows, "Pull requests: read" for the runs of one, "Checks: read" for
// annotations (public repositories show these to everybody), and "Actions: write" to start,
// repeat and cancel.
package actions

import (
	"context"
	"errors"
	"net/url"
	"strings"

	"cleat/internal/builds"
	"cleat/internal/host"
	"cleat/internal/rest"
	"cleat/internal/systems/ci"
)

const title = "GitHub"

// A Runner tells of the runs of one GitHub. It is safe for concurrent use and holds nothing
// that would have to be closed.
type Runner struct {
	forge builds.Forge
	host  host.Host
}

var (
	_ ci.Runner   = (*Runner)(nil)
	_ ci.Starter  = (*Runner)(nil)
	_ ci.Reporter = (*Runner)(nil)
)

// New returns a runner over c, whose address is that of the REST API. It asks nobody.
//
// repo returns the repository of the checkout as owner/name; its error is what calls fail
// with that name no other. allowed fails for a repository that the source may not touch; it is
// asked for every repository before the first request about it, and again for the name that
// GitHub gives one that has moved.
func New(c *rest.Client, repo func(ctx context.Context) (string, error), allowed func(repo string) error, h host.Host) *Runner {
	return &Runner{host: h, forge: builds.Forge{Rest: c, Repo: repo, Allowed: allowed, Sleep: builds.Sleep, Words: builds.Words{
		Title: title, Server: title, Of: "GitHub Actions", Run: "run of GitHub Actions", Place: "repository", Form: "owner/name",
		Pull: "pull request", Needs: "the permission Actions: read",
	}}}
}

// Health says in words what the last answers speak against the service, "" if nothing does.
func (r *Runner) Health() string { return r.forge.Rest.Health() }

// A place is a run that is asked for.
type place struct{ repo, number, prefix string } // prefix is what stands before the number in an id

// place reads the id of a run.
func (r *Runner) place(ctx context.Context, id string) (place, error) {
	repo, number, prefix, err := r.forge.Locate(ctx, id)
	return place{repo, number, prefix}, err
}

// at returns the path of a request about a repository.
func at(repo string, segments ...string) (string, error) {
	return rest.Path(append(append([]string{"repos"}, strings.Split(repo, "/")...), segments...)...)
}

// get asks for what is at segments of a repository.
func get[T any](ctx context.Context, r *Runner, repo string, query url.Values, segments ...string) (T, *rest.Answer, error) {
	path, err := at(repo, segments...)
	if err != nil {
		var zero T
		return zero, nil, err
	}
	return rest.GetJSON[T](ctx, r.forge.Rest, path, query)
}

// said returns what GitHub says in an error, "" if it says nothing.
func said(err error) string {
	var e *rest.StatusError
	if errors.As(err, &e) {
		return e.Message
	}
	return ""
}
