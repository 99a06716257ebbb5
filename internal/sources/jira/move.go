package jira

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"cleat/internal/fail"
	"cleat/internal/systems/tickets"
)

// move prepares a transition, with the fields that it takes; other fields are set before.
func (p *plan) move(ctx context.Context) error {
	x, err := p.transition(p.w.To)
	if err != nil {
		return err
	}
	for id, f := range x.Fields {
		p.fields[id] = f
	}
	if err := p.changes(ctx, projectOf(p.now.Key)); err != nil {
		return err
	}
	with := input{Transition: pair("id", x.ID), Fields: map[string]json.RawMessage{}, Update: map[string]json.RawMessage{}}
	for id := range x.Fields {
		if v := p.in.Fields[id]; v != nil {
			with.Fields[id] = v
			delete(p.in.Fields, id)
		}
		if v := p.in.Update[id]; v != nil {
			with.Update[id] = v
			delete(p.in.Update, id)
		}
	}
	// A comment goes with the transition where that has a screen; a workflow may want it there.
	together := p.w.Changes.Comment != "" && (x.Screen || len(x.Fields) > 0)
	if together {
		text, err := p.comment(ctx)
		if err != nil {
			return err
		}
		with.Update["comment"] = append(append(json.RawMessage(`[{"add":{"body":`), text...), `}}]`...)
	}
	if list := needs(x.Fields, &with); len(list) > 0 {
		return missing("the transition "+clip(x.Name, maxName), list)
	}
	p.edit()
	p.add(http.MethodPost, p.path("/issue"+segment(p.now.Key)+"/transitions"), raw(with), "the state was changed")
	if together {
		return nil
	}
	return p.remark(ctx, p.now.Key)
}

// transition finds the transition by its name, by the state it leads to, or by the status of
// that; of those that do, one that needs nothing more comes first.
func (p *plan) transition(to string) (*transition, error) {
	list := p.now.Transitions
	var best *transition
	names := []string{string(tickets.Todo), string(tickets.Active), string(tickets.Done)}
	for rank := range 3 {
		for n := range list {
			x := &list[n]
			hit := strings.EqualFold(x.Name, to) && !(p.at(to) && x.To.Name == p.now.f.Status.Name)
			switch rank {
			case 1:
				hit = strings.EqualFold(x.To.Name, to)
			case 2:
				hit = strings.EqualFold(string(x.To.status()), to)
				names = append(names, clip(x.Name, maxName), clip(x.To.Name, maxName))
			}
			if hit && (best == nil || len(needs(best.Fields, nil)) > len(needs(x.Fields, nil))) {
				best = x
			}
		}
		if best != nil && (rank == 0 || !p.at(to)) {
			return best, nil
		}
	}
	if p.at(to) {
		return nil, fail.Errorf(fail.Conflict, "%s is in the state %.80q already", p.now.Key, p.now.f.Status.Name)
	}
	slices.Sort(names)
	return nil, unknown("state that "+p.now.Key+" can be moved to,", to, slices.Compact(names))
}

// at reports whether the issue is in a state, by its name or its status.
func (p *plan) at(to string) bool {
	return strings.EqualFold(p.now.f.Status.Name, to) || strings.EqualFold(string(p.before.Status), to)
}

// take assigns the issue to oneself, unless another has it.
func (p *plan) take(ctx context.Context) error {
	me, err := p.me(ctx)
	if err != nil {
		return err
	}
	has := p.now.f.Assignee
	switch {
	case p.before.Status == tickets.Done:
		return fail.Errorf(fail.Conflict, "%s is closed: %.80q", p.now.Key, p.now.f.Status.Name)
	case has != nil && has.id() != me.id():
		return fail.Errorf(fail.Conflict, "%s is taken by %s", p.now.Key, listed([]string{p.person(has)})).Then("take another, or ask them")
	case has != nil && p.before.Status == tickets.Active:
		return fail.Errorf(fail.Conflict, "%s is yours already", p.now.Key).Then("go on with it")
	}
	delete(p.in.Fields, "assignee")
	if has == nil {
		p.add(http.MethodPut, p.path("/issue"+segment(p.now.Key)+"/assignee"), me.ref(), "the issue was assigned to you")
	}
	p.notes = append(p.notes, "Jira has no atomic claim: that nobody has it was checked right before")
	if p.before.Status == tickets.Active {
		return nil
	}
	x, err := p.transition(string(tickets.Active))
	if err != nil || len(needs(x.Fields, nil)) > 0 {
		p.notes = append(p.notes, "it stays in its state: no transition to one of work in progress can be made without more fields; see ticket_read view=transitions")
		return nil
	}
	p.add(http.MethodPost, p.path("/issue"+segment(p.now.Key)+"/transitions"), raw(input{Transition: pair("id", x.ID)}), "the state was changed")
	return nil
}

// relate makes or takes away a link.
func (p *plan) relate(ctx context.Context) error {
	w := p.w
	var a answer
	if err := p.get(ctx, "/issueLinkType", nil, &a); err != nil && fail.From(err).Code != fail.NotFound { // links may be switched off
		return err
	}
	kinds := []string{"parent", "child"}
	var kind *thing
	out := false
	for n := range a.LinkTypes {
		for _, dir := range [...]bool{true, false} {
			k := kindOf(&a.LinkTypes[n], dir)
			if k == w.Kind && kind == nil && slices.Contains(tickets.LinkKinds(), k) {
				kind, out = &a.LinkTypes[n], dir
			}
			if tickets.Inverse(k) != "" && !slices.Contains(kinds, k) {
				kinds = append(kinds, k)
			}
		}
	}
	if kind == nil && w.Kind != "parent" && w.Kind != "child" {
		return fail.Errorf(fail.Unsupported, "this Jira has no links of the kind %.40q", w.Kind).Because("there are: %s", strings.Join(kinds, ", "))
	}
	to, err := p.issue(ctx, w.To, ",editmeta")
	if err != nil {
		return err
	}
	if to.Key == p.now.Key {
		return fail.Errorf(fail.Invalid, "%s cannot be linked to itself", p.now.Key)
	}
	switch w.Kind {
	case "parent":
		return p.adopt(to, p.now)
	case "child":
		return p.adopt(p.now, to)
	}
	there := ""
	for n := range p.now.f.Links {
		l := &p.now.f.Links[n]
		if l.Out != nil && l.Out.Key == to.Key && kindOf(&l.Type, true) == w.Kind || l.In != nil && l.In.Key == to.Key && kindOf(&l.Type, false) == w.Kind {
			there = l.ID
		}
	}
	switch {
	case w.Remove && there == "":
		return noLink(p.now, w.Kind, to)
	case w.Remove:
		p.add(http.MethodDelete, p.path("/issueLink"+segment(there)), nil, "the link was taken away")
		return nil
	case there != "":
		return linked(p.now, w.Kind, to)
	}
	from, into := p.now.Key, to.Key
	if !out {
		from, into = into, from
	}
	// The issue that "blocks" is said of is the one that Jira calls inward.
	p.add(http.MethodPost, p.path("/issueLink"), raw(map[string]json.RawMessage{
		"type": pair("name", kind.Name), "inwardIssue": pair("key", from), "outwardIssue": pair("key", into)}), "the link was made")
	return nil
}

func linked(from *issue, kind string, to *issue) error {
	return fail.Errorf(fail.Conflict, "%s has the link %s to %s already", from.Key, kind, to.Key)
}

func noLink(from *issue, kind string, to *issue) error {
	return fail.Errorf(fail.NotFound, "%s has no link %s to %s", from.Key, kind, to.Key).Then("see its links with ticket_read view=links")
}

// adopt makes one issue the parent of another, or ends that.
func (p *plan) adopt(parent, child *issue) error {
	_, has := child.parent()
	key := parent.Key
	switch {
	case p.w.Remove && has != key:
		return noLink(child, "parent", parent)
	case p.w.Remove:
		key = ""
	case has == key:
		return linked(child, "parent", parent)
	case has != "" && child.Key != p.now.Key:
		return fail.Errorf(fail.Conflict, "%s has another parent", child.Key).Then("take that away first")
	}
	if child.Key == p.now.Key {
		return under(p.fields, &p.in, key)
	}
	in := input{Fields: map[string]json.RawMessage{}, Update: map[string]json.RawMessage{}}
	if err := under(child.Edit.Fields, &in, key); err != nil {
		return err
	}
	p.add(http.MethodPut, p.path("/issue"+segment(child.Key)), raw(in), "the link was changed")
	return nil
}
