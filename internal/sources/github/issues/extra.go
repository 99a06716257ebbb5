package issues

import (
	"context"
	"net/url"
	"strconv"
	"strings"
	"time"

	"cleat/internal/archive/forge"
	"cleat/internal/issues"
	"cleat/internal/systems/tickets"
)

// An event is what is used of an event of an issue's timeline.
type event struct {
	Event     string            `json:"event"`
	Actor     *issues.User      `json:"actor"`
	Created   time.Time         `json:"created_at"`
	Label     *issues.Label     `json:"label"`
	Assignee  *issues.User      `json:"assignee"`
	Milestone *issues.Milestone `json:"milestone"`
	Reason    string            `json:"state_reason"`
	Commit    string            `json:"commit_id"`
	Rename    *struct {
		From string `json:"from"`
		To   string `json:"to"`
	} `json:"rename"`
	Source *struct {
		Issue *issues.Issue `json:"issue"`
	} `json:"source"`
}

// Extra implements issues.Service.
func (service) Extra(ctx context.Context, t *issues.Tracker, at issues.At, i *issues.Issue, w tickets.Want, out *tickets.Ticket) error {
	links := issues.NewLinks(ctx, t, out)
	if w.Links {
		if err := related(ctx, t, at, i, links); err != nil {
			return err
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
			mention(e, links)
		}
		if v, ok := e.change(); ok && len(out.Events) < min(w.Events, tickets.MaxEvents) {
			out.Events = append(out.Events, v)
		}
	}
	return nil
}

// related adds parent, children and what blocks: what the issue says that there is.
func related(ctx context.Context, t *issues.Tracker, at issues.At, i *issues.Issue, links *issues.Links) error {
	if p, ok := issues.ParseURL(i.ParentURL); ok {
		links.Add("parent", "ticket", p, nil)
	}
	b := issues.Blocks{}
	if i.Blocks != nil {
		b = *i.Blocks
	}
	for _, l := range [...]struct {
		kind, path string
		on         bool
	}{
		{"child", "sub_issues", i.Children != nil && i.Children.Total > 0},
		{"blocked_by", "dependencies/blocked_by", b.TotalBlockedBy > 0},
		{"blocks", "dependencies/blocking", b.TotalBlocking > 0},
	} {
		if !l.on {
			continue
		}
		list, _, err := issues.Below[issues.List](ctx, t, at, url.Values{"per_page": {strconv.Itoa(perPage)}}, strings.Split(l.path, "/")...)
		if err != nil {
			return err
		}
		for k := range list {
			links.AddIssue(l.kind, at.Repo, &list[k])
		}
	}
	return nil
}

// mention adds what refers to the issue.
func mention(e *event, links *issues.Links) {
	switch {
	case e.Event == "cross-referenced" && e.Source != nil && e.Source.Issue != nil:
		links.AddIssue("mentioned_by", "", e.Source.Issue)
	case (e.Event == "referenced" || e.Event == "closed") && forge.IsHash(e.Commit):
		kind := "mentioned_by"
		if e.Event == "closed" {
			kind = "closed_by"
		}
		links.AddOther(tickets.Link{Kind: kind, What: "commit", To: e.Commit})
	}
}

// change returns the change that an event is; comments and mentions are none.
func (e *event) change() (tickets.Event, bool) {
	v := tickets.Event{Time: e.Created, Author: e.Actor.Name(), What: issues.Clip(e.Event, 100)}
	switch e.Event {
	case "", "commented", "cross-referenced", "referenced", "mentioned", "subscribed", "unsubscribed", "line-commented", "committed":
		return v, false
	case "labeled", "unlabeled":
		if e.Label != nil {
			v.To = issues.Clip(e.Label.Name, 200)
		}
	case "assigned", "unassigned":
		v.To = e.Assignee.Name()
	case "milestoned", "demilestoned":
		if e.Milestone != nil {
			v.To = issues.Clip(e.Milestone.Title, 200)
		}
	case "renamed":
		v.What = "title"
		if e.Rename != nil {
			v.From, v.To = issues.Clip(e.Rename.From, 1<<10), issues.Clip(e.Rename.To, 1<<10)
		}
	case "closed":
		v.What, v.From, v.To = "state", "open", "closed"
		if e.Reason != "" {
			v.To = strings.ReplaceAll(issues.Clip(e.Reason, 100), "_", " ")
		}
	case "reopened":
		v.What, v.From, v.To = "state", "closed", "open"
	}
	return v, true
}
