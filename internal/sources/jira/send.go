package jira

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"cleat/internal/fail"
	"cleat/internal/rest"
	"cleat/internal/systems/tickets"
)

// A step is one request of a write.
type step struct {
	method, path string
	body         json.RawMessage // nil for none
	done         string          // what it does, in words
}

// add adds a step. Its bytes are the ones that are sent.
//
//go:noinline
func (p *plan) add(method, path string, body json.RawMessage, done string) {
	p.steps = append(p.steps, step{method, path, body, done})
}

// send sends the steps, each once.
func (p *plan) send(ctx context.Context) (*tickets.Ticket, error) {
	key := ""
	if p.now != nil {
		key = p.now.Key
	}
	var done []string
	for _, st := range p.steps {
		r := rest.Request{Method: st.method, Path: strings.Replace(st.path, "{key}", key, 1)}
		if st.body != nil {
			r.Body = st.body
		}
		var made *thing
		var into any
		if key == "" {
			made = &thing{}
			into = made
		}
		err := p.Source.send(ctx, r, into)
		if err == nil && made != nil {
			if key = made.Key; !isKey(key) {
				err = fail.Errorf(fail.UnknownOutcome, "it is not known whether %s made the issue: its answer has no key", title).
					Then("look for it with ticket_search before creating it again")
			}
		}
		if err != nil {
			return nil, tickets.Partly(err, done...)
		}
		done = append(done, st.done)
	}
	i, err := p.issue(ctx, key, "")
	if err == nil {
		t := p.ticket(i)
		if p.w.Changes.Parent != nil && t.Parent != p.up {
			// Jira answers a parent that the hierarchy of types does not allow with success.
			t.Notes = append(t.Notes, "Jira has not set the parent: it may not allow one of that type")
		}
		return &t, nil
	}
	// It is done all the same.
	t := tickets.Ticket{Key: key, Project: projectOf(key), URL: p.web + "/browse/" + key, CommentCount: -1,
		Notes: []string{"it was done, but could not be read again: " + fail.From(err).What}}
	if p.w.Changes.Title != nil {
		t.Title = *p.w.Changes.Title
	} else if p.before != nil {
		t.Title = p.before.Title
	}
	return &t, nil
}

// Created implements tickets.Finder. Jira has no other list of new issues than its search,
// whose index can be some seconds behind on Cloud: that an issue is found is sure, that it is
// not found is not.
func (s *Source) Created(ctx context.Context, w tickets.Write, since time.Time) ([]tickets.Ticket, error) {
	if w.Changes.Title == nil {
		return nil, fail.Errorf(fail.Invalid, "a ticket needs a title")
	}
	clauses, err := s.scope(ctx, w.Project)
	if err != nil {
		return nil, err
	}
	clauses = append(clauses, "creator = currentUser()", "created >= "+strconv.FormatInt(since.UnixMilli(), 10))
	a, err := s.ask(ctx, searching{JQL: strings.Join(clauses, " AND ") + " ORDER BY created DESC", Max: tickets.MaxComments, Fields: []string{"*all", "-comment", "-worklog", "-attachment"}})
	if err != nil {
		return nil, err
	}
	var out []tickets.Ticket
	for n := range a.Issues {
		i := &a.Issues[n]
		if isKey(i.Key) && s.has(projectOf(i.Key)) && strings.TrimSpace(i.f.Summary) == strings.TrimSpace(*w.Changes.Title) {
			out = append(out, s.ticket(i))
		}
	}
	return out, nil
}
