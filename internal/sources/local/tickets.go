package local

import (
	"context"

	"cleat/internal/sources/local/tracker"
	"cleat/internal/systems/tickets"
)

// Tickets returns the tickets of the repository that are kept on this machine.
func (s *Source) Tickets(func(context.Context) ([]string, error)) tickets.Tracker { return s.tickets }

// Tracker returns the same with what only a store on this machine has: Export and Import.
func (s *Source) Tracker() *tracker.Tracker { return s.tickets }
