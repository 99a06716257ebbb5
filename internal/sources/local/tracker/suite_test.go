package tracker_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"cleat/internal/host"
	"cleat/internal/sources/local/tracker"
	"cleat/internal/systems/tickets"
	"cleat/internal/systems/tickets/ticketstest"
)

// open returns a tracker whose state folder is dir.
func open(tb testing.TB, dir, me string, now func() time.Time) *tracker.Tracker {
	tb.Helper()
	h := host.Host{Log: slog.New(slog.DiscardHandler), Now: now, State: func() (*os.Root, error) {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, err
		}
		return os.OpenRoot(dir)
	}}
	t := tracker.New(h, tracker.Options{Me: func(context.Context) (string, error) { return me, nil }})
	tb.Cleanup(func() {
		if err := t.Close(); err != nil {
			tb.Error(err)
		}
	})
	return t
}

func key(n int) string { return fmt.Sprintf("ct-k%04d", n) }

func TestSuite(t *testing.T) {
	can := ticketstest.Can{
		Key: func(_ string, n int) string { return key(n) }, Projects: []string{""},
		Person:   func(n int) string { return []string{"Ann Able", "bob", "cleo", "dan"}[n] },
		State:    func(s tickets.Status) string { return string(s) },
		Statuses: []tickets.Status{tickets.Todo, tickets.Active, tickets.Done},
		Write:    true, Claim: true, Type: true, Priority: true, Parent: true, Assignees: true,
		History: true, Links: true, Transitions: true, LinkKinds: tickets.LinkKinds(), Since: true, Labels: true, Ready: true,
		Types: []string{"bug", "task"}, Priorities: []string{"P1", "P3"},
		FreeLabels: true, FreePeople: true, Tokens: true, Comments: true,
		Malformed: []string{"ct-1234", "ct-abc", "ct-uuuu", "ENG-12", "#12", "acme/app#12", "12"},
	}
	ticketstest.Suite(t, func(t *testing.T, w *ticketstest.World) tickets.Tracker {
		tr := open(t, filepath.Join(t.TempDir(), "state"), w.Me, func() time.Time { return w.Now })
		tr.Fill(t, w, key)
		return tr
	}, can)
}

// What a person with an account runs against a service holds for the store too.
func TestLive(t *testing.T) {
	ticketstest.Live(t, open(t, filepath.Join(t.TempDir(), "state"), "ann", time.Now), "", true)
}
