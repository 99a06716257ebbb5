// Package gitlab serves projects on GitLab, gitlab.com or self-managed: it implements
// code.Searcher, and documents.Library for the files of projects.
//
// Text in one project is looked for by GitLab's basic search, which knows any part of a
// line of the default branch; text in a group or in all of an instance by its advanced or
// exact search, which are not everywhere: where they lack, one project has to be named.
// What a search names is read and verified line by line. Where it finds nothing in a
// single project, and for regular expressions, symbols, references, file names and refs,
// the archive of that one project is searched, in memory and bounded; several projects at
// once are then refused.
//
// A token: a personal, group or project access token with the scope read_api (searches
// need it; read_repository alone is not enough) and the role Reporter in the projects
// that cleat may read. Projects are named with all their groups: group/subgroup/name.
//
// The requests are made over package rest alone. GitLab's own client library would cost
// every start of cleat, whether a GitLab is configured or not: it makes its tables and
// compiles its expressions when the program begins.
package gitlab

import (
	"context"
	"strings"
	"sync"

	"cleat/internal/archive/forge"
	"cleat/internal/host"
	"cleat/internal/rest"
	"cleat/internal/systems/code"
	"cleat/internal/systems/documents"
)

const (
	title      = "GitLab"
	defaultURL = "https://gitlab.com"
	api        = "/api/v4"
)

// Config are the keys of [sources.NAME] with kind = "gitlab".
type Config struct{ forge.Config }

// Validate returns what is wrong with the keys.
func (c Config) Validate() error {
	c.Config.Config = c.Or(defaultURL)
	return c.Config.Validate()
}

// A Source is one GitLab. It is safe for concurrent use.
type Source struct {
	forge.Searcher
	rest     *rest.Client
	outgoing []string

	mu    sync.Mutex
	names map[int64]string // of projects, by their ids
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
	client, err := rest.New(rest.Options{Name: title, Config: c.Config.Config, Host: h})
	if err != nil {
		return nil, err
	}
	s := &Source{rest: client, names: make(map[int64]string)}
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

// at returns the path of a request below the API. Dots are encoded, as the documentation
// has them in the paths of files: what follows one could be taken for a format.
func at(segments ...string) (string, error) {
	p, err := rest.Path(segments...)
	return api + strings.ReplaceAll(p, ".", "%2E"), err
}
