package issues_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cleat/internal/fail"
	"cleat/internal/issues/issuestest"
	"cleat/internal/sources/gitea/issues"
	"cleat/internal/systems/tickets"
	"cleat/internal/systems/tickets/ticketstest"
)

func open(t *testing.T) (*issuestest.Server, tickets.Writer) {
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	w := &ticketstest.World{Me: "me", People: []string{"me", "ann"}, Now: now, Labels: []string{"urgent", "docs"}, Milestones: []string{"v1"},
		Projects: []ticketstest.Project{{Name: "acme/app"}, {Name: "acme/lib"}, {Name: "acme/secret", Closed: true}}}
	for n := range 2 {
		w.Tickets = append(w.Tickets, ticketstest.Ticket{N: n + 1, Ticket: tickets.Ticket{Title: fmt.Sprint("Ticket ", n+1), Status: tickets.Todo, Body: "Body.", Author: "ann", Created: now, Updated: now}})
	}
	s := issuestest.Open(t, w, true)
	return s, issues.New(s.Client(), s.Here, s.Allowed, nil, s.Host())
}

func ptr[T any](v T) *T { return &v }

// What is prepared is what is sent, to the byte; labels of the organization count.
func TestRequests(t *testing.T) {
	s, tr := open(t)
	s.Can("/orgs/acme/labels", issuestest.Canned{Status: 200, Body: `[{"id":2,"name":"theirs"}]`})
	for _, tt := range []struct {
		w    tickets.Write
		want []tickets.Request
	}{
		{tickets.Write{Op: tickets.Create, Changes: tickets.Changes{Title: ptr("New"), Labels: &[]string{"theirs"}, Milestone: ptr("v1")}}, []tickets.Request{
			{Method: "POST", Path: "/api/v1/repos/acme/app/issues", Body: []byte(`{"title":"New","milestone":70,"labels":[2]}`)}}},
		{tickets.Write{Op: tickets.Update, Key: "#1", Changes: tickets.Changes{Title: ptr("x"), Add: []string{"docs"}, Milestone: ptr(""), Assignees: &[]string{}}}, []tickets.Request{
			{Method: "PUT", Path: "/api/v1/repos/acme/app/issues/1/labels", Body: []byte(`{"labels":[2]}`)},
			{Method: "PATCH", Path: "/api/v1/repos/acme/app/issues/1", Body: []byte(`{"title":"x","milestone":0,"assignees":[]}`)}}},
		{tickets.Write{Op: tickets.Relate, Key: "#1", Kind: "blocks", To: "#2"}, []tickets.Request{
			{Method: "POST", Path: "/api/v1/repos/acme/app/issues/2/dependencies", Body: []byte(`{"owner":"acme","repo":"app","index":1}`)}}},
		{tickets.Write{Op: tickets.Move, Key: "#1", To: "closed"}, []tickets.Request{
			{Method: "PATCH", Path: "/api/v1/repos/acme/app/issues/1", Body: []byte(`{"state":"closed"}`)}}},
	} {
		p, err := tr.Prepare(t.Context(), tt.w)
		if err != nil {
			t.Fatal(fail.Show(err))
		}
		if diff := cmp.Diff(tt.want, p.Requests); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.w.Op, diff)
		}
		s.Asked()
		out, err := p.Send(t.Context())
		// The fake has another label of that id: that "theirs" is not set then is noted.
		if err != nil || (len(out.Notes) > 0) != (tt.w.Op == tickets.Create) {
			t.Fatalf("%s: %+v, %v", tt.w.Op, out, err)
		}
		asked, bodies := s.Asked()
		for i, r := range tt.want {
			if asked[i] != r.Method+" "+r.Path || bodies[i] != string(r.Body) {
				t.Errorf("%s: sent %s %s, want %s %s %s", tt.w.Op, asked[i], bodies[i], r.Method, r.Path, r.Body)
			}
		}
	}
}

// What the service says of a failure is told with the code that fits.
func TestFailures(t *testing.T) {
	read := func(tr tickets.Writer) error {
		_, err := tr.Ticket(t.Context(), "#1", tickets.Want{Comments: 3})
		return err
	}
	shut := func(tr tickets.Writer) error {
		p, err := tr.Prepare(t.Context(), tickets.Write{Op: tickets.Move, Key: "#1", To: "done"})
		if err != nil {
			return err
		}
		_, err = p.Send(t.Context())
		return err
	}
	for _, tt := range []struct {
		name, part string
		answer     issuestest.Canned
		do         func(tickets.Writer) error
		code       fail.Code
	}{
		{"not there", "issues/1", issuestest.Canned{Status: 404, Body: `{"message":"The target couldn't be found.","url":"https://x/api/swagger","errors":[]}`}, read, fail.NotFound},
		{"token", "issues/1", issuestest.Canned{Status: 401, Body: `{"message":"user does not exist [uid: 0, name: ]"}`}, read, fail.Denied},
		{"scope", "issues/1", issuestest.Canned{Status: 403, Body: `{"message":"token does not have at least one of required scope(s): [read:issue]"}`}, read, fail.Denied},
		{"pull request", fmt.Sprintf("issues/%d", 1), issuestest.Canned{Status: 200, Body: `{"id":1,"number":1,"state":"open","pull_request":{"merged":false}}`}, read, fail.NotFound},
		{"of a closed repository", "issues/1", issuestest.Canned{Status: 200, Body: `{"id":1,"number":1,"state":"open","repository":{"full_name":"acme/secret"}}`}, read, fail.Denied},
		{"blocked", "PATCH ", issuestest.Canned{Status: 412, Body: `{"message":"cannot close this issue because it still has open dependencies"}`}, shut, fail.Conflict},
		{"archived", "PATCH ", issuestest.Canned{Status: 423, Body: `{"message":"acme/app is archived"}`}, shut, fail.Invalid},
	} {
		s, tr := open(t)
		s.Can(tt.part, tt.answer)
		if err := tt.do(tr); err == nil || fail.From(err).Code != tt.code {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.code)
		}
	}
}

// The timeline's references are links, and its changes the history.
func TestTimeline(t *testing.T) {
	s, tr := open(t)
	s.Can("timeline", issuestest.Canned{Status: http.StatusOK, Body: `[
		{"id":1,"type":"pull_ref","user":{"login":"ann"},"created_at":"2026-03-01T00:00:00Z","ref_issue":{"id":9,"number":9,"title":"Fix","state":"open","pull_request":{"merged":false},"repository":{"full_name":"acme/app"}}},
		{"id":2,"type":"issue_ref","user":null,"created_at":"2026-03-01T00:00:00Z","ref_issue":{"id":8,"number":8,"title":"Hidden","state":"open","repository":{"full_name":"acme/secret"}}},
		{"id":3,"type":"commit_ref","user":null,"created_at":"2026-03-01T00:00:00Z","ref_commit_sha":"` + strings.Repeat("ab", 20) + `"},
		{"id":4,"type":"label","user":{"login":"ann"},"created_at":"2026-03-01T01:00:00Z","label":{"id":1,"name":"docs"},"body":"1"},
		{"id":5,"type":"milestone","user":{"login":"ann"},"created_at":"2026-03-01T02:00:00Z","old_milestone":{"title":"v1"},"milestone":null}]`})
	got, err := tr.Ticket(t.Context(), "#1", tickets.Want{Links: true, Events: 5})
	if err != nil {
		t.Fatal(fail.Show(err))
	}
	want := []tickets.Link{
		{Kind: "mentioned_by", What: "commit", To: strings.Repeat("ab", 20)},
		{Kind: "mentioned_by", What: "pr", To: "#9", Title: "Fix", Status: tickets.Active},
	}
	if diff := cmp.Diff(want, got.Links); diff != "" {
		t.Errorf("links (-want +got):\n%s", diff)
	}
	at := time.Date(2026, 3, 1, 1, 0, 0, 0, time.UTC)
	events := []tickets.Event{{Time: at.Add(time.Hour), Author: "ann", What: "milestone", From: "v1"}, {Time: at, Author: "ann", What: "labeled", To: "docs"}}
	if diff := cmp.Diff(events, got.Events); diff != "" || got.Hidden != 1 {
		t.Errorf("%d hidden; events (-want +got):\n%s", got.Hidden, diff)
	}
}
