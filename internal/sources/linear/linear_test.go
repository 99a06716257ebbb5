package linear

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cleat/internal/fail"
	"cleat/internal/rest"
	"cleat/internal/systems/tickets"
	"cleat/internal/systems/tickets/ticketstest"
)

// small is a workspace with two teams and an issue in each.
func small(t *testing.T) *fake {
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	w := &ticketstest.World{Me: "ann", People: []string{"ann", "bob"}, Now: now, Labels: []string{"bug"}, Milestones: []string{"v1"},
		Projects: []ticketstest.Project{{Name: "ENG"}, {Name: "OPS", Closed: true}}}
	for n := range 2 {
		w.Tickets = append(w.Tickets, ticketstest.Ticket{Project: n, N: 1, Ticket: tickets.Ticket{Title: "Leak", Body: "It drips.", State: "Todo", Author: "bob", Created: now, Updated: now}})
	}
	return newFake(t, w)
}

func wantCode(t *testing.T, err error, code fail.Code, parts ...string) {
	t.Helper()
	if err == nil || fail.From(err).Code != code {
		t.Fatalf("got %v, want %s", err, code)
	}
	for _, p := range append(parts, "next: ") {
		if !strings.Contains(fail.Show(err), p) {
			t.Errorf("%q is not in: %s", p, fail.Show(err))
		}
	}
	if strings.Contains(fail.Show(err), "canary") {
		t.Errorf("the token is in: %s", fail.Show(err))
	}
}

// TestProblems: errors come with status 200, or with 400 for several reasons.
func TestProblems(t *testing.T) {
	const form = `{"data":null,"errors":[{"message":%q,"extensions":{"type":%q,"userPresentableMessage":"Said for people."}}]}`
	for _, r := range []struct {
		name, kind, message string
		read, write         fail.Code
	}{
		{"authentication", "authentication error", "Bearer " + secret, fail.Denied, fail.Denied},
		{"forbidden", "forbidden", "no", fail.Denied, fail.Denied},
		{"plan", "feature not accessible", "no", fail.Denied, fail.Denied},
		{"usage", "usage limit exceeded", "no", fail.Denied, fail.Denied},
		{"rate", "ratelimited", "no", fail.Busy, fail.Busy},
		{"lock", "lock timeout", "no", fail.Busy, fail.Busy},
		{"input", "invalid input", "Argument Validation Error", fail.Invalid, fail.Invalid},
		{"absent", "invalid input", "Entity not found: Issue", fail.NotFound, fail.NotFound},
		{"internal", "internal error", "oops", fail.Unavailable, fail.UnknownOutcome},
		{"unheard of", "strange\u202e", "oops", fail.Unavailable, fail.UnknownOutcome},
	} {
		t.Run(r.name, func(t *testing.T) {
			f := small(t)
			s := f.open("ENG")
			p, err := s.Prepare(t.Context(), tickets.Write{Op: tickets.Remark, Key: "ENG-1", Changes: tickets.Changes{Comment: "x"}})
			if err != nil {
				t.Fatal(err)
			}
			body := fmt.Sprintf(form, r.message, r.kind)
			f.canned = []canned{{status: 200, body: body}, {status: 200, body: body}}
			_, err = s.Ticket(t.Context(), "ENG-1", tickets.Want{})
			wantCode(t, err, r.read)
			_, err = p.Send(t.Context())
			wantCode(t, err, r.write)
		})
	}
}

func TestRateLimit(t *testing.T) {
	f := small(t)
	s := f.open("ENG")
	f.canned = []canned{{status: 400, body: `{"errors":[{"message":"Rate limit exceeded","extensions":{"code":"RATELIMITED"}}]}`}}
	_, err := s.Ticket(t.Context(), "ENG-1", tickets.Want{})
	if c := fail.From(err).Code; c != fail.Busy && c != fail.Invalid || !strings.Contains(fail.Show(err), "rate limit") {
		t.Errorf("a limit with status 400: %v", err)
	}
	reset := fmt.Sprint(f.world.Now.Add(90 * time.Second).UnixMilli())
	f.canned = []canned{{status: 200, body: `{"data":{"issue":null}}`, header: map[string]string{"X-RateLimit-Complexity-Remaining": "0", "X-RateLimit-Complexity-Reset": reset}}}
	_, err = s.Ticket(t.Context(), "ENG-1", tickets.Want{})
	wantCode(t, err, fail.Unavailable)
	before := f.requests
	_, err = s.Ticket(t.Context(), "ENG-1", tickets.Want{})
	wantCode(t, err, fail.Busy, "after 1m30s")
	if f.requests != before {
		t.Error("asked although the limit is used up")
	}
}

// TestAnswers: what is no answer is never taken for "nothing found" or "done".
func TestAnswers(t *testing.T) {
	for _, c := range []canned{
		{status: 200, body: `{}`}, {status: 200, body: `{"data":null}`}, {status: 200, body: `{"data":{}}`}, {status: 200, body: `{"data":{"issues":null,"issue":null,"commentCreate":null}}`},
		{status: 200, body: `<html>log in</html>`}, {status: 200, body: `{"data":{"issues":[],"issue":[],"commentCreate":[]}}`}, {status: 200, body: `{"data":{"commentCreate":{"success":false},"issue":{"id":"x","identifier":"../x"}}}`},
	} {
		f := small(t)
		s := f.open("ENG")
		p, err := s.Prepare(t.Context(), tickets.Write{Op: tickets.Remark, Key: "ENG-1", Changes: tickets.Changes{Comment: "x"}})
		if err != nil {
			t.Fatal(err)
		}
		f.canned = []canned{c, c, c}
		_, err = s.Search(t.Context(), tickets.Query{})
		wantCode(t, err, fail.Unavailable)
		_, err = s.Ticket(t.Context(), "ENG-1", tickets.Want{})
		wantCode(t, err, fail.Unavailable)
		_, err = p.Send(t.Context())
		wantCode(t, err, fail.UnknownOutcome)
	}
}

// TestMoved: an issue keeps its old keys; its team of now counts.
func TestMoved(t *testing.T) {
	f := small(t)
	s := f.open("ENG")
	f.issues[0].team = "OPS"
	body, err := json.Marshal(object{"data": object{"issue": object{"id": "issue-0", "identifier": "OPS-7", "title": "Secret", "team": object{"key": "OPS"}}}})
	if err != nil {
		t.Fatal(err)
	}
	f.canned = []canned{{status: 200, body: string(body)}}
	_, err = s.Ticket(t.Context(), "ENG-1", tickets.Want{})
	wantCode(t, err, fail.Denied)
	if strings.Contains(fail.Show(err), "Secret") {
		t.Error("its title is told")
	}
	_, err = f.open().Ticket(t.Context(), "https://linear.app/other/issue/OPS-1/slug", tickets.Want{})
	wantCode(t, err, fail.NotFound, "other")
}

// TestAuthors: who wrote a text, and what is known of them.
func TestAuthors(t *testing.T) {
	for _, r := range []struct {
		user          *user
		external, bot *named
		want          string
		trust         tickets.Trust
	}{
		{nil, nil, nil, "", ""},
		{&user{Handle: "ann"}, nil, nil, "ann", tickets.Member},
		{&user{Handle: "eve", Guest: true}, nil, nil, "eve", ""},
		{nil, &named{Name: "Customer"}, nil, "Customer", tickets.Outside},
		{&user{Handle: "ann"}, &named{Name: "Customer"}, nil, "Customer", tickets.Outside},
		{nil, nil, &named{Name: "GitHub"}, "GitHub", ""},
	} {
		if name, trust := author(r.user, r.external, r.bot); name != r.want || trust != r.trust {
			t.Errorf("got %q %q, want %q %q", name, trust, r.want, r.trust)
		}
	}
	f := small(t)
	f.issues[0].author, f.issues[1].through = nil, "slack"
	s := f.open()
	for key, want := range map[string]string{"ENG-1": "", "OPS-1": "bob"} {
		got, err := s.Ticket(t.Context(), key, tickets.Want{})
		if err != nil {
			t.Fatal(err)
		}
		if got.Author != want || got.Trusted != "" {
			t.Errorf("%s: author %q, %q", key, got.Author, got.Trusted)
		}
	}
}

func TestLinks(t *testing.T) {
	f := small(t)
	f.issues[0].attached = []object{{"title": "Fix it", "url": "https://github.com/acme/app/pull/7", "sourceType": "github"}, {"title": "A log", "url": "https://example.com/a/b/c/d", "sourceType": nil}}
	got, err := f.open("ENG").Ticket(t.Context(), "ENG-1", tickets.Want{Links: true})
	if err != nil {
		t.Fatal(err)
	}
	want := []tickets.Link{{Kind: "attachment", What: "pr", To: "https://github.com/acme/app/pull/7", Title: "Fix it"}, {Kind: "attachment", What: "url", To: "https://example.com/a/b/c/d", Title: "A log"},
		{Kind: "suggested", What: "branch", To: "ann/eng-1"}}
	if diff := cmp.Diff(want, got.Links); diff != "" {
		t.Errorf("links (-want +got):\n%s", diff)
	}
}

// TestCustom: Linear's own fields, and what is sent for them.
func TestCustom(t *testing.T) {
	f := small(t)
	s := f.open("ENG")
	v := func(name, value string) tickets.Custom {
		return tickets.Custom{Name: name, Value: json.RawMessage(value)}
	}
	p, err := s.Prepare(t.Context(), tickets.Write{Op: tickets.Update, Key: "ENG-1",
		Changes: tickets.Changes{Custom: []tickets.Custom{v("Estimate", "3"), v("due date", `"2026-03-31"`), v("Project", `"airship"`)}}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := p.Send(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []tickets.Field{{Name: "Project", Value: "Airship"}, {Name: "Estimate", Value: "3"}, {Name: "Due date", Value: "2026-03-31"}}
	if diff := cmp.Diff(want, got.Custom); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{`{"id":"issue-0","input":{"projectId":"project-1","dueDate":"2026-03-31","estimate":3}}`}, f.inputs()); diff != "" {
		t.Errorf("sent (-want +got):\n%s", diff)
	}
	f.mu.Lock()
	sent := f.asked[len(f.asked)-1]
	f.mu.Unlock()
	if sent != string(p.Requests[0].Body) {
		t.Errorf("sent is\n%s\nprepared was\n%s", sent, p.Requests[0].Body)
	}
	for _, c := range []tickets.Custom{v("Estimate", `"many"`), v("Estimate", "-1"), v("Estimate", "1.5"), v("Due date", `"soon"`), v("Project", `"nowhere"`), v("Cycle", "7"), v("Cycle", "[1]"), v("Weight", "1")} {
		_, err := s.Prepare(t.Context(), tickets.Write{Op: tickets.Update, Key: "ENG-1", Changes: tickets.Changes{Custom: []tickets.Custom{c}}})
		wantCode(t, err, fail.Invalid)
	}
}

// TestOnce: a comment that is repeated with its token is not made twice, and Created finds
// without a token too.
func TestOnce(t *testing.T) {
	f := small(t)
	s := f.open("ENG")
	w := tickets.Write{Op: tickets.Remark, Key: "ENG-1", Changes: tickets.Changes{Comment: "Once."}, Token: strings.Repeat("ab", 16)}
	for range 2 {
		p, err := s.Prepare(t.Context(), w)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := p.Send(t.Context()); err != nil || got.Key != "ENG-1" {
			t.Fatalf("%+v, %v", got, err)
		}
	}
	if n := len(f.issues[0].comments); n != 1 {
		t.Errorf("%d comments", n)
	}
	name := "New one"
	c := tickets.Write{Op: tickets.Create, Changes: tickets.Changes{Title: &name, Comment: "Said with it."}}
	p, err := s.Prepare(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	made, err := p.Send(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	found, err := s.Created(t.Context(), c, f.world.Now)
	if err != nil || len(found) != 1 || found[0].Key != made.Key || len(f.issues[2].comments) != 1 {
		t.Errorf("found %+v, %v", found, err)
	}
	// Of two requests the second fails: the first is told to be done.
	name = "Another"
	if p, err = s.Prepare(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	f.canned = []canned{{status: 200, body: `{"data":{"issueCreate":{"success":true,"issue":{"id":"i","identifier":"ENG-9","title":"Another","team":{"key":"ENG"}}}}}`},
		{status: 200, body: `{"data":null,"errors":[{"message":"no","extensions":{"type":"forbidden"}}]}`}}
	_, err = p.Send(t.Context())
	wantCode(t, err, fail.Denied, "only a part was done: the issue was made")
}

// TestNative: a query may not ask about issues of teams that are not allowed.
func TestNative(t *testing.T) {
	f := small(t)
	for native, code := range map[string]fail.Code{
		`{"children":{"some":{"title":{"contains":"Leak"}}}}`:                    fail.Denied,
		`{"or":[{"and":[{"\u0070arent":{"title":{"contains":"Leak"}}}]}]}`:       fail.Denied,
		`{"assignee":{"assignedIssues":{"some":{"title":{"contains":"Leak"}}}}}`: fail.Denied,
		`{"project":{"issues":{"every":{"team":{"key":{"eq":"OPS"}}}}}}`:         fail.Denied,
		`{"title":{"contains":"Leak"},"title":{"contains":"x"}}`:                 fail.Invalid,
		strings.Repeat(`{"and":[`, 30) + strings.Repeat(`]}`, 30):                fail.Invalid,
		`{"title":"` + strings.Repeat("x", maxNative) + `"}`:                     fail.Invalid,
		`{"no":{"such":{"eq":"field"}}}`:                                         fail.Invalid,
	} {
		_, err := f.open("ENG").Search(t.Context(), tickets.Query{Native: native})
		if err == nil || fail.From(err).Code != code {
			t.Errorf("%.80s: %v, want %s", native, err, code)
		}
	}
}

func TestValidate(t *testing.T) {
	for _, r := range []struct {
		name string
		c    Config
		want string
	}{
		{"empty", Config{}, ""},
		{"team", Config{Teams: []string{"ENG", "OP*"}}, ""},
		{"odd team", Config{Teams: []string{"a/b"}}, "teams: "},
		{"no team", Config{Teams: []string{""}}, "teams: "},
		{"outgoing", Config{Outgoing: []string{"mention"}}, "outgoing: "},
		{"address", Config{Config: rest.Config{URL: "http://example.com"}}, "url: "},
	} {
		err := r.c.Validate()
		if got := fmt.Sprint(err); (err == nil) != (r.want == "") || err != nil && !strings.HasPrefix(got, r.want) {
			t.Errorf("%s: %v, want %q", r.name, err, r.want)
		}
	}
	if name, value := auth("lin_oauth_x"); name != "Authorization" || value != "Bearer lin_oauth_x" {
		t.Errorf("%s: %s", name, value)
	}
}

// FuzzParse: what is taken for a key has the shape of one, and is one once more.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"ENG-12", "eng-1", "https://linear.app/acme/issue/ENG-12/slug", "https://linear.app/acme/issue/ENG-12/../x", "ENG-1/../../admin", "ENG-1\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, _, ok := parse(s)
		if !ok {
			return
		}
		if again, _, ok := parse(id); !ok || again != id || strings.ContainsAny(id, "/?#%\r\n \"\\") {
			t.Errorf("%q gives %q, and that %q", s, id, again)
		}
	})
}

// FuzzNative: whatever native is, the filter is one JSON object with the teams in its and.
func FuzzNative(f *testing.F) {
	for _, s := range []string{`{"a":1}`, `{"a":1}],"or":[{}`, `{}`, `null`, `{"a":"\u0000"}`, "{\"a\":1}\n"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, native string) {
		s := &Source{teams: []string{"ENG"}}
		got, err := s.filter(t.Context(), tickets.Query{Native: native, Project: "ENG"})
		if err != nil || native == "" {
			return
		}
		var object map[string][]json.RawMessage
		if json.Unmarshal(got, &object) != nil || len(object) != 1 || len(object["and"]) != 2 || string(object["and"][0]) != `{"team":{"key":{"eq":"ENG"}}}` {
			t.Errorf("%q gives %s", native, got)
		}
	})
}
