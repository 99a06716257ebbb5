// Package builds is what the back ends for the builds of GitHub, GitLab and Gitea have in
// common: which repository the id of a run means, the texts, numbers and errors of services,
// what the files of workflows declare, lists that are paged by the last run that was read,
// logs, and how the run that a start has made is found.
//
// The allow-list holds for what an id names before any request, and again for the name that a
// forge gives a repository that has moved.
package builds

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"cleat/internal/archive/forge"
	"cleat/internal/fail"
	"cleat/internal/rest"
	"cleat/internal/systems/ci"
)

// A Forge is a service whose runs are asked for. It is safe for concurrent use.
type Forge struct {
	Words
	Rest *rest.Client

	// Repo returns the repository of the checkout; its error is what calls fail with that
	// name no other.
	Repo func(ctx context.Context) (string, error)

	// Allowed fails for a repository that the source may not touch.
	Allowed func(repo string) error

	// Sleep waits; it is the function of that name but in tests.
	Sleep func(ctx context.Context, d time.Duration) error
}

// Words are what errors call the things of a service.
type Words struct {
	Title  string // of the service
	Server string // who answers: the title, or "the server"
	Of     string // what a job is of: "GitHub Actions"
	Run    string // "run of GitHub Actions"
	Place  string // what holds runs: "repository"
	Form   string // of its name: "owner/name"
	Groups bool   // a name may have more parts than two
	Pull   string // "pull request"
	Needs  string // what a token needs to read: "the permission Actions: read"
}

// Here returns the name of the checkout's repository, which may be used.
func (f *Forge) Here(ctx context.Context) (string, error) {
	repo, err := f.Repo(ctx)
	if err != nil {
		return "", err
	}
	return repo, f.Permit(repo)
}

// IsName reports whether s is written as the name of a repository is, owner/name, or with
// groups as group/group/name.
func IsName(s string, groups bool) bool {
	n := strings.Count(s, "/")
	return (n == 1 || n > 1 && groups) && forge.NewAllow(nil).Has(s)
}

// Permit fails unless repo is the name of a repository that may be used: with fail.Invalid for
// what is no name, and as Allowed does.
func (f *Forge) Permit(repo string) error {
	if !IsName(repo, f.Groups) {
		return fail.Errorf(fail.Invalid, "%.100q is no name of a %s on %s", repo, f.Place, f.Title).Then("give %s", f.Form)
	}
	return f.Allowed(repo)
}

// Moved permits the name that an answer gives the repository that was asked for by another.
func (f *Forge) Moved(asked, named string) error {
	if named == "" || strings.EqualFold(asked, named) {
		return nil
	}
	return f.Permit(named)
}

// Locate reads the id of a run: its number, or REPO@NUMBER for a repository other than the
// checkout's. prefix is what stands before the number. It fails with fail.Invalid for what is
// no id, and as Permit and Repo do.
func (f *Forge) Locate(ctx context.Context, id string) (repo, number, prefix string, err error) {
	repo, number, other := strings.Cut(id, "@")
	if !other {
		number = id
	}
	if !IsNumber(number) {
		return "", "", "", fail.Errorf(fail.Invalid, "%.100q is not the id of a %s", id, f.Run).
			Then("give a number of ci_runs, or %s@NUMBER for another %s", f.Form, f.Place)
	}
	if other {
		return repo, number, repo + "@", f.Permit(repo)
	}
	repo, err = f.Here(ctx)
	return repo, number, "", err
}

// CheckJob fails with fail.Invalid unless the id of job is a number.
func (f *Forge) CheckJob(run *ci.Run, job *ci.Job) error {
	if IsNumber(job.ID) {
		return nil
	}
	return fail.Errorf(fail.Invalid, "%.100q is not the id of a job of %s", job.ID, f.Of).
		Then("see the run's jobs with ci_runs op=get run=%s", run.ID)
}

// CheckQuery refuses with fail.Invalid what no run can be.
func (f *Forge) CheckQuery(q ci.Query) error {
	switch {
	case q.Commit != "" && !forge.IsHash(q.Commit):
		return fail.Errorf(fail.Invalid, "%.100q is not the whole hash of a commit", q.Commit).Then("give all 40 digits")
	case q.PR != "" && !IsNumber(q.PR):
		return fail.Errorf(fail.Invalid, "%.100q is not the number of a %s", q.PR, f.Pull)
	case q.Status != "" && !slices.Contains(ci.Statuses(), q.Status):
		return fail.Errorf(fail.Invalid, "%.100q is no status of a run", q.Status).Then("give one of %v", ci.Statuses())
	case q.Branch != "":
		return forge.CheckRef(q.Branch)
	}
	return nil
}

// Missing makes of a 404 or 410 the error that there is no such thing, which forges also say of
// what the token may not see. Other errors stay as they are.
func (f *Forge) Missing(err error, format string, args ...any) error {
	if !IsGone(err) {
		return err
	}
	return fail.Errorf(fail.NotFound, format, args...).
		Because("%s has none, or the token may not see it: it needs %s", f.Server, f.Needs)
}

// IsGone reports whether err is the answer that something is not there, or no longer: also that
// of the host that a download was sent to, which answers 403 for what it has deleted.
func IsGone(err error) bool {
	s := rest.Status(err)
	return s == http.StatusNotFound || s == http.StatusGone || s == http.StatusForbidden && rest.Elsewhere(err)
}

// Ended is the error of ending a run, called what, that has ended. status may be "".
func Ended(what, id string, status ci.Status) error {
	e := fail.Errorf(fail.Conflict, "%s %s has ended already: %s", what, id, status)
	if status == "" {
		e = fail.Errorf(fail.Conflict, "%s %s has ended already", what, id)
	}
	return e.Then("see it with ci_runs op=get run=%s", id)
}
