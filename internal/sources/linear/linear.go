// Package linear serves the issues of Linear: it implements tickets.Writer and tickets.Finder
// over Linear's GraphQL API.
//
// A project is a team, by its key: ENG for ENG-12. Where the key teams is empty, every team
// that the token's owner may see is allowed. A status is the type of a workflow state, a state
// its name; a milestone is one of a Linear project; Project, Cycle, Estimate and Due date are
// custom fields. There are no types of issues.
//
// Words are looked for in title and description by a filter and not by Linear's search: that
// finds by likeness, in an order of its own, and what was just written only after a while.
//
// Linear keeps a description as a document of its own. What is read back is its Markdown of
// that document, which can differ in spelling from what was written.
//
// An issue or comment is made with an id that is derived from Write.Token, so that a
// repetition finds what the first one made and makes no second one.
//
// A token: a personal API key (Settings, Account, Security & access) with the permission to
// read, and to write where cleat may write; or an OAuth access token.
package linear

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"cleat/internal/fail"
	"cleat/internal/host"
	"cleat/internal/outgoing"
	"cleat/internal/rest"
	"cleat/internal/systems/tickets"
)

const (
	title      = "Linear"
	defaultURL = "https://api.linear.app"
	webHost    = "linear.app"
)

// Config are the keys of [sources.NAME] with kind = "linear".
type Config struct {
	rest.Config
	Teams    []string `toml:"teams"`    // by key; * and ? stand for parts. All that the token can see if empty
	Outgoing []string `toml:"outgoing"` // what a text may do: "mentions", "keywords", "actions", "hosts"
}

// A keyError is a problem of one key.
type keyError struct{ key, what string }

func (e *keyError) Error() string { return e.key + ": " + e.what }

// Key returns the key that is wrong.
func (e *keyError) Key() string { return e.key }

const maxTeams = 100

// Validate returns what is wrong with the keys.
func (c Config) Validate() error {
	c.Config = c.Or(defaultURL)
	errs := []error{c.Config.Validate()}
	if len(c.Teams) > maxTeams || slices.ContainsFunc(c.Teams, func(t string) bool { return !teamPattern().MatchString(t) }) {
		errs = append(errs, &keyError{"teams", `want at most 100 keys of teams, such as "ENG"; * and ? stand for parts`})
	}
	if len(outgoing.Validate(c.Outgoing)) > 0 {
		errs = append(errs, &keyError{"outgoing", fmt.Sprintf("want some of %q", outgoing.Allowances())})
	}
	return errors.Join(errs...)
}

// A Source is one workspace of Linear. It is safe for concurrent use.
type Source struct {
	rest     *rest.Client
	host     host.Host
	teams    tickets.Projects // patterns, in upper case
	outgoing []string

	mu    sync.Mutex
	until time.Time // when the rate limit, which is used up, begins anew
}

var (
	_ tickets.Writer = (*Source)(nil)
	_ tickets.Finder = (*Source)(nil)
)

// Open returns a source. It connects to nothing. It fails with fail.Invalid for a
// configuration that Validate refuses. The caller closes it.
func Open(_ context.Context, c Config, h host.Host) (*Source, error) { return open(c, h, nil) }

// open is Open with the waiting of tests.
func open(c Config, h host.Host, sleep func(context.Context, time.Duration) error) (*Source, error) {
	c.Config = c.Or(defaultURL)
	if err := c.Validate(); err != nil {
		return nil, fail.Errorf(fail.Invalid, "the source is not configured right: %w", err)
	}
	client, err := rest.New(rest.Options{Name: title, Config: c.Config, Host: h, Auth: auth, Sleep: sleep})
	if err != nil {
		return nil, err
	}
	s := &Source{rest: client, host: h, outgoing: slices.Clone(c.Outgoing)}
	s.teams = tickets.NewProjects(c.Teams)
	return s, nil
}

// auth sends a personal key as it is, and a token of OAuth as a bearer's.
func auth(token string) (name, value string) {
	if strings.HasPrefix(token, "lin_api_") {
		return "Authorization", token
	}
	return rest.BearerAuth(token)
}

// Close gives up connections.
func (s *Source) Close() error { return s.rest.Close() }

// Health says in words what the last answers speak against the service, "" if nothing does.
func (s *Source) Health() string { return s.rest.Health() }

// Traits implements tickets.Tracker. Linear publishes no limits of texts: those here are
// cleat's own.
func (s *Source) Traits() tickets.Traits {
	return tickets.Traits{
		Kind: "linear", Host: webHost, Native: "IssueFilter", Key: "ENG-12",
		Fields: []string{"key", "title", "status", "state", "priority", "assignee", "author", "labels", "project", "parent",
			"milestone", "created", "updated", "closed", "body", "url"},
		MaxBody: tickets.MaxText, Ready: true, Mentions: true, Allowed: slices.Clone(s.outgoing),
	}
}

var (
	keyPattern  = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z][A-Za-z0-9]{0,9}-[1-9][0-9]{0,8}$`) })
	teamPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9*?]{1,20}$`) })
	webPattern  = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`^(?i:https://linear\.app)/([A-Za-z0-9_-]{1,80})/issue/([A-Za-z0-9-]{1,20})(?:/[A-Za-z0-9_-]{0,200})?/?(?:#comment-[0-9a-f-]{1,40})?$`)
	})
)

// parse reads a key, or the web address of an issue, whose workspace it returns too.
func parse(key string) (id, workspace string, ok bool) {
	if m := webPattern().FindStringSubmatch(key); m != nil {
		workspace, key = m[1], m[2]
	}
	return strings.ToUpper(key), workspace, keyPattern().MatchString(key)
}

// Owns implements tickets.Tracker.
func (s *Source) Owns(_ context.Context, key string) tickets.Claim {
	id, workspace, ok := parse(key)
	switch {
	case !ok:
		return tickets.No
	case workspace != "" && s.has(teamOf(id)):
		return tickets.Surely
	case len(s.teams) > 0 && s.has(teamOf(id)):
		return tickets.Likely
	}
	return tickets.Maybe
}

// teamOf returns the team of a key.
func teamOf(id string) string {
	team, _, _ := strings.Cut(id, "-")
	return team
}

// has reports whether a team is allowed.
func (s *Source) has(team string) bool { return s.teams.Has(team) }

// permit fails unless a team is allowed.
func (s *Source) permit(team string) error { return s.teams.Permit("team", team) }

// key reads the key of an issue of a team that is allowed.
func (s *Source) key(key string) (id, workspace string, err error) {
	id, workspace, ok := parse(key)
	if !ok {
		return "", "", fail.Errorf(fail.Invalid, "%.100q is no key of an issue on Linear", key).
			Then("give one such as ENG-12, or its address on %s", webHost)
	}
	return id, workspace, s.permit(teamOf(id))
}
