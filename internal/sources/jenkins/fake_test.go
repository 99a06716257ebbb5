package jenkins

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
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cleat/internal/host"
	"cleat/internal/rest"
	"cleat/internal/systems/ci"
	"cleat/internal/systems/ci/citest"
)

const (
	user  = "me"
	token = "CANARY-0123456789"
	crumb = "CRUMB-42"
)

type object = map[string]any

// A canned is an answer given instead of the fake's own.
type canned struct {
	status int // 0 to break the connection off
	header map[string]string
	body   string
}

// A fake is a Jenkins, written from the published shapes of its API: the multibranch project
// CI and the pipeline Nightly, which get the runs of a World by their tasks.
type fake struct {
	t      *testing.T
	url    string
	prefix string // folders around the jobs, with a slash at the end

	issuer     bool // crumbs are wanted
	plain      bool // without the plugin that tells of stages
	parameters []object
	tests      map[int]string              // test reports, by run
	edit       func(run int, build object) // changes builds
	broken     int                         // bytes of a log after which the connection breaks; 0 for none

	mu     sync.Mutex
	w      *citest.World
	now    map[int]ci.Status // of runs that changed
	added  []citest.Run
	polls  int
	asked  []string
	posted []string
	canned map[string][]canned // by a part of the path
}

func newFake(t *testing.T, w *citest.World) *fake {
	f := &fake{t: t, issuer: true, w: w, now: map[int]ci.Status{}, tests: map[int]string{}, canned: map[string][]canned{}}
	for _, task := range w.Tasks {
		for _, in := range task.Inputs {
			f.parameters = append(f.parameters, declare(in))
		}
	}
	s := httptest.NewServer(http.HandlerFunc(f.serve))
	t.Cleanup(s.Close)
	f.url = s.URL
	return f
}

func declare(in ci.Input) object {
	o := object{"name": in.Name, "description": "x"}
	switch in.Type {
	case "choice":
		o["type"], o["choices"], o["defaultParameterValue"] = "ChoiceParameterDefinition", in.Options, object{"value": in.Default}
	case "boolean":
		o["type"], o["defaultParameterValue"] = "BooleanParameterDefinition", object{"value": in.Default == "true"}
	default:
		o["type"], o["defaultParameterValue"] = "StringParameterDefinition", object{"value": in.Default}
	}
	return o
}

// open returns a source of the fake.
func (f *fake) open(t *testing.T, change ...func(*Config)) *Source {
	t.Helper()
	c := Config{Config: rest.Config{URL: f.url, Token: "env:T"}, User: user, Jobs: []string{f.prefix + "CI", f.prefix + "Nightly"}}
	for _, ch := range change {
		ch(&c)
	}
	h := host.Host{
		Log: slog.New(slog.DiscardHandler), Now: time.Now,
		Redact: func(_ string, text []byte) []byte { return bytes.ReplaceAll(text, []byte(token), []byte("[redacted]")) },
		Secret: func(context.Context, string) (string, error) { return token, nil },
	}
	s, err := open(c, h, func(ctx context.Context, _ time.Duration) error { return context.Cause(ctx) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// can gives the answers, one after the other, to requests whose path has the part.
func (f *fake) can(part string, answers ...canned) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.canned[part] = append(f.canned[part], answers...)
}

func (f *fake) requests() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.asked)
}

func (f *fake) posts() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.posted)
}

func (f *fake) json(w http.ResponseWriter, v any) {
	data, err := json.Marshal(v)
	if err != nil {
		f.t.Error(err)
	}
	w.Header().Set("Content-Type", "application/json;charset=utf-8")
	w.Header().Set("X-Jenkins", "2.479.1")
	w.Write(data)
}

func (f *fake) missing(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/html;charset=iso-8859-1")
	w.WriteHeader(http.StatusNotFound)
	io.WriteString(w, "<html><head><title>Error 404 Not Found</title></head></html>")
}

func (f *fake) serve(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, r.Method+" "+r.URL.EscapedPath())
	for part, answers := range f.canned {
		if len(answers) > 0 && strings.Contains(r.URL.EscapedPath(), part) {
			f.canned[part] = answers[1:]
			a := answers[0]
			if a.status == 0 {
				panic(http.ErrAbortHandler)
			}
			for k, v := range a.header {
				w.Header().Set(k, v)
			}
			w.WriteHeader(a.status)
			io.WriteString(w, a.body)
			return
		}
	}
	if r.Header.Get("Authorization") != "Basic "+base64.StdEncoding.EncodeToString([]byte(user+":"+token)) {
		f.t.Error("a request without the credential")
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	var segs []string
	for seg := range strings.SplitSeq(strings.Trim(r.URL.EscapedPath(), "/"), "/") {
		s, err := url.PathUnescape(seg)
		if err != nil {
			f.t.Error(err)
		}
		segs = append(segs, s)
	}
	var names []string
	for len(segs) > 1 && segs[0] == "job" {
		names = append(names, segs[1])
		segs = segs[2:]
	}
	name, ok := strings.CutPrefix(strings.Join(names, "/"), f.prefix)
	if r.Method == http.MethodPost {
		f.change(w, r, name, segs)
		return
	}
	below := strings.Join(segs, "/")
	switch {
	case below == "crumbIssuer/api/json" && f.issuer:
		f.json(w, object{"_class": "hudson.security.csrf.DefaultCrumbIssuer", "crumb": crumb, "crumbRequestField": "Jenkins-Crumb"})
	case strings.HasPrefix(below, "queue/item/"):
		f.queue(w, segs[2])
	case !ok || !slices.Contains(f.names(), name):
		f.missing(w)
	case below == "api/json":
		f.job(w, r, name)
	default:
		f.build(w, r, name, segs)
	}
}

// all returns the runs, oldest first.
func (f *fake) all() []citest.Run { return append(slices.Clone(f.w.Runs), f.added...) }

// home is the name of the job that a run is of.
func home(r citest.Run) string {
	switch {
	case r.Task == "Nightly":
		return "Nightly"
	case r.PR != 0:
		return fmt.Sprintf("CI/PR-%d", r.PR)
	}
	return "CI/" + strings.ReplaceAll(r.Branch, "/", "%2F")
}

// names are those of all jobs.
func (f *fake) names() []string {
	out := []string{"CI", "Nightly", home(citest.Run{Branch: f.w.Default})}
	for _, r := range f.all() {
		if n := home(r); !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}

func (f *fake) property() []object {
	return []object{{"_class": "x"}, {"_class": "hudson.model.ParametersDefinitionProperty", "parameterDefinitions": f.parameters}}
}

func (f *fake) job(w http.ResponseWriter, r *http.Request, name string) {
	tree := r.URL.Query().Get("tree")
	if tree == "" {
		f.t.Errorf("all of %s was asked for", r.URL.Path)
	}
	var builds []object
	for _, run := range slices.Backward(f.all()) {
		if home(run) == name {
			builds = append(builds, f.show(run))
		}
	}
	last := func(builds []object) any {
		if len(builds) == 0 {
			return nil
		}
		return object{"_class": "x", "number": builds[0]["number"], "timestamp": builds[0]["timestamp"]}
	}
	if name != "CI" {
		o := object{"_class": "org.jenkinsci.plugins.workflow.job.WorkflowJob", "buildable": true, "property": f.property(), "lastBuild": last(builds)}
		if strings.HasPrefix(tree, "allBuilds[") {
			var from, to int
			if _, err := fmt.Sscanf(tree[strings.LastIndexByte(tree, '{'):], "{%d,%d}", &from, &to); err != nil {
				f.t.Errorf("%q has no range: %v", tree, err)
			}
			o["allBuilds"] = append([]object{}, builds[min(from, len(builds)):min(to, len(builds))]...)
		}
		f.json(w, o)
		return
	}
	jobs := []object{}
	for _, n := range f.names() {
		child, ok := strings.CutPrefix(n, "CI/")
		if !ok {
			continue
		}
		builds = nil
		for _, run := range slices.Backward(f.all()) {
			if home(run) == n {
				builds = append(builds, f.show(run))
			}
		}
		actions := []object{{}}
		if child == f.w.Default {
			actions = append(actions, object{"_class": "jenkins.scm.api.metadata.PrimaryInstanceMetadataAction"})
		}
		jobs = append(jobs, object{"_class": "org.jenkinsci.plugins.workflow.job.WorkflowJob", "name": child, "buildable": true, "actions": actions, "property": f.property(), "lastBuild": last(builds)})
	}
	f.json(w, object{"_class": "org.jenkinsci.plugins.workflow.multibranch.WorkflowMultiBranchProject", "jobs": jobs})
}
