package jira

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cleat/internal/fail"
	"cleat/internal/systems/tickets"
)

// sent prepares and sends a write, and returns what went out as "METHOD PATH BODY".
func sent(t *testing.T, f *fake, s *Source, w tickets.Write) (*tickets.Ticket, []string) {
	t.Helper()
	p, err := s.Prepare(t.Context(), w)
	if err != nil {
		t.Fatal(fail.Show(err))
	}
	from := len(f.asked)
	got, err := p.Send(t.Context())
	if err != nil {
		t.Fatal(fail.Show(err))
	}
	var out []string
	for n, r := range p.Requests {
		said := f.asked[from+n]
		key := got.Key
		if want := r.Method + " " + strings.Replace(r.Path, "{key}", key, 1) + " " + string(r.Body); said != want {
			t.Errorf("prepared %s\nsent %s", want, said)
		}
		out = append(out, said)
	}
	return got, out
}

func edit(from, to string) tickets.Edit {
	return func(body string) (string, error) {
		if !strings.Contains(body, from) {
			return "", errors.New("the body has no " + from + ": " + body)
		}
		return strings.Replace(body, from, to, 1), nil
	}
}

// TestKept: what Markdown has no words for is in the document still after an edit.
func TestKept(t *testing.T) {
	f, s := small(t, true)
	const panel = `{"type":"panel","attrs":{"panelType":"info","localId":"abc"},"content":[{"type":"paragraph","content":[{"type":"text","text":"Mind the gap"},{"type":"status","attrs":{"text":"LATE","color":"red","localId":"s1"}}]}]}`
	f.issues[0].body = json.RawMessage(`{"type":"doc","version":1,"content":[` + panel + `,{"type":"paragraph","content":[{"type":"text","text":"It drips."}]}]}`)
	_, out := sent(t, f, s, tickets.Write{Op: tickets.Update, Key: "ENG-1", Changes: tickets.Changes{Body: edit("It drips.", "It **pours**.")}})
	var in struct {
		Fields struct {
			Description struct{ Content []json.RawMessage }
		}
	}
	if err := json.Unmarshal([]byte(out[0][strings.Index(out[0], "{"):]), &in); err != nil {
		t.Fatal(err)
	}
	var want, got any
	if len(in.Fields.Description.Content) != 2 || json.Unmarshal([]byte(panel), &want) != nil || json.Unmarshal(in.Fields.Description.Content[0], &got) != nil {
		t.Fatalf("sent %s", out[0])
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the panel (-want +got):\n%s", diff)
	}
	// A whole document is taken as it is.
	const doc = `{"type":"doc","version":1,"content":[{"type":"paragraph","content":[{"type":"text","text":"As it is"}]}]}`
	got2, _ := sent(t, f, s, tickets.Write{Op: tickets.Update, Key: "ENG-1", Changes: tickets.Changes{Body: func(string) (string, error) { return doc, nil }}})
	if strings.TrimSpace(got2.Body) != "As it is" {
		t.Errorf("the body is %q", got2.Body)
	}
}

// TestMentions: people are mentioned only where the configuration allows it.
func TestMentions(t *testing.T) {
	for _, r := range []struct {
		cloud, allowed bool
		want           string
	}{
		{true, false, `"text":"ask @bob and @nobody"`}, {true, true, `{"type":"mention","attrs":{"id":"5b10a2844c20165700ede211"`},
		{false, false, `"body":"ask @bob and @nobody"`}, {false, true, `"body":"ask [~bob] and @nobody"`},
	} {
		f, _ := small(t, r.cloud)
		s := f.source(func(c *Config) {
			if r.allowed {
				c.Outgoing = []string{"mentions"}
			}
		})
		_, out := sent(t, f, s, tickets.Write{Op: tickets.Remark, Key: "ENG-1", Changes: tickets.Changes{Comment: "ask @bob and @nobody"}})
		if !strings.Contains(out[0], r.want) {
			t.Errorf("%+v: sent %s", r, out[0])
		}
	}
}

// TestNeeds: a transition lists what it needs, and is made when that is given, a comment too.
func TestNeeds(t *testing.T) {
	for _, cloud := range []bool{true, false} {
		f, s := small(t, cloud)
		got, err := s.Ticket(t.Context(), "ENG-1", tickets.Want{Transitions: true})
		if err != nil {
			t.Fatal(fail.Show(err))
		}
		n := slices.IndexFunc(got.Transitions, func(x tickets.Transition) bool { return x.Name == "Reject" })
		want := tickets.Transition{Name: "Reject", State: "Rejected", Status: tickets.Done, Needs: []tickets.Need{
			{Name: "comment", Type: "string"}, {Name: "Resolution", Type: "option", Options: []string{"Won't Do", "Duplicate"}}}}
		if diff := cmp.Diff(want, got.Transitions[n]); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		w := tickets.Write{Op: tickets.Move, Key: "ENG-1", To: "rejected"}
		_, err = s.Prepare(t.Context(), w)
		wantCode(t, err, fail.Invalid, "Resolution (Won't Do, Duplicate)", "comment")
		w.Changes.Comment = "No."
		_, err = s.Prepare(t.Context(), w)
		wantCode(t, err, fail.Invalid, "Resolution (")
		w.Changes.Custom = []tickets.Custom{{Name: "resolution", Value: raw("wont do")}}
		_, err = s.Prepare(t.Context(), w)
		wantCode(t, err, fail.Invalid, "Won't Do")
		w.Changes.Custom[0].Value = raw("won't do")
		w.Changes.Labels = &[]string{"closed"} // which the transition does not take
		moved, out := sent(t, f, s, w)
		if moved.State != "Rejected" || !slices.Equal(moved.Labels, []string{"closed"}) || len(out) != 2 || len(f.issues[0].comments) != 1 {
			t.Errorf("cloud %v: moved to %+v by\n%s", cloud, moved, strings.Join(out, "\n"))
		}
	}
}

// TestCreate: the fields of the project and the type are asked for, those that are required
// must be given.
func TestCreate(t *testing.T) {
	f, s := small(t, true)
	title := "Made"
	w := tickets.Write{Op: tickets.Create, Changes: tickets.Changes{Title: &title, Comment: "And this.", Custom: []tickets.Custom{
		{Name: "components", Value: raw([]string{"hull", "401"})}, {Name: "Due date", Value: raw("2026-04-01")}, {Name: "release notes", Value: raw("**new**")}}}}
	got, out := sent(t, f, s, w) // of the only project, a Task
	if got.Key != "ENG-2" || got.Type != "Task" || len(out) != 2 || len(f.issues[2].comments) != 1 {
		t.Errorf("made %+v by\n%s", got, strings.Join(out, "\n"))
	}
	for _, part := range []string{`"components":[{"id":"400"},{"id":"401"}]`, `"duedate":"2026-04-01"`, `"customfield_10051":{"version":1,"type":"doc"`} {
		if alt := strings.Replace(part, `{"version":1,"type":"doc"`, `{"type":"doc"`, 1); !strings.Contains(out[0], part) && !strings.Contains(out[0], alt) {
			t.Errorf("%s is not in %s", part, out[0])
		}
	}
	for _, r := range []struct {
		custom tickets.Custom
		said   string
	}{
		{tickets.Custom{Name: "Due date", Value: raw("tomorrow")}, "a date such as"},
		{tickets.Custom{Name: "components", Value: raw("Hul")}, "Hull"},
		{tickets.Custom{Name: "project", Value: raw("OPS")}, "no field"},
		{tickets.Custom{Name: "Region", Value: json.RawMessage(`{"a":1}`)}, "a text"},
	} {
		w.Changes.Custom = []tickets.Custom{r.custom}
		_, err := s.Prepare(t.Context(), w)
		wantCode(t, err, fail.Invalid, r.said)
	}
	w.Changes.Custom, w.Changes.Type = nil, "Epik"
	_, err := s.Prepare(t.Context(), w)
	wantCode(t, err, fail.Invalid, "Task")
	w.Changes.Type = "Bug"
	w.Changes.Labels = &[]string{"two words"}
	_, err = s.Prepare(t.Context(), w)
	wantCode(t, err, fail.Invalid, "without spaces")
	w.Changes.Labels = nil
	f.canned = []canned{{200, `{"issueTypes":[{"id":"10002","name":"Bug"}]}`}, {200, `{"fields":[{"fieldId":"summary","name":"Summary","required":true,"schema":{"type":"string","system":"summary"}},
		{"fieldId":"customfield_9","name":"Severity","required":true,"schema":{"type":"option"},"allowedValues":[{"id":"1","value":"S1"},{"id":"2","value":"S2"}]}]}`}}
	_, err = s.Prepare(t.Context(), w)
	wantCode(t, err, fail.Invalid, "Severity (S1, S2)")
}

// TestPeople: a name that several have is not guessed at.
func TestPeople(t *testing.T) {
	f, s := small(t, true)
	const two = `[{"accountId":"a1","displayName":"Bob"},{"accountId":"a2","displayName":"bob"}]`
	issue := f.issue(f.issues[0], "editmeta")
	f.canned = []canned{{200, string(raw(issue))}, {200, two}}
	w := tickets.Write{Op: tickets.Update, Key: "ENG-1", Changes: tickets.Changes{Assignees: &[]string{"bob"}}}
	_, err := s.Prepare(t.Context(), w)
	wantCode(t, err, fail.Invalid, "a1, a2")
	w.Changes.Assignees = &[]string{"5b10a2844c20165700ede212"} // an id, which no name begins with
	if got, _ := sent(t, f, s, w); !slices.Equal(got.Assignees, []string{"Bob Two"}) {
		t.Errorf("assigned to %q", got.Assignees)
	}
	w.Changes.Assignees = &[]string{"bobb"}
	_, err = s.Prepare(t.Context(), w)
	wantCode(t, err, fail.Invalid, "bob")
}

// TestPartly: what has been done of several requests is said.
func TestPartly(t *testing.T) {
	f, s := small(t, true)
	title := "x"
	p, err := s.Prepare(t.Context(), tickets.Write{Op: tickets.Update, Key: "ENG-1", Changes: tickets.Changes{Title: &title, Comment: "c"}})
	if err != nil {
		t.Fatal(fail.Show(err))
	}
	f.canned = []canned{{204, ""}, {403, `{"errorMessages":["You may not comment."]}`}}
	_, err = p.Send(t.Context())
	wantCode(t, err, fail.Denied, "only a part was done: the issue was changed", "You may not comment")

	// A page of a proxy does not say that anything was done.
	if p, err = s.Prepare(t.Context(), tickets.Write{Op: tickets.Update, Key: "ENG-1", Changes: tickets.Changes{Title: &title}}); err != nil {
		t.Fatal(fail.Show(err))
	}
	f.canned = []canned{{200, "<html>log in</html>"}}
	_, err = p.Send(t.Context())
	wantCode(t, err, fail.UnknownOutcome)

	// Done, but not to be read: that is no failure.
	if p, err = s.Prepare(t.Context(), tickets.Write{Op: tickets.Update, Key: "ENG-1", Changes: tickets.Changes{Title: &title}}); err != nil {
		t.Fatal(fail.Show(err))
	}
	f.canned = []canned{{204, ""}, {403, `{}`}}
	got, err := p.Send(t.Context())
	if err != nil || got.Key != "ENG-1" || len(got.Notes) != 1 {
		t.Errorf("got %+v, %v", got, err)
	}
}

// TestEpics: on Data Center an epic is the parent by a field; where there is none, it is said.
func TestEpics(t *testing.T) {
	f, s := small(t, false)
	f.noEpics = true
	other := "ENG-1"
	title := "x"
	_, err := s.Prepare(t.Context(), tickets.Write{Op: tickets.Create, Changes: tickets.Changes{Title: &title, Parent: &other}})
	wantCode(t, err, fail.Unsupported, "parent")
	f.noEpics = false
	if _, err = s.Prepare(t.Context(), tickets.Write{Op: tickets.Create, Changes: tickets.Changes{Title: &title, Parent: &other}}); err != nil {
		t.Error(fail.Show(err))
	}
	w := tickets.Write{Op: tickets.Update, Key: "ENG-1", Changes: tickets.Changes{Custom: []tickets.Custom{{Name: "Epic Link", Value: raw("OPS-1")}}}}
	_, err = s.Prepare(t.Context(), w)
	wantCode(t, err, fail.Invalid, "no field")
}

// TestReadOnly: an issue whose screen has no field cannot be changed, and that is why.
func TestReadOnly(t *testing.T) {
	f, s := small(t, true)
	issue := f.issue(f.issues[0], "")
	title := "x"
	for n, meta := range []object{{"fields": object{}}, {"fields": object{"labels": f.fields()["labels"], regionField: f.fields()[regionField]}}} {
		issue["editmeta"] = meta
		f.canned = []canned{{200, string(raw(issue))}}
		_, err := s.Prepare(t.Context(), tickets.Write{Op: tickets.Update, Key: "ENG-1", Changes: tickets.Changes{Title: &title}})
		wantCode(t, err, fail.Unsupported, "summary", []string{"may not edit", "Region"}[n])
	}
}

// TestCreated: only what this account made, in the project, with that very title.
func TestCreated(t *testing.T) {
	for _, cloud := range []bool{true, false} {
		f, s := small(t, cloud)
		began := f.now
		title := "Leak" // as another's
		w := tickets.Write{Op: tickets.Create, Project: "ENG", Changes: tickets.Changes{Title: &title, Type: "Bug"}}
		for n := range 3 {
			got, err := s.Created(t.Context(), w, began)
			if err != nil || len(got) != n {
				t.Fatalf("cloud %v: found %+v, %v; want %d", cloud, got, err, n)
			}
			sent(t, f, s, w)
		}
		if got, err := s.Created(t.Context(), w, f.now.Add(time.Minute)); err != nil || len(got) != 0 {
			t.Errorf("later: %+v, %v", got, err)
		}
		last := f.asked[len(f.asked)-1]
		f.canned = []canned{{200, `{"issues":[{"key":"OPS-9","fields":{"summary":"Leak"}},{"key":"ENG-9","fields":{"summary":"Leak"}}]}`}}
		if got, err := s.Created(t.Context(), w, began); err != nil || len(got) != 1 || got[0].Key != "ENG-9" {
			t.Errorf("of another project: %+v, %v", got, err)
		}
		if !strings.Contains(last, "creator = currentUser()") || !strings.Contains(last, fmt.Sprint(f.now.Add(time.Minute).UnixMilli())) {
			t.Errorf("asked %s", last)
		}
	}
}

// TestIgnored: a parent that Jira takes and does not set is told.
func TestIgnored(t *testing.T) {
	f, s := small(t, true)
	title, up := "Child", "ENG-1"
	w := tickets.Write{Op: tickets.Create, Changes: tickets.Changes{Title: &title, Parent: &up}}
	if got, _ := sent(t, f, s, w); got.Parent != "ENG-1" || len(got.Notes) != 0 {
		t.Errorf("got %+v", got)
	}
	p, err := s.Prepare(t.Context(), w)
	if err != nil {
		t.Fatal(fail.Show(err))
	}
	f.canned = []canned{{201, `{"id":"1","key":"ENG-8"}`}, {200, `{"id":"1","key":"ENG-8","fields":{"summary":"Child"}}`}}
	if got, err := p.Send(t.Context()); err != nil || got.Key != "ENG-8" || len(got.Notes) != 1 {
		t.Errorf("got %+v, %v", got, err)
	}
}

// TestStates: a transition that leads back to the state the issue is in is no way to it; the
// parent of another issue is not taken from it; a field with a default need not be given.
func TestStates(t *testing.T) {
	f, s := small(t, true)
	issue := f.issue(f.issues[0], "editmeta transitions.fields")
	issue["transitions"] = []object{{"id": "9", "name": "To Do", "to": states()[0].object()}, {"id": "8", "name": "Close", "to": states()[3].object(),
		"fields": object{"resolution": object{"required": true, "hasDefaultValue": true, "name": "Resolution", "schema": object{"type": "resolution"}}}}}
	w := tickets.Write{Op: tickets.Move, Key: "ENG-1"}
	for to, code := range map[string]fail.Code{"To Do": fail.Conflict, "todo": fail.Conflict, "done": "", "close": "", "Active": fail.Invalid} {
		f.canned = []canned{{200, string(raw(issue))}}
		w.To = to
		_, err := s.Prepare(t.Context(), w)
		if code == "" && err != nil || code != "" && (err == nil || fail.From(err).Code != code) {
			t.Errorf("to %s: %v, want %s", to, err, code)
		}
	}

	f, s = small(t, true)
	s.projects = nil
	f.issues[1].parent = f.issues[1]
	_, err := s.Prepare(t.Context(), tickets.Write{Op: tickets.Relate, Key: "ENG-1", Kind: "child", To: "OPS-1"})
	wantCode(t, err, fail.Conflict, "another parent")
}

// TestAnyField: a field of an add-on takes what it is given, but no issue of another project.
func TestAnyField(t *testing.T) {
	f, s := small(t, true)
	issue := f.issue(f.issues[0], "")
	issue["editmeta"] = object{"fields": object{"customfield_7": object{"name": "Origin", "schema": object{"type": "any", "custom": "x:y"}}}}
	for value, code := range map[string]fail.Code{`"ENG-1"`: "", `"OPS-1"`: fail.Denied, `{"a":["b"]}`: "", `{"data":{"key":"ops-1"}}`: fail.Denied, `["ENG-1","OPS-2"]`: fail.Denied} {
		f.canned = []canned{{200, string(raw(issue))}}
		p, err := s.Prepare(t.Context(), tickets.Write{Op: tickets.Update, Key: "ENG-1", Changes: tickets.Changes{Custom: []tickets.Custom{{Name: "origin", Value: json.RawMessage(value)}}}})
		switch {
		case code != "":
			wantCode(t, err, code)
		case err != nil:
			t.Error(fail.Show(err))
		case string(p.Requests[0].Body) != `{"fields":{"customfield_7":`+value+`}}`:
			t.Errorf("sends %s", p.Requests[0].Body)
		}
	}
}
