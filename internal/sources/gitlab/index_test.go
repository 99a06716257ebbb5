package gitlab_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cleat/internal/fail"
	"cleat/internal/sources/forgetest"
	"cleat/internal/systems/code"
	"cleat/internal/uri"
)

func repo(name string, files map[string]string) forgetest.Repo {
	return forgetest.Repo{Name: name, Refs: map[string]map[string]string{"main": files}}
}

// searches returns the searches that the fake was asked for, as PATH TEXT.
func searches(t *testing.T, fake *forgetest.Server) []string {
	t.Helper()
	var out []string
	for _, a := range fake.Asked() {
		path, query, _ := strings.Cut(strings.TrimPrefix(a, "GET /api/v4"), "?")
		v, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		if v.Get("scope") != "" {
			out = append(out, path+" "+v.Get("search"))
		}
	}
	return out
}

func TestScopes(t *testing.T) {
	fake := forgetest.GitLab(t, append(forgetest.Acme(), repo("acme/sub/deep", map[string]string{"d.go": "placeOrder()\n"}))...)
	fake.Advanced = true
	for _, test := range []struct {
		repos []string
		q     code.Query
		asked []string
		want  string
	}{
		{[]string{"acme/sub/deep"}, code.Query{Pattern: "placeOrder("}, []string{"/projects/acme%2Fsub%2Fdeep/search placeOrder"}, "d.go:1"},
		{[]string{"acme/**"}, code.Query{Pattern: "placeOrder", Paths: []string{"lib.go", "d.go"}}, []string{"/groups/acme/search placeOrder"}, "acme/lib:lib.go:1 acme/sub/deep:d.go:1"},
		{[]string{"acme/*"}, code.Query{Pattern: "placeOrder", Lang: "go", Paths: []string{"!order", "!closed"}}, []string{"/groups/acme/search placeOrder"}, "acme/lib:lib.go:1"},
		{[]string{"acme/sub/*"}, code.Query{Pattern: "placeOrder"}, []string{"/groups/acme%2Fsub/search placeOrder"}, "acme/sub/deep:d.go:1"},
		{nil, code.Query{Pattern: "placeOrder", Repo: "*/private"}, []string{"/search placeOrder"}, "user-bob/private:p.go:1"},
		{[]string{"acme/lib", "user-bob/*"}, code.Query{Pattern: "placeOrder"},
			[]string{"/projects/acme%2Flib/search placeOrder", "/groups/user-bob/search placeOrder"}, "acme/lib:lib.go:1"},
		{[]string{"acme/shop"}, code.Query{Pattern: `path:x "placeOrder`, Paths: []string{"order/a/"}}, []string{"/projects/acme%2Fshop/search placeOrder path:order/a"}, "error"},
	} {
		r, err := open(t, fake, test.repos...).Search(t.Context(), test.q)
		got := "error"
		if err == nil {
			got = forgetest.Hits(r)
		} else if len(test.repos) == 2 { // a user's projects cannot be searched at once
			got = test.want
		}
		if got != test.want {
			t.Errorf("%q %+v: %s, %v, want %s", test.repos, test.q, got, err, test.want)
		}
		if diff := cmp.Diff(test.asked, searches(t, fake)); diff != "" {
			t.Errorf("%q %+v (-want +got)\n%s", test.repos, test.q, diff)
		}
	}
}

// Without advanced search one project has to be named.
func TestBasic(t *testing.T) {
	fake := forgetest.GitLab(t, forgetest.Acme()...)
	s := open(t, fake, "acme/*")
	forgetest.Fails(t, s, code.Query{Pattern: "placeOrder"}, fail.Unsupported, "one project only", "group/name")
	fake.Can("/groups/acme/search", forgetest.Canned{Status: 400, Body: `{"error":"scope does not have a valid value"}`})
	forgetest.Fails(t, s, code.Query{Pattern: "placeOrder"}, fail.Unsupported, "scope does not have a valid value")
	forgetest.Fails(t, s, code.Query{Pattern: "*.go", Mode: code.Files}, fail.Unsupported, "acme/lib, acme/shop")
	r := forgetest.Expect(t, s, code.Query{Pattern: "laceOrd", Repo: "acme/lib"}, "acme/lib:lib.go:1")
	if !strings.Contains(r.How, "basic search") || r.Scope != "acme/lib@trunk" {
		t.Errorf("how %q, scope %q", r.How, r.Scope)
	}
}

// Several chunks of a file are one file, over pages too.
func TestPages(t *testing.T) {
	files := map[string]string{}
	for i := range 50 {
		files[fmt.Sprintf("f%02d.txt", i)] = "word\n" + strings.Repeat("-\n", 10) + "word\n"
	}
	s := open(t, forgetest.GitLab(t, repo("acme/shop", files)), "acme/shop")
	for _, limit := range []int{1, 9, 100} {
		q, seen := code.Query{Pattern: "word", Limit: limit}, map[string]bool{}
		for range 300 {
			r, err := s.Search(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			for h := range strings.FieldsSeq(forgetest.Hits(r)) {
				if seen[h] {
					t.Errorf("limit %d: %s came twice", limit, h)
				}
				seen[h] = true
			}
			if q.Cursor = r.Cursor; q.Cursor == "" {
				break
			}
		}
		if len(seen) != 100 {
			t.Errorf("limit %d: %d lines, want 100", limit, len(seen))
		}
	}
}

func TestSearchAnswers(t *testing.T) {
	for name, body := range map[string]string{
		"no list": "null", "an object": `{"message":"hello"}`, "no project": `[{"path":"a","ref":"main","project_id":0}]`,
		"no ref": `[{"path":"word.txt","project_id":1}]`, "another type": `[{"path":"a","ref":"main","project_id":"1"}]`,
		"a ref that leads away": `[{"path":"word.txt","ref":"../x?private_token=1","project_id":1}]`,
	} {
		fake := forgetest.GitLab(t, repo("acme/shop", map[string]string{"word.txt": "word\n"}))
		fake.Can("scope=blobs", forgetest.Canned{Status: 200, Body: body})
		t.Run(name, func(t *testing.T) {
			forgetest.Fails(t, open(t, fake, "acme/shop"), code.Query{Pattern: "word"}, fail.Unavailable, "unexpected response")
		})
	}
	fake := forgetest.GitLab(t, repo("acme/shop", map[string]string{"word.txt": "word\n"}))
	for _, c := range []forgetest.Canned{
		{Status: 200, Header: map[string]string{"Content-Type": "text/html"}, Body: "<html>word CANARY</html>"},
		{Status: 200, Header: map[string]string{"Content-Type": "text/plain", "X-Gitlab-Content-Sha256": strings.Repeat("0", 64)}, Body: "word CANARY"},
	} {
		fake.Can("/raw", c)
		forgetest.Fails(t, open(t, fake, "acme/shop"), code.Query{Pattern: "word"}, fail.Unavailable, "unexpected response")
	}
	// A path with everything in it arrives as it is.
	odd := "a b/ü?x=1#y%2e../word.txt"
	fake = forgetest.GitLab(t, repo("acme/shop", map[string]string{odd: "word\n"}))
	forgetest.Expect(t, open(t, fake, "acme/shop"), code.Query{Pattern: "word"}, odd+":1")
}

// What is beside a file that is not there is known, also of a project with more files than
// are listed.
func TestNear(t *testing.T) {
	files := map[string]string{"z/word.txt": "word\n"}
	for i := range 400 {
		files[fmt.Sprintf("a/f%03d.txt", i)] = "word\n"
	}
	s := open(t, forgetest.GitLab(t, repo("acme/shop", files)), "acme/shop")
	_, err := s.Open(t.Context(), uri.New("repo", "acme/shop", "main", "z/wort.txt"))
	if err == nil || !strings.Contains(fail.Show(err), "repo://acme%2Fshop/main/z/word.txt") {
		t.Errorf("%v", fail.Show(err))
	}
}
