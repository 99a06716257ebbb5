package github_test

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cleat/internal/fail"
	"cleat/internal/sources/forgetest"
	"cleat/internal/sources/github"
	"cleat/internal/systems/code"
)

// repo makes a repository with one branch.
func repo(name string, files map[string]string) forgetest.Repo {
	return forgetest.Repo{Name: name, Refs: map[string]map[string]string{"main": files}}
}

// searches returns the texts of the code searches that the fake was asked for.
func searches(t *testing.T, fake *forgetest.Server) []string {
	t.Helper()
	var out []string
	for _, a := range fake.Asked() {
		if rest, ok := strings.CutPrefix(a, "GET /search/code?"); ok {
			v, err := url.ParseQuery(rest)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, v.Get("q"))
		}
	}
	return out
}

func TestQuery(t *testing.T) {
	fake := forgetest.GitHub(t, forgetest.Acme()...)
	s := open(t, fake, "acme/*", "user-bob/private")
	for _, test := range []struct {
		q    code.Query
		want string
	}{
		{code.Query{Pattern: "placeOrder"}, `"placeOrder" repo:user-bob/private user:acme`},
		{code.Query{Pattern: "placeOrder", Repo: "acme/shop", Lang: "go", Paths: []string{"order/sub/"}}, `"placeOrder" path:"order/sub" language:go repo:acme/shop`},
		{code.Query{Pattern: "placeOrder", Repo: "acme/shop", Lang: "c++", Paths: []string{"a/x.go"}}, `"placeOrder" path:"a" repo:acme/shop`},
		{code.Query{Pattern: "placeOrder", Repo: "acme/s*", Paths: []string{"a", "b"}}, `"placeOrder" user:acme`},
		{code.Query{Pattern: "placeOrder", Repo: "acme/s*", Paths: []string{`x" repo:y/sub`}}, `"placeOrder" user:acme`},
		{code.Query{Pattern: `" repo:evil/x "placeOrder`, Repo: "acme/s*"}, `"placeOrder" user:acme`},
		{code.Query{Pattern: `a NOT\b`, Repo: "acme/s*"}, `"a NOT" user:acme`},
		{code.Query{Pattern: "order.go", Mode: code.Files}, `filename:order.go repo:user-bob/private user:acme`},
		{code.Query{Pattern: "**/*.go", Mode: code.Files, Repo: "acme/*"}, `extension:go user:acme`},
	} {
		_, err := s.Search(t.Context(), test.q)
		if err != nil && fail.From(err).Code != fail.NotFound { // of a path, in the archive
			t.Errorf("%+v: %v", test.q, err)
		}
		if diff := cmp.Diff([]string{test.want}, searches(t, fake)); diff != "" {
			t.Errorf("%+v (-want +got)\n%s", test.q, diff)
		}
	}
	for _, q := range []code.Query{
		{Pattern: "{}();"}, {Pattern: "ma?n.go", Mode: code.Files}, {Pattern: "x+", Mode: code.Regex}, {Pattern: "x", Mode: code.Symbol}, {Pattern: "x", Ref: "main"},
	} {
		forgetest.Fails(t, s, q, fail.Unsupported, "repo")
	}
	forgetest.Expect(t, open(t, fake), code.Query{Pattern: "placeOrder", Repo: "*/lib"}, "acme/lib:lib.go:1")
}

// Without the key repos a search over the public GitHub needs a repository.
func TestPublic(t *testing.T) {
	s, err := github.Open(t.Context(), github.Config{}, forgetest.GitHub(t).Host())
	if err != nil {
		t.Fatal(err)
	}
	forgetest.Fails(t, s, code.Query{Pattern: "placeOrder"}, fail.Invalid, "all of GitHub", "owner/name")
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestConfig(t *testing.T) {
	var c github.Config
	c.Repos = []string{"acme"}
	c.URL = "http://ghe.example.com"
	err := c.Validate()
	keys := []string{}
	for _, e := range err.(interface{ Unwrap() []error }).Unwrap() {
		for _, e := range flat(e) {
			keys = append(keys, e.(interface{ Key() string }).Key())
		}
	}
	if diff := cmp.Diff([]string{"url", "repos"}, keys); diff != "" {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
	if err := (github.Config{}).Validate(); err != nil {
		t.Errorf("no keys at all: %v", err)
	}
}

func flat(err error) []error {
	if j, ok := err.(interface{ Unwrap() []error }); ok {
		return j.Unwrap()
	}
	return []error{err}
}

// What the index names is verified: what does not match, is too large or not text is
// counted, what is of other repositories is not even read.
func TestVerified(t *testing.T) {
	files := map[string]string{
		"a.go":     "// place order\nplaceOrder(place.order)\n",
		"b.go":     "place(order)\nplace order\n",
		"big.txt":  "place order\n" + strings.Repeat("x", 1<<20),
		"logo.bin": "place order\x00",
	}
	fake := forgetest.GitHub(t, repo("acme/shop", files), repo("acme/secret", map[string]string{"s.go": "place.order"}))
	s := open(t, fake, "acme/shop", "acme/l*")
	r := forgetest.Expect(t, s, code.Query{Pattern: "place.order"}, "acme/shop:a.go:2")
	want := code.Stats{Files: 2, Bytes: int64(len(files["a.go"]) + len(files["b.go"])), Binary: 1, Large: 1, Took: r.Stats.Took}
	if diff := cmp.Diff(want, r.Stats); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if r.Skipped != "too large: big.txt; 1 file that the index named does not match" || !strings.Contains(r.How, "whole words") {
		t.Errorf("skipped %q, how %q", r.Skipped, r.How)
	}
	if r.Scope != "acme/shop, acme/l*" {
		t.Errorf("scope %q", r.Scope)
	}
	secret := forgetest.BlobID("place.order")
	for _, a := range fake.Asked() {
		if strings.Contains(a, secret) {
			t.Errorf("a file that is not allowed was read: %s", a)
		}
	}
}

// In one repository "nothing" is said only after the files themselves were searched.
func TestFallback(t *testing.T) {
	fake := forgetest.GitHub(t, repo("acme/shop", map[string]string{"a.go": "placeOrder()\n"}))
	s := open(t, fake, "acme/*")
	r := forgetest.Expect(t, s, code.Query{Pattern: "laceOrd", Repo: "acme/shop"}, "acme/shop:a.go:1")
	if !strings.HasPrefix(r.Scope, "acme/shop@main (") {
		t.Errorf("scope %q", r.Scope)
	}
	forgetest.Expect(t, s, code.Query{Pattern: "laceOrd"}, "")
	fake.Can("/tarball", forgetest.Canned{Status: 500}, forgetest.Canned{Status: 500}, forgetest.Canned{Status: 500}, forgetest.Canned{Status: 500})
	if err := s.Close(); err != nil { // forgets the archive
		t.Fatal(err)
	}
	r = forgetest.Expect(t, s, code.Query{Pattern: "laceOrd", Repo: "acme/shop"}, "")
	if !strings.Contains(r.Partial, "archive could not be searched") {
		t.Errorf("nothing was found, and that is all: %+v", r)
	}
}

// many is a repository with n files that hold a word twice.
func many(n int) forgetest.Repo {
	files := map[string]string{}
	for i := range n {
		files[fmt.Sprintf("f%03d.txt", i)] = "a word\nanother\nword %d\n"
	}
	return repo("acme/shop", files)
}

func TestPages(t *testing.T) {
	fake := forgetest.GitHub(t, many(70))
	s := open(t, fake, "acme/shop")
	for _, limit := range []int{1, 7, 59, 60, 61, 1000} {
		var got []string
		q := code.Query{Pattern: "word", Limit: limit, Context: 1}
		for range 500 {
			r, err := s.Search(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			if h := forgetest.Hits(r); h != "" {
				got = append(got, strings.Fields(h)...)
			}
			if n := len(strings.Fields(forgetest.Hits(r))); n > limit || n != r.Matches {
				t.Fatalf("%d lines at a limit of %d, said to be %d", n, limit, r.Matches)
			}
			if q.Cursor = r.Cursor; q.Cursor == "" {
				break
			}
		}
		if want := strings.Fields(strings.Join(slices.Collect(lines(70)), " ")); !slices.Equal(got, want) {
			t.Errorf("limit %d: %d lines, want %d", limit, len(got), len(want))
		}
	}
}

func lines(n int) func(func(string) bool) {
	return func(yield func(string) bool) {
		for i := range n {
			if !yield(fmt.Sprintf("f%03d.txt:1 f%03d.txt:3", i, i)) {
				return
			}
		}
	}
}

func TestCursor(t *testing.T) {
	fake := forgetest.GitHub(t, many(40))
	s := open(t, fake, "acme/shop")
	r, err := s.Search(t.Context(), code.Query{Pattern: "word", Limit: 3})
	if err != nil || r.Cursor == "" {
		t.Fatalf("%+v, %v", r, err)
	}
	forgetest.Fails(t, s, code.Query{Pattern: "other", Cursor: r.Cursor}, fail.Invalid, "other arguments")
	forgetest.Fails(t, s, code.Query{Pattern: "word", Repo: "acme/shop", Cursor: r.Cursor}, fail.Invalid)
	for _, bad := range []string{"i", "x y", "AAAA", r.Cursor + "A", r.Cursor[:len(r.Cursor)-2], strings.Repeat("A", 1<<16)} {
		forgetest.Fails(t, s, code.Query{Pattern: "word", Cursor: bad}, fail.Invalid, "cursor")
	}
	fake.Can("/search/code", forgetest.Canned{Status: 200, Body: `{"total_count":0,"incomplete_results":false,"items":[]}`})
	forgetest.Fails(t, s, code.Query{Pattern: "word", Cursor: r.Cursor}, fail.Invalid, "changed since")
}

// A limit that is met on the way leaves what was found, and a cursor that goes on.
func TestRateLimit(t *testing.T) {
	fake := forgetest.GitHub(t, many(40))
	s := open(t, fake, "acme/shop")
	limited := forgetest.Canned{Status: 429, Header: map[string]string{"Retry-After": "40"}, Body: `{"message":"slow down"}`}
	fake.Can("page=2", limited)
	r, err := s.Search(t.Context(), code.Query{Pattern: "word", Limit: 1000})
	if err != nil || r.Matches != 60 || !strings.Contains(r.Partial, "go on after 40s") || r.Cursor == "" {
		t.Fatalf("%+v, %v", r, err)
	}
	other := open(t, fake, "acme/shop") // which was told of no limit
	r, err = other.Search(t.Context(), code.Query{Pattern: "word", Limit: 1000, Cursor: r.Cursor})
	if err != nil || r.Matches != 20 || r.Partial != "" || r.Cursor != "" {
		t.Errorf("%+v, %v", r, err)
	}
	// The search's limit is not that of other requests.
	forgetest.Expect(t, s, code.Query{Pattern: "wor[d]", Mode: code.Regex, Paths: []string{"f000.txt"}}, "f000.txt:1 f000.txt:3")
}

// What was found before the end is returned, and the cursor goes on behind it.
func TestEnd(t *testing.T) {
	files := map[string]string{}
	for i := range 20 {
		files[fmt.Sprintf("f%02d.txt", i)] = fmt.Sprintf("word %d\n", i)
	}
	fake := forgetest.GitHub(t, repo("acme/shop", files))
	fake.Can("/git/blobs/"+forgetest.BlobID("word 12\n"), forgetest.Canned{})
	s := open(t, fake, "acme/shop")
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	r, err := s.Search(ctx, code.Query{Pattern: "word"})
	if err != nil || r.Matches != 12 || !strings.HasPrefix(r.Partial, "deadline of ") || r.Cursor == "" {
		t.Fatalf("%+v, %v", r, err)
	}
	r, err = s.Search(t.Context(), code.Query{Pattern: "word", Cursor: r.Cursor})
	if err != nil || r.Matches != 8 || r.Files[0].Path != "f12.txt" || r.Cursor != "" {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestSearchAnswers(t *testing.T) {
	item := func(id string) string {
		return `{"total_count":1,"incomplete_results":true,"items":[{"path":"f000.txt","sha":"` + id + `","repository":{"full_name":"acme/shop"}}]}`
	}
	for name, test := range map[string]struct {
		body string
		want fail.Code
		says string
	}{
		"no list":       {`{"total_count":0,"incomplete_results":false,"items":null}`, fail.Unavailable, "unexpected response"},
		"another JSON":  {`{"message":"hello"}`, fail.Unavailable, "unexpected response"},
		"no object":     {item("main"), fail.Unavailable, "unexpected response"},
		"a path in one": {item("../../../user"), fail.Unavailable, "unexpected response"},
	} {
		fake := forgetest.GitHub(t, many(3))
		fake.Can("/search/code", forgetest.Canned{Status: 200, Body: test.body})
		s := open(t, fake, "acme/shop")
		t.Run(name, func(t *testing.T) {
			forgetest.Fails(t, s, code.Query{Pattern: "word"}, test.want, test.says)
		})
	}
	fake := forgetest.GitHub(t, many(1))
	content := "a word\nanother\nword %d\n"
	fake.Can("/search/code", forgetest.Canned{Status: 200, Body: item(forgetest.BlobID(content))})
	r := forgetest.Expect(t, open(t, fake, "acme/shop"), code.Query{Pattern: "word"}, "f000.txt:1 f000.txt:3")
	if r.Partial != "GitHub ran out of time and gave what it had found" {
		t.Errorf("incomplete results are not told: %+v", r)
	}
	fake.Can("/git/blobs", forgetest.Canned{Status: 200, Header: map[string]string{"Content-Type": "text/html"}, Body: "<html>a word CANARY</html>"})
	forgetest.Fails(t, open(t, fake, "acme/shop"), code.Query{Pattern: "word"}, fail.Unavailable, "content of the file")
}

// The first thousand files are all that GitHub gives.
func TestThousand(t *testing.T) {
	fake := forgetest.GitHub(t, many(1100))
	s := open(t, fake, "acme/shop")
	q, n := code.Query{Pattern: "word", Limit: 5000}, 0
	for {
		r, err := s.Search(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		n += r.Matches
		if q.Cursor = r.Cursor; q.Cursor == "" {
			if n != 33*30*2 || !strings.Contains(r.Partial, "first 1000 files") {
				t.Errorf("%d lines, partial %q", n, r.Partial)
			}
			return
		}
	}
}

// A repository that was renamed or given away is not allowed by its old name.
func TestMoved(t *testing.T) {
	fake := forgetest.GitHub(t, repo("mallory/shop", map[string]string{"a.go": "word"}))
	fake.Moved = []string{"acme/shop"}
	s := open(t, fake, "acme/*")
	for _, mode := range []code.Mode{code.Text, code.Regex} {
		forgetest.Fails(t, s, code.Query{Pattern: "word", Mode: mode, Repo: "acme/shop"}, fail.Denied, "mallory/shop")
	}
}

// An archive may come from where the configuration says, and from no private address else.
func TestRedirect(t *testing.T) {
	fake := forgetest.GitHub(t, repo("acme/shop", map[string]string{"a.go": "word"}))
	fake.Files = "127.0.0.1:1"
	config := fake.Config()
	config.Downloads = nil
	var c github.Config
	c.Config.Config, c.Repos = config, []string{"acme/shop"}
	s, err := github.Open(t.Context(), c, fake.Host())
	if err != nil {
		t.Fatal(err)
	}
	forgetest.Fails(t, s, code.Query{Pattern: "wor+d", Mode: code.Regex}, fail.Denied)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// An owner may be unknown to GitHub: the search of all is then refused as a whole.
func TestUnknownOwner(t *testing.T) {
	s := open(t, forgetest.GitHub(t, many(1)), "acme/*", "nobody/*")
	forgetest.Fails(t, s, code.Query{Pattern: "word"}, fail.NotFound, "nobody/*", "may not see it")
}

func TestManyRepositories(t *testing.T) {
	var repos []forgetest.Repo
	var names []string
	for i := range 25 {
		names = append(names, fmt.Sprintf("acme/r%02d", i))
		repos = append(repos, repo(names[i], map[string]string{"a.go": "word\n"}))
	}
	fake := forgetest.GitHub(t, repos...)
	r := forgetest.Expect(t, open(t, fake, names...), code.Query{Pattern: "word"}, strings.Join(names, ":a.go:1 ")+":a.go:1")
	if n := len(searches(t, fake)); n != 3 || r.Cursor != "" {
		t.Errorf("%d searches, cursor %q", n, r.Cursor)
	}
}
