package linear

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"cleat/internal/cursor"
	"cleat/internal/fail"
	"cleat/internal/systems/tickets"
)

// Limits of a search. Linear refuses queries that could have too many nodes.
const (
	maxRequests = 5  // of one page, where tickets have to be left out of it
	readyPage   = 25 // issues in a request that asks for what blocks them
	maxWords    = 20
)

// row returns the selection for the fields of a row.
func row(fields []string, ready bool) string {
	var b strings.Builder
	b.WriteString("id identifier title url updatedAt state { name type } team { key }")
	for _, f := range fields {
		switch f {
		case "priority":
			b.WriteString(" priority")
		case "assignee":
			b.WriteString(" assignee { displayName }")
		case "author":
			b.WriteString(" " + authorFields)
		case "labels":
			b.WriteString(" labels(first: 20) { nodes { name } }")
		case "parent":
			b.WriteString(" parent { identifier }")
		case "milestone":
			b.WriteString(" projectMilestone { name }")
		case "created":
			b.WriteString(" createdAt")
		case "closed":
			b.WriteString(" completedAt canceledAt")
		case "body":
			b.WriteString(" description")
		case "key", "title", "status", "state", "type", "project", "updated", "comments", "url":
		default: // one of Linear's that is shown as a custom one
			switch strings.ToLower(f) {
			case "project": // not the neutral one, which is the team
				b.WriteString(" project { name }")
			case "cycle":
				b.WriteString(" cycle { name number }")
			case "estimate":
				b.WriteString(" estimate")
			case "due date":
				b.WriteString(" dueDate")
			}
		}
	}
	if ready {
		b.WriteString(" inverseRelations(first: 50) { nodes { type issue { state { type } } } pageInfo { hasNextPage } }")
	}
	return b.String()
}

const authorFields = "creator { displayName guest } externalUserCreator { name } botActor { name } integrationSourceType"

// Search implements tickets.Tracker.
func (s *Source) Search(ctx context.Context, q tickets.Query) (*tickets.Page, error) {
	filter, err := s.filter(ctx, q)
	if err != nil {
		return nil, err
	}
	fields := q.Fields
	if fields == nil {
		fields = tickets.DefaultFields()
	}
	sum := cursor.Sum(append([]string{q.Text, q.Status, q.Assignee, q.Project, q.Since.UTC().Format(time.RFC3339Nano), fmt.Sprint(q.Ready), q.Native}, q.Labels...)...)
	v := variables{Filter: filter}
	if q.Cursor != "" {
		at, err := cursor.Decode(q.Cursor, sum, 1)
		if err != nil {
			return nil, err
		}
		v.After = at[0]
	}
	limit := q.Limit
	if limit <= 0 {
		limit = tickets.DefaultLimit
	}
	limit = min(limit, tickets.MaxLimit)
	query := "query Search($filter: IssueFilter, $first: Int, $after: String) {\n" +
		"  issues(filter: $filter, first: $first, after: $after, orderBy: updatedAt) { nodes { " + row(fields, q.Ready) + " } pageInfo { hasNextPage endCursor } }\n}"
	p := &tickets.Page{Total: -1}
	dropped := 0
	for range maxRequests {
		v.First = limit - len(p.Tickets)
		if q.Ready {
			v.First = min(v.First, readyPage)
		}
		d, err := s.read(ctx, query, v)
		switch {
		case err != nil && q.Cursor != "" && fail.From(err).Code == fail.Invalid:
			return nil, cursor.Stale("Linear does not know it any more")
		case err != nil:
			return nil, err
		case d.Issues == nil:
			return nil, lacks("list of issues")
		}
		for i := range d.Issues.Nodes {
			found := &d.Issues.Nodes[i]
			switch {
			case !s.has(found.Team.Key) || !s.has(teamOf(found.Identifier)):
				dropped++
			case q.Ready && !found.free():
			default:
				t := s.ticket(found)
				t.Ready = q.Ready
				p.Tickets = append(p.Tickets, t)
			}
		}
		v.After = d.Issues.Page.next()
		if v.After == "" || len(p.Tickets) >= limit {
			break
		}
	}
	if v.After != "" {
		p.Cursor = cursor.Encode(sum, v.After)
	}
	if dropped > 0 {
		p.Notes = append(p.Notes, fmt.Sprintf("%d issues of teams that are not allowed were left out", dropped))
	}
	if len(p.Tickets) == 0 && p.Cursor == "" && q.Cursor == "" {
		return p, s.explain(ctx, q)
	}
	return p, nil
}

// explain fails where a search found nothing because it names what is not there.
func (s *Source) explain(ctx context.Context, q tickets.Query) error {
	if q.Project != "" {
		if _, err := s.theTeam(ctx, q.Project); err != nil {
			return err
		}
	}
	if q.Assignee != "" && q.Assignee != "me" && q.Assignee != "none" {
		if _, err := s.person(ctx, q.Assignee); err != nil {
			return err
		}
	}
	for _, l := range q.Labels {
		v := variables{Filter: json.RawMessage(`{"name":{"eqIgnoreCase":` + quote(l) + `}}`)}
		d, err := s.read(ctx, `query Label($filter: IssueLabelFilter) { issueLabels(filter: $filter, first: 1) { nodes { id name } } }`, v)
		switch {
		case err != nil:
			return err
		case d.Labels == nil:
			return lacks("list of labels")
		case len(d.Labels.Nodes) == 0:
			return s.noLabel(ctx, l, "")
		}
	}
	return nil
}

// free reports whether nothing that is open blocks the issue.
func (i *issue) free() bool {
	return !i.Inverse.Page.More && !slices.ContainsFunc(i.Inverse.Nodes, func(r relation) bool {
		return r.Type == "blocks" && (r.Issue == nil || r.Issue.State.status() != tickets.Done)
	})
}

// Types of states.
const (
	todoTypes = `["triage","backlog","unstarted"]`
	doneTypes = `["completed","canceled","duplicate"]`
)

// filter writes q as Linear's IssueFilter, which is JSON. The teams that are allowed are a part
// of it, whatever else is.
func (s *Source) filter(ctx context.Context, q tickets.Query) (json.RawMessage, error) {
	scope, err := s.scope(ctx, q.Project)
	if err != nil {
		return nil, err
	}
	all := scope
	add := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	if q.Native != "" {
		native, err := s.native(q.Native)
		if err != nil {
			return nil, err
		}
		all = append(all, native)
		return json.RawMessage(`{"and":[` + strings.Join(all, ",") + `]}`), nil
	}
	words := strings.Fields(q.Text)
	slices.Sort(words)
	if words = slices.Compact(words); len(words) > maxWords {
		return nil, fail.Errorf(fail.Invalid, "text has more than %d words", maxWords).Then("give fewer")
	}
	for _, word := range words {
		w := quote(word)
		add(`{"or":[{"title":{"containsIgnoreCase":%s}},{"description":{"containsIgnoreCase":%s}}]}`, w, w)
	}
	status := q.Status
	if q.Ready {
		if status != "" && status != tickets.Open && status != string(tickets.Todo) && status != string(tickets.Active) {
			return nil, fail.Errorf(fail.Invalid, "ready is about open tickets; it does not go with status %.40q", status)
		}
		add(`{"assignee":{"null":true}}`)
	}
	switch status {
	case "", tickets.Open:
		add(`{"state":{"type":{"nin":%s}}}`, doneTypes)
	case tickets.All:
	case string(tickets.Todo):
		add(`{"state":{"type":{"in":%s}}}`, todoTypes)
	case string(tickets.Active):
		add(`{"state":{"type":{"eq":"started"}}}`)
	case string(tickets.Done):
		add(`{"state":{"type":{"in":%s}}}`, doneTypes)
	default:
		if err := s.knownState(ctx, scope, status); err != nil {
			return nil, err
		}
		add(`{"state":{"name":{"eqIgnoreCase":%s}}}`, quote(status))
	}
	switch q.Assignee {
	case "":
	case "me":
		add(`{"assignee":{"isMe":{"eq":true}}}`)
	case "none":
		add(`{"assignee":{"null":true}}`)
	default:
		add(`{"assignee":{"or":%s}}`, personFilter(q.Assignee))
	}
	for _, l := range q.Labels {
		add(`{"labels":{"some":{"name":{"eqIgnoreCase":%s}}}}`, quote(l))
	}
	if !q.Since.IsZero() {
		add(`{"updatedAt":{"gte":%s}}`, quote(q.Since.UTC().Format(time.RFC3339Nano)))
	}
	if len(all) == 0 {
		return nil, nil
	}
	return json.RawMessage(`{"and":[` + strings.Join(all, ",") + `]}`), nil
}

// personFilter is what a person's name may be.
func personFilter(name string) string {
	n := quote(strings.TrimPrefix(name, "@"))
	return fmt.Sprintf(`[{"displayName":{"eqIgnoreCase":%s}},{"name":{"eqIgnoreCase":%s}},{"email":{"eqIgnoreCase":%s}}]`, n, n, n)
}

// scope returns the filter of the teams that a search may be about: none for all of them.
func (s *Source) scope(ctx context.Context, project string) ([]string, error) {
	if project != "" {
		if !teamPattern().MatchString(project) || hasGlob(project) {
			return nil, fail.Errorf(fail.Invalid, "%.100q is no key of a team on Linear", project).Then("give one such as ENG")
		}
		if err := s.permit(project); err != nil {
			return nil, err
		}
		return []string{`{"team":{"key":{"eq":` + quote(strings.ToUpper(project)) + `}}}`}, nil
	}
	if len(s.teams) == 0 {
		return nil, nil
	}
	keys := s.teams
	if slices.ContainsFunc(keys, hasGlob) {
		list, err := s.list(ctx)
		if err != nil {
			return nil, err
		}
		keys = list
	}
	data, err := json.Marshal(append([]string{}, keys...))
	if err != nil {
		return nil, err
	}
	return []string{`{"team":{"key":{"in":` + string(data) + `}}}`}, nil
}

func hasGlob(s string) bool { return strings.ContainsAny(s, "*?") }

// list returns the keys of the teams that are there and allowed.
func (s *Source) list(ctx context.Context) ([]string, error) {
	var keys []string
	v := variables{First: 250}
	for range maxRequests {
		d, err := s.read(ctx, `query Teams($first: Int, $after: String) { teams(first: $first, after: $after) { nodes { id key } pageInfo { hasNextPage endCursor } } }`, v)
		switch {
		case err != nil:
			return nil, err
		case d.Teams == nil:
			return nil, lacks("list of teams")
		}
		for _, t := range d.Teams.Nodes {
			if s.has(t.Key) {
				keys = append(keys, t.Key)
			}
		}
		if v.After = d.Teams.Page.next(); v.After == "" {
			break
		}
	}
	return keys, nil
}

// knownState fails for a state that no team of the scope has.
func (s *Source) knownState(ctx context.Context, scope []string, name string) error {
	filter := json.RawMessage(`{}`)
	if len(scope) > 0 {
		filter = json.RawMessage(scope[0])
	}
	d, err := s.read(ctx, `query States($filter: WorkflowStateFilter) { workflowStates(filter: $filter, first: 250) { nodes { id name type } } }`, variables{Filter: filter})
	switch {
	case err != nil:
		return err
	case d.States == nil:
		return lacks("list of states")
	}
	var names []string
	for _, st := range d.States.Nodes {
		if strings.EqualFold(st.Name, name) {
			return nil
		}
		if n := clip(st.Name, maxName); !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	return unknown("state", name, append([]string{tickets.Open, tickets.All, string(tickets.Todo), string(tickets.Active), string(tickets.Done)}, names...))
}

const maxNames = 40 // that an error lists

// unknown is the error for a name that is not there, with those that are.
func unknown(what, name string, known []string) error {
	e := fail.Errorf(fail.Invalid, "there is no %s %.100q", what, name)
	if near := fail.Near(name, known); len(near) > 0 {
		return e.Because("nearest are: %s", listed(near)).Then("give one of them")
	}
	if len(known) == 0 {
		return e.Because("there are none")
	}
	rest := ""
	if n := len(known) - maxNames; n > 0 {
		rest = fmt.Sprintf(" and %d more", n)
	}
	return e.Because("there are: %s%s", listed(known[:min(len(known), maxNames)]), rest).Then("give one of them")
}
