// Package gitea serves repositories on Gitea and Forgejo: it implements code.Searcher, and
// documents.Library for the files of repositories.
//
// The API of Gitea and Forgejo has no search of code (their web pages have one). So every
// mode, at any ref, is answered out of the archive of one repository at one commit, in
// memory and bounded; several repositories at once are refused, naming those there are.
//
// A token: Settings, Applications, Generate token, with the permission "repository: read"
// alone, and "organization: read" for the names of an organization's repositories; none is
// needed for public repositories.
//
// The requests are made over package rest alone. Gitea's own client library would cost
// every start of cleat, whether a Gitea is configured or not (it compiles its expressions
// when the program begins), and it asks a server for its version before other things.
package gitea

import (
	"context"

	"cleat/internal/archive/forge"
	"cleat/internal/host"
	"cleat/internal/rest"
	"cleat/internal/systems/code"
	"cleat/internal/systems/documents"
)

const (
	title = "Gitea"
	api   = "/api/v1"
)

// Config are the keys of [sources.NAME] with kind = "gitea"; url is required.
type Config struct{ forge.Config }

// A Source is one Gitea or Forgejo. It is safe for concurrent use.
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
)

// Open returns a source. It connects to nothing. It fails with fail.Invalid for a
// configuration that Validate refuses. The caller closes it.
func Open(_ context.Context, c Config, h host.Host) (*Source, error) {
	client, err := rest.New(rest.Options{Name: title, Config: c.Config.Config, Host: h, Auth: rest.TokenAuth})
	if err != nil {
		return nil, err
	}
	s := &Source{rest: client, outgoing: c.Outgoing}
	s.Searcher = forge.Searcher{Title: title, Allow: forge.NewAllow(c.Repos), Service: service{s}, Host: h}
	return s, nil
}

// Close gives up connections and memory.
func (s *Source) Close() error {
	if err := s.Searcher.Close(); err != nil {
		return err
	}
	return s.rest.Close()
}
