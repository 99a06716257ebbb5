package linear

import (
	"bytes"
	"context"
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
	"cleat/internal/rest"
	"cleat/internal/systems/tickets/ticketstest"
)

const secret = "lin_api_canary0123456789"

// A fake is a workspace of Linear.
type fake struct {
	t     *testing.T
	url   string
	world *ticketstest.World

	mu        sync.Mutex
	now       time.Time
	teams     []object
	states    []object
	people    []object
	labels    []object
	projects  []object
	marks     []object // milestones
	issues    []*item
	relations []object
	requests  int
	writes    int
	fault     ticketstest.Fault
	canned    []canned // answers to the next requests
	asked     []string
}

type canned struct {
	status int
	header map[string]string
	body   string
}

// An item is an issue.
type item struct {
	id, team, title, body, due string
	n                          int
	priority                   float64
	state, assignee, author    object
	mark, project              object
	labels, comments, history  []object
	parent                     *item
	created, updated, closed   time.Time
	estimate                   any
	attached                   []object
	through                    any
}

func stamp(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}

func (i *item) key() string { return fmt.Sprintf("%s-%d", i.team, i.n) }

// newFake serves a world.
func newFake(t *testing.T, w *ticketstest.World) *fake {
	f := &fake{t: t, world: w, now: w.Now}
	for n, p := range w.People {
		f.people = append(f.people, object{"id": fmt.Sprintf("user-%d", n), "displayName": p, "name": "Full " + p, "email": p + "@example.com", "guest": false, "isMe": p == w.Me})
	}
	f.projects = []object{{"id": "project-1", "name": "Airship"}}
	for n, m := range w.Milestones {
		f.marks = append(f.marks, object{"id": fmt.Sprintf("mark-%d", n), "name": m, "project": f.projects[0]})
	}
	for n, p := range w.Projects {
		team := object{"id": fmt.Sprintf("team-%d", n), "key": p.Name}
		var own []object
		for at, s := range [][2]string{{"Done", "completed"}, {"Triage", "triage"}, {"Todo", "unstarted"}, {"Backlog", "backlog"}, {"In Progress", "started"}, {"In Review", "started"}, {"Canceled", "canceled"}} {
			own = append(own, object{"id": fmt.Sprintf("state-%d-%d", n, at), "name": s[0], "type": s[1], "position": float64(at), "team": team})
		}
		team["states"] = connection(own)
		f.teams, f.states = append(f.teams, team), append(f.states, own...)
	}
	f.projects[0]["accessibleTeams"] = connection(f.teams)
	for n, l := range w.Labels {
		f.labels = append(f.labels, object{"id": fmt.Sprintf("label-%d", n), "name": l, "isGroup": false, "parent": nil, "team": nil})
	}
	for n := range w.Tickets {
		f.add(n)
	}
	f.link()
	srv := httptest.NewServer(http.HandlerFunc(f.serve))
	t.Cleanup(srv.Close)
	f.url = srv.URL
	return f
}

// named is the object with a value under a key.
func (f *fake) named(list []object, key, value string) object {
	for _, o := range list {
		if o[key] == value {
			return o
		}
	}
	return nil
}

// add makes an issue of a ticket of the world.
func (f *fake) add(n int) {
	t := f.world.Tickets[n]
	team := f.world.Projects[t.Project].Name
	i := &item{id: fmt.Sprintf("issue-%d", n), team: team, n: t.N, title: t.Title, body: t.Body, created: t.Created, updated: t.Updated, closed: t.Closed,
		author: f.named(f.people, "displayName", t.Author), priority: float64(slices.Index(priorities(), t.Priority))}
	i.state = f.stateOf(team, t.State)
	if len(t.Assignees) > 0 {
		i.assignee = f.named(f.people, "displayName", t.Assignees[0])
	}
	for _, l := range t.Labels {
		i.labels = append(i.labels, f.named(f.labels, "name", l))
	}
	if t.Milestone != "" {
		i.mark, i.project = f.named(f.marks, "name", t.Milestone), f.projects[0]
	}
	for at, c := range t.Comments {
		i.comments = append(i.comments, f.comment(i, fmt.Sprintf("comment-%d-%d", n, at), c.Body, f.named(f.people, "displayName", c.Author), c.Created))
	}
	f.issues = append(f.issues, i)
}

func (f *fake) comment(i *item, id, body string, user object, at time.Time) object {
	return object{"id": id, "body": body, "createdAt": stamp(at), "editedAt": nil, "user": user, "externalUser": nil, "botActor": nil,
		"issue": lazy(func(object) any { return f.object(i) })}
}

func (f *fake) stateOf(team, name string) object {
	for _, s := range f.states {
		if s["name"] == name && s["team"].(object)["key"] == team {
			return s
		}
	}
	return nil
}

// link makes the links and parents of the world.
func (f *fake) link() {
	for n, t := range f.world.Tickets {
		for _, o := range f.issues {
			if o.key() == t.Parent {
				f.issues[n].parent = o
			}
		}
		for _, l := range t.Links {
			from, to := f.issues[n], f.issues[l.To]
			switch l.Kind {
			case "parent":
				from.parent = to
			case "child":
				to.parent = from
			case "blocked_by", "duplicated_by":
				f.relate(to, from, map[string]string{"blocked_by": "blocks", "duplicated_by": "duplicate"}[l.Kind])
			case "duplicates":
				f.relate(from, to, "duplicate")
			default:
				f.relate(from, to, l.Kind)
			}
		}
	}
}

func (f *fake) relate(from, to *item, kind string) object {
	r := object{"id": fmt.Sprintf("relation-%d", len(f.relations)), "type": kind, "from": from, "to": to,
		"issue": lazy(func(object) any { return f.object(from) }), "relatedIssue": lazy(func(object) any { return f.object(to) })}
	f.relations = append(f.relations, r)
	return r
}

// object is an issue as the API has it.
func (f *fake) object(i *item) object {
	or := func(o object) any {
		if o == nil {
			return nil
		}
		return o
	}
	var out, in []object
	for _, r := range f.relations {
		if r["from"] == i {
			out = append(out, r)
		}
		if r["to"] == i {
			in = append(in, r)
		}
	}
	var children []*item
	for _, o := range f.issues {
		if o.parent == i {
			children = append(children, o)
		}
	}
	o := object{"id": i.id, "identifier": i.key(), "title": i.title, "description": i.body, "url": "https://linear.app/acme/issue/" + i.key() + "/slug",
		"branchName": "ann/" + strings.ToLower(i.key()), "priority": i.priority, "createdAt": stamp(i.created), "updatedAt": stamp(i.updated),
		"completedAt": stamp(i.closed), "canceledAt": nil, "state": i.state, "team": f.named(f.teams, "key", i.team), "assignee": or(i.assignee), "creator": or(i.author),
		"externalUserCreator": nil, "botActor": nil, "integrationSourceType": i.through, "labels": connection(i.labels), "projectMilestone": or(i.mark), "project": or(i.project),
		"cycle": nil, "estimate": i.estimate, "dueDate": nil, "comments": connection(i.comments), "history": connection(i.history),
		"relations": connection(out), "inverseRelations": connection(in), "attachments": connection(i.attached), "parent": nil,
		"children": lazy(func(args object) any {
			var list []object
			for _, c := range children {
				list = append(list, f.object(c))
			}
			return connection(list)(args)
		})}
	if i.body == "" {
		o["description"] = nil
	}
	if i.due != "" {
		o["dueDate"] = i.due
	}
	if i.parent != nil {
		o["parent"] = lazy(func(object) any { return f.object(i.parent) })
	}
	return o
}

// serve answers one request.
func (f *fake) serve(w http.ResponseWriter, r *http.Request) {
	if got := r.Header.Get("Authorization"); got != secret {
		f.t.Errorf("no key, or another: %q", got)
	}
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client has gone
	}
	var in struct {
		Query     string
		Variables object
	}
	if r.URL.Path != "/graphql" || r.Method != http.MethodPost || json.Unmarshal(raw, &in) != nil {
		f.t.Errorf("a request that the API does not have: %s %s", r.Method, r.URL.Path)
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.requests++
	f.asked = append(f.asked, string(raw))
	send := func(status int, body string) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
	if len(f.canned) > 0 {
		c := f.canned[0]
		f.canned = f.canned[1:]
		for k, v := range c.header {
			w.Header().Set(k, v)
		}
		send(c.status, c.body)
		return
	}
	mutation, roots := parseQuery(in.Query)
	fault := ticketstest.Fault(0)
	if mutation {
		f.writes++
		fault, f.fault = f.fault, 0
	}
	switch fault {
	case ticketstest.ServerError:
		send(500, `{"errors":[{"message":"Internal server error","extensions":{"type":"internal error","code":"INTERNAL_SERVER_ERROR"}}]}`)
		return
	case ticketstest.TooMany:
		w.Header().Set("Retry-After", "1")
		send(429, `{"errors":[{"message":"Rate limit exceeded","extensions":{"type":"ratelimited","code":"RATELIMITED"}}]}`)
		return
	case ticketstest.Expired:
		send(401, `{"errors":[{"message":"Authentication required, not authenticated","extensions":{"type":"authentication error","code":"AUTHENTICATION_ERROR"}}]}`)
		return
	case ticketstest.Forbidden:
		send(200, `{"data":null,"errors":[{"message":"You do not have permission","path":["issueCreate"],"extensions":{"type":"forbidden","code":"FORBIDDEN","userPresentableMessage":"You are not allowed to do this."}}]}`)
		return
	}
	status, body := f.answer(roots, in.Variables)
	switch fault {
	case ticketstest.LostAnswer:
		panic(http.ErrAbortHandler)
	case ticketstest.CutAnswer:
		w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		send(status, body[:len(body)/2])
		panic(http.ErrAbortHandler)
	}
	send(status, body)
}

// answer executes an operation.
func (f *fake) answer(roots []field, variables object) (status int, body string) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case refusal:
			code := 200
			if strings.HasPrefix(r.kind, "graphql") {
				code = 400
			}
			e, err := json.Marshal(object{"data": nil, "errors": []object{{"message": r.message, "extensions": object{"type": r.kind, "code": "INPUT_ERROR", "userError": true, "userPresentableMessage": r.message}}}})
			if err != nil {
				f.t.Error(err)
			}
			status, body = code, string(e)
		default:
			panic(r)
		}
	}()
	out := object{}
	for _, root := range roots {
		v := f.root(root.name, with(root.args, variables))
		out[root.name] = pick(root.sub, v, variables)
	}
	data, err := json.Marshal(object{"data": out})
	if err != nil {
		f.t.Error(err)
	}
	return 200, string(data)
}

// find returns an issue by its id or key.
func (f *fake) find(id any) *item {
	for _, i := range f.issues {
		if i.id == id || strings.EqualFold(i.key(), fmt.Sprint(id)) {
			return i
		}
	}
	panic(refusal{"Entity not found: Issue - Could not find referenced Issue.", "invalid input"})
}

// open returns a source on the fake; teams are those that are allowed.
func (f *fake) open(teams ...string) *Source {
	h := host.Host{
		Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return f.world.Now },
		Redact: func(_ string, text []byte) []byte {
			return bytes.ReplaceAll(text, []byte(secret), []byte("[redacted]"))
		},
		Secret: func(context.Context, string) (string, error) { return secret, nil },
	}
	s, err := open(Config{Config: rest.Config{URL: f.url, Token: "env:LINEAR"}, Teams: teams, Outgoing: []string{"mentions"}}, h,
		func(ctx context.Context, _ time.Duration) error { return context.Cause(ctx) })
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
