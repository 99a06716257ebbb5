package jira

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"cleat/internal/cursor"
	"cleat/internal/fail"
	"cleat/internal/rest"
	"cleat/internal/systems/tickets"
)

const maxRequests = 5 // of one page, where tickets have to be left out of it

// A searching is the body of a search.
type searching struct {
	JQL    string   `json:"jql"`
	Max    int      `json:"maxResults"`
	Next   string   `json:"nextPageToken,omitempty"`
	Start  int      `json:"startAt,omitempty"`
	Fields []string `json:"fields"`
}

// ask sends a search.
func (s *Source) ask(ctx context.Context, q searching) (*answer, error) {
	api, err := s.version(ctx)
	if err != nil {
		return nil, err
	}
	path := "/rest/api/" + api + "/search"
	if s.cloud() {
		path += "/jql"
	}
	body, err := json.Marshal(q)
	if err != nil {
		return nil, err
	}
	var a answer
	err = s.send(ctx, rest.Request{Method: http.MethodPost, Path: path, Body: json.RawMessage(body), Want: rest.Want{Repeatable: true}}, &a)
	if err == nil && a.Issues == nil {
		err = lacks("list of issues")
	}
	return &a, err
}

// Search implements tickets.Tracker.
func (s *Source) Search(ctx context.Context, q tickets.Query) (*tickets.Page, error) {
	sum := cursor.Sum(append([]string{q.Text, q.Status, q.Assignee, q.Project, q.Since.UTC().Format(time.RFC3339Nano), fmt.Sprint(q.Ready), q.Native}, q.Labels...)...)
	var at searching
	if q.Cursor != "" {
		c, err := cursor.Decode(q.Cursor, sum, 2)
		if err != nil {
			return nil, err
		}
		at.Next = c[0]
		if at.Start, err = strconv.Atoi(c[1]); err != nil || at.Start < 0 {
			return nil, cursor.Stale("it is damaged")
		}
	}
	p := &tickets.Page{Total: -1}
	var err error
	if at.JQL, err = s.jql(ctx, q, p); err != nil {
		return nil, err
	}
	if _, err := s.version(ctx); err != nil {
		return nil, err
	}
	names, err := s.row(ctx, q, &at)
	if err != nil {
		return nil, err
	}
	limit := q.Limit
	if limit <= 0 {
		limit = tickets.DefaultLimit
	}
	limit = min(limit, tickets.MaxLimit)
	dropped, more := 0, false
	for range maxRequests {
		at.Max = limit - len(p.Tickets)
		a, err := s.ask(ctx, at)
		switch {
		case err != nil && q.Cursor != "" && at.Next != "" && fail.From(err).Code == fail.Invalid:
			return nil, cursor.Stale("Jira does not know it any more")
		case err != nil:
			return nil, err
		}
		list := a.Issues[:min(len(a.Issues), at.Max)]
		for n := range list {
			i := &list[n]
			switch {
			case !isKey(i.Key) || !s.has(projectOf(i.Key)), q.Project != "" && !strings.EqualFold(projectOf(i.Key), q.Project):
				dropped++
			case q.Ready && !i.free():
			default:
				i.Names, i.Schema = names.Names, names.Schema
				t := s.ticket(i)
				t.Ready = q.Ready
				p.Tickets = append(p.Tickets, t)
			}
		}
		if at.Next, more = a.Next, a.Next != ""; !s.cloud() && a.Total != nil {
			at.Start += len(list)
			more = at.Start < *a.Total && len(list) > 0
			if !q.Ready {
				p.Total = *a.Total
			}
		}
		if !more || len(p.Tickets) >= limit {
			break
		}
	}
	if more {
		p.Cursor = cursor.Encode(sum, at.Next, strconv.Itoa(at.Start))
	}
	if dropped > 0 {
		p.Total = -1
		p.Notes = append(p.Notes, fmt.Sprintf("%d issues of projects that were not asked for, or are not allowed, were left out", dropped))
	}
	return p, nil
}

// free reports whether nobody has the issue and nothing that is open blocks it.
func (i *issue) free() bool {
	return i.f.Assignee == nil && i.f.Status.status() != tickets.Done && !slices.ContainsFunc(i.f.Links, func(l issueLink) bool {
		return l.In != nil && kindOf(&l.Type, false) == "blocked_by" && l.In.Fields.Status.status() != tickets.Done
	})
}

// row asks for the fields of a row. What it returns has the names of custom fields.
func (s *Source) row(ctx context.Context, q tickets.Query, at *searching) (*issue, error) {
	names := &issue{Names: map[string]string{}, Schema: map[string]schema{}}
	fields := q.Fields
	if fields == nil {
		fields = tickets.DefaultFields()
	}
	ask := "summary status updated"
	if q.Ready {
		ask += " assignee issuelinks"
	}
	for _, f := range fields {
		switch f {
		case "key", "title", "status", "state", "project", "updated", "comments", "url":
		case "priority", "assignee", "labels", "created":
			ask += " " + f
		case "type":
			ask += " issuetype"
		case "author":
			ask += " reporter creator"
		case "milestone":
			ask += " fixVersions"
		case "closed":
			ask += " resolutiondate statuscategorychangedate"
		case "body":
			ask += " description"
		default:
			// On Data Center an epic is the parent by a field of its own.
			if f == "parent" {
				if ask += " parent"; s.cloud() {
					continue
				}
			}
			list, err := s.allFields(ctx)
			if err != nil {
				return nil, err
			}
			var known []string
			epic := f == "parent"
			hit := epic // there may be none
			for n := range list {
				x := &list[n]
				switch {
				case epic:
					if !x.Schema.is("gh-epic-link") {
						continue
					}
				case hit || x.ID != f && !strings.EqualFold(x.Name, f):
					known = append(known, clip(x.Name, maxName))
					continue
				default:
					names.Names[x.ID] = x.Name
				}
				hit = true
				ask += " " + x.ID
				names.Schema[x.ID] = x.Schema
			}
			if !hit {
				return nil, unknown("field", f, known)
			}
		}
	}
	at.Fields = strings.Fields(ask)
	return names, nil
}

// jql writes q as JQL. The projects that are allowed are a part of it, whatever else is.
func (s *Source) jql(ctx context.Context, q tickets.Query, p *tickets.Page) (string, error) {
	scope, err := s.scope(ctx, q.Project)
	if err != nil {
		return "", err
	}
	all := clauses(scope)
	const order = " ORDER BY updated DESC, key DESC"
	if q.Native != "" {
		native, its, err := s.native(q.Native)
		if err != nil {
			return "", err
		}
		if its != "" {
			p.Notes = append(p.Notes, "the ORDER BY of native was left out: the last changed are first")
		}
		if strings.TrimSpace(native) != "" {
			all.add("(" + native + ")")
		}
		return bounded(all) + order, nil
	}
	if q.Text != "" {
		list, err := words(q.Text)
		if err != nil {
			return "", err
		}
		for _, w := range list {
			all.add("(summary ~ " + quote(w) + " OR description ~ " + quote(w) + ")")
		}
	}
	status := q.Status
	if q.Ready {
		if !slices.Contains([]string{"", tickets.Open, string(tickets.Todo), string(tickets.Active)}, status) {
			return "", fail.Errorf(fail.Invalid, "ready is about open tickets; it does not go with status %.40q", status)
		}
		all.add("assignee is EMPTY")
	}
	switch status {
	case "", tickets.Open:
		all.add("statusCategory != Done")
	case tickets.All:
	case string(tickets.Todo):
		// A status without a category counts as one that nobody works on.
		all.add(`statusCategory not in (Done, "In Progress")`)
	case string(tickets.Active):
		all.add(`statusCategory = "In Progress"`)
	case string(tickets.Done):
		all.add("statusCategory = Done")
	default:
		if err := s.knownState(ctx, q.Project, status); err != nil {
			return "", err
		}
		all.add("status = " + quote(status))
	}
	switch q.Assignee {
	case "":
	case "me":
		all.add("assignee = currentUser()")
	case "none":
		all.add("assignee is EMPTY")
	default:
		u, err := s.findPerson(ctx, q.Assignee, "")
		if err != nil {
			return "", err
		}
		all.add("assignee = " + quote(u.id()))
	}
	for _, l := range q.Labels {
		all.add("labels = " + quote(l))
	}
	if !q.Since.IsZero() {
		// A number of milliseconds is a time in no particular zone; a date is one of the zone of
		// the account.
		all.add("updated >= " + strconv.FormatInt(q.Since.UnixMilli(), 10))
	}
	return bounded(all) + order, nil
}

// clauses are parts of a query that all have to hold.
type clauses []string

//go:noinline
func (c *clauses) add(clause string) { *c = append(*c, clause) }

// bounded joins clauses. Cloud refuses a query without any.
func bounded(clauses []string) string {
	if len(clauses) == 0 {
		return "project is not EMPTY"
	}
	return strings.Join(clauses, " AND ")
}

// scope returns the clause of the projects that a search may be about: none for all of them.
func (s *Source) scope(ctx context.Context, project string) ([]string, error) {
	if project != "" {
		key, err := s.one(project)
		if err != nil {
			return nil, err
		}
		return []string{"project = " + quote(key)}, nil
	}
	if len(s.projects) == 0 {
		return nil, nil
	}
	keys := s.projects
	if slices.ContainsFunc(keys, hasGlob) {
		list, err := s.list(ctx)
		if err != nil {
			return nil, err
		}
		if keys = list; len(keys) == 0 {
			return nil, fail.Errorf(fail.NotFound, "there is no project that this source may use").
				Because("allowed are: %s", strings.Join(s.projects, ", ")).Then("tell the user to check the keys projects and token of this source")
		}
	}
	var quoted []string
	for _, k := range keys {
		quoted = append(quoted, quote(k))
	}
	return []string{"project in (" + strings.Join(quoted, ", ") + ")"}, nil
}

// list returns the keys of the projects that are there and allowed.
func (s *Source) list(ctx context.Context) ([]string, error) {
	if _, err := s.version(ctx); err != nil {
		return nil, err
	}
	var keys []string
	take := func(list []thing) {
		for _, p := range list {
			if s.has(p.Key) {
				keys = append(keys, p.Key)
			}
		}
	}
	if !s.cloud() {
		var list []thing
		err := s.get(ctx, "/project", nil, &list)
		take(list)
		return keys, err
	}
	for start := range maxRequests * 4 {
		var a struct {
			Values []thing `json:"values"`
			Last   *bool   `json:"isLast"`
		}
		if err := s.get(ctx, "/project/search", url.Values{"maxResults": {"50"}, "startAt": {strconv.Itoa(50 * start)}}, &a); err != nil {
			return nil, err
		}
		if take(a.Values); len(a.Values) == 0 || a.Last == nil || *a.Last {
			break
		}
	}
	return keys, nil
}

// knownState fails for a state that there is not.
func (s *Source) knownState(ctx context.Context, project, name string) error {
	path := "/status"
	if project != "" {
		path = "/project" + segment(strings.ToUpper(project)) + "/statuses"
	}
	var list []thing
	if err := s.get(ctx, path, nil, &list); err != nil {
		return err
	}
	names := []string{tickets.Open, tickets.All, string(tickets.Todo), string(tickets.Active), string(tickets.Done)}
	for _, x := range list {
		if project == "" {
			x.Statuses = []thing{x}
		}
		for _, st := range x.Statuses {
			if strings.EqualFold(st.Name, name) {
				return nil
			}
			if n := clip(st.Name, maxName); !slices.Contains(names, n) {
				names = append(names, n)
			}
		}
	}
	return unknown("state", name, names)
}
