package jira

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"cleat/internal/fail"
	"cleat/internal/markup"
	"cleat/internal/systems/tickets"
)

// An input is what an issue is made, changed or moved with.
type input struct {
	Transition json.RawMessage            `json:"transition,omitempty"`
	Fields     map[string]json.RawMessage `json:"fields,omitempty"`
	Update     map[string]json.RawMessage `json:"update,omitempty"`
}

// pair is an object of one key, which is how requests name things of Jira's.
//
//go:noinline
func pair(key, value string) json.RawMessage {
	return json.RawMessage(`{"` + key + `":` + string(raw(value)) + "}")
}

// raw is a value as JSON: text that has been checked, which cannot fail.
//
//go:noinline
func raw(v any) json.RawMessage {
	data, err := json.Marshal(v)
	if err != nil {
		return json.RawMessage("null")
	}
	return data
}

// A plan is a write that is being prepared.
type plan struct {
	*Source
	w      tickets.Write
	now    *issue // as it is; nil for a create
	before *tickets.Ticket
	fields map[string]field // that can be set, by id
	in     input
	steps  []step
	notes  []string
	up     string // key of the parent that is set
	asked  int    // people, for mentions
}

// Prepare implements tickets.Writer.
func (s *Source) Prepare(ctx context.Context, w tickets.Write) (*tickets.Prepared, error) {
	p := &plan{Source: s, w: w, in: input{Fields: map[string]json.RawMessage{}, Update: map[string]json.RawMessage{}}}
	if !slices.Contains(tickets.Ops(), w.Op) {
		return nil, fail.Errorf(fail.Invalid, "%.40q is no operation on a ticket", string(w.Op))
	}
	err := p.check()
	if err == nil && w.Op != tickets.Create {
		_, err = s.key(w.Key)
	}
	if err == nil {
		_, err = s.version(ctx)
	}
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
		out.Requests = append(out.Requests, tickets.Request{Method: st.method, Path: st.path, Body: st.body})
	}
	return out, nil
}

// check refuses what can be told to be wrong without asking anybody.
func (p *plan) check() error {
	c := p.w.Changes
	switch {
	case c.Title != nil && strings.TrimSpace(*c.Title) == "", c.Title == nil && p.w.Op == tickets.Create:
		return fail.Errorf(fail.Invalid, "a ticket needs a title")
	case c.Title != nil && strings.ContainsAny(*c.Title, "\r\n"):
		return fail.Errorf(fail.Invalid, "the title has several lines").Then("put it on one line")
	case c.Title != nil && utf8.RuneCountInString(*c.Title) > maxSummary:
		return fail.Errorf(fail.TooLarge, "the title has %d characters; at most %d are taken", utf8.RuneCountInString(*c.Title), maxSummary)
	case c.Assignees != nil && len(*c.Assignees) > 1:
		return fail.Errorf(fail.Unsupported, "an issue on Jira has one assignee").Then("give one person")
	case p.w.Op == tickets.Remark && strings.TrimSpace(c.Comment) == "":
		return fail.Errorf(fail.Invalid, "a comment needs a text")
	case p.w.Op == tickets.Move && p.w.To == "":
		return fail.Errorf(fail.Invalid, "it is not said to which state").Then("give to; ticket_read view=transitions lists the states")
	}
	return nil
}

// path is that of an issue in a request, or of what is below it.
func (p *plan) path(rest string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return "/rest/api/" + p.api + rest
}

// create prepares a new issue.
func (p *plan) create(ctx context.Context) error {
	project := p.w.Project
	if project == "" && len(p.projects) == 1 && !hasGlob(p.projects[0]) {
		project = p.projects[0]
	}
	if project == "" {
		list, err := p.list(ctx)
		if err != nil {
			return err
		}
		if len(list) != 1 {
			return fail.Errorf(fail.Invalid, "it is not said for which project").
				Because("there are: %s", listed(list[:min(len(list), maxNames)])).Then("give project, the key of one")
		}
		project = list[0]
	}
	project, err := p.one(project)
	if err != nil {
		return err
	}
	kind, err := p.issueType(ctx, project)
	if err != nil {
		return err
	}
	var a answer
	if err := p.get(ctx, "/issue/createmeta"+segment(project)+"/issuetypes"+segment(string(kind.ID)), url.Values{"maxResults": {"200"}}, &a); err != nil {
		return err
	}
	p.fields = map[string]field{}
	for _, f := range append(a.Fields, a.Values...) {
		p.fields[f.FieldID] = f
	}
	if err := p.changes(ctx, project); err != nil {
		return err
	}
	p.in.Fields["project"], p.in.Fields["issuetype"] = pair("key", project), pair("id", string(kind.ID))
	if list := needs(p.fields, &p.in); len(list) > 0 {
		return missing("an issue of the type "+kind.label()+" in "+project, list)
	}
	p.add(http.MethodPost, p.path("/issue"), raw(p.in), "the issue was made")
	return p.remark(ctx, "{key}")
}

// issueType finds the type of a new issue: the one that is given, or the only one, or Task.
func (p *plan) issueType(ctx context.Context, project string) (*thing, error) {
	var a struct {
		Cloud []thing `json:"issueTypes"`
		Data  []thing `json:"values"`
	}
	err := p.get(ctx, "/issue/createmeta"+segment(project)+"/issuetypes", url.Values{"maxResults": {"100"}}, &a)
	switch {
	case err != nil && (fail.From(err).Code == fail.NotFound || fail.From(err).Code == fail.Invalid):
		return nil, fail.Errorf(fail.NotFound, "there is no project %s on %s, or the token's owner may make no issues in it", project, title).
			Then("give another project")
	case err != nil:
		return nil, err
	}
	list := append(a.Cloud, a.Data...)
	name := p.w.Changes.Type
	if name == "" && len(list) == 1 {
		return &list[0], nil
	}
	var names []string
	for n := range list {
		if strings.EqualFold(list[n].Name, name) || name != "" && string(list[n].ID) == name || name == "" && list[n].Name == "Task" {
			return &list[n], nil
		}
		names = append(names, list[n].label())
	}
	if name == "" {
		return nil, fail.Errorf(fail.Invalid, "an issue in %s needs a type", project).Because("there are: %s", listed(names)).Then(`give one with set={"type":…}`)
	}
	return nil, unknown("type", name, names)
}

// change prepares a write about an issue that is there.
func (p *plan) change(ctx context.Context) error {
	w := p.w
	expand := ",editmeta"
	if w.Op == tickets.Move || w.Op == tickets.Take {
		expand += ",transitions,transitions.fields"
	}
	var err error
	if p.now, err = p.issue(ctx, w.Key, expand); err != nil {
		return err
	}
	t := p.ticket(p.now)
	p.before = &t
	if err := tickets.CheckBase(w, p.before); err != nil {
		return err
	}
	if p.fields = maps.Clone(p.now.Edit.Fields); p.fields == nil {
		p.fields = map[string]field{}
	}
	if w.Op == tickets.Move {
		if err := p.move(ctx); err != nil {
			return err
		}
		return p.some()
	}
	if err := p.changes(ctx, projectOf(p.now.Key)); err != nil {
		return err
	}
	switch w.Op {
	case tickets.Take:
		err = p.take(ctx)
	case tickets.Relate:
		err = p.relate(ctx)
	}
	if err != nil {
		return err
	}
	p.edit()
	if err := p.remark(ctx, p.now.Key); err != nil {
		return err
	}
	return p.some()
}

// some fails where there is nothing to send.
func (p *plan) some() error {
	if len(p.steps) == 0 {
		return fail.Errorf(fail.Invalid, "there is nothing to change").Then("give what the ticket shall have")
	}
	return nil
}

// edit adds the step that sets fields, if there are any.
func (p *plan) edit() {
	if len(p.in.Fields)+len(p.in.Update) > 0 {
		p.add(http.MethodPut, p.path("/issue"+segment(p.now.Key)), raw(p.in), "the issue was changed")
	}
}

// remark adds the comment, if there is one.
func (p *plan) remark(ctx context.Context, key string) error {
	if p.w.Changes.Comment == "" {
		return nil
	}
	text, err := p.comment(ctx)
	if err == nil {
		p.add(http.MethodPost, p.path("/issue/"+key+"/comment"), raw(map[string]json.RawMessage{"body": text}), "the comment was made")
	}
	return err
}

// comment is the comment as Jira takes it.
func (p *plan) comment(ctx context.Context) (json.RawMessage, error) {
	return p.markup(p.w.Changes.Comment, p.options(ctx, markup.Kept{}))
}

// maxAsked is how many people are looked for because a text may mention them.
const maxAsked = 20

// options are those of a text that is converted: it mentions people only where that is allowed.
//
//go:noinline
func (p *plan) options(ctx context.Context, kept markup.Kept) markup.Options {
	o := markup.Options{Kept: kept}
	if !slices.Contains(p.outgoing, "mentions") {
		return o
	}
	o.Mentions = func(name string) (string, bool) {
		if p.asked++; p.asked > maxAsked {
			return "", false
		}
		// Whoever is not found is no person: the text stays as it is.
		u, err := p.findPerson(ctx, name, "")
		if err != nil {
			return "", false
		}
		return u.id(), true
	}
	return o
}
