package actions_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"cleat/internal/fail"
	"cleat/internal/host"
	"cleat/internal/rest"
	"cleat/internal/sources/forgetest"
	"cleat/internal/sources/gitea/actions"
	"cleat/internal/systems/ci/citest"
)

const token = "gitea-CANARY-0123456789"

type object = map[string]any

// A canned is an answer given instead of the fake's own.
type canned struct {
	status int // 0 to break the connection off
	header map[string]string
	body   string
}

// A fake is a Gitea or Forgejo with one repository, written from the published shapes of their
// APIs.
type fake struct {
	t     *testing.T
	url   string
	files string // host and port of the second server, which has logs

	version  string
	without  []string // parts of requests that this version does not have
	dispatch string   // what a start answers with; "" for nothing
	name     string   // of the repository, as it is now
	world    citest.World
	steps    map[int][]object  // of jobs
	tree     map[string]string // files by path

	mu     sync.Mutex
	asked  []string
	posted []string
	canned map[string][]canned
}

func newFake(t *testing.T, version string, w citest.World) *fake {
	f := &fake{t: t, version: version, name: "acme/shop", world: w, steps: map[int][]object{}, tree: map[string]string{}, canned: map[string][]canned{}}
	mux := http.NewServeMux()
	const repo = " /api/v1/repos/acme/shop"
	for pattern, handle := range map[string]http.HandlerFunc{
		"GET /api/v1/version":                               func(w http.ResponseWriter, _ *http.Request) { f.send(w, 200, object{"version": f.version}) },
		"GET /api/v1/repos/{owner}/{repo}":                  f.repository,
		"GET" + repo + "/pulls/{n}":                         f.pull,
		"GET" + repo + "/branches/{branch...}":              f.branch,
		"GET" + repo + "/actions/runs":                      f.runs,
		"GET" + repo + "/actions/runs/{run}":                f.run,
		"GET" + repo + "/actions/runs/{run}/jobs":           f.jobs,
		"GET" + repo + "/actions/jobs/{job}/logs":           f.logs,
		"GET" + repo + "/actions/workflows":                 f.workflows,
		"GET" + repo + "/contents/{path...}":                f.contents,
		"GET" + repo + "/raw/{path...}":                     f.raw,
		"POST" + repo + "/actions/workflows/{w}/dispatches": f.start,
		"POST" + repo + "/actions/runs/{run}/{op}":          f.change,
	} {
		mux.HandleFunc(pattern, handle)
	}
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f.admit(w, r) {
			mux.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(api.Close)
	f.files = forgetest.Downloads(t, token, func(w http.ResponseWriter, r *http.Request) {
		if j := f.findJob(strings.TrimPrefix(r.URL.Path, "/logs/")); j != nil {
			fmt.Fprint(w, j.Log)
		}
	})
	f.url = api.URL
	return f
}

// open returns a runner on the fake that does not wait; the repository is called name.
func (f *fake) open(name string) *actions.Runner {
	h := host.Host{
		Log: slog.New(slog.DiscardHandler), Now: time.Now,
		Redact: func(_ string, text []byte) []byte { return bytes.ReplaceAll(text, []byte(token), []byte("[redacted]")) },
		Secret: func(context.Context, string) (string, error) { return token, nil },
	}
	c, err := rest.New(rest.Options{Name: "Gitea", Host: h, Auth: rest.TokenAuth,
		Config: rest.Config{URL: f.url, Token: "env:FORGE", Downloads: []string{f.files}},
		Sleep:  func(ctx context.Context, _ time.Duration) error { return context.Cause(ctx) }})
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() {
		if err := c.Close(); err != nil {
			f.t.Error(err)
		}
	})
	allowed := func(repo string) error {
		if strings.HasPrefix(repo, "acme/") {
			return nil
		}
		return fail.Errorf(fail.Denied, "the source may not touch %s", repo)
	}
	r := actions.New(c, func(context.Context) (string, error) { return name, nil }, allowed, h)
	actions.SetSleep(r, func(ctx context.Context, _ time.Duration) error { return context.Cause(ctx) })
	return r
}

func (f *fake) can(part string, answers ...canned) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.canned[part] = append(f.canned[part], answers...)
}

// sent returns the bodies of the writes so far, with their addresses, and forgets them.
func (f *fake) sent() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := f.posted
	f.posted = nil
	return out
}

func (f *fake) admit(w http.ResponseWriter, r *http.Request) bool {
	if a := r.Header.Get("Authorization"); a != "token "+token {
		f.t.Errorf("%s %s: no token, or another: %q", r.Method, r.URL.Path, a)
	}
	asked := r.Method + " " + r.URL.RequestURI()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, asked)
	if r.Method == http.MethodPost {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			f.t.Error(err)
		}
		f.posted = append(f.posted, strings.TrimPrefix(r.URL.RequestURI(), "/api/v1/repos/acme/shop/actions/")+" "+string(body))
	}
	for _, part := range f.without {
		if strings.Contains(asked, part) {
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, "404 page not found")
			return false
		}
	}
	for part, answers := range f.canned {
		if len(answers) == 0 || !strings.Contains(asked, part) {
			continue
		}
		f.canned[part] = answers[1:]
		if answers[0].status == 0 {
			panic(http.ErrAbortHandler)
		}
		w.Header().Set("Content-Type", "application/json")
		for k, v := range answers[0].header {
			w.Header().Set(k, v)
		}
		w.WriteHeader(answers[0].status)
		fmt.Fprint(w, answers[0].body)
		return false
	}
	return true
}

func (f *fake) send(w http.ResponseWriter, status int, v any) {
	data, err := json.Marshal(v)
	if err != nil {
		f.t.Error(err)
	}
	w.Header().Set("Content-Type", "application/json;charset=utf-8")
	w.WriteHeader(status)
	if _, err := w.Write(data); err != nil {
		f.t.Logf("an answer was not read: %v", err)
	}
}

func (f *fake) gone(w http.ResponseWriter) {
	f.send(w, 404, object{"message": "not found", "errors": nil})
}

func (f *fake) forgejo() bool { return strings.Contains(f.version, "+gitea-") }

// page cuts list to the page that is asked for, of at most 50, and links to the next one.
func (f *fake) page(w http.ResponseWriter, r *http.Request, list []object) []object {
	q := r.URL.Query()
	n, err := strconv.Atoi(q.Get("page"))
	if err != nil {
		n = 1
	}
	from := min((n-1)*50, len(list))
	to := min(from+50, len(list))
	if to < len(list) {
		next := url.Values{}
		maps.Copy(next, q)
		next.Set("page", strconv.Itoa(n+1))
		w.Header().Set("Link", fmt.Sprintf(`<%s%s?%s>; rel="next"`, f.url, r.URL.EscapedPath(), next.Encode()))
	}
	return append([]object{}, list[from:to]...)
}

func (f *fake) repository(w http.ResponseWriter, r *http.Request) {
	if name := r.PathValue("owner") + "/" + r.PathValue("repo"); name != f.name && name != "acme/old" {
		f.gone(w)
		return
	}
	f.send(w, 200, object{"full_name": f.name, "default_branch": "main"})
}

func (f *fake) pull(w http.ResponseWriter, r *http.Request) {
	for _, run := range slices.Backward(f.world.Runs) {
		if run.PR > 0 && strconv.Itoa(run.PR) == r.PathValue("n") {
			f.send(w, 200, object{"number": run.PR, "head": object{"ref": run.Branch, "sha": run.Commit}})
			return
		}
	}
	f.gone(w)
}

func (f *fake) branch(w http.ResponseWriter, r *http.Request) {
	for _, run := range slices.Backward(f.world.Runs) {
		if run.Branch == r.PathValue("branch") {
			f.send(w, 200, object{"name": run.Branch, "commit": object{"id": run.Commit}})
			return
		}
	}
	f.gone(w)
}
