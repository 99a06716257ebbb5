package jira

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cleat/internal/host"
	"cleat/internal/markup"
	"cleat/internal/rest"
	"cleat/internal/systems/tickets/ticketstest"
)

const secret = "canary-0123456789-token"

type (
	object  = map[string]any
	project = ticketstest.Project
)

// A fake is a Jira, of Cloud or of Data Center.
type fake struct {
	t     *testing.T
	url   string
	cloud bool
	world *ticketstest.World

	mu       sync.Mutex
	now      time.Time
	issues   []*item
	links    []*between
	remote   []object
	made     int // ids
	noEpics  bool
	requests int
	writes   int
	fault    ticketstest.Fault
	canned   []canned // answers to the next requests
	asked    []string
}

type canned struct {
	status int
	body   string
}

type state struct{ id, name, category string }

func states() []state {
	return []state{{"1", "To Do", "new"}, {"3", "In Progress", "indeterminate"}, {"4", "In Review", "indeterminate"}, {"5", "Done", "done"}, {"6", "Rejected", "done"}}
}

// An item is an issue.
type item struct {
	project, title, kind, priority string
	n                              int
	body                           json.RawMessage // as Jira keeps it
	status                         state
	author, assignee               string
	labels, versions               []string
	custom                         map[string]json.RawMessage
	parent                         *item
	comments, history              []object
	created, updated, closed       time.Time
}

func (i *item) key() string { return fmt.Sprintf("%s-%d", i.project, i.n) }

type between struct {
	id, kind string
	from, to *item
}

// A refusal is an error of the API.
type refusal struct {
	status int
	said   string
}

func refuse(status int, said string) { panic(refusal{status, said}) }

func at(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format("2006-01-02T15:04:05.000-0700")
}

// newFake serves a world.
func newFake(t *testing.T, w *ticketstest.World, cloud bool) *fake {
	f := &fake{t: t, world: w, cloud: cloud, now: w.Now}
	for _, x := range w.Tickets {
		i := &item{project: w.Projects[x.Project].Name, n: x.N, title: x.Title, kind: x.Type, priority: x.Priority, body: f.text(x.Body), author: x.Author,
			labels: x.Labels, created: x.Created, updated: x.Updated, closed: x.Closed, custom: map[string]json.RawMessage{}}
		for _, s := range states() {
			if s.name == x.State {
				i.status = s
			}
		}
		if len(x.Assignees) > 0 {
			i.assignee = x.Assignees[0]
		}
		if x.Milestone != "" {
			i.versions = []string{x.Milestone}
		}
		for _, c := range x.Comments {
			i.comments = append(i.comments, f.comment(f.text(c.Body), c.Author, c.Created))
		}
		slices.Reverse(i.comments) // the oldest first
		f.issues = append(f.issues, i)
	}
	for n, x := range w.Tickets {
		for _, o := range f.issues {
			if o.key() == x.Parent {
				f.issues[n].parent = o
			}
		}
		for _, l := range x.Links {
			from, to := f.issues[n], f.issues[l.To]
			switch l.Kind {
			case "parent":
				from.parent = to
			case "child":
				to.parent = from
			case "blocked_by", "duplicated_by":
				f.link(map[string]string{"blocked_by": "Blocks", "duplicated_by": "Duplicate"}[l.Kind], to, from)
			default:
				f.link(map[string]string{"blocks": "Blocks", "duplicates": "Duplicate", "related": "Relates"}[l.Kind], from, to)
			}
		}
	}
	srv := httptest.NewServer(http.HandlerFunc(f.serve))
	t.Cleanup(srv.Close)
	f.url = srv.URL
	return f
}

func (f *fake) fresh() string {
	f.made++
	return fmt.Sprint(10000 + f.made)
}

func (f *fake) link(kind string, from, to *item) {
	f.links = append(f.links, &between{f.fresh(), kind, from, to})
}

// text is Markdown as Jira keeps it.
func (f *fake) text(markdown string) json.RawMessage {
	if markdown == "" {
		return nil
	}
	var out any
	var err error
	if f.cloud {
		out, err = markup.ToADF(markdown, markup.Options{})
	} else {
		out, err = markup.ToWiki(markdown, markup.Options{})
	}
	if err != nil {
		f.t.Fatal(err)
	}
	return raw(out)
}

func (f *fake) comment(body json.RawMessage, author string, when time.Time) object {
	return object{"id": f.fresh(), "author": f.user(author), "body": body, "created": at(when), "updated": at(when), "jsdPublic": true}
}

// id is how somebody is named in requests.
func (f *fake) id(name string) string {
	if n := slices.Index(f.world.People, name); n >= 0 && f.cloud {
		return fmt.Sprintf("5b10a2844c20165700ede21%d", n)
	}
	return name
}

// user is somebody as the API has it.
func (f *fake) user(name string) any {
	switch {
	case name == "":
		return nil
	case f.cloud:
		return object{"accountId": f.id(name), "accountType": "atlassian", "displayName": name, "active": true}
	}
	return object{"name": name, "key": "JIRAUSER" + name, "displayName": "Full " + name, "emailAddress": name + "@example.com"}
}

// named is the person of an id.
func (f *fake) named(raw json.RawMessage) string {
	var ref struct {
		Account string `json:"accountId"`
		Name    string `json:"name"`
	}
	if string(raw) == "null" {
		return ""
	}
	if err := json.Unmarshal(raw, &ref); err != nil {
		f.t.Error(err)
	}
	for _, p := range f.world.People {
		if f.cloud && f.id(p) == ref.Account || !f.cloud && p == ref.Name {
			return p
		}
	}
	refuse(400, "Account '"+ref.Account+ref.Name+"' cannot be assigned issues.")
	return ""
}

func (s state) object() object {
	return object{"id": s.id, "name": s.name, "statusCategory": object{"id": 2, "key": s.category, "name": s.category}}
}

func (f *fake) find(key string) *item {
	for _, i := range f.issues {
		if strings.EqualFold(i.key(), key) {
			return i
		}
	}
	refuse(404, "Issue does not exist or you do not have permission to see it.")
	return nil
}

// serve answers one request.
func (f *fake) serve(w http.ResponseWriter, r *http.Request) {
	want := "Bearer " + secret
	if f.cloud {
		want = "Basic " + base64.StdEncoding.EncodeToString([]byte("ann@example.com:"+secret))
	}
	if got := r.Header.Get("Authorization"); got != want {
		f.t.Errorf("no token, or another: %q", got)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client has gone
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.requests++
	f.asked = append(f.asked, r.Method+" "+r.URL.RequestURI()+" "+string(body))
	send := func(status int, v any) {
		w.Header().Set("Content-Type", "application/json;charset=UTF-8")
		w.WriteHeader(status)
		if v != nil {
			if err := json.NewEncoder(w).Encode(v); err != nil {
				f.t.Log(err) // the client has gone
			}
		}
	}
	if len(f.canned) > 0 {
		c := f.canned[0]
		f.canned = f.canned[1:]
		w.Header().Set("Content-Type", "application/json;charset=UTF-8")
		w.WriteHeader(c.status)
		fmt.Fprint(w, c.body)
		return
	}
	fault := ticketstest.Fault(0)
	if r.Method != http.MethodGet && !strings.Contains(r.URL.Path, "/search") {
		f.writes++
		f.now = f.now.Add(time.Second)
		fault, f.fault = f.fault, 0
	}
	errors := func(said string) object { return object{"errorMessages": []string{said}, "errors": object{}} }
	switch fault {
	case ticketstest.ServerError:
		send(500, errors("Internal server error"))
		return
	case ticketstest.TooMany:
		w.Header().Set("Retry-After", "1")
		send(429, errors("Rate limit exceeded."))
		return
	case ticketstest.Expired:
		send(401, object{"message": "Client must be authenticated to access this resource.", "status-code": 401})
		return
	case ticketstest.Forbidden:
		send(403, errors("You do not have the permission to see the specified issue."))
		return
	}
	status, v := 0, any(nil)
	func() {
		defer func() {
			switch r := recover().(type) {
			case nil:
			case refusal:
				status, v = r.status, errors(r.said)
			default:
				panic(r)
			}
		}()
		status, v = f.answer(r, body)
	}()
	switch fault {
	case ticketstest.LostAnswer:
		panic(http.ErrAbortHandler)
	case ticketstest.CutAnswer:
		w.Header().Set("Content-Length", "1000")
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(200)
		fmt.Fprint(w, `{"id":"1`)
		panic(http.ErrAbortHandler)
	}
	send(status, v)
}

// source opens a source on the fake; projects are those that are allowed.
func (f *fake) source(change func(*Config)) *Source {
	h := host.Host{
		Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return f.world.Now },
		Redact: func(_ string, text []byte) []byte {
			return bytes.ReplaceAll(text, []byte(secret), []byte("[redacted]"))
		},
		Secret: func(context.Context, string) (string, error) { return secret, nil },
	}
	c := Config{Config: rest.Config{URL: f.url, Token: "env:JIRA"}}
	if f.cloud {
		c.User, c.Web, c.API = "ann@example.com", "https://acme.atlassian.net", "3"
	}
	if change != nil {
		change(&c)
	}
	s, err := open(c, h, func(ctx context.Context, _ time.Duration) error { return context.Cause(ctx) })
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() {
		if err := s.Close(); err != nil {
			f.t.Error(err)
		}
	})
	return s
}
