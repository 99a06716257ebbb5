package tracker

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"cleat/internal/cursor"
	"cleat/internal/systems/tickets"
)

// stored is a ticket as it is in the file.
type stored struct {
	tickets.Ticket
	id, rev, updated int64
	uid, claim       string
}

// columns are those that scan reads, of the tickets t.
func columns(body bool) string {
	text := "''"
	if body {
		text = "t.body"
	}
	return `t.id, t.key, t.uid, t.claim, t.rev, t.title, t.state, t.type, t.priority, t.author, t.created, t.updated, t.closed,
		(SELECT group_concat(a.name, char(31)) FROM assignees a WHERE a.ticket=t.id),
		(SELECT group_concat(a.name, char(31)) FROM labels a WHERE a.ticket=t.id),
		(SELECT p.key FROM links l JOIN tickets p ON p.id=l.target WHERE l.source=t.id AND l.kind='parent'),
		(SELECT count(*) FROM comments c WHERE c.ticket=t.id), ` + isReady + `, ` + text
}

func scan(r row) *stored {
	s := &stored{id: r.int(0), rev: r.int(4), updated: r.int(11), uid: r.text(2), claim: r.text(3)}
	s.Ticket = tickets.Ticket{Key: r.text(1), Title: clip(r.text(5), MaxTitle), State: r.text(6), Type: r.text(7), Priority: r.text(8),
		Author: r.text(9), Trusted: tickets.Member, Created: moment(r.int(10)), Updated: moment(s.updated), Closed: moment(r.int(12)),
		Assignees: names(r.text(13)), Labels: names(r.text(14)), Parent: r.text(15), CommentCount: int(r.int(16)), Ready: r.int(17) == 1}
	s.Status = statusOf(s.State)
	s.Body, s.Cut = part(r, 18)
	return s
}

// part is a column up to MaxText bytes, and how many there are beyond.
func part(r row, i int) (string, int) {
	text, n := r.s.Text(i, tickets.MaxText)
	if n > tickets.MaxText {
		text = strings.ToValidUTF8(text, "")
	}
	return text, max(0, n-tickets.MaxText)
}

func names(joined string) []string {
	if joined == "" {
		return nil
	}
	return strings.Split(joined, separator)
}

// moment is a time of the file.
func moment(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// load reads a ticket with its body. key is canonical.
func (c *conn) load(key string) (*stored, error) {
	var s *stored
	err := c.each("SELECT "+columns(true)+" FROM tickets t WHERE t.key=?", func(r row) error { s = scan(r); return nil }, str(key))
	if err == nil && s == nil {
		err = c.unknown(key)
	}
	return s, err
}

// Ticket returns one ticket. A cursor is one of older comments, or of older events where no
// comments are asked for.
func (t *Tracker) Ticket(ctx context.Context, key string, w tickets.Want) (*tickets.Ticket, error) {
	key, err := checkKey(key)
	if err != nil {
		return nil, err
	}
	var s *stored
	err = t.within(ctx, false, func(c *conn) error {
		var err error
		if s, err = c.load(key); err != nil {
			return err
		}
		if w.Comments > 0 {
			if err := c.comments(s, min(w.Comments, tickets.MaxComments), w.Cursor); err != nil {
				return err
			}
			w.Cursor = ""
		}
		if w.Events > 0 {
			if err := c.events(s, min(w.Events, tickets.MaxEvents), w.Cursor, w.Comments <= 0); err != nil {
				return err
			}
		}
		if w.Links {
			return c.links(s)
		}
		return nil
	})
	if errors.Is(err, errNone) {
		return nil, noTicket(key)
	}
	if err != nil {
		return nil, err
	}
	if w.Transitions {
		for _, state := range states() {
			if state != s.State {
				s.Transitions = append(s.Transitions, tickets.Transition{Name: state, State: state, Status: statusOf(state)})
			}
		}
	}
	return &s.Ticket, nil
}

// newest is what comes before every cursor.
const newest = int64(1) << 62

// comments reads the newest n comments before a cursor.
func (c *conn) comments(s *stored, n int, given string) error {
	sum := cursor.Sum("local comments", s.uid)
	at, id := newest, newest
	if given != "" {
		var err error
		if at, id, err = position(given, sum); err != nil {
			return err
		}
	}
	return c.each(`SELECT id, uid, author, created, body FROM comments WHERE ticket=? AND (created, id)<(?, ?) ORDER BY created DESC, id DESC LIMIT ?`, func(r row) error {
		if len(s.Comments) == n {
			s.Cursor = cursor.Encode(sum, strconv.FormatInt(at, 10), strconv.FormatInt(id, 10))
			return nil
		}
		id, at = r.int(0), r.int(3)
		x := tickets.Comment{ID: r.text(1), Author: r.text(2), Trusted: tickets.Member, Created: moment(at)}
		x.Body, x.Cut = part(r, 4)
		s.Comments = append(s.Comments, x)
		return nil
	}, num(s.id), num(at), num(id), num(int64(n)+1))
}

// events reads the newest n events before a cursor. It sets the cursor of older ones if
// further is set.
func (c *conn) events(s *stored, n int, given string, further bool) error {
	sum := cursor.Sum("local events", s.uid)
	at, id := newest, newest
	if given != "" {
		var err error
		if at, id, err = position(given, sum); err != nil {
			return err
		}
	}
	return c.each(`SELECT id, author, created, what, old, new FROM events WHERE ticket=? AND (created, id)<(?, ?) ORDER BY created DESC, id DESC LIMIT ?`, func(r row) error {
		if len(s.Events) == n {
			if further {
				s.Cursor = cursor.Encode(sum, strconv.FormatInt(at, 10), strconv.FormatInt(id, 10))
			}
			return nil
		}
		id, at = r.int(0), r.int(2)
		s.Events = append(s.Events, tickets.Event{Time: moment(at), Author: r.text(1), What: r.text(3), From: r.text(4), To: r.text(5)})
		return nil
	}, num(s.id), num(at), num(id), num(int64(n)+1))
}

// links reads the links of a ticket, in both directions, the last changed tickets first.
func (c *conn) links(s *stored) error {
	for _, sql := range []string{
		`SELECT l.kind, o.key, o.title, o.state, 0 FROM links l JOIN tickets o ON o.id=l.target WHERE l.source=? ORDER BY l.kind, o.updated DESC, o.id LIMIT ?`,
		`SELECT l.kind, o.key, o.title, o.state, 1 FROM links l JOIN tickets o ON o.id=l.source WHERE l.target=? ORDER BY l.kind, o.updated DESC, o.id LIMIT ?`,
	} {
		err := c.each(sql, func(r row) error {
			if len(s.Links) == tickets.MaxLinks {
				s.Notes = append(s.Notes, "there are more links than the "+strconv.Itoa(tickets.MaxLinks)+" shown")
				return nil
			}
			kind := r.text(0)
			if r.int(4) == 1 {
				kind = tickets.Inverse(kind)
			}
			s.Links = append(s.Links, tickets.Link{Kind: kind, What: "ticket", To: r.text(1), Title: clip(r.text(2), MaxTitle), Status: statusOf(r.text(3))})
			return nil
		}, num(s.id), num(int64(tickets.MaxLinks+1-len(s.Links))))
		if err != nil {
			return err
		}
	}
	return nil
}
