package gitlab

import (
	"context"

	"cleat/internal/sources/gitlab/issues"
	"cleat/internal/systems/tickets"
)

// Tickets returns the issues of the repository that remotes, the addresses of the checkout's,
// lead to, and of those that keys name. It asks nobody.
func (s *Source) Tickets(remotes func(context.Context) ([]string, error)) tickets.Tracker {
	return issues.New(s.rest, s.Origin(s.rest.URL(), remotes), s.May, s.outgoing, s.Host)
}
