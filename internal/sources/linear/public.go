package linear

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"cleat/internal/systems/tickets"
)

// Limits of foreign texts, in bytes, and of lists.
const (
	maxTitle  = 1 << 10
	maxName   = 200
	maxLabels = 100
)

// clip cuts a foreign text to n bytes.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	n -= len("…")
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}

// body cuts a body at tickets.MaxText.
func body(s string) (kept string, cut int) {
	n := tickets.MaxText
	if len(s) <= n {
		return s, 0
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n], len(s) - n
}

// priorities are the names of Linear's priorities, by their numbers.
func priorities() []string { return []string{"none", "urgent", "high", "medium", "low"} }

// priority names a priority; "" is none.
func priority(n float64) string {
	if i := int(n); i > 0 && i < len(priorities()) {
		return priorities()[i]
	}
	return ""
}

// ticket returns the issue as far as it was asked for.
func (s *Source) ticket(i *issue) tickets.Ticket {
	t := tickets.Ticket{
		Key: clip(i.Identifier, maxName), Project: clip(i.Team.Key, maxName), Title: clip(i.Title, maxTitle), Status: i.State.status(), State: clip(i.State.Name, maxName),
		Priority: priority(i.Priority), URL: clip(i.URL, maxTitle), Created: i.Created, Updated: i.Updated, CommentCount: -1,
	}
	t.Body, t.Cut = body(i.Description)
	if i.Assignee != nil {
		t.Assignees = []string{i.Assignee.name()}
	}
	t.Author, t.Trusted = author(i.Creator, i.External, i.Bot)
	if i.Through != "" {
		t.Trusted = "" // an integration made it of a text that another may have written
	}
	for _, l := range i.Labels.Nodes[:min(len(i.Labels.Nodes), maxLabels)] {
		t.Labels = append(t.Labels, clip(l.Name, maxName))
	}
	if i.Parent != nil && s.has(teamOf(i.Parent.Identifier)) {
		t.Parent = i.Parent.Identifier
	}
	if i.Milestone != nil {
		t.Milestone = clip(i.Milestone.Name, maxName)
	}
	for _, at := range [...]*time.Time{i.Completed, i.Canceled} {
		if at != nil {
			t.Closed = *at
		}
	}
	field := func(name, value string) {
		if value != "" {
			t.Custom = append(t.Custom, tickets.Field{Name: name, Value: clip(value, maxTitle)})
		}
	}
	if i.Project != nil {
		field("Project", i.Project.Name)
	}
	if i.Cycle != nil {
		field("Cycle", i.Cycle.label())
	}
	if i.Estimate != nil {
		field("Estimate", strconv.FormatFloat(*i.Estimate, 'f', -1, 64))
	}
	field("Due date", i.Due)
	return t
}

// author is who wrote a text, and what is known of them. A deleted account has no name.
func author(u *user, external, bot *named) (string, tickets.Trust) {
	switch {
	case external != nil:
		return clip(external.Name, maxName), tickets.Outside
	case u != nil && u.Guest:
		return u.name(), ""
	case u != nil:
		return u.name(), tickets.Member
	case bot != nil:
		return clip(bot.Name, maxName), ""
	}
	return "", ""
}

// public is a comment as others see it.
func (c *comment) public() tickets.Comment {
	out := tickets.Comment{ID: clip(c.ID, maxName), Created: c.Created}
	out.Author, out.Trusted = author(c.User, c.External, c.Bot)
	out.Body, out.Cut = body(c.Body)
	if c.Edited != nil {
		out.Updated = *c.Edited
	}
	return out
}

// events are what a change of the history says.
// keys that has does not allow are left out.
func (c *change) events(has func(team string) bool) (out []tickets.Event) {
	who := c.Actor.name()
	if who == "" && c.Bot != nil {
		who = clip(c.Bot.Name, maxName)
	}
	add := func(what, from, to string) {
		if from != to {
			out = append(out, tickets.Event{Time: c.Created, Author: who, What: what, From: clip(from, maxName), To: clip(to, maxName)})
		}
	}
	stateName := func(s *state) string {
		if s == nil {
			return ""
		}
		return s.Name
	}
	number := func(n *float64) string {
		if n == nil {
			return ""
		}
		return priority(*n)
	}
	key := func(i *issue) string {
		if i == nil || !has(teamOf(i.Identifier)) {
			return ""
		}
		return i.Identifier
	}
	milestoneName := func(m *milestone) string {
		if m == nil {
			return ""
		}
		return m.Name
	}
	names := func(list []label) string {
		var all []string
		for _, l := range list[:min(len(list), maxLabels)] {
			all = append(all, l.Name)
		}
		return strings.Join(all, ", ")
	}
	add("state", stateName(c.FromState), stateName(c.ToState))
	add("assignee", c.FromAssignee.name(), c.ToAssignee.name())
	add("title", c.FromTitle, c.ToTitle)
	add("priority", number(c.FromPriority), number(c.ToPriority))
	add("parent", key(c.FromParent), key(c.ToParent))
	add("milestone", milestoneName(c.FromMilestone), milestoneName(c.ToMilestone))
	if c.FromTeam != nil && c.ToTeam != nil {
		add("team", c.FromTeam.Key, c.ToTeam.Key)
	}
	add("labeled", "", names(c.Added))
	add("unlabeled", names(c.Removed), "")
	if c.Described {
		out = append(out, tickets.Event{Time: c.Created, Author: who, What: "body"})
	}
	return out
}
