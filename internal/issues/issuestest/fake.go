// Package issuestest has fakes of the issues of GitHub and of Gitea, written from the published
// shapes of their APIs. What is written to one is kept, and read back. A request without the
// token, or in a form that the API does not have, fails the test that made it.
package issuestest

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"cleat/internal/fail"
	"cleat/internal/host"
	"cleat/internal/proc"
	"cleat/internal/rest"
	"cleat/internal/systems/tickets/ticketstest"
)

// Token is what a fake wants.
const Token = "issues-token-CANARY-0123456789"

// PullNumber is the number of a pull request of the first project.
const PullNumber = 5000

type object map[string]any

// A Canned is an answer given instead of the fake's own.
type Canned struct {
	Status int
	Header map[string]string
	Body   string
}

// A Server is a fake. Its fields are set before the first request.
type Server struct {
	URL   string
	World *ticketstest.World
	Gitea bool

	t *testing.T

	mu       sync.Mutex
	issues   []*issue
	now      time.Time
	fault    ticketstest.Fault
	requests int
	writes   int
	asked    []string
	bodies   []string // of writes, as they came
	canned   map[string][]Canned
	lastID   int64
}

type remark struct {
	id      int64
	author  string
	body    string
	created time.Time
}

type issue struct {
	id, n               int64
	repo                string
	title, body         string
	state, reason, typ  string
	author, milestone   string
	assignees, labels   []string
	created, up, closed time.Time
	comments            []remark
	events              []object
	parent              *issue
	blockedBy           []*issue
	pull                bool
}

// Open starts a fake of GitHub, or of Gitea, with the tickets of a world.
func Open(t *testing.T, w *ticketstest.World, gitea bool) *Server {
	s := &Server{t: t, World: w, Gitea: gitea, now: w.Now, canned: map[string][]Canned{}, lastID: 1000}
	for _, x := range w.Tickets {
		i := &issue{id: s.id(), n: int64(x.N), repo: w.Projects[x.Project].Name, title: x.Title, body: x.Body, state: "open", typ: x.Type, author: x.Author, milestone: x.Milestone,
			assignees: slices.Clone(x.Assignees), labels: slices.Clone(x.Labels), created: x.Created, up: x.Updated}
		if x.Status == "done" {
			i.state, i.closed = "closed", x.Closed
			i.reason = "completed"
		}
		for k := len(x.Comments) - 1; k >= 0; k-- {
			c := x.Comments[k]
			i.comments = append(i.comments, remark{s.id(), cmp.Or(c.Author, x.Author), c.Body, c.Created})
		}
		s.issues = append(s.issues, i)
	}
	for k, x := range w.Tickets {
		for _, l := range x.Links {
			s.link(l.Kind, s.issues[k], s.issues[l.To])
		}
		for o, p := range s.issues {
			if x.Parent != "" && x.Parent == "#"+strconv.FormatInt(p.n, 10) && w.Tickets[o].Project == 0 {
				s.issues[k].parent = p
			}
		}
	}
	if len(w.Projects) > 0 {
		s.issues = append(s.issues, &issue{id: s.id(), n: PullNumber, repo: w.Projects[0].Name, title: "A pull request about a zeppelin with marmalade", state: "open", author: w.Me,
			labels: []string{"urgent"}, created: w.Now.Add(-time.Hour), up: w.Now.Add(-time.Minute), pull: true})
	}
	api := httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(api.Close)
	s.URL = api.URL
	return s
}

func (s *Server) id() int64 { s.lastID++; return s.lastID }

func (s *Server) link(kind string, from, to *issue) {
	switch kind {
	case "blocks":
		to.blockedBy = append(to.blockedBy, from)
	case "blocked_by":
		from.blockedBy = append(from.blockedBy, to)
	case "parent":
		from.parent = to
	case "child":
		to.parent = from
	default:
		s.t.Errorf("the fake has no links %q", kind)
	}
}

// Client returns a client of the fake.
func (s *Server) Client() *rest.Client {
	none := func(ctx context.Context, _ time.Duration) error { return context.Cause(ctx) }
	o := rest.Options{Name: "GitHub", Host: s.Host(), Sleep: none, Config: rest.Config{URL: s.URL, Token: "env:T", Timeout: time.Minute}}
	if s.Gitea {
		o.Name, o.Auth = "Gitea", rest.TokenAuth
	}
	c, err := rest.New(o)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		if err := c.Close(); err != nil {
			s.t.Error(err)
		}
	})
	return c
}

// Host is a host that knows the token.
func (s *Server) Host() host.Host {
	redact := func(_ string, text []byte) []byte { return bytes.ReplaceAll(text, []byte(Token), []byte("[redacted]")) }
	return host.Host{
		Log: slog.New(slog.DiscardHandler), Now: time.Now, Redact: redact,
		RedactPart: func(_ string, _, part, _ []byte) []byte { return redact("", part) },
		Secret:     func(context.Context, string) (string, error) { return Token, nil },
		Closed:     func() func(string) bool { return nil },
		State:      func() (*os.Root, error) { return os.OpenRoot(s.t.TempDir()) },
		Children:   &proc.Group{},
	}
}

// Here is the repository of the checkout: the first project.
func (s *Server) Here(context.Context) (string, error) { return s.World.Projects[0].Name, nil }

// Allowed fails for what is no project of the world, or is closed.
func (s *Server) Allowed(repo string) error {
	for _, p := range s.World.Projects {
		if strings.EqualFold(p.Name, repo) && !p.Closed {
			return nil
		}
	}
	return fail.Errorf(fail.Denied, "the repository %q is not allowed", repo)
}

// Requests counts the requests so far.
func (s *Server) Requests() int { s.mu.Lock(); defer s.mu.Unlock(); return s.requests }

// Writes counts those that change something.
func (s *Server) Writes() int { s.mu.Lock(); defer s.mu.Unlock(); return s.writes }

// Fault makes the next request that changes something behave so.
func (s *Server) Fault(f ticketstest.Fault) { s.mu.Lock(); defer s.mu.Unlock(); s.fault = f }

// Asked returns the requests since the last call, as METHOD PATH?QUERY, and the bodies of the
// writes among them.
func (s *Server) Asked() (requests, bodies []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	requests, bodies, s.asked, s.bodies = s.asked, s.bodies, nil, nil
	return requests, bodies
}

// Can answers requests that contain part by the canned answers, one after the other.
func (s *Server) Can(part string, answers ...Canned) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.canned[part] = append(s.canned[part], answers...)
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	want := "Bearer " + Token
	if s.Gitea {
		want = "token " + Token
	} else if r.Header.Get("X-Github-Api-Version") == "" {
		s.t.Errorf("%s %s: no version", r.Method, r.URL)
	}
	if a := r.Header.Get("Authorization"); a != want {
		s.t.Errorf("%s %s: no token, or another: %q", r.Method, r.URL.Path, a)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		s.t.Error(err)
	}
	line := r.Method + " " + r.URL.RequestURI()
	s.requests++
	s.asked = append(s.asked, line)
	fault := ticketstest.Fault(0)
	if r.Method != http.MethodGet {
		s.writes++
		s.bodies = append(s.bodies, string(body))
		fault, s.fault = s.fault, 0
	}
	rec := httptest.NewRecorder()
	switch fault {
	case ticketstest.ServerError:
		answer(rec, http.StatusInternalServerError, object{"message": "Server Error"})
	case ticketstest.TooMany:
		rec.Header().Set("Retry-After", "1")
		answer(rec, http.StatusTooManyRequests, object{"message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."})
	case ticketstest.Expired:
		answer(rec, http.StatusUnauthorized, object{"message": "Bad credentials", "status": "401"})
	case ticketstest.Forbidden:
		answer(rec, http.StatusForbidden, object{"message": "Resource not accessible by personal access token", "status": "403"})
	default:
		if !s.fromCan(rec, line) {
			s.route(rec, r, body)
		}
	}
	s.deliver(w, rec, fault)
}

func (s *Server) fromCan(rec *httptest.ResponseRecorder, line string) bool {
	for part, answers := range s.canned {
		if len(answers) == 0 || !strings.Contains(line, part) {
			continue
		}
		s.canned[part] = answers[1:]
		rec.Header().Set("Content-Type", "application/json; charset=utf-8")
		for k, v := range answers[0].Header {
			rec.Header().Set(k, strings.ReplaceAll(v, "$URL", s.URL))
		}
		rec.WriteHeader(answers[0].Status)
		rec.WriteString(answers[0].Body)
		return true
	}
	return false
}

// deliver sends an answer, whole or not.
func (s *Server) deliver(w http.ResponseWriter, rec *httptest.ResponseRecorder, fault ticketstest.Fault) {
	if fault == ticketstest.LostAnswer {
		c, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			s.t.Error(err)
			return
		}
		c.Close()
		return
	}
	for k, v := range rec.Header() {
		w.Header()[k] = v
	}
	data := rec.Body.Bytes()
	if fault == ticketstest.CutAnswer {
		w.Header().Set("Content-Length", strconv.Itoa(len(data)))
		data = data[:len(data)/2]
	}
	w.WriteHeader(rec.Code)
	if _, err := w.Write(data); err != nil {
		s.t.Logf("an answer was not read to its end: %v", err)
	}
}

func answer(w http.ResponseWriter, status int, v any) {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err) // the fake's own values
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	if status != http.StatusNoContent {
		fmt.Fprintf(w, "%s", data)
	}
}

func missing(w http.ResponseWriter) { answer(w, http.StatusNotFound, object{"message": "Not Found"}) }

// page answers with the page that is asked for.
func (s *Server) page(w http.ResponseWriter, r *http.Request, list []object, wrap func([]object) any) {
	q := r.URL.Query()
	key, most := "per_page", 100
	if s.Gitea {
		key, most = "limit", 50
	}
	size, n := 30, 1
	if v, err := strconv.Atoi(q.Get(key)); err == nil && v > 0 {
		size = min(v, most)
	}
	if v, err := strconv.Atoi(q.Get("page")); err == nil && v > 0 {
		n = v
	}
	from := min((n-1)*size, len(list))
	to := min(from+size, len(list))
	last := max(1, (len(list)+size-1)/size)
	if n < last {
		at := func(p int) string {
			q := r.URL.Query()
			q.Set("page", strconv.Itoa(p))
			return (&url.URL{Path: r.URL.Path, RawQuery: q.Encode()}).String()
		}
		w.Header().Set("Link", fmt.Sprintf(`<%s%s>; rel="next", <%s%s>; rel="last"`, s.URL, at(n+1), s.URL, at(last)))
	}
	part := append([]object{}, list[from:to]...)
	if wrap != nil {
		answer(w, http.StatusOK, wrap(part))
		return
	}
	answer(w, http.StatusOK, part)
}
