package issues

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"cleat/internal/fail"
	"cleat/internal/systems/tickets"
)

// A fields is what an issue is made or changed with. A null takes a value away.
type fields struct {
	Title       *string         `json:"title,omitempty"`
	Description *string         `json:"description,omitempty"`
	Type        string          `json:"issue_type,omitempty"`
	Assignees   *[]int64        `json:"assignee_ids,omitempty"`
	Milestone   *int64          `json:"milestone_id,omitempty"` // 0 for none
	Labels      *string         `json:"labels,omitempty"`
	Add         string          `json:"add_labels,omitempty"`
	Remove      string          `json:"remove_labels,omitempty"`
	Event       string          `json:"state_event,omitempty"`
	Due         json.RawMessage `json:"due_date,omitempty"`
	Weight      json.RawMessage `json:"weight,omitempty"`
	Secret      *bool           `json:"confidential,omitempty"`
}

// A said is the body of a comment.
type said struct {
	Body string `json:"body"`
}

// A linking is the body of a link.
type linking struct {
	Project int64  `json:"target_project_id"`
	Number  int64  `json:"target_issue_iid"`
	Type    string `json:"link_type"`
}

// A step is one request of a write.
type step struct {
	method string
	path   string
	body   json.RawMessage // nil for none
	done   string          // what it does, in words
	issue  bool            // its answer is the issue
}

// A plan is a write that is being prepared.
type plan struct {
	*Tracker
	w      tickets.Write
	repo   string
	id     int64  // of the project
	now    *issue // as it is; nil for a create
	before *tickets.Ticket
	set    fields
	asked  []user // who will be assigned
	steps  []step
	notes  []string
}

// Prepare implements tickets.Writer.
func (t *Tracker) Prepare(ctx context.Context, w tickets.Write) (*tickets.Prepared, error) {
	p := &plan{Tracker: t, w: w}
	if err := p.check(); err != nil {
		return nil, err
	}
	prepare := p.change
	if w.Op == tickets.Create {
		prepare = p.create
	}
	if err := prepare(ctx); err != nil {
		return nil, err
	}
	out := &tickets.Prepared{Before: p.before, Notes: p.notes, Send: p.send}
	for _, s := range p.steps {
		out.Requests = append(out.Requests, tickets.Request{Method: s.method, Path: s.path, Body: s.body})
	}
	return out, nil
}

// check refuses what can be told to be wrong without asking anybody.
func (p *plan) check() error {
	c := p.w.Changes
	switch {
	case !slices.Contains(tickets.Ops(), p.w.Op):
		return fail.Errorf(fail.Invalid, "%.40q is no operation on a ticket", string(p.w.Op))
	case c.Title != nil && strings.TrimSpace(*c.Title) == "", c.Title == nil && p.w.Op == tickets.Create:
		return fail.Errorf(fail.Invalid, "a ticket needs a title")
	case c.Title != nil && utf8.RuneCountInString(*c.Title) > maxTitle:
		return fail.Errorf(fail.TooLarge, "the title has %d characters; GitLab takes %d", utf8.RuneCountInString(*c.Title), maxTitle)
	case c.Priority != "":
		return fail.Errorf(fail.Unsupported, "issues on %s have no priority", title).Then("use a label")
	case c.Parent != nil:
		return fail.Errorf(fail.Unsupported, "the parent of an issue on %s cannot be set", title).Then("link it with ticket_write op=link")
	case p.w.Op == tickets.Remark && strings.TrimSpace(c.Comment) == "":
		return fail.Errorf(fail.Invalid, "a comment needs a text")
	}
	if c.Type != "" && !slices.Contains(types(), c.Type) {
		return unknown("type", c.Type, types())
	}
	return tooLong("comment", c.Comment)
}

// types are the types of issues that can be made.
func types() []string { return []string{"issue", "incident", "task", "test_case"} }

// tooLong fails for a text that GitLab does not take.
func tooLong(what, s string) error {
	if n := utf8.RuneCountInString(s); n > maxBody {
		return fail.Errorf(fail.TooLarge, "the %s has %d characters; at most %d are taken", what, n, maxBody)
	}
	return nil
}

// create prepares a new issue.
func (p *plan) create(ctx context.Context) error {
	in, err := p.project(ctx, p.w.Project)
	if err != nil {
		return err
	}
	p.repo, p.id = in.Name, in.ID
	if err := p.changes(ctx); err != nil {
		return err
	}
	if err := p.add(http.MethodPost, p.set, step{done: "the issue was made", issue: true}, "issues"); err != nil {
		return err
	}
	if p.w.Changes.Comment == "" {
		return nil
	}
	// The number of the issue is in the answer to the first request.
	body, err := json.Marshal(said{p.w.Changes.Comment})
	if err != nil {
		return err
	}
	path, err := at(digits(p.id), "issues")
	if err != nil {
		return err
	}
	p.steps = append(p.steps, step{method: http.MethodPost, path: path + "/" + unmade + "/notes", body: body, done: "the comment was made"})
	return nil
}

// unmade stands for the number of an issue that is not made yet.
const unmade = "{iid}"

// change prepares a write about an issue that is there.
func (p *plan) change(ctx context.Context) error {
	var err error
	if p.now, p.repo, err = p.find(ctx, p.w.Key); err != nil {
		return err
	}
	t := p.ticket(ctx, p.repo, p.now)
	p.before, p.id = &t, p.now.ProjectID
	if err := tickets.CheckBase(p.w, p.before); err != nil {
		return err
	}
	if err := p.changes(ctx); err != nil {
		return err
	}
	switch p.w.Op {
	case tickets.Move:
		err = p.move()
	case tickets.Take:
		err = p.take(ctx)
	case tickets.Relate:
		err = p.relate(ctx)
	}
	if err != nil {
		return err
	}
	number := digits(p.now.Number)
	set, err := json.Marshal(p.set)
	if err != nil {
		return err
	}
	if string(set) != "{}" {
		if err := p.add(http.MethodPut, p.set, step{done: "the issue was changed", issue: true}, "issues", number); err != nil {
			return err
		}
	}
	if c := p.w.Changes.Comment; c != "" {
		body, err := json.Marshal(said{c})
		if err != nil {
			return err
		}
		if err := p.put(http.MethodPost, body, step{done: "the comment was made"}, "issues", number, "notes"); err != nil {
			return err
		}
		if p.now.Locked {
			p.notes = append(p.notes, "its discussion is locked: GitLab takes comments of members only")
		}
	}
	if len(p.steps) == 0 {
		return fail.Errorf(fail.Invalid, "there is nothing to change").Then("give what the ticket shall have")
	}
	return nil
}

// add adds a step that sends fields.
func (p *plan) add(method string, set fields, s step, segments ...string) error {
	body, err := json.Marshal(set)
	if err != nil {
		return err
	}
	return p.put(method, body, s, segments...)
}

// put adds a step. Its bytes are the ones that are sent.
func (p *plan) put(method string, body json.RawMessage, s step, segments ...string) (err error) {
	s.method, s.body = method, body
	s.path, err = at(digits(p.id), segments...)
	p.steps = append(p.steps, s)
	return err
}

// move closes or opens the issue.
func (p *plan) move() error {
	switch strings.ToLower(p.w.To) {
	case string(tickets.Done), "closed", "close":
		p.set.Event = "close"
	case string(tickets.Todo), tickets.Open, "opened", "reopen":
		p.set.Event = "reopen"
	case string(tickets.Active):
		return fail.Errorf(fail.Unsupported, "%s has no state for issues that somebody works on", title).Then("assign it with ticket_write op=claim")
	case "":
		return fail.Errorf(fail.Invalid, "it is not said to which state").Then("give to: opened, closed")
	default:
		return unknown("state", p.w.To, []string{"todo", "done", "opened", "closed"})
	}
	if (p.set.Event == "close") == (p.before.Status == tickets.Done) {
		return fail.Errorf(fail.Conflict, "%s is %s already", p.before.Key, p.before.State)
	}
	return nil
}

// take assigns the issue to oneself, unless another has it.
func (p *plan) take(ctx context.Context) error {
	me, err := p.me(ctx)
	if err != nil {
		return err
	}
	switch {
	case p.before.Status == tickets.Done:
		return fail.Errorf(fail.Conflict, "%s is closed", p.before.Key)
	case slices.ContainsFunc(p.now.Assignees, func(u user) bool { return u.ID == me.ID }):
		return fail.Errorf(fail.Conflict, "%s is yours already", p.before.Key).Then("go on with it")
	case len(p.now.Assignees) > 0:
		return fail.Errorf(fail.Conflict, "%s is taken by %s", p.before.Key, listed(p.before.Assignees)).Then("take another, or ask them")
	}
	p.assign([]int64{me.ID})
	p.asked = []user{me}
	p.notes = append(p.notes, "GitLab has no atomic claim: that nobody has it was checked right before")
	return nil
}

// relate makes a link, or takes it away.
func (p *plan) relate(ctx context.Context) error {
	kind, err := typeOf(p.w.Kind)
	if err != nil {
		return err
	}
	to, repo, err := p.find(ctx, p.w.To)
	if err != nil {
		return err
	}
	name := p.Spell(ctx, repo, to.Number)
	if to.ID == p.now.ID {
		return fail.Errorf(fail.Invalid, "%s cannot be linked to itself", name)
	}
	all, err := p.linked(ctx, p.now)
	if err != nil {
		return err
	}
	there := slices.IndexFunc(all, func(o issue) bool { return o.ID == to.ID && o.LinkType == kind })
	number := digits(p.now.Number)
	switch {
	case p.w.Remove && (there < 0 || all[there].LinkID <= 0):
		return fail.Errorf(fail.NotFound, "%s has no link %s to %s", p.before.Key, p.w.Kind, name).Then("see its links with ticket_read view=links")
	case p.w.Remove:
		return p.put(http.MethodDelete, nil, step{done: "the link was taken away"}, "issues", number, "links", digits(all[there].LinkID))
	case slices.ContainsFunc(all, func(o issue) bool { return o.ID == to.ID }):
		return fail.Errorf(fail.Conflict, "%s has a link to %s already", p.before.Key, name).Then("take that away first, with remove")
	}
	body, err := json.Marshal(linking{to.ProjectID, to.Number, kind})
	if err != nil {
		return err
	}
	return p.put(http.MethodPost, body, step{done: "the link was made"}, "issues", number, "links")
}
