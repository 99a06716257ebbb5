package ticketstest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cleat/internal/fail"
	"cleat/internal/systems/tickets"
)

func traits(t *testing.T, s *subject) {
	s.on(t, s.searching())
	got := s.Traits()
	if got.Kind == "" || got.Key == "" {
		t.Errorf("the traits have no kind or no key: %+v", got)
	}
	for _, f := range got.Fields {
		if !slices.Contains(tickets.Fields(), f) {
			t.Errorf("the field %q is none of tickets.Fields", f)
		}
	}
	for _, f := range []string{"key", "title", "status"} {
		if !slices.Contains(got.Fields, f) {
			t.Errorf("there is no field %q", f)
		}
	}
	if (got.Native != "") != (s.can.Native != "") || got.Ready != s.can.Ready {
		t.Errorf("native %q, ready %v: that is not what the test says it can", got.Native, got.Ready)
	}
	if s.Owns(t.Context(), got.Key) == tickets.No {
		t.Errorf("its own example of a key, %q, is not its own", got.Key)
	}
	if s.can.Write {
		s.writer(t)
	}
	if s.requests(t) != 0 {
		t.Error("Traits or Owns have asked the service")
	}
}

// order has the last changed first, or the last made.
func (s *subject) order(list []int) []int {
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b int) int {
		x, y := s.w.Tickets[a], s.w.Tickets[b]
		if s.can.ByCreation {
			return y.Created.Compare(x.Created)
		}
		return y.Updated.Compare(x.Updated)
	})
	return list
}

func search(t *testing.T, s *subject) {
	s.on(t, s.searching())
	page := s.find(t, tickets.Query{Project: s.project()})
	var got, want []string
	for _, ticket := range page.Tickets {
		got = append(got, s.row(ticket))
	}
	for _, i := range s.order([]int{crash, docs, taken, mine, wordy}) {
		want = append(want, s.want(i))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("open tickets (-want +got):\n%s", diff)
	}
	if page.Cursor != "" {
		t.Errorf("the only page has a cursor %q", page.Cursor)
	}
	if page.Total != -1 && page.Total != 5 {
		t.Errorf("total %d of 5", page.Total)
	}
	got = nil
	for _, ticket := range s.find(t, tickets.Query{Status: tickets.All}).Tickets {
		got = append(got, s.row(ticket))
	}
	want = nil
	for _, i := range s.order([]int{crash, docs, taken, mine, finished, wordy}) {
		want = append(want, s.want(i))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("all tickets, of no project in particular (-want +got):\n%s", diff)
	}
}

func filters(t *testing.T, s *subject) {
	s.on(t, s.searching())
	all := tickets.All
	type row struct {
		name string
		on   bool
		q    tickets.Query
		want []int
	}
	active := []int{taken, mine}
	todo := []int{crash, docs, wordy}
	if s.status(tickets.Active) == tickets.Todo {
		active, todo = nil, []int{crash, docs, taken, mine, wordy}
	}
	rows := []row{
		{"open", true, tickets.Query{Status: tickets.Open}, []int{crash, docs, taken, mine, wordy}},
		{"todo", true, tickets.Query{Status: string(tickets.Todo)}, todo},
		{"active", active != nil, tickets.Query{Status: string(tickets.Active)}, active},
		{"done", true, tickets.Query{Status: string(tickets.Done)}, []int{finished}},
		{"person", true, tickets.Query{Assignee: s.can.Person(1)}, []int{taken}},
		{"person without tickets", true, tickets.Query{Assignee: s.can.Person(3)}, nil},
		{"me", true, tickets.Query{Assignee: "me"}, []int{mine}},
		{"me, all", true, tickets.Query{Assignee: "me", Status: all}, []int{mine, finished}},
		{"nobody", true, tickets.Query{Assignee: "none"}, []int{crash, docs, wordy}},
		{"label", s.can.Labels, tickets.Query{Labels: []string{"urgent"}}, []int{crash, taken, wordy}},
		{"two labels", s.can.Labels, tickets.Query{Labels: []string{"urgent", "docs"}}, []int{wordy}},
		{"label, all", s.can.Labels, tickets.Query{Labels: []string{"urgent"}, Status: all}, []int{crash, taken, finished, wordy}},
		{"since", s.can.Since, tickets.Query{Since: noon.Add(-155 * time.Minute)}, []int{mine, wordy}},
		{"since the future", s.can.Since, tickets.Query{Since: noon.Add(time.Hour)}, nil},
		{"word in the title", true, tickets.Query{Text: "zeppelin", Status: all}, []int{crash, finished}},
		{"word in the title, open", true, tickets.Query{Text: "zeppelin"}, []int{crash}},
		{"word in the body", true, tickets.Query{Text: "marmalade"}, []int{wordy}},
		{"word in another case", true, tickets.Query{Text: "ZEPPELIN"}, []int{crash}},
		{"two words", true, tickets.Query{Text: "zeppelin leak", Status: all}, []int{finished}},
		{"unknown word", true, tickets.Query{Text: "aardvark"}, nil},
		{"together", s.can.Labels && s.can.Since, tickets.Query{Text: "zeppelin", Status: string(tickets.Done), Assignee: "me",
			Labels: []string{"urgent"}, Since: noon.Add(-105 * time.Minute)}, []int{finished}},
		{"together, but one", s.can.Labels, tickets.Query{Text: "zeppelin", Status: string(tickets.Done), Assignee: "me", Labels: []string{"docs"}}, nil},
	}
	for _, status := range s.can.Statuses {
		var want []int
		state := s.can.State(status)
		for i := range s.w.Tickets {
			if s.w.Tickets[i].Status == status {
				want = append(want, i)
			}
		}
		rows = append(rows, row{fmt.Sprintf("state %q", state), state != "", tickets.Query{Status: state}, want})
	}
	for _, r := range rows {
		if !r.on {
			continue
		}
		r.q.Project = s.project()
		page, err := s.Search(t.Context(), r.q)
		if err != nil {
			t.Errorf("%s: %s", r.name, fail.Show(err))
			continue
		}
		got := s.found(t, page.Tickets)
		slices.Sort(got)
		if !slices.Equal(got, r.want) {
			t.Errorf("%s: found the tickets %v, want %v", r.name, got, r.want)
		}
		if page.Total >= 0 && page.Total != len(r.want) {
			t.Errorf("%s: total %d, want %d", r.name, page.Total, len(r.want))
		}
	}
}

func badFilters(t *testing.T, s *subject) {
	s.on(t, s.searching())
	for name, q := range map[string]tickets.Query{
		"state":            {Status: "pondering"},
		"hostile state":    {Status: "open\" OR project = SECRET \x00\u202e\n"},
		"cursor":           {Cursor: "AAAA"},
		"no cursor at all": {Cursor: "../../etc\n"},
	} {
		_, err := s.Search(t.Context(), q)
		fails(t, name, err, fail.Invalid)
	}
	_, err := s.Search(t.Context(), tickets.Query{Project: "nobody/nothing"})
	fails(t, "a project that is not there", err, fail.Denied, fail.NotFound, fail.Invalid)
	if s.can.Native == "" {
		_, err := s.Search(t.Context(), tickets.Query{Native: "x"})
		fails(t, "native", err, fail.Unsupported, fail.Invalid)
	}
	if !s.can.Ready {
		_, err := s.Search(t.Context(), tickets.Query{Ready: true})
		fails(t, "ready", err, fail.Unsupported)
	}
	// Words are words, whatever they look like.
	for _, text := range []string{`zeppelin" OR "a`, "zeppelin') OR 1=1 --", "aardvark OR marmalade NOT", "(aardvark", `aardvark"`, "title:zeppelin*^", "a\x00b", "-", `\`, "%", "_", "NEAR(a b", strings.Repeat("x ", 500), "repo:evil/x is:pr aardvark"} {
		page, err := s.Search(t.Context(), tickets.Query{Text: text, Project: s.project()})
		if err != nil {
			fails(t, fmt.Sprintf("text %.40q", text), err, fail.Invalid, fail.TooLarge)
			continue
		}
		for _, i := range s.found(t, page.Tickets) {
			if i >= 0 && s.w.Tickets[i].Status == tickets.Done {
				t.Errorf("text %.40q has found a ticket that is closed", text)
			}
			if strings.Contains(text, "aardvark") {
				t.Errorf("text %.40q has found the ticket %d, which does not have that word", text, i)
			}
		}
	}
}

func fields(t *testing.T, s *subject) {
	w := s.searching()
	if s.can.Milestone {
		w.Tickets[wordy].Milestone = "v1"
	}
	if s.can.Parent {
		w.Tickets[wordy].Parent = s.can.Key(s.project(), w.Tickets[crash].N)
	}
	s.on(t, w)
	has := s.Traits().Fields
	q := tickets.Query{Text: "marmalade", Project: s.project(), Fields: has}
	list := s.find(t, q).Tickets
	if len(list) != 1 {
		t.Fatalf("%d tickets, want 1", len(list))
	}
	s.whole(t, "all fields", list[0], wordy, has)
	for _, f := range has {
		q.Fields = []string{"key", f}
		if list := s.find(t, q).Tickets; len(list) != 1 {
			t.Errorf("field %s: %d tickets, want 1", f, len(list))
		} else {
			s.whole(t, "field "+f, list[0], wordy, q.Fields)
		}
	}
}

// whole compares the fields of a ticket with what the World has of it.
func (s *subject) whole(t *testing.T, what string, got tickets.Ticket, i int, fields []string) {
	t.Helper()
	want := s.w.Tickets[i].Ticket
	shown := func(v tickets.Ticket, field string) string {
		switch field {
		case "key":
			return v.Key
		case "title":
			return v.Title
		case "status":
			return string(v.Status)
		case "state":
			if v.State == "" || s.can.State(v.Status) == "" {
				return ""
			}
			return v.State
		case "type":
			if s.can.Type {
				return v.Type
			}
		case "priority":
			if s.can.Priority {
				return v.Priority
			}
		case "assignee":
			return strings.Join(sorted(v.Assignees), ",")
		case "author":
			return v.Author
		case "labels":
			return strings.Join(sorted(v.Labels), ",")
		case "parent":
			if s.can.Parent {
				return v.Parent
			}
		case "milestone":
			if s.can.Milestone {
				return v.Milestone
			}
		case "created":
			return v.Created.UTC().Format(time.RFC3339)
		case "updated":
			return v.Updated.UTC().Format(time.RFC3339)
		case "closed":
			if v.Status == tickets.Done {
				return v.Closed.UTC().Format(time.RFC3339)
			}
		case "body":
			return v.Body
		}
		return ""
	}
	want.Key, want.Body = s.key(i), s.body(want.Body)
	for _, f := range fields {
		if x, y := shown(want, f), shown(got, f); x != y {
			t.Errorf("%s: %s is %.200q, want %.200q", what, f, y, x)
		}
	}
	if slices.Contains(fields, "project") && !strings.EqualFold(got.Project, s.w.Projects[s.w.Tickets[i].Project].Name) {
		t.Errorf("%s: project %q", what, got.Project)
	}
	if slices.Contains(fields, "url") && !strings.HasPrefix(got.URL, "http") {
		t.Errorf("%s: the address is %q", what, got.URL)
	}
}

func limits(t *testing.T, s *subject) {
	s.on(t, s.many(140)) // 126 open
	for _, r := range []struct{ limit, want int }{{1, 1}, {7, 7}, {0, tickets.DefaultLimit}, {100, 100}, {5000, tickets.MaxLimit}, {-1, tickets.DefaultLimit}} {
		page, err := s.Search(t.Context(), tickets.Query{Project: s.project(), Limit: r.limit})
		if err != nil && (r.limit < 0 || r.limit > tickets.MaxLimit) {
			fails(t, fmt.Sprintf("limit %d", r.limit), err, fail.Invalid)
			continue
		}
		if err != nil {
			t.Errorf("limit %d: %s", r.limit, fail.Show(err))
			continue
		}
		if len(page.Tickets) != r.want || page.Cursor == "" {
			t.Errorf("limit %d: %d tickets, want %d; cursor %q", r.limit, len(page.Tickets), r.want, page.Cursor)
		}
	}
}

func pages(t *testing.T, s *subject) {
	const n = 140
	s.on(t, s.many(n))
	var want []int
	for i := range n {
		if s.w.Tickets[i].Status != tickets.Done {
			want = append(want, i)
		}
	}
	want = s.order(want)
	for _, limit := range []int{0, 25, 63, 100} {
		got := s.found(t, s.all(t, tickets.Query{Project: s.project(), Limit: limit}))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("pages of %d (-want +got):\n%s", limit, diff)
		}
	}
	got := s.found(t, s.all(t, tickets.Query{Project: s.project(), Limit: 25, Text: "number"}))
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("pages of a search for a word (-want +got):\n%s", diff)
	}
	c := s.find(t, tickets.Query{Project: s.project(), Limit: 25}).Cursor
	for name, q := range map[string]tickets.Query{
		"another status": {Project: s.project(), Status: tickets.All, Cursor: c},
		"another text":   {Project: s.project(), Text: "number", Cursor: c},
		"another person": {Project: s.project(), Assignee: "me", Cursor: c},
		"half of it":     {Project: s.project(), Cursor: c[:len(c)/2]},
	} {
		_, err := s.Search(t.Context(), q)
		fails(t, "the cursor of another search: "+name, err, fail.Invalid)
	}
}

func native(t *testing.T, s *subject) {
	w := s.searching()
	if len(w.Projects) > 1 {
		w.Projects[1].Closed = true
		hidden := s.add(w, 50, "Of the closed project", tickets.Todo).in(w)
		hidden.Labels = []string{"urgent"}
	}
	s.on(t, w)
	got := s.found(t, s.find(t, tickets.Query{Native: s.can.Native, Project: s.project()}).Tickets)
	slices.Sort(got)
	if want := []int{crash, taken, finished, wordy}; !slices.Equal(got, want) && !slices.Equal(got, []int{crash, taken, wordy}) {
		t.Errorf("native: %v, want %v, or those of them that are open", got, want)
	}
	for _, q := range []string{s.can.Native, s.can.Native + ") OR (" + s.can.Native, s.can.Native + " OR 1=1", s.can.Native + "\x00", "\"", ")", "))((", strings.Repeat("(", 5000), "\n\n;", "' OR '1'='1"} {
		for _, project := range []string{"", s.project()} {
			page, err := s.Search(t.Context(), tickets.Query{Native: q, Project: project})
			if err != nil {
				fails(t, fmt.Sprintf("native %.60q", q), err, fail.Invalid, fail.Denied, fail.TooLarge, fail.NotFound)
				continue
			}
			for _, i := range s.found(t, page.Tickets) {
				if i >= searched {
					t.Errorf("native %.60q has found a ticket of a closed project", q)
				}
			}
		}
	}
}

func ready(t *testing.T, s *subject) {
	w := s.searching()
	w.Tickets[docs].Links = []Link{{Kind: "blocked_by", To: crash}}
	w.Tickets[wordy].Links = []Link{{Kind: "blocked_by", To: finished}}
	s.on(t, w)
	got := s.found(t, s.find(t, tickets.Query{Ready: true, Project: s.project()}).Tickets)
	slices.Sort(got)
	if want := []int{crash, wordy}; !slices.Equal(got, want) {
		t.Errorf("ready: %v, want %v", got, want)
	}
	for i, want := range map[int]bool{crash: true, docs: false, taken: false, finished: false, wordy: true} {
		if got := s.get(t, s.key(i), tickets.Want{}).Ready; got != want {
			t.Errorf("ticket %d: ready %v, want %v", i, got, want)
		}
	}
}
