package ticketstest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"cleat/internal/fail"
	"cleat/internal/systems/tickets"
)

// absent is the name of nobody and nothing.
const absent = "zzyzx-nobody"

func transition(t *testing.T, s *subject) {
	s.on(t, s.searching())
	key := s.key(crash)
	for _, to := range []tickets.Status{tickets.Active, tickets.Done, tickets.Todo, tickets.Done} {
		if !slices.Contains(s.can.Statuses, to) {
			continue
		}
		out := s.write(t, tickets.Write{Op: tickets.Move, Key: key, To: string(to)})
		got := s.get(t, key, tickets.Want{})
		if got.Status != to || out.Key != key {
			t.Errorf("moved to %s it is %s", to, got.Status)
		}
		if (to == tickets.Done) == got.Closed.IsZero() {
			t.Errorf("moved to %s it was closed at %v", to, got.Closed)
		}
		if got.Title != s.w.Tickets[crash].Title || got.Body != s.body(s.w.Tickets[crash].Body) {
			t.Errorf("moved to %s it is %+v", to, got)
		}
	}
	s.refuses(t, "to close what is closed", tickets.Write{Op: tickets.Move, Key: key, To: "done"}, fail.Conflict)
	key = s.key(docs)
	if state := s.can.State(tickets.Done); state != "" {
		s.write(t, tickets.Write{Op: tickets.Move, Key: key, To: state, Changes: tickets.Changes{Comment: "It is done."}})
		got := s.get(t, key, tickets.Want{Comments: 10})
		if got.State != state || len(got.Comments) != 1 || got.Comments[0].Body != s.body("It is done.") {
			t.Errorf("moved to %q with a comment it is %q with %+v", state, got.State, got.Comments)
		}
	}
	said := s.refuses(t, "a state that is not there", tickets.Write{Op: tickets.Move, Key: s.key(wordy), To: "pondering"}, fail.Invalid)
	if state := s.can.State(tickets.Done); !strings.Contains(said, "done") && (state == "" || !strings.Contains(said, state)) {
		t.Errorf("the states that are there are not named: %s", said)
	}
	s.refuses(t, "no state", tickets.Write{Op: tickets.Move, Key: s.key(wordy)}, fail.Invalid)
	s.refuses(t, "a hostile state", tickets.Write{Op: tickets.Move, Key: s.key(wordy), To: "x\u202e\n\x00" + strings.Repeat("y", 5000)}, fail.Invalid)
	if !s.can.Transitions {
		return
	}
	for _, x := range s.get(t, s.key(wordy), tickets.Want{Transitions: true}).Transitions {
		if len(x.Needs) > 0 || x.Status == tickets.Todo {
			continue
		}
		w := s.made("Moved by "+x.Name, "")
		key := s.write(t, w).Key
		if !one(s.get(t, key, tickets.Want{Transitions: true}).Transitions, func(y tickets.Transition) bool { return y.Name == x.Name }) {
			continue
		}
		s.write(t, tickets.Write{Op: tickets.Move, Key: key, To: x.Name})
		if got := s.get(t, key, tickets.Want{}); got.Status != x.Status || x.State != "" && got.State != x.State {
			t.Errorf("the transition %+v has led to %s %q", x, got.Status, got.State)
		}
	}
}

func relate(t *testing.T, s *subject) {
	for _, kind := range s.can.LinkKinds {
		s.on(t, s.searching())
		w := tickets.Write{Op: tickets.Relate, Key: s.key(docs), Kind: kind, To: s.key(wordy)}
		s.write(t, w)
		s.linked(t, s.key(docs), kind, s.key(wordy), true)
		s.linked(t, s.key(wordy), tickets.Inverse(kind), s.key(docs), true)
		if _, err := s.prepare(t, w); err != nil { // a second time is refused, or changes nothing
			fails(t, kind+" twice", err, fail.Conflict, fail.Invalid)
		}
		if kind != "related" && kind != "parent" { // a ticket has one parent, and a child another perhaps
			s.write(t, tickets.Write{Op: tickets.Relate, Key: s.key(docs), Kind: kind, To: s.key(crash)})
			s.linked(t, s.key(docs), kind, s.key(wordy), true)
			s.linked(t, s.key(docs), kind, s.key(crash), true)
		}
		w.Remove = true
		s.write(t, w)
		s.linked(t, s.key(docs), kind, s.key(wordy), false)
		s.linked(t, s.key(wordy), kind, s.key(docs), false)
		s.refuses(t, kind+" taken away twice", w, fail.Conflict, fail.NotFound, fail.Invalid)
	}
	s.on(t, s.searching())
	if len(s.can.LinkKinds) == 0 {
		s.refuses(t, "a link", tickets.Write{Op: tickets.Relate, Key: s.key(docs), Kind: "blocks", To: s.key(crash)}, fail.Unsupported)
		return
	}
	kind := s.can.LinkKinds[0]
	s.refuses(t, "an unknown kind", tickets.Write{Op: tickets.Relate, Key: s.key(docs), Kind: "envies", To: s.key(crash)}, fail.Invalid, fail.Unsupported)
	s.refuses(t, "no kind", tickets.Write{Op: tickets.Relate, Key: s.key(docs), To: s.key(crash)}, fail.Invalid, fail.Unsupported)
	s.refuses(t, "to an unknown ticket", tickets.Write{Op: tickets.Relate, Key: s.key(docs), Kind: kind, To: s.can.Key(s.project(), 9999)}, fail.NotFound)
	s.refuses(t, "to a malformed key", tickets.Write{Op: tickets.Relate, Key: s.key(docs), Kind: kind, To: s.key(crash) + "/../../admin"}, fail.Invalid)
	s.refuses(t, "to itself", tickets.Write{Op: tickets.Relate, Key: s.key(docs), Kind: kind, To: s.key(docs)}, fail.Invalid)
	for _, kind := range tickets.LinkKinds() {
		if !slices.Contains(s.can.LinkKinds, kind) {
			s.refuses(t, kind, tickets.Write{Op: tickets.Relate, Key: s.key(docs), Kind: kind, To: s.key(crash)}, fail.Unsupported)
		}
	}
}

func claim(t *testing.T, s *subject) {
	s.on(t, s.searching())
	s.write(t, tickets.Write{Op: tickets.Take, Key: s.key(crash)})
	got := s.get(t, s.key(crash), tickets.Want{})
	if !slices.Equal(got.Assignees, []string{s.w.Me}) || got.Status != s.status(tickets.Active) {
		t.Errorf("claimed, it is %s of %q", got.Status, got.Assignees)
	}
	// Another time it is one's own already: that is said, or nothing changes.
	if p, err := s.prepare(t, tickets.Write{Op: tickets.Take, Key: s.key(crash)}); err != nil {
		fails(t, "claimed twice", err, fail.Conflict)
	} else if _, err := p.Send(t.Context()); err != nil {
		fails(t, "claimed twice", err, fail.Conflict)
	}
	if again := s.get(t, s.key(crash), tickets.Want{}); again.Base() != got.Base() {
		t.Errorf("claimed twice, it is %+v", again)
	}
	said := s.refuses(t, "another's", tickets.Write{Op: tickets.Take, Key: s.key(taken)}, fail.Conflict)
	if !strings.Contains(said, s.can.Person(1)) {
		t.Errorf("whose ticket it is is not said: %s", said)
	}
	s.refuses(t, "closed", tickets.Write{Op: tickets.Take, Key: s.key(finished)}, fail.Conflict)
	s.refuses(t, "unknown", tickets.Write{Op: tickets.Take, Key: s.can.Key(s.project(), 9999)}, fail.NotFound)
	if got := s.get(t, s.key(taken), tickets.Want{}); !slices.Equal(got.Assignees, []string{s.can.Person(1)}) {
		t.Errorf("another's ticket is now of %q", got.Assignees)
	}
}

func custom(t *testing.T, s *subject) {
	s.on(t, s.searching())
	value := func(key string) string {
		for _, f := range s.get(t, key, tickets.Want{}).Custom {
			if f.Name == s.can.CustomField {
				return f.Value
			}
		}
		return ""
	}
	set := func(v string) []tickets.Custom {
		return []tickets.Custom{{Name: s.can.CustomField, Value: json.RawMessage(v)}}
	}
	key := s.key(docs)
	s.write(t, tickets.Write{Op: tickets.Update, Key: key, Changes: tickets.Changes{Custom: set(`"north \"by\" west"`)}})
	if got := value(key); got != `north "by" west` {
		t.Errorf("the field is %q", got)
	}
	w := s.made("With a field", "")
	w.Changes.Custom = set(`"south"`)
	if got := value(s.write(t, w).Key); got != "south" {
		t.Errorf("the field of a new ticket is %q", got)
	}
	if got := value(s.key(crash)); got != "" {
		t.Errorf("the field of a ticket that was let alone is %q", got)
	}
	said := s.refuses(t, "an unknown field", tickets.Write{Op: tickets.Update, Key: key, Changes: tickets.Changes{Custom: []tickets.Custom{{Name: absent, Value: json.RawMessage(`1`)}}}}, fail.Invalid)
	if !strings.Contains(said, s.can.CustomField) {
		t.Errorf("the fields that are there are not named: %s", said)
	}
}

func history(t *testing.T, s *subject) {
	s.on(t, s.searching())
	key := s.key(docs)
	s.write(t, tickets.Write{Op: tickets.Move, Key: key, To: "done"})
	s.write(t, tickets.Write{Op: tickets.Move, Key: key, To: "todo"})
	s.write(t, tickets.Write{Op: tickets.Update, Key: key, Changes: tickets.Changes{Assignees: &[]string{s.can.Person(2)}}})
	got := s.get(t, key, tickets.Want{Events: 50})
	if len(got.Events) < 3 {
		t.Errorf("%d events after 3 changes: %+v", len(got.Events), got.Events)
	}
	for i, e := range got.Events {
		if e.What == "" || e.Time.IsZero() {
			t.Errorf("event %d does not tell what, or when: %+v", i, e)
		}
		if i > 0 && e.Time.After(got.Events[i-1].Time) {
			t.Errorf("event %d is later than the one before it", i)
		}
	}
	if len(got.Events) > 0 && !strings.Contains(fmt.Sprintf("%+v", got.Events[0]), s.can.Person(2)) {
		t.Errorf("the newest event is not the last change: %+v", got.Events[0])
	}
	if got := s.get(t, key, tickets.Want{Events: 1}); len(got.Events) != 1 {
		t.Errorf("%d events, want 1", len(got.Events))
	}
}

func badWrites(t *testing.T, s *subject) {
	s.on(t, s.searching())
	key, traits := s.key(docs), s.Traits()
	was := s.get(t, key, tickets.Want{}).Base()
	n := len(s.all(t, tickets.Query{Project: s.project(), Status: tickets.All, Limit: 100}))
	bad := func(name string, c tickets.Changes, codes ...fail.Code) {
		t.Helper()
		s.refuses(t, "update: "+name, tickets.Write{Op: tickets.Update, Key: key, Changes: c}, codes...)
		w := s.made("x", "")
		if c.Title == nil {
			c.Title = w.Changes.Title
		}
		if c.Type == "" {
			c.Type = w.Changes.Type
		}
		w.Changes = c
		s.refuses(t, "create: "+name, w, codes...)
	}
	if !s.can.FreePeople {
		bad("a person that is not there", tickets.Changes{Assignees: &[]string{absent}}, fail.Invalid, fail.NotFound)
	}
	bad("an empty title", tickets.Changes{Title: pointer("")}, fail.Invalid)
	bad("a blank title", tickets.Changes{Title: pointer(" \t ")}, fail.Invalid)
	bad("a field that is not there", tickets.Changes{Custom: []tickets.Custom{{Name: absent, Value: json.RawMessage(`"x"`)}}}, fail.Invalid, fail.Unsupported)
	if traits.MaxTitle > 0 {
		bad("a title that is too long", tickets.Changes{Title: pointer(strings.Repeat("x", traits.MaxTitle+1))}, fail.TooLarge)
	}
	if traits.MaxBody > 0 {
		bad("a body that is too long", tickets.Changes{Body: set(strings.Repeat("x", traits.MaxBody+1))}, fail.TooLarge)
	}
	if s.can.Milestone {
		bad("a milestone that is not there", tickets.Changes{Milestone: pointer(absent)}, fail.Invalid, fail.NotFound)
	} else {
		bad("a milestone", tickets.Changes{Milestone: pointer("v1")}, fail.Unsupported, fail.Invalid)
	}
	if s.can.Parent {
		bad("a parent that is not there", tickets.Changes{Parent: pointer(s.can.Key(s.project(), 9999))}, fail.Invalid, fail.NotFound)
		bad("a parent that is no key", tickets.Changes{Parent: pointer(key + "/../../admin")}, fail.Invalid)
	} else {
		bad("a parent", tickets.Changes{Parent: pointer(s.key(crash))}, fail.Unsupported, fail.Invalid)
	}
	if !s.can.Type {
		bad("a type", tickets.Changes{Type: "bug"}, fail.Unsupported, fail.Invalid)
	}
	if !s.can.Priority {
		bad("a priority", tickets.Changes{Priority: "high"}, fail.Unsupported, fail.Invalid)
	}
	if !s.can.Claim {
		s.refuses(t, "claim", tickets.Write{Op: tickets.Take, Key: key}, fail.Unsupported)
	}
	s.refuses(t, "nothing to change", tickets.Write{Op: tickets.Update, Key: key}, fail.Invalid)
	s.refuses(t, "create without a title", tickets.Write{Op: tickets.Create, Project: s.project()}, fail.Invalid)
	s.refuses(t, "create in a project that is not there", tickets.Write{Op: tickets.Create, Project: "nobody/nothing", Changes: tickets.Changes{Title: pointer("x")}}, fail.Denied, fail.NotFound, fail.Invalid)
	s.refuses(t, "an unknown operation", tickets.Write{Op: "explode", Key: key}, fail.Invalid, fail.Unsupported)
	if now := s.get(t, key, tickets.Want{}).Base(); now != was {
		t.Errorf("writes that were refused have changed the ticket")
	}
	if now := len(s.all(t, tickets.Query{Project: s.project(), Status: tickets.All, Limit: 100})); now != n {
		t.Errorf("there are %d tickets, and were %d", now, n)
	}
}

func tokens(t *testing.T, s *subject) {
	s.on(t, s.searching())
	w := s.made("Made once", "Body.")
	w.Token = strings.Repeat("0123456789abcdef", 2)
	first := s.write(t, w).Key
	p, err := s.prepare(t, w)
	if err != nil {
		t.Fatalf("prepare again: %s", fail.Show(err))
	}
	out, err := p.Send(t.Context())
	if err != nil {
		t.Fatalf("send again: %s", fail.Show(err))
	}
	if out.Key != first {
		t.Errorf("the ticket is %s, then %s", first, out.Key)
	}
	w.Token = strings.Repeat("fedcba9876543210", 2)
	if other := s.write(t, w).Key; other == first {
		t.Error("a write with another token has given the same ticket")
	}
	if n := len(s.titled(t, "Made once")); n != 2 {
		t.Errorf("there are %d tickets, want 2", n)
	}
}
