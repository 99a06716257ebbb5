package issues

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"cleat/internal/fail"
	"cleat/internal/rest"
	"cleat/internal/systems/tickets"
)

// A State is a state that tickets of a forge can be in.
type State struct {
	Name   string // Ticket.State
	Status tickets.Status
	Reason string // as the service writes it, "" where it has none
}

// A Service is what a forge has of its own.
type Service interface {
	// Page returns what to ask for a page of the issues of a repository that f wants, or of
	// more: the tracker looks at each of them. found says that the answer is that of a search:
	// a list in an object, with its total.
	Page(repo string, f *Filter, page int) (path string, query url.Values, found bool, err error)

	// Extra adds to out what w wants of history and links.
	Extra(ctx context.Context, t *Tracker, at At, i *Issue, w tickets.Want, out *tickets.Ticket) error

	// Types returns the names of the types of tickets of a repository. It fails with
	// fail.Unsupported where there are none.
	Types(ctx context.Context, t *Tracker, repo string) ([]string, error)

	// Save returns the requests that set what s has; i is nil for a create. The first one is
	// answered by the issue.
	Save(at At, i *Issue, s *Set) ([]Step, error)

	// Link returns the request that makes a link, or takes it away.
	Link(kind string, from, to Place, remove bool) (Step, error)
}

// A Tracker serves the issues of a forge. It is safe for concurrent use and holds nothing that
// would have to be closed. Its fields are set before it is used.
type Tracker struct {
	Keys
	Client  *rest.Client
	Service Service
	Its     tickets.Traits
	Prefix  string      // of all paths
	Header  http.Header // of all requests
	States  []State     // the first of a status is what that word moves a ticket to
	Kinds   []string    // of links that can be made
	Size    string      // the argument for the length of a page
	Most    int         // items of a page

	AllComments bool // comments come without pages
	OwnWords    bool // the service looks for one word; the others are looked for here
	OwnerLabels bool // organizations have labels for all their repositories
}

var (
	_ tickets.Writer = (*Tracker)(nil)
	_ tickets.Finder = (*Tracker)(nil)
)

// Traits implements tickets.Tracker.
func (t *Tracker) Traits() tickets.Traits { return t.Its }

// Health says in words what the last answers speak against the service, "" if nothing does.
func (t *Tracker) Health() string { return t.Client.Health() }

// An At is where an issue is: its repository and its number.
type At struct {
	Repo   string
	Number int64 // 0 for the repository itself
}

// Path returns the path of segments below the issue or the repository.
func (a At) Path(segments ...string) (string, error) {
	all := append([]string{"repos"}, strings.Split(a.Repo, "/")...)
	if a.Number > 0 {
		all = append(all, "issues", strconv.FormatInt(a.Number, 10))
	}
	return rest.Path(append(all, segments...)...)
}

// A Place is where an issue is, with its id.
type Place struct {
	At
	ID int64
}

// Get asks for JSON.
func Get[T any](ctx context.Context, t *Tracker, path string, query url.Values) (T, *rest.Answer, error) {
	return rest.Do[T](ctx, t.Client, rest.Request{Path: t.Prefix + path, Query: query, Header: t.Header, Want: rest.Want{MaxBody: maxAnswer}})
}

// Below asks for the JSON that is below an issue or a repository.
func Below[T any](ctx context.Context, t *Tracker, at At, query url.Values, segments ...string) (T, *rest.Answer, error) {
	path, err := at.Path(segments...)
	if err != nil {
		var zero T
		return zero, nil, err
	}
	return Get[T](ctx, t, path, query)
}

// me returns the login of whom the token belongs to.
func (t *Tracker) me(ctx context.Context) (string, error) {
	u, _, err := Get[User](ctx, t, "/user", nil)
	if err == nil && u.Login == "" {
		err = fail.Errorf(fail.Unavailable, "%s does not tell whom the token belongs to", t.Title)
	}
	return u.Login, err
}

// here returns the checkout's repository, "" if it is not known.
func (t *Tracker) here(ctx context.Context) string {
	repo, err := t.Here(ctx)
	if err != nil {
		return ""
	}
	return repo
}

// missing makes of a 404 or 410 the error that there is no such ticket.
func (t *Tracker) missing(err error, what string) error {
	switch rest.Status(err) {
	case http.StatusNotFound:
		e := fail.Errorf(fail.NotFound, "there is no %s on %s: %w", what, t.Title, err)
		e.What = fmt.Sprintf("there is no %s on %s", what, t.Title) // err says only that it is a 404
		return e.Because("%s has none, or the token may not see it", t.Title).Then("look for it with ticket_search")
	case http.StatusGone:
		return fail.Errorf(fail.NotFound, "there is no %s on %s any more: %w", what, t.Title, err).
			Because("it was deleted, or the repository has no issues")
	}
	return err
}

// issue reads an issue, and says where it is now: a repository that was renamed, or an issue
// that was moved, may have come from another place than asked for, which is allowed.
func (t *Tracker) issue(ctx context.Context, at At) (*Issue, At, error) {
	key := Key{Repo: at.Repo, Number: at.Number}.String("")
	i, _, err := Below[Issue](ctx, t, at, nil)
	if err != nil {
		return nil, at, t.missing(err, "ticket "+key)
	}
	at = At{i.repo(at.Repo), i.Number}
	if err := t.Permit(at.Repo); err != nil {
		return nil, at, err
	}
	if i.Pull != nil {
		return nil, at, fail.Errorf(fail.NotFound, "%s is a pull request, not a ticket", key).Then("look for a ticket with ticket_search")
	}
	return &i, at, nil
}

// Ticket implements tickets.Tracker.
func (t *Tracker) Ticket(ctx context.Context, key string, w tickets.Want) (*tickets.Ticket, error) {
	k, err := t.Find(ctx, key)
	if err != nil {
		return nil, err
	}
	end, err := t.readCursor(k, w)
	if err != nil {
		return nil, err
	}
	i, at, err := t.issue(ctx, At{k.Repo, k.Number})
	if err != nil {
		return nil, err
	}
	out := t.ticket(t.here(ctx), at.Repo, i)
	if w.Comments > 0 {
		if err := t.comments(ctx, at, k, end, w, &out); err != nil {
			return nil, err
		}
	}
	if w.Events > 0 || w.Links {
		if err := t.Service.Extra(ctx, t, at, i, w, &out); err != nil {
			return nil, err
		}
	}
	if w.Transitions {
		out.Transitions = t.transitions(i)
	}
	return &out, nil
}

// ticket makes a ticket of an issue of a repository.
func (t *Tracker) ticket(here, repo string, i *Issue) tickets.Ticket {
	state := t.state(i)
	out := tickets.Ticket{
		Key: Key{Repo: repo, Number: i.Number}.String(here), Project: repo, Title: Clip(i.Title, maxTitle), Status: state.Status, State: state.Name,
		Author: i.User.Name(), Trusted: trust(i.Association), Created: i.Created, Updated: i.Updated, Closed: i.Closed, URL: Clip(i.URL, maxTitle), CommentCount: i.Comments,
	}
	if i.Type != nil {
		out.Type = Clip(i.Type.Name, maxName)
	}
	if i.Milestone != nil {
		out.Milestone = Clip(i.Milestone.Title, maxName)
	}
	for _, u := range i.Assignees[:min(len(i.Assignees), maxLabels)] {
		out.Assignees = append(out.Assignees, u.Name())
	}
	for _, l := range i.Labels[:min(len(i.Labels), maxLabels)] {
		out.Labels = append(out.Labels, Clip(l.Name, maxName))
	}
	if i.Body != nil {
		out.Body, out.Cut = body(*i.Body)
	}
	if p, ok := ParseURL(i.ParentURL); ok && t.Permit(p.Repo) == nil {
		out.Parent = Key{Repo: p.Repo, Number: p.Number}.String(here)
	}
	if state.Status != tickets.Done {
		out.Ready = t.Its.Ready && len(i.Assignees) == 0 && i.Blocks != nil && i.Blocks.BlockedBy == 0
	}
	if i.Locked || i.IsLocked {
		out.Notes = append(out.Notes, "the conversation is locked: only members may comment")
	}
	return out
}

// state returns the state that an issue is in.
func (t *Tracker) state(i *Issue) State {
	if i.State == "closed" {
		for _, s := range t.States {
			if s.Status == tickets.Done && s.Reason != "" && s.Reason == i.Reason {
				return s
			}
		}
		for _, s := range t.States {
			if s.Status == tickets.Done && (s.Reason == "" || i.Reason == "") {
				return s
			}
		}
		return State{reason(i.Reason), tickets.Done, i.Reason}
	}
	return t.States[0]
}

// transitions lists the states that an issue can be moved to.
func (t *Tracker) transitions(i *Issue) []tickets.Transition {
	now := t.state(i)
	var out []tickets.Transition
	for _, s := range t.States {
		if s.Name != now.Name {
			out = append(out, tickets.Transition{Name: s.Name, State: s.Name, Status: s.Status})
		}
	}
	return out
}

// ParseURL reads the address of an issue in the API: …/repos/OWNER/NAME/issues/12.
func ParseURL(s string) (At, bool) {
	i := strings.LastIndex(s, "/repos/")
	if i < 0 || len(s) > maxKey {
		return At{}, false
	}
	parts := strings.Split(s[i+len("/repos/"):], "/")
	if len(parts) != 4 || parts[2] != "issues" {
		return At{}, false
	}
	n, ok := parseNumber(parts[3])
	repo := parts[0] + "/" + parts[1]
	return At{repo, n}, ok && Form{}.IsRepo(repo)
}
