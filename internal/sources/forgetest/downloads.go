package forgetest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"cleat/internal/fail"
	"cleat/internal/systems/ci"
)

// Downloads starts a host that an API sends downloads to, and returns its host and port. A
// request with a credential fails the test. A path /gone/STATUS is answered with that status.
func Downloads(t *testing.T, token string, handle http.HandlerFunc) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name := range r.Header {
			if name == "Authorization" || name == "Cookie" || strings.Contains(strings.ToLower(name), "token") {
				t.Errorf("a credential was sent to another host, as %s", name)
			}
		}
		if strings.Contains(fmt.Sprint(r.Header, r.URL), token) {
			t.Error("the token was sent to another host")
		}
		if status, ok := strings.CutPrefix(r.URL.Path, "/gone/"); ok {
			if n, err := strconv.Atoi(status); err == nil {
				w.WriteHeader(n)
			}
			fmt.Fprint(w, "<Error><Code>AuthenticationFailed</Code><Message>SIGNATURE</Message></Error>")
			return
		}
		handle(w, r)
	}))
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://")
}

// CheckExpired asks for the log of a job that has ended: its host, that of Downloads, does not
// have it any more, whichever way it says so. redirect makes the API send the next request for
// a log to a URL.
func CheckExpired(t *testing.T, r ci.Runner, run *ci.Run, job *ci.Job, files string, redirect func(to string)) {
	t.Helper()
	for _, status := range []int{http.StatusForbidden, http.StatusNotFound, http.StatusGone} {
		redirect(fmt.Sprintf("http://%s/gone/%d?sig=SIGNED", files, status))
		_, err := r.Log(t.Context(), run, job)
		if err == nil {
			t.Errorf("a log that another host answers %d for was opened", status)
			continue
		}
		e, said := fail.From(err), fail.Show(err)
		if e.Code != fail.NotFound || !strings.Contains(said, "expired") || e.Next == "" || strings.Contains(said, "SIGN") {
			t.Errorf("another host answers %d: %s", status, said)
		}
	}
}
