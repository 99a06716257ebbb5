package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// serveFake serves what the file "fake" of a golden session lists, and returns its
// address. A line "METHOD PATH" is followed by a line "STATUS BODY" and by the headers
// "Name: value" of the answer, if any; an empty line ends it. A request that is not
// listed fails the test.
func serveFake(t testing.TB, list string) string {
	type answer struct {
		status  int
		body    string
		headers [][2]string
	}
	answers := map[string]answer{}
	for _, block := range strings.Split(strings.TrimSpace(list), "\n\n") {
		lines := strings.Split(block, "\n")
		if len(lines) < 2 {
			t.Fatalf("fake: no answer to %q", block)
		}
		a := answer{headers: [][2]string{{"Content-Type", "application/json"}}}
		if _, err := fmt.Sscanf(lines[1], "%d", &a.status); err != nil {
			t.Fatalf("fake: %q does not begin with a status", lines[1])
		}
		_, a.body, _ = strings.Cut(lines[1], " ")
		for _, h := range lines[2:] {
			name, value, ok := strings.Cut(h, ": ")
			if !ok {
				t.Fatalf("fake: %q is no header", h)
			}
			a.headers = append(a.headers, [2]string{name, value})
		}
		answers[lines[0]] = a
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, ok := answers[r.Method+" "+r.URL.RequestURI()]
		if !ok {
			t.Errorf("the fake server was asked for %s %s, which it does not list", r.Method, r.URL.RequestURI())
			http.NotFound(w, r)
			return
		}
		for _, h := range a.headers {
			w.Header().Set(h[0], h[1])
		}
		w.WriteHeader(a.status)
		fmt.Fprint(w, a.body)
	}))
	t.Cleanup(s.Close)
	return s.URL
}
