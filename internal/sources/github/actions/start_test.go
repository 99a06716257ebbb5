package actions_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cleat/internal/fail"
	"cleat/internal/sources/github/actions"
	"cleat/internal/systems/ci"
	"cleat/internal/systems/ci/citest"
)

// deploys is a world with workflows that declare inputs.
func deploys() *citest.World {
	w := world()
	w.Tasks = []ci.Task{
		{Name: "Deploy", Inputs: []ci.Input{
			{Name: "count", Type: "number"}, {Name: "dry_run", Type: "boolean", Default: "true"},
			{Name: "env", Type: "choice", Options: []string{"staging", "production"}, Required: true}, {Name: "note", Type: "string"},
		}},
		{Name: "CI"},
	}
	return w
}

func TestTasks(t *testing.T) {
	h := newHub(t, deploys())
	h.extra = []object{
		{"id": 1, "name": "pages build", "path": "dynamic/pages/pages-build-deployment", "state": "active"},
		{"id": 2, "name": "Old", "path": ".github/workflows/old.yml", "state": "disabled_manually"},
		{"id": 3, "name": "Gone", "path": ".github/workflows/gone.yml", "state": "deleted"},
		{"id": 4, "name": ".github/workflows/bare.yml", "path": ".github/workflows/bare.yml", "state": "active"},
		{"id": 5, "name": "Same", "path": ".github/workflows/a.yml", "state": "active"},
		{"id": 6, "name": "Same", "path": ".github/workflows/b.yaml", "state": "active"},
	}
	h.files = map[string]string{
		"main:.github/workflows/bare.yml": "on:\n  push:\njobs: {}\n",
		"main:.github/workflows/a.yml":    "on: [push, workflow_dispatch]\n",
		"main:.github/workflows/b.yaml":   "on: [push\n",
	}
	got, err := h.open().Tasks(t.Context())
	if err != nil {
		t.Fatal(fail.Show(err))
	}
	want := []ci.Task{
		{Name: "pages build", About: "dynamic/pages/pages-build-deployment", Closed: "only GitHub itself starts it"},
		{Name: "Old", About: ".github/workflows/old.yml", Closed: "it is disabled in the repository's settings of Actions"},
		{Name: "bare.yml", About: ".github/workflows/bare.yml", Closed: "its file has no workflow_dispatch"},
		{Name: "a.yml", About: ".github/workflows/a.yml"},
		{Name: "b.yaml", About: ".github/workflows/b.yaml", Closed: `the file of the workflow "b.yaml" on the default branch cannot be read: it is not YAML`},
		{Name: "Deploy", About: ".github/workflows/deploy.yml", Inputs: h.w.Tasks[0].Inputs},
		{Name: "CI", About: ".github/workflows/ci.yml"},
		{Name: "Release", About: ".github/workflows/release.yml", Closed: `the file of the workflow "Release" on the default branch cannot be read: ` +
			"there is no such branch or tag at GitHub, it has no such file, or the token lacks the permission Contents: read"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// What is not declared, or not what it takes, is refused and nothing is sent.
func TestStartRefused(t *testing.T) {
	in := func(kv ...string) map[string]string {
		m := map[string]string{"env": "staging"}
		for i := 0; i < len(kv); i += 2 {
			m[kv[i]] = kv[i+1]
		}
		return m
	}
	for _, test := range []struct {
		start ci.Start
		code  fail.Code
		says  string
	}{
		{ci.Start{Task: "Deplyo"}, fail.NotFound, `"Deploy"`},
		{ci.Start{Task: ""}, fail.NotFound, `"CI"`},
		{ci.Start{Task: "../../user"}, fail.NotFound, "no workflow"},
		{ci.Start{Task: "Release"}, fail.NotFound, "has no such file"},
		{ci.Start{Task: "pAGES"}, fail.Unsupported, "only GitHub"},
		{ci.Start{Task: "Twice"}, fail.Invalid, `"t1.yml", "t2.yml"`},
		{ci.Start{Task: "Old"}, fail.Unsupported, "disabled"},
		{ci.Start{Task: "pages"}, fail.Unsupported, "only GitHub"},
		{ci.Start{Task: "bare.yml"}, fail.Unsupported, "no workflow_dispatch"},
		{ci.Start{Task: "broken.yml"}, fail.Invalid, "not YAML"},
		{ci.Start{Task: "big.yml"}, fail.TooLarge, "bytes"},
		{ci.Start{Task: "Deploy", Args: []string{"x"}}, fail.Invalid, "takes no arguments"},
		{ci.Start{Task: "Deploy", Branch: "none", Inputs: in()}, fail.NotFound, "push this one"},
		{ci.Start{Task: "Deploy", Branch: "-x", Inputs: in()}, fail.Invalid, "no name of a branch"},
		{ci.Start{Task: "Deploy", Branch: "a\nb", Inputs: in()}, fail.Invalid, "no name of a branch"},
		{ci.Start{Task: "Deploy"}, fail.Invalid, `needs the input "env"`},
		{ci.Start{Task: "Deploy", Inputs: in("env", "")}, fail.Invalid, `"staging", "production"`},
		{ci.Start{Task: "Deploy", Inputs: in("env", "Staging")}, fail.Invalid, `"staging", "production"`},
		{ci.Start{Task: "Deploy", Inputs: in("dryrun", "true")}, fail.Invalid, `"dry_run"`},
		{ci.Start{Task: "Deploy", Inputs: in("zzzzzz", "")}, fail.Invalid, `"count", "dry_run", "env", "note"`},
		{ci.Start{Task: "Deploy", Inputs: in("dry_run", "yes")}, fail.Invalid, "true or false"},
		{ci.Start{Task: "Deploy", Inputs: in("count", "many")}, fail.Invalid, "a number"},
		{ci.Start{Task: "Deploy", Inputs: in("count", "NaN")}, fail.Invalid, "a number"},
		{ci.Start{Task: "Deploy", Inputs: in("count", "0x10")}, fail.Invalid, "a number"},
		{ci.Start{Task: "Deploy", Inputs: in("note", "a\x00b")}, fail.Invalid, "no text"},
		{ci.Start{Task: "Deploy", Inputs: in("note", "\xff")}, fail.Invalid, "no text"},
		{ci.Start{Task: "Deploy", Inputs: in("note", strings.Repeat("x", 70000))}, fail.TooLarge, "65535"},
		{ci.Start{Task: "CI", Inputs: in()}, fail.Invalid, "it declares none"},
	} {
		h := newHub(t, deploys())
		for i, name := range []string{"bare.yml", "broken.yml", "big.yml"} {
			h.extra = append(h.extra, object{"id": 10 + i, "name": ".github/workflows/" + name, "path": ".github/workflows/" + name, "state": "active"})
		}
		h.extra = append(h.extra, object{"id": 1, "name": "pages", "path": "dynamic/pages", "state": "active"},
			object{"id": 3, "name": "Twice", "path": ".github/workflows/t1.yml", "state": "active"}, object{"id": 4, "name": "Twice", "path": ".github/workflows/t2.yml", "state": "active"},
			object{"id": 2, "name": "Old", "path": ".github/workflows/old.yml", "state": "disabled_inactivity"})
		h.files = map[string]string{"main:.github/workflows/bare.yml": "on: push\n", "main:.github/workflows/broken.yml": "on: {",
			"main:.github/workflows/big.yml": strings.Repeat("# long\n", 100000)}
		_, err := h.open().Start(t.Context(), test.start)
		if f := fail.From(err); f == nil || f.Code != test.code || !strings.Contains(fail.Show(err), test.says) {
			t.Errorf("%.200v: %v, want %s and %q", test.start, err, test.code, test.says)
		}
		if n := h.sent(); n != 0 {
			t.Errorf("%.200v: %d changes were sent", test.start, n)
		}
	}
}

// A start is sent once, and the run that it made is found, however GitHub tells of it.
func TestStart(t *testing.T) {
	start := ci.Start{Task: "deploy.yml", Branch: "topic/x", Inputs: map[string]string{"env": "production", "count": "2.5", "note": "$(x) -v"}}
	id := fmt.Sprint(firstDispatched)
	for name, test := range map[string]struct {
		set  func(h *hub)
		id   string
		sent int
		note string
	}{
		"told":             {func(h *hub) {}, id, 1, ""},
		"old server":       {func(h *hub) { h.old = true }, id, 2, ""},
		"found":            {func(h *hub) { h.silent = true }, id, 1, ""},
		"found late":       {func(h *hub) { h.silent, h.slow = true, 3 }, id, 1, ""},
		"never found":      {func(h *hub) { h.silent, h.slow = true, 99 }, "", 1, "GitHub has not listed it yet"},
		"among others":     {func(h *hub) { h.silent, h.others = true, 2 }, id, 1, ""},
		"another's first":  {func(h *hub) { h.silent, h.others, h.slow = true, 1, 2 }, id, 1, ""},
		"of an app":        {func(h *hub) { h.silent, h.app = true, true }, id, 1, ""},
		"not to be told":   {func(h *hub) { h.silent, h.others, h.app = true, 2, true }, "", 1, "several were started"},
		"listing fails":    {func(h *hub) { h.silent = true; h.after("POST", canned{status: 500, body: `{}`}) }, "", 1, "listing the runs failed"},
		"told as nonsense": {func(h *hub) { h.can("/dispatches", canned{status: 200, body: `{"workflow_run_id":"x"}`}) }, "", 1, "not known"},
	} {
		h := newHub(t, deploys())
		test.set(h)
		run, err := h.open().Start(t.Context(), start)
		if err != nil {
			t.Errorf("%s: %s", name, fail.Show(err))
			continue
		}
		if run.ID != test.id || run.Task != "Deploy" || run.Branch != "topic/x" || run.Status != ci.Queued || !strings.Contains(strings.Join(run.Notes, " "), test.note) || (test.note == "") != (len(run.Notes) == 0) {
			t.Errorf("%s: %+v", name, run)
		}
		if n := h.sent(); n != test.sent {
			t.Errorf("%s: %d changes were sent", name, n)
		}
		details := `,"return_run_details":true`
		if name == "old server" {
			details = ""
		}
		want := `{"ref":"topic/x","inputs":{"count":"2.5","env":"production","note":"$(x) -v"}` + details + `}`
		if name != "told as nonsense" && (len(h.bodies) != 1 || h.bodies[0] != want) {
			t.Errorf("%s: sent %q, want %q", name, h.bodies, want)
		}
	}
	h := newHub(t, deploys())
	if _, err := h.open().Start(t.Context(), ci.Start{Task: "CI"}); err != nil || h.bodies[0] != `{"ref":"main","return_run_details":true}` {
		t.Errorf("on the default branch: %v, sent %q", err, h.bodies)
	}
}

// after cans the answer of the listing that follows the first request of that method.
func (h *hub) after(method string, a canned) {
	h.then = func(m string) {
		if m == method {
			h.cans["/runs?"] = append(h.cans["/runs?"], a)
		}
	}
}

// What GitHub refuses to start was not started; what it did with a request that it did not
// answer is not known, and it is not sent again.
func TestStartFails(t *testing.T) {
	for _, test := range []struct {
		answer canned
		code   fail.Code
		says   string
	}{
		{canned{status: 422, body: `{"message":"Workflow does not have 'workflow_dispatch' trigger"}`}, fail.Invalid, "on the default branch too"},
		{canned{status: 404, body: `{"message":"Not Found"}`}, fail.Denied, "Actions: write"},
		{canned{status: 403, body: `{"message":"Resource not accessible by personal access token"}`}, fail.Denied, "may lack a scope"},
		{canned{status: 403, header: map[string]string{"Retry-After": "60"}, body: `{"message":"You have exceeded a secondary rate limit"}`}, fail.Busy, "after 1m0s"},
		{canned{status: 429, header: map[string]string{"Retry-After": "7"}, body: `{}`}, fail.Busy, "after 7s"},
		{canned{status: 401, body: `{"message":"Bad credentials"}`}, fail.Denied, "expired or revoked"},
		{canned{status: 502, body: `{}`}, fail.UnknownOutcome, "502"},
		{canned{status: 503, header: map[string]string{"Retry-After": "1"}, body: `{}`}, fail.UnknownOutcome, "503"},
		{canned{status: -1}, fail.UnknownOutcome, "check whether it happened"},
		{canned{status: 200, header: map[string]string{"Content-Type": "text/html"}, body: `<html>login</html>`}, fail.UnknownOutcome, "not JSON"},
		{canned{status: 307, header: map[string]string{"Location": "/repositories/7/dispatches"}}, fail.Unavailable, "redirected"},
	} {
		h := newHub(t, deploys())
		h.can("/dispatches", test.answer)
		_, err := h.open().Start(t.Context(), ci.Start{Task: "CI"})
		if f := fail.From(err); f == nil || f.Code != test.code || !strings.Contains(fail.Show(err), test.says) {
			t.Errorf("%v: %s, want %s and %q", test.answer, fail.Show(err), test.code, test.says)
		}
		if n := h.sent(); n != 1 {
			t.Errorf("%v: %d changes were sent", test.answer, n)
		}
	}
}

// The search for a run that was started ends before the time of the call does.
func TestStartDeadline(t *testing.T) {
	h := newHub(t, deploys())
	h.silent, h.slow = true, 99
	r := h.open()
	var waited []time.Duration
	r.SetSleep(func(_ context.Context, d time.Duration) error { waited = append(waited, d); return nil })
	ctx, cancel := context.WithTimeout(t.Context(), 6*time.Second) // too short for 5 s and a request
	defer cancel()
	run, err := r.Start(ctx, ci.Start{Task: "CI"})
	if err != nil || run.ID != "" || len(run.Notes) != 1 {
		t.Errorf("%+v, %v", run, err)
	}
	if len(waited) == 0 || waited[len(waited)-1] > 4*time.Second {
		t.Errorf("waited %v", waited)
	}
}

func TestRerunAndCancel(t *testing.T) {
	type change func(r *actions.Runner, id string) (*ci.Run, error)
	rerun := func(r *actions.Runner, id string) (*ci.Run, error) { return r.Rerun(t.Context(), id) }
	stop := func(r *actions.Runner, id string) (*ci.Run, error) { return r.Cancel(t.Context(), id) }
	for _, test := range []struct {
		do     change
		id     string
		sent   string
		status ci.Status
		code   fail.Code
		says   string
	}{
		{rerun, "1", "rerun", ci.Queued, "", ""},
		{rerun, "2", "rerun-failed-jobs", ci.Queued, "", ""},
		{rerun, "3", "rerun-failed-jobs", ci.Queued, "", ""},
		{rerun, "acme/shop@4", "rerun", ci.Queued, "", ""},
		{rerun, "7", "", "", fail.Conflict, "ci_run op=cancel run=7"},
		{rerun, "8", "", "", fail.Conflict, "it is queued"},
		{rerun, "77", "", "", fail.NotFound, "no run 77"},
		{stop, "7", "cancel", ci.Canceled, "", ""},
		{stop, "acme/shop@8", "cancel", ci.Canceled, "", ""},
		{stop, "1", "", "", fail.Conflict, "has ended already: passed"},
		{stop, "4", "", "", fail.Conflict, "has ended already: canceled"},
		{stop, "10", "", "", fail.Conflict, "has ended already"},
		{stop, "77", "", "", fail.NotFound, "no run 77"},
	} {
		h := newHub(t, world())
		run, err := test.do(h.open(), test.id)
		if test.code != "" {
			if f := fail.From(err); f == nil || f.Code != test.code || !strings.Contains(fail.Show(err), test.says) {
				t.Errorf("%s: %v, want %s and %q", test.id, err, test.code, test.says)
			}
		} else if err != nil || run.ID != test.id || run.Status != test.status || len(run.Notes) > 1 {
			t.Errorf("%s: %+v, %v", test.id, run, err)
		}
		var posts []string
		for _, asked := range h.requests() {
			if path, ok := strings.CutPrefix(asked, "POST /repos/acme/shop/actions/runs/"); ok {
				posts = append(posts, path[strings.Index(path, "/")+1:])
			}
		}
		if strings.Join(posts, " ") != test.sent {
			t.Errorf("%s: sent %q, want %q", test.id, posts, test.sent)
		}
	}
	h := newHub(t, world())
	r := h.open()
	if _, err := stop(r, "7"); err != nil {
		t.Fatal(fail.Show(err))
	}
	if _, err := stop(r, "7"); fail.From(err).Code != fail.Conflict {
		t.Errorf("canceled twice: %v", err)
	}
	if run, err := rerun(r, "7"); err != nil || run.Attempt != 2 {
		t.Errorf("%+v, %v", run, err)
	}
}

// What GitHub took and does not show yet is told as that.
func TestNotShownYet(t *testing.T) {
	h := newHub(t, world())
	h.can("/cancel", canned{status: http.StatusAccepted, body: `{}`})
	h.can("/rerun-failed-jobs", canned{status: http.StatusCreated, body: `{}`})
	r := h.open()
	run, err := r.Cancel(t.Context(), "7")
	if err != nil || run.Status != ci.Running || len(run.Notes) != 1 {
		t.Errorf("%+v, %v", run, err)
	}
	run, err = r.Rerun(t.Context(), "2")
	if err != nil || run.Status != ci.Queued || run.Attempt != 2 || !run.Finished.IsZero() || !strings.Contains(strings.Join(run.Notes, " "), "does not show") {
		t.Errorf("%+v, %v", run, err)
	}
	h.can("/cancel", canned{status: http.StatusConflict, body: `{"message":"Cannot cancel a workflow run that is completed."}`}, canned{status: 404, body: `{"message":"Not Found"}`})
	if _, err := r.Cancel(t.Context(), "7"); fail.From(err).Code != fail.Conflict {
		t.Errorf("%v", err)
	}
	if _, err := r.Cancel(t.Context(), "7"); fail.From(err).Code != fail.Denied || !strings.Contains(fail.Show(err), "Actions: write") {
		t.Errorf("%v", err)
	}
	h.edit = func(o object) { o["conclusion"] = "startup_failure" }
	h.can("/rerun-failed-jobs", canned{status: 403, body: `{"message":"This workflow run cannot be retried"}`})
	if _, err := r.Rerun(t.Context(), "2"); fail.From(err).Code != fail.Denied || !strings.Contains(fail.Show(err), "correct the workflow's file") {
		t.Errorf("%v", err)
	}
	h.edit = nil
	h.can("/rerun-failed-jobs", canned{status: 403, body: `{"message":"Unable to retry this workflow run because it was created over a month ago"}`})
	if _, err := r.Rerun(t.Context(), "2"); fail.From(err).Code != fail.Denied || !strings.Contains(fail.Show(err), "30 days") {
		t.Errorf("%v", err)
	}
}
