package issues

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"cleat/internal/cursor"
	"cleat/internal/fail"
	"cleat/internal/rest"
	"cleat/internal/sorting"
	"cleat/internal/systems/tickets"
)

// find reads an issue, and returns it with its project.
func (t *Tracker) find(ctx context.Context, key string) (*issue, string, error) {
	k, err := t.Find(ctx, key)
	if err != nil {
		return nil, "", err
	}
	i, _, err := get[issue](ctx, t, nil, k.Repo, "issues", digits(k.Number))
	if err != nil {
		return nil, "", missing(err, "there is no issue %s on %s", k.String(""), title)
	}
	repo := i.repo(k.Repo)
	if repo != k.Repo { // the project has another name now
		err = t.Permit(repo)
	}
	return &i, repo, err
}

// Ticket implements tickets.Tracker. It makes one request, one more for comments, three for
// links, and three for the history.
func (t *Tracker) Ticket(ctx context.Context, key string, w tickets.Want) (*tickets.Ticket, error) {
	k, err := t.Find(ctx, key)
	if err != nil {
		return nil, err
	}
	page, size := 1, min(w.Comments, tickets.MaxComments)
	sum := cursor.Sum("ticket", strings.ToLower(k.Repo), digits(k.Number))
	if w.Cursor != "" {
		if page, size, err = pageOf(w.Cursor, sum); err != nil {
			return nil, err
		}
	}
	i, repo, err := t.find(ctx, key)
	if err != nil {
		return nil, err
	}
	out := t.ticket(ctx, repo, i)
	if size > 0 {
		next := 0
		if out.Comments, next, err = t.comments(ctx, i, page, size); err != nil {
			return nil, err
		}
		if next > 0 {
			out.Cursor = cursor.Encode(sum, strconv.Itoa(next), strconv.Itoa(size))
		}
	}
	if w.Events > 0 && w.Cursor == "" {
		if err := t.history(ctx, i, repo, min(w.Events, tickets.MaxEvents), &out); err != nil {
			return nil, err
		}
	}
	if w.Links {
		if err := t.links(ctx, i, repo, &out); err != nil {
			return nil, err
		}
	}
	if w.Transitions {
		to := tickets.Transition{Name: "closed", State: "closed", Status: tickets.Done}
		if out.Status == tickets.Done {
			to = tickets.Transition{Name: "opened", State: "opened", Status: tickets.Todo}
		}
		out.Transitions = []tickets.Transition{to}
	}
	return &out, nil
}

const maxNotes = 5 // requests for one page of comments, where GitLab mixes the history into them

// comments returns a page of comments, newest first, and the number of the next one, 0 for
// none.
func (t *Tracker) comments(ctx context.Context, i *issue, page, size int) ([]tickets.Comment, int, error) {
	query := url.Values{"order_by": {"created_at"}, "sort": {"desc"}, "activity_filter": {"only_comments"}, "per_page": {strconv.Itoa(size)}}
	for range maxNotes {
		query.Set("page", strconv.Itoa(page))
		found, answer, err := get[notes](ctx, t, query, digits(i.ProjectID), "issues", digits(i.Number), "notes")
		if err != nil {
			return nil, 0, err
		}
		next, err := t.rest.Next(answer.Header)
		if err != nil {
			return nil, 0, err
		}
		if page++; next == nil || len(found) == 0 || page > maxPage {
			page = 0
		}
		var out []tickets.Comment
		for n := range found {
			if !found[n].System { // an older GitLab does not know the filter
				out = append(out, found[n].public())
			}
		}
		if len(out) > 0 || page == 0 {
			return out, page, nil
		}
	}
	return nil, page, nil
}

// An events is a page of resource events.
type events []happened

// Check implements rest.Checker.
func (l events) Check() error {
	if l == nil {
		return errors.New("it has no list")
	}
	return nil
}

// history adds the newest n events: of the state and of labels, and what notes of GitLab's say
// of everything else.
func (t *Tracker) history(ctx context.Context, i *issue, repo string, n int, out *tickets.Ticket) error {
	query := url.Values{"order_by": {"created_at"}, "sort": {"desc"}, "activity_filter": {"only_activity"}, "per_page": {"100"}}
	found, answer, err := get[notes](ctx, t, query, digits(i.ProjectID), "issues", digits(i.Number), "notes")
	if err != nil {
		return err
	}
	older, err := t.rest.Next(answer.Header)
	if err != nil {
		return err
	}
	more := older != nil
	for k := range found {
		if e := &found[k]; e.System && !t.tellsOfOthers(e.Body, repo) {
			body := strings.TrimSpace(e.Body)
			out.Events = append(out.Events, tickets.Event{Time: e.Created, Author: e.Author.name(), What: aboutOf(body), To: clip(body, maxLine)})
		}
	}
	for _, kind := range [...]string{"resource_state_events", "resource_label_events"} {
		list, old, err := t.last(ctx, i, kind)
		if err != nil {
			return err
		}
		more = more || old
		for k := range list {
			e := &list[k]
			event := tickets.Event{Time: e.Created, Author: e.User.name(), What: "state", To: clip(e.State, maxName)}
			if kind == "resource_label_events" {
				event.What, event.To = "labeled", ""
				name := ""
				if e.Label != nil {
					name = clip(e.Label.Name, maxName)
				}
				if event.To = name; e.Action == "remove" {
					event.What, event.From, event.To = "unlabeled", name, ""
				}
			}
			out.Events = append(out.Events, event)
		}
	}
	sorting.Sort(out.Events, func(a, b tickets.Event) int { return b.Time.Compare(a.Time) })
	if len(out.Events) > n {
		out.Events, more = out.Events[:n], true
	}
	if more {
		out.Notes = append(out.Notes, "older events are left out")
	}
	return nil
}

// last returns the newest of a list that has the oldest first: its last page. older says that
// there are others.
func (t *Tracker) last(ctx context.Context, i *issue, kind string) (all events, older bool, err error) {
	query := url.Values{"per_page": {"100"}}
	all, answer, err := get[events](ctx, t, query, digits(i.ProjectID), "issues", digits(i.Number), kind)
	if err != nil {
		if s := rest.Status(err); s == http.StatusNotFound || s == http.StatusForbidden { // a GitLab without them
			return nil, false, nil
		}
		return nil, false, err
	}
	pages, err := strconv.Atoi(answer.Header.Get("X-Total-Pages"))
	if err != nil || pages <= 1 || pages > maxPage {
		return all, err == nil && pages > maxPage, nil
	}
	query.Set("page", strconv.Itoa(pages))
	all, _, err = get[events](ctx, t, query, digits(i.ProjectID), "issues", digits(i.Number), kind)
	return all, true, err
}

// aboutOf names what a note of the history is about.
func aboutOf(body string) string {
	for _, w := range [...][2]string{{"assigned to", "assignee"}, {"unassigned", "assignee"}, {"changed title", "title"}, {"changed the description", "body"},
		{"changed milestone", "milestone"}, {"removed milestone", "milestone"}, {"mentioned in", "mentioned"}, {"marked this issue", "link"}, {"removed the relation", "link"},
		{"changed due date", "due date"}, {"removed due date", "due date"}, {"created merge request", "pr"}, {"created branch", "branch"}, {"moved", "moved"}} {
		if strings.HasPrefix(body, w[0]) {
			return w[1]
		}
	}
	return "change"
}

// reference finds names of projects that stand before a number of something in them, also in
// addresses. GitLab leaves the group out where it is that of the issue.
var reference = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`([A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)*)([#!&][0-9]|[@%$^]|/-/)`)
})

const maxReferences = 100 // in one note; beyond them it is not read

// tellsOfOthers reports whether a note of the history names a project that is not allowed.
func (t *Tracker) tellsOfOthers(body, repo string) bool {
	found := reference().FindAllStringSubmatch(body, maxReferences+1)
	for _, m := range found {
		name := m[1]
		if below, ok := strings.CutPrefix(name, t.host+"/"); ok {
			name = below
		}
		if !strings.Contains(name, "/") {
			if len(m[2]) < 2 { // an address of mail, a price
				continue
			}
			name = repo[:strings.LastIndexByte(repo, '/')+1] + name
		}
		if !strings.EqualFold(name, repo) && t.Permit(name) != nil {
			return true
		}
	}
	return len(found) > maxReferences
}

// links adds the issues and merge requests that an issue is linked to.
func (t *Tracker) links(ctx context.Context, i *issue, repo string, out *tickets.Ticket) error {
	more := false
	add := func(l tickets.Link, its string) {
		switch {
		case its != repo && t.Permit(its) != nil:
			out.Hidden++
		case len(out.Links) >= tickets.MaxLinks:
			more = true
		default:
			out.Links = append(out.Links, l)
		}
	}
	found, err := t.linked(ctx, i)
	if err != nil {
		return err
	}
	for n := range found {
		o := &found[n]
		its := o.repo("")
		if its == "" {
			out.Hidden++ // whose it is is not said
			continue
		}
		add(tickets.Link{Kind: kindOf(o.LinkType), What: "ticket", To: t.Spell(ctx, its, o.Number), Title: clip(o.Title, maxLine), Status: o.status()}, its)
	}
	seen := map[int64]bool{}
	for _, list := range [...][2]string{{"closed_by", "closed_by"}, {"related_merge_requests", "mentioned_by"}} {
		found, answer, err := get[[]request](ctx, t, url.Values{"per_page": {"100"}}, digits(i.ProjectID), "issues", digits(i.Number), list[0])
		switch s := rest.Status(err); {
		case s == http.StatusNotFound || s == http.StatusForbidden: // merge requests are not to be seen
			continue
		case err != nil:
			return err
		}
		more = more || answer.Header.Get("X-Next-Page") != ""
		for n := range found {
			r := &found[n]
			its, _, ok := strings.Cut(r.References.Full, "!")
			if seen[r.ID] || !ok {
				continue
			}
			seen[r.ID] = true
			l := tickets.Link{Kind: list[1], What: "pr", To: "!" + digits(r.Number), Title: clip(r.Title, maxLine), Status: tickets.Active}
			if !strings.EqualFold(its, repo) {
				l.To = clip(its, maxLine) + l.To
			} else {
				its = repo
			}
			if r.State == "merged" || r.State == "closed" {
				l.Status = tickets.Done
			}
			add(l, its)
			if r.Branch != "" && l.Status != tickets.Done {
				add(tickets.Link{Kind: list[1], What: "branch", To: clip(r.Branch, maxLine)}, its)
			}
		}
	}
	if more {
		out.Notes = append(out.Notes, "there are more links than are shown")
	}
	return nil
}

// linked returns the issues that an issue is linked to. A GitLab without links has none.
func (t *Tracker) linked(ctx context.Context, i *issue) (list, error) {
	found, _, err := get[list](ctx, t, nil, digits(i.ProjectID), "issues", digits(i.Number), "links")
	if s := rest.Status(err); s == http.StatusNotFound || s == http.StatusForbidden {
		return nil, nil
	}
	return found, err
}

// kindOf names a type of link.
func kindOf(t string) string {
	switch t {
	case "relates_to", "":
		return "related"
	case "is_blocked_by":
		return "blocked_by"
	}
	return clip(t, maxName)
}

// typeOf is the type of link that a kind is.
func typeOf(kind string) (string, error) {
	switch kind {
	case "related":
		return "relates_to", nil
	case "blocks":
		return kind, nil
	case "blocked_by":
		return "is_blocked_by", nil
	}
	return "", fail.Errorf(fail.Unsupported, "%s has no links of the kind %.40q between issues", title, kind).
		Because("there are: related, blocks, blocked_by")
}
