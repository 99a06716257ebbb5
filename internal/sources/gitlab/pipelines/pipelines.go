// Package pipelines serves the pipelines of GitLab, gitlab.com or self-managed: it implements
// ci.Runner, ci.Starter and ci.Reporter over package rest.
//
// A run is a pipeline and known by its number (not the one that counts within the project);
// one of another project than the checkout's by group/name@NUMBER. The jobs of child
// pipelines count as the pipeline's own. A branch's runs are also those of the merge requests
// from it: GitLab lists these apart, and in many projects there are no others. Lists are paged
// by the number of the last pipeline that was read and not by a page's number alone, so that
// pipelines which are made or deleted meanwhile neither repeat nor hide one.
//
// What can be started is one task, "pipeline", with the inputs (spec:inputs) and the variables
// with a description that the project's CI file declares; what is given is held against them
// before anything is sent.
//
// A token needs the scope read_api and the role Reporter, on private projects Developer for
// logs where they are not public; to start, repeat and cancel the scope api and the role
// Developer.
package pipelines

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"cleat/internal/archive/forge"
	"cleat/internal/builds"
	"cleat/internal/host"
	"cleat/internal/rest"
	"cleat/internal/systems/ci"
)

const (
	title = "GitLab"
	api   = "/api/v4"
)

// A Runner tells of the pipelines of one GitLab. It is safe for concurrent use and holds
// nothing that would have to be closed.
type Runner struct {
	forge  builds.Forge
	host   host.Host
	memory memory
}

var (
	_ ci.Runner   = (*Runner)(nil)
	_ ci.Starter  = (*Runner)(nil)
	_ ci.Reporter = (*Runner)(nil)
)

// New returns a runner over c, whose address is that of the instance, without /api/v4. It asks
// nobody.
//
// repo returns the project of the checkout with all its groups, as group/name; its error is
// what calls fail with that name no other. allowed fails for a project that the source may
// not touch; it is asked for every project before the first request about it, and again for
// the name that GitLab gives one that has moved.
func New(c *rest.Client, repo func(ctx context.Context) (string, error), allowed func(repo string) error, h host.Host) *Runner {
	return &Runner{host: h, forge: builds.Forge{Rest: c, Repo: repo, Allowed: allowed, Sleep: builds.Sleep, Words: builds.Words{
		Title: title, Server: title, Of: "GitLab", Run: "pipeline of GitLab", Place: "project", Form: "group/name", Groups: true,
		Pull: "merge request", Needs: "the scope read_api and the role Reporter",
	}}}
}

// Health says in words what the last answers speak against the service, "" if nothing does.
func (r *Runner) Health() string { return r.forge.Rest.Health() }

// A project is what is used of the projects that the API has.
type project struct {
	ID     int64  `json:"id"`
	Name   string `json:"path_with_namespace"`
	Branch string `json:"default_branch"`
	Config string `json:"ci_config_path"` // "" for the usual one

	prefix string // what stands before a number in an id
}

// Check implements rest.Checker.
func (p project) Check() error {
	if p.ID <= 0 || p.Name == "" {
		return forge.Lack("project")
	}
	return nil
}

// here looks up the project of the checkout.
func (r *Runner) here(ctx context.Context) (project, error) {
	name, err := r.forge.Here(ctx)
	if err != nil {
		return project{}, err
	}
	return r.project(ctx, name)
}

// project looks up a project that may be used.
func (r *Runner) project(ctx context.Context, name string) (project, error) {
	path, err := rest.Path("projects", name)
	if err != nil {
		return project{}, err
	}
	p, _, err := rest.GetJSON[project](ctx, r.forge.Rest, api+strings.ReplaceAll(path, ".", "%2E"), nil)
	if err != nil {
		return project{}, r.forge.Missing(err, "there is no project %s", name)
	}
	return p, r.forge.Moved(name, p.Name)
}

// place reads the id of a run and looks up its project.
func (r *Runner) place(ctx context.Context, id string) (p project, number string, err error) {
	name, number, prefix, err := r.forge.Locate(ctx, id)
	if err != nil {
		return project{}, "", err
	}
	p, err = r.project(ctx, name)
	p.prefix = prefix
	return p, number, err
}

// at returns the path of a request about a project. Dots are encoded, as the documentation has
// them in the paths of files: what follows one could be taken for a format.
func (p project) at(segments ...string) (string, error) {
	path, err := rest.Path(append([]string{"projects", strconv.FormatInt(p.ID, 10)}, segments...)...)
	return api + strings.ReplaceAll(path, ".", "%2E"), err
}

// get asks for what is at segments of a project.
func get[T any](ctx context.Context, r *Runner, p project, query url.Values, segments ...string) (T, *rest.Answer, error) {
	path, err := p.at(segments...)
	if err != nil {
		var zero T
		return zero, nil, err
	}
	return rest.GetJSON[T](ctx, r.forge.Rest, path, query)
}

// hidden reports whether GitLab says that something is not there or not for the token.
func hidden(err error) bool {
	s := rest.Status(err)
	return s == http.StatusNotFound || s == http.StatusForbidden
}
