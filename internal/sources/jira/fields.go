package jira

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"cleat/internal/fail"
	"cleat/internal/markup"
	"cleat/internal/systems/tickets"
)

// free reports whether a field is set by name, and not by a change of its own.
func free(id string, sc schema) bool {
	switch id {
	case "project", "issuetype", "summary", "description", "parent", "labels", "assignee", "priority", "fixVersions", "comment",
		"issuelinks", "attachment", "worklog", "subtasks", "status":
		return false
	}
	return !sc.is("gh-epic-link")
}

// ids are those of fields, in order.
func ids(fields map[string]field) []string {
	var out []string
	for id := range fields {
		out = append(out, id)
	}
	slices.Sort(out)
	return out
}

// custom sets a field by its name or id.
func (p *plan) custom(ctx context.Context, c tickets.Custom) error {
	var hits []string
	for _, id := range ids(p.fields) {
		if f := p.fields[id]; free(id, f.Schema) && (id == c.Name || strings.EqualFold(f.Name, c.Name)) {
			hits = append(hits, id)
		}
	}
	switch {
	case len(hits) == 0:
		return unknown("field", c.Name, p.names())
	case len(hits) > 1:
		return fail.Errorf(fail.Invalid, "several fields are called %.100q", c.Name).Because("their ids are: %s", listed(hits)).Then("give the id")
	}
	f := p.fields[hits[0]]
	v, err := p.value(ctx, clip(f.Name, maxName), f.Schema, f.Allowed, c.Value)
	if err != nil {
		return err
	}
	return p.set(hits[0], v)
}

// value is a value for a field as Jira takes it.
func (p *plan) value(ctx context.Context, name string, sc schema, allowed []thing, given json.RawMessage) (json.RawMessage, error) {
	bad := func(want string) (json.RawMessage, error) {
		return nil, fail.Errorf(fail.Invalid, "the field %s takes %s", name, want).Then("give it so")
	}
	if len(given) > tickets.MaxText || !json.Valid(given) {
		return bad("JSON")
	}
	if sc.Type == "array" && !sc.is("gh-sprint") {
		list := []json.RawMessage{}
		if json.Unmarshal(given, &list) != nil && !empty(given) {
			list = append(list, given)
		}
		out := []json.RawMessage{}
		for _, one := range list[:min(len(list), maxLabels)] {
			v, err := p.value(ctx, name, schema{Type: sc.Items}, allowed, one)
			if err != nil {
				return nil, err
			}
			out = append(out, v)
		}
		return raw(out), nil
	}
	if empty(given) {
		return json.RawMessage("null"), nil
	}
	if sc.Type == "any" || sc.Type == "" {
		// It may name an issue, in whatever form.
		for _, w := range strings.FieldsFunc(string(given), func(r rune) bool { return strings.ContainsRune(`" ,:;/\[]{}`, r) }) {
			if isKey(w) && !p.has(projectOf(w)) {
				return nil, p.permit(projectOf(w))
			}
		}
		return given, nil
	}
	var s str
	if json.Unmarshal(given, &s) != nil || s == "" {
		return bad("a text or a number")
	}
	text := string(s)
	switch sc.Type {
	case "string":
		if sc.rich() {
			return p.markup(text, p.options(ctx, markup.Kept{}))
		}
		return raw(text), nil
	case "number", "array":
		if _, err := strconv.ParseFloat(text, 64); err != nil || !json.Valid([]byte(text)) {
			return bad("a number")
		}
		return json.RawMessage(text), nil
	case "date":
		if _, err := time.Parse(time.DateOnly, text); err != nil {
			return bad("a date such as 2026-03-31")
		}
		return raw(text), nil
	case "datetime":
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return bad("a time such as 2026-03-31T12:00:00Z")
		}
		return raw(at.Format("2006-01-02T15:04:05.000-0700")), nil
	case "user":
		u, err := p.findPerson(ctx, text, "")
		if err != nil {
			return nil, err
		}
		return u.ref(), nil
	case "group":
		return pair("name", text), nil
	case "option-with-child":
		first, child, both := strings.Cut(text, " / ")
		if !both {
			return pair("value", first), nil
		}
		return raw(map[string]json.RawMessage{"value": raw(first), "child": pair("value", child)}), nil
	}
	var names []string
	for n := range allowed {
		v := &allowed[n]
		if strings.EqualFold(v.label(), text) || string(v.ID) == text && text != "" {
			return pair("id", string(v.ID)), nil
		}
		names = append(names, v.label())
	}
	if len(allowed) == 0 && sc.Type == "option" {
		return pair("value", text), nil
	}
	return nil, unknown(name, text, names)
}

// needs lists the fields that have to be given and that in does not have.
func needs(fields map[string]field, in *input) []tickets.Need {
	var out []tickets.Need
	for _, id := range ids(fields) {
		f := fields[id]
		if !f.Required || f.Default || id == "project" || id == "issuetype" || id == "reporter" {
			continue
		}
		if in != nil && (in.Fields[id] != nil || in.Update[id] != nil) {
			continue
		}
		n := tickets.Need{Name: clip(f.Name, maxName), Type: f.Schema.Type}
		switch f.Schema.Type {
		case "user":
			n.Type = "person"
		case "array":
			n.Type = "list"
		case "priority", "resolution", "version", "component", "securitylevel", "option-with-child":
			n.Type = "option"
		case "any":
			n.Type = ""
		}
		if id == "comment" || f.Schema.System == "comment" {
			n.Name, n.Type = "comment", "string"
		}
		for k := range f.Allowed[:min(len(f.Allowed), maxNames)] {
			n.Options = append(n.Options, f.Allowed[k].label())
		}
		out = append(out, n)
	}
	return out
}

// missing is the error for fields that have to be given.
func missing(what string, list []tickets.Need) error {
	var said []string
	for _, n := range list {
		one := n.Name
		if len(n.Options) > 0 {
			one += " (" + strings.Join(n.Options, ", ") + ")"
		} else if n.Type != "" {
			one += " (" + n.Type + ")"
		}
		said = append(said, one)
	}
	return fail.Errorf(fail.Invalid, "%s needs fields that are not given", what).Because("they are: %s", listed(said)).
		Then(`give them in set, by name; a comment as body`)
}
