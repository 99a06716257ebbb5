package zoekt

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cleat/internal/host"
	"cleat/internal/rest"
	"cleat/internal/systems/code"
	"cleat/internal/systems/code/codetest"
)

// An indexed is a repository that the fake has.
type indexed struct {
	name     string
	branches []string                     // the first is the default
	files    map[string]map[string]string // by branch
}

// A fake answers as zoekt-webserver -rpc does (internal/json of its source), for the part
// of its query language that this package writes.
type fake struct {
	t       *testing.T
	repos   []indexed
	tune    func(*answer) // changes an answer
	mu      sync.Mutex
	queries []string
}

func (f *fake) asked() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.queries)
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	var in request
	if r.Method != "POST" || json.NewDecoder(r.Body).Decode(&in) != nil {
		w.WriteHeader(http.StatusBadRequest)
		io.WriteString(w, `{"Error":"bad"}`)
		return
	}
	f.mu.Lock()
	f.queries = append(f.queries, r.URL.Path+" "+in.Q)
	f.mu.Unlock()
	terms := parse(f.t, in.Q)
	var repos []indexed
	for _, re := range f.repos {
		if p := terms["repo"]; p == nil || regexp.MustCompile(p[0]).MatchString(re.name) {
			repos = append(repos, re)
		}
	}
	var out any
	switch r.URL.Path {
	case "/api/list":
		l := &list{Stats: &struct{ Repos int }{len(repos)}}
		for _, re := range repos {
			e := struct{ Repository repository }{repository{Name: re.name}}
			for _, b := range re.branches {
				e.Repository.Branches = append(e.Repository.Branches, struct{ Name, Version string }{b, strings.Repeat("ab12", 10)})
			}
			l.Repos = append(l.Repos, e)
		}
		out = listReply{l}
	case "/api/search":
		a := f.search(repos, terms, in.Opts)
		if f.tune != nil {
			f.tune(a)
		}
		out = reply{a}
	default:
		w.WriteHeader(http.StatusNotFound)
		return
	}
	data, err := json.Marshal(out)
	if err != nil {
		f.t.Error(err)
	}
	w.Write(data) // the client need not read it all
}

func (f *fake) search(repos []indexed, terms map[string][]string, o options) *answer {
	flags := "(?m)"
	if terms["case"][0] == "no" {
		flags = "(?mi)"
	}
	match := func(key, s string) bool {
		return !slices.ContainsFunc(terms[key], func(p string) bool { return !regexp.MustCompile(flags + p).MatchString(s) })
	}
	a := &answer{FileCount: new(int)}
	for _, re := range repos {
		branch := terms["branch"][0]
		if branch == "HEAD" {
			branch = re.branches[0]
		}
		var names []string
		for name := range re.files[branch] {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			a.FilesConsidered++
			data := re.files[branch][name]
			if !match("file", name) || !match("content", data) || terms["-file"] != nil && match("-file", name) {
				continue
			}
			m := file{Repository: re.name, FileName: name, Branches: []string{branch}, Version: "ab12"}
			if p := terms["sym"]; p != nil {
				m.LineMatches = tags(data, regexp.MustCompile(flags+p[0]))
				if m.LineMatches == nil {
					continue
				}
			}
			if o.Whole {
				m.Content = []byte(data)
			}
			if *a.FileCount++; len(a.Files) < o.MaxDocDisplayCount {
				a.Files = append(a.Files, m)
			}
		}
	}
	return a
}

// tags are the symbols of data whose names match.
func tags(data string, name *regexp.Regexp) []lineMatch {
	var out []lineMatch
	for i, line := range strings.Split(data, "\n") {
		m := regexp.MustCompile(`^(func|type|sub) (\w+)`).FindStringSubmatch(line)
		if m == nil || !name.MatchString(m[2]) {
			continue
		}
		l := lineMatch{LineNumber: i + 1}
		l.LineFragments = append(l.LineFragments, struct {
			SymbolInfo *struct{ Sym, Kind, Parent string }
		}{&struct{ Sym, Kind, Parent string }{m[2], m[1], ""}})
		out = append(out, l)
	}
	return out
}

// parse reads a query as zoekt's parser does: terms KEY:VALUE, of which a value in quotes
// may hold anything, "-" negates. What this package does not write fails the test.
func parse(t *testing.T, q string) map[string][]string {
	terms := map[string][]string{}
	for q != "" {
		key, rest, ok := strings.Cut(q, ":")
		if !ok || !slices.Contains([]string{"content", "file", "-file", "repo", "branch", "case", "sym", "type"}, key) {
			t.Errorf("the query has a term that was not expected: %s", q)
			return terms
		}
		var value []byte
		if strings.HasPrefix(rest, `"`) {
			i := 1
			for ; i < len(rest) && rest[i] != '"'; i++ {
				if rest[i] == '\\' {
					i++
				}
				value = append(value, rest[i])
			}
			if i >= len(rest) {
				t.Errorf("a quote is not closed: %s", q)
				return terms
			}
			rest = rest[i+1:]
		} else {
			word, after, _ := strings.Cut(rest, " ")
			value, rest = []byte(word), after
		}
		terms[key] = append(terms[key], string(value))
		q = strings.TrimPrefix(rest, " ")
	}
	return terms
}

const secret = "sk-SECRET-000"

func testHost() host.Host {
	return host.Host{
		Log: slog.New(slog.DiscardHandler), Now: time.Now,
		Secret: func(context.Context, string) (string, error) { return "", nil },
		Redact: func(_ string, b []byte) []byte { return bytes.ReplaceAll(b, []byte(secret), []byte("[redacted]")) },
		Closed: func() func(string) bool { return func(p string) bool { return p == "closed.txt" } },
	}
}

func openFake(t *testing.T, f *fake) *Source {
	f.t = t
	srv := httptest.NewServer(f)
	t.Cleanup(srv.Close)
	return openAt(t, srv.URL)
}

func openAt(t testing.TB, url string) *Source {
	s, err := Open(t.Context(), Config{rest.Config{URL: url}}, testHost())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func shop(tree codetest.Tree) indexed {
	return indexed{name: "github.com/acme/shop", branches: []string{"main", "old"},
		files: map[string]map[string]string{"main": tree.Files, "old": tree.Old}}
}

func can() codetest.Can {
	c := codetest.All()
	c.Local = false
	return c
}

func TestSuite(t *testing.T) {
	codetest.Run(t, can(), func(t *testing.T, tree codetest.Tree) code.Searcher {
		return openFake(t, &fake{repos: []indexed{shop(tree)}})
	})
}
