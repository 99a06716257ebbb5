package tickets_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"cleat/internal/fail"
	"cleat/internal/systems/tickets"
)

var now = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

// A memory is a tracker in memory, with hooks for what goes wrong.
type memory struct {
	traits  tickets.Traits
	prefix  string // of its keys
	claim   tickets.Claim
	tickets []*tickets.Ticket
	lost    int // creates whose answer is lost
	never   bool
	sent    int
	query   tickets.Query // the last
}

func (m *memory) Traits() tickets.Traits { return m.traits }

func (m *memory) Owns(_ context.Context, key string) tickets.Claim {
	if rest, ok := strings.CutPrefix(key, m.prefix); ok && rest != "" && strings.Trim(rest, "0123456789") == "" {
		return m.claim
	}
	return tickets.No
}

func (m *memory) Search(_ context.Context, q tickets.Query) (*tickets.Page, error) {
	m.query = q
	page := &tickets.Page{}
	for _, t := range m.tickets {
		found := true
		for _, w := range strings.Fields(strings.ToLower(q.Text)) {
			found = found && strings.Contains(strings.ToLower(t.Title), w)
		}
		if found {
			page.Tickets = append(page.Tickets, *t)
		}
	}
	page.Total = len(page.Tickets)
	return page, nil
}

func (m *memory) Ticket(_ context.Context, key string, _ tickets.Want) (*tickets.Ticket, error) {
	for _, t := range m.tickets {
		if t.Key == key {
			c := *t
			return &c, nil
		}
	}
	return nil, fail.Errorf(fail.NotFound, "no ticket %q", key)
}

func (m *memory) Prepare(ctx context.Context, w tickets.Write) (*tickets.Prepared, error) {
	p := &tickets.Prepared{}
	t := &tickets.Ticket{Key: fmt.Sprintf("%s%d", m.prefix, len(m.tickets)+1), Status: tickets.Todo, Updated: now}
	if w.Op != tickets.Create {
		var err error
		if t, err = m.Ticket(ctx, w.Key, tickets.Want{}); err != nil {
			return nil, err
		}
		before := *t
		p.Before = &before
		if err := tickets.CheckBase(w, t); err != nil {
			return nil, err
		}
	}
	if w.Changes.Title != nil {
		t.Title = *w.Changes.Title
	}
	if w.Changes.Body != nil {
		var err error
		if t.Body, err = w.Changes.Body(t.Body); err != nil {
			return nil, err
		}
	}
	if w.Changes.Comment != "" {
		t.Comments = append([]tickets.Comment{{Author: "me", Created: now, Body: w.Changes.Comment}}, t.Comments...)
	}
	body, err := json.Marshal(map[string]string{"title": t.Title, "body": t.Body, "token": w.Token})
	if err != nil {
		return nil, err
	}
	p.Requests = []tickets.Request{{Method: "POST", Path: "/tickets", Body: body}}
	p.Send = func(context.Context) (*tickets.Ticket, error) {
		m.sent++
		if w.Op == tickets.Create {
			if !m.never {
				m.tickets = append(m.tickets, t)
			}
			if m.lost > 0 {
				m.lost--
				return nil, fail.Errorf(fail.UnknownOutcome, "the connection ended")
			}
			return t, nil
		}
		for i := range m.tickets {
			if m.tickets[i].Key == t.Key {
				m.tickets[i] = t
			}
		}
		return t, nil
	}
	return p, nil
}

func (m *memory) Created(_ context.Context, w tickets.Write, _ time.Time) ([]tickets.Ticket, error) {
	var out []tickets.Ticket
	for _, t := range m.tickets {
		if t.Title == *w.Changes.Title {
			out = append(out, *t)
		}
	}
	return out, nil
}

func service(t *testing.T, m *memory) *tickets.Service {
	t.Helper()
	if m.prefix == "" {
		m.prefix, m.claim = "#", tickets.Likely
	}
	m.traits.Key = m.prefix + "12"
	return tickets.New("src", m, tickets.Options{Now: func() time.Time { return now },
		Redact: func(s string) string { return strings.ReplaceAll(s, "CANARY", "[redacted:token:abc123]") }})
}

func pointer(s string) *string { return &s }

// wantError checks code and words of an error.
func wantError(t *testing.T, err error, code fail.Code, says ...string) {
	t.Helper()
	if err == nil || fail.From(err).Code != code {
		t.Errorf("got %v, want %s", err, code)
		return
	}
	for _, s := range says {
		if !strings.Contains(fail.Show(err), s) {
			t.Errorf("%q is not in\n%s", s, fail.Show(err))
		}
	}
}
