package jira

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"cleat/internal/cursor"
	"cleat/internal/fail"
	"cleat/internal/sorting"
	"cleat/internal/systems/tickets"
)

// most is what is asked of an issue: all but what is long, and asked for apart.
const most = "*all,-comment,-worklog,-attachment"

// issue reads an issue of a project that is allowed. expand is what is asked for beside.
func (s *Source) issue(ctx context.Context, key, expand string) (*issue, error) {
	key, err := s.key(key)
	if err != nil {
		return nil, err
	}
	var i issue
	err = s.get(ctx, "/issue"+segment(key), url.Values{"fields": {most}, "expand": {"names,schema" + expand}}, &i)
	switch {
	case err != nil && fail.From(err).Code == fail.NotFound:
		return nil, fail.Errorf(fail.NotFound, "there is no issue %s on %s", key, title).
			Because("Jira has none, or the token's owner may not see it: it says the same of both").Then("look for it with ticket_search")
	case err != nil:
		return nil, err
	case !isKey(i.Key):
		return nil, lacks("issue")
	}
	// It may have been moved to another project since it had that key.
	return &i, s.permit(projectOf(i.Key))
}

// Ticket implements tickets.Tracker. It makes one request, one more for comments and two for
// links.
func (s *Source) Ticket(ctx context.Context, key string, w tickets.Want) (*tickets.Ticket, error) {
	id, err := s.key(key)
	if err != nil {
		return nil, err
	}
	sum := cursor.Sum("ticket", id)
	var from [2]int // of the comments and the events that come next; -1 when there are no more
	if w.Cursor != "" {
		at, err := cursor.Decode(w.Cursor, sum, 2)
		if err != nil {
			return nil, err
		}
		for n := range from {
			if from[n], err = strconv.Atoi(at[n]); err != nil || from[n] < -1 {
				return nil, cursor.Stale("it is damaged")
			}
		}
	}
	expand := ""
	events := w.Events > 0 && from[1] >= 0
	if events {
		expand += ",changelog"
	}
	if w.Transitions {
		expand += ",transitions,transitions.fields"
	}
	i, err := s.issue(ctx, id, expand)
	if err != nil {
		return nil, err
	}
	t := s.ticket(i)
	t.Ready = i.free()
	next := [2]int{-1, -1}
	if w.Comments > 0 && from[0] >= 0 {
		if next[0], err = s.comments(ctx, &t, min(w.Comments, tickets.MaxComments), from[0]); err != nil {
			return nil, err
		}
	}
	if events {
		next[1] = s.events(i, &t, min(w.Events, tickets.MaxEvents), from[1])
	}
	if next != [2]int{-1, -1} {
		t.Cursor = cursor.Encode(sum, strconv.Itoa(next[0]), strconv.Itoa(next[1]))
	}
	if w.Transitions {
		for n := range i.Transitions {
			x := &i.Transitions[n]
			t.Transitions = append(t.Transitions, tickets.Transition{Name: clip(x.Name, maxName), State: clip(x.To.Name, maxName), Status: x.To.status(), Needs: needs(x.Fields, nil)})
		}
	}
	if w.Links {
		err = s.links(ctx, i, &t)
	}
	return &t, err
}

// comments adds the comments from an index on, the newest being 0, and returns the index of
// the next one.
func (s *Source) comments(ctx context.Context, t *tickets.Ticket, n, from int) (next int, err error) {
	var a answer
	err = s.get(ctx, "/issue"+segment(t.Key)+"/comment", url.Values{"orderBy": {"-created"}, "maxResults": {strconv.Itoa(n)}, "startAt": {strconv.Itoa(from)}}, &a)
	switch {
	case err != nil:
		return -1, err
	case a.Comments == nil:
		return -1, lacks("list of comments")
	}
	list := a.Comments[:min(n, len(a.Comments))]
	for k := range list {
		t.Comments = append(t.Comments, s.comment(&list[k], t))
	}
	if a.Total == nil {
		return -1, nil
	}
	t.CommentCount = *a.Total
	if next = from + len(list); next >= *a.Total || len(list) == 0 {
		next = -1
	}
	return next, nil
}

// comment is a comment as others see it.
func (s *Source) comment(c *comment, t *tickets.Ticket) tickets.Comment {
	out := tickets.Comment{ID: clip(c.ID, maxName), Author: s.person(c.Author), Trusted: trust(c.Author), Created: c.Created.Time,
		Private: c.Visibility != nil || c.Public != nil && !*c.Public}
	if !c.Updated.Equal(c.Created.Time) {
		out.Updated = c.Updated.Time
	}
	var err error
	if out.Body, out.Cut, _, err = s.markdown(c.Body); err != nil {
		t.Notes = append(t.Notes, "a comment could not be read: "+fail.From(err).What)
	}
	return out
}

// trust is what is known of a person: a customer of a service desk is none of the project.
func trust(u *thing) tickets.Trust {
	if u != nil && u.Kind == "customer" {
		return tickets.Outside
	}
	return ""
}

// events adds the changes from an index on, the newest being 0, and returns the index of the
// next one. Cloud tells of the newest 100 edits, of several changes each.
func (s *Source) events(i *issue, t *tickets.Ticket, n, from int) (next int) {
	sorting.Sort(i.Changelog.Histories, func(a, b change) int { return b.Created.Compare(a.Created.Time) })
	var all []tickets.Event
	for _, h := range i.Changelog.Histories {
		for _, item := range h.Items {
			e := tickets.Event{Time: h.Created.Time, Author: s.person(h.Author), What: clip(item.Field, maxName), From: s.hide(clip(item.From, maxTitle)), To: s.hide(clip(item.To, maxTitle))}
			switch item.Field {
			case "status":
				e.What = "state"
			case "summary":
				e.What = "title"
			case "description", "Comment":
				e.What, e.From, e.To = "body", "", ""
			case "Fix Version":
				e.What = "milestone"
			case "":
				e.What = "changed"
			}
			all = append(all, e)
		}
	}
	if i.Changelog.Total > len(i.Changelog.Histories) {
		t.Notes = append(t.Notes, "Jira tells of the newest "+strconv.Itoa(len(i.Changelog.Histories))+" of "+strconv.Itoa(i.Changelog.Total)+" edits")
	}
	from = min(from, len(all))
	to := min(from+n, len(all))
	t.Events = all[from:to]
	if to == len(all) {
		return -1
	}
	return to
}

// hide takes the keys of issues out of a text of the history that are not allowed: what it says
// of them is "This issue blocks OPS-3".
func (s *Source) hide(text string) string {
	if len(s.projects) == 0 {
		return text
	}
	list := strings.Fields(text)
	for n, w := range list {
		if w = strings.Trim(w, ".,;:()[]"); isKey(w) && !s.has(projectOf(w)) {
			list[n] = "…"
		}
	}
	if !slices.Contains(list, "…") {
		return text
	}
	return strings.Join(list, " ")
}

// links adds what an issue is linked to.
func (s *Source) links(ctx context.Context, i *issue, t *tickets.Ticket) error {
	more := false
	add := func(l tickets.Link) {
		if len(t.Links) < tickets.MaxLinks {
			t.Links = append(t.Links, l)
		} else {
			more = true
		}
	}
	to := func(kind string, o *other) {
		switch {
		case o == nil || !isKey(o.Key):
		case !s.has(projectOf(o.Key)):
			t.Hidden++
		default:
			add(tickets.Link{Kind: kind, What: "ticket", To: o.Key, Title: clip(o.Fields.Summary, maxTitle), Status: o.Fields.Status.status()})
		}
	}
	epic, up := i.parent()
	if to("parent", i.f.Parent); i.f.Parent == nil && up != "" {
		to("parent", &other{Key: up})
	}
	for n := range i.f.Links {
		l := &i.f.Links[n]
		to(kindOf(&l.Type, true), l.Out)
		to(kindOf(&l.Type, false), l.In)
	}
	for n := range i.f.Subtasks {
		to("child", &i.f.Subtasks[n])
	}
	// The children of an epic are none of its subtasks.
	jql := ""
	switch {
	case s.cloud():
		jql = "parent = " + quote(i.Key)
	case epic != "":
		jql = "cf[" + strings.TrimPrefix(epic, "customfield_") + "] = " + quote(i.Key)
	}
	if jql != "" {
		a, err := s.ask(ctx, searching{JQL: jql, Max: tickets.MaxComments, Fields: []string{"summary", "status"}})
		if err != nil && fail.From(err).Code != fail.Invalid { // epics may be switched off
			return err
		}
		if err == nil {
			more = more || a.Next != "" || a.Total != nil && *a.Total > len(a.Issues)
			for n := range a.Issues {
				o := other{Key: a.Issues[n].Key}
				if slices.ContainsFunc(i.f.Subtasks, func(x other) bool { return x.Key == o.Key }) {
					continue
				}
				o.Fields.Summary, o.Fields.Status = a.Issues[n].f.Summary, a.Issues[n].f.Status
				to("child", &o)
			}
		}
	}
	var remote []struct {
		Relationship string `json:"relationship"`
		Object       struct {
			URL   string `json:"url"`
			Title string `json:"title"`
		} `json:"object"`
	}
	if err := s.get(ctx, "/issue"+segment(i.Key)+"/remotelink", nil, &remote); err != nil {
		// Links to elsewhere may be switched off; those to issues are told all the same.
		if code := fail.From(err).Code; code != fail.NotFound && code != fail.Denied {
			return err
		}
	}
	for _, r := range remote {
		l := tickets.Link{Kind: clip(r.Relationship, maxName), What: "url", To: clip(r.Object.URL, 2*maxTitle), Title: clip(r.Object.Title, maxTitle)}
		if l.Kind == "" {
			l.Kind = "related"
		}
		if isPull(r.Object.URL) {
			l.What = "pr"
		}
		if id, web, ok := s.parse(r.Object.URL); web && ok && !s.has(projectOf(id)) {
			t.Hidden++
			continue
		}
		add(l)
	}
	if more {
		t.Notes = append(t.Notes, "there are more links than are shown")
	}
	return nil
}

// isPull reports whether an address is that of a pull or merge request.
func isPull(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	parts := strings.Split(strings.Trim(u.Path, "/"), "/")
	if len(parts) < 4 {
		return false
	}
	switch parts[len(parts)-2] {
	case "pull", "pulls", "pull-requests", "merge_requests":
		return true
	}
	return false
}

// kindOf names a type of link: as it is read from the issue to the other where out is set, and
// from the other else. Jira's own types can be renamed; both ends of them are looked at.
func kindOf(t *thing, out bool) string {
	kind, end := "", t.Outward
	name := strings.ToLower(t.Outward + " " + t.Name)
	switch {
	case strings.HasPrefix(name, "blocks "), strings.HasPrefix(name, "is blocking "):
		kind = "blocks"
	case strings.HasPrefix(name, "duplicates "):
		kind = "duplicates"
	case strings.HasPrefix(name, "relates to "), strings.HasPrefix(name, "is related to "):
		kind = "related"
	case strings.HasPrefix(name, "discovered from "), strings.HasPrefix(name, "is discovered from "):
		kind = "discovered_from"
	case strings.HasPrefix(name, "discovered "):
		kind = "discovered"
	}
	if !out {
		kind, end = tickets.Inverse(kind), t.Inward
	}
	if kind != "" {
		return kind
	}
	return clip(end, maxName)
}
