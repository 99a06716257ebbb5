// Package actions serves the runs of Gitea Actions and Forgejo Actions: it implements
// ci.Runner and ci.Starter over package rest.
//
// A run is known by its id in the API (not the number that the pages show); one of another
// repository than the checkout's by owner/name@ID. A workflow is known by the name of its file:
// runs tell no other. A branch's runs are also those of pull requests that have the branch's
// last commit.
//
// What the API gives depends on the version. Gitea lists runs and jobs and gives logs from
// 1.24 on, Forgejo lists runs from 12 on and gives jobs and logs from 16 on; repeating and
// ending runs came later. What a server does not have fails with fail.Unsupported, which names
// its version and where a person finds it.
//
// A token needs the permission "repository: read", and "repository: write" to start, repeat
// and end runs.
package actions

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"cleat/internal/archive/forge"
	"cleat/internal/builds"
	"cleat/internal/fail"
	"cleat/internal/host"
	"cleat/internal/rest"
	"cleat/internal/systems/ci"
)

const (
	title = "Gitea"
	api   = "/api/v1"
)

// A Runner tells of the runs of one Gitea or Forgejo. It is safe for concurrent use and holds
// nothing that would have to be closed.
type Runner struct {
	forge builds.Forge
}

var (
	_ ci.Runner  = (*Runner)(nil)
	_ ci.Starter = (*Runner)(nil)
)

// New returns a runner over c, whose address is that of the server, without /api/v1. It asks
// nobody.
//
// repo returns the repository of the checkout as owner/name; its error is what calls fail
// with that name no other. allowed fails for a repository that the source may not touch; it is
// asked for every repository before the first request about it, and again for the name that
// the server gives one that has moved.
func New(c *rest.Client, repo func(ctx context.Context) (string, error), allowed func(repo string) error, _ host.Host) *Runner {
	return &Runner{builds.Forge{Rest: c, Repo: repo, Allowed: allowed, Sleep: builds.Sleep, Words: builds.Words{
		Title: title, Server: "the server", Of: "Gitea Actions", Run: "run of Gitea Actions", Place: "repository", Form: "owner/name",
		Pull: "pull request", Needs: "the permission repository: read",
	}}}
}

// Health says in words what the last answers speak against the service, "" if nothing does.
func (r *Runner) Health() string { return r.forge.Rest.Health() }

// A repository is what is used of the repositories that the API has.
type repository struct {
	Name   string `json:"full_name"`
	Branch string `json:"default_branch"`

	prefix string // what stands before a number in an id
}

// Check implements rest.Checker.
func (p repository) Check() error {
	if p.Name == "" {
		return forge.Lack("repository")
	}
	return nil
}

// here looks up the repository of the checkout.
func (r *Runner) here(ctx context.Context) (repository, error) {
	name, err := r.forge.Here(ctx)
	if err != nil {
		return repository{}, err
	}
	return r.repository(ctx, name)
}

// repository looks up a repository that may be used.
func (r *Runner) repository(ctx context.Context, name string) (repository, error) {
	in, _, err := get[repository](ctx, r, repository{Name: name}, nil)
	if err != nil {
		return repository{}, r.forge.Missing(err, "there is no repository %s", name)
	}
	return in, r.forge.Moved(name, in.Name)
}

// place reads the id of a run and looks up its repository.
func (r *Runner) place(ctx context.Context, id string) (in repository, number string, err error) {
	name, number, prefix, err := r.forge.Locate(ctx, id)
	if err != nil {
		return repository{}, "", err
	}
	in, err = r.repository(ctx, name)
	in.prefix = prefix
	return in, number, err
}

// at returns the path of a request about the repository.
func (p repository) at(segments ...string) (string, error) {
	path, err := rest.Path(append(append([]string{"repos"}, strings.Split(p.Name, "/")...), segments...)...)
	return api + path, err
}

// get asks for what is at segments of a repository.
func get[T any](ctx context.Context, r *Runner, in repository, query url.Values, segments ...string) (T, *rest.Answer, error) {
	path, err := in.at(segments...)
	if err != nil {
		var zero T
		return zero, nil, err
	}
	return rest.GetJSON[T](ctx, r.forge.Rest, path, query)
}

// A need is the first version of the two servers that has something in its API, 0 for none
// that is known.
type need struct{ gitea, forgejo int } // Gitea's is the second part of 1.24

func needRuns() need { return need{24, 12} }
func needJobs() need { return need{24, 16} }

// lacks returns the error that the server's version has no such thing, nil where it should or
// where its version cannot be told. err is what it answered.
func (r *Runner) lacks(ctx context.Context, err error, n need, what, instead string) error {
	if s := rest.Status(err); s != http.StatusNotFound && s != http.StatusMethodNotAllowed {
		return nil
	}
	v, _, err := rest.GetJSON[struct{ Version string }](ctx, r.forge.Rest, api+"/version", nil)
	if err != nil {
		return nil // the error at hand says more
	}
	name, first, have := "Gitea", n.gitea, ""
	own, _, forgejo := strings.Cut(v.Version, "+gitea-")
	var major, minor int
	if k, _ := fmt.Sscanf(own, "%d.%d", &major, &minor); k < 2 {
		return nil
	}
	version := minor
	if forgejo {
		name, first, version = "Forgejo", n.forgejo, major
	} else if major != 1 {
		version = 1000 * major
	}
	have = fmt.Sprintf("%s %d.%d", name, major, minor)
	if first > 0 && version >= first {
		return nil
	}
	return fail.Errorf(fail.Unsupported, "%s %s through its API", have, what).Then("%s", instead)
}
