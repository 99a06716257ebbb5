package linear

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"cleat/internal/cursor"
	"cleat/internal/fail"
	"cleat/internal/sorting"
	"cleat/internal/systems/tickets"
	"cleat/internal/text"
)

// listed joins foreign names for an error.
func listed(names []string) string { return text.Line(strings.Join(names, ", ")) }

// lacks is the error for an answer without what was asked for.
func lacks(what string) error {
	return fail.Errorf(fail.Unavailable, "unexpected response of %s: it has no %s", title, what).
		Then("tell the user to check the key url of this source")
}

// whole selects what a ticket has; what of its Base is made must all be in it.
const whole = `id identifier title description url branchName priority createdAt updatedAt completedAt canceledAt
  state { id name type position } team { id key } assignee { id displayName } ` + authorFields + `
  parent { id identifier title state { type } } labels(first: 100) { nodes { id name } }
  projectMilestone { id name } project { id name } cycle { id name number } estimate dueDate
  inverseRelations(first: 50) { nodes { id type issue ` + other + ` } pageInfo { hasNextPage } }`

const other = "{ id identifier title state { type } }"

const (
	linkFields = ` relations(first: 100) { nodes { id type relatedIssue ` + other + ` } pageInfo { hasNextPage } }
  children(first: 100) { nodes ` + other + ` pageInfo { hasNextPage } }
  attachments(first: 50) { nodes { title url sourceType } pageInfo { hasNextPage } }`
	commentFields = ` comments(first: $comments, after: $older, orderBy: createdAt) { nodes { id body createdAt editedAt user { displayName guest } externalUser { name } botActor { name } } pageInfo { hasNextPage endCursor } }`
	historyFields = ` history(first: $events, after: $earlier, orderBy: createdAt) { nodes { createdAt actor { displayName } botActor { name } fromState { name } toState { name }
    fromAssignee { displayName } toAssignee { displayName } fromTitle toTitle fromPriority toPriority fromParent { identifier } toParent { identifier }
    fromTeam { key } toTeam { key } fromProjectMilestone { name } toProjectMilestone { name } addedLabels { name } removedLabels { name } updatedDescription } pageInfo { hasNextPage endCursor } }`
	stateFields = ` team { states(first: 100) { nodes { id name type position } } }`
)

// Ticket implements tickets.Tracker. It makes one request.
func (s *Source) Ticket(ctx context.Context, key string, w tickets.Want) (*tickets.Ticket, error) {
	id, _, err := s.key(key)
	if err != nil {
		return nil, err
	}
	v := variables{Comments: min(max(w.Comments, 0), tickets.MaxComments), Events: min(max(w.Events, 0), tickets.MaxEvents)}
	sum := cursor.Sum("ticket", id)
	if w.Cursor != "" {
		at, err := cursor.Decode(w.Cursor, sum, 2)
		if err != nil {
			return nil, err
		}
		// What has come to its end has no cursor, and is not asked for again.
		if v.Older = at[0]; v.Older == "" {
			v.Comments = 0
		}
		if v.Earlier = at[1]; v.Earlier == "" {
			v.Events = 0
		}
	}
	i, err := s.issue(ctx, key, v, w.Links, w.Transitions)
	if err != nil {
		return nil, err
	}
	t := s.ticket(i)
	t.Ready = t.Status != tickets.Done && len(t.Assignees) == 0 && i.free()
	older, earlier := "", ""
	if i.Comments != nil {
		sorting.Sort(i.Comments.Nodes, func(a, b comment) int { return b.Created.Compare(a.Created) })
		for n := range i.Comments.Nodes {
			t.Comments = append(t.Comments, i.Comments.Nodes[n].public())
		}
		if older = i.Comments.Page.next(); older == "" && v.Older == "" {
			t.CommentCount = len(t.Comments)
		}
	}
	if i.History != nil {
		for n := range i.History.Nodes {
			t.Events = append(t.Events, i.History.Nodes[n].events(s.has)...)
		}
		sorting.Sort(t.Events, func(a, b tickets.Event) int { return b.Time.Compare(a.Time) })
		earlier = i.History.Page.next()
	}
	if older != "" || earlier != "" {
		t.Cursor = cursor.Encode(sum, older, earlier)
	}
	if w.Links {
		s.links(i, &t)
	}
	if w.Transitions {
		for _, st := range ordered(i.Team.States.Nodes) {
			if !strings.EqualFold(st.Name, i.State.Name) {
				t.Transitions = append(t.Transitions, tickets.Transition{Name: clip(st.Name, maxName), State: clip(st.Name, maxName), Status: st.status()})
			}
		}
	}
	return &t, nil
}

// issue reads an issue that may be seen.
func (s *Source) issue(ctx context.Context, key string, v variables, links, states bool) (*issue, error) {
	id, workspace, err := s.key(key)
	if err != nil {
		return nil, err
	}
	v.ID = id
	head, fields := "$id: String!", whole
	if v.Comments > 0 {
		head += ", $comments: Int, $older: String"
		fields += commentFields
	}
	if v.Events > 0 {
		head += ", $events: Int, $earlier: String"
		fields += historyFields
	}
	if links {
		fields += linkFields
	}
	if states {
		fields += stateFields
	}
	d, err := s.read(ctx, "query Issue("+head+") { issue(id: $id) { "+fields+" } }", v)
	switch {
	case err != nil && fail.From(err).Code == fail.NotFound:
		return nil, fail.Errorf(fail.NotFound, "there is no issue %s on %s", id, title).
			Because("Linear has none, or the token's owner may not see it").Then("look for it with ticket_search")
	case err != nil && v.Older+v.Earlier != "" && fail.From(err).Code == fail.Invalid:
		return nil, cursor.Stale("Linear does not know it any more")
	case err != nil:
		return nil, err
	case d.Issue == nil || d.Issue.ID == "" || !keyPattern().MatchString(d.Issue.Identifier):
		return nil, lacks("issue")
	}
	// It may have been moved to another team since it had that key.
	if err := s.permit(d.Issue.Team.Key); err != nil {
		return nil, err
	}
	if workspace != "" {
		if _, its, ok := parse(d.Issue.URL); ok && !strings.EqualFold(its, workspace) {
			return nil, fail.Errorf(fail.NotFound, "there is no issue %s of the workspace %.80s here", id, workspace).
				Because("the token is one of the workspace %s", text.Line(its)).Then("use another source, or the key alone")
		}
	}
	return d.Issue, nil
}

// links adds what an issue is linked to.
func (s *Source) links(i *issue, t *tickets.Ticket) {
	more := i.Relations.Page.More || i.Inverse.Page.More || i.Children.Page.More || i.Attachments.Page.More
	add := func(l tickets.Link) {
		if len(t.Links) < tickets.MaxLinks {
			t.Links = append(t.Links, l)
		} else {
			more = true
		}
	}
	to := func(kind string, o *issue) {
		switch {
		case o == nil:
		case !s.has(teamOf(o.Identifier)):
			t.Hidden++
		default:
			add(tickets.Link{Kind: kind, What: "ticket", To: clip(o.Identifier, maxName), Title: clip(o.Title, maxTitle), Status: o.State.status()})
		}
	}
	to("parent", i.Parent)
	for _, r := range i.Relations.Nodes {
		to(kindOf(r.Type), r.Related)
	}
	for _, r := range i.Inverse.Nodes {
		kind := kindOf(r.Type)
		if inverse := tickets.Inverse(kind); inverse != "" {
			kind = inverse
		}
		to(kind, r.Issue)
	}
	for n := range i.Children.Nodes {
		to("child", &i.Children.Nodes[n])
	}
	for _, a := range i.Attachments.Nodes {
		l := tickets.Link{Kind: "attachment", What: "url", To: clip(a.URL, 2*maxTitle), Title: clip(a.Title, maxTitle)}
		if isPull(a.URL) {
			l.What = "pr"
		}
		add(l)
	}
	if i.Branch != "" {
		add(tickets.Link{Kind: "suggested", What: "branch", To: clip(i.Branch, maxTitle)})
	}
	if more {
		t.Notes = append(t.Notes, "there are more links than are shown")
	}
}

// kindOf names a type of relation.
func kindOf(t string) string {
	switch t {
	case "duplicate":
		return "duplicates"
	case "related", "blocks":
		return t
	}
	return clip(t, maxName)
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
	kind := parts[len(parts)-2]
	return kind == "pull" || kind == "pulls" || kind == "merge_requests"
}

// ordered returns states as a team's board has them: by type, then by position.
func ordered(list []state) []state {
	out := slices.Clone(list)
	rank := func(s state) int {
		return slices.Index([]string{"triage", "backlog", "unstarted", "started", "completed", "canceled", "duplicate"}, s.Type)
	}
	sorting.Sort(out, func(a, b state) int {
		if d := rank(a) - rank(b); d != 0 {
			return d
		}
		switch {
		case a.Position < b.Position:
			return -1
		case a.Position > b.Position:
			return 1
		}
		return strings.Compare(a.Name, b.Name)
	})
	return out
}
