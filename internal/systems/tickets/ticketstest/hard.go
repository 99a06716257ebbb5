package ticketstest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"cleat/internal/fail"
	"cleat/internal/systems/tickets"
)

func hostile(t *testing.T, s *subject) {
	w := s.empty()
	texts := []string{
		strings.Repeat("long ", 20_000), "bidi \u202eevil\u202c \u2066x\u2069 \u200b\ufeff", "control \x1b[31mred\x1b[0m \x07\x08",
		"two\nlines", "{{template}} <script> ]]> %s %00 ${x}", "a\tb", "'); DELETE FROM tickets; --",
	}
	for i, text := range texts {
		x := s.add(w, 100-i, text, tickets.Todo)
		x.Body = text
		x.Comments = []tickets.Comment{{Author: s.can.Person(1), Body: text, Created: noon.Add(-time.Hour)}}
	}
	s.on(t, w)
	page := s.find(t, tickets.Query{Project: s.project()})
	if len(page.Tickets) != len(texts) {
		t.Errorf("%d tickets, want %d", len(page.Tickets), len(texts))
	}
	for i := range texts {
		got := s.get(t, s.key(i), tickets.Want{Comments: 10, Events: 10, Links: true, Transitions: s.can.Transitions})
		if len(got.Title) > 1100 || !utf8.ValidString(got.Title) {
			t.Errorf("a title of %d bytes", len(got.Title))
		}
		if len(got.Comments) != 1 {
			t.Errorf("ticket %d: %d comments, want 1", i, len(got.Comments))
		}
	}
	for _, ticket := range page.Tickets {
		if len(ticket.Title) > 1100 || !utf8.ValidString(ticket.Title) {
			t.Errorf("a title of %d bytes in a row", len(ticket.Title))
		}
	}
}

func canceled(t *testing.T, s *subject) {
	s.on(t, s.searching())
	var p *tickets.Prepared
	if s.can.Write {
		var err error
		if p, err = s.prepare(t, tickets.Write{Op: tickets.Remark, Key: s.key(docs), Changes: tickets.Changes{Comment: "never"}}); err != nil {
			t.Fatal(fail.Show(err))
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.Search(ctx, tickets.Query{})
	fails(t, "search", err, fail.Timeout)
	_, err = s.Ticket(ctx, s.key(docs), tickets.Want{})
	fails(t, "ticket", err, fail.Timeout)
	if p == nil {
		return
	}
	_, err = s.writer(t).Prepare(ctx, tickets.Write{Op: tickets.Remark, Key: s.key(docs), Changes: tickets.Changes{Comment: "never"}})
	fails(t, "prepare", err, fail.Timeout)
	before := s.writes(t)
	_, err = p.Send(ctx)
	fails(t, "send", err, fail.Timeout, fail.UnknownOutcome)
	if got := s.get(t, s.key(docs), tickets.Want{Comments: 10}); len(got.Comments) > 0 && fail.From(err).Code != fail.UnknownOutcome || s.writes(t)-before != len(got.Comments) && s.can.Writes != nil {
		t.Errorf("a write whose context was over has made %d comments", len(got.Comments))
	}
}

func concurrent(t *testing.T, s *subject) {
	s.on(t, s.searching())
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			key := s.key(i % searched)
			for range 4 {
				page, err := s.Search(t.Context(), tickets.Query{Project: s.project(), Text: "zeppelin"})
				if err != nil || len(page.Tickets) != 1 {
					t.Errorf("search: %+v, %v", page, err)
				}
				got, err := s.Ticket(t.Context(), key, tickets.Want{Comments: 10})
				if err != nil || got.Key != key {
					t.Errorf("ticket %s: %+v, %v", key, got, err)
				}
			}
			if !s.can.Write {
				return
			}
			p, err := s.Tracker.(tickets.Writer).Prepare(t.Context(), tickets.Write{Op: tickets.Remark, Key: s.key(docs), Changes: tickets.Changes{Comment: fmt.Sprintf("From %d.", i)}})
			if err == nil {
				_, err = p.Send(t.Context())
			}
			if err != nil {
				t.Errorf("comment: %s", fail.Show(err))
			}
		})
	}
	all.Wait()
	if !s.can.Write {
		return
	}
	var got []string
	for _, c := range s.get(t, s.key(docs), tickets.Want{Comments: 100}).Comments {
		got = append(got, c.Body)
	}
	slices.Sort(got)
	var want []string
	for i := range 8 {
		want = append(want, s.body(fmt.Sprintf("From %d.", i)))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("comments made at once (-want +got):\n%s", diff)
	}
}
