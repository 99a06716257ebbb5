package tracker_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cleat/internal/systems/tickets"
	"cleat/internal/systems/tickets/ticketstest"
)

func newRand() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }

// big is a store of 100,000 tickets of 60 words.
func big(b *testing.B) *ticketstest.World {
	r := newRand()
	w := &ticketstest.World{Me: "ann", Now: time.Now()}
	word := func() string { return fmt.Sprintf("w%d", int(r.ExpFloat64()*500)) }
	for i := range 100_000 {
		var body strings.Builder
		for range 60 {
			body.WriteString(word() + " ")
		}
		t := ticketstest.Ticket{N: i, Ticket: tickets.Ticket{Title: "Common " + word() + " " + word(), Body: body.String(), Status: tickets.Todo, Type: "bug", Author: "ann",
			Created: w.Now.Add(-time.Duration(100_000-i) * time.Minute), Updated: w.Now.Add(-time.Duration(r.IntN(100_000)) * time.Minute), Labels: []string{fmt.Sprint("l", r.IntN(50))}}}
		if r.IntN(3) > 0 {
			t.Status, t.Closed = tickets.Done, t.Updated
		}
		if r.IntN(4) == 0 {
			t.Assignees = []string{fmt.Sprint("p", r.IntN(20))}
		}
		w.Tickets = append(w.Tickets, t)
	}
	return w
}

func BenchmarkSearch(b *testing.B) {
	tr := open(b, filepath.Join(b.TempDir(), "state"), "ann", time.Now)
	tr.Fill(b, big(b), func(n int) string { return fmt.Sprintf("ct-k%06d", n) })
	for _, q := range []tickets.Query{
		{}, {Status: tickets.All}, {Text: "w40 w700"}, {Text: "w3000"}, {Text: "common"}, {Text: "common w1", Status: tickets.All}, {Labels: []string{"l7"}},
		{Assignee: "p3"}, {Assignee: "me", Status: tickets.All}, {Assignee: "none", Text: "w12"}, {Ready: true}, {Text: "w"},
	} {
		b.Run(fmt.Sprintf("%s|%s|%v|%s|%v", q.Text, q.Status, q.Labels, q.Assignee, q.Ready), func(b *testing.B) {
			for b.Loop() {
				if _, err := tr.Search(b.Context(), q); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkClaim(b *testing.B) {
	tr := open(b, filepath.Join(b.TempDir(), "state"), "ann", time.Now)
	for b.Loop() {
		b.StopTimer()
		key := create(b, tr, "x")
		b.StartTimer()
		write(b, tr, tickets.Write{Op: tickets.Take, Key: key})
	}
}
