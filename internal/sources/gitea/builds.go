package gitea

import (
	"context"

	"cleat/internal/sources/gitea/actions"
	"cleat/internal/systems/ci"
)

// Builds returns the source as a service of CI: of the repository that remotes, the
// addresses of the checkout's, lead to, and of those that runs name. It asks nobody.
func (s *Source) Builds(remotes func(context.Context) ([]string, error)) ci.Runner {
	return actions.New(s.rest, s.Origin(s.rest.URL(), remotes), s.May, s.Host)
}
