package ticketstest

import (
	"fmt"
	"testing"
	"time"

	"cleat/internal/fail"
	"cleat/internal/systems/tickets"
)

// faults lists the faults: whether what was asked for is done nevertheless, and how they may
// be told.
func faults() []faulty {
	return []faulty{
		{"lost answer", LostAnswer, true, []fail.Code{fail.UnknownOutcome}},
		{"cut answer", CutAnswer, true, []fail.Code{fail.UnknownOutcome}},
		{"server error", ServerError, false, []fail.Code{fail.Unavailable, fail.UnknownOutcome}},
		{"too many requests", TooMany, false, []fail.Code{fail.Busy, fail.Unavailable}},
		{"expired", Expired, false, []fail.Code{fail.Denied, fail.Unavailable}},
		{"forbidden", Forbidden, false, []fail.Code{fail.Denied, fail.NotFound}},
	}
}

type faulty struct {
	name  string
	fault Fault
	done  bool
	codes []fail.Code
}

// sent sends a write under the fault, and returns whether it must be done.
func (s *subject) sent(t *testing.T, f faulty, w tickets.Write) (done, sure bool) {
	t.Helper()
	p, err := s.prepare(t, w)
	if err != nil {
		t.Fatal(fail.Show(err))
	}
	before := s.writes(t)
	s.can.Faults(t, f.fault)
	_, err = p.Send(t.Context())
	if err == nil && (f.fault == TooMany || f.done) {
		return true, true // it waited and was let in, or has looked what happened
	}
	fails(t, fmt.Sprintf("%s under %s", w.Op, f.name), err, f.codes...)
	if n := s.writes(t) - before; s.can.Writes != nil && f.done && n != 1 {
		t.Errorf("%s: %d requests that change something, want the one", f.name, n)
	}
	// Of several requests the first is the one that fails, and none comes after it.
	return f.done, len(p.Requests) == 1 || !f.done
}

func createFaults(t *testing.T, s *subject) {
	for i, f := range faults() {
		t.Run(f.name, func(t *testing.T) {
			s.on(t, s.searching())
			w := s.made(fmt.Sprintf("Made under fault %d", i), "Body.")
			w.Token = fmt.Sprintf("%032x", i+1)
			done, _ := s.sent(t, f, w)
			want := 0
			if done {
				want = 1
			}
			found := s.titled(t, *w.Changes.Title)
			if len(found) != want {
				t.Fatalf("there are %d tickets, want %d", len(found), want)
			}
			if finder, ok := s.Tracker.(tickets.Finder); ok {
				list, err := finder.Created(t.Context(), w, noon.Add(-time.Minute))
				if err != nil {
					t.Fatal(fail.Show(err))
				}
				if len(list) != want || want == 1 && list[0].Key != found[0].Key {
					t.Errorf("looked up, there are %d, want %d: %+v", len(list), want, list)
				}
			} else if !s.can.Tokens {
				t.Error("nobody can look up what a create has made: it is no tickets.Finder")
			}
			if !s.can.Tokens {
				return
			}
			out := s.again(t, w)
			if found := s.titled(t, *w.Changes.Title); len(found) != 1 || found[0].Key != out.Key {
				t.Errorf("repeated with its token, there are %d, want 1", len(found))
			}
		})
	}
}

// again repeats a write.
func (s *subject) again(t *testing.T, w tickets.Write) *tickets.Ticket {
	t.Helper()
	p, err := s.prepare(t, w)
	if err != nil {
		t.Fatalf("prepare again: %s", fail.Show(err))
	}
	out, err := p.Send(t.Context())
	if err != nil {
		t.Fatalf("send again: %s", fail.Show(err))
	}
	return out
}

func updateFaults(t *testing.T, s *subject) {
	for _, f := range faults() {
		t.Run(f.name, func(t *testing.T) {
			s.on(t, s.searching())
			key := s.key(docs)
			done, sure := s.sent(t, f, tickets.Write{Op: tickets.Update, Key: key, Changes: tickets.Changes{Title: pointer("Renamed")}})
			if got := s.get(t, key, tickets.Want{}).Title; sure && (got == "Renamed") != done {
				t.Errorf("the title is %q, done: %v", got, done)
			}
			done, sure = s.sent(t, f, tickets.Write{Op: tickets.Remark, Key: key, Changes: tickets.Changes{Comment: "Said."}})
			if n := len(s.get(t, key, tickets.Want{Comments: 10}).Comments); sure && (n == 1) != done || n > 1 {
				t.Errorf("there are %d comments, done: %v", n, done)
			}
		})
	}
}
