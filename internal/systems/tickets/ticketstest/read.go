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

func read(t *testing.T, s *subject) {
	w := s.searching()
	if s.can.Milestone {
		w.Tickets[wordy].Milestone = "v1"
	}
	if s.can.Parent {
		w.Tickets[wordy].Parent = s.can.Key(s.project(), w.Tickets[crash].N)
	}
	if s.can.Assignees {
		w.Tickets[mine].Assignees = []string{s.can.Person(0), s.can.Person(2)}
	}
	s.on(t, w)
	has := s.Traits().Fields
	for i := range w.Tickets {
		got := s.get(t, s.key(i), tickets.Want{})
		s.whole(t, fmt.Sprintf("ticket %d", i), *got, i, has)
		if got.Body != s.body(w.Tickets[i].Body) {
			t.Errorf("ticket %d: body %q, want %q", i, got.Body, s.body(w.Tickets[i].Body))
		}
		if len(got.Comments)+len(got.Events)+len(got.Links)+len(got.Transitions) > 0 {
			t.Errorf("ticket %d: it has parts that nobody asked for", i)
		}
		if again := s.get(t, s.key(i), tickets.Want{}); again.Base() != got.Base() {
			t.Errorf("ticket %d: base %s, then %s", i, got.Base(), again.Base())
		}
	}
	if s.can.Transitions {
		got := s.get(t, s.key(crash), tickets.Want{Transitions: true})
		if !one(got.Transitions, func(x tickets.Transition) bool { return x.Status == tickets.Done }) {
			t.Errorf("there is no way to done: %+v", got.Transitions)
		}
		for _, x := range got.Transitions {
			if x.Name == "" || x.Status == "" {
				t.Errorf("a transition without a name or a status: %+v", x)
			}
		}
	}
}

func keys(t *testing.T, s *subject) {
	s.on(t, s.searching())
	want := s.key(docs)
	all := []string{want, strings.ToUpper(want), strings.ToLower(want)}
	if s.can.Spellings != nil {
		all = append(all, s.can.Spellings(s.project(), s.w.Tickets[docs].N)...)
	}
	before := s.requests(t)
	for i, key := range all {
		claim := s.Owns(t.Context(), key)
		if claim == tickets.No && (i == 0 || i > 2) {
			t.Errorf("the key %q is not its own", key)
		}
		if claim == tickets.No {
			all[i] = ""
		}
	}
	if s.requests(t) != before {
		t.Error("Owns has asked the service")
	}
	for _, key := range all {
		if key == "" {
			continue
		}
		if got := s.get(t, key, tickets.Want{}); got.Key != want {
			t.Errorf("the key of %q is %q, want %q", key, got.Key, want)
		}
	}
	unknown := s.can.Key(s.project(), 9999)
	_, err := s.Ticket(t.Context(), unknown, tickets.Want{})
	fails(t, "unknown key "+unknown, err, fail.NotFound)
	if err != nil && !strings.Contains(strings.ToLower(fail.Show(err)), strings.ToLower(strings.TrimPrefix(unknown, s.project()))) {
		t.Errorf("the error does not name the key %q: %s", unknown, fail.Show(err))
	}
	if s.can.Write {
		for _, w := range []tickets.Write{
			{Op: tickets.Update, Changes: tickets.Changes{Title: pointer("x")}},
			{Op: tickets.Remark, Changes: tickets.Changes{Comment: "x"}},
			{Op: tickets.Move, To: "done"},
		} {
			w.Key = unknown
			s.refuses(t, fmt.Sprintf("%s of an unknown key", w.Op), w, fail.NotFound)
		}
	}
}

func malformed(t *testing.T, s *subject) {
	s.on(t, s.searching())
	key := s.key(docs)
	bad := []string{"", "../../admin", key + "/../../admin", key + "\r\nX: y", key + "\n", "\x00" + key, key + "?a=b", key + "%2f..%2fx", key + "/comments", key + "&x=1",
		key + "' OR 1=1 --", "\u202e" + key, key + "\u00a0", strings.Repeat(key, 1000), "https://" + key, "file:///etc/passwd", "javascript:alert(1)", "ENG-99999999999999999999999999", "-", "#", "#-1", "#0x1", "http://169.254.169.254/latest/meta-data/1"}
	if s.can.Spellings != nil {
		for _, k := range s.can.Spellings(s.project(), s.w.Tickets[docs].N) {
			if host, rest, ok := strings.Cut(strings.TrimPrefix(k, "https://"), "/"); ok && strings.HasPrefix(k, "https://") {
				bad = append(bad, "https://"+host+".evil.example/"+rest, "https://"+host+"@evil.example/"+rest, "https://evil.example/"+rest, k+"/../../../admin", "https://"+host+"//evil.example/"+rest)
			}
		}
	}
	before := s.requests(t)
	for _, k := range slices.Concat(bad, s.can.Malformed) {
		if c := s.Owns(t.Context(), k); c != tickets.No {
			t.Errorf("Owns(%.80q) = %d, want No", k, c)
		}
		_, err := s.Ticket(t.Context(), k, tickets.Want{})
		fails(t, fmt.Sprintf("ticket %.80q", k), err, fail.Invalid)
		if !s.can.Write {
			continue
		}
		for _, w := range []tickets.Write{
			{Op: tickets.Update, Key: k, Changes: tickets.Changes{Title: pointer("x")}},
			{Op: tickets.Remark, Key: k, Changes: tickets.Changes{Comment: "x"}},
			{Op: tickets.Move, Key: k, To: "done"},
		} {
			s.refuses(t, fmt.Sprintf("%s of %.80q", w.Op, k), w, fail.Invalid)
		}
	}
	if now := s.requests(t); now != before {
		t.Errorf("%d requests for malformed keys", now-before)
	}
}

func bodies(t *testing.T, s *subject) {
	w := s.empty()
	texts := s.texts()
	texts["empty"] = ""
	var names []string
	for name, body := range texts {
		s.add(w, 10+len(names), "A body: "+name, tickets.Todo).Body = body
		names = append(names, name)
	}
	s.on(t, w)
	for i, name := range names {
		got := s.get(t, s.key(i), tickets.Want{})
		if want := s.body(texts[name]); got.Body != want {
			t.Errorf("%s (-want +got):\n%s", name, cmp.Diff(want, got.Body))
		}
		if got.Cut != 0 {
			t.Errorf("%s: %d bytes are cut", name, got.Cut)
		}
	}
}

func comments(t *testing.T, s *subject) {
	const n = 33
	w := s.searching()
	for i := range n { // newest first
		w.Tickets[crash].Comments = append(w.Tickets[crash].Comments, tickets.Comment{
			Author: s.can.Person(i % 3), Body: fmt.Sprintf("Comment %d.\n\n- one\n- two", n-1-i), Created: noon.Add(-time.Duration(i+10) * time.Minute)})
	}
	s.on(t, w)
	if got := s.get(t, s.key(crash), tickets.Want{}); len(got.Comments) != 0 {
		t.Errorf("%d comments, though none were asked for", len(got.Comments))
	}
	if got := s.get(t, s.key(docs), tickets.Want{Comments: 10}); len(got.Comments) != 0 || got.Cursor != "" || got.CommentCount > 0 {
		t.Errorf("a ticket without comments has %d, of %d, cursor %q", len(got.Comments), got.CommentCount, got.Cursor)
	}
	for _, size := range []int{1, 10, 20, 100} {
		want := tickets.Want{Comments: size}
		var got []tickets.Comment
		for range n + 1 {
			ticket := s.get(t, s.key(crash), want)
			if len(ticket.Comments) > size {
				t.Fatalf("%d comments, want at most %d", len(ticket.Comments), size)
			}
			if len(got) == 0 && len(ticket.Comments) != min(size, n) {
				t.Errorf("%d comments on the first page, want %d", len(ticket.Comments), min(size, n))
			}
			if ticket.CommentCount != -1 && ticket.CommentCount != n {
				t.Errorf("the number of comments is %d, want %d", ticket.CommentCount, n)
			}
			got = append(got, ticket.Comments...)
			if want.Cursor = ticket.Cursor; want.Cursor == "" {
				break
			}
		}
		if len(got) != n {
			t.Errorf("pages of %d: %d comments, want %d", size, len(got), n)
			continue
		}
		ids := map[string]bool{}
		for i, c := range got {
			x := w.Tickets[crash].Comments[i]
			if c.Body != s.body(x.Body) {
				t.Errorf("pages of %d: comment %d is %q, want %q", size, i, c.Body, s.body(x.Body))
			}
			if s.can.Comments && (c.Author != x.Author || !c.Created.Equal(x.Created)) {
				t.Errorf("pages of %d: comment %d is by %q of %v, want %q, %v", size, i, c.Author, c.Created, x.Author, x.Created)
			}
			if c.ID == "" || ids[c.ID] {
				t.Errorf("pages of %d: the id %q of comment %d is empty, or another's", size, c.ID, i)
			}
			ids[c.ID] = true
		}
	}
	cursor := s.get(t, s.key(crash), tickets.Want{Comments: 5}).Cursor
	for name, c := range map[string]string{s.key(docs): cursor, s.key(crash): "AAAA"} {
		_, err := s.Ticket(t.Context(), name, tickets.Want{Comments: 5, Cursor: c})
		fails(t, "a cursor that is no good for "+name, err, fail.Invalid)
	}
}

func links(t *testing.T, s *subject) {
	for _, kind := range s.can.LinkKinds {
		w := s.searching()
		w.Tickets[docs].Links = []Link{{Kind: kind, To: crash}}
		s.on(t, w)
		s.linked(t, s.key(docs), kind, s.key(crash), true)
		s.linked(t, s.key(crash), tickets.Inverse(kind), s.key(docs), true)
		if got := s.get(t, s.key(wordy), tickets.Want{Links: true}); one(got.Links, isTicket) || got.Hidden != 0 {
			t.Errorf("a ticket without links has %+v, and %d hidden ones", got.Links, got.Hidden)
		}
	}
}

func isTicket(l tickets.Link) bool { return l.What == "ticket" }

// linked checks that a ticket has just that link to a ticket, or none.
func (s *subject) linked(t *testing.T, from, kind, to string, want bool) {
	t.Helper()
	got := s.get(t, from, tickets.Want{Links: true})
	n := 0
	for _, l := range got.Links {
		if !isTicket(l) || l.To != to {
			continue
		}
		if n++; l.Kind != kind {
			t.Errorf("%s: %s %s, want %s", from, l.Kind, to, kind)
		}
	}
	if (n == 1) != want || n > 1 {
		t.Errorf("%s: %d links to %s, want %v: %+v", from, n, to, want, got.Links)
	}
	if kind == "parent" && want && s.can.Parent && got.Parent != to {
		t.Errorf("%s: parent %q, want %q", from, got.Parent, to)
	}
}

func hidden(t *testing.T, s *subject) {
	w := s.searching()
	w.Projects[1].Closed = true
	s.add(w, 50, "Secret zeppelin", tickets.Todo).in(w)
	w.Tickets[docs].Links = []Link{{Kind: s.can.LinkKinds[0], To: crash}, {Kind: s.can.LinkKinds[0], To: searched}}
	s.on(t, w)
	got := s.get(t, s.key(docs), tickets.Want{Links: true, Events: 100, Comments: 100})
	if got.Hidden != 1 {
		t.Errorf("%d hidden links, want 1", got.Hidden)
	}
	if text := fmt.Sprintf("%+v", got); strings.Contains(text, "Secret zeppelin") || strings.Contains(text, s.key(searched)) {
		t.Errorf("the ticket tells of one in a closed project: %s", text)
	}
	s.linked(t, s.key(docs), s.can.LinkKinds[0], s.key(crash), true)
}

func closed(t *testing.T, s *subject) {
	w := s.searching()
	w.Projects[1].Closed = true
	s.add(w, 50, "Secret zeppelin", tickets.Todo).in(w)
	s.on(t, w)
	for _, q := range []tickets.Query{{}, {Text: "zeppelin"}, {Text: "Secret"}, {Status: tickets.All}, {Assignee: "none"}} {
		page := s.find(t, q)
		if len(page.Tickets) == 0 && q.Text != "Secret" {
			t.Errorf("%+v finds nothing", q)
		}
		for _, ticket := range page.Tickets {
			if i := s.index(ticket.Key); i >= searched || i < 0 {
				t.Errorf("%+v finds %s in a closed project", q, ticket.Key)
			}
		}
	}
	_, err := s.Search(t.Context(), tickets.Query{Project: s.can.Projects[1]})
	fails(t, "search in a closed project", err, fail.Denied)
	_, err = s.Ticket(t.Context(), s.key(searched), tickets.Want{})
	fails(t, "a ticket of a closed project", err, fail.Denied)
	if err != nil && strings.Contains(fail.Show(err), "Secret") {
		t.Errorf("the error tells of the ticket: %s", fail.Show(err))
	}
}

func closedWrites(t *testing.T, s *subject) {
	w := s.searching()
	w.Projects[1].Closed = true
	s.add(w, 50, "Secret zeppelin", tickets.Todo).in(w)
	s.on(t, w)
	key := s.key(searched)
	for _, w := range []tickets.Write{
		{Op: tickets.Create, Project: s.can.Projects[1], Changes: tickets.Changes{Title: pointer("x")}},
		{Op: tickets.Update, Key: key, Changes: tickets.Changes{Title: pointer("x")}},
		{Op: tickets.Remark, Key: key, Changes: tickets.Changes{Comment: "x"}},
		{Op: tickets.Move, Key: key, To: "done"},
		{Op: tickets.Take, Key: key},
	} {
		s.refuses(t, string(w.Op)+" in a closed project", w, fail.Denied)
	}
	if !s.can.Links {
		return
	}
	for _, kind := range s.can.LinkKinds {
		s.refuses(t, kind+" to a closed project", tickets.Write{Op: tickets.Relate, Key: s.key(docs), Kind: kind, To: key}, fail.Denied)
	}
}
