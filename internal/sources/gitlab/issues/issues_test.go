package issues_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cleat/internal/fail"
	"cleat/internal/systems/tickets"
	"cleat/internal/systems/tickets/ticketstest"
)

// small is a GitLab with two issues, the second in a project that is not allowed.
func small(t *testing.T) *fake {
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	w := &ticketstest.World{Me: "ann", People: []string{"ann", "bob"}, Now: now, Labels: []string{"bug", "Docs"}, Milestones: []string{"v1"},
		Projects: []ticketstest.Project{{Name: "acme/app"}, {Name: "acme/secret", Closed: true}}}
	for n := range 2 {
		w.Tickets = append(w.Tickets, ticketstest.Ticket{Project: n, N: 1, Ticket: tickets.Ticket{Title: "Leak", Body: "It drips.", Type: "issue", State: "opened", Status: "todo", Author: "bob", Created: now, Updated: now}})
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

func text(s string) *string { return &s }

func custom(name, value string) tickets.Custom {
	return tickets.Custom{Name: name, Value: json.RawMessage(value)}
}

// TestSent: what is prepared, byte for byte, is what is sent.
func TestSent(t *testing.T) {
	const at = " /api/v4/projects/700/issues"
	body := func(string) (string, error) { return "<b> & \"c\"\n", nil }
	for _, r := range []struct {
		name string
		w    tickets.Write
		want []string
	}{
		{"create", tickets.Write{Op: tickets.Create, Changes: tickets.Changes{Title: text("New"), Body: body, Add: []string{"docs"}, Assignees: &[]string{"@bob", "me", "ann"}}},
			[]string{"POST" + at + ` {"title":"New","description":"\u003cb\u003e \u0026 \"c\"\n","assignee_ids":[41,40],"labels":"Docs"}`}},
		{"create with a comment", tickets.Write{Op: tickets.Create, Project: "acme/app", Changes: tickets.Changes{Title: text("New"), Type: "task", Comment: "Hi."}},
			[]string{"POST" + at + ` {"title":"New","issue_type":"task"}`, "POST" + at + `/{iid}/notes {"body":"Hi."}`}},
		{"all taken away", tickets.Write{Op: tickets.Update, Key: "#1", Changes: tickets.Changes{Assignees: &[]string{}, Milestone: text(""), Labels: &[]string{}}},
			[]string{"PUT" + at + `/1 {"assignee_ids":[0],"milestone_id":0,"labels":""}`}},
		{"fields", tickets.Write{Op: tickets.Update, Key: "1", Changes: tickets.Changes{Milestone: text("v1"), Custom: []tickets.Custom{custom("Due date", `"2026-03-31"`), custom("weight", "3"), custom("Confidential", "true")}}},
			[]string{"PUT" + at + `/1 {"milestone_id":1,"due_date":"2026-03-31","weight":3,"confidential":true}`}},
		{"close and say", tickets.Write{Op: tickets.Move, Key: "acme/app#1", To: "done", Changes: tickets.Changes{Comment: "Bye."}},
			[]string{"PUT" + at + `/1 {"state_event":"close"}`, "POST" + at + `/1/notes {"body":"Bye."}`}},
	} {
		t.Run(r.name, func(t *testing.T) {
			f := small(t)
			p, err := f.open().Prepare(t.Context(), r.w)
			if err != nil {
				t.Fatal(fail.Show(err))
			}
			var prepared []string
			for _, q := range p.Requests {
				prepared = append(prepared, q.Method+" "+q.Path+" "+string(q.Body))
			}
			if diff := cmp.Diff(r.want, prepared); diff != "" {
				t.Errorf("prepared (-want +got):\n%s", diff)
			}
			from := len(f.asked)
			made, err := p.Send(t.Context())
			if err != nil {
				t.Fatal(fail.Show(err))
			}
			for i := range r.want {
				r.want[i] = strings.ReplaceAll(r.want[i], "{iid}", strings.TrimPrefix(made.Key, "#"))
			}
			if diff := cmp.Diff(r.want, f.asked[from:]); diff != "" {
				t.Errorf("sent (-want +got):\n%s", diff)
			}
		})
	}
}

// TestRefused: what GitLab would take and do something else with.
func TestRefused(t *testing.T) {
	f := small(t)
	s := f.open()
	for _, r := range []struct {
		name string
		c    tickets.Changes
		code fail.Code
		part string
	}{
		{"a label that would be made", tickets.Changes{Add: []string{"bugs"}}, fail.Invalid, "nearest are: bug"},
		{"two labels in one", tickets.Changes{Labels: &[]string{"bug,evil"}}, fail.Invalid, "no name of a label"},
		{"a type", tickets.Changes{Type: "bug"}, fail.Invalid, "incident"},
		{"a date", tickets.Changes{Custom: []tickets.Custom{custom("Due date", `"soon"`)}}, fail.Invalid, "2026-"},
		{"a weight", tickets.Changes{Custom: []tickets.Custom{custom("Weight", "-1")}}, fail.Invalid, "whole number"},
		{"a list", tickets.Changes{Custom: []tickets.Custom{custom("Weight", "[1]")}}, fail.Invalid, "takes a text"},
		{"a field", tickets.Changes{Custom: []tickets.Custom{custom("Wait", "1")}}, fail.Invalid, "Weight"},
		{"characters", tickets.Changes{Title: text(strings.Repeat("é", 256))}, fail.TooLarge, "256 characters"},
	} {
		_, err := s.Prepare(t.Context(), tickets.Write{Op: tickets.Update, Key: "#1", Changes: r.c})
		if err == nil || fail.From(err).Code != r.code || !strings.Contains(fail.Show(err), r.part) {
			t.Errorf("%s: got %v, want %s with %q", r.name, err, r.code, r.part)
		}
	}
	if _, err := s.Prepare(t.Context(), tickets.Write{Op: tickets.Update, Key: "#1", Changes: tickets.Changes{Title: text(strings.Repeat("é", 255))}}); err != nil {
		t.Errorf("255 characters: %v", err)
	}
	if f.writes != 0 {
		t.Errorf("%d writes", f.writes)
	}
}

// TestTier: GitLab Free takes one assignee without a word, and refuses links that block.
func TestTier(t *testing.T) {
	f := small(t)
	f.single = true
	f.world.Projects[1].Closed = false
	s := f.open()
	p, err := s.Prepare(t.Context(), tickets.Write{Op: tickets.Update, Key: "#1", Changes: tickets.Changes{Assignees: &[]string{"ann", "bob"}}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := p.Send(t.Context())
	if err != nil || len(got.Assignees) != 1 || !strings.Contains(strings.Join(got.Notes, " "), "bob") {
		t.Errorf("%+v, %v", got, err)
	}
	for kind, code := range map[string]fail.Code{"blocks": fail.Unsupported, "related": fail.Denied} {
		f.canned["POST /api/v4/projects/700/issues/1/links"] = []canned{{status: 403, body: `{"message":"Blocked issues not available for current license"}`}}
		p, err := s.Prepare(t.Context(), tickets.Write{Op: tickets.Relate, Key: "#1", To: "acme/secret#1", Kind: kind})
		if err != nil {
			t.Fatal(err)
		}
		_, err = p.Send(t.Context())
		wantCode(t, err, code)
	}
}

// TestPartly: of several requests it is told which were done.
func TestPartly(t *testing.T) {
	f := small(t)
	s := f.open()
	for status, code := range map[int]fail.Code{403: fail.Denied, 422: fail.Invalid, 409: fail.Conflict, 502: fail.UnknownOutcome} {
		f.canned["/notes"] = []canned{{status: status, body: `{"message":"no"}`}}
		p, err := s.Prepare(t.Context(), tickets.Write{Op: tickets.Create, Changes: tickets.Changes{Title: text("New"), Comment: "Hi."}})
		if err != nil {
			t.Fatal(err)
		}
		_, err = p.Send(t.Context())
		wantCode(t, err, code, "only a part was done: the issue was made")
	}
}

// TestMoved: a project that has moved is followed within GitLab, to where one may go.
func TestMoved(t *testing.T) {
	f := small(t)
	s := f.open()
	f.world.Projects = append(f.world.Projects, ticketstest.Project{Name: "acme/old"})
	const asked = "GET /api/v4/projects/acme%2Fold/issues/1"
	f.canned[asked] = []canned{{status: 301, header: map[string]string{"Location": f.url + "/api/v4/projects/701/issues/1"}, body: `{"message":"Project moved"}`}}
	_, err := s.Ticket(t.Context(), "acme/old#1", tickets.Want{})
	wantCode(t, err, fail.Denied)
	f.canned[asked] = []canned{{status: 301, header: map[string]string{"Location": f.url + "/api/v4/projects/700/issues/1"}, body: `{"message":"Project moved"}`}}
	got, err := s.Ticket(t.Context(), "acme/old#1", tickets.Want{})
	if err != nil || got.Key != "#1" || got.Project != "acme/app" {
		t.Errorf("%+v, %v", got, err)
	}
	f.canned[asked] = []canned{{status: 301, header: map[string]string{"Location": "https://evil.example/api/v4/projects/700/issues/1"}}}
	_, err = s.Ticket(t.Context(), "acme/old#1", tickets.Want{})
	wantCode(t, err, fail.Denied)
}

// TestHistory: what notes of GitLab's tell of other projects is not told on.
func TestHistory(t *testing.T) {
	f := small(t)
	f.items[0].author = -1 // the account is gone
	for _, body := range []string{"mentioned in issue acme/secret#7", "mentioned in merge request secret!8", "mentioned in commit acme/secret@0123abc",
		"marked this issue as related to " + f.url + "/acme/secret/-/issues/9", "mentioned in issue #2", "assigned to @bob"} {
		f.items[0].notes = append(f.items[0].notes, f.note(-1, body, f.now, true))
	}
	got, err := f.open().Ticket(t.Context(), "#1", tickets.Want{Events: 50})
	if err != nil {
		t.Fatal(err)
	}
	want := []tickets.Event{{Time: f.now, What: "mentioned", To: "mentioned in issue #2"}, {Time: f.now, What: "assignee", To: "assigned to @bob"}}
	if diff := cmp.Diff(want, got.Events); diff != "" || got.Author != "" {
		t.Errorf("author %q, events (-want +got):\n%s", got.Author, diff)
	}
}

// TestOldNotes: a GitLab that does not know the filter mixes the history into the comments.
func TestOldNotes(t *testing.T) {
	f := small(t)
	f.old = true
	i := f.items[0]
	for n := range 40 {
		i.notes = append(i.notes, f.note(0, fmt.Sprintf("Note %d", n), f.now.Add(-time.Duration(n)*time.Minute), n%20 != 19))
	}
	s, want := f.open(), tickets.Want{Comments: 10}
	var got []string
	for range 10 {
		page, err := s.Ticket(t.Context(), "#1", want)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range page.Comments {
			got = append(got, c.Body)
		}
		if want.Cursor = page.Cursor; want.Cursor == "" {
			break
		}
	}
	if diff := cmp.Diff([]string{"Note 19", "Note 39"}, got); diff != "" {
		t.Errorf("comments (-want +got):\n%s", diff)
	}
}

func TestMergeRequests(t *testing.T) {
	f := small(t)
	mr := func(id int, repo, state string) object {
		return object{"id": id, "iid": id, "title": "Fix it", "state": state, "source_branch": fmt.Sprintf("fix-%d", id), "references": object{"full": fmt.Sprintf("%s!%d", repo, id)}}
	}
	f.merges["closed_by"] = []object{mr(3, "acme/app", "opened")}
	f.merges["related_merge_requests"] = []object{mr(3, "acme/app", "opened"), mr(4, "acme/secret", "opened"), mr(5, "acme/app", "merged")}
	got, err := f.open().Ticket(t.Context(), "#1", tickets.Want{Links: true})
	if err != nil {
		t.Fatal(err)
	}
	want := []tickets.Link{{Kind: "closed_by", What: "pr", To: "!3", Title: "Fix it", Status: tickets.Active}, {Kind: "closed_by", What: "branch", To: "fix-3"},
		{Kind: "mentioned_by", What: "pr", To: "!5", Title: "Fix it", Status: tickets.Done}}
	if diff := cmp.Diff(want, got.Links); diff != "" {
		t.Errorf("links (-want +got):\n%s", diff)
	}
	if got.Hidden == 0 || strings.Contains(fmt.Sprintf("%+v", got.Links), "fix-4") {
		t.Errorf("%d hidden of %+v", got.Hidden, got.Links)
	}
	f.canned["/closed_by"] = []canned{{status: 403, body: `{"message":"403 Forbidden"}`}}
	if _, err := f.open().Ticket(t.Context(), "#1", tickets.Want{Links: true}); err != nil {
		t.Errorf("without merge requests: %v", err)
	}
}

// TestAnswers: what is no answer is never taken for "nothing found" or "done".
func TestAnswers(t *testing.T) {
	for _, c := range []struct {
		status int
		body   string
		read   fail.Code
	}{
		{200, `null`, fail.Unavailable}, {200, `{}`, fail.Unavailable}, {200, `[{}]`, fail.Unavailable}, {200, `"x"`, fail.Unavailable}, {200, `<html>log in</html>`, fail.Unavailable}, {200, ``, fail.Unavailable},
		{401, `{"error":"invalid_token","error_description":"` + token + `"}`, fail.Denied}, {403, `{"message":"403 Forbidden"}`, fail.Denied}, {404, `{"message":"404 Project Not Found"}`, fail.NotFound},
	} {
		f := small(t)
		s := f.open()
		p, err := s.Prepare(t.Context(), tickets.Write{Op: tickets.Update, Key: "#1", Changes: tickets.Changes{Title: text("x")}})
		if err != nil {
			t.Fatal(err)
		}
		answer := canned{status: c.status, body: c.body}
		f.canned["/issues"] = []canned{answer, answer, answer}
		_, err = s.Search(t.Context(), tickets.Query{})
		wantCode(t, err, c.read)
		_, err = s.Ticket(t.Context(), "#1", tickets.Want{})
		wantCode(t, err, c.read)
		_, err = p.Send(t.Context())
		write := c.read
		switch write {
		case fail.Unavailable:
			write = fail.UnknownOutcome
		case fail.NotFound:
			write = fail.Denied
		}
		wantCode(t, err, write)
	}
}

func TestActive(t *testing.T) {
	f := small(t)
	s := f.open()
	page, err := s.Search(t.Context(), tickets.Query{Status: "active"})
	if err != nil || len(page.Tickets) != 0 || len(page.Notes) != 1 || f.requests != 0 {
		t.Errorf("%+v, %v", page, err)
	}
	_, err = s.Prepare(t.Context(), tickets.Write{Op: tickets.Move, Key: "#1", To: "active"})
	wantCode(t, err, fail.Unsupported)
	_, err = s.Prepare(t.Context(), tickets.Write{Op: tickets.Move, Key: "#1", To: "todo"})
	wantCode(t, err, fail.Conflict)
	for _, q := range []tickets.Query{{Assignee: "bobb"}, {Labels: []string{"bugs"}}, {Labels: []string{"a,b"}}} {
		_, err := s.Search(t.Context(), q)
		wantCode(t, err, fail.Invalid)
	}
}
