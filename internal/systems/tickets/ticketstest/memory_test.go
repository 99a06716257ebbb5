package ticketstest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"cleat/internal/cursor"
	"cleat/internal/fail"
	"cleat/internal/systems/tickets"
	"cleat/internal/systems/tickets/ticketstest"
)

// memory is a Tracker of a World, with the carelessness it is to have, if any.
type memory struct {
	w     *ticketstest.World
	fault string // see TestCareless

	mu       sync.Mutex
	all      []*item
	tokens   map[string]string
	requests int
	writes   int
	next     ticketstest.Fault // of the next request that changes something
}

type item struct {
	project string
	tickets.Ticket
	links []tickets.Link // to all there are
	event []tickets.Event
}

func newMemory(w *ticketstest.World, fault string) *memory {
	m := &memory{w: w, fault: fault, tokens: map[string]string{}}
	for _, x := range w.Tickets {
		it := &item{project: w.Projects[x.Project].Name, Ticket: x.Ticket}
		it.Key, it.Project = key(it.project, x.N), it.project
		it.Comments = slices.Clone(x.Comments)
		for i := range it.Comments {
			it.Comments[i].ID = strconv.Itoa(len(it.Comments) - i)
		}
		if len(it.Title) > 1000 && !m.is("long") {
			it.Title = it.Title[:1000]
		}
		m.all = append(m.all, it)
	}
	for i, x := range w.Tickets {
		for _, l := range x.Links {
			m.link(m.all[i], l.Kind, m.all[l.To])
		}
	}
	return m
}

func (m *memory) is(faults ...string) bool { return slices.Contains(faults, m.fault) }

func key(project string, n int) string { return fmt.Sprintf("%s#%d", project, n) }

func (m *memory) link(from *item, kind string, to *item) {
	from.links = append(from.links, tickets.Link{Kind: kind, What: "ticket", To: to.Key, Title: to.Title})
	if !m.is("one way") {
		to.links = append(to.links, tickets.Link{Kind: tickets.Inverse(kind), What: "ticket", To: from.Key, Title: from.Title})
	}
	if kind == "parent" {
		from.Parent = to.Key
	}
}

func (m *memory) closed(project string) bool {
	return one(m.w.Projects, func(p ticketstest.Project) bool { return p.Name == project && p.Closed })
}

func one[T any](list []T, is func(T) bool) bool { return slices.ContainsFunc(list, is) }

func (m *memory) Traits() tickets.Traits {
	return tickets.Traits{Kind: "memory", Native: "label", Key: "acme/app#12", Fields: tickets.Fields(), MaxTitle: 1000, MaxBody: 70_000, Ready: true, Claims: true}
}

var shape = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(?:https://tracker\.example/)?([a-z]+/[a-z]+)#([1-9][0-9]{0,8})$`)
})

func (m *memory) canonical(k string) string {
	if m.is("any key") {
		return k
	}
	parts := shape().FindStringSubmatch(strings.ToLower(k))
	if parts == nil {
		return ""
	}
	return parts[1] + "#" + parts[2]
}

func (m *memory) Owns(_ context.Context, k string) tickets.Claim {
	if m.canonical(k) == "" {
		return tickets.No
	}
	return tickets.Likely
}

// find is called with mu locked.
func (m *memory) find(ctx context.Context, k string) (*item, error) {
	if err := ctx.Err(); err != nil && !m.is("deaf") {
		return nil, err
	}
	name := m.canonical(k)
	if name == "" {
		if m.is("asks") {
			m.requests++
		}
		return nil, fail.Errorf(fail.Invalid, "this is no key of a ticket")
	}
	m.requests++
	project, _, _ := strings.Cut(name, "#")
	if m.closed(project) && !m.is("reads closed") {
		return nil, fail.Errorf(fail.Denied, "the project is closed")
	}
	for _, it := range m.all {
		if it.Key == name {
			return it, nil
		}
	}
	if m.is("internal") {
		return nil, fmt.Errorf("404")
	}
	return nil, fail.Errorf(fail.NotFound, "there is no ticket %.80q", name)
}

func (m *memory) Search(ctx context.Context, q tickets.Query) (*tickets.Page, error) {
	if err := ctx.Err(); err != nil && !m.is("deaf") {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.requests++
	if q.Project != "" && !one(m.w.Projects, func(p ticketstest.Project) bool { return p.Name == q.Project }) {
		return nil, fail.Errorf(fail.NotFound, "there is no such project")
	}
	if m.closed(q.Project) {
		return nil, fail.Errorf(fail.Denied, "the project is closed")
	}
	if q.Status == "" {
		q.Status = tickets.Open
	}
	if !slices.Contains([]string{"open", "all", "todo", "active", "done", "To Do", "Doing", "Finished"}, q.Status) && !m.is("any state") {
		return nil, fail.Errorf(fail.Invalid, "there is no such state; there are todo, active, done")
	}
	if q.Native != "" {
		q.Status = tickets.All
		if strings.ContainsAny(q.Native, "()\"';\n\x00 ") {
			return nil, fail.Errorf(fail.Invalid, "the query is a label")
		}
		q.Labels = []string{strings.TrimPrefix(q.Native, "label:")}
	}
	var list []*item
	for _, it := range m.all {
		if m.matches(it, q) {
			list = append(list, it)
		}
	}
	slices.SortStableFunc(list, func(a, b *item) int {
		if m.is("oldest first") {
			return a.Updated.Compare(b.Updated)
		}
		return b.Updated.Compare(a.Updated)
	})
	sum := cursor.Sum(q.Text, q.Status, q.Assignee, fmt.Sprint(q.Labels), q.Native)
	if m.is("any cursor") {
		sum = 0
	}
	skip := 0
	if q.Cursor != "" {
		fields, err := cursor.Decode(q.Cursor, sum, 1)
		if err != nil {
			return nil, err
		}
		if skip, err = strconv.Atoi(fields[0]); err != nil {
			return nil, cursor.Stale("it is damaged")
		}
	}
	limit := q.Limit
	if limit <= 0 {
		limit = tickets.DefaultLimit
	}
	if !m.is("no limit") {
		limit = min(limit, tickets.MaxLimit)
	}
	out := &tickets.Page{Total: len(list)}
	for i, it := range list {
		if i < skip {
			continue
		}
		if len(out.Tickets) == limit {
			switch {
			case m.is("double"):
				i--
			case m.is("gap"):
				i++
			}
			out.Cursor = cursor.Encode(sum, strconv.Itoa(i))
			break
		}
		out.Tickets = append(out.Tickets, m.show(it, q.Fields))
	}
	return out, nil
}

// show is a row.
func (m *memory) show(it *item, fields []string) tickets.Ticket {
	row := it.Ticket
	row.Comments, row.URL, row.Ready = nil, "https://tracker.example/"+it.Key, m.ready(it)
	if m.is("no body") && fields != nil {
		row.Body = ""
	}
	return row
}

func (m *memory) ready(it *item) bool {
	return it.Status != tickets.Done && len(it.Assignees) == 0 && !one(it.links, func(l tickets.Link) bool {
		return l.Kind == "blocked_by" && one(m.all, func(o *item) bool { return o.Key == l.To && (o.Status != tickets.Done || m.is("blocked for ever")) })
	})
}

func (m *memory) matches(it *item, q tickets.Query) bool {
	if q.Project != "" && it.project != q.Project || m.closed(it.project) && !(m.is("finds closed") || m.is("native closed") && q.Native != "") {
		return false
	}
	state := q.Status == string(it.Status) || q.Status == it.State || q.Status == tickets.All || q.Status == tickets.Open && it.Status != tickets.Done
	if !state && !m.is("no status", "any state") {
		return false
	}
	who := q.Assignee
	if who == "me" && !m.is("literal me") {
		who = m.w.Me
	}
	if who == "none" && len(it.Assignees) > 0 || who != "" && who != "none" && !slices.Contains(it.Assignees, who) {
		return false
	}
	has := 0
	for _, l := range q.Labels {
		if slices.Contains(it.Labels, l) {
			has++
		}
	}
	if has < len(q.Labels) && !(m.is("any label") && has > 0) {
		return false
	}
	if it.Updated.Before(q.Since) && !m.is("no since") || q.Ready && !m.ready(it) {
		return false
	}
	hay := strings.ToLower(it.Title + " " + it.Body)
	if m.is("titles only") {
		hay = strings.ToLower(it.Title)
	}
	for word := range strings.FieldsSeq(strings.ToLower(q.Text)) {
		if !strings.Contains(hay, word) {
			return false
		}
	}
	return true
}

func (m *memory) Ticket(ctx context.Context, k string, w tickets.Want) (*tickets.Ticket, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	it, err := m.find(ctx, k)
	if err != nil {
		return nil, err
	}
	return m.read(it, w)
}

func (m *memory) read(it *item, w tickets.Want) (*tickets.Ticket, error) {
	out := m.show(it, nil)
	out.Labels, out.Assignees, out.Custom = slices.Clone(it.Labels), slices.Clone(it.Assignees), slices.Clone(it.Custom)
	out.CommentCount = len(it.Comments)
	if m.is("trimmed") {
		out.Body = strings.ReplaceAll(out.Body, "\r\n", "\n")
	}
	if w.Comments > 0 {
		list, sum := slices.Clone(it.Comments), cursor.Sum(it.Key)
		if m.is("oldest comments") {
			slices.Reverse(list)
		}
		skip := 0
		if w.Cursor != "" {
			fields, err := cursor.Decode(w.Cursor, sum, 1)
			if err != nil {
				return nil, err
			}
			skip, _ = strconv.Atoi(fields[0])
		}
		list = list[min(skip, len(list)):]
		if len(list) > w.Comments {
			list = list[:w.Comments]
			out.Cursor = cursor.Encode(sum, strconv.Itoa(skip+w.Comments))
		}
		out.Comments = list
		if m.is("no comment cursor") {
			out.Cursor = ""
		}
	}
	if w.Events > 0 {
		events := slices.Clone(it.event)
		slices.Reverse(events)
		out.Events = events[:min(w.Events, len(events))]
	}
	if w.Links {
		for _, l := range it.links {
			if project, _, _ := strings.Cut(l.To, "#"); m.closed(project) && !m.is("links closed") {
				out.Hidden++
				continue
			}
			out.Links = append(out.Links, l)
		}
	}
	if w.Transitions {
		for _, s := range []tickets.Status{tickets.Todo, tickets.Active, tickets.Done} {
			out.Transitions = append(out.Transitions, tickets.Transition{Name: state(s), State: state(s), Status: s})
		}
	}
	return &out, nil
}

func state(s tickets.Status) string {
	switch s {
	case tickets.Active:
		return "Doing"
	case tickets.Done:
		return "Finished"
	}
	return "To Do"
}

func status(name string) (tickets.Status, bool) {
	for _, s := range []tickets.Status{tickets.Todo, tickets.Active, tickets.Done} {
		if name == string(s) || name == state(s) {
			return s, true
		}
	}
	return "", false
}

func TestMemory(t *testing.T) {
	var m *memory
	can := ticketstest.Can{
		Key: key, Projects: []string{"acme/app", "acme/lib"},
		Person:   func(n int) string { return []string{"ann", "bob", "cleo", "dan"}[n] },
		State:    state,
		Statuses: []tickets.Status{tickets.Todo, tickets.Active, tickets.Done},
		Write:    true, Claim: true, Custom: true, Type: true, Priority: true, Parent: true, Milestone: true, Assignees: true,
		History: true, Links: true, Transitions: true, LinkKinds: []string{"blocks", "blocked_by", "related", "duplicates", "parent"},
		Since: true, Labels: true, Ready: true, Native: "label:urgent",
		Types: []string{"bug", "task"}, Priorities: []string{"high", "low"}, CustomField: "Direction",
		Spellings: func(p string, n int) []string { return []string{"https://tracker.example/" + key(p, n)} },
		Tokens:    true, Comments: true,
		Requests: func(*testing.T) int { m.mu.Lock(); defer m.mu.Unlock(); return m.requests },
		Writes:   func(*testing.T) int { m.mu.Lock(); defer m.mu.Unlock(); return m.writes },
		Faults:   func(_ *testing.T, f ticketstest.Fault) { m.mu.Lock(); defer m.mu.Unlock(); m.next = f },
	}
	ticketstest.Suite(t, func(t *testing.T, w *ticketstest.World) tickets.Tracker {
		m = newMemory(w, fault())
		return m
	}, can)
}

// body is the request of a write.
func body(w tickets.Write, text string) json.RawMessage {
	title := ""
	if w.Changes.Title != nil {
		title = *w.Changes.Title
	}
	b, err := json.Marshal(map[string]string{"op": string(w.Op), "title": title, "body": text})
	if err != nil {
		return nil
	}
	return b
}
