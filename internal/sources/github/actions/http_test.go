package actions_test

import (
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"cleat/internal/fail"
	"cleat/internal/sources/github/actions"
	"cleat/internal/systems/ci"
	"cleat/internal/systems/ci/citest"
)

// calls are all that a runner can be asked, and a part of the request that it then makes.
func calls(t *testing.T) map[string]func(r *actions.Runner) error {
	return map[string]func(r *actions.Runner) error{
		"/actions/runs?":       func(r *actions.Runner) error { _, err := r.Runs(t.Context(), ci.Query{}); return err },
		"/workflows/1000/runs": func(r *actions.Runner) error { _, err := r.Runs(t.Context(), ci.Query{Task: "Deploy"}); return err },
		"/pulls/7":             func(r *actions.Runner) error { _, err := r.Runs(t.Context(), ci.Query{PR: "7"}); return err },
		"/actions/runs/1":      func(r *actions.Runner) error { _, err := r.Run(t.Context(), "1"); return err },
		"/actions/runs/1/jobs": func(r *actions.Runner) error { _, err := r.Run(t.Context(), "1"); return err },
		"/annotations": func(r *actions.Runner) error {
			_, err := r.Failures(t.Context(), &ci.Run{ID: "1"}, &ci.Job{ID: "101"})
			return err
		},
		"/actions/workflows?": func(r *actions.Runner) error { _, err := r.Tasks(t.Context()); return err },
		"/runs/2":             func(r *actions.Runner) error { _, err := r.Rerun(t.Context(), "2"); return err },
		"/runs/7":             func(r *actions.Runner) error { _, err := r.Cancel(t.Context(), "7"); return err },
		"GET /repos/acme/shop ": func(r *actions.Runner) error {
			_, err := r.Start(t.Context(), ci.Start{Task: "Deploy"})
			return err
		},
	}
}

// What goes wrong on the way is told as what it is, by every call, without the token or
// what a body says beyond its message.
func TestAnswersThatFail(t *testing.T) {
	for _, test := range []struct {
		answer canned
		code   fail.Code
		says   string
	}{
		{canned{status: 401, body: `{"message":"Bad credentials"}`}, fail.Denied, "expired or revoked"},
		{canned{status: 403, body: `{"message":"Resource not accessible by personal access token"}`}, fail.Denied, ""},
		{canned{status: 403, header: map[string]string{"Retry-After": "1200"}, body: `{"message":"You have exceeded a secondary rate limit"}`}, fail.Busy, "after 20m"},
		{canned{status: 429, header: map[string]string{"Retry-After": "1200"}, body: `{}`}, fail.Busy, "after 20m"},
		{canned{status: 403, header: map[string]string{"X-Ratelimit-Remaining": "0", "X-Ratelimit-Reset": "600"}, body: `{"message":"API rate limit exceeded"}`}, fail.Busy, "after 10m"},
		{canned{status: 500, body: `{"message":"` + token + `"}`}, fail.Unavailable, "500"},
		{canned{status: 200, header: map[string]string{"Content-Type": "text/html"}, body: "<html>CANARY</html>"}, fail.Unavailable, "not JSON"},
		{canned{status: 200, body: `{"id":1,"status":"comple`}, fail.Unavailable, "unexpected response"},
		{canned{status: 200, body: `null`}, fail.Unavailable, "unexpected response"},
		{canned{status: 200, body: `{"id":"CANARY","number":"CANARY","jobs":7,"workflows":7,"workflow_runs":7,"default_branch":7}`}, fail.Unavailable, "unexpected response"},
		{canned{status: 302, header: map[string]string{"Location": "https://evil.example/x"}}, fail.Denied, "another host"},
	} {
		for part, call := range calls(t) {
			h := newHub(t, deploys())
			h.can(strings.TrimSuffix(part, " "), test.answer)
			if strings.HasSuffix(part, " ") { // the repository alone, which other requests begin with
				h.cans = map[string][]canned{}
				h.repository = &test.answer
			}
			err := call(h.open())
			shown := fail.Show(err)
			if err == nil || fail.From(err).Code != test.code || !strings.Contains(shown, test.says) || strings.Contains(shown, "CANARY") {
				t.Errorf("%s answers %v: %s", part, test.answer, shown)
			}
		}
	}
}

// A service that fails for a moment is asked again, for what reads.
func TestAskedAgain(t *testing.T) {
	for part, call := range calls(t) {
		if strings.HasSuffix(part, " ") {
			continue
		}
		h := newHub(t, deploys())
		h.can("GET ", canned{status: 502, body: `{}`}, canned{status: 429, header: map[string]string{"Retry-After": "1"}, body: `{}`}, canned{status: -1})
		if err := call(h.open()); err != nil {
			t.Errorf("%s: %s", part, fail.Show(err))
		}
	}
	h := newHub(t, world())
	h.can("POST ", canned{status: -1})
	if _, err := h.open().Cancel(t.Context(), "7"); fail.From(err).Code != fail.UnknownOutcome || h.sent() != 1 {
		t.Errorf("a change whose answer was lost: %v", err)
	}
}

// Next pages are on GitHub alone, and come to an end.
func TestNextPages(t *testing.T) {
	for part, call := range calls(t) {
		for link, code := range map[string]fail.Code{
			`<https://evil.example/x?page=2>; rel="next"`: fail.Denied,
			`</x?page=1>; rel="next"`:                     "",
			`</x?page=two>; rel="next"`:                   "",
		} {
			body := ""
			switch {
			case strings.Contains(part, "jobs"):
				body = `{"total_count":0,"jobs":[]}`
			case strings.Contains(part, "runs?"), strings.Contains(part, "1000/runs"):
				body = `{"workflow_runs":[]}`
			case strings.Contains(part, "annotations"):
				body = `[]`
			case strings.Contains(part, "workflows?"):
				body = `{"workflows":[]}`
			default:
				continue
			}
			h := newHub(t, deploys())
			h.can(part, canned{status: 200, header: map[string]string{"Link": link}, body: body})
			if err := call(h.open()); (err == nil) != (code == "") || err != nil && fail.From(err).Code != code {
				t.Errorf("%s with %s: %v", part, link, err)
			}
		}
	}
	// Empty pages without end.
	h := newHub(t, world())
	for range 40 {
		h.can("/actions/runs?", canned{status: 200, header: map[string]string{"Link": fmt.Sprintf(`</x?page=%d>; rel="next"`, 2+len(h.cans["/actions/runs?"]))}, body: `{"workflow_runs":[]}`})
	}
	if page, err := h.open().Runs(t.Context(), ci.Query{}); err != nil || page.Cursor != "" || len(h.requests()) != 10 {
		t.Errorf("%+v, %v", page, err)
	}
}

// Calls at once do not mix, and leave nothing behind. A log may be larger than other
// answers.
func TestTogether(t *testing.T) {
	const size = 32 << 20
	h := newHub(t, deploys())
	h.logBody = func(w http.ResponseWriter, j citest.Job) {
		line := []byte(fmt.Sprintf("%063d\n", j.ID))
		for n := 0; n < size; n += len(line) {
			if _, err := w.Write(line); err != nil {
				return
			}
		}
	}
	r := h.open()
	if _, err := r.Runs(t.Context(), ci.Query{}); err != nil {
		t.Fatal(fail.Show(err))
	}
	before := runtime.NumGoroutine()
	var wg sync.WaitGroup
	for i := range 12 {
		wg.Go(func() {
			id := fmt.Sprint(1 + i%2)
			run, err := r.Run(t.Context(), id)
			if err != nil || run.ID != id || run.Jobs[0].ID != fmt.Sprint(101+i%2) {
				t.Errorf("%+v, %v", run, err)
				return
			}
			if _, err := r.Tasks(t.Context()); err != nil {
				t.Error(fail.Show(err))
			}
			if i > 1 {
				return
			}
			log, err := r.Log(t.Context(), run, &run.Jobs[0])
			if err != nil {
				t.Error(fail.Show(err))
				return
			}
			n, err := io.Copy(io.Discard, log)
			if n != size || err != nil {
				t.Errorf("%d bytes, %v", n, err)
			}
			if err := log.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for end := time.Now().Add(20 * time.Second); runtime.NumGoroutine() > before+24; { // idle connections of client and servers have some
		if time.Now().After(end) {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
		}
		runtime.Gosched()
	}
}
