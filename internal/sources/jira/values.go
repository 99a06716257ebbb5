package jira

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"cleat/internal/fail"
	"cleat/internal/markup"
	"cleat/internal/systems/tickets"
)

// ticket returns the issue as far as it was asked for.
func (s *Source) ticket(i *issue) tickets.Ticket {
	f := &i.f
	t := tickets.Ticket{
		Key: i.Key, Project: projectOf(i.Key), Title: clip(f.Summary, maxTitle), Status: f.Status.status(), State: clip(f.Status.Name, maxName),
		Type: clip(f.Type.Name, maxName), URL: s.web + "/browse/" + i.Key, Created: f.Created.Time, Updated: f.Updated.Time, CommentCount: -1,
	}
	var err error
	if t.Body, t.Cut, _, err = s.markdown(f.Description); err != nil {
		t.Notes = append(t.Notes, "the body could not be read: "+fail.From(err).What)
	}
	if f.Priority != nil {
		t.Priority = f.Priority.label()
	}
	if who := s.person(f.Assignee); who != "" {
		t.Assignees = []string{who}
	}
	author := f.Reporter
	if author == nil {
		author = f.Creator
	}
	t.Author, t.Trusted = s.person(author), trust(author)
	for _, l := range f.Labels[:min(len(f.Labels), maxLabels)] {
		t.Labels = append(t.Labels, clip(l, maxName))
	}
	if _, up := i.parent(); up != "" && s.has(projectOf(up)) {
		t.Parent = up
	}
	t.Milestone = joined(f.Versions)
	if t.Status == tickets.Done {
		if t.Closed = f.Resolved.Time; t.Closed.IsZero() {
			t.Closed = f.Category.Time
		}
	}
	for _, id := range slices.Sorted(maps.Keys(i.Raw)) {
		if sc := i.Schema[id]; i.Names[id] != "" && shown(id, sc) && len(t.Custom) < maxLabels {
			if v := s.shows(i.Raw[id], sc); v != "" {
				t.Custom = append(t.Custom, tickets.Field{Name: clip(i.Names[id], maxName), Value: v})
			}
		}
	}
	return t
}

// joined are the names of several things.
func joined(list []thing) string {
	var names []string
	for n := range list[:min(len(list), maxLabels)] {
		names = append(names, list[n].label())
	}
	return strings.Join(names, ", ")
}

// parent returns the id of the field for an epic, where there is one, and the key of the
// issue's parent.
func (i *issue) parent() (field, key string) {
	for id, sc := range i.Schema {
		if sc.is("gh-epic-link") && (field == "" || id < field) {
			field = id
		}
	}
	if json.Unmarshal(i.Raw[field], &key) != nil || !isKey(key) {
		key = ""
	}
	if i.f.Parent != nil && isKey(i.f.Parent.Key) {
		key = i.f.Parent.Key
	}
	return field, key
}

// shown reports whether a field is shown as a custom one. Those are left out that have a place
// of their own, and those that Jira keeps for itself.
func shown(id string, sc schema) bool {
	switch id {
	case "resolution", "components", "duedate", "environment", "versions", "security":
		return true
	}
	return strings.HasPrefix(id, "customfield_") && !sc.is("gh-lexo-rank") && !sc.is("gh-epic-link") && !sc.is("devsummarycf") && !sc.is("devsummary") &&
		!sc.is("vulnerabilities-cf") && !sc.is("design-section-cf") && sc.Type != "any"
}

// shows is a value of a field as people see it.
func (s *Source) shows(raw json.RawMessage, sc schema) string {
	if empty(raw) {
		return ""
	}
	if sc.rich() {
		if text, _, _, err := s.markdown(raw); err == nil {
			return clip(text, maxValue)
		}
	}
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) == nil {
		var parts []string
		for _, one := range list[:min(len(list), maxLabels)] {
			if v := s.shows(one, schema{Custom: sc.Custom}); v != "" {
				parts = append(parts, v)
			}
		}
		return clip(strings.Join(parts, ", "), maxValue)
	}
	var plain str
	if json.Unmarshal(raw, &plain) == nil && plain != "" {
		text := string(plain)
		if _, name, ok := strings.Cut(text, ",name="); ok && sc.is("gh-sprint") { // Data Center prints a sprint as a Java object
			text, _, _ = strings.Cut(name, ",")
		}
		return clip(text, maxValue)
	}
	var v thing
	if json.Unmarshal(raw, &v) == nil {
		if v.Account != "" || v.Display != "" {
			return s.person(&v)
		}
		return v.label()
	}
	return clip(string(bytes.TrimSpace(raw)), maxName) // true or false
}

// markdown returns a text of Jira's as Markdown, cut at tickets.MaxText: a document on Cloud,
// wiki markup on Data Center.
func (s *Source) markdown(raw json.RawMessage) (text string, cut int, kept markup.Kept, err error) {
	if empty(raw) {
		return "", 0, kept, nil
	}
	var wiki string
	if json.Unmarshal(raw, &wiki) == nil {
		text, kept = markup.FromWiki(wiki, markup.Options{})
	} else if text, kept, err = markup.FromADF(raw, markup.Options{}); err != nil {
		return "", 0, kept, err
	}
	n := min(len(text), tickets.MaxText)
	for n > 0 && n < len(text) && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n], len(text) - n, kept, nil
}

// markup turns Markdown into a text of Jira's, as JSON.
func (s *Source) markup(markdown string, o markup.Options) (json.RawMessage, error) {
	limit := tickets.MaxText
	if s.cloud() {
		limit = maxCloud
	}
	if n := utf8.RuneCountInString(markdown); n > limit {
		return nil, fail.Errorf(fail.TooLarge, "the text has %d characters; at most %d are taken", n, limit)
	}
	if s.cloud() {
		if markdown == "" {
			return json.RawMessage("null"), nil
		}
		return markup.ToADF(markdown, o)
	}
	wiki, err := markup.ToWiki(markdown, o)
	if err != nil {
		return nil, err
	}
	return json.Marshal(wiki)
}
