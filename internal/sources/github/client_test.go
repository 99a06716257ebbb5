package github_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cleat/internal/fail"
	"cleat/internal/sources/forgetest"
	"cleat/internal/sources/github"
	"cleat/internal/systems/code"
	"cleat/internal/uri"
)

// An Enterprise server has its API below a path, and all media types are asked for as
// GitHub names them: what else it would answer is JSON with the content in base64.
func TestEnterprise(t *testing.T) {
	files := map[string]string{"a.go": "word\n"}
	for i := range 1000 {
		files[fmt.Sprintf("d/f%04d.txt", i)] = ""
	}
	fake := forgetest.GitHub(t, repo("acme/shop", files))
	to, err := url.Parse(fake.URL)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	accepts := map[string]string{}
	proxy := httputil.NewSingleHostReverseProxy(to)
	server := httptest.NewServer(http.StripPrefix("/api/v3", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		kind := strings.TrimPrefix(r.URL.Path, "/repos/acme/shop")
		for _, id := range []string{"/commits/", "/git/blobs/", "/git/trees/", "/tarball/"} {
			if strings.HasPrefix(kind, id) {
				kind = id
			}
		}
		accepts[kind] = strings.Join(r.Header.Values("Accept"), ", ")
		mu.Unlock()
		proxy.ServeHTTP(w, r)
	})))
	t.Cleanup(server.Close)
	var c github.Config
	c.Config.Config, c.Repos = fake.Config(), []string{"acme/shop"}
	c.URL = server.URL + "/api/v3/"
	s, err := github.Open(t.Context(), c, fake.Host())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	forgetest.Expect(t, s, code.Query{Pattern: "word"}, "a.go:1")
	forgetest.Expect(t, s, code.Query{Pattern: "wor+d", Mode: code.Regex}, "a.go:1")
	if text, code := read(t, s, "acme/shop", "d/none"); code != fail.NotFound {
		t.Errorf("%s %q", code, text)
	}
	want := map[string]string{
		"": "application/json", "/search/code": "application/json", "/contents/d": "application/json", "/git/trees/": "application/json",
		"/commits/": "application/vnd.github.v3.sha", "/git/blobs/": "application/vnd.github.v3.raw", "/tarball/": "*/*",
	}
	mu.Lock()
	defer mu.Unlock()
	if diff := cmp.Diff(want, accepts); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// What has moved within GitHub is followed, with the token that the fake wants; to another
// host nothing is followed, whatever was asked for.
func TestMovedAnswers(t *testing.T) {
	here := repo("acme/shop", map[string]string{"a.go": "word\n"})
	for _, status := range []int{http.StatusMovedPermanently, http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect} {
		fake := forgetest.GitHub(t, here)
		fake.Can("/repos/acme/shop", forgetest.Canned{Status: status, Header: map[string]string{"Location": fake.URL + "/repositories/7"}})
		fake.Can("/repositories/7", forgetest.Canned{Status: http.StatusOK, Body: `{"full_name":"acme/shop","default_branch":"main"}`})
		forgetest.Expect(t, open(t, fake, "acme/shop"), code.Query{Pattern: "word"}, "a.go:1")
	}
	for part, mode := range map[string]code.Mode{
		"/repos/acme/shop": code.Text, "/search/code": code.Text, "/git/blobs/": code.Text, "/commits/": code.Regex,
	} {
		fake := forgetest.GitHub(t, here)
		fake.Can(part, forgetest.Canned{Status: http.StatusMovedPermanently, Header: map[string]string{"Location": "http://" + fake.Files + "/repositories/7"}})
		t.Run(part, func(t *testing.T) {
			forgetest.Fails(t, open(t, fake, "acme/shop"), code.Query{Pattern: "word", Mode: mode}, fail.Denied, "another host")
		})
	}
}

// Of names, as many pages are asked for as GitHub says there are, up to a limit.
func TestListing(t *testing.T) {
	var repos []forgetest.Repo
	for i := range 320 {
		repos = append(repos, repo(fmt.Sprintf("acme/r%03d", i), map[string]string{"a.go": "word\n"}))
	}
	regex := code.Query{Pattern: "wor+d", Mode: code.Regex, Repo: "acme/r*"}
	forgetest.Fails(t, open(t, forgetest.GitHub(t, repos[:250]...)), regex, fail.Unsupported, "this is about 250", "acme/r000, acme/r001")
	forgetest.Fails(t, open(t, forgetest.GitHub(t, repos...)), regex, fail.Unsupported, "this is about more than 300")
	regex.Repo = ""
	forgetest.Fails(t, open(t, forgetest.GitHub(t, repos[:250]...)), regex, fail.Unsupported, "this is about 250")
	for link, want := range map[string]struct {
		code fail.Code
		says string
	}{
		`<https://mallory.example/orgs/acme/repos?page=2>; rel="next"`: {fail.Denied, "next page is on another host"},
		`</orgs/acme/repos?page=x>; rel="next"`:                        {fail.Unsupported, "more than 2"},
		`</orgs/acme/repos?page=1>; rel="next"`:                        {fail.Unsupported, "more than 2"},
		`</orgs/acme/repos?page=0>; rel="prev"`:                        {fail.Unsupported, "this is about 2"},
	} {
		fake := forgetest.GitHub(t, repos...)
		fake.Can("/orgs/acme/repos", forgetest.Canned{Status: http.StatusOK, Header: map[string]string{"Link": link}, Body: `[{"full_name":"acme/r1"},{"full_name":"acme/r2"}]`})
		t.Run(link, func(t *testing.T) {
			forgetest.Fails(t, open(t, fake), code.Query{Pattern: "wor+d", Mode: code.Regex, Repo: "acme/r*"}, want.code, want.says)
		})
	}
}

// The next page of a search is one of GitHub's own, and comes after the one before.
func TestNextPage(t *testing.T) {
	for link, want := range map[string]string{
		`</search/code?page=x>; rel="next"`:  "no more pages",
		`</search/code?page=1>; rel="next"`:  "no more pages",
		`</search/code?page=99>; rel="next"`: "first 1000 files",
		`</search/code?page=99>; rel="last"`: "",
	} {
		fake := forgetest.GitHub(t, repo("acme/shop", map[string]string{"a.go": "word\n"}))
		fake.Can("/search/code", forgetest.Canned{Status: http.StatusOK, Header: map[string]string{"Link": link},
			Body: `{"total_count":9,"items":[{"path":"a.go","sha":"` + forgetest.BlobID("word\n") + `","repository":{"full_name":"acme/shop"}}]}`})
		r := forgetest.Expect(t, open(t, fake, "acme/shop"), code.Query{Pattern: "word"}, "a.go:1")
		if want == "" && r.Partial != "" || !strings.Contains(r.Partial, want) || r.Cursor != "" {
			t.Errorf("%s: partial %q, cursor %q", link, r.Partial, r.Cursor)
		}
	}
	fake := forgetest.GitHub(t, many(3))
	fake.Can("/search/code", forgetest.Canned{Status: http.StatusOK, Header: map[string]string{"Link": `<https://mallory.example/search/code?page=2>; rel="next"`},
		Body: `{"total_count":0,"items":[]}`})
	forgetest.Fails(t, open(t, fake, "acme/shop"), code.Query{Pattern: "word"}, fail.Denied, "another host")
}

// What GitHub refuses is told as what it is. Its secondary limits are a 403 too.
func TestRefusals(t *testing.T) {
	for _, test := range []struct {
		answer forgetest.Canned
		want   fail.Code
		says   []string
	}{
		{forgetest.Canned{Status: http.StatusForbidden, Header: map[string]string{"Retry-After": "1200"}, Body: `{"message":"You have exceeded a secondary rate limit"}`},
			fail.Busy, []string{"secondary rate limit", "after 20m"}},
		{forgetest.Canned{Status: http.StatusForbidden, Body: `{"message":"Resource not accessible by personal access token"}`}, fail.Denied, []string{"may lack a scope"}},
		{forgetest.Canned{Status: http.StatusUnauthorized, Body: `{"message":"Requires authentication"}`}, fail.Denied, []string{"401", "Requires authentication"}},
		{forgetest.Canned{Status: http.StatusUnprocessableEntity, Body: `{"message":"Validation Failed"}`}, fail.NotFound, []string{"cannot search acme/shop", "may not see it"}},
		{forgetest.Canned{Status: http.StatusNotFound, Body: `{"message":"Not Found"}`}, fail.NotFound, []string{"404"}},
	} {
		fake := forgetest.GitHub(t, many(3))
		fake.Can("/search/code", test.answer)
		t.Run(fmt.Sprint(test.answer.Status, test.want), func(t *testing.T) {
			forgetest.Fails(t, open(t, fake, "acme/shop"), code.Query{Pattern: "word"}, test.want, test.says...)
		})
	}
}

// A commit is an id, not what else a server says of it: the next request would be about that.
func TestCommitAnswers(t *testing.T) {
	for _, body := range []string{"", "main", "../../user", "<html>CANARY</html>", forgetest.BlobID("x") + "/../x"} {
		fake := forgetest.GitHub(t, repo("acme/shop", map[string]string{"a.go": "word\n"}))
		fake.Can("/commits/", forgetest.Canned{Status: http.StatusOK, Header: map[string]string{"Content-Type": "text/plain"}, Body: body},
			forgetest.Canned{Status: http.StatusOK, Body: body})
		s := open(t, fake, "acme/shop")
		forgetest.Fails(t, s, code.Query{Pattern: "wor+d", Mode: code.Regex}, fail.Unavailable, "it has no commit")
		if _, err := s.Open(t.Context(), uri.New("repo", "acme/shop", "HEAD", "none.go")); fail.From(err).Code != fail.Unavailable {
			t.Errorf("%q: %v", body, fail.Show(err))
		}
	}
}
