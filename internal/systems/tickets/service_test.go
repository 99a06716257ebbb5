package tickets_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"cleat/internal/fail"
	"cleat/internal/systems/tickets"
	"cleat/internal/text"
)

func TestChoose(t *testing.T) {
	all := func(ms ...*memory) []tickets.Candidate {
		var out []tickets.Candidate
		for i, m := range ms {
			out = append(out, tickets.Candidate{Name: string(rune('a' + i)), Local: m.traits.Kind == "local", Service: service(t, m)})
		}
		return out
	}
	local := func() *memory {
		return &memory{prefix: "ct-", claim: tickets.Likely, traits: tickets.Traits{Kind: "local"}}
	}
	github := func(c tickets.Claim) *memory {
		return &memory{prefix: "#", claim: c, traits: tickets.Traits{Kind: "github"}}
	}
	jira := func(c tickets.Claim) *memory {
		return &memory{prefix: "ENG-", claim: c, traits: tickets.Traits{Kind: "jira"}}
	}
	for _, c := range []struct {
		all  []tickets.Candidate
		key  string
		want int
	}{
		{all(local()), "", 0},
		{all(local(), github(tickets.Maybe)), "", 1},
		{all(local(), github(tickets.Maybe), github(tickets.Likely)), "", 2},
		{all(local(), github(tickets.Likely), jira(tickets.Maybe)), "", 2},
		{all(local(), github(tickets.Maybe)), "ct-1", 0},
		{all(local(), github(tickets.Maybe)), "#1", 1},
		{all(github(tickets.Maybe), github(tickets.Likely)), "#1", 1},
		{all(local(), github(tickets.Maybe)), "ticket://a/ct-1", 0},
		{all(local(), github(tickets.Maybe)), "ticket://b/%231", 1},
	} {
		if got, err := tickets.Choose(t.Context(), c.all, c.key); err != nil || got != c.want {
			t.Errorf("%d sources, %q: %d, %v; want %d", len(c.all), c.key, got, err, c.want)
		}
	}
	two := all(jira(tickets.Maybe), jira(tickets.Maybe))
	_, err := tickets.Choose(t.Context(), two, "ENG-1")
	wantError(t, err, fail.Invalid, `"ENG-1" may be a ticket of a or of b`, "pass source")
	_, err = tickets.Choose(t.Context(), two, "nonsense")
	wantError(t, err, fail.NotFound, "keys here: a ENG-12, b ENG-12", "ticket_search")
	_, err = tickets.Choose(t.Context(), two, "ticket://x/ENG-1")
	wantError(t, err, fail.NotFound, `called "x"`)
	_, err = tickets.Choose(t.Context(), nil, "ENG-1")
	wantError(t, err, fail.Unsupported, "no source for tickets")
}

func TestBadInput(t *testing.T) {
	m := &memory{tickets: []*tickets.Ticket{{Key: "#1", Title: "One", Body: "text"}}}
	s := service(t, m)
	search := func(q tickets.Query) error { _, err := s.Search(t.Context(), q); return err }
	wantError(t, search(tickets.Query{Native: "x"}), fail.Unsupported, "no query language")
	wantError(t, search(tickets.Query{Ready: true}), fail.Unsupported, "status=todo assignee=none")
	wantError(t, search(tickets.Query{Fields: []string{"titel"}}), fail.Invalid, `no field "titel"`, "did you mean title?")
	m.traits.Native = "JQL"
	wantError(t, search(tickets.Query{Native: "x", Status: "done"}), fail.Invalid, "native stands alone", "JQL")

	read := func(r tickets.Reading) error { _, err := s.Read(t.Context(), r); return err }
	wantError(t, read(tickets.Reading{}), fail.Invalid, "no ticket is named", "#12")
	wantError(t, read(tickets.Reading{Key: "#1/../../admin"}), fail.Invalid, "is no key of a ticket of src", "like #12")
	wantError(t, read(tickets.Reading{Key: "#1", View: "all"}), fail.Invalid, `no view "all"`, "summary, comments")
	wantError(t, read(tickets.Reading{Key: "#1", Cursor: "x"}), fail.Invalid, "has no pages")
	wantError(t, read(tickets.Reading{Key: "#9"}), fail.NotFound)

	do := func(c tickets.Change) error { _, err := s.Do(t.Context(), c); return err }
	write := func(w tickets.Write) error { return do(tickets.Change{Write: w}) }
	wantError(t, write(tickets.Write{Op: "delete"}), fail.Invalid, `no op "delete"`, "create, update")
	wantError(t, write(tickets.Write{Op: tickets.Create}), fail.Invalid, "needs a title")
	wantError(t, write(tickets.Write{Op: tickets.Create, Key: "#1", Changes: tickets.Changes{Title: pointer("x")}}), fail.Invalid, "takes no key")
	wantError(t, write(tickets.Write{Op: tickets.Create, Changes: tickets.Changes{Title: pointer("a\nb")}}), fail.Invalid, "several lines")
	wantError(t, write(tickets.Write{Op: tickets.Remark, Key: "#1"}), fail.Invalid, "needs a text")
	wantError(t, write(tickets.Write{Op: tickets.Move, Key: "#1"}), fail.Invalid, "needs where to", "view=transitions")
	wantError(t, write(tickets.Write{Op: tickets.Relate, Key: "#1", To: "#2", Kind: "bloks"}), fail.Invalid, `no kind of link "bloks"`, "blocked_by")
	wantError(t, write(tickets.Write{Op: tickets.Update, Key: "#1"}), fail.Invalid, "changes nothing")
	wantError(t, do(tickets.Change{Write: tickets.Write{Op: tickets.Update, Key: "#1", Changes: tickets.Changes{Title: pointer("x")}},
		Body: pointer("x"), Edit: &tickets.Part{}}), fail.Invalid, "exclude each other")
	wantError(t, write(tickets.Write{Op: tickets.Take, Key: "nonsense"}), fail.Invalid, "is no key")
	for _, op := range []tickets.Op{tickets.Remark, tickets.Move, tickets.Relate, tickets.Take} { // no op does what policy allows for another
		w := tickets.Write{Op: op, Key: "#1", To: "#2", Kind: "blocks", Changes: tickets.Changes{Comment: "x"}}
		wantError(t, do(tickets.Change{Write: w, Body: pointer("x")}), fail.Invalid, "changes no title and no body")
		wantError(t, do(tickets.Change{Write: w, Edit: &tickets.Part{Append: "x"}}), fail.Invalid, "changes no title and no body")
		w.Changes.Title = pointer("x")
		wantError(t, write(w), fail.Invalid, "changes no title and no body")
	}
	wantError(t, write(tickets.Write{Op: tickets.Remark, Key: "#1", To: "done", Changes: tickets.Changes{Comment: "x"}}), fail.Invalid, "leads nowhere")
	if m.sent != 0 {
		t.Errorf("%d writes were sent", m.sent)
	}
}

// Secrets do not go out, wherever they stand; what had been in the ticket before is no reason.
func TestSecretsStay(t *testing.T) {
	m := &memory{tickets: []*tickets.Ticket{{Key: "#1", Title: "One", Body: "had CANARY before\n\nend"}}, traits: tickets.Traits{Host: "h.example"}}
	s := service(t, m)
	for name, c := range map[string]tickets.Change{
		"title":   {Write: tickets.Write{Op: tickets.Create, Changes: tickets.Changes{Title: pointer("CANARY")}}},
		"body":    {Write: tickets.Write{Op: tickets.Create, Changes: tickets.Changes{Title: pointer("x")}}, Body: pointer("a CANARY")},
		"comment": {Write: tickets.Write{Op: tickets.Remark, Key: "#1", Changes: tickets.Changes{Comment: "CANARY"}}},
		"edit":    {Write: tickets.Write{Op: tickets.Update, Key: "#1"}, Edit: &tickets.Part{Append: "CANARY"}},
		"field": {Write: tickets.Write{Op: tickets.Update, Key: "#1",
			Changes: tickets.Changes{Custom: []tickets.Custom{{Name: "f", Value: json.RawMessage(`["CANARY"]`)}}}}},
		"label": {Write: tickets.Write{Op: tickets.Update, Key: "#1", Changes: tickets.Changes{Add: []string{"CANARY"}}}},
	} {
		_, err := s.Do(t.Context(), c)
		wantError(t, err, fail.Denied, "looks like a secret", "token")
		if err != nil && strings.Contains(fail.Show(err), "CANARY") {
			t.Errorf("%s: the error tells the secret", name)
		}
	}
	if m.sent != 0 {
		t.Errorf("%d writes were sent", m.sent)
	}
	if _, err := s.Do(t.Context(), tickets.Change{Write: tickets.Write{Op: tickets.Update, Key: "#1"}, Edit: &tickets.Part{Append: "more"}}); err != nil {
		t.Error(fail.Show(err))
	}
	if got := m.tickets[0].Body; got != "had CANARY before\n\nend\n\nmore" {
		t.Errorf("body %q", got)
	}
}

func TestCreate(t *testing.T) {
	create := func(s *tickets.Service, title string, edit func(*tickets.Change)) (*tickets.Outcome, error) {
		c := tickets.Change{Write: tickets.Write{Op: tickets.Create, Changes: tickets.Changes{Title: &title}}, Body: pointer("text @you"), Repeating: "k1"}
		if edit != nil {
			edit(&c)
		}
		return s.Do(t.Context(), c)
	}
	t.Run("dry run", func(t *testing.T) {
		m := &memory{traits: tickets.Traits{Mentions: true}}
		out, err := create(service(t, m), "Login fails", func(c *tickets.Change) { c.DryRun = true })
		if err != nil {
			t.Fatal(err)
		}
		if m.sent != 0 || len(out.Requests) != 1 || !strings.Contains(string(out.Requests[0].Body), "text `@you`") {
			t.Errorf("sent %d, %s", m.sent, out.Requests)
		}
		if s := show(out); !strings.Contains(s, "dry run, nothing was changed; 1 request would be sent to src") || !strings.Contains(s, "POST /tickets\n{") || !strings.Contains(s, "1 mention disarmed in the text") {
			t.Error(s)
		}
	})
	t.Run("alike", func(t *testing.T) {
		m := &memory{tickets: []*tickets.Ticket{{Key: "#1", Title: "Logins are failing with SSO", Status: tickets.Todo}, {Key: "#2", Title: "Docs for login", Status: tickets.Done}}}
		s := service(t, m)
		_, err := create(s, "Login fails with SSO", nil)
		wantError(t, err, fail.Conflict, "nothing was created: there is a ticket like it", `#1 todo "Logins are failing with SSO"`, "anyway=true")
		dry, err := create(s, "Login fails with SSO", func(c *tickets.Change) { c.DryRun = true })
		if err != nil || !strings.Contains(show(dry), "note: there are tickets like it, for which it would be refused without anyway=true: #1 todo") {
			t.Errorf("dry run: %v, %v", dry, err)
		}
		if m.query.Status != tickets.All {
			t.Errorf("looked for %+v", m.query)
		}
		if out, err := create(s, "Login fails with SSO", func(c *tickets.Change) { c.Anyway = true }); err != nil || out.Ticket.Key != "#3" {
			t.Errorf("%v, %v", out, err)
		}
		if out, err := create(s, "Something else altogether", nil); err != nil || out.Ticket.Key != "#4" {
			t.Errorf("%v, %v", out, err)
		}
	})
	t.Run("lost answer", func(t *testing.T) {
		m := &memory{lost: 1}
		out, err := create(service(t, m), "Login fails", nil)
		if err != nil || out.Ticket.Key != "#1" || m.sent != 1 {
			t.Fatalf("%+v, %v, sent %d", out, err, m.sent)
		}
		if s := show(out); !strings.Contains(s, "created: #1 todo") || !strings.Contains(s, "nothing was sent twice") {
			t.Error(s)
		}
	})
	t.Run("lost and not there", func(t *testing.T) {
		m := &memory{lost: 1, never: true}
		_, err := create(service(t, m), "Login fails", nil)
		wantError(t, err, fail.UnknownOutcome, "it was looked for three times, and is not there", "ticket_search status=all")
		if m.sent != 1 {
			t.Errorf("sent %d", m.sent)
		}
	})
	t.Run("lost and several", func(t *testing.T) {
		m := &memory{lost: 1, tickets: []*tickets.Ticket{{Key: "#1", Title: "Login fails"}}}
		_, err := create(service(t, m), "Login fails", func(c *tickets.Change) { c.Anyway = true })
		wantError(t, err, fail.UnknownOutcome, "several tickets", "#1, #2")
	})
	t.Run("token", func(t *testing.T) {
		m := &memory{}
		s := service(t, m)
		tokens := map[string]bool{}
		for _, key := range []string{"a", "b", "a", ""} {
			out, err := create(s, "T "+key, func(c *tickets.Change) { c.DryRun, c.Repeating = true, key })
			if err != nil {
				t.Fatal(err)
			}
			var body struct{ Token string }
			if err := json.Unmarshal(out.Requests[0].Body, &body); err != nil {
				t.Fatal(err)
			}
			if want := 32; key == "" && body.Token != "" || key != "" && len(body.Token) != want {
				t.Errorf("token %q of key %q", body.Token, key)
			}
			tokens[body.Token] = true
		}
		if len(tokens) != 3 {
			t.Errorf("tokens %v", tokens)
		}
	})
}

// Of two edits from the same base the second is told both versions, and nothing is lost.
func TestConflict(t *testing.T) {
	m := &memory{tickets: []*tickets.Ticket{{Key: "#1", Title: "One", Body: "## Steps\n\n1. open\n2. close\n"}}}
	s := service(t, m)
	v, err := s.Read(t.Context(), tickets.Reading{Key: "#1"})
	if err != nil {
		t.Fatal(err)
	}
	update := func(base, with string) (*tickets.Outcome, error) {
		return s.Do(t.Context(), tickets.Change{Write: tickets.Write{Op: tickets.Update, Key: "#1", Base: base},
			Edit: &tickets.Part{Find: "2. close", Replace: with}})
	}
	out, err := update(v.Base, "2. close it")
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Do(t.Context(), tickets.Change{Write: tickets.Write{Op: tickets.Update, Key: "#1", Base: v.Base, Changes: tickets.Changes{Title: pointer("Uno")}},
		Body: pointer("## Steps\n\n1. open\n2. shut\n")})
	wantError(t, err, fail.Conflict, "#1 has changed since base "+v.Base, "it is at base "+out.Base, `now "One", yours "Uno"`, "2. close it", "2. shut", "ticket_read")
	if got := m.tickets[0].Body; got != "## Steps\n\n1. open\n2. close it\n" {
		t.Errorf("body %q", got)
	}
}

func show(r text.Renderer) string {
	var w text.Writer
	r.Text(&w)
	var b strings.Builder
	for _, s := range w.Segments() {
		b.WriteString(s.Text)
	}
	return b.String()
}

// A page of 30 usual tickets takes at most 1,300 tokens, and a row at most 60.
func TestRowTokens(t *testing.T) {
	m := &memory{}
	for i := range 30 {
		m.tickets = append(m.tickets, &tickets.Ticket{Key: fmt.Sprintf("ENG-%d", 1000+i), Title: "Checkout returns 500 when the cart has a deleted product and a coupon",
			Status: tickets.Active, State: "In Review", Assignees: []string{"maria.lopez"}, Labels: []string{"bug", "checkout", "p1"}, Updated: now.Add(-time.Duration(i) * 30 * time.Hour), Body: strings.Repeat("never shown ", 500)})
	}
	s := service(t, m)
	list, err := s.Search(t.Context(), tickets.Query{})
	if err != nil {
		t.Fatal(err)
	}
	out := show(list)
	if n := text.Tokens(out); n > 1300 {
		t.Errorf("30 tickets take %d tokens:\n%s", n, out)
	}
	if strings.Contains(out, "never shown") || !strings.Contains(out, "ENG-1000  In Review  Checkout returns 500 when the cart has a deleted product and a coupon  @maria.lopez  [bug, checkout, p1]  12:00Z") {
		t.Error(out)
	}
	hostile := &tickets.Ticket{Key: strings.Repeat("k", 1000), Title: strings.Repeat("title\n", 10000), State: strings.Repeat("s", 1000), Labels: make([]string, 100),
		Assignees: []string{strings.Repeat("a", 5000), "b", "c", "d", "e"}}
	for i := range hostile.Labels {
		hostile.Labels[i] = strings.Repeat("l", 500)
	}
	m.tickets = []*tickets.Ticket{hostile}
	if list, err = s.Search(t.Context(), tickets.Query{}); err != nil {
		t.Fatal(err)
	}
	if out = show(list); len(out) > 1000 || strings.Count(out, "\n") != 2 {
		t.Errorf("%d bytes, %d lines: %s", len(out), strings.Count(out, "\n"), out)
	}
}

// What is asked for is shown, and nothing else.
func TestFields(t *testing.T) {
	m := &memory{tickets: []*tickets.Ticket{{Key: "#1", Title: "One", Status: tickets.Todo, Type: "bug", Body: "text", URL: "https://x.example/1", CommentCount: 3}}}
	list, err := service(t, m).Search(t.Context(), tickets.Query{Fields: []string{"type", "key", "comments", "closed"}})
	if err != nil {
		t.Fatal(err)
	}
	if got := show(list); got != "1 ticket of src: type  key  comments  closed\nbug  #1  3  -\n" {
		t.Errorf("%q", got)
	}
	if got := m.query.Fields; len(got) != 4 {
		t.Errorf("asked for %q", got)
	}
}

// A ticket with its ten newest comments is not much longer than their text.
func TestReadTokens(t *testing.T) {
	body := strings.Repeat("The checkout answers with 500 when a product was deleted while it lay in the cart.\n", 12)
	ticket := &tickets.Ticket{Key: "#1", Title: "Checkout fails", Body: body, CommentCount: 14, Author: "maria", Created: now, Updated: now, Labels: []string{"bug"}}
	own := body + ticket.Title
	for i := range 10 {
		c := tickets.Comment{Author: fmt.Sprintf("user%d", i), Created: now.AddDate(0, 0, -i-1), Body: strings.Repeat("I have seen this as well, on the second page of the cart, with a coupon. ", 2)}
		ticket.Comments = append(ticket.Comments, c)
		own += c.Body
	}
	s := service(t, &memory{tickets: []*tickets.Ticket{ticket}})
	v, err := s.Read(t.Context(), tickets.Reading{Key: "#1"})
	if err != nil {
		t.Fatal(err)
	}
	out := show(v)
	if n, most := text.Tokens(out), text.Tokens(own)*13/10; n > most {
		t.Errorf("%d tokens, want at most %d:\n%s", n, most, out)
	}
	if !strings.Contains(out, "… 4 older comments: view=comments") || !strings.Contains(out, strings.TrimSpace(body)) {
		t.Error(out)
	}
	for range 30 {
		before := len(show(v))
		if !v.Shrink(0.6) {
			break
		}
		if len(show(v)) > before+80 {
			t.Errorf("shrinking made it longer: %d after %d", len(show(v)), before)
		}
	}
	if out = show(v); text.Tokens(out) > 400 || !strings.Contains(out, "more bytes of the body: read uri=ticket://src/%231") {
		t.Errorf("%d tokens:\n%s", text.Tokens(out), out)
	}
}

func TestRelated(t *testing.T) {
	m := &memory{tickets: []*tickets.Ticket{{Key: "#1", Title: "One"}}}
	s := tickets.New("src", m, tickets.Options{Now: func() time.Time { return now }, Related: func(_ context.Context, key string) ([]tickets.Link, error) {
		return []tickets.Link{{Kind: "named in", What: "commit", To: "0123456789", Title: "about " + key}}, fail.Errorf(fail.Timeout, "too slow")
	}})
	m.prefix, m.claim = "#", tickets.Maybe
	v, err := s.Read(t.Context(), tickets.Reading{Key: "#1", View: tickets.Links})
	if err != nil {
		t.Fatal(err)
	}
	if out := show(v); !strings.Contains(out, "named in  commit  0123456789  about #1") || !strings.Contains(out, "could not be looked for: too slow") {
		t.Error(out)
	}
}
