package issues_test

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
		return f.open()
	}
	count := func(n *int) int {
		f.mu.Lock()
		defer f.mu.Unlock()
		return *n
	}
	const here = "acme/app"
	ticketstest.Suite(t, open, ticketstest.Can{
		Key: func(project string, n int) string {
			if project == here {
				return fmt.Sprintf("#%d", n)
			}
			return fmt.Sprintf("%s#%d", project, n)
		},
		Projects: []string{here, "acme/sub.group/shop"},
		Person:   func(n int) string { return []string{"ann", "bob.b", "cyd", "dan"}[n] },
		State: func(s tickets.Status) string {
			if s == tickets.Done {
				return "closed"
			}
			return "opened"
		},
		Statuses: []tickets.Status{tickets.Todo, tickets.Done},
		Write:    true, Claim: true, Type: true, Milestone: true, Assignees: true, History: true, Links: true, Transitions: true,
		LinkKinds: []string{"related", "blocks", "blocked_by"}, Since: true, Labels: true, Comments: true,
		Types: []string{"issue", "incident"},
		Spellings: func(project string, n int) []string {
			return []string{fmt.Sprint(n), fmt.Sprintf("%s#%d", project, n), fmt.Sprintf("%s/%s/-/issues/%d", f.url, project, n),
				fmt.Sprintf("%s/%s/-/work_items/%d", f.url, project, n), fmt.Sprintf("%s/%s/-/issues/%d#note_77", f.url, project, n)}
		},
		Malformed: []string{"acme#1", "acme/app!1", "acme/app/-/issues/1", "acme/../app#1", "acme/app#01"},
		Requests:  func(*testing.T) int { return count(&f.requests) },
		Writes:    func(*testing.T) int { return count(&f.writes) },
		Faults: func(_ *testing.T, x ticketstest.Fault) {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.fault = x
		},
	})
}
