package issues_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cleat/internal/fail"
	"cleat/internal/issues/issuestest"
	"cleat/internal/sources/github/issues"
	"cleat/internal/systems/tickets"
	"cleat/internal/systems/tickets/ticketstest"
)

// world has two tickets in the checkout's repository.
func world() *ticketstest.World {
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	one := func(n int, title string) ticketstest.Ticket {
		return ticketstest.Ticket{N: n, Ticket: tickets.Ticket{Title: title, Status: tickets.Todo, Body: "Body.", Author: "ann", Created: now.Add(-time.Hour), Updated: now.Add(-time.Minute * time.Duration(n))}}
	}
	return &ticketstest.World{Me: "me", People: []string{"me", "ann"}, Now: now, Labels: []string{"urgent", "docs"}, Milestones: []string{"v1"},
		Projects: []ticketstest.Project{{Name: "acme/app"}, {Name: "acme/lib"}, {Name: "acme/secret", Closed: true}}, Tickets: []ticketstest.Ticket{one(1, "First"), one(2, "Second")}}
}

type tracker interface {
	tickets.Writer
	tickets.Finder
}

func open(t *testing.T) (*issuestest.Server, tracker) {
	s := issuestest.Open(t, world(), false)
	return s, issues.New(s.Client(), s.Here, s.Allowed, []string{"mentions"}, s.Host())
}

func ptr[T any](v T) *T { return &v }

func code(err error) fail.Code {
	if err == nil {
		return ""
	}
	return fail.From(err).Code
}

// What goes wrong with a read is told in words, and with the code that fits.
func TestReadFailures(t *testing.T) {
	moved := func(repo string) issuestest.Canned {
		return issuestest.Canned{Status: http.StatusOK, Body: fmt.Sprintf(`{"id":1,"number":7,"title":"Moved","state":"open","user":null,"body":null,"repository_url":"https://api.github.com/repos/%s"}`, repo)}
	}
	redirect := issuestest.Canned{Status: http.StatusMovedPermanently, Header: map[string]string{"Location": "$URL/repositories/5/issues/7"}, Body: `{"message":"Moved Permanently"}`}
	for _, tt := range []struct {
		name    string
		answers map[string]issuestest.Canned
		code    fail.Code
		says    string
	}{
		{"deleted", map[string]issuestest.Canned{"issues/1": {Status: 410, Body: `{"message":"This issue was deleted","status":"410"}`}}, fail.NotFound, "deleted"},
		{"issues disabled", map[string]issuestest.Canned{"issues/1": {Status: 410, Body: `{"message":"Issues has been disabled in this repository.","status":"410"}`}}, fail.NotFound, "has no issues"},
		{"bad token", map[string]issuestest.Canned{"issues/1": {Status: 401, Body: `{"message":"Bad credentials ` + issuestest.Token + `","status":"401"}`}}, fail.Denied, "Bad credentials"},
		{"single sign-on", map[string]issuestest.Canned{"issues/1": {Status: 403, Body: `{"message":"Resource protected by organization SAML enforcement."}`}}, fail.Denied, "SAML"},
		{"login page", map[string]issuestest.Canned{"issues/1": {Status: 200, Header: map[string]string{"Content-Type": "text/html"}, Body: `<html>`}}, fail.Unavailable, "unexpected"},
		{"null", map[string]issuestest.Canned{"issues/1": {Status: 200, Body: `null`}}, fail.Unavailable, "unexpected"},
		{"another thing", map[string]issuestest.Canned{"issues/1": {Status: 200, Body: `{"message":"hello"}`}}, fail.Unavailable, "no issue"},
		{"moved to where it may be read", map[string]issuestest.Canned{"app/issues/1": redirect, "/repositories/5": moved("acme/lib")}, "", "acme/lib#7"},
		{"moved to a closed repository", map[string]issuestest.Canned{"app/issues/1": redirect, "/repositories/5": moved("acme/secret")}, fail.Denied, "secret"},
		{"moved to no repository", map[string]issuestest.Canned{"app/issues/1": redirect, "/repositories/5": moved("../..")}, fail.Invalid, "no name"},
		{"redirected off the host", map[string]issuestest.Canned{"app/issues/1": {Status: 301, Header: map[string]string{"Location": "https://evil.example/x"}}}, fail.Denied, "another host"},
	} {
		s, tr := open(t)
		for part, a := range tt.answers {
			s.Can(part, a)
		}
		got, err := tr.Ticket(t.Context(), "#1", tickets.Want{})
		said := ""
		if err != nil {
			said = fail.Show(err)
		} else {
			said = got.Key
		}
		if code(err) != tt.code || !strings.Contains(said, tt.says) || strings.Contains(said, issuestest.Token) || strings.Contains(said, "Moved") {
			t.Errorf("%s: %s\nwant %q with %q", tt.name, said, tt.code, tt.says)
		}
		if err == nil && (got.Author != "ghost" || got.Body != "" || got.Project != "acme/lib") {
			t.Errorf("%s: %+v", tt.name, got)
		}
	}
}

func TestPullRequest(t *testing.T) {
	_, tr := open(t)
	_, err := tr.Ticket(t.Context(), fmt.Sprintf("#%d", issuestest.PullNumber), tickets.Want{})
	if code(err) != fail.NotFound || !strings.Contains(fail.Show(err), "pull request") {
		t.Errorf("a pull request: %v", err)
	}
	for _, q := range []tickets.Query{{}, {Text: "zeppelin"}, {Labels: []string{"urgent"}}, {Native: "label:urgent"}} {
		page, err := tr.Search(t.Context(), q)
		if err != nil || slices.ContainsFunc(page.Tickets, func(x tickets.Ticket) bool { return strings.Contains(x.Title, "pull request") }) {
			t.Errorf("%+v: %+v, %v", q, page, err)
		}
	}
}

// What is prepared is what is sent, to the byte.
func TestRequests(t *testing.T) {
	s, tr := open(t)
	for _, tt := range []struct {
		w    tickets.Write
		want []tickets.Request
	}{
		{tickets.Write{Op: tickets.Create, Changes: tickets.Changes{Title: ptr("A <b> & \u2028"), Labels: &[]string{"URGENT"}, Milestone: ptr("v1"), Assignees: &[]string{"@ann"}, Parent: ptr("#1")}}, []tickets.Request{
			{Method: "POST", Path: "/repos/acme/app/issues", Body: []byte(`{"title":"A \u003cb\u003e \u0026 \u2028","milestone":1,"assignees":["ann"],"labels":["urgent"]}`)},
			{Method: "POST", Path: "/repos/acme/app/issues/1/sub_issues", Body: []byte(`{"sub_issue_id":"{id}"}`)}}},
		{tickets.Write{Op: tickets.Move, Key: "#1", To: "not_planned", Changes: tickets.Changes{Comment: "No."}}, []tickets.Request{
			{Method: "POST", Path: "/repos/acme/app/issues/1/comments", Body: []byte(`{"body":"No."}`)},
			{Method: "PATCH", Path: "/repos/acme/app/issues/1", Body: []byte(`{"state":"closed","state_reason":"not_planned"}`)}}},
		{tickets.Write{Op: tickets.Update, Key: "#1", Changes: tickets.Changes{Milestone: ptr(""), Labels: &[]string{}, Assignees: &[]string{}, Type: "bug"}}, []tickets.Request{
			{Method: "PATCH", Path: "/repos/acme/app/issues/1", Body: []byte(`{"type":"Bug","milestone":null,"assignees":[],"labels":[]}`)}}},
	} {
		p, err := tr.Prepare(t.Context(), tt.w)
		if err != nil {
			t.Fatal(fail.Show(err))
		}
		if diff := cmp.Diff(tt.want, p.Requests); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.w.Op, diff)
		}
		s.Asked()
		if _, err := p.Send(t.Context()); err != nil {
			t.Fatal(fail.Show(err))
		}
		asked, bodies := s.Asked()
		for i, r := range tt.want {
			if asked[i] != r.Method+" "+r.Path || !strings.Contains(string(r.Body), "{id}") && bodies[i] != string(r.Body) {
				t.Errorf("%s: sent %s %s, want %s %s %s", tt.w.Op, asked[i], bodies[i], r.Method, r.Path, r.Body)
			}
		}
	}
}

// What GitHub leaves out without a word is said, and what it did before a failure too.
func TestOutcomes(t *testing.T) {
	s, tr := open(t)
	p, err := tr.Prepare(t.Context(), tickets.Write{Op: tickets.Update, Key: "#1", Changes: tickets.Changes{Add: []string{"docs"}}})
	if err != nil {
		t.Fatal(err)
	}
	s.Can("PATCH ", issuestest.Canned{Status: 200, Body: `{"id":1,"number":1,"title":"First","state":"open","labels":[]}`})
	if out, err := p.Send(t.Context()); err != nil || !strings.Contains(strings.Join(out.Notes, "; "), `"docs"`) {
		t.Errorf("a label that was left out: %+v, %v", out, err)
	}
	if p, err = tr.Prepare(t.Context(), tickets.Write{Op: tickets.Move, Key: "#1", To: "done", Changes: tickets.Changes{Comment: "Done."}}); err != nil {
		t.Fatal(err)
	}
	s.Can("PATCH ", issuestest.Canned{Status: 403, Body: `{"message":"Must have admin rights to Repository."}`})
	if _, err = p.Send(t.Context()); code(err) != fail.Denied || !strings.Contains(err.Error(), "the comment is made") {
		t.Errorf("half of a write: %v", err)
	}
	if p, err = tr.Prepare(t.Context(), tickets.Write{Op: tickets.Create, Changes: tickets.Changes{Title: ptr("x")}}); err != nil {
		t.Fatal(err)
	}
	s.Can("POST ", issuestest.Canned{Status: 201, Body: `{"ok":true}`})
	if _, err = p.Send(t.Context()); code(err) != fail.UnknownOutcome {
		t.Errorf("an answer without an issue: %v", err)
	}
	s.Can("POST ", issuestest.Canned{Status: 422, Body: `{"message":"Validation Failed","errors":[{"resource":"Issue","code":"custom"}]}`})
	if p, err = tr.Prepare(t.Context(), tickets.Write{Op: tickets.Create, Changes: tickets.Changes{Title: ptr("x")}}); err != nil {
		t.Fatal(err)
	}
	if _, err = p.Send(t.Context()); code(err) != fail.Invalid {
		t.Errorf("422: %v", err)
	}
}

// Of two who have prepared to take a ticket, the second is told whose it is.
func TestClaimedMeanwhile(t *testing.T) {
	s, tr := open(t)
	p, err := tr.Prepare(t.Context(), tickets.Write{Op: tickets.Take, Key: "#1"})
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := tr.Prepare(t.Context(), tickets.Write{Op: tickets.Update, Key: "#1", Changes: tickets.Changes{Assignees: &[]string{"ann"}}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := theirs.Send(t.Context()); err != nil {
		t.Fatal(err)
	}
	before := s.Writes()
	if _, err := p.Send(t.Context()); code(err) != fail.Conflict || !strings.Contains(err.Error(), "ann") || s.Writes() != before {
		t.Errorf("%v, %d requests", err, s.Writes()-before)
	}
}

// A GitHub without dependencies cannot tell what is ready, and says so.
func TestReadyUnknown(t *testing.T) {
	s, tr := open(t)
	s.Can("app/issues?", issuestest.Canned{Status: 200, Body: `[{"id":1,"number":1,"title":"First","state":"open","updated_at":"2026-03-01T00:00:00Z"}]`})
	if page, err := tr.Search(t.Context(), tickets.Query{Ready: true}); code(err) != fail.Unsupported {
		t.Errorf("%+v, %v", page, err)
	}
}

// Links come from the timeline too; those from elsewhere are counted. A long timeline is read
// from its end.
func TestTimeline(t *testing.T) {
	s, tr := open(t)
	ref := func(repo string, n int, pull string) string {
		return fmt.Sprintf(`{"event":"cross-referenced","created_at":"2026-03-01T00:00:00Z","actor":null,"source":{"type":"issue","issue":{"number":%d,"title":"T%d","state":"closed","repository_url":"https://api.github.com/repos/%s"%s}}}`, n, n, repo, pull)
	}
	first := "[" + strings.Join([]string{ref("acme/app", 8, `,"pull_request":{"merged_at":"2026-03-01T00:00:00Z"}`), ref("acme/secret", 9, ""), ref("acme/lib", 3, ""), ref("acme/lib", 3, ""),
		`{"event":"closed","created_at":"2026-03-01T01:00:00Z","actor":{"login":"ann"},"commit_id":"` + strings.Repeat("ab", 20) + `"}`, `{"event":"commented","body":"x"}`}, ",") + "]"
	last := `[{"event":"labeled","created_at":"2026-03-01T02:00:00Z","actor":{"login":"ann"},"label":{"name":"docs"}},{"event":"renamed","created_at":"2026-03-01T03:00:00Z","actor":{"login":"ann"},"rename":{"from":"a","to":"b"}}]`
	s.Can("timeline?page=1", issuestest.Canned{Status: 200, Header: map[string]string{"Link": `<$URL/x?page=2>; rel="next", <$URL/x?page=9>; rel="last"`}, Body: first})
	s.Can("timeline?page=9", issuestest.Canned{Status: 200, Body: last})
	got, err := tr.Ticket(t.Context(), "#1", tickets.Want{Links: true, Events: 2})
	if err != nil {
		t.Fatal(fail.Show(err))
	}
	want := []tickets.Link{
		{Kind: "closed_by", What: "commit", To: strings.Repeat("ab", 20)},
		{Kind: "mentioned_by", What: "ticket", To: "acme/lib#3", Title: "T3", Status: tickets.Done},
		{Kind: "mentioned_by", What: "pr", To: "#8", Title: "T8", Status: tickets.Done},
	}
	if diff := cmp.Diff(want, got.Links); diff != "" {
		t.Errorf("links (-want +got):\n%s", diff)
	}
	if got.Hidden != 1 || len(got.Notes) != 1 || len(got.Events) != 2 || got.Events[0].What != "title" || got.Events[1].To != "docs" {
		t.Errorf("%d hidden, notes %q, events %+v", got.Hidden, got.Notes, got.Events)
	}
}

// A ticket with its newest comments is two requests, a listing one.
func TestFewRequests(t *testing.T) {
	s, tr := open(t)
	for range 12 {
		p, err := tr.Prepare(t.Context(), tickets.Write{Op: tickets.Remark, Key: "#1", Changes: tickets.Changes{Comment: "x"}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Send(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	s.Asked()
	if _, err := tr.Ticket(t.Context(), "#1", tickets.Want{Comments: 10, Transitions: true}); err != nil {
		t.Fatal(err)
	}
	if asked, _ := s.Asked(); len(asked) != 2 {
		t.Errorf("a ticket: %q", asked)
	}
	if _, err := tr.Search(t.Context(), tickets.Query{}); err != nil {
		t.Fatal(err)
	}
	if asked, _ := s.Asked(); len(asked) != 1 {
		t.Errorf("a listing: %q", asked)
	}
}

// A search that finds what is not of the repository drops and counts it.
func TestForeignResults(t *testing.T) {
	s, tr := open(t)
	s.Can("/search/issues", issuestest.Canned{Status: 200, Body: `{"total_count":2,"incomplete_results":true,"items":[
		{"id":1,"number":1,"title":"Secret","state":"open","repository_url":"https://api.github.com/repos/acme/secret"},
		{"id":2,"number":2,"title":"Second","state":"open","repository_url":"https://api.github.com/repos/acme/app"}]}`})
	page, err := tr.Search(t.Context(), tickets.Query{Text: "x"})
	if err != nil {
		t.Fatal(err)
	}
	said := strings.Join(page.Notes, "; ")
	if len(page.Tickets) != 1 || page.Tickets[0].Key != "#2" || page.Total != -1 || !strings.Contains(said, "left out: 1") || !strings.Contains(said, "gave up") {
		t.Errorf("%+v", page)
	}
	s.Can("/search/issues", issuestest.Canned{Status: 200, Body: `{"total_count":0,"items":null}`})
	if _, err := tr.Search(t.Context(), tickets.Query{Text: "x"}); code(err) != fail.Unavailable {
		t.Errorf("a list that is null: %v", err)
	}
	lost := issues.New(s.Client(), func(context.Context) (string, error) { return "", fail.Errorf(fail.NotFound, "no checkout") }, s.Allowed, nil, s.Host())
	if _, err := lost.Search(t.Context(), tickets.Query{}); code(err) != fail.NotFound || !strings.Contains(fail.Show(err), "OWNER/NAME") {
		t.Errorf("without a checkout: %v", err)
	}
}

func TestScoped(t *testing.T) {
	for in, want := range map[string]string{
		"label:urgent":             "label:urgent",
		"  a\n b ":                 "a b",
		"a OR b":                   "(a OR b)",
		"(a) b":                    "((a) b)",
		`"a ) b"`:                  `"a ) b"`,
		"":                         "",
		"a) OR (b":                 "",
		`a" OR "b"`:                "",
		"repo:evil/x":              "",
		"a -REPO:acme/app":         "",
		`(org:evil)`:               "",
		"user:evil":                "",
		"is:pr":                    "",
		"type:pr x":                "",
		strings.Repeat("a ", 1000): "",
	} {
		if got, err := issues.Scoped(in); (err != nil) != (want == "") || err == nil && got != want {
			t.Errorf("%q: %q, %v, want %q", in, got, err, want)
		}
	}
}

// A query that is taken has its parentheses and quotes in pairs, and says nothing of
// repositories.
func FuzzScoped(f *testing.F) {
	for _, s := range []string{"a OR b", `"x" (y)`, "-repo:a/b", ")("} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := issues.Scoped(s)
		if err != nil {
			return
		}
		depth, quoted := 0, false
		for _, c := range got {
			switch {
			case c == '"':
				quoted = !quoted
			case !quoted && c == '(':
				depth++
			case !quoted && c == ')':
				depth--
			}
			if depth < 0 {
				t.Fatalf("%q is taken as %q", s, got)
			}
		}
		if depth != 0 || quoted || strings.Contains(strings.ToLower(" "+got), " repo:") {
			t.Errorf("%q is taken as %q", s, got)
		}
	})
}

func TestWebOf(t *testing.T) {
	for in, want := range map[string]string{
		"https://api.github.com": "https://github.com", "https://api.acme.ghe.com": "https://acme.ghe.com",
		"https://git.example.com/api/v3": "https://git.example.com", "http://127.0.0.1:8080": "http://127.0.0.1:8080",
	} {
		if got := issues.WebOf(in); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}
