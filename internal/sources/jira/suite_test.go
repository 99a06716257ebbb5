package jira

import (
	"fmt"
	"testing"

	"cleat/internal/markup"
	"cleat/internal/systems/tickets"
	"cleat/internal/systems/tickets/ticketstest"
)

func TestCloud(t *testing.T) { suite(t, true) }

func TestDataCenter(t *testing.T) { suite(t, false) }

func suite(t *testing.T, cloud bool) {
	var f *fake
	open := func(t *testing.T, w *ticketstest.World) tickets.Tracker {
		f = newFake(t, w, cloud)
		return f.source(func(c *Config) {
			for _, p := range w.Projects {
				if p.Closed {
					c.Projects = []string{"en*"}
				}
			}
		})
	}
	count := func(n *int) int {
		f.mu.Lock()
		defer f.mu.Unlock()
		return *n
	}
	people := []string{"ann", "bob.b", "cyd", "dan"}
	if cloud {
		people = []string{"Ann Archer", "Bob O'Brien", "Cyd", "Dan Dü"}
	}
	ticketstest.Suite(t, open, ticketstest.Can{
		Key:      func(project string, n int) string { return fmt.Sprintf("%s-%d", project, n) },
		Projects: []string{"ENG", "OPS"},
		Person:   func(n int) string { return people[n] },
		State: func(s tickets.Status) string {
			return map[tickets.Status]string{tickets.Todo: "To Do", tickets.Active: "In Progress", tickets.Done: "Done"}[s]
		},
		Statuses: []tickets.Status{tickets.Todo, tickets.Active, tickets.Done},
		Write:    true, Claim: true, Custom: true, Type: true, Priority: true, Parent: true, Milestone: true, History: true, Links: true, Transitions: true,
		LinkKinds: []string{"blocks", "blocked_by", "duplicates", "duplicated_by", "related", "parent", "child"},
		Since:     true, Labels: true, Ready: true, Comments: true, FreeLabels: true,
		Native: "labels = urgent",
		Types:  []string{"Bug", "Task"}, Priorities: []string{"High", "Low"}, CustomField: "Region",
		Spellings: func(project string, n int) []string {
			return []string{fmt.Sprintf("%s/browse/%s-%d", map[bool]string{true: "https://acme.atlassian.net", false: f.url}[cloud], project, n)}
		},
		Malformed: []string{"ENG12", "ENG-012", "ENG-0", "E NG-1", "_ENG-1", "https://acme.atlassian.net/projects/ENG-1", "https://acme.atlassian.net/browse/ENG-1/x", "https://acme.atlassian.net/browse/?x=ENG-1", "acme/app#12"},
		Body: func(md string) string {
			var out string
			if cloud {
				doc, err := markup.ToADF(md, markup.Options{})
				if err != nil {
					t.Fatal(err)
				}
				if out, _, err = markup.FromADF(doc, markup.Options{}); err != nil {
					t.Fatal(err)
				}
				return out
			}
			wiki, err := markup.ToWiki(md, markup.Options{})
			if err != nil {
				t.Fatal(err)
			}
			out, _ = markup.FromWiki(wiki, markup.Options{})
			return out
		},
		Requests: func(*testing.T) int { return count(&f.requests) },
		Writes:   func(*testing.T) int { return count(&f.writes) },
		Faults: func(_ *testing.T, x ticketstest.Fault) {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.fault = x
		},
	})
}
