// Package search provides the ticket_search tool.
package search

import (
	"context"
	"strings"
	"time"

	"cleat/internal/fail"
	"cleat/internal/registry"
	"cleat/internal/systems"
	"cleat/internal/systems/tickets"
)

func init() { registry.Register(Tool) }

// Tool lists tickets.
var Tool = registry.NewTool(systems.Tickets, registry.Tool{
	Name:        "ticket_search",
	Title:       "Search tickets",
	Description: `Tickets (issues, tasks), last changed first, a line each: of the team's tracker, of the checked out repository, or of this machine. Read one with ticket_read.`,
	Access:      registry.Read,
}, search)

// Input is what the model sends.
type Input struct {
	Text         string   `json:"text,omitempty" jsonschema:"words in title or body"`
	Status       string   `json:"status,omitempty" jsonschema:"todo, active, done, open, all, or a state by name"`
	Assignee     string   `json:"assignee,omitempty" jsonschema:"name, me or none"`
	Labels       []string `json:"labels,omitempty" jsonschema:"all of them"`
	UpdatedSince string   `json:"updated_since,omitempty" jsonschema:"date, time or age (7d)"`
	Ready        bool     `json:"ready,omitempty" jsonschema:"open, nobody's, not blocked"`
	Project      string   `json:"project,omitempty" jsonschema:"repository or project"`
	Native       string   `json:"native,omitempty" jsonschema:"instead, in the service's language"`
	Fields       []string `json:"fields,omitempty" jsonschema:"exactly these columns"`
	Limit        int      `json:"limit,omitempty" jsonschema:"30 if unset"`
	Cursor       string   `json:"cursor,omitempty" jsonschema:"of earlier answer"`
	Source       string   `json:"source,omitempty" jsonschema:"the usual one if unset"`
	systems.BudgetArg
	systems.TimeoutArg
}

func search(ctx context.Context, s *tickets.Service, in Input) (*tickets.List, error) {
	since, err := moment(in.UpdatedSince, time.Now())
	if err != nil {
		return nil, err
	}
	list, err := s.Search(ctx, tickets.Query{Text: in.Text, Status: in.Status, Assignee: in.Assignee, Labels: in.Labels, Since: since,
		Ready: in.Ready, Project: in.Project, Native: in.Native, Fields: in.Fields, Limit: in.Limit, Cursor: in.Cursor})
	return list, fail.Hint(err, "correct the argument, or leave it out; status lists the sources")
}

// moment reads a point of time: a date, a time in RFC 3339, or how long ago it was.
func moment(s string, now time.Time) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339, "2006-01-02T15:04", "2006-01-02 15:04"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	unit := time.Duration(0)
	switch {
	case strings.HasSuffix(s, "d"):
		unit = 24 * time.Hour
	case strings.HasSuffix(s, "w"):
		unit = 7 * 24 * time.Hour
	case strings.HasSuffix(s, "h"):
		unit = time.Hour
	case strings.HasSuffix(s, "m"):
		unit = time.Minute
	}
	n := 0
	digits := strings.TrimRight(s, "dwhm")
	for _, c := range digits {
		if c < '0' || c > '9' || n > 100_000 {
			unit = 0
			break
		}
		n = n*10 + int(c-'0')
	}
	if unit == 0 || len(digits) != len(s)-1 || n == 0 {
		return time.Time{}, fail.Errorf(fail.Invalid, "updated_since=%.40q is no date, time or age", s).Then("write 2026-01-31, 2026-01-31T15:04:05Z, 7d or 12h")
	}
	return now.Add(-time.Duration(n) * unit), nil
}
