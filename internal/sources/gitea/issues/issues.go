// Package issues serves the issues of Gitea and Forgejo as tickets: it implements
// tickets.Writer and tickets.Finder over their REST API.
//
// A ticket is known by its number, #12; one of another repository than the checkout's by
// OWNER/NAME#12. Pull requests are no tickets. Lists are asked for with the last changed
// first, which Forgejo and new versions of Gitea do; older ones have the last made first. The
// index is asked for one word, for it takes several as a phrase; the other words, like all
// other conditions, are looked for here in what came. Dependencies are what blocks, and what
// they are does not stand in lists: there is no search for what is ready. The labels of
// organizations count as the repository's.
//
// A token needs the permission "issue: read and write", and "organization: read" for the
// labels of organizations and "user: read" for "me".
package issues

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"cleat/internal/archive/forge"
	"cleat/internal/fail"
	"cleat/internal/host"
	"cleat/internal/issues"
	"cleat/internal/rest"
	"cleat/internal/systems/tickets"
)

const (
	title   = "Gitea"
	api     = "/api/v1"
	perPage = 50 // more than that, most servers do not give: MAX_RESPONSE_ITEMS
)

// New returns the tracker over c, whose address is that of the pages for people. It asks
// nobody.
//
// repo returns the repository of the checkout as owner/name; its error is what calls fail with
// that name no other. allowed fails for a repository that the source may not touch; it is
// asked for every repository before the first request about it, and again for the one where
// the service says that an issue is now. outgoing is what the configuration lets go out, for
// Traits.Allowed.
func New(c *rest.Client, repo func(ctx context.Context) (string, error), allowed func(repo string) error, outgoing []string, _ host.Host) *issues.Tracker {
	t := &issues.Tracker{
		Keys:    issues.Keys{Form: issues.Form{Title: title, Web: c.URL(), Words: []string{"issues", "pulls"}}, Here: repo, Allowed: allowed},
		Client:  c,
		Service: service{},
		Prefix:  api,
		States:  []issues.State{{Name: "open", Status: tickets.Todo}, {Name: "closed", Status: tickets.Done}},
		Kinds:   []string{"blocks", "blocked_by"},
		Size:    "limit", Most: perPage,
		AllComments: true, OwnWords: true, OwnerLabels: true,
		Its: tickets.Traits{
			Kind: "gitea", Key: "#12", MaxTitle: 255, MaxBody: tickets.MaxText,
			Fields: []string{"key", "title", "status", "state", "assignee", "author", "labels", "project", "milestone",
				"created", "updated", "closed", "comments", "body", "url"},
			Mentions: true, Keywords: true, Allowed: outgoing,
		},
	}
	if u, err := url.Parse(c.URL()); err == nil {
		t.Its.Host = u.Hostname()
	}
	return t
}

// A service is what is Gitea's own.
type service struct{}

// Page implements issues.Service.
func (service) Page(repo string, f *issues.Filter, page int) (path string, query url.Values, found bool, err error) {
	q := url.Values{"type": {"issues"}, "state": {f.State}, "limit": {strconv.Itoa(f.Size)}, "page": {strconv.Itoa(page)}}
	if !f.ByAge {
		q.Set("sort", "recentupdate")
	}
	longest := ""
	for _, w := range f.Words {
		if len(w) > len(longest) {
			longest = w
		}
	}
	if longest != "" {
		q.Set("q", longest)
	}
	if f.Login != "" {
		q.Set("assigned_by", f.Login)
	}
	if f.Creator != "" {
		q.Set("created_by", f.Creator)
	}
	var labels []string
	for _, l := range f.Labels {
		if !strings.Contains(l, ",") { // which would be taken for two
			labels = append(labels, l)
		}
	}
	if len(labels) > 0 {
		q.Set("labels", strings.Join(labels, ","))
	}
	if !f.Since.IsZero() {
		q.Set("since", f.Since.UTC().Format(time.RFC3339))
	}
	path, err = issues.At{Repo: repo}.Path("issues")
	return path, q, false, err
}

// Types implements issues.Service.
func (service) Types(context.Context, *issues.Tracker, string) ([]string, error) {
	return nil, fail.Errorf(fail.Unsupported, "tickets on %s have no type", title).Then("use a label")
}

// fields are what Gitea takes for an issue. Labels are for a new one alone.
type fields struct {
	Title     *string   `json:"title,omitempty"`
	Body      *string   `json:"body,omitempty"`
	State     string    `json:"state,omitempty"`
	Milestone *int64    `json:"milestone,omitempty"`
	Assignees *[]string `json:"assignees,omitempty"`
	Labels    []int64   `json:"labels,omitempty"`
}

// Save implements issues.Service. The labels of an issue that is there have a request of
// their own, before the other, whose answer has the whole issue then.
func (service) Save(at issues.At, i *issues.Issue, s *issues.Set) ([]issues.Step, error) {
	f := fields{Title: s.Title, Body: s.Body, Assignees: s.Assignees}
	if s.State != nil {
		f.State = s.State.Name
	}
	if s.Milestone != nil && (i != nil || s.Milestone.ID != 0) {
		f.Milestone = &s.Milestone.ID
	}
	ids := []int64{}
	if s.Labels != nil {
		for _, l := range *s.Labels {
			ids = append(ids, l.ID)
		}
	}
	if i == nil {
		f.Labels = ids
		return step(http.MethodPost, at, "the ticket is made", rest.JSON(f), "issues")
	}
	var steps []issues.Step
	if s.Labels != nil {
		var err error
		labels := rest.JSON(struct {
			Labels []int64 `json:"labels"`
		}{ids})
		if steps, err = step(http.MethodPut, at, "the labels are set", labels, "labels"); err != nil {
			return nil, err
		}
	}
	others := *s
	if others.Labels = nil; others.Empty() {
		return steps, nil
	}
	more, err := step(http.MethodPatch, at, "the ticket is changed", rest.JSON(f))
	return append(steps, more...), err
}

// step makes one request.
func step(method string, at issues.At, done string, body json.Marshaler, below ...string) ([]issues.Step, error) {
	path, err := at.Path(below...)
	if err != nil {
		return nil, err
	}
	s, err := issues.NewStep(method, path, body, done)
	return []issues.Step{s}, err
}

// Link implements issues.Service: an issue depends on what blocks it.
func (service) Link(kind string, from, to issues.Place, remove bool) (issues.Step, error) {
	if kind == "blocks" {
		from, to = to, from
	}
	method, done := http.MethodPost, "the link "+kind+" is made"
	if remove {
		method, done = http.MethodDelete, "the link "+kind+" is taken away"
	}
	path, err := from.Path("dependencies")
	if err != nil {
		return issues.Step{}, err
	}
	owner, name, _ := strings.Cut(to.Repo, "/")
	return issues.NewStep(method, path, rest.JSON(struct {
		Owner string `json:"owner"`
		Repo  string `json:"repo"`
		Index int64  `json:"index"`
	}{owner, name, to.Number}), done)
}

// An event is what is used of an entry of an issue's timeline.
type event struct {
	Type         string            `json:"type"`
	User         *issues.User      `json:"user"`
	Created      time.Time         `json:"created_at"`
	Body         string            `json:"body"`
	Label        *issues.Label     `json:"label"`
	Milestone    *issues.Milestone `json:"milestone"`
	OldMilestone *issues.Milestone `json:"old_milestone"`
	Assignee     *issues.User      `json:"assignee"`
	Removed      bool              `json:"removed_assignee"`
	OldTitle     string            `json:"old_title"`
	NewTitle     string            `json:"new_title"`
	Ref          *issues.Issue     `json:"ref_issue"`
	Commit       string            `json:"ref_commit_sha"`
}

// Extra implements issues.Service.
func (service) Extra(ctx context.Context, t *issues.Tracker, at issues.At, _ *issues.Issue, w tickets.Want, out *tickets.Ticket) error {
	links := issues.NewLinks(ctx, t, out)
	if w.Links {
		for _, l := range [...]struct{ kind, path string }{{"blocked_by", "dependencies"}, {"blocks", "blocks"}} {
			list, _, err := issues.Below[issues.List](ctx, t, at, url.Values{"limit": {strconv.Itoa(perPage)}}, l.path)
			if err != nil {
				return err
			}
			for k := range list {
				links.AddIssue(l.kind, at.Repo, &list[k])
			}
		}
	}
	list, skipped, err := issues.Timeline[event](ctx, t, at, w.Events)
	if err != nil {
		return err
	}
	if skipped && w.Links {
		out.Notes = append(out.Notes, "the history is long: links that stand in the middle of it are left out")
	}
	for k := len(list) - 1; k >= 0; k-- {
		e := &list[k]
		if w.Links {
			mention(e, at, links)
		}
		if v, ok := e.change(); ok && len(out.Events) < min(w.Events, tickets.MaxEvents) {
			out.Events = append(out.Events, v)
		}
	}
	return nil
}

// mention adds what refers to the issue.
func mention(e *event, at issues.At, links *issues.Links) {
	switch e.Type {
	case "issue_ref", "comment_ref", "pull_ref":
		if e.Ref != nil && e.Ref.Number > 0 {
			links.AddIssue("mentioned_by", at.Repo, e.Ref)
		}
	case "commit_ref":
		if forge.IsHash(e.Commit) {
			links.AddOther(tickets.Link{Kind: "mentioned_by", What: "commit", To: e.Commit})
		}
	}
}

// change returns the change that an entry is; comments and mentions are none.
func (e *event) change() (tickets.Event, bool) {
	v := tickets.Event{Time: e.Created, Author: e.User.Name(), What: issues.Clip(e.Type, 100)}
	switch e.Type {
	case "", "comment", "issue_ref", "comment_ref", "pull_ref", "commit_ref", "code", "review":
		return v, false
	case "close":
		v.What, v.From, v.To = "state", "open", "closed"
	case "reopen":
		v.What, v.From, v.To = "state", "closed", "open"
	case "label":
		v.What = "unlabeled"
		if e.Body == "1" {
			v.What = "labeled"
		}
		if e.Label != nil {
			v.To = issues.Clip(e.Label.Name, 200)
		}
	case "assignees":
		v.What = "assigned"
		if e.Removed {
			v.What = "unassigned"
		}
		v.To = e.Assignee.Name()
	case "milestone":
		if e.OldMilestone != nil {
			v.From = issues.Clip(e.OldMilestone.Title, 200)
		}
		if e.Milestone != nil {
			v.To = issues.Clip(e.Milestone.Title, 200)
		}
	case "change_title":
		v.What, v.From, v.To = "title", issues.Clip(e.OldTitle, 1<<10), issues.Clip(e.NewTitle, 1<<10)
	}
	return v, true
}
