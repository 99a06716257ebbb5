package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

// An answer is what the fake server says to one request.
type answer struct {
	request  string // METHOD PATH
	contains []string
	status   int
	body     string
	headers  [][2]string
	given    bool
}

// fits reports whether the answer is for a request with the body.
func (a *answer) fits(request, body string) bool {
	return a.request == request && !slices.ContainsFunc(a.contains, func(s string) bool { return !strings.Contains(body, s) })
}

// serveFake serves what the file "fake" of a golden session lists, and returns its
// address. A line "METHOD PATH" is followed by a line "contains TEXT" for each text that the
// body of the request has to have, if any, by a line "STATUS BODY", where $FAKE stands for
// the address, and by the headers "Name: value" of the answer, if any; an empty line ends
// it. Where several answers fit a request they are given in their order, and the last of
// them from then on. A request that none fits fails the test.
func serveFake(t testing.TB, list string) string {
	var answers []*answer
	for _, block := range strings.Split(strings.TrimSpace(list), "\n\n") {
		lines := strings.Split(block, "\n")
		a := &answer{request: lines[0], headers: [][2]string{{"Content-Type", "application/json"}}}
		for lines = lines[1:]; len(lines) > 0 && strings.HasPrefix(lines[0], "contains "); lines = lines[1:] {
			a.contains = append(a.contains, strings.TrimPrefix(lines[0], "contains "))
		}
		if len(lines) == 0 {
			t.Fatalf("fake: no answer to %q", block)
		}
		if _, err := fmt.Sscanf(lines[0], "%d", &a.status); err != nil {
			t.Fatalf("fake: %q does not begin with a status", lines[0])
		}
		_, a.body, _ = strings.Cut(lines[0], " ")
		for _, h := range lines[1:] {
			name, value, ok := strings.Cut(h, ": ")
			if !ok {
				t.Fatalf("fake: %q is no header", h)
			}
			a.headers = append(a.headers, [2]string{name, value})
		}
		answers = append(answers, a)
	}
	var mu sync.Mutex // guards given
	pick := func(request, body string) *answer {
		mu.Lock()
		defer mu.Unlock()
		var last *answer
		for _, a := range answers {
			if !a.fits(request, body) {
				continue
			}
			if last = a; !a.given {
				a.given = true
				break
			}
		}
		return last
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // the client has gone
		}
		a := pick(r.Method+" "+r.URL.RequestURI(), string(body))
		if a == nil {
			t.Errorf("the fake server was asked for %s %s, which it does not list, with the body %q", r.Method, r.URL.RequestURI(), body)
			http.NotFound(w, r)
			return
		}
		for _, h := range a.headers {
			w.Header().Set(h[0], h[1])
		}
		w.WriteHeader(a.status)
		fmt.Fprint(w, strings.ReplaceAll(a.body, "$FAKE", "http://"+r.Host))
	}))
	t.Cleanup(s.Close)
	return s.URL
}
