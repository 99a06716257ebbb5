package tracker

import (
	"fmt"
	"testing"

	"cleat/internal/systems/tickets"
	"cleat/internal/systems/tickets/ticketstest"
)

// Fill puts the tickets of a world into the store.
func (t *Tracker) Fill(tb testing.TB, w *ticketstest.World, key func(n int) string) {
	tb.Helper()
	err := t.within(tb.Context(), true, func(c *conn) error {
		for i, x := range w.Tickets {
			open, closed := int64(1), int64(0)
			if x.Status == tickets.Done {
				open, closed = 0, x.Closed.UnixMilli()
			}
			id := int64(i + 1)
			if err := c.run(`INSERT INTO tickets (id, key, uid, rev, open, title, body, state, type, priority, author, created, updated, closed)
				VALUES (?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, num(id), str(key(x.N)), str(newUID()), num(open), str(x.Title), str(x.Body),
				str(string(x.Status)), str(x.Type), str(x.Priority), str(x.Author), num(x.Created.UnixMilli()), num(x.Updated.UnixMilli()), num(closed)); err != nil {
				return err
			}
			for _, l := range x.Labels {
				if err := c.run(`INSERT INTO labels (ticket, name) VALUES (?, ?)`, num(id), str(l)); err != nil {
					return err
				}
			}
			for _, who := range x.Assignees {
				if err := c.run(`INSERT INTO assignees (ticket, name) VALUES (?, ?)`, num(id), str(who)); err != nil {
					return err
				}
			}
			for _, k := range x.Comments {
				if err := c.run(`INSERT INTO comments (uid, ticket, author, created, body) VALUES (?, ?, ?, ?, ?)`,
					str(newUID()), num(id), str(k.Author), num(k.Created.UnixMilli()), str(k.Body)); err != nil {
					return err
				}
			}
		}
		for i, x := range w.Tickets {
			for _, l := range x.Links {
				k, err := kept(int64(i+1), "", l.Kind, int64(l.To+1), "")
				if err != nil {
					return err
				}
				if err := c.run(`INSERT INTO links (source, kind, target) VALUES (?, ?, ?)`, num(k.source), str(k.kind), num(k.target)); err != nil {
					return err
				}
			}
			if x.Parent == "" {
				continue
			}
			parent, err := c.id(x.Parent)
			if err != nil {
				return err
			}
			if err := c.run(`INSERT INTO links (source, kind, target) VALUES (?, 'parent', ?)`, num(int64(i+1)), num(parent)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
}

// Check runs SQLite's own check of the file, and that of the words.
func (t *Tracker) Check(tb testing.TB) {
	tb.Helper()
	err := t.within(tb.Context(), true, func(c *conn) error {
		if err := c.run(`INSERT INTO words(words) VALUES ('integrity-check')`); err != nil {
			return err
		}
		return c.each("PRAGMA integrity_check", func(r row) error {
			if s := r.text(0); s != "ok" {
				return fmt.Errorf("integrity_check: %s", s)
			}
			return nil
		})
	})
	if err != nil {
		tb.Error(err)
	}
}

// Exec runs a statement.
func (t *Tracker) Exec(tb testing.TB, sql string) {
	tb.Helper()
	if err := t.within(tb.Context(), true, func(c *conn) error { return c.run(sql) }); err != nil {
		tb.Fatal(err)
	}
}
