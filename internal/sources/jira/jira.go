// Package jira serves the issues of Jira Cloud and of Jira Data Center: it implements
// tickets.Writer and tickets.Finder over version 3 of Jira's REST API on Cloud and version 2 on
// Data Center.
//
// A project is one by its key: ENG for ENG-12. Where the key projects is empty, every project
// that the token's owner may see is allowed. A status is the category of a status, a state its
// name; a milestone is a fix version, and several of them are joined with commas. All other
// fields are custom fields, by the name that people see; those that the project and the type
// of an issue have are asked for. Labels are free words without spaces. A person is named by
// the display name on Cloud, and by the name of the account on Data Center; an account id is
// taken too.
//
// Texts are Markdown, converted by package markup. "@name" mentions a person only where the
// key outgoing has "mentions".
//
// Jira has no list of issues that is sure to show one that was made a moment ago: Created asks
// the search, whose index follows within seconds on Cloud and at once on Data Center. It takes
// no ids of its callers' either: a create that is repeated makes a second issue.
//
// A token: on Cloud an API token with the key user (the e-mail address of its owner), or an
// access token without; on Data Center a personal access token.
package jira

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
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

const title = "Jira"

// Limits of Jira Cloud, in characters; that of bodies is not asked of Data Center, where it can
// be set.
const (
	maxSummary = 255
	maxCloud   = 32767
)

// Config are the keys of [sources.NAME] with kind = "jira".
type Config struct {
	rest.Config
	User     string   `toml:"user"`     // e-mail address of the token's owner, for an API token of Cloud
	API      string   `toml:"api"`      // "3" for Cloud, "2" for Data Center; the service is asked if empty
	Web      string   `toml:"web"`      // address that people use, where url is another
	Projects []string `toml:"projects"` // by key; * and ? stand for parts. All that the token can see if empty
	Outgoing []string `toml:"outgoing"` // what a text may do: "mentions", "keywords", "actions", "hosts"
}

// A keyError is a problem of one key.
type keyError struct{ key, what string }

func (e *keyError) Error() string { return e.key + ": " + e.what }

// Key returns the key that is wrong.
func (e *keyError) Key() string { return e.key }

const maxProjects = 100

// Validate returns what is wrong with the keys.
func (c Config) Validate() error {
	errs := problems{c.Config.Validate()}
	errs.unless(!strings.ContainsAny(c.User, ": \t\r\n"), "user", "want an e-mail address")
	errs.unless(c.API == "" || c.API == "2" || c.API == "3", "api", `want "3" for Cloud or "2" for Data Center`)
	errs.unless(c.Web == "" || (rest.Config{URL: c.Web}).Validate() == nil, "web", `want an address such as "https://acme.atlassian.net"`)
	keys := len(c.Projects) <= maxProjects
	for _, p := range c.Projects {
		keys = keys && projectPattern().MatchString(p)
	}
	errs.unless(keys, "projects", `want at most 100 keys of projects, such as "ENG"; * and ? stand for parts`)
	errs.unless(len(outgoing.Validate(c.Outgoing)) == 0, "outgoing", fmt.Sprintf("want some of %q", outgoing.Allowances()))
	return errors.Join(errs...)
}

type problems []error

// unless adds the problem of a key.
//
//go:noinline
func (p *problems) unless(fine bool, key, what string) {
	if !fine {
		*p = append(*p, &keyError{key, what})
	}
}

// A Source is one Jira. It is safe for concurrent use.
type Source struct {
	rest     *rest.Client
	host     host.Host
	web      string // address that people use, without a slash at its end
	projects tickets.Projects
	outgoing []string

	mu     sync.Mutex
	api    string // "2" or "3"; "" before it is known
	fields []field
	asked  time.Time // when fields were
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
	if err := c.Validate(); err != nil {
		return nil, fail.Errorf(fail.Invalid, "the source is not configured right: %w", err)
	}
	auth := rest.BearerAuth
	if c.User != "" {
		auth = func(token string) (name, value string) {
			return "Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte(c.User+":"+token))
		}
	}
	client, err := rest.New(rest.Options{Name: title, Config: c.Config, Host: h, Auth: auth, Sleep: sleep})
	if err != nil {
		return nil, err
	}
	s := &Source{rest: client, host: h, web: strings.TrimRight(c.Web, "/"), api: c.API, outgoing: slices.Clone(c.Outgoing)}
	if s.web == "" {
		s.web = client.URL()
	}
	s.projects = tickets.NewProjects(c.Projects)
	return s, nil
}

// Close gives up connections.
func (s *Source) Close() error { return s.rest.Close() }

// Health says in words what the last answers speak against the service, "" if nothing does.
func (s *Source) Health() string { return s.rest.Health() }

// Traits implements tickets.Tracker. A mention is made by the conversion of a text, and only of
// whom the configuration allows, so that a text needs no other care.
func (s *Source) Traits() tickets.Traits {
	t := tickets.Traits{
		Kind: "jira", Native: "JQL", Key: "ENG-12",
		Fields: []string{"key", "title", "status", "state", "type", "priority", "assignee", "author", "labels", "project",
			"parent", "milestone", "created", "updated", "closed", "body", "url"},
		MaxTitle: maxSummary, MaxBody: tickets.MaxText, Ready: true, Allowed: slices.Clone(s.outgoing),
	}
	if u, err := url.Parse(s.web); err == nil {
		t.Host = u.Hostname()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.api == "3" {
		t.MaxBody = maxCloud
	}
	return t
}

var (
	keyPattern     = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,49}-[1-9][0-9]{0,9}$`) })
	projectPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9_*?]{1,50}$`) })
)

// isKey reports whether s is the key of an issue. It and other short functions that are called
// in many places are kept from being copied into each.
//
//go:noinline
func isKey(s string) bool { return keyPattern().MatchString(s) }

// parse reads a key, or the web address of an issue.
func (s *Source) parse(key string) (id string, web, ok bool) {
	if n := len(s.web); len(key) > n && strings.EqualFold(key[:n], s.web) {
		rest, found := strings.CutPrefix(key[n:], "/browse/")
		if !found {
			return "", true, false
		}
		// People copy addresses with what they looked at: ?focusedCommentId=1, #comments.
		if i := strings.IndexAny(rest, "?#"); i >= 0 {
			rest = rest[:i]
		}
		key, web = strings.TrimSuffix(rest, "/"), true
	}
	return strings.ToUpper(key), web, isKey(key)
}

// Owns implements tickets.Tracker.
func (s *Source) Owns(_ context.Context, key string) tickets.Claim {
	id, web, ok := s.parse(key)
	switch {
	case !ok:
		return tickets.No
	case web && s.has(projectOf(id)):
		return tickets.Surely
	case len(s.projects) > 0 && s.has(projectOf(id)):
		return tickets.Likely
	}
	return tickets.Maybe
}

// projectOf returns the project of a key.
func projectOf(key string) string {
	project, _, _ := strings.Cut(key, "-")
	return project
}

// has reports whether a project is allowed.
func (s *Source) has(project string) bool { return s.projects.Has(project) }

// permit fails unless a project is allowed.
func (s *Source) permit(project string) error { return s.projects.Permit("project", project) }

// key reads the key of an issue of a project that is allowed.
func (s *Source) key(key string) (string, error) {
	id, _, ok := s.parse(key)
	if !ok {
		return "", fail.Errorf(fail.Invalid, "%.100q is no key of an issue on %s", key, title).
			Then("give one such as ENG-12, or its address")
	}
	return id, s.permit(projectOf(id))
}

// one reads the key of a project that is allowed.
func (s *Source) one(project string) (string, error) {
	if !projectPattern().MatchString(project) || hasGlob(project) {
		return "", fail.Errorf(fail.Invalid, "%.100q is no key of a project on %s", project, title).Then("give one such as ENG")
	}
	return strings.ToUpper(project), s.permit(project)
}

func hasGlob(s string) bool { return strings.ContainsAny(s, "*?") }
