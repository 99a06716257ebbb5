package jira

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cleat/internal/fail"
	"cleat/internal/rest"
	"cleat/internal/systems/tickets"
	"cleat/internal/systems/tickets/ticketstest"
)

// small is a Jira with two projects and an issue in each, of which OPS is not to be used.
func small(t *testing.T, cloud bool) (*fake, *Source) {
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	w := &ticketstest.World{Me: "ann", People: []string{"ann", "bob", "Bob Two"}, Now: now, Milestones: []string{"v1"},
		Projects: []ticketstest.Project{{Name: "ENG"}, {Name: "OPS", Closed: true}}}
	for n := range 2 {
		w.Tickets = append(w.Tickets, ticketstest.Ticket{Project: n, N: 1, Ticket: tickets.Ticket{Title: "Leak", Body: "It drips.", State: "To Do", Type: "Bug",
			Author: "bob", Created: now, Updated: now}})
	}
	f := newFake(t, w, cloud)
	return f, f.source(func(c *Config) { c.Projects, c.API = []string{"ENG"}, map[bool]string{true: "3", false: "2"}[cloud] })
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

func TestValidate(t *testing.T) {
	fine := Config{Config: rest.Config{URL: "https://acme.atlassian.net"}, User: "ann@example.com", API: "3", Web: "https://acme.atlassian.net/", Projects: []string{"ENG", "X_*"}, Outgoing: []string{"mentions"}}
	if err := fine.Validate(); err != nil {
		t.Error(err)
	}
	for key, change := range map[string]func(*Config){
		"url":      func(c *Config) { c.URL = "http://jira.example.com" },
		"user":     func(c *Config) { c.User = "ann:x" },
		"api":      func(c *Config) { c.API = "latest" },
		"web":      func(c *Config) { c.Web = "ftp://x" },
		"projects": func(c *Config) { c.Projects = []string{`ENG" OR "1`} },
		"outgoing": func(c *Config) { c.Outgoing = []string{"everything"} },
	} {
		c := fine
		change(&c)
		err := c.Validate()
		if err == nil || !strings.HasPrefix(err.Error(), key+": ") {
			t.Errorf("%s: %v", key, err)
		}
	}
}

// TestVersion: the service is asked once which of the two it is.
func TestVersion(t *testing.T) {
	for _, cloud := range []bool{true, false} {
		f, _ := small(t, cloud)
		s := f.source(func(c *Config) { c.API = "" })
		for range 2 {
			if _, err := s.Ticket(t.Context(), "ENG-1", tickets.Want{}); err != nil {
				t.Fatal(fail.Show(err))
			}
		}
		asked := strings.Join(f.asked, "\n")
		if n := strings.Count(asked, "serverInfo"); n != 1 || len(f.asked) != 3 {
			t.Errorf("cloud %v: asked %d times:\n%s", cloud, n, asked)
		}
		if s.cloud() != cloud || (s.Traits().MaxBody == maxCloud) != cloud {
			t.Errorf("cloud %v: taken for the other", cloud)
		}
		f.canned = []canned{{200, `{"version":"7"}`}}
		_, err := f.source(func(c *Config) { c.API = "" }).Ticket(t.Context(), "ENG-1", tickets.Want{})
		wantCode(t, err, fail.Unavailable, "type of deployment")
	}
}

// TestProblems: what Jira says is passed on in its words, bounded and without the token.
func TestProblems(t *testing.T) {
	for _, r := range []struct {
		name        string
		answer      canned
		read, write fail.Code
		said        string
	}{
		{"no token", canned{401, `{"message":"Client must be authenticated to access this resource. ` + secret + `","status-code":401}`}, fail.Denied, fail.Denied, "Client must be"},
		{"forbidden", canned{403, `{"errorMessages":["You do not have permission to comment on this Issue."],"errors":{}}`}, fail.Denied, fail.Denied, "permission to comment"},
		{"no permission or none", canned{404, `{"errorMessages":["Issue does not exist or you do not have permission to see it."],"errors":{}}`}, fail.NotFound, fail.NotFound, ""},
		{"field", canned{400, `{"errorMessages":[],"errors":{"customfield_10050":"Region is required."}}`}, fail.Invalid, fail.Invalid, "Region is required"},
		{"away", canned{400, `{"errorMessages":["` + strings.Repeat("x", 5000) + `"]}`}, fail.Invalid, fail.Invalid, "xxx"},
		{"a list", canned{200, `[]`}, fail.Unavailable, fail.UnknownOutcome, ""},
		{"odd key", canned{200, `{"id":"1","key":"../../x","fields":{}}`}, fail.Unavailable, fail.UnknownOutcome, ""},
	} {
		t.Run(r.name, func(t *testing.T) {
			f, s := small(t, true)
			f.canned = []canned{r.answer}
			_, err := s.Ticket(t.Context(), "ENG-1", tickets.Want{})
			wantCode(t, err, r.read)
			if said := fail.Show(err); len(said) > 1000 || r.read != fail.NotFound && !strings.Contains(said, r.said) {
				t.Errorf("said: %s", said)
			}
			title := "x"
			p, err := s.Prepare(t.Context(), tickets.Write{Op: tickets.Create, Changes: tickets.Changes{Title: &title, Type: "Bug"}})
			if err != nil {
				t.Fatal(fail.Show(err))
			}
			f.canned = []canned{r.answer}
			_, err = p.Send(t.Context())
			wantCode(t, err, r.write, r.said)
		})
	}
}

// TestMoved: an issue that was moved to another project has its new key, and is told of only if
// that project is allowed.
func TestMoved(t *testing.T) {
	f, s := small(t, true)
	f.canned = []canned{{200, `{"id":"1","key":"OPS-7","fields":{"summary":"Secret"}}`}}
	_, err := s.Ticket(t.Context(), "ENG-3", tickets.Want{})
	wantCode(t, err, fail.Denied, "OPS")
	if strings.Contains(fail.Show(err), "Secret") {
		t.Error(fail.Show(err))
	}
	// What the search brings is looked at once more.
	f.canned = []canned{{200, `{"issues":[{"id":"1","key":"OPS-7","fields":{"summary":"Secret"}},{"id":"2","key":"ENG-7","fields":{"summary":"Ours"}}],"isLast":true}`}}
	page, err := s.Search(t.Context(), tickets.Query{})
	if err != nil {
		t.Fatal(fail.Show(err))
	}
	if len(page.Tickets) != 1 || page.Tickets[0].Key != "ENG-7" || len(page.Notes) != 1 {
		t.Errorf("found %+v", page)
	}
}

// TestStrange: null, deleted people and values of every kind of field.
func TestStrange(t *testing.T) {
	f, s := small(t, false)
	f.canned = []canned{{200, `{"id":"1","key":"ENG-5","fields":{"summary":"S","description":null,"status":{"name":"Odd"},"assignee":null,"reporter":null,"creator":null,"labels":null,
		"fixVersions":[{"name":"v1"},{"name":"v2"}],"created":"not a time","updated":"2026-03-02T12:00:00.123+0100",
		"customfield_1":["com.atlassian.greenhopper.service.sprint.Sprint@1a[id=3,rapidViewId=2,state=ACTIVE,name=Sprint 9,goal=x]"],
		"customfield_2":{"value":"A","child":{"value":"B"}},"customfield_3":3.5,"customfield_4":true,"customfield_5":[{"name":"ann","displayName":"Ann"}],
		"customfield_6":"0|i:","customfield_7":"h1. Notes","customfield_8":"unnamed","components":[{"name":"Hull"}],"resolution":null,"votes":{"votes":3}},
		"names":{"customfield_1":"Sprint","customfield_2":"Where","customfield_3":"Points","customfield_4":"Flag","customfield_5":"Team","customfield_6":"Rank","customfield_7":"Notes","components":"Components","resolution":"Resolution","votes":"Votes"},
		"schema":{"customfield_1":{"type":"array","items":"string","custom":"com.pyxis.greenhopper.jira:gh-sprint"},"customfield_6":{"type":"any","custom":"com.pyxis.greenhopper.jira:gh-lexo-rank"},
		"customfield_7":{"type":"string","custom":"com.atlassian.jira.plugin.system.customfieldtypes:textarea"}}}`}}
	got, err := s.Ticket(t.Context(), "ENG-5", tickets.Want{})
	if err != nil {
		t.Fatal(fail.Show(err))
	}
	want := []tickets.Field{{Name: "Components", Value: "Hull"}, {Name: "Sprint", Value: "Sprint 9"}, {Name: "Where", Value: "A / B"}, {Name: "Points", Value: "3.5"},
		{Name: "Flag", Value: "true"}, {Name: "Team", Value: "ann"}, {Name: "Notes", Value: "# Notes"}}
	for n := range got.Custom {
		got.Custom[n].Value = strings.TrimSpace(got.Custom[n].Value)
	}
	if diff := cmp.Diff(want, got.Custom); diff != "" {
		t.Errorf("custom fields (-want +got):\n%s", diff)
	}
	if got.Status != tickets.Todo || got.Author != "" || got.Milestone != "v1, v2" || !got.Created.IsZero() || got.Updated.UTC().Format(time.RFC3339) != "2026-03-02T11:00:00Z" {
		t.Errorf("got %+v", got)
	}
}

// TestComments: what not everybody sees is private, and customers are no members.
func TestComments(t *testing.T) {
	f, s := small(t, true)
	f.issues[0].comments = []object{
		{"id": "1", "author": object{"accountId": "q", "accountType": "customer", "displayName": "Cust"}, "body": f.text("One"), "created": at(f.now), "updated": at(f.now.Add(time.Hour)), "jsdPublic": true},
		{"id": "2", "author": nil, "body": f.text("Two"), "created": at(f.now), "updated": at(f.now), "jsdPublic": false},
		{"id": "3", "author": f.user("bob"), "body": object{"type": "odd"}, "created": at(f.now), "updated": at(f.now), "visibility": object{"type": "role", "value": "Admins"}},
	}
	got, err := s.Ticket(t.Context(), "ENG-1", tickets.Want{Comments: 10})
	if err != nil {
		t.Fatal(fail.Show(err))
	}
	if len(got.Comments) != 3 || len(got.Notes) != 1 {
		t.Fatalf("got %+v, notes %q", got.Comments, got.Notes)
	}
	a, b, c := got.Comments[2], got.Comments[1], got.Comments[0]
	if a.Private || a.Trusted != tickets.Outside || a.Updated.IsZero() || !b.Private || b.Author != "" || !b.Updated.IsZero() || !c.Private || c.Body != "" {
		t.Errorf("got %+v", got.Comments)
	}
}

// TestRemote: links to elsewhere, pull requests among them; of projects that are closed nothing
// is told, in the history neither.
func TestRemote(t *testing.T) {
	f, s := small(t, true)
	link := func(address string) object {
		return object{"relationship": "mentioned in", "object": object{"url": address, "title": "T"}}
	}
	f.remote = []object{link("https://github.com/a/b/pull/3"), link("https://example.com/doc"), link("https://acme.atlassian.net/browse/OPS-1")}
	f.issues[0].history = []object{{"author": f.user("bob"), "created": at(f.now), "items": []object{{"field": "Link", "fromString": nil, "toString": "This issue blocks OPS-1"}}}}
	got, err := s.Ticket(t.Context(), "ENG-1", tickets.Want{Links: true, Events: 5})
	if err != nil {
		t.Fatal(fail.Show(err))
	}
	want := []tickets.Link{{Kind: "mentioned in", What: "pr", To: "https://github.com/a/b/pull/3", Title: "T"}, {Kind: "mentioned in", What: "url", To: "https://example.com/doc", Title: "T"}}
	if diff := cmp.Diff(want, got.Links); diff != "" || got.Hidden != 1 {
		t.Errorf("%d hidden (-want +got):\n%s", got.Hidden, diff)
	}
	if len(got.Events) != 1 || got.Events[0].To != "This issue blocks …" {
		t.Errorf("events %+v", got.Events)
	}
}

// TestParent: one of a project that is not allowed is not told, but counted.
func TestParent(t *testing.T) {
	for _, cloud := range []bool{true, false} {
		f, s := small(t, cloud)
		f.issues[0].parent = f.issues[1]
		got, err := s.Ticket(t.Context(), "ENG-1", tickets.Want{Links: true})
		if err != nil {
			t.Fatal(fail.Show(err))
		}
		if got.Parent != "" || got.Hidden != 1 || len(got.Links)+len(got.Custom) > 0 {
			t.Errorf("cloud %v: parent %q, %d hidden, links %+v, fields %+v", cloud, got.Parent, got.Hidden, got.Links, got.Custom)
		}
	}
}

// TestEvents: older events come with the cursor, which a comment's end does not stop.
func TestEvents(t *testing.T) {
	for _, cloud := range []bool{true, false} {
		f, s := small(t, cloud)
		for range 7 {
			f.now = f.now.Add(time.Minute)
			f.event(f.issues[0], "summary", "a", "b")
		}
		want, n := tickets.Want{Events: 3, Comments: 2}, 0
		for range 5 {
			got, err := s.Ticket(t.Context(), "ENG-1", want)
			if err != nil {
				t.Fatal(fail.Show(err))
			}
			n += len(got.Events)
			if want.Cursor = got.Cursor; want.Cursor == "" {
				break
			}
		}
		if n != 7 || want.Cursor != "" {
			t.Errorf("cloud %v: %d events, cursor %q", cloud, n, want.Cursor)
		}
	}
}

// TestFields: only what is shown is asked for, and custom fields by their names.
func TestFields(t *testing.T) {
	f, s := small(t, true)
	f.issues[0].custom[regionField] = raw("north")
	page, err := s.Search(t.Context(), tickets.Query{Fields: []string{"key", "title", "region"}})
	if err != nil {
		t.Fatal(fail.Show(err))
	}
	if len(page.Tickets) != 1 || !slices.Equal(page.Tickets[0].Custom, []tickets.Field{{Name: "Region", Value: "north"}}) {
		t.Errorf("found %+v", page.Tickets)
	}
	var q searching
	last := f.asked[len(f.asked)-1]
	if err := json.Unmarshal([]byte(last[strings.Index(last, "{"):]), &q); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"summary", "status", "updated", regionField}, q.Fields); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
	_, err = s.Search(t.Context(), tickets.Query{Fields: []string{"key", "Reggion"}})
	wantCode(t, err, fail.Invalid, "Region")
}
