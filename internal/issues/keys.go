// Package issues holds what the trackers of forges share: keys such as OWNER/NAME#12, and for
// those whose API is GitHub's or modeled on it (Gitea, Forgejo) the tracker itself, to which
// each adds what is its own.
package issues

import (
	"context"
	"strconv"
	"strings"

	"cleat/internal/fail"
	"cleat/internal/systems/tickets"
)

// A Form is how a forge writes the keys and the web addresses of its tickets.
type Form struct {
	Title  string   // of the service, such as "GitHub"
	Web    string   // the address of its pages, without a slash at its end
	Nested bool     // names of repositories may have more than two parts
	Words  []string // between repository and number in an address: "issues", "-/issues"
}

// A Key names a ticket.
type Key struct {
	Repo   string // "" for the checkout's
	Number int64
	Web    bool // it was an address of the service's own pages
}

// String returns the key in its shortest spelling where here is the checkout's repository.
func (k Key) String(here string) string {
	n := "#" + strconv.FormatInt(k.Number, 10)
	if k.Repo == "" || strings.EqualFold(k.Repo, here) {
		return n
	}
	return k.Repo + n
}

const (
	maxKey    = 600 // bytes of a key in any spelling
	maxPart   = 100 // bytes of a part of a repository's name
	maxParts  = 20
	maxDigits = 10
)

// Parse reads a key: 12, #12, OWNER/NAME#12, or the web address of a ticket.
func (f Form) Parse(s string) (Key, bool) {
	if len(s) > maxKey {
		return Key{}, false
	}
	if rest, ok := f.below(s); ok {
		return f.page(rest)
	}
	repo, number, ok := strings.Cut(s, "#")
	if !ok {
		repo, number = "", s
	}
	n, ok := parseNumber(number)
	if !ok || repo != "" && !f.IsRepo(repo) {
		return Key{}, false
	}
	return Key{Repo: repo, Number: n}, true
}

// below returns what of an address comes after that of the service. Scheme and host are
// compared without case.
func (f Form) below(s string) (string, bool) {
	n := len(f.Web)
	if n == 0 || len(s) <= n || s[n] != '/' {
		return "", false
	}
	host := n
	if i := strings.Index(f.Web, "://"); i >= 0 {
		if j := strings.IndexByte(f.Web[i+3:], '/'); j >= 0 {
			host = i + 3 + j
		}
	}
	return s[n+1:], strings.EqualFold(s[:host], f.Web[:host]) && s[host:n] == f.Web[host:]
}

// page reads what follows the address of the service in that of a ticket.
func (f Form) page(s string) (Key, bool) {
	s, fragment, ok := strings.Cut(s, "#")
	if ok && (fragment == "" || !plain(fragment, "-_")) {
		return Key{}, false
	}
	s = strings.TrimSuffix(s, "/")
	i := strings.LastIndexByte(s, '/')
	if i < 0 {
		return Key{}, false
	}
	n, ok := parseNumber(s[i+1:])
	if !ok {
		return Key{}, false
	}
	for _, w := range f.Words {
		if repo, ok := strings.CutSuffix(s[:i], "/"+w); ok && f.IsRepo(repo) {
			return Key{Repo: repo, Number: n, Web: true}, true
		}
	}
	return Key{}, false
}

// IsRepo reports whether s is written as the name of a repository is: OWNER/NAME.
func (f Form) IsRepo(s string) bool {
	parts := strings.Split(s, "/")
	if len(parts) < 2 || len(parts) > 2 && !f.Nested || len(parts) > maxParts {
		return false
	}
	for _, p := range parts {
		if p == "" || len(p) > maxPart || p == "." || p == ".." || p == "-" || !plain(p, "-_.") {
			return false
		}
	}
	return true
}

// plain reports whether s has ASCII letters, digits and the extra characters alone.
func plain(s, extra string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && strings.IndexByte(extra, c) < 0 {
			return false
		}
	}
	return true
}

// parseNumber reads a positive number as forges write it.
func parseNumber(s string) (int64, bool) {
	if s == "" || len(s) > maxDigits || s[0] < '1' || s[0] > '9' {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil
}

// Keys finds what keys name.
type Keys struct {
	Form

	// Here returns the repository of the checkout.
	Here func(ctx context.Context) (string, error)

	// Allowed fails for a repository that the configuration does not allow.
	Allowed func(repo string) error
}

// Owns implements tickets.Tracker.
func (k Keys) Owns(ctx context.Context, s string) tickets.Claim {
	key, ok := k.Parse(s)
	switch {
	case !ok:
		return tickets.No
	case key.Web && k.Allowed(key.Repo) == nil:
		return tickets.Surely
	}
	here, err := k.Here(ctx)
	switch {
	case key.Repo == "" && err == nil:
		return tickets.Likely
	case key.Repo == "":
		return tickets.Maybe
	case err == nil && strings.EqualFold(here, key.Repo):
		return tickets.Surely
	case k.Allowed(key.Repo) == nil:
		return tickets.Likely
	}
	return tickets.Maybe
}

// Find returns the key that s is, with its repository, which is allowed. It fails with
// fail.Invalid for what is no key, with the error of Allowed, and with that of Here where s
// names no repository.
func (k Keys) Find(ctx context.Context, s string) (Key, error) {
	key, ok := k.Parse(s)
	if !ok {
		return Key{}, fail.Errorf(fail.Invalid, "%.100q is not the key of a ticket on %s", s, k.Title).
			Then("give #12, OWNER/NAME#12, or the address of the ticket's page; ticket_search lists keys")
	}
	if key.Repo == "" {
		var err error
		if key.Repo, err = k.checkout(ctx); err != nil {
			return Key{}, err
		}
	}
	return key, k.Permit(key.Repo)
}

// Project returns the repository that a search or a new ticket is for: the one named, else the
// checkout's. It is allowed. It fails as Find does.
func (k Keys) Project(ctx context.Context, name string) (string, error) {
	if name == "" {
		var err error
		if name, err = k.checkout(ctx); err != nil {
			return "", err
		}
	}
	return name, k.Permit(name)
}

func (k Keys) checkout(ctx context.Context) (string, error) {
	repo, err := k.Here(ctx)
	if err != nil {
		if f := fail.From(err); f.Code == fail.NotFound {
			return "", f.Then("give the project as OWNER/NAME and keys as OWNER/NAME#12")
		}
		return "", err
	}
	return repo, nil
}

// Permit fails unless repo is the name of a repository that may be used.
func (k Keys) Permit(repo string) error {
	if !k.IsRepo(repo) {
		return fail.Errorf(fail.Invalid, "%.100q is no name of a repository on %s", repo, k.Title).Then("give OWNER/NAME")
	}
	return k.Allowed(repo)
}

// Spell returns the shortest spelling of a key.
func (k Keys) Spell(ctx context.Context, repo string, number int64) string {
	here, err := k.Here(ctx)
	if err != nil {
		here = ""
	}
	return Key{Repo: repo, Number: number}.String(here)
}
