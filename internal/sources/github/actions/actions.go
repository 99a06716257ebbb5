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
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"cleat/internal/archive/forge"
	"cleat/internal/fail"
	"cleat/internal/host"
	"cleat/internal/rest"
	"cleat/internal/systems/ci"
)

const title = "GitHub"

// A Runner tells of the runs of one GitHub. It is safe for concurrent use and holds nothing
// that would have to be closed.
type Runner struct {
	rest    *rest.Client
	repo    func(ctx context.Context) (string, error)
	allowed func(repo string) error
	host    host.Host
	sleep   func(ctx context.Context, d time.Duration) error
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
	return &Runner{rest: c, repo: repo, allowed: allowed, host: h, sleep: sleep}
}

// Health says in words what the last answers speak against the service, "" if nothing does.
func (r *Runner) Health() string { return r.rest.Health() }

// sleep waits for d, or returns the cause of ctx's end.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// here returns the repository of the checkout, which may be used.
func (r *Runner) here(ctx context.Context) (string, error) {
	repo, err := r.repo(ctx)
	if err != nil {
		return "", err
	}
	return repo, r.permit(repo)
}

// permit fails unless repo is the name of a repository that may be used.
func (r *Runner) permit(repo string) error {
	if !isName(repo) {
		return fail.Errorf(fail.Invalid, "%.100q is no name of a repository on GitHub", repo).Then("give owner/name")
	}
	return r.allowed(repo)
}

// isName reports whether s is written as the name of a repository is.
func isName(s string) bool { return strings.Count(s, "/") == 1 && forge.NewAllow(nil).Has(s) }

// moved checks the name that an answer gives the repository that was asked for by another.
func (r *Runner) moved(asked, named string) error {
	if named == "" || strings.EqualFold(asked, named) {
		return nil
	}
	return r.permit(named)
}

// A place is a run that is asked for.
type place struct{ repo, number, prefix string } // prefix is what stands before the number in an id

// place reads the id of a run.
func (r *Runner) place(ctx context.Context, id string) (place, error) {
	repo, number, other := strings.Cut(id, "@")
	if !other {
		repo, number = "", id
	}
	if !isNumber(number) {
		return place{}, fail.Errorf(fail.Invalid, "%.100q is not the id of a run of GitHub Actions", id).
			Then("give a number of ci_runs, or owner/name@NUMBER for another repository")
	}
	if other {
		return place{repo, number, repo + "@"}, r.permit(repo)
	}
	repo, err := r.here(ctx)
	return place{repo: repo, number: number}, err
}

// isNumber reports whether s is a positive number as GitHub writes one.
func isNumber(s string) bool {
	n, err := strconv.ParseInt(s, 10, 64)
	return err == nil && n > 0 && strconv.FormatInt(n, 10) == s
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
	return rest.GetJSON[T](ctx, r.rest, path, query)
}

// missing makes of a 404 or 410 the error that there is no such thing, which GitHub also says
// of what the token may not see. Other errors stay as they are.
func missing(err error, format string, args ...any) error {
	if s := rest.Status(err); s != http.StatusNotFound && s != http.StatusGone {
		return err
	}
	return fail.Errorf(fail.NotFound, format, args...).
		Because("GitHub has none, or the token may not see it: it needs the permission Actions: read")
}

// said returns what GitHub says in an error, "" if it says nothing.
func said(err error) string {
	var e *rest.StatusError
	if errors.As(err, &e) {
		return e.Message
	}
	return ""
}

// maxText is how much is taken of a text of GitHub's, in bytes.
const maxText = 1 << 10

// clip cuts a foreign text at maxText.
func clip(s string) string { return cut(s, maxText) }

// cut cuts s so that it has at most n bytes and says so.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	n -= len("…")
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}

// hash returns s if it is the id of a commit, "" if not.
func hash(s string) string {
	if forge.IsHash(s) {
		return s
	}
	return ""
}
