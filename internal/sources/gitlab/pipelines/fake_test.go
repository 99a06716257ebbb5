package pipelines_test

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
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"cleat/internal/fail"
	"cleat/internal/host"
	"cleat/internal/rest"
	"cleat/internal/sources/forgetest"
	"cleat/internal/sources/gitlab/pipelines"
	"cleat/internal/systems/ci"
	"cleat/internal/systems/ci/citest"
)

const token = "gitlab-token-CANARY-0123456789"

type object = map[string]any

// A canned is an answer given instead of the fake's own.
type canned struct {
	status int // 0 to break the connection off
	header map[string]string
	body   string
}

// A fake is a GitLab with one project, written from the published shapes of its API.
type fake struct {
	t     *testing.T
	url   string
	files string // host and port of the second server, which has logs

	name    string            // of the project, as it is now
	world   citest.World      // its pipelines
	bridges map[int][]object  // by pipeline
	extra   map[int]object    // keys of pipelines, by their ids
	jobKeys map[int]object    // keys of jobs, by their ids
	reports map[int]string    // test reports, by pipeline
	config  map[string]string // CI files, by branch
	version string

	mu     sync.Mutex
	asked  []string
	posted []string // bodies
	canned map[string][]canned
}

func newFake(t *testing.T, w citest.World) *fake {
	f := &fake{t: t, name: "acme/sub/shop", world: w, bridges: map[int][]object{}, extra: map[int]object{}, jobKeys: map[int]object{},
		reports: map[int]string{}, config: map[string]string{}, version: "18.1.0-ee", canned: map[string][]canned{}}
	if f.world.Default == "" {
		f.world.Default = "main"
	}
	mux := http.NewServeMux()
	for pattern, handle := range map[string]http.HandlerFunc{
		"GET /api/v4/version":                                        func(w http.ResponseWriter, _ *http.Request) { f.send(w, 200, object{"version": f.version}) },
		"GET /api/v4/projects/{id}":                                  f.project,
		"GET /api/v4/projects/7/pipelines":                           f.list,
		"GET /api/v4/projects/7/merge_requests":                      f.requests,
		"GET /api/v4/projects/7/merge_requests/{iid}":                f.request,
		"GET /api/v4/projects/7/merge_requests/{iid}/pipelines":      f.requestPipelines,
		"GET /api/v4/projects/7/pipelines/{pid}":                     f.one,
		"GET /api/v4/projects/7/pipelines/{pid}/jobs":                f.jobs,
		"GET /api/v4/projects/7/pipelines/{pid}/bridges":             f.listBridges,
		"GET /api/v4/projects/7/pipelines/{pid}/test_report":         f.report,
		"GET /api/v4/projects/7/pipelines/{pid}/test_report_summary": f.report,
		"GET /api/v4/projects/7/jobs/{jid}":                          f.job,
		"GET /api/v4/projects/7/jobs/{jid}/trace":                    f.trace,
		"GET /api/v4/projects/7/repository/files/{file}/raw":         f.file,
		"POST /api/v4/projects/7/pipeline":                           f.create,
		"POST /api/v4/projects/7/pipelines/{pid}/{op}":               f.change,
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
		if id, err := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/logs/")); err == nil {
			_, j := f.findJob(id)
			fmt.Fprint(w, j.Log)
		}
	})
	f.url = api.URL
	return f
}

// open returns a runner on the fake; the project is called name.
func (f *fake) open(name string) *pipelines.Runner {
	h := host.Host{
		Log: slog.New(slog.DiscardHandler), Now: time.Now,
		Redact: func(_ string, text []byte) []byte { return bytes.ReplaceAll(text, []byte(token), []byte("[redacted]")) },
		Secret: func(context.Context, string) (string, error) { return token, nil },
	}
	c, err := rest.New(rest.Options{Name: "GitLab", Host: h, Config: rest.Config{URL: f.url, Token: "env:FORGE", Downloads: []string{f.files}},
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
		if strings.HasPrefix(repo, "acme/") {
			return nil
		}
		return fail.Errorf(fail.Denied, "the source may not touch %s", repo)
	}
	return pipelines.New(c, func(context.Context) (string, error) { return name, nil }, allowed, h)
}

// can answers requests whose method and URI contain part by the canned answers, one after the
// other.
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

// count returns how many requests so far contained part.
func (f *fake) count(part string) (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, a := range f.asked {
		if strings.Contains(a, part) {
			n++
		}
	}
	return n
}

func (f *fake) admit(w http.ResponseWriter, r *http.Request) bool {
	if a := r.Header.Get("Authorization"); a != "Bearer "+token {
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
		f.posted = append(f.posted, strings.TrimPrefix(r.URL.Path, "/api/v4/projects/7/")+" "+string(body))
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
	from := min((n-1)*size, len(list))
	to := min(from+size, len(list))
	if to < len(list) {
		next := url.Values{}
		maps.Copy(next, q)
		next.Set("page", strconv.Itoa(n+1))
		w.Header().Set("Link", fmt.Sprintf(`<%s%s?%s>; rel="next"`, f.url, r.URL.EscapedPath(), next.Encode()))
	}
	f.send(w, 200, append([]object{}, list[from:to]...))
}

func (f *fake) project(w http.ResponseWriter, r *http.Request) {
	if id := r.PathValue("id"); id != f.name && id != "acme/old" && id != "7" {
		f.gone(w)
		return
	}
	f.send(w, 200, object{"id": 7, "path_with_namespace": f.name, "default_branch": f.world.Default, "ci_config_path": nil})
}

func word(s ci.Status) string {
	switch s {
	case ci.Passed:
		return "success"
	case ci.TimedOut, ci.Interrupted:
		return "failed"
	case ci.Queued:
		return "pending"
	case ci.Waiting:
		return "manual"
	case ci.Unknown:
		return "strange_\x1b[31mword"
	}
	return string(s)
}

func (f *fake) pipeline(run citest.Run) object {
	ref, source := run.Branch, "push"
	if run.PR > 0 {
		ref, source = fmt.Sprintf("refs/merge-requests/%d/head", run.PR), "merge_request_event"
	}
	o := object{"id": run.ID, "iid": run.ID - 100, "project_id": 7, "name": nil, "sha": run.Commit, "ref": ref, "status": word(run.Status), "source": source,
		"created_at": run.Started, "updated_at": run.Started.Add(time.Minute), "started_at": run.Started, "finished_at": nil, "yaml_errors": nil,
		"web_url": f.url + "/" + f.name + "/-/pipelines/" + strconv.Itoa(run.ID)}
	if run.Task != "" {
		o["name"] = run.Task
	}
	maps.Copy(o, f.extra[run.ID])
	return o
}
