package issues

import (
	"context"
	"errors"
	"fmt"
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

const (
	maxRequests = 8    // of a search
	maxFound    = 1000 // results of a search of GitHub's that can be reached
	maxQuery    = 256  // characters of the words of a search
)

// A Filter is a query as a service is asked.
type Filter struct {
	tickets.Query
	State   string // open, closed or all
	Reason  string // why they are closed, "" for any
	Login   string // of the assignee; "" for anybody or nobody
	Nobody  bool   // they have no assignee
	Creator string
	Words   []string
	Size    int // of a page
	ByAge   bool
}

// found is the answer of a search.
type found struct {
	Total      int  `json:"total_count"`
	Incomplete bool `json:"incomplete_results"`
	Items      List `json:"items"`
}

// Check implements rest.Checker.
func (f found) Check() error {
	if f.Items == nil {
		return errors.New("it has no list of issues")
	}
	return f.Items.Check()
}

// Search implements tickets.Tracker.
func (t *Tracker) Search(ctx context.Context, q tickets.Query) (*tickets.Page, error) {
	if q.Native != "" && t.Its.Native == "" {
		return nil, fail.Errorf(fail.Unsupported, "%s has no query language", t.Title).Then("use text, status, assignee and labels")
	}
	if q.Ready && !t.Its.Ready {
		return nil, fail.Errorf(fail.Unsupported, "%s does not tell in its lists what blocks a ticket", t.Title).Then("leave ready out, and ask for assignee=none")
	}
	repo, err := t.Project(ctx, q.Project)
	if err != nil {
		return nil, err
	}
	f, err := t.filter(q)
	if err != nil {
		return nil, err
	}
	sum := cursor.Sum(repo, q.Text, q.Status, q.Assignee, strings.Join(q.Labels, "\n"), q.Since.UTC().Format(time.RFC3339), strconv.FormatBool(q.Ready), q.Native)
	s := &gathering{t: t, f: f, repo: repo, here: t.here(ctx), limit: tickets.DefaultLimit, page: 1, total: -1}
	if q.Limit > 0 {
		s.limit = min(q.Limit, tickets.MaxLimit)
	}
	f.Size = min(t.Most, 50)
	if s.limit > 30 {
		f.Size = t.Most
	}
	if q.Cursor != "" {
		if err := s.resume(q.Cursor, sum); err != nil {
			return nil, err
		}
	}
	if q.Assignee == "me" {
		if f.Login, err = t.me(ctx); err != nil {
			return nil, err
		}
	}
	if err := s.run(ctx); err != nil {
		return nil, err
	}
	out := &tickets.Page{Tickets: s.out, Total: s.total, Notes: s.notes}
	if s.more {
		out.Cursor = cursor.Encode(sum, strconv.Itoa(s.page), strconv.Itoa(s.skip), strconv.Itoa(f.Size))
	}
	return out, nil
}

// filter reads a query.
func (t *Tracker) filter(q tickets.Query) (*Filter, error) {
	f := &Filter{Query: q, State: "open"}
	if strings.ContainsFunc(q.Text+q.Native+q.Assignee+strings.Join(q.Labels, ""), func(r rune) bool { return r < ' ' && r != '\t' && r != '\n' || r == 0x7f }) {
		return nil, fail.Errorf(fail.Invalid, "the query has control characters")
	}
	if q.Native != "" {
		if q.Text != "" || q.Status != "" || q.Assignee != "" || len(q.Labels) > 0 || !q.Since.IsZero() || q.Ready {
			return nil, fail.Errorf(fail.Invalid, "a native query stands alone").Then("give the other conditions in it, or leave native out")
		}
		f.State = "all"
		return f, nil
	}
	switch status := strings.ToLower(q.Status); status {
	case "", tickets.Open, string(tickets.Todo):
	case tickets.All:
		f.State = "all"
	case string(tickets.Done), "closed":
		f.State = "closed"
	default:
		s, ok := t.named(status)
		if !ok {
			return nil, t.unknownState(q.Status)
		}
		if f.Reason = s.Reason; s.Status == tickets.Done {
			f.State = "closed"
		}
	}
	switch q.Assignee {
	case "", "me":
	case "none":
		f.Nobody = true
	default:
		if f.Login = strings.TrimPrefix(q.Assignee, "@"); !isLogin(f.Login) {
			return nil, fail.Errorf(fail.Invalid, "%.100q is not the name of an account on %s", q.Assignee, t.Title).Then(`give a login, "me" or "none"`)
		}
	}
	f.Nobody = f.Nobody || q.Ready
	if q.Ready && (q.Assignee != "" && q.Assignee != "none" || f.State == "closed") {
		return nil, fail.Errorf(fail.Invalid, "what is ready is open and nobody's").Then("leave ready, or status and assignee, out")
	}
	f.Words = strings.FieldsFunc(q.Text, func(r rune) bool { return r == '"' || r == '\\' || r <= ' ' })
	if strings.TrimSpace(q.Text) != "" && len(f.Words) == 0 {
		return nil, fail.Errorf(fail.Invalid, "the text %.40q has no word to look for", q.Text)
	}
	if n := len([]rune(strings.Join(f.Words, " "))); n > maxQuery {
		return nil, fail.Errorf(fail.TooLarge, "the text has %d characters, and %s looks for %d at most", n, t.Title, maxQuery).Then("give fewer words")
	}
	return f, nil
}

// isLogin reports whether s is written as an account is.
func isLogin(s string) bool { return s != "" && len(s) <= maxName && plain(s, "-_.[]") }

// named returns the state of that name.
func (t *Tracker) named(name string) (State, bool) {
	name = strings.ReplaceAll(name, "_", " ")
	for _, s := range t.States {
		if strings.EqualFold(s.Name, name) {
			return s, true
		}
	}
	return State{}, false
}

// unknownState is the error for a state that there is not.
func (t *Tracker) unknownState(name string) error {
	names := []string{"todo", "done"}
	for _, s := range t.States {
		names = append(names, s.Name)
	}
	return fail.Errorf(fail.Invalid, "%s has no state %s", t.Title, quoted(name)).Then("use one of %s", strings.Join(names, ", "))
}

// quoted is s as an error may quote it.
func quoted(s string) string { return strconv.QuoteToASCII(Clip(s, 80)) }

// A gathering is a search under way.
type gathering struct {
	t       *Tracker
	f       *Filter
	repo    string
	here    string
	limit   int
	page    int // that is asked for next
	skip    int // items of it
	more    bool
	total   int
	dropped int
	partial bool // the service gave up
	out     []tickets.Ticket
	notes   []string
}

// resume reads a cursor.
func (s *gathering) resume(c string, sum uint64) error {
	fields, err := cursor.Decode(c, sum, 3)
	if err != nil {
		return err
	}
	var n [3]int
	for i, v := range fields {
		if n[i], err = strconv.Atoi(v); err != nil || n[i] < 0 || n[i] > 1e6 {
			return cursor.Stale("it is damaged")
		}
	}
	if n[0] < 1 || n[1] > n[2] || n[2] != 50 && n[2] != s.t.Most {
		return cursor.Stale("it is damaged")
	}
	s.page, s.skip, s.f.Size = n[0], n[1], n[2]
	return nil
}

// run asks for pages until there is enough.
func (s *gathering) run(ctx context.Context) error {
	whole := s.page == 1 && s.skip == 0
	for range maxRequests {
		path, query, isFound, err := s.t.Service.Page(s.repo, s.f, s.page)
		if err != nil {
			return err
		}
		list, total, next, err := s.ask(ctx, path, query, isFound)
		if err != nil {
			return s.t.missing(err, "repository "+s.repo+" with tickets, or no such person,")
		}
		for i := min(s.skip, len(list)); i < len(list); i++ {
			if s.f.Ready && !isFound && list[i].Pull == nil && list[i].Blocks == nil {
				return fail.Errorf(fail.Unsupported, "this %s does not tell what blocks a ticket", s.t.Title).Then("leave ready out, and ask for assignee=none")
			}
			if !s.wanted(&list[i], isFound) {
				continue
			}
			if len(s.out) == s.limit {
				s.skip, s.more = i, true
				return s.close(isFound, total, false)
			}
			s.out = append(s.out, s.t.ticket(s.here, list[i].repo(s.repo), &list[i]))
		}
		s.page, s.skip = s.page+1, 0
		if isFound && s.page*s.f.Size > maxFound && next {
			s.notes = append(s.notes, fmt.Sprintf("%s shows the first %d results of a search only", s.t.Title, maxFound))
			next = false
		}
		if !next {
			return s.close(isFound, total, whole)
		}
		if len(s.out) == s.limit {
			s.more = true
			return s.close(isFound, total, false)
		}
	}
	s.more = true
	s.notes = append(s.notes, fmt.Sprintf("%d requests have not found enough: the cursor leads on", maxRequests))
	return s.close(false, 0, false)
}

// close tells the total, if it is known: all is true where all that there is was seen.
func (s *gathering) close(isFound bool, total int, all bool) error {
	if s.dropped > 0 {
		s.notes = append(s.notes, fmt.Sprintf("left out: %d results that are not of %s", s.dropped, s.repo))
	}
	switch {
	case s.dropped > 0 || s.partial:
	case all:
		s.total = len(s.out)
	case isFound && s.f.Reason == "" && !s.f.Ready:
		s.total = total
	}
	return nil
}

// ask asks for one page.
func (s *gathering) ask(ctx context.Context, path string, query url.Values, isFound bool) (list List, total int, next bool, err error) {
	var a *rest.Answer
	if isFound {
		var v found
		if v, a, err = Get[found](ctx, s.t, path, query); err != nil {
			return nil, 0, false, err
		}
		if list, total = v.Items, v.Total; v.Incomplete {
			s.partial = true
			s.notes = append(s.notes, s.t.Title+" gave up before the end: there may be more")
		}
	} else if list, a, err = Get[List](ctx, s.t, path, query); err != nil {
		return nil, 0, false, err
	}
	next, err = s.t.Next(a)
	return list, total, next, err
}

// wanted reports whether an issue is what is asked for, whatever the service was asked. A list
// has issues of one repository, which may have got another name.
func (s *gathering) wanted(i *Issue, isFound bool) bool {
	f := s.f
	if i.Pull != nil {
		return false
	}
	if repo := i.repo(s.repo); !strings.EqualFold(repo, s.repo) && (isFound || s.t.Permit(repo) != nil) {
		s.dropped++
		return false
	}
	if f.State != "all" && i.State != f.State || f.Reason != "" && s.t.state(i).Reason != f.Reason || f.Nobody && len(i.Assignees) > 0 {
		return false
	}
	if f.Login != "" && !slices.ContainsFunc(i.Assignees, func(u *User) bool { return strings.EqualFold(u.Name(), f.Login) }) {
		return false
	}
	for _, name := range f.Labels {
		if !slices.ContainsFunc(i.Labels, func(l Label) bool { return strings.EqualFold(l.Name, name) }) {
			return false
		}
	}
	if i.Updated.Before(f.Since) || f.Ready && i.Blocks != nil && i.Blocks.BlockedBy > 0 {
		return false
	}
	if s.t.OwnWords && len(f.Words) > 0 {
		text := strings.ToLower(i.Title)
		if i.Body != nil {
			text += "\n" + strings.ToLower(*i.Body)
		}
		for _, w := range f.Words {
			if !strings.Contains(text, strings.ToLower(w)) {
				return false
			}
		}
	}
	return true
}

// Created implements tickets.Finder.
func (t *Tracker) Created(ctx context.Context, w tickets.Write, since time.Time) ([]tickets.Ticket, error) {
	repo, err := t.Project(ctx, w.Project)
	if err != nil || w.Changes.Title == nil {
		return nil, err
	}
	me, err := t.me(ctx)
	if err != nil {
		return nil, err
	}
	f := &Filter{Query: tickets.Query{Since: since}, State: "all", Creator: me, Size: t.Most, ByAge: true}
	s := &gathering{t: t, f: f, repo: repo, here: t.here(ctx), limit: tickets.MaxLimit, page: 1}
	if err := s.run(ctx); err != nil {
		return nil, err
	}
	var out []tickets.Ticket
	for _, v := range s.out {
		if strings.TrimSpace(v.Title) == Clip(strings.TrimSpace(*w.Changes.Title), maxTitle) && strings.EqualFold(v.Author, me) && !v.Created.Before(since) {
			out = append(out, v)
		}
	}
	return out, nil
}
