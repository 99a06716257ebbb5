package jira

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"cleat/internal/fail"
	"cleat/internal/markup"
	"cleat/internal/systems/tickets"
)

// changes puts what the write sets into the input, names resolved.
func (p *plan) changes(ctx context.Context, project string) error {
	c := p.w.Changes
	if c.Title != nil {
		if err := p.set("summary", raw(*c.Title)); err != nil {
			return err
		}
	}
	if c.Body != nil {
		if err := p.body(ctx, c.Body); err != nil {
			return err
		}
	}
	if c.Type != "" && p.now != nil {
		if err := p.choose(ctx, "issuetype", "type", c.Type); err != nil {
			return err
		}
	}
	if c.Priority != "" {
		if err := p.choose(ctx, "priority", "priority", c.Priority); err != nil {
			return err
		}
	}
	if c.Milestone != nil {
		list := []json.RawMessage{}
		for _, name := range strings.Split(*c.Milestone, ",") {
			if name = strings.TrimSpace(name); name != "" {
				one, err := p.value(ctx, "milestone", schema{Type: "version"}, p.fields["fixVersions"].Allowed, raw(name))
				if err != nil {
					return err
				}
				list = append(list, one)
			}
		}
		if err := p.set("fixVersions", raw(list)); err != nil {
			return err
		}
	}
	if c.Assignees != nil {
		who := json.RawMessage("null")
		if len(*c.Assignees) == 1 {
			u, err := p.findPerson(ctx, (*c.Assignees)[0], project)
			if err != nil {
				return err
			}
			who = u.ref()
		}
		if err := p.set("assignee", who); err != nil {
			return err
		}
	}
	if c.Parent != nil {
		if err := p.parent(ctx, *c.Parent); err != nil {
			return err
		}
	}
	if err := p.labels(); err != nil {
		return err
	}
	for _, f := range c.Custom {
		if err := p.custom(ctx, f); err != nil {
			return err
		}
	}
	return nil
}

// ref names a person in a request.
func (u *thing) ref() json.RawMessage {
	if u.Account != "" {
		return pair("accountId", u.Account)
	}
	return pair("name", u.Name)
}

// set sets a field, if it can be set.
func (p *plan) set(id string, value json.RawMessage) error {
	if _, ok := p.fields[id]; !ok {
		e := fail.Errorf(fail.Unsupported, "the field %s cannot be set here", id)
		if len(p.fields) == 0 {
			return e.Because("the token's owner may not edit this issue, or its state does not allow it").Then("tell the user")
		}
		return e.Because("it is not on Jira's screen for this project and type; there are: %s", listed(p.names())).Then("leave it out")
	}
	p.in.Fields[id] = value
	return nil
}

// names are those of the fields that can be set by name.
func (p *plan) names() []string {
	var out []string
	for id, f := range p.fields {
		if free(id, f.Schema) {
			out = append(out, clip(f.Name, maxName))
		}
	}
	slices.Sort(out)
	return out[:min(len(out), maxNames)]
}

// body sets the description.
func (p *plan) body(ctx context.Context, edit tickets.Edit) error {
	was := ""
	var kept markup.Kept
	if p.now != nil {
		var cut int
		var err error
		if was, cut, kept, err = p.markdown(p.now.f.Description); err != nil {
			return err
		}
		if cut > 0 {
			return fail.Errorf(fail.TooLarge, "the body has more than %d bytes and cannot be edited here", tickets.MaxText)
		}
	}
	body, err := edit(was)
	if err != nil {
		return err
	}
	text, err := p.markup(body, p.options(ctx, kept))
	if err != nil {
		return err
	}
	return p.set("description", text)
}

// choose sets a field to one of the values that it may have.
func (p *plan) choose(ctx context.Context, id, what, name string) error {
	f, ok := p.fields[id]
	if !ok {
		return p.set(id, nil)
	}
	v, err := p.value(ctx, what, schema{Type: what}, f.Allowed, raw(name))
	if err != nil {
		return err
	}
	return p.set(id, v)
}

// labels sets the labels. Those of Jira are free words.
func (p *plan) labels() error {
	c := p.w.Changes
	want := slices.Clone(c.Add)
	if c.Labels != nil {
		want = append(want, *c.Labels...)
	}
	switch {
	case c.Labels == nil && len(want)+len(c.Remove) == 0:
		return nil
	case len(want)+len(c.Remove) > maxLabels:
		return fail.Errorf(fail.TooLarge, "more than %d labels are too many", maxLabels)
	}
	for _, l := range want {
		if l == "" || len(l) > maxSummary || len(strings.Fields(l)) != 1 || strings.TrimSpace(l) != l {
			return fail.Errorf(fail.Invalid, "%.100q cannot be a label on Jira", l).Then("give a word without spaces, of at most %d bytes", maxSummary)
		}
	}
	if c.Labels != nil || p.now == nil {
		all := []string{}
		for _, l := range want {
			if !slices.Contains(c.Remove, l) && !slices.Contains(all, l) {
				all = append(all, l)
			}
		}
		return p.set("labels", raw(all))
	}
	if err := p.set("labels", nil); err != nil {
		return err
	}
	delete(p.in.Fields, "labels")
	type op struct {
		Add    string `json:"add,omitempty"`
		Remove string `json:"remove,omitempty"`
	}
	var ops []op
	for _, l := range want {
		ops = append(ops, op{Add: l})
	}
	for _, l := range c.Remove {
		ops = append(ops, op{Remove: l})
	}
	p.in.Update["labels"] = raw(ops)
	return nil
}

// parent sets the parent, by its key.
func (p *plan) parent(ctx context.Context, key string) error {
	var up *issue
	if key != "" {
		var err error
		if up, err = p.issue(ctx, key, ""); err != nil {
			return err
		}
		if p.now != nil && up.Key == p.now.Key {
			return fail.Errorf(fail.Invalid, "%s cannot be its own parent", up.Key)
		}
		key = up.Key
	}
	p.up = key
	return under(p.fields, &p.in, key)
}

// under sets the parent of the issue whose fields are given: the field parent, or on Data
// Center the link to an epic.
func under(fields map[string]field, in *input, key string) error {
	for id, f := range fields {
		if f.Schema.is("gh-epic-link") {
			if in.Fields[id] = raw(key); key == "" {
				in.Fields[id] = json.RawMessage("null")
			}
			return nil
		}
	}
	switch _, ok := fields["parent"]; {
	case !ok:
		return fail.Errorf(fail.Unsupported, "the parent of this issue cannot be set").
			Because("its type has none, or Jira's screen for its project does not show it").Then("leave it out")
	case key == "":
		in.Update["parent"] = json.RawMessage(`[{"set":{"none":true}}]`)
	default:
		in.Fields["parent"] = pair("key", key)
	}
	return nil
}
