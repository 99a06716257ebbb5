package zoekt

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cleat/internal/fail"
	"cleat/internal/rest"
	"cleat/internal/systems/code"
)

func tree() indexed {
	return indexed{name: "github.com/acme/shop", branches: []string{"main", "v1", "v10"}, files: map[string]map[string]string{
		"main": {
			"a.go":       "package a\n\n// Put.\nfunc Put() {}\n",
			"b.txt":      "Put " + secret + "\nrepo:x -file:y \"q\\ (or) case:yes\n",
			"closed.txt": "Put\n",
			"d.pl":       "sub Deploy {\n}\nDeploy();\n",
		},
		"v1":  {"a.go": "package a // one\n"},
		"v10": {"a.go": "package a // ten\n", "ten.go": "package a // ten only\n"},
	}}
}

func find(t *testing.T, s *Source, q code.Query) *code.Result {
	t.Helper()
	r, err := s.Search(t.Context(), q)
	if err != nil {
		t.Fatalf("%+v: %v", q, err)
	}
	return r
}

func hits(r *code.Result) string {
	var out []string
	for _, d := range r.Definitions {
		out = append(out, fmt.Sprintf("%s:%d!%s", d.Path, d.Line, d.Kind))
	}
	for _, f := range r.Files {
		for _, l := range f.Lines {
			if l.Match {
				out = append(out, fmt.Sprintf("%s:%d", f.Path, l.Number))
			}
		}
	}
	return strings.Join(out, " ")
}

// TestAsked: what is sent. Nothing of a query's values becomes syntax.
func TestAsked(t *testing.T) {
	for _, test := range []struct {
		q    code.Query
		want []string // as the server sees it
	}{
		{code.Query{Pattern: `"r:x\ -f:y`}, []string{`/api/search content:"\"r:x\\\\ -f:y" branch:HEAD case:yes`}},
		{code.Query{Pattern: "x", Case: code.Ignore, Paths: []string{"cmd", "!vendor"}}, []string{`/api/search content:"x" branch:HEAD file:"(?:^cmd(?:/|$))" case:no`}},
		{code.Query{Pattern: "x", Paths: []string{"!vendor"}}, []string{`/api/search content:"x" branch:HEAD -file:"(?:^|/)vendor(?:/|$)" case:yes`}},
		{code.Query{Pattern: `^a$|\Ab\z`, Mode: code.Regex}, []string{`/api/search content:"(?m:^a$|^b$)" branch:HEAD case:yes`}},
		{code.Query{Pattern: `(?i)abc`, Mode: code.Regex}, []string{`/api/search content:"(?i:ABC)" branch:HEAD case:no`}},
		{code.Query{Pattern: "Put", Word: true}, []string{`/api/search content:"\\bPut\\b" branch:HEAD case:yes`}},
		{code.Query{Pattern: "(Put", Word: true}, []string{`/api/search content:"\\(Put\\b" branch:HEAD case:yes`}},
		{code.Query{Pattern: "x", Repo: "acme/shop", Ref: "v1"}, []string{`/api/list repo:"(?:^|/)acme/shop$"`, `/api/search content:"x" repo:"(?:^|/)acme/shop$" branch:"v1" case:yes`}},
		{code.Query{Pattern: "Put", Mode: code.Symbol}, []string{`/api/search sym:"^Put$" branch:HEAD case:yes`}},
		{code.Query{Pattern: "Nope", Mode: code.Symbol}, []string{`/api/search sym:"^Nope$" branch:HEAD case:yes`, `/api/search content:"\\bNope\\b" branch:HEAD case:yes`}},
		{code.Query{Pattern: "*.go", Mode: code.Files, Lang: "go"}, []string{`/api/search file:"(?:^|/)[^/]*\\.go$" branch:HEAD file:"(?i:(?:\\.go)$)" case:no`}},
	} {
		f := &fake{repos: []indexed{tree()}}
		find(t, openFake(t, f), test.q)
		if got := f.asked(); !slices.Equal(got, test.want) {
			t.Errorf("%+v:\n got %q\nwant %q", test.q, got, test.want)
		}
	}
}

func TestSearch(t *testing.T) {
	s := openFake(t, &fake{repos: []indexed{tree(), {name: "github.com/acme/other", branches: []string{"trunk"}, files: map[string]map[string]string{"trunk": {"a.go": "Put\n"}}}}})
	for _, test := range []struct {
		q           code.Query
		want, scope string
	}{
		{code.Query{Pattern: "Put", Repo: "shop"}, "a.go:3 a.go:4 b.txt:1", "github.com/acme/shop@main (ab12ab12)"},
		{code.Query{Pattern: "Put", Repo: "acme/*"}, "a.go:3 a.go:4 b.txt:1 a.go:1", "2 repositories of the index, default branch"},
		{code.Query{Pattern: "SECRET"}, "", "all repositories of the index, default branch"},
		{code.Query{Pattern: `repo:x -file:y "q\ (or) case:yes`}, "b.txt:2", "all repositories of the index, default branch"},
		{code.Query{Pattern: "package", Ref: "v1", Repo: "shop"}, "a.go:1", "github.com/acme/shop@v1 (ab12ab12)"},
		{code.Query{Pattern: "package", Ref: "ab12ab12ab", Repo: "shop"}, "a.go:1 ten.go:1", "github.com/acme/shop@v10 (ab12ab12)"},
		{code.Query{Pattern: "Put", Mode: code.Refs, Repo: "shop"}, "a.go:4!function b.txt:1", "github.com/acme/shop@main (ab12ab12)"},
		{code.Query{Pattern: "Deploy", Mode: code.Refs, Repo: "shop"}, "d.pl:1!sub d.pl:3", "github.com/acme/shop@main (ab12ab12)"}, // perl is known to the index alone
	} {
		r := find(t, s, test.q)
		if got := hits(r); got != test.want || r.Scope != test.scope || r.Partial != "" {
			t.Errorf("%+v: %q, scope %q, partial %q; want %q, %q", test.q, got, r.Scope, r.Partial, test.want, test.scope)
		}
		for _, f := range r.Files {
			if !strings.HasPrefix(f.Repo, "github.com/acme/") {
				t.Errorf("the repository of %s is %q", f.Path, f.Repo)
			}
			for _, l := range f.Lines {
				if strings.Contains(l.Text, secret) {
					t.Errorf("a secret in %q", l.Text)
				}
			}
		}
	}
	for _, test := range []struct {
		q    code.Query
		code fail.Code
		next string
	}{
		{code.Query{Pattern: "x", Repo: "shpo"}, fail.NotFound, `"github.com/acme/shop"`},
		{code.Query{Pattern: "x", Repo: "shop", Ref: "v2"}, fail.NotFound, "main, v1, v10"},
		{code.Query{Pattern: "x", Repo: "shop", Ref: "main..v1"}, fail.Unsupported, "one branch"},
		{code.Query{Pattern: "x", Paths: []string{"../x"}}, fail.Denied, ""},
	} {
		_, err := s.Search(t.Context(), test.q)
		if f := fail.From(err); f == nil || f.Code != test.code || !strings.Contains(f.Next, test.next) {
			t.Errorf("%+v: %v", test.q, err)
		}
	}
}

// TestNotes: what the server leaves out is said.
func TestNotes(t *testing.T) {
	for want, tune := range map[string]func(*answer){
		"2 parts of the index crashed": func(a *answer) { a.Crashes = 2 },
		"3 parts of the index not":     func(a *answer) { a.ShardsSkipped = 3 },
		"4 files not searched":         func(a *answer) { a.FilesSkipped = 4 },
	} {
		s := openFake(t, &fake{repos: []indexed{tree()}, tune: tune})
		if r := find(t, s, code.Query{Pattern: "Put"}); !strings.Contains(r.Partial, want) {
			t.Errorf("partial %q, want %q", r.Partial, want)
		}
	}
	// A file on a branch whose name only contains that of the ref does not count.
	s := openFake(t, &fake{repos: []indexed{tree()}, tune: func(a *answer) {
		for i := range a.Files {
			a.Files[i].Branches = []string{"v10"}
		}
	}})
	if r := find(t, s, code.Query{Pattern: "package", Ref: "v1"}); len(r.Files) != 0 {
		t.Errorf("files of another branch: %+v", r.Files)
	}
}

// TestAnswers: what is no answer is an error, and never "nothing found".
func TestAnswers(t *testing.T) {
	for name, test := range map[string]struct {
		status    int
		typ, body string
		code      fail.Code
		say       string
	}{
		"without -rpc": {200, "text/html; charset=utf-8", "<html>search</html>", fail.Unavailable, "-rpc"},
		"bad query":    {400, "application/json", `{"Error":"query: unterminated quoted string"}`, fail.Invalid, "unterminated"},
		"500":          {500, "application/json", `{"Error":"boom"}`, fail.Unavailable, "boom"},
		"no result":    {200, "application/json", `{}`, fail.Unavailable, "Result"},
		"null":         {200, "application/json", `{"Result":null}`, fail.Unavailable, "Result"},
		"no count":     {200, "application/json", `{"Result":{"Files":null}}`, fail.Unavailable, "FileCount"},
		"no files":     {200, "application/json", `{"Result":{"FileCount":3,"Files":null}}`, fail.Unavailable, "files match"},
		"wrong type":   {200, "application/json", `{"Result":{"FileCount":1,"Files":[{"FileName":7}]}}`, fail.Unavailable, "number"},
		"not base64":   {200, "application/json", `{"Result":{"FileCount":1,"Files":[{"FileName":"a","Content":"%%%"}]}}`, "", ""},
		"cut":          {200, "application/json", `{"Result":{"FileCount":0`, fail.Unavailable, "cut off"},
		"401":          {401, "application/json", `{}`, fail.Denied, "token"},
	} {
		t.Run(name, func(t *testing.T) {
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", test.typ)
				w.WriteHeader(test.status)
				io.WriteString(w, test.body)
			}))
			t.Cleanup(srv.Close)
			_, err := openAt(t, srv.URL).Search(t.Context(), code.Query{Pattern: "x"})
			if err == nil {
				t.Fatal("no error")
			}
			if test.code != "" && fail.From(err).Code != test.code || !strings.Contains(fail.Show(err), test.say) {
				t.Error(fail.Show(err))
			}
		})
	}
}

// TestLarge: where whole files are too much at once, fewer are asked for.
func TestLarge(t *testing.T) {
	files := map[string]string{}
	for i := range 12 {
		files[fmt.Sprintf("f%02d.txt", i)] = "hit\n" + strings.Repeat(strings.Repeat("x", 99)+"\n", 1000)
	}
	s := openFake(t, &fake{repos: []indexed{{name: "big", branches: []string{"main"}, files: map[string]map[string]string{"main": files}}}})
	s.most = 1 << 20
	var got []string
	q := code.Query{Pattern: "hit"}
	for range 20 {
		r := find(t, s, q)
		got = append(got, strings.Fields(hits(r))...)
		if q.Cursor = r.Cursor; q.Cursor == "" {
			break
		}
	}
	if len(got) != 12 || len(slices.Compact(got)) != 12 {
		t.Errorf("found %q", got)
	}
}

func TestEnded(t *testing.T) {
	var n atomic.Int32
	gone := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n.Add(1)
		select {
		case <-r.Context().Done():
		case <-gone:
		}
	}))
	t.Cleanup(srv.Close)
	t.Cleanup(func() { close(gone) })
	s := openAt(t, srv.URL)
	if n.Load() != 0 {
		t.Error("Open asked the server")
	}
	for _, q := range []code.Query{{Pattern: "x"}, {Pattern: "x", Repo: "shop"}} {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
		r, err := s.Search(ctx, q)
		cancel()
		if err != nil || !strings.HasPrefix(r.Partial, "deadline of ") {
			t.Errorf("%+v: %+v, %v", q, r, err)
		}
	}
	if _, err := Open(t.Context(), Config{rest.Config{URL: "http://zoekt.example"}}, testHost()); fail.From(err) == nil || fail.From(err).Code != fail.Invalid {
		t.Errorf("an address without encryption: %v", err)
	}
}

// FuzzQuote: what is quoted is read as it was, whatever it has in it.
func FuzzQuote(f *testing.F) {
	f.Add(`a"b\c r:x -y`, "(or)")
	f.Fuzz(func(t *testing.T, a, b string) {
		terms := parse(t, "content:"+quote(a)+" repo:"+quote(b)+" case:yes")
		if !slices.Equal(terms["content"], []string{a}) || !slices.Equal(terms["repo"], []string{b}) || len(terms) != 3 {
			t.Errorf("%q and %q became %q", a, b, terms)
		}
	})
}
