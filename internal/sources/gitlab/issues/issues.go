// Package issues serves the issues of GitLab, gitlab.com or self-managed: it implements
// tickets.Writer and tickets.Finder over package rest.
//
// An issue is open or closed: there is no state for what somebody works on. Its type is
// GitLab's (issue, incident, task, test_case). What links between issues there are depends on
// the tier: blocks and blocked_by are refused by GitLab Free. So are several assignees, of which
// GitLab Free takes the first without a word; what it has taken is told.
//
// The words of a search are looked for in title and description by GitLab. A list is paged by
// number, so that an issue that is changed meanwhile can be on two pages.
//
// GitLab has no claims that are atomic, and takes no ids for what is made: whether a create
// whose answer was lost has been done is looked up in the list of what the token's owner made.
//
// A token needs the scope read_api and the role Guest, to see confidential issues Planner; to
// write the scope api, and for all but new issues and comments the role Planner or Reporter.
package issues

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"cleat/internal/fail"
	"cleat/internal/host"
	forge "cleat/internal/issues"
	"cleat/internal/rest"
	"cleat/internal/systems/tickets"
)

const (
	title = "GitLab"
	api   = "/api/v4"
)

// A Tracker tells of the issues of one GitLab, and changes them. It is safe for concurrent use
// and holds nothing that would have to be closed.
type Tracker struct {
	forge.Keys
	rest     *rest.Client
	host     string
	outgoing []string
}

var (
	_ tickets.Writer = (*Tracker)(nil)
	_ tickets.Finder = (*Tracker)(nil)
)

// New returns a tracker over c, whose address is that of the instance, without /api/v4. It asks
// nobody.
//
// repo returns the project of the checkout with all its groups, as group/name. allowed fails
// for a project that the source may not touch; it is asked for every project before the first
// request about it, and again for the name that GitLab gives one that has moved. outgoing is
// what texts may do, as in tickets.Traits.Allowed.
func New(c *rest.Client, repo func(ctx context.Context) (string, error), allowed func(repo string) error, outgoing []string, _ host.Host) *Tracker {
	t := &Tracker{rest: c, outgoing: slices.Clone(outgoing)}
	t.Keys = forge.Keys{Here: repo, Allowed: allowed,
		Form: forge.Form{Title: title, Web: c.URL(), Nested: true, Words: []string{"-/issues", "-/work_items", "issues"}}}
	if u, err := url.Parse(c.URL()); err == nil {
		t.host = u.Hostname()
	}
	return t
}

// Limits of GitLab's: characters of a title, and of a comment. A body may have a little more.
const (
	maxTitle = 255
	maxBody  = 1_000_000
)

// Traits implements tickets.Tracker.
func (t *Tracker) Traits() tickets.Traits {
	return tickets.Traits{
		Kind: "gitlab", Host: t.host, Key: "#12",
		Fields: []string{"key", "title", "status", "state", "type", "assignee", "author", "labels", "project", "milestone",
			"created", "updated", "closed", "comments", "body", "url"},
		MaxTitle: maxTitle, MaxBody: maxBody, Mentions: true, Keywords: true, Actions: true, Allowed: slices.Clone(t.outgoing),
	}
}

// Health says in words what the last answers speak against the service, "" if nothing does.
func (t *Tracker) Health() string { return t.rest.Health() }

// at returns the path of a request about a project, which is a name or the digits of an id.
// Dots are encoded, as the documentation has them in the paths of files: what follows one could
// be taken for a format.
func at(project string, segments ...string) (string, error) {
	p, err := rest.Path(append([]string{"projects", project}, segments...)...)
	return api + strings.ReplaceAll(p, ".", "%2E"), err
}

// get asks for what is at segments of a project.
func get[T any](ctx context.Context, t *Tracker, query url.Values, project string, segments ...string) (T, *rest.Answer, error) {
	path, err := at(project, segments...)
	if err != nil {
		var zero T
		return zero, nil, err
	}
	return rest.GetJSON[T](ctx, t.rest, path, query)
}

// missing makes of a 404 the error that there is no such thing, which GitLab also says of what
// the token may not see. Other errors stay as they are.
func missing(err error, format string, args ...any) error {
	if s := rest.Status(err); s != http.StatusNotFound && s != http.StatusGone {
		return err
	}
	return fail.Errorf(fail.NotFound, format, args...).
		Because("GitLab has none, or the token may not see it").Then("look for it with ticket_search")
}

// A project is what is used of the projects that the API has.
type project struct {
	ID   int64  `json:"id"`
	Name string `json:"path_with_namespace"`
}

// Check implements rest.Checker.
func (p project) Check() error {
	if p.ID <= 0 || p.Name == "" {
		return errors.New("it has no project")
	}
	return nil
}

// project looks up a project that may be used: the checkout's if name is empty.
func (t *Tracker) project(ctx context.Context, name string) (project, error) {
	name, err := t.Project(ctx, name)
	if err != nil {
		return project{}, err
	}
	p, _, err := get[project](ctx, t, nil, name)
	if err != nil {
		return project{}, missing(err, "there is no project %s on %s", name, title)
	}
	if !strings.EqualFold(p.Name, name) { // it has moved
		err = t.Permit(p.Name)
	}
	return p, err
}

// digits writes an id.
func digits(n int64) string { return strconv.FormatInt(n, 10) }
