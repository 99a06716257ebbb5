package issues_test

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
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"cleat/internal/fail"
	"cleat/internal/host"
	"cleat/internal/rest"
	"cleat/internal/sources/gitlab/issues"
	"cleat/internal/systems/tickets/ticketstest"
)

const token = "glpat-canary0123456789"

type object = map[string]any

// A fake is a GitLab with the issues of a world. Its ids are not the numbers that count within
// a project.
type fake struct {
	t     *testing.T
	url   string
	world *ticketstest.World

	mu       sync.Mutex
	now      time.Time
	items    []*item
	links    []link
	labels   []string
	single   bool // takes one assignee, as GitLab Free
	old      bool // knows no filter of notes
	requests int
	writes   int
	fault    ticketstest.Fault
	canned   map[string][]canned // by a part of method and URI
	asked    []string
	merges   map[string][]object // merge requests, by the path of the list
}

type canned struct {
	status int
	header map[string]string
	body   string
}

type item struct {
	project, n       int
	title, body      string
	kind, due        string
	closed, secret   bool
	created, updated time.Time
	ended            time.Time
	author           int
	assignees        []int
	labels           []string
	milestone        string
	notes            []object // newest first, also of the system
	states, relabels []object // oldest first
	weight           any
}

type link struct {
	id       int
	from, to *item
	kind     string
}

const firstProject, firstUser = 700, 40

func (i *item) id() int { return (i.project+1)*1000 + i.n }

func newFake(t *testing.T, w *ticketstest.World) *fake {
	f := &fake{t: t, world: w, now: w.Now, labels: slices.Clone(w.Labels), canned: map[string][]canned{}, merges: map[string][]object{}}
	for n := range w.Tickets {
		x := &w.Tickets[n]
		i := &item{project: x.Project, n: x.N, title: x.Title, body: x.Body, kind: x.Type, closed: x.Status == "done", created: x.Created, updated: x.Updated, ended: x.Closed,
			author: slices.Index(w.People, x.Author), labels: slices.Clone(x.Labels), milestone: x.Milestone}
		for _, a := range x.Assignees {
			i.assignees = append(i.assignees, slices.Index(w.People, a))
		}
		for _, c := range x.Comments {
			i.notes = append(i.notes, f.note(slices.Index(w.People, c.Author), c.Body, c.Created, false))
			if f.t != nil && len(i.notes)%4 == 0 {
				i.notes = append(i.notes, f.note(0, "changed the description", c.Created, true))
			}
		}
		f.items = append(f.items, i)
	}
	for n, x := range w.Tickets {
		for _, l := range x.Links {
			f.relate(f.items[n], f.items[l.To], map[string]string{"related": "relates_to", "blocks": "blocks", "blocked_by": "is_blocked_by"}[l.Kind])
		}
	}
	mux := http.NewServeMux()
	for pattern, handle := range map[string]http.HandlerFunc{
		"GET /user":                                              func(w http.ResponseWriter, _ *http.Request) { f.send(w, 200, f.user(f.me())) },
		"GET /users":                                             f.users,
		"GET /projects/{id}":                                     f.project,
		"GET /projects/{id}/users":                               f.users,
		"GET /projects/{id}/labels":                              f.listLabels,
		"GET /projects/{id}/milestones":                          f.milestones,
		"GET /projects/{id}/issues":                              f.list,
		"POST /projects/{id}/issues":                             f.create,
		"GET /projects/{id}/issues/{iid}":                        f.one,
		"PUT /projects/{id}/issues/{iid}":                        f.update,
		"GET /projects/{id}/issues/{iid}/notes":                  f.notes,
		"POST /projects/{id}/issues/{iid}/notes":                 f.remark,
		"GET /projects/{id}/issues/{iid}/links":                  f.listLinks,
		"POST /projects/{id}/issues/{iid}/links":                 f.link,
		"DELETE /projects/{id}/issues/{iid}/links/{link}":        f.unlink,
		"GET /projects/{id}/issues/{iid}/resource_state_events":  f.events,
		"GET /projects/{id}/issues/{iid}/resource_label_events":  f.events,
		"GET /projects/{id}/issues/{iid}/closed_by":              f.mergeRequests,
		"GET /projects/{id}/issues/{iid}/related_merge_requests": f.mergeRequests,
	} {
		method, path, _ := strings.Cut(pattern, " ")
		mux.HandleFunc(method+" /api/v4"+path, handle)
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { f.serve(mux, w, r) }))
	t.Cleanup(srv.Close)
	f.url = srv.URL
	return f
}

// open returns a tracker on the fake, whose checkout is the first project.
func (f *fake) open() *issues.Tracker {
	h := host.Host{
		Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return f.world.Now },
		Redact: func(_ string, text []byte) []byte { return bytes.ReplaceAll(text, []byte(token), []byte("[redacted]")) },
		Secret: func(context.Context, string) (string, error) { return token, nil },
	}
	c, err := rest.New(rest.Options{Name: "GitLab", Host: h, Config: rest.Config{URL: f.url, Token: "env:FORGE"},
		Sleep: func(ctx context.Context, _ time.Duration) error { return context.Cause(ctx) }})
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() {
		if err := c.Close(); err != nil {
			f.t.Error(err)
		}
	})
	allowed := func(repo string) error {
		for _, p := range f.world.Projects {
			if strings.EqualFold(p.Name, repo) && !p.Closed {
				return nil
			}
		}
		return fail.Errorf(fail.Denied, "the repository %q is outside what this source may use", repo)
	}
	return issues.New(c, func(context.Context) (string, error) { return f.world.Projects[0].Name, nil }, allowed, []string{"mentions"}, h)
}

// serve counts a request, and lets it fail where that is wanted.
func (f *fake) serve(mux *http.ServeMux, w http.ResponseWriter, r *http.Request) {
	if a := r.Header.Get("Authorization"); a != "Bearer "+token {
		f.t.Errorf("%s %s: no token, or another: %q", r.Method, r.URL.Path, a)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client has gone
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	f.mu.Lock()
	defer f.mu.Unlock()
	f.requests++
	asked := r.Method + " " + r.URL.RequestURI()
	f.asked = append(f.asked, strings.TrimSpace(asked+" "+string(body)))
	fault := ticketstest.Fault(0)
	if r.Method != http.MethodGet {
		f.writes++
		fault, f.fault = f.fault, 0
	}
	for part, answers := range f.canned {
		if len(answers) > 0 && strings.Contains(asked, part) {
			f.canned[part] = answers[1:]
			for k, v := range answers[0].header {
				w.Header().Set(k, v)
			}
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(answers[0].status)
			fmt.Fprint(w, answers[0].body)
			return
		}
	}
	switch fault {
	case ticketstest.ServerError:
		f.send(w, 500, object{"message": "500 Internal Server Error"})
	case ticketstest.TooMany:
		w.Header().Set("Retry-After", "1")
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(429)
		fmt.Fprint(w, "Retry later\n")
	case ticketstest.Expired:
		f.send(w, 401, object{"error": "invalid_token", "error_description": "Token is expired. You can either do re-authorization or token refresh."})
	case ticketstest.Forbidden:
		f.send(w, 403, object{"message": "403 Forbidden"})
	case ticketstest.LostAnswer:
		mux.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	case ticketstest.CutAnswer:
		rec := httptest.NewRecorder()
		mux.ServeHTTP(rec, r)
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", fmt.Sprint(rec.Body.Len()))
		w.WriteHeader(rec.Code)
		w.Write(rec.Body.Bytes()[:rec.Body.Len()/2])
		panic(http.ErrAbortHandler)
	default:
		mux.ServeHTTP(w, r)
	}
}

func (f *fake) send(w http.ResponseWriter, status int, v any) {
	data, err := json.Marshal(v)
	if err != nil {
		f.t.Error(err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if _, err := w.Write(data); err != nil {
		f.t.Logf("an answer was not read: %v", err)
	}
}

func (f *fake) gone(w http.ResponseWriter) { f.send(w, 404, object{"message": "404 Not found"}) }

// page sends the page of list that is asked for, and links to the next one.
func (f *fake) page(w http.ResponseWriter, r *http.Request, list []object) {
	q := r.URL.Query()
	n, size := 1, 20
	for key, to := range map[string]*int{"page": &n, "per_page": &size} {
		if v, err := strconv.Atoi(q.Get(key)); err == nil {
			*to = v
		}
	}
	size = min(size, 100)
	from := min((n-1)*size, len(list))
	to := min(from+size, len(list))
	w.Header().Set("X-Total", strconv.Itoa(len(list)))
	w.Header().Set("X-Total-Pages", strconv.Itoa((len(list)+size-1)/size))
	if to < len(list) {
		q.Set("page", strconv.Itoa(n+1))
		w.Header().Set("X-Next-Page", strconv.Itoa(n+1))
		w.Header().Set("Link", fmt.Sprintf(`<%s%s?%s>; rel="next", <%s>; rel="first"`, f.url, r.URL.EscapedPath(), q.Encode(), f.url))
	}
	f.send(w, 200, append([]object{}, list[from:to]...))
}

func (f *fake) me() int { return slices.Index(f.world.People, f.world.Me) }

func (f *fake) user(n int) any {
	if n < 0 {
		return nil
	}
	return object{"id": firstUser + n, "username": f.world.People[n], "name": "Full Name", "state": "active", "web_url": f.url + "/" + f.world.People[n]}
}

// in returns the index of the project of a request, -1 for none.
func (f *fake) in(r *http.Request) int {
	return slices.IndexFunc(f.world.Projects, func(p ticketstest.Project) bool {
		id := r.PathValue("id")
		return strings.EqualFold(p.Name, id) || id == strconv.Itoa(firstProject+slices.Index(f.world.Projects, p))
	})
}

// found returns the issue of a request, or answers that there is none.
func (f *fake) found(w http.ResponseWriter, r *http.Request) *item {
	for _, i := range f.items {
		if i.project == f.in(r) && strconv.Itoa(i.n) == r.PathValue("iid") {
			return i
		}
	}
	f.gone(w)
	return nil
}

// object is an issue as the API has it.
func (f *fake) object(i *item) object {
	name := f.world.Projects[i.project].Name
	o := object{"id": i.id(), "iid": i.n, "project_id": firstProject + i.project, "title": i.title, "description": i.body, "state": "opened", "type": strings.ToUpper(i.kind),
		"issue_type": i.kind, "author": f.user(i.author), "assignee": nil, "labels": append([]string{}, i.labels...), "milestone": nil, "created_at": i.created, "updated_at": i.updated,
		"closed_at": nil, "closed_by": nil, "web_url": f.url + "/" + name + "/-/issues/" + strconv.Itoa(i.n), "user_notes_count": 0, "due_date": nil, "weight": i.weight,
		"confidential": i.secret, "discussion_locked": nil, "moved_to_id": nil, "epic": nil, "health_status": nil,
		"references": object{"short": fmt.Sprintf("#%d", i.n), "relative": fmt.Sprintf("#%d", i.n), "full": fmt.Sprintf("%s#%d", name, i.n)}}
	if i.body == "" {
		o["description"] = nil
	}
	if i.due != "" {
		o["due_date"] = i.due
	}
	if i.closed {
		o["state"], o["closed_at"] = "closed", i.ended
	}
	if i.milestone != "" {
		o["milestone"] = object{"id": 1 + slices.Index(f.world.Milestones, i.milestone), "iid": 1, "title": i.milestone}
	}
	people := []any{}
	for _, a := range i.assignees {
		people = append(people, f.user(a))
	}
	o["assignees"] = people
	count := 0
	for _, n := range i.notes {
		if !n["system"].(bool) {
			count++
		}
	}
	o["user_notes_count"] = count
	return o
}

func (f *fake) note(author int, body string, at time.Time, system bool) object {
	return object{"id": 9000 + int(at.Unix()%100000)*10 + len(body)%10, "type": nil, "body": body, "author": f.user(author), "created_at": at, "updated_at": at, "system": system,
		"noteable_type": "Issue", "internal": false, "confidential": false}
}
