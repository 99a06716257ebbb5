package linear

import (
	"fmt"
	"testing"

	"cleat/internal/systems/tickets"
	"cleat/internal/systems/tickets/ticketstest"
)

func TestTracker(t *testing.T) {
	var f *fake
	open := func(t *testing.T, w *ticketstest.World) tickets.Tracker {
		f = newFake(t, w)
		var teams []string
		for _, p := range w.Projects {
			if p.Closed {
				teams = []string{"EN*"}
			}
		}
		return f.open(teams...)
	}
	count := func(n *int) int {
		f.mu.Lock()
		defer f.mu.Unlock()
		return *n
	}
	ticketstest.Suite(t, open, ticketstest.Can{
		Key:      func(project string, n int) string { return fmt.Sprintf("%s-%d", project, n) },
		Projects: []string{"ENG", "OPS"},
		Person:   func(n int) string { return []string{"ann", "bob.b", "cyd", "dan"}[n] },
		State: func(s tickets.Status) string {
			return map[tickets.Status]string{tickets.Todo: "Todo", tickets.Active: "In Progress", tickets.Done: "Done"}[s]
		},
		Statuses: []tickets.Status{tickets.Todo, tickets.Active, tickets.Done},
		Write:    true, Claim: true, Priority: true, Parent: true, Milestone: true, History: true, Links: true, Transitions: true,
		LinkKinds: kinds(), Since: true, Labels: true, Ready: true, Tokens: true, Comments: true,
		Native:     `{"labels":{"name":{"eq":"urgent"}}}`,
		Priorities: []string{"high", "low"},
		Spellings: func(project string, n int) []string {
			return []string{fmt.Sprintf("https://linear.app/acme/issue/%s-%d/a-slug", project, n), fmt.Sprintf("https://linear.app/acme/issue/%s-%d", project, n)}
		},
		Malformed: []string{"ENG12", "ENG-012", "ENG-0", "E NG-1", "https://linear.app/acme/project/ENG-1", "https://linear.app/acme/issue/ENG-1/slug?x=y", "acme/app#12"},
		Requests:  func(*testing.T) int { return count(&f.requests) },
		Writes:    func(*testing.T) int { return count(&f.writes) },
		Faults: func(_ *testing.T, x ticketstest.Fault) {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.fault = x
		},
	})
}
