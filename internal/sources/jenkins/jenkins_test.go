package jenkins

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cleat/internal/fail"
	"cleat/internal/host"
	"cleat/internal/rest"
	"cleat/internal/systems/ci"
	"cleat/internal/systems/ci/citest"
)

func began() time.Time { return time.Date(2026, 3, 4, 5, 6, 0, 0, time.UTC) }

// world is a few runs: 1 and 3 of main, 2 and 4 of other places.
func world() *citest.World {
	at := func(minutes int) time.Time { return began().Add(time.Duration(minutes) * time.Minute) }
	hash := func(s string) string { return strings.Repeat(s, 40) }
	return &citest.World{Default: "main", Runs: []citest.Run{
		{ID: 1, Task: "CI", Branch: "main", Commit: hash("a"), Status: ci.Passed, Started: at(1), Jobs: []citest.Job{{ID: 11, Name: "build", Status: ci.Passed, Log: "built\n"}}},
		{ID: 2, Task: "CI", PR: 8, Branch: "topic", Commit: hash("b"), Status: ci.Failed, Started: at(2), Jobs: []citest.Job{
			{ID: 21, Name: "build", Status: ci.Passed, Log: "built\n"}, {ID: 22, Name: "test", Status: ci.Failed, Log: "--- FAIL: TestX\nno end"}, {ID: 23, Name: "lint", Status: ci.Failed, Log: "bad\n"}}},
		{ID: 3, Task: "CI", Branch: "main", Commit: hash("c"), Status: ci.Running, Started: at(3), Jobs: []citest.Job{{ID: 31, Name: "build", Status: ci.Running, Log: "so far"}}},
		{ID: 4, Task: "Nightly", Branch: "release/1.0", Commit: hash("d"), Status: ci.Failed, Started: at(4), Jobs: []citest.Job{{ID: 41, Name: "build", Status: ci.Passed, Log: "built\n"}}},
	}}
}

// want expects an error of the code whose text has the parts, and no secrets.
func want(t *testing.T, err error, code fail.Code, parts ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("no error, want %s", code)
		return
	}
	shown := fail.Show(err)
	if fail.From(err).Code != code {
		t.Errorf("%s, want %s", shown, code)
	}
	for _, p := range parts {
		if !strings.Contains(shown, p) {
			t.Errorf("%q does not say %q", shown, p)
		}
	}
	for _, bad := range []string{token, crumb, "127.0.0.1", "<html", "Basic "} {
		if strings.Contains(shown, bad) {
			t.Errorf("%q tells %q", shown, bad)
		}
	}
}

func runIDs(t *testing.T, s *Source, q ci.Query) string {
	t.Helper()
	got, err := s.Runs(t.Context(), q)
	if err != nil {
		t.Fatal(fail.Show(err))
	}
	var out []string
	for _, r := range got.Runs {
		out = append(out, r.ID)
	}
	return strings.Join(out, " ")
}

func log(t *testing.T, s *Source, run *ci.Run, job *ci.Job) string {
	t.Helper()
	r, err := s.Log(t.Context(), run, job)
	if err != nil {
		t.Fatal(fail.Show(err))
	}
	data, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close()); err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestQueries(t *testing.T) {
	f := newFake(t, world())
	f.prefix = "my team/"
	s := f.open(t)
	for _, tc := range []struct {
		q    ci.Query
		want string
	}{
		{ci.Query{}, "my%20team/Nightly@4 my%20team/CI/main@3 my%20team/CI/PR-8@2 my%20team/CI/main@1"},
		{ci.Query{PR: "8"}, "my%20team/CI/PR-8@2"},
		{ci.Query{Branch: "main"}, "my%20team/CI/main@3 my%20team/CI/main@1"},
		{ci.Query{Branch: "release/1.0"}, "my%20team/Nightly@4"},
		{ci.Query{Task: "my team/Nightly"}, "my%20team/Nightly@4"},
		{ci.Query{Branch: "PR-8"}, ""},
		{ci.Query{Commit: strings.Repeat("b", 40)}, "my%20team/CI/PR-8@2"},
	} {
		if got := runIDs(t, s, tc.q); got != tc.want {
			t.Errorf("%+v: %s, want %s", tc.q, got, tc.want)
		}
	}
	_, err := s.Runs(t.Context(), ci.Query{Task: "my team/Nihgtly"})
	want(t, err, fail.NotFound, "did you mean", "my team/Nightly")
	run, err := s.Run(t.Context(), "my%20team/CI/PR-8@2")
	if err != nil {
		t.Fatal(fail.Show(err))
	}
	if run.PR != "8" || run.Branch != "" || run.Commit != strings.Repeat("b", 40) || run.Event != "push" {
		t.Errorf("%+v", run)
	}
}

// The builds of a hundred branches are asked for only where they may be among the newest.
func TestFewRequests(t *testing.T) {
	w := &citest.World{Default: "main"}
	for i := range 200 {
		w.Runs = append(w.Runs, citest.Run{ID: i + 1, Task: "CI", Branch: fmt.Sprintf("b%d", i%100), Commit: strings.Repeat("a", 40), Status: ci.Passed, Started: began().Add(time.Duration(i) * time.Minute)})
	}
	f := newFake(t, w)
	s := f.open(t, func(c *Config) { c.Jobs = []string{"CI"} })
	if got, want := runIDs(t, s, ci.Query{Limit: 3}), "CI/b99@200 CI/b98@199 CI/b97@198"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if n := len(f.requests()); n > 6 {
		t.Errorf("%d requests for three runs", n)
	}
}

// Builds that begin between two pages do neither hide nor double others.
func TestPagesMove(t *testing.T) {
	w := &citest.World{Default: "main"}
	add := func(i int) {
		w.Runs = append(w.Runs, citest.Run{ID: i, Task: "Nightly", Branch: "main", Commit: strings.Repeat("a", 40), Status: ci.Passed, Started: began().Add(time.Duration(i/3) * time.Minute)})
	}
	for i := 1; i <= 250; i++ {
		add(i)
	}
	f := newFake(t, w)
	s := f.open(t)
	q := ci.Query{Limit: 7}
	next, pages := 250, 0
	for {
		got, err := s.Runs(t.Context(), q)
		if err != nil {
			t.Fatal(fail.Show(err))
		}
		for _, r := range got.Runs {
			if want := fmt.Sprintf("Nightly@%d", next); r.ID != want {
				t.Fatalf("%s, want %s", r.ID, want)
			}
			next--
		}
		if got.Cursor == "" {
			break
		}
		q.Cursor = got.Cursor
		pages++
		f.mu.Lock()
		add(250 + pages)
		f.mu.Unlock()
	}
	if next != 0 {
		t.Errorf("%d runs were not listed", next)
	}
}

func TestIDs(t *testing.T) {
	f := newFake(t, world())
	s := f.open(t)
	for _, id := range []string{"Other@1", "CI/main/deeper@1", "CI/a/b/c@1", "Nightly/../CI@1", "job/CI@1", "ci@1", "CI/%6dain@1"} {
		_, err := s.Run(t.Context(), id)
		want(t, err, fail.Denied, "Nightly")
	}
	for _, id := range []string{"", "1", "@1", "CI@", "CI@0", "CI@01", "CI@-1", "CI@1e3", "CI@99999999999999999999", "CI/%zz@1"} {
		if _, err := s.Run(t.Context(), id); fail.From(err).Code != fail.NotFound && fail.From(err).Code != fail.Denied {
			t.Errorf("%q: %v", id, err)
		}
	}
	for _, id := range []string{"CI/..@1", "CI/.@1", "CI/%2E%2E@1", "CI/%252e%252e@1", "CI/a%2F..%2F..@1"} {
		if run, err := s.Run(t.Context(), id); err == nil {
			t.Errorf("%q is %+v", id, run)
		}
	}
	if asked := f.requests(); len(asked) > 0 {
		t.Errorf("Jenkins was asked %q", asked)
	}
}

// FuzzPlace: what is read as an id is written as the same one, and never leads out of the
// configured jobs.
func FuzzPlace(f *testing.F) {
	for _, s := range []string{"CI@1", "a/b/main@2", "a/b/feature%252Fx@3", "CI/..@1", "CI/%2e%2e@4", "a%2Fb@5", "CI@@6"} {
		f.Add(s)
	}
	s := &Source{jobs: []string{"CI", "a/b"}}
	f.Fuzz(func(t *testing.T, id string) {
		p, err := s.place(id)
		if err != nil {
			return
		}
		path, err := p.path()
		if err != nil {
			t.Fatalf("%q has no path: %v", id, err)
		}
		if p.id() != id || !strings.HasPrefix(path, "/job/CI/") && !strings.HasPrefix(path, "/job/a/job/b/") || strings.Contains(path, "/../") {
			t.Errorf("%q is %q at %q", id, p.id(), path)
		}
	})
}

func TestStages(t *testing.T) {
	f := newFake(t, world())
	s := f.open(t)
	show := func(id string) string {
		t.Helper()
		run, err := s.Run(t.Context(), id)
		if err != nil {
			t.Fatal(fail.Show(err))
		}
		var out []string
		for i, j := range run.Jobs {
			out = append(out, fmt.Sprintf("%s %s %s %q", j.ID, j.Name, j.Status, log(t, s, run, &run.Jobs[i])))
		}
		return strings.Join(out, "; ")
	}
	expect := func(id, want string) {
		t.Helper()
		if diff := cmp.Diff(want, show(id)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", id, diff)
		}
	}
	expect("CI/PR-8@2", `21 build passed "built\n"; 22 test failed "--- FAIL: TestX\nno end"; 23 lint failed "bad\n"`)
	// No stage failed, but the run did: the console says why.
	expect("Nightly@4", `41 build passed "built\n"; console console failed "built\n"`)
	f.mu.Lock()
	f.plain = true // freestyle jobs, and servers without the plugin
	f.mu.Unlock()
	expect("CI/main@3", `console CI running "so far"`)
	expect("CI/PR-8@2", `console CI failed "built\n--- FAIL: TestX\nno endbad\n"`)
}

func TestStatus(t *testing.T) {
	for _, tc := range []struct {
		b    build
		want ci.Status
		said string
	}{
		{build{Result: "SUCCESS"}, ci.Passed, ""},
		{build{Result: "UNSTABLE"}, ci.Failed, ""},
		{build{Result: "FAILURE"}, ci.Failed, ""},
		{build{Result: "FAILURE", Building: true}, ci.Running, ""},
		{build{Building: true}, ci.Running, ""},
		{build{Result: "ABORTED"}, ci.Canceled, ""},
		{build{Result: "ABORTED", Actions: []action{{Causes: []cause{{"org.jenkinsci.plugins.workflow.steps.TimeoutStepExecution$ExceededTimeout"}}}}}, ci.TimedOut, ""},
		{build{Result: "NOT_BUILT"}, ci.Skipped, ""},
		{build{Result: "ZEBRA"}, ci.Unknown, "ZEBRA"},
		{build{}, ci.Unknown, ""},
	} {
		if got, said := tc.b.status(); got != tc.want || said != tc.said {
			t.Errorf("%+v: %s %q, want %s %q", tc.b, got, said, tc.want, tc.said)
		}
	}
}

func TestFaults(t *testing.T) {
	const run = "CI/main@1"
	html := map[string]string{"Content-Type": "text/html"}
	ask := func(s *Source) error { _, err := s.Run(t.Context(), run); return err }
	for _, tc := range []struct {
		name   string
		answer []canned
		code   fail.Code // "" for none
		parts  []string
	}{
		{"expired token", []canned{{401, html, "<html>CANARY-0123456789"}}, fail.Denied, []string{"expired", "token"}},
		{"no permission", []canned{{403, html, "me is missing the Job/Read permission"}}, fail.Denied, nil},
		{"gone", []canned{{404, html, "<html>"}}, fail.NotFound, []string{"no run CI/main@1", "may not see"}},
		{"rate limit, once", []canned{{429, map[string]string{"Retry-After": "1"}, ""}}, "", nil},
		{"rate limit", []canned{{429, map[string]string{"Retry-After": "3600"}, ""}}, fail.Busy, []string{"retry:"}},
		{"restarting, once", []canned{{503, html, "<html>Please wait"}}, "", nil},
		{"fault", []canned{{500, html, "<html>Oops CANARY-0123456789"}}, fail.Unavailable, nil},
		{"broken off, once", []canned{{0, nil, ""}}, "", nil},
		{"login page", []canned{{200, html, "<html>Sign in"}}, fail.Unavailable, []string{"not JSON"}},
		{"to a login elsewhere", []canned{{302, map[string]string{"Location": "https://login.example.com/?from=x"}, ""}}, fail.Denied, []string{"another host"}},
		{"half of it", []canned{{200, map[string]string{"Content-Type": "application/json"}, `{"number":1,`}}, fail.Unavailable, nil},
		{"not a build", []canned{{200, map[string]string{"Content-Type": "application/json"}, `{"_class":"x"}`}}, fail.Unavailable, []string{"no build"}},
		{"another type", []canned{{200, map[string]string{"Content-Type": "application/json"}, `{"number":"1"}`}}, fail.Unavailable, nil},
		{"deep", []canned{{200, map[string]string{"Content-Type": "application/json"}, strings.Repeat("[", 100_000)}}, fail.Unavailable, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := newFake(t, world())
			f.can("/1/api/json", tc.answer...)
			err := ask(f.open(t))
			if tc.code == "" {
				if err != nil {
					t.Error(fail.Show(err))
				}
				return
			}
			want(t, err, tc.code, tc.parts...)
		})
	}
}

// A log whose connection breaks is an error, not a shorter log.
func TestBrokenLog(t *testing.T) {
	f := newFake(t, world())
	f.w.Runs[0].Jobs[0].Log = strings.Repeat("a line\n", 10_000)
	f.broken = 5000
	s := f.open(t)
	run, err := s.Run(t.Context(), "CI/main@1")
	if err != nil {
		t.Fatal(fail.Show(err))
	}
	for _, id := range []string{console, "11"} {
		r, err := s.Log(t.Context(), run, &ci.Job{ID: id, Status: ci.Passed})
		if err == nil {
			_, err = io.Copy(io.Discard, r)
			err = errors.Join(err, r.Close())
		}
		want(t, err, fail.Unavailable)
	}
	f.can("consoleText", canned{200, map[string]string{"Content-Type": "text/html"}, "<html>Sign in"})
	_, err = s.Log(t.Context(), run, &ci.Job{ID: console, Status: ci.Passed})
	want(t, err, fail.Unavailable, "type")
}

func TestConfig(t *testing.T) {
	good := Config{Config: rest.Config{URL: "https://ci.example.com/jenkins", Token: "env:T"}, Jobs: []string{"a/b c", "d"}}
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
	for key, change := range map[string]func(*Config){
		"url:":  func(c *Config) { c.URL = "http://ci.example.com" },
		"user:": func(c *Config) { c.User = "me:too" },
		"jobs:": func(c *Config) { c.Jobs = nil },
	} {
		c := good
		change(&c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("%s %v", key, err)
		}
		if _, err := Open(t.Context(), c, host.Host{}); fail.From(err).Code != fail.Invalid {
			t.Errorf("%s %v", key, err)
		}
	}
	for _, jobs := range [][]string{{"a", "a"}, {""}, {"a/"}, {"/a"}, {"a/../b"}, {"%2e%2e"}, {"a\nb"}} {
		c := good
		c.Jobs = jobs
		if err := c.Validate(); err == nil {
			t.Errorf("%q is right", jobs)
		}
	}
	if name, value := basic("")("me:secret"); name != "Authorization" || value != "Basic bWU6c2VjcmV0" {
		t.Errorf("%s: %s", name, value)
	}
}

// A context that ends while a log is read ends the reading.
func TestLogEnds(t *testing.T) {
	f := newFake(t, world())
	f.w.Runs[0].Jobs[0].Log = strings.Repeat("a line\n", 1<<20)
	s := f.open(t)
	run, err := s.Run(t.Context(), "CI/main@1")
	if err != nil {
		t.Fatal(fail.Show(err))
	}
	ctx, end := context.WithCancel(t.Context())
	r, err := s.Log(ctx, run, &run.Jobs[0])
	if err != nil {
		t.Fatal(fail.Show(err))
	}
	end()
	if _, err := io.Copy(io.Discard, r); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
}
