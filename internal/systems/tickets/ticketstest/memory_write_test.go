package ticketstest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"cleat/internal/fail"
	"cleat/internal/systems/tickets"
	"cleat/internal/systems/tickets/ticketstest"
)

func (m *memory) Prepare(ctx context.Context, w tickets.Write) (*tickets.Prepared, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var it *item
	if w.Op == tickets.Create {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		it = &item{project: w.Project, Ticket: tickets.Ticket{Status: tickets.Todo, State: "To Do", Author: m.w.Me, Project: w.Project, Created: m.w.Now, Updated: m.w.Now}}
		if m.closed(w.Project) && !m.is("writes closed") {
			return nil, fail.Errorf(fail.Denied, "the project is closed")
		}
		if w.Project == "nobody/nothing" {
			return nil, fail.Errorf(fail.NotFound, "there is no such project")
		}
		if w.Changes.Title == nil {
			return nil, fail.Errorf(fail.Invalid, "a ticket has a title")
		}
	} else {
		found, err := m.find(ctx, w.Key)
		if err != nil {
			return nil, err
		}
		it = found
	}
	p := &tickets.Prepared{}
	next := *it
	if w.Op != tickets.Create {
		before, err := m.read(it, tickets.Want{})
		if err != nil {
			return nil, err
		}
		if err := tickets.CheckBase(w, before); err != nil && !m.is("no base") {
			return nil, err
		}
		p.Before = before
	}
	if err := m.apply(&next, it, w); err != nil {
		return nil, err
	}
	if m.is("prepares") {
		m.writes++
	}
	p.Requests = []tickets.Request{{Method: "POST", Path: "/x", Body: body(w, next.Body)}}
	if m.is("two requests") {
		p.Requests = append(p.Requests, p.Requests[0])
	}
	p.Send = func(ctx context.Context) (*tickets.Ticket, error) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		m.mu.Lock()
		defer m.mu.Unlock()
		return m.send(w, it)
	}
	return p, nil
}

func (m *memory) send(w tickets.Write, it *item) (*tickets.Ticket, error) {
	f := m.next
	m.next = 0
	m.writes++
	switch f {
	case ticketstest.ServerError:
		return nil, fail.Errorf(fail.Unavailable, "500")
	case ticketstest.TooMany:
		return nil, fail.Errorf(fail.Busy, "429")
	case ticketstest.Expired, ticketstest.Forbidden:
		if m.is("odd denial") {
			return nil, fail.Errorf(fail.Invalid, "403")
		}
		return nil, fail.Errorf(fail.Denied, "403")
	}
	if key := m.tokens[w.Token]; key != "" && w.Op == tickets.Create && !m.is("no tokens") {
		return &tickets.Ticket{Key: key}, nil
	}
	next := *it
	if err := m.apply(&next, it, w); err != nil {
		return nil, err
	}
	m.keep(&next, it, w)
	lost := f == ticketstest.LostAnswer || f == ticketstest.CutAnswer
	if lost && m.is("sends again") {
		m.writes++
		m.keep(&next, it, w)
		lost = false
	}
	if lost && m.is("all is lost") {
		return nil, fail.Errorf(fail.Unavailable, "no answer")
	}
	if lost {
		return nil, fail.Errorf(fail.UnknownOutcome, "no answer")
	}
	return &tickets.Ticket{Key: next.Key}, nil
}

// keep makes next of it.
func (m *memory) keep(next, it *item, w tickets.Write) {
	next.event = append(slices.Clone(it.event), tickets.Event{Time: m.w.Now.Add(time.Duration(len(it.event)) * time.Second), What: string(w.Op), To: fmt.Sprint(next.State, next.Assignees)})
	if w.Op == tickets.Create {
		n := 0
		for _, o := range m.all {
			if o.project == w.Project {
				n++
			}
		}
		next.Key = key(w.Project, n+1)
		made := *next
		m.all = append(m.all, &made)
		m.tokens[w.Token] = made.Key
		delete(m.tokens, "")
		return
	}
	*it = *next
	if w.Op != tickets.Relate {
		return
	}
	to := m.item(w.To)
	if !w.Remove {
		m.link(it, w.Kind, to)
		return
	}
	is := func(to string) func(tickets.Link) bool { return func(l tickets.Link) bool { return l.To == to } }
	it.links, to.links = slices.DeleteFunc(slices.Clone(it.links), is(to.Key)), slices.DeleteFunc(slices.Clone(to.links), is(it.Key))
}

func (m *memory) item(k string) *item {
	for _, it := range m.all {
		if it.Key == m.canonical(k) {
			return it
		}
	}
	return nil
}

// apply makes next what it will be after w.
func (m *memory) apply(next, it *item, w tickets.Write) error {
	c := w.Changes
	if w.Op == tickets.Create || w.Op == tickets.Update {
		if err := m.set(next, c); err != nil {
			return err
		}
		if w.Op == tickets.Update && body(w, next.Body) != nil && c.Body == nil && c.Title == nil && c.Type+c.Priority == "" && c.Parent == nil && c.Milestone == nil && c.Assignees == nil && c.Labels == nil && len(c.Add)+len(c.Remove)+len(c.Custom) == 0 {
			return fail.Errorf(fail.Invalid, "there is nothing to change")
		}
		return nil
	}
	switch w.Op {
	case tickets.Remark:
		if c.Comment == "" {
			return fail.Errorf(fail.Invalid, "the comment is empty")
		}
	case tickets.Move:
		to, ok := status(w.To)
		if !ok {
			return fail.Errorf(fail.Invalid, "there is no such state; there are todo, active, done")
		}
		if to == tickets.Done && it.Status == tickets.Done && !m.is("closes twice") {
			return fail.Errorf(fail.Conflict, "it is closed")
		}
		next.Status, next.State, next.Closed = to, state(to), time.Time{}
		if to == tickets.Done {
			next.Closed = m.w.Now
		}
	case tickets.Take:
		if it.Status == tickets.Done || len(it.Assignees) > 0 && it.Assignees[0] != m.w.Me && !m.is("takes") {
			return fail.Errorf(fail.Conflict, "it is %v's", it.Assignees)
		}
		next.Status, next.State, next.Assignees = tickets.Active, "Doing", []string{m.w.Me}
	case tickets.Relate:
		return m.relate(it, w)
	default:
		return fail.Errorf(fail.Invalid, "there is no such operation")
	}
	if len(c.Comment) > 70_000 {
		return fail.Errorf(fail.TooLarge, "at most 70000 bytes, not %d", len(c.Comment))
	}
	if c.Comment != "" {
		comment := tickets.Comment{ID: strconv.Itoa(len(it.Comments) + 1), Author: m.w.Me, Body: c.Comment, Created: m.w.Now}
		next.Comments = append([]tickets.Comment{comment}, it.Comments...)
	}
	return nil
}

func (m *memory) relate(it *item, w tickets.Write) error {
	if !slices.Contains([]string{"blocks", "blocked_by", "related", "duplicates", "parent"}, w.Kind) {
		return fail.Errorf(fail.Unsupported, "there is no such kind of link")
	}
	if project, _, _ := strings.Cut(m.canonical(w.To), "#"); m.closed(project) && !m.is("links to closed") {
		return fail.Errorf(fail.Denied, "the project is closed")
	}
	to := m.item(w.To)
	switch {
	case m.canonical(w.To) == "" || to == it:
		return fail.Errorf(fail.Invalid, "that is nothing to link to")
	case to == nil:
		return fail.Errorf(fail.NotFound, "there is no such ticket")
	}
	has := one(it.links, func(l tickets.Link) bool { return l.To == to.Key && l.Kind == w.Kind })
	if has != w.Remove {
		return fail.Errorf(fail.Conflict, "it is so already")
	}
	return nil
}

// set sets what Changes has of a ticket.
func (m *memory) set(next *item, c tickets.Changes) error {
	if c.Title != nil {
		if next.Title = *c.Title; strings.TrimSpace(next.Title) == "" {
			return fail.Errorf(fail.Invalid, "the title is empty")
		}
	}
	if c.Body != nil {
		text, err := c.Body(next.Body)
		if err != nil {
			return err
		}
		next.Body = text
	}
	if len(next.Title) > 1000 || len(next.Body) > 70_000 && !m.is("any length") {
		return fail.Errorf(fail.TooLarge, "at most 1000 and 70000 bytes")
	}
	if c.Type != "" {
		next.Type = c.Type
	}
	if c.Priority != "" {
		next.Priority = c.Priority
	}
	if c.Milestone != nil {
		if *c.Milestone != "" && !slices.Contains(m.w.Milestones, *c.Milestone) {
			return fail.Errorf(fail.Invalid, "there is no such milestone")
		}
		next.Milestone = *c.Milestone
	}
	if c.Parent != nil {
		if *c.Parent != "" && m.item(*c.Parent) == nil {
			return fail.Errorf(fail.Invalid, "there is no such parent")
		}
		next.Parent = *c.Parent
	}
	if c.Assignees != nil {
		next.Assignees = nil
		for _, who := range *c.Assignees {
			if who == "me" {
				who = m.w.Me
			}
			if !slices.Contains(m.w.People, who) && !m.is("anybody") {
				return fail.Errorf(fail.Invalid, "there is no such person")
			}
			next.Assignees = append(next.Assignees, who)
		}
	}
	list := slices.Clone(next.Labels)
	if c.Labels != nil {
		list = *c.Labels
	}
	if m.is("sets labels") && len(c.Add) > 0 {
		list = nil
	}
	list = slices.DeleteFunc(slices.Concat(list, c.Add), func(l string) bool { return slices.Contains(c.Remove, l) })
	slices.Sort(list)
	next.Labels = slices.Compact(list)
	for _, l := range next.Labels {
		if !slices.Contains(m.w.Labels, l) && !m.is("any new label") {
			return fail.Errorf(fail.Invalid, "there is no such label; there are %v", m.w.Labels)
		}
	}
	for _, f := range c.Custom {
		if f.Name != "Direction" {
			return fail.Errorf(fail.Invalid, "there is no such field; there is Direction")
		}
		var v string
		if err := json.Unmarshal(f.Value, &v); err != nil {
			return fail.Errorf(fail.Invalid, "the field is a text")
		}
		next.Custom = []tickets.Field{{Name: f.Name, Value: v}}
	}
	return nil
}

func (m *memory) Created(_ context.Context, w tickets.Write, since time.Time) ([]tickets.Ticket, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []tickets.Ticket
	for _, it := range m.all {
		if it.project == w.Project && it.Title == *w.Changes.Title && !it.Created.Before(since) && it.Author == m.w.Me && !m.is("finds nothing") {
			out = append(out, it.Ticket)
		}
	}
	return out, nil
}
