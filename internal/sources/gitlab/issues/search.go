package issues

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"cleat/internal/cursor"
	"cleat/internal/fail"
	"cleat/internal/systems/tickets"
)

const (
	maxWords = 1000 // bytes of a text that is searched for
	maxPage  = 500  // GitLab pages by number up to 50,000 issues
)

// states are the words for a state of an issue.
func states() []string {
	return []string{tickets.Open, tickets.All, string(tickets.Todo), string(tickets.Active), string(tickets.Done), "opened", "closed"}
}

// stateOf returns the state that GitLab is asked for, "" for one that it does not have.
func stateOf(status string) (string, error) {
	switch strings.ToLower(status) {
	case "", tickets.Open, string(tickets.Todo), "opened":
		return "opened", nil
	case string(tickets.Done), "closed":
		return "closed", nil
	case tickets.All:
		return "all", nil
	case string(tickets.Active):
		return "", nil
	}
	return "", fail.Errorf(fail.Invalid, "there is no state %.100q", status).
		Because("there are: %s", strings.Join(states(), ", ")).Then("give one of them")
}

// Search implements tickets.Tracker.
func (t *Tracker) Search(ctx context.Context, q tickets.Query) (*tickets.Page, error) {
	switch {
	case q.Native != "":
		return nil, fail.Errorf(fail.Unsupported, "%s has no query language for issues", title).Then("use the other arguments")
	case q.Ready:
		return nil, fail.Errorf(fail.Unsupported, "%s does not list which issues are blocked", title).Then("leave ready out")
	case len(q.Text) > maxWords || strings.ContainsRune(q.Text, 0):
		return nil, fail.Errorf(fail.Invalid, "the text is no words to search for: it has %d bytes, or NUL", len(q.Text))
	}
	state, err := stateOf(q.Status)
	if err != nil {
		return nil, err
	}
	repo, err := t.Project(ctx, q.Project)
	if err != nil {
		return nil, err
	}
	sum := cursor.Sum(append([]string{strings.ToLower(repo), q.Text, state, q.Assignee, q.Since.UTC().Format(time.RFC3339Nano)}, q.Labels...)...)
	page, size := 1, q.Limit
	if size <= 0 {
		size = tickets.DefaultLimit
	}
	size = min(size, tickets.MaxLimit)
	if q.Cursor != "" {
		if page, size, err = pageOf(q.Cursor, sum); err != nil {
			return nil, err
		}
	}
	out := &tickets.Page{Total: -1}
	if state == "" {
		out.Total, out.Notes = 0, []string{"GitLab has no state for issues that somebody works on: they are open"}
		return out, nil
	}
	query := url.Values{"state": {state}, "scope": {"all"}, "order_by": {"updated_at"}, "sort": {"desc"}, "per_page": {strconv.Itoa(size)}, "page": {strconv.Itoa(page)}}
	if text := strings.TrimSpace(q.Text); text != "" {
		query.Set("search", text)
		query.Set("in", "title,description")
	}
	switch q.Assignee {
	case "":
	case "me":
		query.Set("scope", "assigned_to_me")
	case "none":
		query.Set("assignee_id", "None")
	default:
		query.Set("assignee_username[]", strings.TrimPrefix(q.Assignee, "@"))
	}
	if len(q.Labels) > 0 {
		if err := checkLabels(q.Labels); err != nil {
			return nil, err
		}
		query.Set("labels", strings.Join(q.Labels, ","))
	}
	if !q.Since.IsZero() {
		query.Set("updated_after", q.Since.UTC().Format(time.RFC3339Nano))
	}
	found, answer, err := get[list](ctx, t, query, repo, "issues")
	if err != nil {
		return nil, missing(err, "there is no project %s on %s, or it has no issues", repo, title)
	}
	dropped := 0
	for i := range found {
		its := found[i].repo(repo)
		if its != repo && t.Permit(its) != nil {
			dropped++
			continue
		}
		out.Tickets = append(out.Tickets, t.ticket(ctx, its, &found[i]))
	}
	if dropped > 0 {
		out.Notes = append(out.Notes, fmt.Sprintf("%d issues of projects that are not allowed were left out", dropped))
	}
	if n, err := strconv.Atoi(answer.Header.Get("X-Total")); err == nil && n >= len(found) && dropped == 0 {
		out.Total = n // lists of more than 10,000 do not tell
	}
	next, err := t.rest.Next(answer.Header)
	if err != nil {
		return nil, err
	}
	switch {
	case next == nil || len(found) == 0:
	case page >= maxPage:
		out.Notes = append(out.Notes, "GitLab gives no more pages of this search")
	default:
		out.Cursor = cursor.Encode(sum, strconv.Itoa(page+1), strconv.Itoa(size))
	}
	if len(found) == 0 && page == 1 {
		return out, t.explain(ctx, repo, q)
	}
	return out, nil
}

// pageOf reads the cursor of a page: its number and size.
func pageOf(s string, sum uint64) (page, size int, err error) {
	at, err := cursor.Decode(s, sum, 2)
	if err != nil {
		return 0, 0, err
	}
	page, err1 := strconv.Atoi(at[0])
	size, err2 := strconv.Atoi(at[1])
	if err1 != nil || err2 != nil || page < 1 || page > maxPage || size < 1 || size > tickets.MaxLimit {
		return 0, 0, cursor.Stale("it is damaged")
	}
	return page, size, nil
}

// explain fails where a search found nothing because it names who or what is not there.
func (t *Tracker) explain(ctx context.Context, repo string, q tickets.Query) error {
	if q.Assignee != "" && q.Assignee != "me" && q.Assignee != "none" {
		if _, err := t.person(ctx, repo, q.Assignee); err != nil {
			return err
		}
	}
	for _, l := range q.Labels {
		if _, err := t.label(ctx, repo, l); err != nil {
			return err
		}
	}
	return nil
}
