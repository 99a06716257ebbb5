package forge

import (
	"context"
	"net/url"
	"path"
	"strings"

	"cleat/internal/fail"
)

// Origin returns what finds the repository that a checkout belongs to: the first of the
// remotes' addresses that is on the service at address, whose API may be on a host of its
// own; else the only repository that the source is configured with. It fails with
// fail.NotFound where there is neither, and as remotes does.
func (s *Searcher) Origin(address string, remotes func(context.Context) ([]string, error)) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		list, err := remotes(ctx)
		host := ""
		if u, err := url.Parse(address); err == nil {
			host = strings.ToLower(u.Hostname())
		}
		for _, r := range list {
			if name, ok := on(strings.TrimPrefix(host, "api."), address, r); ok {
				return s.Allow.spelled(name), nil
			}
		}
		if only := s.Allow.one(); only != "" {
			return only, nil
		}
		if err != nil {
			return "", err
		}
		return "", fail.Errorf(fail.NotFound, "it is not known which repository on %s is meant", s.Title).
			Because("the checkout has no remote there, and the source has not just one repository").
			Then("name the run as OWNER/NAME@ID, or ask the user to set repos of the source to one repository")
	}
}

// on returns the repository that a remote is, if it is on the host: owner/name, with all of
// its groups.
func on(host, address, remote string) (string, bool) {
	var at, name string
	if u, err := url.Parse(remote); err == nil && u.Host != "" {
		at, name = u.Hostname(), u.Path
	} else if before, after, ok := strings.Cut(remote, ":"); ok && !strings.Contains(before, "/") {
		// As scp writes it: user@host:path.
		at, name = before[strings.LastIndexByte(before, '@')+1:], after
	}
	if host == "" || !strings.EqualFold(strings.TrimPrefix(strings.ToLower(at), "ssh."), host) {
		return "", false
	}
	name = strings.TrimSuffix(strings.Trim(name, "/"), ".git")
	// An instance below a path has it in its remotes over http too.
	if u, err := url.Parse(address); err == nil && strings.HasPrefix(remote, "http") {
		if below := strings.Trim(strings.TrimSuffix(u.Path, "/api/v3"), "/"); below != "" {
			name = strings.TrimPrefix(name, below+"/")
		}
	}
	if path.Clean(name) != name || strings.Count(name, "/") < 1 || checkSegments(name, false) != "" {
		return "", false
	}
	return name, true
}

// May fails with fail.Denied for a repository that the source may not touch.
func (s *Searcher) May(repo string) error {
	_, err := s.Allow.Target(repo)
	return err
}
