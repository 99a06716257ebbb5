package ticketstest

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"cleat/internal/fail"
	"cleat/internal/systems/tickets"
)

// Suite tests the tracker that open returns for a World. Clean-ups of the t that open gets
// close it, and the service behind it. Nobody but them may write to the World's tickets once
// they were handed over. The test that calls Suite must not be parallel to others: goroutines
// are counted.
func Suite(t *testing.T, open func(t *testing.T, w *World) tickets.Tracker, can Can) {
	several := len(can.Projects) > 1
	for _, part := range []struct {
		name string
		on   bool
		run  func(*testing.T, *subject)
	}{
		{"traits", true, traits},
		{"search", true, search},
		{"filters", true, filters},
		{"bad filters", true, badFilters},
		{"fields", true, fields},
		{"limits", true, limits},
		{"pages", true, pages},
		{"native", can.Native != "", native},
		{"ready", can.Ready, ready},
		{"read", true, read},
		{"keys", true, keys},
		{"malformed keys", true, malformed},
		{"bodies", true, bodies},
		{"comments", true, comments},
		{"links", can.Links && len(can.LinkKinds) > 0, links},
		{"hidden links", can.Links && len(can.LinkKinds) > 0 && several, hidden},
		{"closed projects", several, closed},
		{"closed writes", several && can.Write, closedWrites},
		{"hostile texts", true, hostile},
		{"canceled context", true, canceled},
		{"concurrent use", true, concurrent},
		{"create", can.Write, create},
		{"create with all", can.Write, createFull},
		{"write bodies", can.Write, writeBodies},
		{"update", can.Write, update},
		{"labels", can.Write && can.Labels, labels},
		{"assign", can.Write, assign},
		{"base", can.Write, base},
		{"comment", can.Write, remark},
		{"transition", can.Write, transition},
		{"link", can.Write && can.Links, relate},
		{"claim", can.Claim, claim},
		{"custom", can.Write && can.Custom, custom},
		{"history", can.Write && can.History, history},
		{"bad writes", can.Write, badWrites},
		{"tokens", can.Write && can.Tokens, tokens},
		{"faults of create", can.Write && can.Faults != nil, createFaults},
		{"faults of update", can.Write && can.Faults != nil, updateFaults},
	} {
		if !part.on {
			continue
		}
		t.Run(part.name, func(t *testing.T) {
			before := runtime.NumGoroutine()
			t.Run("it", func(t *testing.T) { part.run(t, &subject{open: open, can: can}) })
			await(t, "the goroutines to end", func() bool { return runtime.NumGoroutine() <= before })
		})
	}
}

// await waits until done.
func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(10 * time.Second); !done(); <-tick.C {
		if time.Now().After(end) {
			stacks := make([]byte, 64<<10)
			t.Fatalf("waited in vain for %s\n%s", what, stacks[:runtime.Stack(stacks, true)])
		}
	}
}

// A subject is what is tested.
type subject struct {
	open func(t *testing.T, w *World) tickets.Tracker
	can  Can
	tickets.Tracker
	w *World
}

// on opens the tracker of w.
func (s *subject) on(t *testing.T, w *World) {
	t.Helper()
	s.w = w
	s.Tracker = s.open(t, w)
}

// key is that of a ticket of the World.
func (s *subject) key(i int) string {
	return s.can.Key(s.w.Projects[s.w.Tickets[i].Project].Name, s.w.Tickets[i].N)
}

// index is that of the ticket in the World, by its key.
func (s *subject) index(key string) int {
	for i := range s.w.Tickets {
		if s.key(i) == key {
			return i
		}
	}
	return -1
}

// status is the nearest status to want that a ticket of the service can have.
func (s *subject) status(want tickets.Status) tickets.Status {
	if want == tickets.Active && !slices.Contains(s.can.Statuses, tickets.Active) {
		return tickets.Todo
	}
	return want
}

// project is the name of the first project, "" where there is but one.
func (s *subject) project() string { return s.can.Projects[0] }

// get returns a ticket with what want asks for.
func (s *subject) get(t *testing.T, key string, want tickets.Want) *tickets.Ticket {
	t.Helper()
	ticket, err := s.Ticket(t.Context(), key, want)
	if err != nil {
		t.Fatalf("ticket %q: %s", key, fail.Show(err))
	}
	if ticket == nil {
		t.Fatalf("ticket %q: none, without an error", key)
	}
	return ticket
}

// find returns the page of a search.
func (s *subject) find(t *testing.T, q tickets.Query) *tickets.Page {
	t.Helper()
	page, err := s.Search(t.Context(), q)
	if err != nil {
		t.Fatalf("search %+v: %s", q, fail.Show(err))
	}
	return page
}

// all returns the tickets of all pages of a search.
func (s *subject) all(t *testing.T, q tickets.Query) []tickets.Ticket {
	t.Helper()
	var out []tickets.Ticket
	for range 100 {
		page := s.find(t, q)
		out = append(out, page.Tickets...)
		if q.Cursor = page.Cursor; q.Cursor == "" {
			return out
		}
	}
	t.Fatalf("search %+v: a hundred pages, and no end", q)
	return nil
}

// writer is the tracker as one that writes.
func (s *subject) writer(t *testing.T) tickets.Writer {
	t.Helper()
	w, ok := s.Tracker.(tickets.Writer)
	if !ok {
		t.Fatalf("%T is no tickets.Writer", s.Tracker)
	}
	return w
}

// prepare prepares a write, which must not send anything that changes something.
func (s *subject) prepare(t *testing.T, w tickets.Write) (*tickets.Prepared, error) {
	t.Helper()
	before := s.writes(t)
	p, err := s.writer(t).Prepare(t.Context(), w)
	if now := s.writes(t); now != before {
		t.Errorf("prepare %s %q: %d requests that change something", w.Op, w.Key, now-before)
	}
	if err == nil && (p == nil || p.Send == nil || len(p.Requests) == 0) {
		t.Fatalf("prepare %s %q: %+v has nothing to send", w.Op, w.Key, p)
	}
	return p, err
}

// write prepares a write and sends it.
func (s *subject) write(t *testing.T, w tickets.Write) *tickets.Ticket {
	t.Helper()
	p, err := s.prepare(t, w)
	if err != nil {
		t.Fatalf("prepare %s %q: %s", w.Op, w.Key, fail.Show(err))
	}
	before := s.writes(t)
	out, err := p.Send(t.Context())
	if err != nil {
		t.Fatalf("send %s %q: %s", w.Op, w.Key, fail.Show(err))
	}
	if now := s.writes(t); s.can.Writes != nil && now-before != len(p.Requests) {
		t.Errorf("send %s %q: %d requests were prepared, and %d sent", w.Op, w.Key, len(p.Requests), now-before)
	}
	if out == nil || out.Key == "" {
		t.Fatalf("send %s %q: there is no key in %+v", w.Op, w.Key, out)
	}
	return out
}

// refuses expects Prepare to fail with one of the codes, and returns how it is shown.
func (s *subject) refuses(t *testing.T, what string, w tickets.Write, codes ...fail.Code) string {
	t.Helper()
	_, err := s.prepare(t, w)
	fails(t, what, err, codes...)
	if err == nil {
		return ""
	}
	return fail.Show(err)
}

func (s *subject) writes(t *testing.T) int {
	t.Helper()
	if s.can.Writes == nil {
		return 0
	}
	return s.can.Writes(t)
}

func (s *subject) requests(t *testing.T) int {
	t.Helper()
	if s.can.Requests == nil {
		return 0
	}
	return s.can.Requests(t)
}

// body is what the tracker is to give for a text that was written.
func (s *subject) body(markdown string) string {
	if s.can.Body == nil {
		return markdown
	}
	return s.can.Body(markdown)
}

// fails expects an error of one of the codes, fit to be shown.
func fails(t *testing.T, what string, err error, codes ...fail.Code) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: no error, want %v", what, codes)
		return
	}
	f := fail.From(err)
	if !slices.Contains(codes, f.Code) {
		t.Errorf("%s: %s\nwant %v", what, fail.Show(err), codes)
	}
	said := f.What + f.Why + f.Next
	if strings.ContainsAny(said, "\n\r\x00\x1b\u202e") || !utf8.ValidString(said) || len(said) > 4000 {
		t.Errorf("%s: the error is not a few plain lines: %.300q", what, said)
	}
}

// sorted is a copy of list in order, nil if it is empty.
func sorted(list []string) []string {
	if len(list) == 0 {
		return nil
	}
	list = slices.Clone(list)
	slices.Sort(list)
	return list
}

// row is what a search tells of a ticket, as far as the service has it.
func (s *subject) row(t tickets.Ticket) string {
	out := fmt.Sprintf("%s %s %q", t.Key, t.Status, t.Title)
	if s.can.Labels {
		out += fmt.Sprintf(" labels=%q", sorted(t.Labels))
	}
	out += fmt.Sprintf(" assignees=%q", sorted(t.Assignees))
	if !t.Updated.IsZero() || !s.can.ByCreation {
		out += " updated=" + t.Updated.UTC().Truncate(time.Second).Format(time.RFC3339)
	}
	return out
}

// want is the row of a ticket of the World.
func (s *subject) want(i int) string {
	t := s.w.Tickets[i].Ticket
	t.Key = s.key(i)
	return s.row(t)
}

// found says which tickets of the World there are, by index.
func (s *subject) found(t *testing.T, list []tickets.Ticket) []int {
	t.Helper()
	var out []int
	for _, ticket := range list {
		i := s.index(ticket.Key)
		if i < 0 {
			t.Errorf("there is a ticket %q %.80q, which is not of the world", ticket.Key, ticket.Title)
		}
		out = append(out, i)
	}
	return out
}

func pointer[T any](v T) *T { return &v }

// set is an edit that makes body the whole body.
func set(body string) tickets.Edit { return func(string) (string, error) { return body, nil } }

// one is whether one of the list is so.
func one[T any](list []T, is func(T) bool) bool { return slices.ContainsFunc(list, is) }
