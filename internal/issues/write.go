package issues

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"cleat/internal/fail"
	"cleat/internal/rest"
	"cleat/internal/systems/tickets"
)

// A Set is what a write sets, resolved. Nil is left as it is.
type Set struct {
	Title     *string
	Body      *string
	State     *State
	Type      *string
	Milestone *Milestone // the zero one takes it away
	Assignees *[]string
	Labels    *[]Label // all that it will have
}

// Empty reports whether nothing is set.
func (s *Set) Empty() bool {
	return s.Title == nil && s.Body == nil && s.State == nil && s.Type == nil && s.Milestone == nil && s.Assignees == nil && s.Labels == nil
}

// A Step is one request of a write. {number} in its path and "{id}" in its body stand for
// those of the issue that the first step makes.
type Step struct {
	Method string
	Path   string // below the prefix
	Body   json.RawMessage
	Done   string // what it does, in words
}

// NewStep returns a step; v is sent as JSON, nil for no body.
func NewStep(method, path string, v json.Marshaler, done string) (Step, error) {
	s := Step{Method: method, Path: path, Done: done}
	if v == nil {
		return s, nil
	}
	var err error
	s.Body, err = json.Marshal(v)
	return s, err
}

// Prepare implements tickets.Writer.
func (t *Tracker) Prepare(ctx context.Context, w tickets.Write) (*tickets.Prepared, error) {
	if !slices.Contains(tickets.Ops(), w.Op) {
		return nil, fail.Errorf(fail.Invalid, "there is no write %s", quoted(string(w.Op)))
	}
	if err := t.checkChanges(w); err != nil {
		return nil, err
	}
	p := &preparing{t: t, w: w}
	if w.Op == tickets.Create {
		repo, err := t.Project(ctx, w.Project)
		if err != nil {
			return nil, err
		}
		p.at = At{Repo: repo}
		return p.done(p.save(ctx))
	}
	k, err := t.Find(ctx, w.Key)
	if err != nil {
		return nil, err
	}
	if p.issue, p.at, err = t.issue(ctx, At{k.Repo, k.Number}); err != nil {
		return nil, err
	}
	before := t.ticket(t.here(ctx), p.at.Repo, p.issue)
	p.before = &before
	if err := tickets.CheckBase(w, p.before); err != nil {
		return nil, err
	}
	switch w.Op {
	case tickets.Move:
		err = p.move()
	case tickets.Take:
		err = p.take(ctx)
	case tickets.Relate:
		return p.done(p.relate(ctx))
	}
	if err != nil {
		return nil, err
	}
	return p.done(p.save(ctx))
}

// checkChanges refuses what no issue of the service could have.
func (t *Tracker) checkChanges(w tickets.Write) error {
	c := w.Changes
	switch {
	case c.Title == nil && w.Op == tickets.Create, c.Title != nil && strings.TrimSpace(*c.Title) == "":
		return fail.Errorf(fail.Invalid, "a ticket needs a title")
	case c.Title != nil && utf8.RuneCountInString(*c.Title) > t.Its.MaxTitle:
		return fail.Errorf(fail.TooLarge, "the title has %d characters, and %s takes %d", utf8.RuneCountInString(*c.Title), t.Title, t.Its.MaxTitle)
	case w.Op == tickets.Remark && strings.TrimSpace(c.Comment) == "":
		return fail.Errorf(fail.Invalid, "the comment is empty")
	case w.Op == tickets.Create && c.Comment != "":
		return fail.Errorf(fail.Invalid, "a ticket that is made has no comment yet").Then("put the text into its body")
	case c.Priority != "":
		return fail.Errorf(fail.Unsupported, "tickets on %s have no priority", t.Title).Then("use a label")
	case len(c.Custom) > 0:
		return fail.Errorf(fail.Unsupported, "tickets on %s have no field %s", t.Title, quoted(c.Custom[0].Name)).
			Because("it has no fields of one's own").Then("use one of %s", strings.Join(t.Its.Fields, ", "))
	}
	return t.fits("comment", c.Comment)
}

// fits fails with fail.TooLarge for a text that the service does not take.
func (t *Tracker) fits(what, s string) error {
	if len(s) <= t.Its.MaxBody {
		return nil
	}
	if n := utf8.RuneCountInString(s); n > t.Its.MaxBody {
		return fail.Errorf(fail.TooLarge, "the %s has %d characters, and %s takes %d", what, n, t.Title, t.Its.MaxBody).Then("shorten it, or split it into comments")
	}
	return nil
}

// A preparing is a write that is prepared.
type preparing struct {
	t      *Tracker
	w      tickets.Write
	at     At
	issue  *Issue
	before *tickets.Ticket
	set    Set
	steps  []Step
	notes  []string
}

// move finds the state that the ticket is moved to.
func (p *preparing) move() error {
	to := strings.ToLower(strings.TrimSpace(p.w.To))
	switch to {
	case "open", "reopen", string(tickets.Todo):
		p.set.State = &p.t.States[0]
	case "close", "closed", string(tickets.Done):
		i := slices.IndexFunc(p.t.States, func(s State) bool { return s.Status == tickets.Done })
		p.set.State = &p.t.States[i]
	default:
		s, ok := p.t.named(to)
		if !ok {
			return p.t.unknownState(p.w.To)
		}
		p.set.State = &s
	}
	now := p.t.state(p.issue)
	_, named := p.t.named(to)
	if s := p.set.State; s.Status == now.Status && (s.Name == now.Name || !named) {
		return fail.Errorf(fail.Conflict, "%s is %s already", p.before.Key, quoted(now.Name))
	}
	return nil
}

// take assigns the ticket to oneself, unless another has it.
func (p *preparing) take(ctx context.Context) error {
	me, err := p.t.me(ctx)
	if err != nil {
		return err
	}
	if p.before.Status == tickets.Done {
		return fail.Errorf(fail.Conflict, "%s is closed", p.before.Key)
	}
	for _, name := range p.before.Assignees {
		if !strings.EqualFold(name, me) {
			return fail.Errorf(fail.Conflict, "%s is of %s", p.before.Key, quoted(name)).Then("ask the user, or look for another with ticket_search assignee=none")
		}
	}
	if len(p.before.Assignees) > 0 {
		return fail.Errorf(fail.Conflict, "%s is yours already", p.before.Key).Then("go on with it")
	}
	p.w.Changes.Assignees = &[]string{me}
	p.notes = append(p.notes, p.t.Title+" has no claim that is atomic: another may have taken the ticket at the same moment")
	return nil
}

// free looks once more, right before the write, whether the ticket that is taken is nobody's:
// since it was prepared a person may have been asked.
func (p *preparing) free(ctx context.Context) error {
	now, at, err := p.t.issue(ctx, p.at)
	if err != nil {
		return err
	}
	if len(now.Assignees) > 0 || now.State != p.issue.State {
		v := p.t.ticket(p.t.here(ctx), at.Repo, now)
		return fail.Errorf(fail.Conflict, "%s is %s now, and of %s", v.Key, v.State, quoted(strings.Join(v.Assignees, ", "))).
			Then("look for another with ticket_search assignee=none")
	}
	return nil
}

// save resolves what is to be set, and makes the requests for it.
func (p *preparing) save(ctx context.Context) error {
	if err := p.resolve(ctx); err != nil {
		return err
	}
	c := p.w.Changes
	if c.Comment != "" {
		path, err := p.at.Path("comments")
		if err != nil {
			return err
		}
		s, err := NewStep(http.MethodPost, path, rest.JSON(struct {
			Body string `json:"body"`
		}{c.Comment}), "the comment is made")
		if err != nil {
			return err
		}
		p.steps = append(p.steps, s)
	}
	if p.issue == nil || !p.set.Empty() {
		steps, err := p.t.Service.Save(p.at, p.issue, &p.set)
		if err != nil {
			return err
		}
		p.steps = append(p.steps, steps...)
	}
	if err := p.parent(ctx); err != nil {
		return err
	}
	if len(p.steps) == 0 {
		return fail.Errorf(fail.Invalid, "there is nothing to change").Then("give what is to be changed: title, body, edit or set")
	}
	return nil
}

// parent makes the request that sets the parent.
func (p *preparing) parent(ctx context.Context) error {
	want := p.w.Changes.Parent
	if want == nil {
		return nil
	}
	if !slices.Contains(p.t.Kinds, "parent") {
		return fail.Errorf(fail.Unsupported, "tickets on %s have no parent", p.t.Title)
	}
	from := Place{At: p.at, ID: -1}
	if p.issue != nil {
		from.ID = p.issue.ID
		old, has := ParseURL(p.issue.ParentURL)
		if *want == "" && !has {
			return nil
		}
		if has {
			if err := p.t.Permit(old.Repo); err != nil {
				return err
			}
			if err := p.link("parent", from, Place{At: old}, true); err != nil {
				return err
			}
		}
	}
	if *want == "" {
		return nil
	}
	to, err := p.other(ctx, *want)
	if err != nil {
		return err
	}
	return p.link("parent", from, to, false)
}

// other finds another ticket of the same service.
func (p *preparing) other(ctx context.Context, key string) (Place, error) {
	k, err := p.t.Find(ctx, key)
	if err != nil {
		return Place{}, err
	}
	i, at, err := p.t.issue(ctx, At{k.Repo, k.Number})
	if err != nil {
		return Place{}, err
	}
	if p.issue != nil && at.Number == p.at.Number && strings.EqualFold(at.Repo, p.at.Repo) {
		return Place{}, fail.Errorf(fail.Invalid, "a ticket cannot be linked to itself")
	}
	return Place{at, i.ID}, nil
}

func (p *preparing) link(kind string, from, to Place, remove bool) error {
	s, err := p.t.Service.Link(kind, from, to, remove)
	p.steps = append(p.steps, s)
	return err
}

// relate links the ticket to another, or takes the link away.
func (p *preparing) relate(ctx context.Context) error {
	if !slices.Contains(p.t.Kinds, p.w.Kind) {
		return fail.Errorf(fail.Unsupported, "%s has no links of the kind %s", p.t.Title, quoted(p.w.Kind)).Then("use one of %s", strings.Join(p.t.Kinds, ", "))
	}
	to, err := p.other(ctx, p.w.To)
	if err != nil {
		return err
	}
	now := *p.before
	if err := p.t.Service.Extra(ctx, p.t, p.at, p.issue, tickets.Want{Links: true}, &now); err != nil {
		return err
	}
	key := Key{Repo: to.Repo, Number: to.Number}.String(p.t.here(ctx))
	has := slices.ContainsFunc(now.Links, func(l tickets.Link) bool { return l.What == "ticket" && l.Kind == p.w.Kind && l.To == key })
	switch {
	case has && !p.w.Remove:
		return fail.Errorf(fail.Conflict, "%s has that link to %s already", p.before.Key, key)
	case !has && p.w.Remove:
		return fail.Errorf(fail.NotFound, "%s has no such link to %s", p.before.Key, key).Then("look at its links with ticket_read view=links")
	}
	return p.link(p.w.Kind, Place{p.at, p.issue.ID}, to, p.w.Remove)
}

// done makes the Prepared of what was prepared without an error.
func (p *preparing) done(err error) (*tickets.Prepared, error) {
	if err != nil {
		return nil, err
	}
	out := &tickets.Prepared{Before: p.before, Notes: p.notes, Send: p.send}
	for _, s := range p.steps {
		out.Requests = append(out.Requests, tickets.Request{Method: s.Method, Path: p.t.Prefix + s.Path, Body: s.Body})
	}
	return out, nil
}

// send sends the steps, each once.
func (p *preparing) send(ctx context.Context) (*tickets.Ticket, error) {
	var out tickets.Ticket
	var made Issue
	if p.before != nil {
		out = *p.before
	}
	if p.w.Op == tickets.Take {
		if err := p.free(ctx); err != nil {
			return nil, err
		}
	}
	var did []string
	for _, s := range p.steps {
		r := rest.Request{Method: s.Method, Path: p.t.Prefix + s.Path, Header: p.t.Header, Want: rest.Want{Empty: true}}
		if made.Number > 0 {
			r.Path = strings.ReplaceAll(r.Path, "{number}", strconv.FormatInt(made.Number, 10))
			s.Body = bytes.ReplaceAll(s.Body, []byte(`"{id}"`), strconv.AppendInt(nil, made.ID, 10))
		}
		if s.Body != nil {
			r.Body = s.Body
		}
		data, _, err := p.t.Client.Bytes(ctx, r)
		if err != nil {
			return nil, tickets.Partly(err, did...)
		}
		did = append(did, s.Done)
		if !s.isIssue(p.at) {
			continue
		}
		if made, err = rest.Decode[Issue](p.t.Client, data); err == nil {
			notes := out.Notes
			out = p.t.ticket(p.t.here(ctx), made.repo(p.at.Repo), &made)
			out.Notes = append(notes, p.dropped(&out)...)
		} else if p.issue == nil {
			return nil, fail.Errorf(fail.UnknownOutcome, "%s took the ticket, and its answer does not tell which it is: %w", p.t.Title, err).Then("look for it with ticket_search")
		}
	}
	return &out, nil
}

// isIssue reports whether the answer to a step is the issue at a place.
func (s *Step) isIssue(at At) bool {
	path, err := at.Path()
	if at.Number == 0 {
		path += "/issues"
	}
	return err == nil && s.Path == path
}

// dropped says what of a write the service has left out without an error, as GitHub does for
// whom may not set it.
func (p *preparing) dropped(now *tickets.Ticket) []string {
	var notes []string
	if p.set.Labels != nil {
		for _, l := range *p.set.Labels {
			if !slices.ContainsFunc(now.Labels, func(s string) bool { return strings.EqualFold(s, l.Name) }) {
				notes = append(notes, p.t.Title+" has not set the label "+quoted(l.Name)+": the account may not be allowed to")
			}
		}
	}
	if p.set.Assignees != nil {
		for _, a := range *p.set.Assignees {
			if !slices.ContainsFunc(now.Assignees, func(s string) bool { return strings.EqualFold(s, a) }) {
				notes = append(notes, p.t.Title+" has not assigned "+quoted(a)+": the account may not be allowed to")
			}
		}
	}
	return notes
}
