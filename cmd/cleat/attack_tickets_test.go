package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// forgeToken is the token that cleat has for a forge.
const forgeToken = "canary-horse-battery-staple-0815"

// forgeFiles configures a forge of the kind as the source called gh, which may be written to.
func forgeFiles(kind, url string) string {
	return "-- user.toml --\n[sources.gh]\nkind = \"" + kind + "\"\nurl = \"" + url + "\"\ntoken = \"env:FORGE\"\nrepos = [\"acme/shop\"]\n\n" +
		"[policy]\nallow = [\"ticket_write(source=gh)\"]\n-- env --\nFORGE=" + forgeToken + "\n-- a.txt --\na\n"
}

// A forge is a server that speaks as much of GitHub's API and of GitLab's as tickets need, and
// remembers what it was asked. Every issue of it has the same texts.
type forge struct {
	*httptest.Server

	mu     sync.Mutex
	issues []map[string]any
	asked  []string // METHOD URI BODY
	tokens []string // headers that carry one

	kind  string // "github" or "gitlab"
	texts string // stands in every field of every issue
	// before answers in place of the forge, where it is not nil and returns true.
	before func(w http.ResponseWriter, r *http.Request) bool
	// after may spoil the answer to a create, once the issue is made.
	after func(w http.ResponseWriter) bool
}

func newForge(t *testing.T, kind string) *forge {
	h := &forge{kind: kind, texts: "Login"}
	h.Server = httptest.NewServer(h)
	t.Cleanup(h.Close)
	h.add("Login fails", "## Steps\n\none\n")
	return h
}

// add makes an issue.
func (h *forge) add(title, body string) map[string]any {
	n := len(h.issues) + 1
	user := map[string]any{"login": "ann " + h.texts, "username": "ann " + h.texts, "name": h.texts, "id": 4}
	i := map[string]any{
		"id": 1000 + n, "number": n, "iid": n, "project_id": 7, "title": title, "body": body, "description": body, "user": user, "author": user,
		"created_at": "2020-03-01T09:00:00Z", "updated_at": fmt.Sprintf("2020-03-01T09:00:%02dZ", n), "comments": 1, "user_notes_count": 1,
		"html_url": h.URL + "/acme/shop/issues/" + fmt.Sprint(n), "web_url": h.URL + "/acme/shop/-/issues/" + fmt.Sprint(n), "author_association": "NONE",
		"assignees": []any{user}, "milestone": map[string]any{"number": 1, "id": 1, "title": "milestone " + h.texts}, "type": map[string]any{"name": "type " + h.texts},
		"labels": []any{map[string]any{"id": 1, "name": "label " + h.texts}}, "state": "open", "repository_url": h.URL + "/repos/acme/shop",
		"references": map[string]any{"full": fmt.Sprintf("acme/shop#%d", n)}, "state_reason": nil,
	}
	if h.kind == "gitlab" {
		i["labels"], i["state"] = []string{"label " + h.texts}, "opened"
	}
	h.issues = append(h.issues, i)
	return i
}

// requests returns what the forge was asked by the method since the last call, and forgets it.
func (h *forge) requests(methods ...string) []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := slices.DeleteFunc(h.asked, func(s string) bool {
		method, _, _ := strings.Cut(s, " ")
		return len(methods) > 0 && !slices.Contains(methods, method)
	})
	h.asked = nil
	return out
}

// ServeHTTP implements http.Handler.
func (h *forge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client has gone
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.asked = append(h.asked, r.Method+" "+r.URL.RequestURI()+" "+string(body))
	h.tokens = append(h.tokens, strings.Join(slices.Concat(r.Header.Values("Authorization"), r.Header.Values("Private-Token"), r.Header.Values("Cookie")), " "))
	w.Header().Set("Content-Type", "application/json")
	if h.before != nil && h.before(w, r) {
		return
	}
	path := r.URL.EscapedPath()
	if rest, ok := strings.CutPrefix(path, "/api/v4/projects/"); ok {
		if i := strings.IndexByte(rest, '/'); i < 0 {
			path = "/project"
		} else {
			path = rest[i:]
		}
	} else {
		path = strings.TrimPrefix(path, "/repos/acme/shop")
	}
	var answer any
	switch n := len(h.issues); {
	case r.Method == http.MethodPost && path == "/issues":
		var in struct{ Title, Body, Description string }
		if err := json.Unmarshal(body, &in); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		made := h.add(in.Title, in.Body+in.Description)
		now := time.Now().UTC().Format(time.RFC3339)
		made["user"], made["created_at"], made["updated_at"] = map[string]any{"login": "me", "id": 3}, now, now
		answer = made
		if h.after != nil && h.after(w) {
			return
		}
		w.WriteHeader(http.StatusCreated)
	case strings.HasSuffix(path, "/comments") || strings.HasSuffix(path, "/notes"):
		c := map[string]any{"id": 5, "body": h.texts, "user": h.issues[0]["user"], "author": h.issues[0]["author"],
			"created_at": "2020-03-02T09:00:00Z", "updated_at": "2020-03-02T09:00:00Z", "author_association": "NONE"}
		if answer = c; r.Method == http.MethodGet {
			answer = []any{c}
		} else {
			w.WriteHeader(http.StatusCreated)
		}
	case strings.HasSuffix(path, "/timeline"):
		actor := h.issues[0]["user"]
		answer = []any{
			map[string]any{"id": 1, "event": "labeled " + h.texts, "actor": actor, "created_at": "2020-03-02T09:00:00Z", "label": map[string]any{"name": h.texts}},
			map[string]any{"id": 2, "event": "renamed", "actor": actor, "created_at": "2020-03-02T09:00:00Z", "rename": map[string]any{"from": h.texts, "to": h.texts}},
			map[string]any{"event": "cross-referenced", "actor": actor, "created_at": "2020-03-02T09:00:00Z", "source": map[string]any{"issue": h.issues[n-1]}},
		}
	case path == "/issues":
		answer = h.issues
	case path == "/search/issues":
		answer = map[string]any{"total_count": n, "incomplete_results": false, "items": h.issues}
	case strings.HasPrefix(path, "/issues/") && strings.Count(path, "/") == 2:
		var number int
		if _, err := fmt.Sscanf(path, "/issues/%d", &number); err != nil || number < 1 || number > n {
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprintf(w, `{"message":%q}`, "none: "+h.texts)
			return
		}
		answer = h.issues[number-1]
	case path == "/user":
		answer = map[string]any{"login": "me", "username": "me", "id": 3}
	case path == "/project":
		answer = map[string]any{"id": 7, "path_with_namespace": "acme/shop"}
	default: // labels, members, links, events
		answer = []any{}
	}
	out, err := json.Marshal(answer)
	if err != nil {
		panic(err)
	}
	w.Write(out)
}

// drop ends the connection without an answer.
func drop(w http.ResponseWriter) bool {
	panic(http.ErrAbortHandler)
}

// forgeKinds are the services that a forge is one of.
func forgeKinds() []string { return []string{"github", "gitlab"} }

// TestTicketOrigin is HT-05 and HT-16: the token goes to no other host than its own, whatever
// this one answers, and is in no answer, error or record.
func TestTicketOrigin(t *testing.T) {
	t.Parallel()
	for _, kind := range forgeKinds() {
		for _, status := range []int{301, 302, 303, 307, 308, 401, 403, 404, 422, 500} {
			t.Run(fmt.Sprint(kind, " ", status), func(t *testing.T) {
				t.Parallel()
				other, h := newForge(t, kind), newForge(t, kind)
				h.before = func(w http.ResponseWriter, r *http.Request) bool {
					if status < 400 {
						w.Header().Set("Location", other.URL+r.URL.RequestURI()+"?private_token="+forgeToken)
					}
					w.WriteHeader(status)
					fmt.Fprintf(w, `{"message":"Bearer %s","error":"%s?private_token=%s"}`, forgeToken, h.URL, forgeToken)
					return true
				}
				w := attacked(t, forgeFiles(kind, h.URL))
				p := w.peer(t)
				for _, call := range []string{
					`{"name":"ticket_search","arguments":{"source":"gh"}}`, `{"name":"ticket_search","arguments":{"text":"login"}}`,
					`{"name":"ticket_read","arguments":{"ticket":"#1"}}`, `{"name":"find","arguments":{"query":"acme/shop#1"}}`, `{"name":"read","arguments":{"uri":"ticket://gh/%231"}}`,
					`{"name":"ticket_write","arguments":{"op":"create","title":"Work","anyway":true,"source":"gh"}}`,
					`{"name":"ticket_write","arguments":{"op":"comment","ticket":"#1","body":"x"}}`,
				} {
					said, failed := told(t, p.ask("tools/call", call))
					if !failed && !strings.Contains(call, `"find"`) {
						t.Errorf("%s: %s", call, said)
					}
				}
				if got := other.requests(); len(got) > 0 {
					t.Errorf("the other host was asked %q, with %q", got, other.tokens)
				}
				for _, req := range h.requests() {
					if strings.Contains(req, forgeToken) {
						t.Errorf("the token is in the request %s", req)
					}
				}
				if !slices.ContainsFunc(h.tokens, func(s string) bool { return strings.Contains(s, forgeToken) }) {
					t.Error("the host was not asked with the token")
				}
				if said := w.everything(t, p); strings.Contains(said, forgeToken) {
					at := strings.Index(said, forgeToken)
					t.Errorf("the token comes out: …%s…", said[max(0, at-200):at+60])
				}
			})
		}
	}
}

// TestTicketLost is HT-04: a create whose answer is lost was sent once, is found where it was
// made, and is not called made where it was not; and the same key makes nothing more.
func TestTicketLost(t *testing.T) {
	t.Parallel()
	gateway := func(w http.ResponseWriter) bool {
		w.WriteHeader(http.StatusBadGateway)
		return true
	}
	half := func(w http.ResponseWriter) bool {
		w.WriteHeader(http.StatusCreated)
		fmt.Fprint(w, `{"id":`)
		return true
	}
	page := func(w http.ResponseWriter) bool {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "<html>sign in</html>")
		return true
	}
	for _, kind := range forgeKinds() {
		for name, lose := range map[string]func(http.ResponseWriter) bool{"dropped": drop, "502": gateway, "half": half, "html": page} {
			for _, once := range []string{"", `,"idempotency_key":"k1"`} {
				t.Run(kind+" "+name+once, func(t *testing.T) {
					t.Parallel()
					h := newForge(t, kind)
					h.after = lose
					w := attacked(t, forgeFiles(kind, h.URL))
					p := w.peer(t)
					args := `{"op":"create","title":"Lost and found","anyway":true,"source":"gh"` + once + `}`
					said, failed := p.tool("ticket_write", args)
					if failed || !strings.Contains(said, "created: #2") || !strings.Contains(said, "the answer was lost") {
						t.Errorf("%s", said)
					}
					if once != "" {
						if said, failed := p.tool("ticket_write", args); failed || !strings.Contains(said, "#2") {
							t.Errorf("repeated: %s", said)
						}
					}
					if got := h.requests("POST"); len(got) != 1 {
						t.Errorf("sent were %q", got)
					}
				})
			}
		}
		t.Run(kind+" not made", func(t *testing.T) {
			t.Parallel()
			h := newForge(t, kind)
			h.before = func(w http.ResponseWriter, r *http.Request) bool { return r.Method == http.MethodPost && drop(w) }
			w := attacked(t, forgeFiles(kind, h.URL))
			p := w.peer(t)
			said, failed := p.tool("ticket_write", `{"op":"create","title":"Never made","anyway":true,"source":"gh"}`)
			if !failed || !strings.HasPrefix(said, "unknown_outcome: ") {
				t.Errorf("create: %s", said)
			}
			said, failed = p.tool("ticket_write", `{"op":"comment","ticket":"#1","body":"x"}`)
			if !failed || !strings.HasPrefix(said, "unknown_outcome: ") {
				t.Errorf("comment: %s", said)
			}
			if got := h.requests("POST"); len(got) != 2 {
				t.Errorf("sent were %q", got)
			}
		})
	}
}

// TestTicketKeys is HT-12 at a service: what is no key makes no request, and none goes beside
// the repository that is allowed.
func TestTicketKeys(t *testing.T) {
	t.Parallel()
	path := regexp.MustCompile(`^[A-Z]+ (/repos/acme/shop(/issues(/1(/(comments|timeline))?)?)?|/search/issues|/user|/api/v4/projects/(acme%2Fshop|7)(/issues(/1(/[a-z_]+)?)?)?)(\?\S*)? `)
	for _, kind := range forgeKinds() {
		h := newForge(t, kind)
		w := attacked(t, forgeFiles(kind, h.URL))
		p := w.peer(t)
		if said, failed := p.tool("ticket_read", `{"ticket":"acme/shop#1"}`); failed {
			t.Errorf("%s: %s", kind, said)
		}
		if len(h.requests()) == 0 {
			t.Errorf("%s: a key makes no request", kind)
		}
		for _, key := range []string{"PROJ-1/../../admin", "#1?x", "#1/../2", "o/r#1%2f..", "acme/shop#1%2f..%2f2", "acme/shop#1?x=y", "acme/shop#1#2", "acme/shop/../other#1", "acme/../other#1",
			"../shop#1", "acme/..#1", "acme%2Fother#1", "acme/other#1", "acme/shop.git#1", "acme/shop #1", "acme/shop\x00#1", "acme\\shop#1", "acme/shop#-1", "acme/shop#0", "acme/shop#1e3",
			"acme/shop#99999999999999999999", "#１", "#\u202e1", h.URL + "/acme/other/issues/1", h.URL + "/acme/shop/issues/1/../../../other/issues/1", h.URL + "@evil.example/acme/shop/issues/1",
			"https://evil.example/acme/shop/issues/1", "http://169.254.169.254/acme/shop/issues/1", "file:///acme/shop/issues/1", "ticket://gh/..%2f..%2fadmin", "ticket://gh/acme%2Fother%231",
			"ticket://gh/%231%3Fx", "ticket://gh/%231%2F..%2F2", "ticket://gh/%231?x=y", "ticket://gh/%231#part", "ticket://gh", "ticket://gh/", "ticket://GH/%231", "ticket://gh@evil/%231", "#1\r\nX: y", "-1", "--help", strings.Repeat("a/", 300) + "b#1"} {
			k := quoted(t, key)
			for _, call := range []string{
				`{"name":"ticket_read","arguments":{"ticket":` + k + `}}`, `{"name":"ticket_read","arguments":{"source":"gh","ticket":` + k + `,"view":"links"}}`,
				`{"name":"ticket_write","arguments":{"op":"comment","source":"gh","body":"x","ticket":` + k + `}}`,
				`{"name":"ticket_write","arguments":{"op":"link","source":"gh","ticket":"#1","to":` + k + `,"set":{"kind":"blocks"}}}`,
				`{"name":"ticket_write","arguments":{"op":"create","anyway":true,"source":"gh","title":"x","set":{"parent":` + k + `}}}`,
				`{"name":"ticket_search","arguments":{"source":"gh","project":` + k + `}}`,
				`{"name":"read","arguments":{"uri":` + k + `}}`, `{"name":"read","arguments":{"uri":` + quoted(t, "ticket://gh/"+key) + `}}`,
			} {
				if said, failed := told(t, p.ask("tools/call", call)); !failed || strings.HasPrefix(said, "internal") {
					t.Errorf("%s: %.300s: %s", kind, call, said)
				}
			}
			p.tool("find", `{"query":`+k+`}`)
			p.ask("prompts/get", `{"name":"fix_ticket","arguments":{"ticket":`+k+`}}`)
			p.ask("resources/read", `{"uri":`+quoted(t, "ticket://gh/"+key)+`}`)
		}
		for _, req := range h.requests() {
			if !strings.HasPrefix(req, "GET ") || !path.MatchString(req) || strings.Contains(req, "other") || strings.Contains(req, "..") {
				t.Errorf("%s: a request that no key should make: %q", kind, req)
			}
		}
	}
}

// TestTicketAnswers is HT-15: no answer of a wrong form passes for no tickets, for a ticket or
// for a change.
func TestTicketAnswers(t *testing.T) {
	t.Parallel()
	for _, kind := range forgeKinds() {
		h := newForge(t, kind)
		var mu sync.Mutex
		var mime, text string
		h.before = func(w http.ResponseWriter, r *http.Request) bool {
			if strings.HasSuffix(r.URL.Path, "/project") || kind == "gitlab" && r.URL.EscapedPath() == "/api/v4/projects/acme%2Fshop" {
				return false
			}
			mu.Lock()
			defer mu.Unlock()
			w.Header().Set("Content-Type", mime)
			if text == "" {
				w.WriteHeader(http.StatusNoContent)
			}
			io.WriteString(w, text)
			return true
		}
		w := attacked(t, forgeFiles(kind, h.URL))
		p := w.peer(t)
		const jsonType = "application/json"
		for _, bad := range [][2]string{
			{"text/html", "<html>Please sign in</html>"}, {jsonType, "<html>"}, {jsonType, ""}, {jsonType, " "}, {jsonType, `{"items":null}`}, {jsonType, `{"items":null,"total_count":0}`}, {jsonType, `null`},
			{jsonType, `{}`}, {jsonType, `"x"`}, {jsonType, `[{"number":"12"`}, {jsonType, `[{"number":"12","iid":"12","state":"open"}]`}, {jsonType, `[{"number":NaN,"iid":NaN}]`}, {jsonType, `[null]`},
			{jsonType, `[{"number":-1,"iid":-1,"state":"open","title":"x"}]`}, {jsonType, `[{"number":1e400,"iid":1e400}]`}, {jsonType, `[[]]`}, {jsonType, `{"message":"no"}`}, {jsonType, `[{}]`},
			{jsonType, strings.Repeat("[", 100_000)}, {jsonType, strings.Repeat(`{"a":`, 100_000)}, {jsonType, `{"number":0,"iid":0,"state":"open"}`},
		} {
			mu.Lock()
			mime, text = bad[0], bad[1]
			mu.Unlock()
			for _, call := range []string{
				`{"name":"ticket_search","arguments":{"source":"gh"}}`, `{"name":"ticket_search","arguments":{"source":"gh","text":"login"}}`, `{"name":"ticket_read","arguments":{"source":"gh","ticket":"#1"}}`,
				`{"name":"ticket_write","arguments":{"op":"comment","source":"gh","ticket":"#1","body":"x"}}`, `{"name":"read","arguments":{"uri":"ticket://gh/%231"}}`,
				`{"name":"ticket_write","arguments":{"op":"create","source":"gh","title":"x","anyway":true}}`, `{"name":"ticket_write","arguments":{"op":"claim","source":"gh","ticket":"#1"}}`,
			} {
				if said, failed := told(t, p.ask("tools/call", call)); !failed || strings.HasPrefix(said, "internal") || strings.HasPrefix(said, "not_found") || len(said) > 4000 {
					t.Errorf("%s, answer %.60q: %s: %.600s", kind, bad, call, said)
				}
			}
		}
	}
}
