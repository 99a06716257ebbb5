package issues_test

import (
	"fmt"
	"testing"

	"cleat/internal/issues/issuestest"
	"cleat/internal/sources/gitea/issues"
	"cleat/internal/systems/tickets"
	"cleat/internal/systems/tickets/ticketstest"
)

func TestTracker(t *testing.T) {
	var s *issuestest.Server
	open := func(t *testing.T, w *ticketstest.World) tickets.Tracker {
		s = issuestest.Open(t, w, true)
		return issues.New(s.Client(), s.Here, s.Allowed, nil, s.Host())
	}
	ticketstest.Suite(t, open, ticketstest.Can{
		Key: func(project string, n int) string {
			if project == "acme/app" {
				return fmt.Sprintf("#%d", n)
			}
			return fmt.Sprintf("%s#%d", project, n)
		},
		Projects: []string{"acme/app", "acme/lib"},
		Person:   func(n int) string { return []string{"me-myself", "ann", "bob", "cy"}[n] },
		State: func(s tickets.Status) string {
			if s == tickets.Done {
				return "closed"
			}
			return "open"
		},
		Statuses: []tickets.Status{tickets.Todo, tickets.Done},
		Write:    true, Claim: true, Milestone: true, Assignees: true,
		History: true, Links: true, Transitions: true, LinkKinds: []string{"blocks", "blocked_by"},
		Since: true, Labels: true, Comments: true,
		Spellings: func(project string, n int) []string {
			return []string{fmt.Sprintf("%s#%d", project, n), fmt.Sprintf("ACME/App#%d", n), fmt.Sprint(n), fmt.Sprintf("%s/%s/issues/%d", s.URL, project, n),
				fmt.Sprintf("%s/%s/issues/%d#issuecomment-7", s.URL, project, n), fmt.Sprintf("%s/%s/pulls/%d", s.URL, project, n)}
		},
		Malformed: malformed,
		Requests:  func(*testing.T) int { return s.Requests() },
		Writes:    func(*testing.T) int { return s.Writes() },
		Faults:    func(_ *testing.T, f ticketstest.Fault) { s.Fault(f) },
	})
}

var malformed = []string{"acme#1", "acme/app/more#1", "acme/..#1", "../app#1", "acme/app#01", "acme/app#0", "acme/app#1#2", "#12345678901", "acme/app!1", "acme /app#1", "acme/app@1"}
