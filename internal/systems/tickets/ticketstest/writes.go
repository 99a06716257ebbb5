package ticketstest

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cleat/internal/fail"
	"cleat/internal/systems/tickets"
)

// made is a write that makes a ticket of the first project.
func (s *subject) made(title, body string) tickets.Write {
	w := tickets.Write{Op: tickets.Create, Project: s.project(), Changes: tickets.Changes{Title: &title}}
	if body != "" {
		w.Changes.Body = set(body)
	}
	if s.can.Type {
		w.Changes.Type = s.can.Types[0]
	}
	return w
}

// titled returns the tickets with that title, of whatever status.
func (s *subject) titled(t *testing.T, title string) []tickets.Ticket {
	t.Helper()
	var out []tickets.Ticket
	for _, ticket := range s.all(t, tickets.Query{Project: s.project(), Status: tickets.All, Limit: 100}) {
		if ticket.Title == title {
			out = append(out, ticket)
		}
	}
	return out
}

func create(t *testing.T, s *subject) {
	s.on(t, s.searching())
	p, err := s.prepare(t, s.made("The mast is bent", "By *ten* degrees."))
	if err != nil {
		t.Fatal(fail.Show(err))
	}
	if p.Before != nil {
		t.Error("a create has a ticket from before")
	}
	var said strings.Builder
	for _, r := range p.Requests {
		said.Write(r.Body)
		if len(r.Body) > 0 && !json.Valid(r.Body) {
			t.Errorf("the body of a request is no JSON: %.200s", r.Body)
		}
	}
	if !strings.Contains(said.String(), "The mast is bent") {
		t.Errorf("the requests do not tell the title: %.300s", said.String())
	}
	if n := len(s.titled(t, "The mast is bent")); n != 0 {
		t.Fatalf("Prepare has made %d tickets", n)
	}
	before := s.writes(t)
	out, err := p.Send(t.Context())
	if err != nil {
		t.Fatal(fail.Show(err))
	}
	if n := s.writes(t) - before; s.can.Writes != nil && n != len(p.Requests) {
		t.Errorf("%d requests were prepared, and %d sent", len(p.Requests), n)
	}
	got := s.get(t, out.Key, tickets.Want{})
	if got.Key != out.Key || got.Title != "The mast is bent" || got.Body != s.body("By *ten* degrees.") || got.Status != tickets.Todo || len(got.Assignees) != 0 || got.Author != s.w.Me {
		t.Errorf("the ticket is %+v", got)
	}
	if n := len(s.titled(t, "The mast is bent")); n != 1 {
		t.Errorf("the search has it %d times", n)
	}
	if other := s.write(t, s.made("Another", "")); other.Key == out.Key {
		t.Error("two tickets have one key")
	} else if got := s.get(t, other.Key, tickets.Want{}); got.Body != "" {
		t.Errorf("a ticket without a body has %q", got.Body)
	}
}

func createFull(t *testing.T, s *subject) {
	s.on(t, s.searching())
	w := s.made("The mast is bent", "Body.")
	want := tickets.Ticket{Title: "The mast is bent", Body: s.body("Body."), Assignees: []string{s.can.Person(2)}}
	w.Changes.Assignees = &[]string{s.can.Person(2)}
	if s.can.Assignees {
		w.Changes.Assignees = &[]string{s.can.Person(2), "me"}
		want.Assignees = sorted([]string{s.can.Person(2), s.can.Person(0)})
	}
	if s.can.Labels {
		w.Changes.Labels, want.Labels = &[]string{"docs", "urgent"}, []string{"docs", "urgent"}
	}
	if s.can.Type {
		w.Changes.Type, want.Type = s.can.Types[1], s.can.Types[1]
	}
	if s.can.Priority {
		w.Changes.Priority, want.Priority = s.can.Priorities[1], s.can.Priorities[1]
	}
	if s.can.Milestone {
		w.Changes.Milestone, want.Milestone = pointer("v2"), "v2"
	}
	if s.can.Parent {
		w.Changes.Parent, want.Parent = pointer(s.key(crash)), s.key(crash)
	}
	out := s.write(t, w)
	s.equal(t, out.Key, want)
}

// equal compares what can be set of a ticket.
func (s *subject) equal(t *testing.T, key string, want tickets.Ticket) {
	t.Helper()
	set := func(v tickets.Ticket) tickets.Ticket {
		out := tickets.Ticket{Title: v.Title, Body: v.Body, Assignees: sorted(v.Assignees), Labels: sorted(v.Labels)}
		if s.can.Type {
			out.Type = v.Type
		}
		if s.can.Priority {
			out.Priority = v.Priority
		}
		if s.can.Milestone {
			out.Milestone = v.Milestone
		}
		if s.can.Parent {
			out.Parent = v.Parent
		}
		return out
	}
	if diff := cmp.Diff(set(want), set(*s.get(t, key, tickets.Want{}))); diff != "" {
		t.Errorf("%s (-want +got):\n%s", key, diff)
	}
}

func writeBodies(t *testing.T, s *subject) {
	s.on(t, s.searching())
	for name, body := range s.texts() {
		w := s.made("A body: "+name, body)
		out := s.write(t, w)
		if got := s.get(t, out.Key, tickets.Want{}).Body; got != s.body(body) {
			t.Errorf("created with %s (-want +got):\n%s", name, cmp.Diff(s.body(body), got))
		}
		s.write(t, tickets.Write{Op: tickets.Remark, Key: out.Key, Changes: tickets.Changes{Comment: body}})
		got := s.get(t, out.Key, tickets.Want{Comments: 1})
		if len(got.Comments) != 1 || got.Comments[0].Body != s.body(body) {
			t.Errorf("commented with %s (-want +got):\n%s", name, cmp.Diff(s.body(body), fmt.Sprint(got.Comments)))
		}
		s.write(t, tickets.Write{Op: tickets.Update, Key: s.key(docs), Changes: tickets.Changes{Body: set(body)}})
		if got := s.get(t, s.key(docs), tickets.Want{}).Body; got != s.body(body) {
			t.Errorf("updated with %s (-want +got):\n%s", name, cmp.Diff(s.body(body), got))
		}
	}
}

func update(t *testing.T, s *subject) {
	s.on(t, s.searching())
	key := s.key(wordy)
	want := *s.get(t, key, tickets.Want{})
	change := func(c tickets.Changes, do func()) {
		t.Helper()
		s.write(t, tickets.Write{Op: tickets.Update, Key: key, Changes: c})
		do()
		s.equal(t, key, want)
	}
	change(tickets.Changes{Title: pointer("Supper \"on\" board; --")}, func() { want.Title = "Supper \"on\" board; --" })
	var saw string
	change(tickets.Changes{Body: func(body string) (string, error) { saw = body; return body + "\n\nAnd honey.", nil }}, func() {
		if saw != want.Body {
			t.Errorf("the edit got %q, want the body %q", saw, want.Body)
		}
		want.Body = s.body("There is no marmalade.\n\nOnly jam.\n\nAnd honey.")
	})
	if s.can.Type {
		change(tickets.Changes{Type: s.can.Types[1]}, func() { want.Type = s.can.Types[1] })
	}
	if s.can.Priority {
		change(tickets.Changes{Priority: s.can.Priorities[1]}, func() { want.Priority = s.can.Priorities[1] })
	}
	if s.can.Milestone {
		change(tickets.Changes{Milestone: pointer("v1")}, func() { want.Milestone = "v1" })
		change(tickets.Changes{Milestone: pointer("")}, func() { want.Milestone = "" })
	}
	if s.can.Parent {
		change(tickets.Changes{Parent: pointer(s.key(crash))}, func() { want.Parent = s.key(crash) })
		change(tickets.Changes{Parent: pointer("")}, func() { want.Parent = "" })
	}
	change(tickets.Changes{Title: pointer("Both"), Body: set("New.")}, func() { want.Title, want.Body = "Both", s.body("New.") })
	change(tickets.Changes{Body: set("")}, func() { want.Body = "" })
	_, err := s.prepare(t, tickets.Write{Op: tickets.Update, Key: key, Changes: tickets.Changes{Body: func(string) (string, error) {
		return "", fail.Errorf(fail.NotFound, "there is no such section")
	}}})
	fails(t, "an edit that fails", err, fail.NotFound)
	odd := errors.New("odd")
	if _, err = s.prepare(t, tickets.Write{Op: tickets.Update, Key: key, Changes: tickets.Changes{Body: func(string) (string, error) { return "", odd }}}); !errors.Is(err, odd) {
		t.Errorf("an edit fails with an error of its own: %v", err)
	}
	s.equal(t, key, want)
	for _, i := range []int{crash, docs, taken, mine, finished} {
		s.whole(t, "a ticket that was let alone", *s.get(t, s.key(i), tickets.Want{}), i, []string{"title", "status", "assignee", "labels", "body"})
	}
}

func labels(t *testing.T, s *subject) {
	s.on(t, s.searching())
	key := s.key(taken) // urgent, needs-info
	for _, r := range []struct {
		name string
		c    tickets.Changes
		want []string
	}{
		{"add", tickets.Changes{Add: []string{"docs"}}, []string{"docs", "needs-info", "urgent"}},
		{"remove", tickets.Changes{Remove: []string{"urgent"}}, []string{"docs", "needs-info"}},
		{"remove one that it does not have", tickets.Changes{Remove: []string{"urgent"}, Add: []string{"docs"}, Title: pointer("x")}, []string{"docs", "needs-info"}},
		{"both", tickets.Changes{Add: []string{"urgent"}, Remove: []string{"docs"}}, []string{"needs-info", "urgent"}},
		{"set", tickets.Changes{Labels: &[]string{"docs"}}, []string{"docs"}},
		{"none", tickets.Changes{Labels: &[]string{}}, nil},
	} {
		s.write(t, tickets.Write{Op: tickets.Update, Key: key, Changes: r.c})
		if got := sorted(s.get(t, key, tickets.Want{}).Labels); !slices.Equal(got, r.want) {
			t.Errorf("%s: %q, want %q", r.name, got, r.want)
		}
	}
	if s.can.FreeLabels {
		return
	}
	said := s.refuses(t, "a label that is not there", tickets.Write{Op: tickets.Update, Key: key, Changes: tickets.Changes{Add: []string{"urgnt"}}}, fail.Invalid, fail.NotFound)
	if !strings.Contains(said, "urgent") {
		t.Errorf("the nearest label is not named: %s", said)
	}
	w := s.made("x", "")
	w.Changes.Labels = &[]string{"urgnt"}
	s.refuses(t, "create with a label that is not there", w, fail.Invalid, fail.NotFound)
}

func assign(t *testing.T, s *subject) {
	s.on(t, s.searching())
	key := s.key(taken)
	rows := []struct {
		name string
		to   []string
		want []string
	}{
		{"another", []string{s.can.Person(2)}, []string{s.can.Person(2)}},
		{"me", []string{"me"}, []string{s.can.Person(0)}},
		{"nobody", []string{}, nil},
		{"one again", []string{s.can.Person(1)}, []string{s.can.Person(1)}},
	}
	for _, r := range rows {
		s.write(t, tickets.Write{Op: tickets.Update, Key: key, Changes: tickets.Changes{Assignees: &r.to}})
		if got := sorted(s.get(t, key, tickets.Want{}).Assignees); !slices.Equal(got, r.want) {
			t.Errorf("%s: %q, want %q", r.name, got, r.want)
		}
	}
	two := []string{s.can.Person(1), s.can.Person(2)}
	w := tickets.Write{Op: tickets.Update, Key: key, Changes: tickets.Changes{Assignees: &two}}
	if !s.can.Assignees {
		s.refuses(t, "two people", w, fail.Invalid, fail.Unsupported)
		return
	}
	s.write(t, w)
	if got := sorted(s.get(t, key, tickets.Want{}).Assignees); !slices.Equal(got, sorted(two)) {
		t.Errorf("two: %q, want %q", got, sorted(two))
	}
}

func base(t *testing.T, s *subject) {
	s.on(t, s.searching())
	key := s.key(docs)
	was := s.get(t, key, tickets.Want{}).Base()
	s.write(t, tickets.Write{Op: tickets.Remark, Key: key, Changes: tickets.Changes{Comment: "Just so."}})
	if now := s.get(t, key, tickets.Want{}).Base(); now != was {
		t.Errorf("a comment has changed the base, %s to %s", was, now)
	}
	mine := tickets.Write{Op: tickets.Update, Key: key, Base: was, Changes: tickets.Changes{Title: pointer("My title"), Body: set("My body.")}}
	if _, err := s.prepare(t, mine); err != nil {
		t.Fatalf("with the base as it is: %s", fail.Show(err))
	}
	s.write(t, tickets.Write{Op: tickets.Update, Key: key, Base: was, Changes: tickets.Changes{Title: pointer("Their title")}})
	said := s.refuses(t, "with the base of before", mine, fail.Conflict)
	if !strings.Contains(said, "My title") || !strings.Contains(said, "Their title") {
		t.Errorf("the conflict does not tell both versions: %s", said)
	}
	for _, w := range []tickets.Write{{Op: tickets.Move, To: "done"}, {Op: tickets.Update, Changes: tickets.Changes{Assignees: &[]string{"me"}}}} {
		w.Key, w.Base = key, was
		s.refuses(t, fmt.Sprintf("%s with the base of before", w.Op), w, fail.Conflict)
	}
	got := s.get(t, key, tickets.Want{})
	if got.Title != "Their title" || got.Body != s.body(s.w.Tickets[docs].Body) || got.Status == tickets.Done {
		t.Errorf("after the conflict the ticket is %+v", got)
	}
	mine.Base = got.Base()
	s.write(t, mine)
	if got := s.get(t, key, tickets.Want{}); got.Title != "My title" || got.Body != s.body("My body.") {
		t.Errorf("with the new base: %+v", got)
	}
	for _, odd := range []string{"00000000", "x\u202e\ny", strings.Repeat("a", 10_000)} {
		s.refuses(t, "odd base", tickets.Write{Op: tickets.Update, Key: key, Base: odd, Changes: tickets.Changes{Title: pointer("x")}}, fail.Conflict, fail.Invalid)
	}
}

func remark(t *testing.T, s *subject) {
	s.on(t, s.searching())
	key := s.key(docs)
	s.write(t, tickets.Write{Op: tickets.Remark, Key: key, Changes: tickets.Changes{Comment: "First."}})
	s.write(t, tickets.Write{Op: tickets.Remark, Key: key, Changes: tickets.Changes{Comment: "Second."}})
	got := s.get(t, key, tickets.Want{Comments: 10})
	if len(got.Comments) != 2 || got.Comments[0].Body != s.body("Second.") || got.Comments[1].Body != s.body("First.") || got.Comments[0].Author != s.w.Me {
		t.Errorf("the comments are %+v", got.Comments)
	}
	s.refuses(t, "an empty comment", tickets.Write{Op: tickets.Remark, Key: key}, fail.Invalid)
	if most := s.Traits().MaxBody; most > 0 {
		s.refuses(t, "a comment that is too long", tickets.Write{Op: tickets.Remark, Key: key, Changes: tickets.Changes{Comment: strings.Repeat("x", most+1)}}, fail.TooLarge)
	}
	s.write(t, tickets.Write{Op: tickets.Remark, Key: s.key(finished), Changes: tickets.Changes{Comment: "To a ticket that is closed."}})
}
