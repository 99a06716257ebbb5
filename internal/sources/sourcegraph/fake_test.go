package sourcegraph

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"cleat/internal/host"
	"cleat/internal/rest"
	"cleat/internal/systems/code"
	"cleat/internal/systems/code/codetest"
)

const (
	token  = "sgp_CANARY0123"
	secret = "sk-SECRET-000"
)

// A fake answers the stream API for the part of the query language that this package
// writes, over a map of files.
type fake struct {
	t     *testing.T
	name  string
	main  map[string]string
	old   map[string]string
	last  string // events before done, as they are sent
	ends  bool   // without done
	mu    sync.Mutex
	asked []string
}

func (f *fake) queries() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.asked)
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v := r.URL.Query()
	if r.Method != "GET" || r.URL.Path != "/sg/.api/search/stream" || v.Get("v") != "V3" || v.Get("cm") != "true" {
		f.t.Errorf("an odd request: %s %s", r.Method, r.URL)
	}
	if r.Header.Get("Authorization") != "token "+token {
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprintln(w, "Invalid access token.")
		return
	}
	f.mu.Lock()
	f.asked = append(f.asked, v.Get("q"))
	f.mu.Unlock()
	w.Header().Set("Content-Type", "text/event-stream")
	send := func(event string, data any) {
		b, err := json.Marshal(data)
		if err != nil {
			f.t.Error(err)
		}
		fmt.Fprintf(w, "event: %s\ndata: %s\n\n", event, b)
	}
	send("progress", map[string]any{"done": false, "matchCount": 0, "skipped": []any{}})
	q := parse(f.t, v.Get("q"))
	context, err := strconv.Atoi(v.Get("cl"))
	if err != nil {
		f.t.Errorf("cl = %q", v.Get("cl"))
	}
	for _, m := range f.search(q, context, send) {
		send("matches", []any{m}) // one by one, as they may come
	}
	send("filters", []any{map[string]any{"value": "lang:go", "label": "lang:go", "count": 1}})
	w.Write([]byte(f.last))
	if !f.ends {
		send("done", map[string]any{})
	}
}

// A query is what the fake reads.
type query struct {
	pattern string
	fields  map[string][]string
}

// parse reads a query by the rules of the instance's scanner for patternType:regexp.
func parse(t *testing.T, s string) query {
	q := query{fields: map[string][]string{}}
	for s = strings.TrimSpace(s); s != ""; s = strings.TrimSpace(s) {
		key := ""
		if s[0] != '/' {
			key, s, _ = strings.Cut(s, ":")
		}
		var value string
		if d := s[0]; d == '"' || d == '/' {
			i := 1
			for ; i < len(s) && s[i] != d; i++ {
				if s[i] == '\\' {
					if i++; strings.IndexByte(`\abfnrtv/"`, s[i]) >= 0 && s[i] != 'b' {
						t.Errorf("versions differ about the escape \\%c: %s", s[i], s)
					}
					value += `\`
				}
				value += s[i : i+1]
			}
			if i >= len(s) || i+1 < len(s) && s[i+1] != ' ' {
				t.Errorf("not delimited: %s", s)
				return q
			}
			s = s[i+1:]
		} else {
			value, s, _ = strings.Cut(s, " ")
		}
		if key == "" {
			if strings.ContainsAny(value, " \t") {
				t.Errorf("a space in %q", value)
			}
			q.pattern = value
			continue
		}
		if !slices.Contains([]string{"patterntype", "type", "count", "repo", "rev", "file", "-file", "case", "fork", "archived"}, key) {
			t.Errorf("the query has a field that was not expected: %q", key)
		}
		q.fields[key] = append(q.fields[key], value)
	}
	return q
}

func (f *fake) search(q query, around int, send func(string, any)) []any {
	flags := "(?m)"
	if c := q.fields["case"]; c != nil && c[0] == "no" {
		flags = "(?mi)"
	}
	match := func(key, s string) bool {
		return !slices.ContainsFunc(q.fields[key], func(p string) bool { return !regexp.MustCompile(flags + p).MatchString(s) })
	}
	if !match("repo", f.name) {
		send("alert", map[string]any{"title": "No repositories found", "description": "Try using a different repo:<regexp> filter", "proposedQueries": nil})
		return nil
	}
	kind := q.fields["type"][0]
	if kind == "repo" {
		return []any{map[string]any{"type": "repo", "repository": f.name}}
	}
	files := f.main
	if rev := q.fields["rev"]; rev != nil {
		if files = map[string]map[string]string{"main": f.main, "old": f.old}[rev[0]]; files == nil {
			send("alert", map[string]any{"title": "Some repositories could not be searched",
				"description": "The repository " + f.name + " matched by your repo: filter could not be searched because it does not contain the revision \"" + rev[0] + "\"."})
			return nil
		}
	}
	var names []string
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	var out []any
	for _, name := range names {
		if !match("file", name) || q.fields["-file"] != nil && match("-file", name) {
			continue
		}
		m := map[string]any{"type": "content", "repository": f.name, "path": name, "commit": "ab12", "branches": []string{""}}
		switch kind {
		case "path":
			m["type"] = "path"
		case "symbol":
			syms := tags(files[name], regexp.MustCompile(flags+q.pattern))
			if syms == nil {
				continue
			}
			m["type"], m["symbols"] = "symbol", syms
		default:
			chunks := cut(files[name], regexp.MustCompile(flags+q.pattern), around)
			if chunks == nil {
				continue
			}
			m["chunkMatches"] = chunks
		}
		out = append(out, m)
	}
	return out
}

// cut returns the matches of data as chunks of whole lines, those that touch as one.
func cut(data string, re *regexp.Regexp, around int) []map[string]any {
	lines := strings.SplitAfter(data, "\n")
	var out []map[string]any
	from, to := 0, 0 // lines of the chunk under way
	flush := func() {
		if to > from {
			out = append(out, map[string]any{"content": strings.Join(lines[from:to], ""), "contentStart": map[string]int{"line": from}})
		}
	}
	for _, loc := range re.FindAllStringIndex(data, -1) {
		first, last := strings.Count(data[:loc[0]], "\n"), strings.Count(data[:max(loc[0], loc[1]-1)], "\n")
		a, b := max(0, first-around), min(len(lines), last+1+around)
		if a > to || to == 0 {
			flush()
			from = a
		}
		to = b
	}
	flush()
	return out
}

func tags(data string, name *regexp.Regexp) []map[string]any {
	var out []map[string]any
	for i, line := range strings.Split(data, "\n") {
		if m := regexp.MustCompile(`^(func|type) (\w+)`).FindStringSubmatch(line); m != nil && name.MatchString(m[2]) {
			out = append(out, map[string]any{"name": m[2], "kind": strings.ToUpper(m[1]), "containerName": "", "line": i + 1, "url": "/x"})
		}
	}
	return out
}

func testHost() host.Host {
	return host.Host{
		Log: slog.New(slog.DiscardHandler), Now: time.Now,
		Secret: func(context.Context, string) (string, error) { return token, nil },
		Redact: func(_ string, b []byte) []byte { return bytes.ReplaceAll(b, []byte(secret), []byte("[redacted]")) },
		Closed: func() func(string) bool { return func(p string) bool { return p == "closed.txt" } },
	}
}

func openFake(t *testing.T, f *fake) *Source {
	f.t = t
	srv := httptest.NewServer(f)
	t.Cleanup(srv.Close)
	s, err := Open(t.Context(), Config{rest.Config{URL: srv.URL + "/sg", Token: "env:T"}}, testHost())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestSuite(t *testing.T) {
	can := codetest.All()
	can.Local = false
	codetest.Run(t, can, func(t *testing.T, tree codetest.Tree) code.Searcher {
		return openFake(t, &fake{name: "github.com/acme/shop", main: tree.Files, old: tree.Old})
	})
}
