package tracker

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"cleat/internal/fail"
	"cleat/internal/systems/tickets"
)

// A change is who writes, and when.
type change struct {
	me  string
	now int64
}

// A request is what is written, as Prepared.Requests shows it.
type request struct {
	Op        tickets.Op `json:"op"`
	Key       string     `json:"key,omitempty"`
	Title     *string    `json:"title,omitempty"`
	Body      *string    `json:"body,omitempty"`
	State     string     `json:"state,omitempty"`
	Type      string     `json:"type,omitempty"`
	Priority  string     `json:"priority,omitempty"`
	Parent    *string    `json:"parent,omitempty"`
	Assignees *[]string  `json:"assignees,omitempty"`
	Labels    *[]string  `json:"labels,omitempty"`
	Comment   string     `json:"comment,omitempty"`
	Link      string     `json:"link,omitempty"`
	Unlink    string     `json:"unlink,omitempty"`
}

// A plan is a write that was checked: what the ticket will be.
type plan struct {
	request
	before *stored // nil for a create
	link   link
	parent int64 // id of the new parent, if Parent is set
	done   *stored
	notes  []string
}

// Prepare checks a write and says what would be written.
func (t *Tracker) Prepare(ctx context.Context, w tickets.Write) (*tickets.Prepared, error) {
	ch, err := t.change(ctx)
	if err != nil {
		return nil, err
	}
	if w.Op != tickets.Create {
		if _, err := checkKey(w.Key); err != nil {
			return nil, err
		}
	}
	var p *plan
	err = t.within(ctx, false, func(c *conn) (err error) { p, err = c.plan(ctx, w, ch); return err })
	if errors.Is(err, errNone) {
		if w.Op != tickets.Create {
			return nil, noTicket(canonical(w.Key))
		}
		p, err = (*conn)(nil).plan(ctx, w, ch) // against no tickets at all
	}
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(p.request)
	if err != nil {
		return nil, err
	}
	out := &tickets.Prepared{Requests: []tickets.Request{{Body: body}}, Notes: p.notes}
	if p.before != nil {
		out.Before = &p.before.Ticket
	}
	out.Send = func(ctx context.Context) (*tickets.Ticket, error) { return t.send(ctx, w) }
	return out, nil
}

func (t *Tracker) change(ctx context.Context) (*change, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	me, err := t.me(ctx)
	return &change{me: me, now: t.h.Now().UnixMilli()}, err
}

// send plans the write anew, in the transaction that it is made in: what was changed since
// Prepare is not overwritten.
func (t *Tracker) send(ctx context.Context, w tickets.Write) (*tickets.Ticket, error) {
	ch, err := t.change(ctx)
	if err != nil {
		return nil, err
	}
	var out *stored
	err = t.within(ctx, true, func(c *conn) error {
		p, err := c.plan(ctx, w, ch)
		if err != nil {
			return err
		}
		if p.done != nil {
			out = p.done
			return nil
		}
		key, err := c.make(p, w, ch)
		if err != nil {
			return err
		}
		out, err = c.load(key)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &out.Ticket, nil
}

// plan checks a write against what is in the file. It writes nothing. c is nil where there is
// no file.
func (c *conn) plan(ctx context.Context, w tickets.Write, ch *change) (*plan, error) {
	p := &plan{request: request{Op: w.Op}}
	if w.Project != "" {
		return nil, noProject(w.Project)
	}
	var now stored
	if w.Op != tickets.Create {
		key, err := checkKey(w.Key)
		if err != nil {
			return nil, err
		}
		if p.before, err = c.load(key); err != nil {
			return nil, err
		}
		if p.before.Cut > 0 && w.Changes.Body != nil {
			return nil, fail.Errorf(fail.TooLarge, "the body of %s is too long to be changed", key)
		}
		if done, err := c.repeated(p, w); done || err != nil {
			return p, err
		}
		if err := tickets.CheckBase(w, &p.before.Ticket); err != nil {
			return nil, err
		}
		p.Key, now = key, *p.before
	} else if c != nil && w.Token != "" {
		if err := c.each(`SELECT key FROM tickets WHERE token=?`, func(r row) error { p.Key = r.text(0); return nil }, str(w.Token)); err != nil {
			return nil, err
		}
		if p.Key != "" {
			var err error
			p.done, err = c.load(p.Key)
			p.notes = append(p.notes, "it was made before, by the same call: "+p.Key)
			return p, err
		}
	}
	if err := c.fields(ctx, p, w.Changes, &now, ch); err != nil {
		return nil, err
	}
	switch w.Op {
	case tickets.Create:
		if w.Changes.Title == nil {
			return nil, fail.Errorf(fail.Invalid, "a ticket needs a title")
		}
		if p.Type == "" {
			p.Type = "task"
		}
		return p, nil
	case tickets.Update:
		if empty(p.request) {
			return nil, fail.Errorf(fail.Invalid, "there is nothing to change in %s", p.Key)
		}
		return p, nil
	case tickets.Remark:
		if p.Comment == "" {
			return nil, fail.Errorf(fail.Invalid, "the comment is empty")
		}
		return p, nil
	case tickets.Move:
		return p, p.move(w.To)
	case tickets.Relate:
		return p, c.planLink(ctx, p, w)
	case tickets.Take:
		return p, p.take(ch)
	}
	return nil, fail.Errorf(fail.Invalid, "there is no operation %q", quoted(string(w.Op)))
}

// empty reports whether a request has nothing but its operation and its key.
func empty(r request) bool {
	return r.Title == nil && r.Body == nil && r.Type == "" && r.Priority == "" && r.Parent == nil && r.Assignees == nil && r.Labels == nil && r.Comment == ""
}

// repeated reports whether the write was done before, by its token.
func (c *conn) repeated(p *plan, w tickets.Write) (bool, error) {
	if w.Token == "" {
		return false, nil
	}
	did := w.Op == tickets.Take && p.before.claim == w.Token
	if w.Changes.Comment != "" {
		err := c.each(`SELECT 1 FROM comments WHERE uid=? AND ticket=?`, func(row) error { did = true; return nil }, str(w.Token), num(p.before.id))
		if err != nil {
			return false, err
		}
	}
	if did {
		p.done = p.before
		p.notes = append(p.notes, "it was done before, by the same call")
	}
	return did, nil
}

// move plans a change of the state.
func (p *plan) move(to string) error {
	state := strings.ToLower(strings.TrimSpace(to))
	if statusOf(state) == "" {
		return noState(to)
	}
	if p.before.State == state {
		return fail.Errorf(fail.Conflict, "%s is %s already", p.before.Key, state)
	}
	p.State = state
	return nil
}

// take plans a claim.
func (p *plan) take(ch *change) error {
	b := p.before
	if b.Status == tickets.Done {
		return fail.Errorf(fail.Conflict, "%s is closed: %s", b.Key, b.State).Then("look for another with ticket_search ready=true")
	}
	others := slices.DeleteFunc(slices.Clone(b.Assignees), func(s string) bool { return s == ch.me })
	if len(others) > 0 {
		return fail.Errorf(fail.Conflict, "%s is claimed by %s", b.Key, quoted(strings.Join(others, ", "))).Then("look for another with ticket_search ready=true")
	}
	if len(b.Assignees) > 0 && b.Status == tickets.Active {
		return fail.Errorf(fail.Conflict, "%s is claimed by %s already, which is you, or another session of yours", b.Key, quoted(ch.me)).
			Then("look for another with ticket_search ready=true")
	}
	p.State, p.Assignees = "active", &[]string{ch.me}
	return nil
}

// planLink plans a link, or the end of one.
func (c *conn) planLink(ctx context.Context, p *plan, w tickets.Write) error {
	to, toKey, err := c.mustID(ctx, w.To)
	if err != nil {
		return err
	}
	if p.link, err = kept(p.before.id, p.before.Key, w.Kind, to, toKey); err != nil {
		return err
	}
	said := w.Kind + " " + toKey
	if !w.Remove {
		p.Link = said
		return c.checkLink(p.link)
	}
	p.Unlink = said
	is, err := c.linked(p.link)
	if err == nil && !is {
		err = fail.Errorf(fail.NotFound, "%s has no such link: %s %s", p.before.Key, w.Kind, toKey)
	}
	return err
}
