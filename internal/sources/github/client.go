// Package github serves repositories on GitHub and GitHub Enterprise: it implements
// code.Searcher, and documents.Library for the files of repositories.
//
// Text is looked for by GitHub's index (REST code search), which knows whole words of
// default branches in files of up to 384 kB; what it names is read and verified line by
// line. Where it finds nothing in a single repository, and for regular expressions,
// symbols, references and refs, the archive of that one repository is searched, in memory
// and bounded; several repositories at once are then refused.
//
// A token: Settings, Developer settings, Fine-grained tokens; of the repositories that
// cleat may read it needs "Contents: read" and "Metadata: read". A classic token needs
// the scope repo, or none for public repositories. GitHub answers no code search without
// a token. For Enterprise the key url is https://HOST/api/v3.
//
// The requests are made over package rest alone. GitHub's client library for Go would cost
// every start of cleat, whether a GitHub is configured or not: it makes its tables and
// compiles its expressions when the program begins.
package github

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"cleat/internal/archive/forge"
	"cleat/internal/host"
	"cleat/internal/rest"
	"cleat/internal/systems/code"
	"cleat/internal/systems/documents"
)

const (
	title      = "GitHub"
	defaultURL = "https://api.github.com"
)

// Config are the keys of [sources.NAME] with kind = "github".
type Config struct{ forge.Config }

// Validate returns what is wrong with the keys.
func (c Config) Validate() error {
	c.Config.Config = c.Or(defaultURL)
	return c.Config.Validate()
}

// A Source is one GitHub. It is safe for concurrent use.
type Source struct {
	forge.Searcher
	rest     *rest.Client
	outgoing []string
}

var (
	_ code.Searcher     = (*Source)(nil)
	_ code.Addresser    = (*Source)(nil)
	_ documents.Library = (*Source)(nil)
	_ documents.Namer   = (*Source)(nil)
	_ forge.Service     = service{}
	_ forge.Index       = index{}
)

// Open returns a source. It connects to nothing. It fails with fail.Invalid for a
// configuration that Validate refuses. The caller closes it.
func Open(_ context.Context, c Config, h host.Host) (*Source, error) {
	c.Config.Config = c.Or(defaultURL)
	client, err := rest.New(rest.Options{Name: title, Config: c.Config.Config, Host: h, Bucket: bucket})
	if err != nil {
		return nil, err
	}
	s := &Source{rest: client, outgoing: c.Outgoing}
	s.Searcher = forge.Searcher{Title: title, Allow: forge.NewAllow(c.Repos), Service: service{s}, Index: index{s}, Host: h}
	return s, nil
}

// Close gives up connections and memory.
func (s *Source) Close() error {
	if err := s.Searcher.Close(); err != nil {
		return err
	}
	return s.rest.Close()
}

// at returns the path of a request about a repository.
func at(repo string, segments ...string) (string, error) {
	return rest.Path(slices.Concat([]string{"repos"}, strings.Split(repo, "/"), segments)...)
}

// raw returns what is at a path in a media type of GitHub's own, of at most limit bytes.
// A proxy may call it by another type; callers know what it has to be.
func (s *Source) raw(ctx context.Context, path, accept string, limit int64) ([]byte, error) {
	data, _, err := s.rest.Bytes(ctx, rest.Request{Path: path, Header: http.Header{"Accept": {accept}},
		Want: rest.Want{Types: []string{"*"}, MaxBody: limit}})
	return data, err
}

// bucket names the rate limit of a request: code search has one of its own.
func bucket(r *http.Request) string {
	switch {
	case strings.HasSuffix(r.URL.Path, "/search/code"):
		return "code_search"
	case strings.Contains(r.URL.Path, "/search/"):
		return "search"
	}
	return "core"
}
