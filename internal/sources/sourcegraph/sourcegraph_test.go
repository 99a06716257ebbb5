package sourcegraph

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"cleat/internal/fail"
	"cleat/internal/rest"
	"cleat/internal/systems/code"
)

func shop() *fake {
	key := "-----BEGIN KEY-----\n" + strings.Repeat("line\n", 12) + "needle " + secret + "\n-----END KEY-----\n"
	return &fake{name: "github.com/acme/shop", main: map[string]string{
		"a.go":       "package a\n\n// Put.\nfunc Put() {}\n\nvar _ = Put\n",
		"b.txt":      "Put " + secret + "\nrepo:x -file:y \"q\\ (or) /z/ () case:yes\n",
		"closed.txt": "Put\n",
		"key.pem":    key,
	}, old: map[string]string{"a.go": "package a // old\n"}}
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
	const rest = " count:10000"
	for _, test := range []struct {
		q    code.Query
		want []string
	}{
		{code.Query{Pattern: `"r:x\ -f/`}, []string{`patterntype:regexp type:file /"r:x\x5c\x20-f\x2f/` + rest + ` case:yes`}},
		{code.Query{Pattern: "x", Case: code.Ignore, Paths: []string{"cmd", "!vendor"}}, []string{`patterntype:regexp type:file /x/` + rest + ` file:"(?:^cmd(?:/|$))" case:no`}},
		{code.Query{Pattern: "x", Paths: []string{"!a.b"}, Lang: "go"}, []string{`patterntype:regexp type:file /x/` + rest + ` file:"(?i:(?:[.]go)$)" -file:"(?:^|/)a[.]b(?:/|$)" case:yes`}},
		{code.Query{Pattern: `^(a)()\\b$|\Aq`, Mode: code.Regex}, []string{`patterntype:regexp type:file /(?m:^a(?:)\x5cb$|^q)/` + rest + ` case:yes`}},
		{code.Query{Pattern: "a b", Word: true, Ref: "v1/x"}, []string{`patterntype:regexp type:file /\ba\x20b\b/` + rest + ` rev:"v1/x" case:yes`}},
		{code.Query{Pattern: "x", Repo: "acme/shop"}, []string{`type:repo repo:"(?:^|/)acme/shop$" fork:yes archived:yes count:100`,
			`patterntype:regexp type:file /x/` + rest + ` repo:"(?:^|/)acme/shop$" fork:yes archived:yes case:yes`}},
		{code.Query{Pattern: "A.Put", Mode: code.Refs}, []string{`patterntype:regexp type:symbol /^Put$/` + rest + ` case:yes`, `patterntype:regexp type:file /\bPut\b/` + rest + ` case:yes`}},
		{code.Query{Pattern: "*.go", Mode: code.Files}, []string{`patterntype:regexp type:path file:"(?:^|/)[^/]*[.]go$"` + rest + ` case:no`}},
	} {
		f := shop()
		if _, err := openFake(t, f).Search(t.Context(), test.q); err != nil && fail.From(err).Code != fail.NotFound {
			t.Error(err)
		}
		if got := f.queries(); !slices.Equal(got, test.want) {
			t.Errorf("%+v:\n got %q\nwant %q", test.q, got, test.want)
		}
	}
}

func TestSearch(t *testing.T) {
	f := shop()
	s := openFake(t, f)
	for _, test := range []struct {
		q           code.Query
		want, scope string
	}{
		{code.Query{Pattern: "Put", Repo: "shop"}, "a.go:3 a.go:4 a.go:6 b.txt:1", "github.com/acme/shop@default branch"},
		{code.Query{Pattern: "Put", Mode: code.Refs}, "a.go:4!func a.go:3 a.go:6 b.txt:1", "all repositories of the instance, default branch"},
		{code.Query{Pattern: "Put", Mode: code.Symbol}, "a.go:4!func", "all repositories of the instance, default branch"},
		{code.Query{Pattern: "SECRET"}, "", "all repositories of the instance, default branch"},
		{code.Query{Pattern: `repo:x -file:y "q\ (or) /z/ () case:yes`}, "b.txt:2", "all repositories of the instance, default branch"},
		{code.Query{Pattern: "package", Ref: "old"}, "a.go:1", "all repositories of the instance, old"},
	} {
		r, err := s.Search(t.Context(), test.q)
		if err != nil {
			t.Errorf("%+v: %v", test.q, err)
			continue
		}
		if got := hits(r); got != test.want || r.Scope != test.scope || r.Partial != "" {
			t.Errorf("%+v: %q, scope %q, partial %q; want %q, %q", test.q, got, r.Scope, r.Partial, test.want, test.scope)
		}
		for _, f := range r.Files {
			for _, l := range f.Lines {
				if strings.Contains(l.Text, secret) {
					t.Errorf("a secret in %q", l.Text)
				}
			}
		}
	}
	// The whole of a secret of several lines is there to be known.
	s.host.Redact = func(_ string, b []byte) []byte {
		return regexp.MustCompile(`(?s)-----BEGIN.*?-----END[^\n]*`).ReplaceAllFunc(b, func(m []byte) []byte {
			return []byte(strings.Repeat("\n", strings.Count(string(m), "\n")))
		})
	}
	if r, err := s.Search(t.Context(), code.Query{Pattern: "needle"}); err != nil || len(r.Files) != 0 {
		t.Errorf("a line of a key: %+v, %v", r, err)
	}
	for _, test := range []struct {
		q    code.Query
		code fail.Code
		next string
	}{
		{code.Query{Pattern: "x", Repo: "shpo"}, fail.NotFound, `"github.com/acme/shop"`},
		{code.Query{Pattern: "x", Ref: "nope"}, fail.NotFound, "branch"},
		{code.Query{Pattern: "x", Ref: `a" repo:x`}, fail.Invalid, ""},
		{code.Query{Pattern: "x", Ref: "*refs/heads/*"}, fail.Invalid, ""},
		{code.Query{Pattern: "x", Ref: "--upload-pack=x"}, fail.Invalid, ""},
		{code.Query{Pattern: "x", Ref: "a..b"}, fail.Unsupported, "one branch"},
		{code.Query{Pattern: "x", Paths: []string{"/etc"}}, fail.Denied, ""},
	} {
		_, err := s.Search(t.Context(), test.q)
		if f := fail.From(err); f == nil || f.Code != test.code || !strings.Contains(f.Next, test.next) {
			t.Errorf("%+v: %v", test.q, err)
		}
	}
}

// TestEvents: what the instance says besides matches.
func TestEvents(t *testing.T) {
	skipped := func(reason, title string) string {
		return `event: progress` + "\n" + `data: {"done":true,"skipped":[{"reason":"` + reason + `","title":"` + title + `","message":"m","severity":"info"}]}` + "\n\n"
	}
	for name, test := range map[string]struct {
		last             string
		cut              bool
		partial, skipped string
		code             fail.Code
	}{
		"timeout":      {last: skipped("shard-timeout", "3 timed out"), partial: "not all was searched: 3 timed out"},
		"limit":        {last: skipped("shard-match-limit", "500+ results"), partial: "stopped at a limit (500+ results)"},
		"new reason":   {last: skipped("backend-missing", `1 \u001b[2Jmissing`), partial: `not all was searched: 1 \u{1b}[2Jmissing`},
		"fork":         {last: skipped("repository-fork", "2 forks"), skipped: "2 forks"},
		"alert":        {last: "event: alert\ndata: {\"title\":\"Query too broad\",\"description\":\"see https://x/?token=" + token + "\"}\n\n", partial: "sourcegraph says: Query too broad: see https://x/?…"},
		"other event":  {last: "event: novelty\ndata: whatever\n\n"},
		"cut":          {cut: true, partial: "broke off before its end"},
		"error":        {last: "event: error\ndata: {\"message\":\"boom " + token + "\"}\n\n", partial: "sourcegraph could not search: boom …"},
		"bad JSON":     {last: "event: matches\ndata: [{\"type\"\n\n", partial: "unexpected response"},
		"wrong type":   {last: "event: matches\ndata: [{\"type\":\"content\",\"repository\":7}]\n\n", partial: "number where a string"},
		"null matches": {last: "event: matches\ndata: null\n\n", partial: "null"},
		"no type":      {last: "event: matches\ndata: [{}]\n\n", partial: "no type"},
		"odd line":     {last: "event: matches\ndata: [{\"type\":\"content\",\"repository\":\"r\",\"path\":\"p\",\"chunkMatches\":[{\"contentStart\":{\"line\":-3}}]}]\n\n", partial: "below zero"},
		"odd path":     {last: "event: matches\ndata: [{\"type\":\"content\",\"repository\":\"r\",\"path\":\"../../p\",\"chunkMatches\":[{\"content\":\"Put\"}]}]\n\n"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, pattern := range []string{"Put", "no such words"} {
				f := shop()
				f.last, f.ends = test.last, test.cut
				r, err := openFake(t, f).Search(t.Context(), code.Query{Pattern: pattern})
				if err != nil {
					// Nothing was found, and it is not known that nothing is there.
					if pattern == "Put" || fail.From(err).Code != fail.Unavailable || !strings.Contains(fail.Show(err), strings.TrimPrefix(test.partial, "not all was searched: ")) {
						t.Errorf("%s: %v", pattern, err)
					}
					if strings.Contains(fail.Show(err), token) {
						t.Error(fail.Show(err))
					}
					continue
				}
				if !strings.Contains(r.Partial, test.partial) || (test.partial == "") != (r.Partial == "") || r.Skipped != test.skipped || strings.Contains(r.Partial, token) {
					t.Errorf("%s: partial %q, skipped %q", pattern, r.Partial, r.Skipped)
				}
				if pattern == "Put" && hits(r) != "a.go:3 a.go:4 a.go:6 b.txt:1" {
					t.Errorf("found %s", hits(r))
				}
			}
		})
	}
}

// TestAnswers: what is no stream is an error.
func TestAnswers(t *testing.T) {
	for name, test := range map[string]struct {
		status    int
		typ, body string
		code      fail.Code
	}{
		"login page": {200, "text/html", "<html>Sign in " + token + "</html>", fail.Unavailable},
		"JSON":       {200, "application/json", "{}", fail.Unavailable},
		"empty":      {200, "text/event-stream", "", fail.Unavailable},
		"204":        {204, "", "", fail.Unavailable},
		"401":        {401, "text/plain", "Invalid access token " + token, fail.Denied},
		"403":        {403, "text/plain", "", fail.Denied},
		"404":        {404, "text/html", "<html>", fail.NotFound},
		"400":        {400, "application/json", `{"message":"bad"}`, fail.Invalid},
		"500":        {500, "text/plain", "x", fail.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", test.typ)
				w.WriteHeader(test.status)
				io.WriteString(w, test.body)
			}))
			t.Cleanup(srv.Close)
			s, err := Open(t.Context(), Config{rest.Config{URL: srv.URL, Token: "env:T"}}, testHost())
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { s.Close() })
			_, err = s.Search(t.Context(), code.Query{Pattern: "x"})
			if f := fail.From(err); f == nil || f.Code != test.code || strings.Contains(fail.Show(err), token) {
				t.Errorf("%v, want %s", err, test.code)
			}
		})
	}
}

// TestStops: reading ends where the limit is reached, and a search that hangs ends with
// its caller.
func TestStops(t *testing.T) {
	gone := make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for i := range 100 {
			fmt.Fprintf(w, "event: matches\ndata: [{\"type\":\"content\",\"repository\":\"r\",\"path\":\"f%d\",\"chunkMatches\":[{\"content\":\"hit\\n\",\"contentStart\":{\"line\":6}}]}]\n\n", i)
		}
		w.(http.Flusher).Flush()
		select {
		case <-r.Context().Done():
		case <-gone:
		}
	}))
	t.Cleanup(srv.Close)
	t.Cleanup(func() { close(gone) })
	s, err := Open(t.Context(), Config{rest.Config{URL: srv.URL}}, testHost())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	r, err := s.Search(t.Context(), code.Query{Pattern: "hit", Limit: 3})
	if err != nil || hits(r) != "f0:7 f1:7 f2:7" || r.Cursor == "" {
		t.Fatalf("%s, %+v, %v", hits(r), r, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	r, err = s.Search(ctx, code.Query{Pattern: "hit", Limit: 1000})
	if err != nil || !strings.HasPrefix(r.Partial, "deadline of ") || r.Matches != 100 || r.Cursor == "" {
		t.Errorf("%+v, %v", r, err)
	}
}

// FuzzWritten: whatever the pattern and the paths are, the query has the fields that it is
// meant to have, and its expression means what the pattern means.
func FuzzWritten(f *testing.F) {
	f.Add(`a/b\c "d" (e)`, `x"y`, "repo:z")
	f.Add(`\\/`, `\`, "-")
	f.Fuzz(func(t *testing.T, text, path, repo string) {
		for _, s := range []string{text, path, repo} {
			if s == "" || strings.ContainsAny(s, "\n\r") || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0xfffd }) {
				return
			}
		}
		re := slashed(quoteMeta(text))
		q := parse(t, "/"+re+"/ "+filter("file", regexp.QuoteMeta(path))+" "+filter("repo", regexp.QuoteMeta(repo))+" case:yes")
		if len(q.fields) != 3 || len(q.fields["file"]) != 1 || len(q.fields["repo"]) != 1 {
			t.Fatalf("%q, %q, %q became %+v", text, path, repo, q)
		}
		for expr, s := range map[string]string{q.pattern: text, q.fields["file"][0]: path, q.fields["repo"][0]: repo} {
			if m, err := regexp.MatchString("^(?:"+expr+")$", s); err != nil || !m {
				t.Errorf("%q became %q, which does not match it: %v", s, expr, err)
			}
		}
	})
}
