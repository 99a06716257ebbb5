package tracker

import (
	"fmt"
	"slices"
	"strings"

	"cleat/internal/systems/tickets"
)

// make writes what was planned, and returns the key of the ticket.
func (c *conn) make(p *plan, w tickets.Write, ch *change) (string, error) {
	now := p.before
	if now == nil {
		var err error
		if now, err = c.insert(p, w, ch); err != nil {
			return "", err
		}
	}
	for _, step := range []func(*plan, *stored, *change) error{c.setFields, c.setState, c.setAssignees, c.setLabels, c.setParent} {
		if err := step(p, now, ch); err != nil {
			return "", err
		}
	}
	if p.Comment != "" {
		uid := w.Token
		if uid == "" {
			uid = newUID()
		}
		if err := c.run(`INSERT INTO comments (uid, ticket, author, created, body) VALUES (?, ?, ?, ?, ?)`,
			str(uid), num(now.id), str(ch.me), num(ch.now), str(p.Comment)); err != nil {
			return "", err
		}
	}
	if w.Op == tickets.Take {
		if err := c.run(`UPDATE tickets SET claim=? WHERE id=?`, str(w.Token), num(now.id)); err != nil {
			return "", err
		}
	}
	switch {
	case p.Link != "":
		return now.Key, c.putLink(p.link, ch)
	case p.Unlink != "":
		return now.Key, c.dropLink(p.link, ch)
	}
	return now.Key, c.touch(now.id, ch)
}

// insert makes a ticket.
func (c *conn) insert(p *plan, w tickets.Write, ch *change) (*stored, error) {
	uid := newUID()
	key, err := c.freeKey(uid)
	if err != nil {
		return nil, err
	}
	body := ""
	if p.Body != nil {
		body = *p.Body
	}
	if err := c.run(`INSERT INTO tickets (key, uid, token, rev, open, title, body, state, type, priority, author, created, updated, closed)
		VALUES (?, ?, nullif(?, ''), 0, 1, ?, ?, 'todo', ?, ?, ?, ?, ?, 0)`,
		str(key), str(uid), str(w.Token), str(*p.Title), str(body), str(p.Type), str(p.Priority), str(ch.me), num(ch.now), num(ch.now)); err != nil {
		return nil, err
	}
	s, err := c.load(key)
	if err != nil {
		return nil, err
	}
	return s, c.event(s.id, ch, "created", "", *p.Title)
}

// touch marks a ticket as changed now. Its time never goes back.
func (c *conn) touch(id int64, ch *change) error {
	return c.run(`UPDATE tickets SET rev=rev+1, updated=max(updated+(rev>0), ?) WHERE id=?`, num(ch.now), num(id))
}

// event adds to the history of a ticket.
func (c *conn) event(id int64, ch *change, what, before, after string) error {
	return c.run(`INSERT INTO events (uid, ticket, author, created, what, old, new) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		str(newUID()), num(id), str(ch.me), num(ch.now), str(what), str(before), str(after))
}

// setFields writes the title, the body, the type and the priority.
func (c *conn) setFields(p *plan, now *stored, ch *change) error {
	if p.before == nil {
		return nil // insert has
	}
	set := func(column, before, after, told, tell string) error {
		if before == after {
			return nil
		}
		if err := c.run("UPDATE tickets SET "+column+"=? WHERE id=?", str(after), num(now.id)); err != nil {
			return err
		}
		return c.event(now.id, ch, column, told, tell)
	}
	if p.Title != nil {
		if err := set("title", now.Title, *p.Title, now.Title, *p.Title); err != nil {
			return err
		}
	}
	if p.Body != nil {
		told, tell := fmt.Sprintf("%d bytes", len(now.Body)), fmt.Sprintf("%d bytes", len(*p.Body))
		if err := set("body", now.Body, *p.Body, told, tell); err != nil {
			return err
		}
	}
	if p.Type != "" {
		if err := set("type", now.Type, p.Type, now.Type, p.Type); err != nil {
			return err
		}
	}
	if p.Priority != "" {
		return set("priority", now.Priority, p.Priority, now.Priority, p.Priority)
	}
	return nil
}

func (c *conn) setState(p *plan, now *stored, ch *change) error {
	if p.State == "" || p.State == now.State {
		return nil
	}
	open, closed := int64(1), int64(0)
	if statusOf(p.State) == tickets.Done {
		open, closed = 0, ch.now
	}
	if err := c.run(`UPDATE tickets SET state=?, open=?, closed=? WHERE id=?`, str(p.State), num(open), num(closed), num(now.id)); err != nil {
		return err
	}
	return c.event(now.id, ch, "state", now.State, p.State)
}

func (c *conn) setAssignees(p *plan, now *stored, ch *change) error {
	if p.Assignees == nil || slices.Equal(*p.Assignees, now.Assignees) {
		return nil
	}
	if err := c.run(`DELETE FROM assignees WHERE ticket=?`, num(now.id)); err != nil {
		return err
	}
	for _, who := range *p.Assignees {
		if err := c.run(`INSERT INTO assignees (ticket, name) VALUES (?, ?)`, num(now.id), str(who)); err != nil {
			return err
		}
	}
	return c.event(now.id, ch, "assignee", strings.Join(now.Assignees, ", "), strings.Join(*p.Assignees, ", "))
}

func (c *conn) setLabels(p *plan, now *stored, ch *change) error {
	if p.Labels == nil {
		return nil
	}
	for _, l := range now.Labels {
		if slices.Contains(*p.Labels, l) {
			continue
		}
		if err := c.run(`DELETE FROM labels WHERE ticket=? AND name=?`, num(now.id), str(l)); err != nil {
			return err
		}
		if err := c.event(now.id, ch, "unlabeled", l, ""); err != nil {
			return err
		}
	}
	for _, l := range *p.Labels {
		if slices.Contains(now.Labels, l) {
			continue
		}
		if err := c.run(`INSERT INTO labels (ticket, name) VALUES (?, ?)`, num(now.id), str(l)); err != nil {
			return err
		}
		if err := c.event(now.id, ch, "labeled", "", l); err != nil {
			return err
		}
	}
	return nil
}

func (c *conn) setParent(p *plan, now *stored, ch *change) error {
	if p.Parent == nil || *p.Parent == now.Parent {
		return nil
	}
	if now.Parent != "" {
		id, err := c.id(now.Parent)
		if err != nil {
			return err
		}
		if err := c.dropLink(link{source: now.id, target: id, kind: "parent", sourceKey: now.Key, targetKey: now.Parent}, ch); err != nil {
			return err
		}
	}
	if *p.Parent == "" {
		return nil
	}
	return c.putLink(link{source: now.id, target: p.parent, kind: "parent", sourceKey: now.Key, targetKey: *p.Parent}, ch)
}
