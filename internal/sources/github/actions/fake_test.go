package actions_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
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
	"cleat/internal/sources/forgetest"
	"cleat/internal/sources/github/actions"
	"cleat/internal/systems/ci"
	"cleat/internal/systems/ci/citest"
)

const (
	token = "actions-token-CANARY-0123456789"
	repo  = "acme/shop"
	fork  = "mallory/shop"
)

type object = map[string]any

// A canned answer is given instead of the fake's own. Status 0 is none at all until the
// client gives up, -1 a connection that breaks.
type canned struct {
	status int
	header map[string]string
	body   string
}

// A hub is a fake of GitHub Actions, written from the published shapes of its API, that shows
// a World. Requests without the token, or that the API does not have, fail the test. Logs are
// on a second host, which fails the test if it is sent the token. Its fields are set before
// the first request.
type hub struct {
	t    *testing.T
	w    *citest.World
	url  string
	logs string // host and port

	files      map[string]string                         // of the repository, as REF:PATH; those of World.Tasks are there anyway
	extra      []object                                  // more workflows
	notes      map[int][]object                          // annotations by job
	edit       func(r object)                            // of every run that is shown
	steps      func(j citest.Job) object                 // more fields of a job
	old        bool                                      // knows no return_run_details
	silent     bool                                      // answers a dispatch with 204
	app        bool                                      // the token has no user
	others     int                                       // runs that another user starts together with ours
	slow       int                                       // listings until a dispatched run is seen
	fresh      bool                                      // jobs have ended just now
	here       func(ctx context.Context) (string, error) // the checkout's repository; repo if nil
	repository *canned                                   // the answer about the repository itself
	logBody    func(w http.ResponseWriter, job citest.Job)

	arrived chan struct{} // one for every request, as long as there is room

	mu     sync.Mutex
	then   func(method string) // called for each request, with mu held
	asked  []string
	cans   map[string][]canned
	change map[int]citest.Run // runs as they are now
	tries  map[int]int        // attempts
	bodies []string           // of dispatches
}

func newHub(t *testing.T, w *citest.World) *hub {
	h := &hub{t: t, w: w, files: map[string]string{}, notes: map[int][]object{}, cans: map[string][]canned{}, change: map[int]citest.Run{}, tries: map[int]int{},
		arrived: make(chan struct{}, 8)}
	api := httptest.NewServer(http.HandlerFunc(h.api))
	t.Cleanup(api.Close)
	h.url = api.URL
	h.logs = forgetest.Downloads(t, token, h.download)
	return h
}

// open returns a runner whose checkout is of repo, and which may also use others below acme.
func (h *hub) open() *actions.Runner {
	redact := func(_ string, text []byte) []byte {
		return bytes.ReplaceAll(text, []byte(token), []byte("[redacted]"))
	}
	hh := host.Host{
		Log: slog.New(slog.DiscardHandler), Now: time.Now, Redact: redact,
		RedactPart: func(_ string, _, part, _ []byte) []byte { return redact("", part) },
		Secret:     func(context.Context, string) (string, error) { return token, nil },
		Closed:     func() func(string) bool { return nil },
		State:      func() (*os.Root, error) { return os.OpenRoot(h.t.TempDir()) },
		Children:   &proc.Group{},
	}
	none := func(ctx context.Context, _ time.Duration) error { return context.Cause(ctx) }
	c, err := rest.New(rest.Options{Name: "GitHub", Host: hh, Sleep: none,
		Config: rest.Config{URL: h.url, Token: "env:T", Downloads: []string{h.logs}, Timeout: time.Minute}})
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() {
		if err := c.Close(); err != nil {
			h.t.Error(err)
		}
	})
	allowed := func(repo string) error {
		if strings.HasPrefix(strings.ToLower(repo), "acme/") {
			return nil
		}
		return fail.Errorf(fail.Denied, "the repository %q is outside", repo)
	}
	here := h.here
	if here == nil {
		here = func(context.Context) (string, error) { return repo, nil }
	}
	r := actions.New(c, here, allowed, hh)
	r.SetSleep(none)
	return r
}

// can answers requests whose method and URL contain part by the answers, one after the other.
func (h *hub) can(part string, answers ...canned) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.cans[part] = append(h.cans[part], answers...)
}

// requests returns what was asked so far, as METHOD PATH?QUERY, and forgets it.
func (h *hub) requests() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	asked := h.asked
	h.asked = nil
	return asked
}

// sent counts the requests that change something.
func (h *hub) sent() int {
	n := 0
	for _, r := range h.requests() {
		if !strings.HasPrefix(r, "GET ") {
			n++
		}
	}
	return n
}

func (h *hub) json(w http.ResponseWriter, status int, v any) {
	data, err := json.Marshal(v)
	if err != nil {
		h.t.Error(err)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	h.write(w, data)
}

// write writes what a client may have stopped reading.
func (h *hub) write(w http.ResponseWriter, data []byte) {
	if _, err := w.Write(data); err != nil {
		h.t.Logf("an answer was not read to its end: %v", err)
	}
}

func (h *hub) missing(w http.ResponseWriter) {
	h.json(w, http.StatusNotFound, object{"message": "Not Found", "documentation_url": "https://docs.github.com/rest", "status": "404"})
}

// api answers as api.github.com does.
func (h *hub) api(w http.ResponseWriter, r *http.Request) {
	if a := r.Header.Get("Authorization"); a != "Bearer "+token {
		h.t.Errorf("%s %s: no token, or another: %q", r.Method, r.URL.Path, a)
	}
	h.mu.Lock()
	line := r.Method + " " + r.URL.RequestURI()
	h.asked = append(h.asked, line)
	var answer *canned
	for part, answers := range h.cans {
		if len(answers) > 0 && strings.Contains(line, part) && answer == nil {
			answer, h.cans[part] = &answers[0], answers[1:]
		}
	}
	if h.then != nil {
		h.then(r.Method)
	}
	h.mu.Unlock()
	select {
	case h.arrived <- struct{}{}:
	default:
	}
	if answer != nil {
		h.say(w, r, *answer)
		return
	}
	segs := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	if r.URL.Path == "/user" {
		if h.app {
			h.json(w, http.StatusForbidden, object{"message": "Resource not accessible by integration"})
			return
		}
		h.json(w, http.StatusOK, object{"login": "me", "id": 1})
		return
	}
	if len(segs) < 3 || segs[0] != "repos" || !strings.HasPrefix(segs[1], "acme") {
		h.t.Errorf("GitHub was asked for %s", r.URL.Path)
		h.missing(w)
		return
	}
	if segs[1]+"/"+segs[2] != repo {
		h.missing(w)
		return
	}
	h.route(w, r, segs[3:])
}

// say gives a canned answer.
func (h *hub) say(w http.ResponseWriter, r *http.Request, a canned) {
	switch a.status {
	case 0:
		<-r.Context().Done()
		return
	case -1:
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	for k, v := range a.header {
		w.Header().Set(k, v)
	}
	w.WriteHeader(a.status)
	h.write(w, []byte(a.body))
}

func (h *hub) route(w http.ResponseWriter, r *http.Request, segs []string) {
	q := r.URL.Query()
	is := func(method string, pattern ...string) bool {
		for i, p := range pattern {
			if len(segs) != len(pattern) || p != "*" && p != segs[i] {
				return false
			}
		}
		return r.Method == method
	}
	switch {
	case len(segs) == 0 && h.repository != nil:
		h.say(w, r, *h.repository)
	case len(segs) == 0:
		h.json(w, http.StatusOK, object{"id": 7, "full_name": repo, "default_branch": h.w.Default})
	case is("GET", "actions", "runs"):
		h.list(w, r, "")
	case is("GET", "actions", "workflows"):
		h.workflows(w, r)
	case is("GET", "actions", "workflows", "*", "runs"):
		h.list(w, r, segs[2])
	case is("POST", "actions", "workflows", "*", "dispatches"):
		h.dispatch(w, r, segs[2])
	case is("GET", "actions", "runs", "*"):
		if run, ok := h.run(segs[2]); ok {
			h.json(w, http.StatusOK, h.show(run))
			return
		}
		h.missing(w)
	case is("GET", "actions", "runs", "*", "jobs"):
		h.jobs(w, r, segs[2])
	case r.Method == "POST" && len(segs) == 4 && segs[1] == "runs":
		h.alter(w, segs[2], segs[3])
	case is("GET", "actions", "jobs", "*", "logs"):
		h.redirect(w, segs[2])
	case is("GET", "check-runs", "*", "annotations"):
		h.known(q, "per_page", "page")
		id, err := strconv.Atoi(segs[1])
		if err != nil {
			h.t.Error(err)
		}
		h.json(w, http.StatusOK, page(h, w, r, h.notes[id]))
	case is("GET", "pulls", "*"):
		h.pull(w, segs[1])
	case r.Method == "GET" && len(segs) > 1 && segs[0] == "contents":
		h.contents(w, r, strings.Join(segs[1:], "/"))
	default:
		h.t.Errorf("GitHub has no %s %s", r.Method, r.URL.Path)
		h.missing(w)
	}
}

// known fails the test for parameters that the API does not have.
func (h *hub) known(q url.Values, names ...string) {
	for k := range q {
		if !slices.Contains(names, k) {
			h.t.Errorf("GitHub knows no parameter %s=%q there", k, q.Get(k))
		}
	}
}

// page cuts list to the page that r asks for, and links to the next one.
func page[T any](h *hub, w http.ResponseWriter, r *http.Request, list []T) []T {
	q := r.URL.Query()
	n, size := max(number(q, "page"), 1), min(cmp.Or(number(q, "per_page"), 30), 100)
	from := min((n-1)*size, len(list))
	to := min(from+size, len(list))
	if to < len(list) {
		next := url.Values{}
		maps.Copy(next, q)
		next.Set("page", strconv.Itoa(n+1))
		w.Header().Set("Link", fmt.Sprintf(`<%s%s?%s>; rel="next", <%s%s?page=99>; rel="last"`, h.url, r.URL.Path, next.Encode(), h.url, r.URL.Path))
	}
	return append([]T{}, list[from:to]...)
}

func number(q url.Values, key string) int {
	n, err := strconv.Atoi(q.Get(key))
	if err != nil {
		return 0
	}
	return n
}

// state is the status and conclusion that GitHub has for a status.
func state(s ci.Status) (status string, conclusion any) {
	switch s {
	case ci.Queued:
		return "queued", nil
	case ci.Running:
		return "in_progress", nil
	case ci.Waiting:
		return "waiting", nil
	case ci.Passed:
		return "completed", "success"
	case ci.Failed:
		return "completed", "failure"
	case ci.TimedOut:
		return "completed", "timed_out"
	case ci.Canceled:
		return "completed", "cancelled"
	case ci.Skipped:
		return "completed", "skipped"
	case ci.Interrupted:
		return "completed", "stale"
	}
	return "completed", "zebra"
}
