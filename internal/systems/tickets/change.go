package tickets

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"cleat/internal/fail"
	"cleat/internal/outgoing"
)

// A Change is a Write as a caller asks for it. Tickets in it are named by keys or by ticket://
// addresses.
type Change struct {
	Write
	Body      *string // the whole body; or use Edit
	Edit      *Part
	Anyway    bool // create although there are tickets like it
	DryRun    bool
	Repeating string // the idempotency key, "" for none
}

// Do makes a change, or says what it would be.
func (s *Service) Do(ctx context.Context, c Change) (*Outcome, error) {
	w, ok := s.tracker.(Writer)
	if !ok {
		return nil, fail.Errorf(fail.Unsupported, "tickets of %s cannot be changed", s.name).Then("use another source; status lists them")
	}
	if err := s.keys(&c); err != nil {
		return nil, err
	}
	if err := s.check(ctx, c); err != nil {
		return nil, err
	}
	notes, err := s.outgoing(&c)
	if err != nil {
		return nil, err
	}
	out := &Outcome{Op: c.Op, Source: s.name, DryRun: c.DryRun, Notes: notes, now: s.o.Now()}
	if c.Op == Create && !c.Anyway {
		if err := s.alike(ctx, c, out); err != nil {
			return nil, err
		}
	}
	if c.Repeating != "" {
		sum := sha256.Sum256([]byte(s.name + "\x00" + c.Repeating))
		c.Token = hex.EncodeToString(sum[:16])
	}
	p, err := w.Prepare(ctx, c.Write)
	if err != nil {
		return nil, err
	}
	// Preparing may have asked the service, and so have told what credential is held.
	again := c
	if _, err := s.outgoing(&again); err != nil {
		return nil, err
	}
	out.Notes = append(out.Notes, p.Notes...)
	if c.DryRun {
		out.Requests, out.Before = p.Requests, p.Before
		if p.Before != nil {
			out.Base = p.Before.Base() // before anything in it is redacted
		}
		return out, nil
	}
	began := s.o.Now()
	t, err := p.Send(ctx)
	if err != nil {
		if c.Op != Create || fail.From(err).Code != fail.UnknownOutcome {
			return nil, err
		}
		if t, err = s.lookUp(ctx, c.Write, began, err); err != nil {
			return nil, err
		}
		out.Notes = append(out.Notes, "the answer was lost; the ticket was found by looking it up, and nothing was sent twice")
	}
	s.saw(*t)
	out.Ticket, out.Base = *t, t.Base()
	return out, nil
}

// keys puts keys in the place of addresses.
func (s *Service) keys(c *Change) (err error) {
	if c.Key, err = s.key(c.Key); err != nil {
		return err
	}
	if c.Op == Relate {
		if c.To, err = s.key(c.To); err != nil {
			return err
		}
	}
	if c.Changes.Parent != nil {
		parent, err := s.key(*c.Changes.Parent)
		c.Changes.Parent = &parent
		return err
	}
	return nil
}

// check refuses what no tracker has to be asked about.
func (s *Service) check(ctx context.Context, c Change) error {
	invalid := func(next, format string, args ...any) error {
		return fail.Errorf(fail.Invalid, format, args...).Then("%s", next)
	}
	switch {
	case !slices.Contains(Ops(), c.Op):
		return invalid("pass op as one of create, update, comment, transition, link, claim", "there is no op %s", quote(string(c.Op)))
	case c.Op == Create && c.Key != "":
		return invalid("leave ticket out, or pass op=update", "op=create makes a new ticket, and takes no key")
	case c.Op == Create && (c.Changes.Title == nil || strings.TrimSpace(*c.Changes.Title) == ""):
		return invalid("pass title", "op=create needs a title")
	case c.Op == Create && c.Edit != nil:
		return invalid("pass body", "a new ticket has nothing to edit")
	case c.Op == Remark && strings.TrimSpace(c.Changes.Comment) == "":
		return invalid("pass body", "op=comment needs a text")
	case (c.Op == Move || c.Op == Relate) && c.To == "":
		return invalid("pass to; ticket_read view=transitions and view=links show what there is", "op=%s needs where to", c.Op)
	case c.Op == Relate && !slices.Contains(LinkKinds(), c.Kind):
		return invalid("pass set={\"kind\":…} as one of "+strings.Join(LinkKinds(), ", "), "there is no kind of link %s", quote(c.Kind))
	case c.Op == Update && c.Changes.empty() && c.Body == nil && c.Edit == nil:
		return invalid("pass title, body, edit or set", "op=update changes nothing")
	case c.Body != nil && c.Edit != nil:
		return invalid("pass one of them", "body and edit exclude each other")
	}
	// What an op does not name it does not do: policy may allow one op alone.
	if texts := c.Op == Create || c.Op == Update; !texts && (c.Changes.Title != nil || c.Body != nil || c.Edit != nil) {
		return invalid("leave it out, or pass op=update", "op=%s changes no title and no body", c.Op)
	}
	if c.To != "" && c.Op != Move && c.Op != Relate {
		return invalid("leave it out, or pass op=transition or op=link", "op=%s leads nowhere, and takes no to", c.Op)
	}
	if c.Changes.Title != nil && strings.ContainsAny(*c.Changes.Title, "\r\n") {
		return invalid("put it on one line", "the title has several lines")
	}
	if c.Op == Create {
		return nil
	}
	return s.checkKey(ctx, c.Key)
}

// empty reports whether nothing would change.
func (c *Changes) empty() bool {
	return c.Title == nil && c.Body == nil && c.Comment == "" && c.Type == "" && c.Priority == "" && c.Parent == nil && c.Milestone == nil &&
		c.Assignees == nil && c.Labels == nil && len(c.Add) == 0 && len(c.Remove) == 0 && len(c.Custom) == 0
}

// outgoing checks the texts of c, and takes their effects away. Of an edit it is what is
// new that counts: what stands in the ticket already has gone out before.
func (s *Service) outgoing(c *Change) (notes []string, err error) {
	t := s.tracker.Traits()
	rules := outgoing.Rules{Redact: s.o.Redact, Host: t.Host, Allowed: t.Allowed, Mentions: t.Mentions, Keywords: t.Keywords, Actions: t.Actions}
	neutral := func(what string, text *string) {
		if text == nil || err != nil {
			return
		}
		if err = rules.Check(what, *text); err != nil {
			return
		}
		var n []string
		*text, n = rules.Neutral(*text)
		for _, note := range n {
			if !slices.Contains(notes, note) {
				notes = append(notes, note)
			}
		}
	}
	plain := func(what, text string) {
		if err == nil {
			err = rules.Check(what, text)
		}
	}
	if c.Changes.Title != nil {
		plain("the title", *c.Changes.Title)
	}
	neutral("the body", c.Body)
	if c.Edit != nil {
		edit := *c.Edit // the caller's stays as it is
		c.Edit = &edit
		for _, text := range []*string{&edit.Text, &edit.Replace, &edit.Append} {
			neutral("the edit", text)
		}
	}
	neutral("the comment", &c.Changes.Comment)
	for _, f := range c.Changes.Custom {
		plain("the name of a field", f.Name)
		plain("the field "+quote(f.Name), spoken(f.Value))
	}
	for _, l := range slices.Concat(c.Changes.Add, deref(c.Changes.Labels)) {
		plain("a label", l)
	}
	// What can only name things that the service has makes none, but is sent.
	secret := outgoing.Rules{Redact: s.o.Redact}
	for _, word := range slices.Concat([]string{c.Changes.Type, c.Changes.Priority, c.Project, c.To, value(c.Changes.Parent), value(c.Changes.Milestone)},
		c.Changes.Remove, deref(c.Changes.Assignees)) {
		if err == nil {
			err = secret.Check("a name in the call", word)
		}
	}
	if err != nil {
		return nil, err
	}
	switch {
	case c.Body != nil:
		body := *c.Body
		c.Changes.Body = func(string) (string, error) { return body, nil }
	case c.Edit != nil:
		edit := c.Edit
		c.Changes.Body = func(old string) (string, error) {
			now, err := edit.apply(old)
			if err != nil {
				return "", err
			}
			return now, joined(&rules, old, now)
		}
	}
	return notes, nil
}

// joined fails with fail.Denied where an edit makes something together with the text around
// it that must not go out, and that neither of them is alone.
func joined(rules *outgoing.Rules, old, now string) error {
	if err := rules.Check("the body with the edit", now); err != nil && rules.Check("", old) == nil {
		return err
	}
	before := rules.Effects(old)
	for what := range rules.Effects(now) {
		if !before[what] {
			return fail.Errorf(fail.Denied, "the edit makes, with the text around it, what the service acts on: %s", quote(what)).
				Because("it names a person, closes a ticket or is a command").Then("put all of it into the edit, or pass the whole text as body: there it is made harmless")
		}
	}
	return nil
}

// spoken is a value in JSON with its texts as they are read, without escapes.
func spoken(raw json.RawMessage) string {
	d := json.NewDecoder(bytes.NewReader(raw))
	var b strings.Builder
	for {
		t, err := d.Token()
		if err != nil {
			return b.String() + string(raw)
		}
		if s, ok := t.(string); ok {
			b.WriteString(s + "\n")
		}
	}
}

func value(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func deref(list *[]string) []string {
	if list == nil {
		return nil
	}
	return *list
}

// lookWaits are the times between looks for a ticket whose creation was not answered.
func lookWaits() []time.Duration { return []time.Duration{0, time.Second, 2 * time.Second} }

// lookUp finds out whether a create whose answer was lost has happened.
func (s *Service) lookUp(ctx context.Context, w Write, began time.Time, lost error) (*Ticket, error) {
	f, ok := s.tracker.(Finder)
	if !ok {
		return nil, lost
	}
	for i, d := range lookWaits() {
		select {
		case <-ctx.Done():
			return nil, lost
		case <-time.After(d):
		}
		// Clocks differ: what was made a little before counts too, and the title decides.
		found, err := f.Created(ctx, w, began.Add(-2*time.Minute))
		if err != nil {
			return nil, lost
		}
		switch {
		case len(found) == 1:
			return &found[0], nil
		case len(found) > 1:
			var keys []string
			for _, t := range found {
				keys = append(keys, clip(t.Key))
			}
			return nil, fail.Errorf(fail.UnknownOutcome, "the answer was lost, and there are several tickets with this title that you made just now").
				Because("%s", strings.Join(keys, ", ")).Then("read them with ticket_read before you create it again")
		case i == len(lookWaits())-1:
		}
	}
	e := fail.From(lost)
	return nil, fail.Errorf(fail.UnknownOutcome, "%s", e.What).
		Because("%s", strings.TrimSpace(e.Why+" it was looked for three times, and is not there")).
		Then("look for it with ticket_search status=all; if it is still not there, create it again with another idempotency_key")
}

// alike fails with fail.Conflict where there are tickets like the one that is to be made; a
// dry run is told.
func (s *Service) alike(ctx context.Context, c Change, out *Outcome) error {
	found, err := s.likely(ctx, *c.Changes.Title, c.Project)
	if err != nil {
		out.Notes = append(out.Notes, "tickets like it could not be looked for: "+fail.From(err).What)
		return nil
	}
	if len(found) == 0 {
		return nil
	}
	var lines []string
	for _, t := range found {
		lines = append(lines, fmt.Sprintf("%s %s %s", clip(t.Key), t.Status, quote(t.Title)))
	}
	if c.DryRun {
		out.Notes = append(out.Notes, "there are tickets like it, for which it would be refused without anyway=true: "+strings.Join(lines, "; "))
		return nil
	}
	return fail.Errorf(fail.Conflict, "nothing was created: %s like it", plural(len(found), "there is a ticket", "there are tickets")).
		Because("%s", strings.Join(lines, "; ")).
		Then("read it with ticket_read, and update or comment on it; or pass anyway=true if yours is another")
}

func plural(n int, one, several string) string {
	if n == 1 {
		return one
	}
	return several
}
