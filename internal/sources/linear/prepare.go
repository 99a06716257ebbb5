package linear

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"cleat/internal/fail"
	"cleat/internal/systems/tickets"
)

// An input is what an issue is made or changed with. A null takes a value away.
type input struct {
	ID          string          `json:"id,omitempty"`
	Team        string          `json:"teamId,omitempty"`
	Title       *string         `json:"title,omitempty"`
	Description *string         `json:"description,omitempty"`
	State       string          `json:"stateId,omitempty"`
	Assignee    json.RawMessage `json:"assigneeId,omitempty"`
	Parent      json.RawMessage `json:"parentId,omitempty"`
	Project     json.RawMessage `json:"projectId,omitempty"`
	Milestone   json.RawMessage `json:"projectMilestoneId,omitempty"`
	Cycle       json.RawMessage `json:"cycleId,omitempty"`
	Due         json.RawMessage `json:"dueDate,omitempty"`
	Estimate    json.RawMessage `json:"estimate,omitempty"`
	Priority    *int            `json:"priority,omitempty"`
	Labels      *[]string       `json:"labelIds,omitempty"`
	Added       []string        `json:"addedLabelIds,omitempty"`
	Removed     []string        `json:"removedLabelIds,omitempty"`
}

// A link is what a comment or a relation is made with.
type link struct {
	ID      string `json:"id,omitempty"`
	Issue   string `json:"issueId"`
	Body    string `json:"body,omitempty"`
	Related string `json:"relatedIssueId,omitempty"`
	Type    string `json:"type,omitempty"`
}

const (
	createQuery = "mutation Create($input: IssueCreateInput!) { issueCreate(input: $input) { success issue { " + whole + " } } }"
	updateQuery = "mutation Update($id: String!, $input: IssueUpdateInput!) { issueUpdate(id: $id, input: $input) { success issue { " + whole + " } } }"
	remarkQuery = "mutation Comment($input: CommentCreateInput!) { commentCreate(input: $input) { success comment { id issue { " + whole + " } } } }"
	relateQuery = "mutation Relate($input: IssueRelationCreateInput!) { issueRelationCreate(input: $input) { success issueRelation { id } } }"
	partQuery   = "mutation Part($id: String!) { issueRelationDelete(id: $id) { success } }"
)

// A plan is a write that is being prepared.
type plan struct {
	*Source
	w      tickets.Write
	now    *issue // as it is; nil for a create
	before *tickets.Ticket
	team   team
	in     input
	steps  []step
	notes  []string
}

// Prepare implements tickets.Writer.
func (s *Source) Prepare(ctx context.Context, w tickets.Write) (*tickets.Prepared, error) {
	p := &plan{Source: s, w: w}
	if !slices.Contains(tickets.Ops(), w.Op) {
		return nil, fail.Errorf(fail.Invalid, "%.40q is no operation on a ticket", string(w.Op))
	}
	err := p.check()
	if err == nil && w.Op == tickets.Create {
		err = p.create(ctx)
	} else if err == nil {
		err = p.change(ctx)
	}
	if err != nil {
		return nil, err
	}
	out := &tickets.Prepared{Before: p.before, Notes: p.notes, Send: p.send}
	for _, st := range p.steps {
		out.Requests = append(out.Requests, tickets.Request{Method: "POST", Path: endpoint, Body: st.body})
	}
	return out, nil
}

// check refuses what can be told to be wrong without asking anybody.
func (p *plan) check() error {
	c := p.w.Changes
	switch {
	case c.Title != nil && strings.TrimSpace(*c.Title) == "", c.Title == nil && p.w.Op == tickets.Create:
		return fail.Errorf(fail.Invalid, "a ticket needs a title")
	case c.Type != "":
		return fail.Errorf(fail.Unsupported, "issues on Linear have no type").Then("use a label")
	case c.Assignees != nil && len(*c.Assignees) > 1:
		return fail.Errorf(fail.Unsupported, "an issue on Linear has one assignee").Then("give one person")
	case p.w.Op == tickets.Remark && strings.TrimSpace(c.Comment) == "":
		return fail.Errorf(fail.Invalid, "a comment needs a text")
	case p.w.Op == tickets.Move && p.w.To == "":
		return fail.Errorf(fail.Invalid, "it is not said to which state").Then("give to; ticket_read view=transitions lists the states")
	}
	return tooLong("comment", c.Comment)
}

// tooLong fails for a text beyond the limit.
func tooLong(what, s string) error {
	if len(s) <= tickets.MaxText {
		return nil
	}
	return fail.Errorf(fail.TooLarge, "the %s has %d bytes; at most %d are taken", what, len(s), tickets.MaxText)
}

// create prepares a new issue.
func (p *plan) create(ctx context.Context) error {
	key := p.w.Project
	if key == "" {
		if len(p.teams) != 1 || hasGlob(p.teams[0]) {
			list, err := p.list(ctx)
			if err != nil {
				return err
			}
			if len(list) != 1 {
				return fail.Errorf(fail.Invalid, "it is not said for which team").
					Because("there are: %s", listed(list[:min(len(list), maxNames)])).Then("give project, the key of a team")
			}
			key = list[0]
		} else {
			key = p.teams[0]
		}
	}
	var err error
	if p.team, err = p.theTeam(ctx, key); err != nil {
		return err
	}
	if p.in.ID, err = idOf(p.w.Token); err != nil {
		return err
	}
	p.in.Team = p.team.ID
	if err := p.changes(ctx); err != nil {
		return err
	}
	if err := p.add(createQuery, "", p.in, step{made: p.in.ID, done: "the issue was made"}); err != nil {
		return err
	}
	return p.remark(p.in.ID)
}

// change prepares a write about an issue that is there.
func (p *plan) change(ctx context.Context) error {
	w := p.w
	move := w.Op == tickets.Move || w.Op == tickets.Take
	var err error
	if p.now, err = p.issue(ctx, w.Key, variables{}, w.Op == tickets.Relate, move); err != nil {
		return err
	}
	t := p.Source.ticket(p.now)
	p.before, p.team = &t, p.now.Team
	if err := tickets.CheckBase(w, p.before); err != nil {
		return err
	}
	if err := p.changes(ctx); err != nil {
		return err
	}
	switch w.Op {
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
	if in, err := json.Marshal(p.in); err != nil {
		return err
	} else if string(in) != "{}" {
		if err := p.add(updateQuery, p.now.ID, p.in, step{done: "the issue was changed"}); err != nil {
			return err
		}
	}
	if err := p.remark(p.now.ID); err != nil {
		return err
	}
	if len(p.steps) == 0 {
		return fail.Errorf(fail.Invalid, "there is nothing to change").Then("give what the ticket shall have")
	}
	return nil
}

// remark adds the comment, if there is one.
func (p *plan) remark(issue string) error {
	if p.w.Changes.Comment == "" {
		return nil
	}
	id, err := idOf(p.w.Token)
	if err != nil {
		return err
	}
	in, err := json.Marshal(link{ID: id, Issue: issue, Body: p.w.Changes.Comment})
	if err != nil {
		return err
	}
	return p.put(remarkQuery, variables{Input: in}, step{said: id, done: "the comment was made"})
}

// add adds a step that sends an input.
func (p *plan) add(query, id string, in input, st step) error {
	data, err := json.Marshal(in)
	if err != nil {
		return err
	}
	return p.put(query, variables{ID: id, Input: data}, st)
}

// put adds a step. Its bytes are the ones that are sent.
func (p *plan) put(query string, v variables, st step) (err error) {
	st.body, err = json.Marshal(request{query, v})
	p.steps = append(p.steps, st)
	return err
}

// move sets the state.
func (p *plan) move() error {
	to, err := p.state(p.w.To)
	if err != nil {
		return err
	}
	if to.ID == p.now.State.ID {
		return fail.Errorf(fail.Conflict, "%s is in the state %.80q already", p.now.Identifier, to.Name)
	}
	p.in.State = to.ID
	return nil
}

// state finds a state of the issue's team: by its name, or the first of a status.
func (p *plan) state(name string) (state, error) {
	list := ordered(p.now.Team.States.Nodes)
	var names []string
	for _, st := range list {
		if strings.EqualFold(st.Name, name) {
			return st, nil
		}
		names = append(names, clip(st.Name, maxName))
	}
	// A status is also that of what is not for a person to choose; the usual one comes first.
	for _, kind := range [...][2]string{{"unstarted", "todo"}, {"started", "active"}, {"completed", "done"}, {"backlog", "todo"}, {"canceled", "done"}} {
		if i := slices.IndexFunc(list, func(st state) bool { return st.Type == kind[0] }); i >= 0 && strings.EqualFold(name, kind[1]) {
			return list[i], nil
		}
	}
	return state{}, unknown("state", name, append([]string{string(tickets.Todo), string(tickets.Active), string(tickets.Done)}, names...))
}

// take assigns the issue to oneself, unless another has it.
func (p *plan) take(ctx context.Context) error {
	me, err := p.me(ctx)
	if err != nil {
		return err
	}
	switch {
	case p.before.Status == tickets.Done:
		return fail.Errorf(fail.Conflict, "%s is closed: %.80q", p.now.Identifier, p.now.State.Name)
	case p.now.Assignee != nil && p.now.Assignee.ID != me.ID:
		return fail.Errorf(fail.Conflict, "%s is taken by %s", p.now.Identifier, listed([]string{p.now.Assignee.name()})).
			Then("take another, or ask them")
	case p.now.Assignee != nil && p.before.Status == tickets.Active:
		return fail.Errorf(fail.Conflict, "%s is yours already", p.now.Identifier).Then("go on with it")
	}
	p.in.Assignee = value(me.ID)
	if p.before.Status != tickets.Active {
		to, err := p.state(string(tickets.Active))
		if err != nil {
			return fail.Errorf(fail.Unsupported, "the team %s has no state for what is being worked on", p.team.Key)
		}
		p.in.State = to.ID
	}
	p.notes = append(p.notes, "Linear has no atomic claim: that nobody has it was checked right before")
	return nil
}

// kinds are the links that Linear has.
func kinds() []string {
	return []string{"blocks", "blocked_by", "parent", "child", "related", "duplicates", "duplicated_by"}
}

// relate makes or takes away a link.
func (p *plan) relate(ctx context.Context) error {
	w := p.w
	if !slices.Contains(kinds(), w.Kind) {
		return fail.Errorf(fail.Unsupported, "Linear has no links of the kind %.40q", w.Kind).Because("there are: %s", strings.Join(kinds(), ", "))
	}
	to, err := p.issue(ctx, w.To, variables{}, false, false)
	if err != nil {
		return err
	}
	if to.ID == p.now.ID {
		return fail.Errorf(fail.Invalid, "%s cannot be linked to itself", p.now.Identifier)
	}
	switch w.Kind {
	case "parent":
		return p.adopt(to, p.now)
	case "child":
		return p.adopt(p.now, to)
	}
	from, into, kind := p.now, to, strings.TrimSuffix(w.Kind, "s")
	switch w.Kind {
	case "blocks":
		kind = "blocks"
	case "blocked_by":
		from, into, kind = to, p.now, "blocks"
	case "duplicated_by":
		from, into, kind = to, p.now, "duplicate"
	}
	there := p.between(from, into, kind)
	switch {
	case w.Remove && there == "":
		return fail.Errorf(fail.NotFound, "%s has no link %s to %s", p.now.Identifier, w.Kind, to.Identifier).
			Then("see its links with ticket_read view=links")
	case w.Remove:
		return p.put(partQuery, variables{ID: there}, step{done: "the link was taken away"})
	case there != "":
		return linkedAlready(p.now, w.Kind, to)
	}
	in, err := json.Marshal(link{Issue: from.ID, Related: into.ID, Type: kind})
	if err != nil {
		return err
	}
	return p.put(relateQuery, variables{Input: in}, step{done: "the link was made"})
}

func linkedAlready(from *issue, kind string, to *issue) error {
	return fail.Errorf(fail.Conflict, "%s has the link %s to %s already", from.Identifier, kind, to.Identifier)
}

// between returns the id of the relation from one to the other, "" if there is none. A relation
// that has no direction is looked for in both.
func (p *plan) between(from, into *issue, kind string) string {
	out := p.now.ID == from.ID
	for _, r := range p.now.Relations.Nodes {
		if r.Type == kind && r.Related != nil && (out && r.Related.ID == into.ID || kind == "related" && r.Related.ID == from.ID) {
			return r.ID
		}
	}
	for _, r := range p.now.Inverse.Nodes {
		if r.Type == kind && r.Issue != nil && (!out && r.Issue.ID == from.ID || kind == "related" && (r.Issue.ID == from.ID || r.Issue.ID == into.ID)) {
			return r.ID
		}
	}
	return ""
}

// adopt makes one issue the parent of another, or ends that.
func (p *plan) adopt(parent, child *issue) error {
	is := child.Parent != nil && child.Parent.ID == parent.ID
	to := value(parent.ID)
	switch {
	case p.w.Remove && !is:
		return fail.Errorf(fail.NotFound, "%s is not the parent of %s", parent.Identifier, child.Identifier)
	case p.w.Remove:
		to = value("")
	case is:
		return linkedAlready(child, "parent", parent)
	case child.Parent != nil && child.ID != p.now.ID:
		return fail.Errorf(fail.Conflict, "%s has another parent", child.Identifier).Then("take that away first")
	}
	if child.ID == p.now.ID {
		p.in.Parent = to
		return nil
	}
	return p.add(updateQuery, child.ID, input{Parent: to}, step{done: "the link was made", other: true})
}

// value is s as JSON, null for "".
func value(s string) json.RawMessage {
	if s == "" {
		return json.RawMessage("null")
	}
	return json.RawMessage(quote(s))
}
