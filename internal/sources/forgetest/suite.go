package forgetest

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"cleat/internal/fail"
	"cleat/internal/systems/code"
)

// A Kind is a kind of forge: how to start its fake and open a source on it, which allows
// the given repositories.
type Kind struct {
	Start func(t *testing.T, repos ...Repo) *Server
	Open  func(t *testing.T, s *Server, repos ...string) code.Searcher
}

// Acme are the repositories of Run.
func Acme() []Repo {
	files := map[string]string{
		"order/order.go": "package order\n\nfunc placeOrder() {}\n",
		"conf/key.txt":   "key hunter2 is secret\nplaceOrder is not\n",
		"closed/x.go":    "package closed // placeOrder\n",
		"logo.bin":       "placeOrder\x00placeOrder\n",
	}
	old := map[string]string{"order/order.go": "package order\n\nfunc placeOrder() {}\nfunc gone() {}\n"}
	return []Repo{
		{Name: "acme/shop", Refs: map[string]map[string]string{"main": files, "old": old, "feature/x": old, "v1/0": old}},
		{Name: "acme/lib", Branch: "trunk", Refs: map[string]map[string]string{"trunk": {"lib.go": "package lib // placeOrder\n"}}},
		{Name: "user-bob/private", Refs: map[string]map[string]string{"main": {"p.go": "package p // placeOrder\n"}}},
	}
}

// Run runs what all sources over forges have to pass, besides the suite of their system.
func Run(t *testing.T, k Kind) {
	for name, test := range map[string]func(*testing.T, Kind){
		"the allow-list": allowList, "archives": archives, "what is not there": notThere, "answers of no use": useless,
		"limits and faults": faults, "redaction": redaction, "the end": ended, "closed paths": closedPaths, "hostile names": hostileNames,
		"many at once": manyAtOnce, "reading": reading, "sizes": sizes, "errors of reading": readingMends, "addresses": addressing, "answers that are no file": readingFaults,
	} {
		t.Run(name, func(t *testing.T) { test(t, k) })
	}
}

// Hits writes a result as repository:path:line of the matches.
func Hits(r *code.Result) string {
	var out []string
	for _, f := range r.Files {
		for _, l := range f.Lines {
			if l.Match {
				out = append(out, strings.TrimPrefix(fmt.Sprintf("%s:%s:%d%s", f.Repo, f.Path, l.Number, l.Only), ":"))
			}
		}
		if len(f.Lines) == 0 {
			out = append(out, strings.TrimPrefix(f.Repo+":"+f.Path, ":"))
		}
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

// Expect compares the matches of q with want.
func Expect(t *testing.T, s code.Searcher, q code.Query, want string) *code.Result {
	t.Helper()
	r, err := s.Search(t.Context(), q)
	if err != nil {
		t.Errorf("%+v: %s", q, fail.Show(err))
		return &code.Result{}
	}
	if got := Hits(r); got != want {
		t.Errorf("%+v:\n got %s\nwant %s", q, got, want)
	}
	return r
}

// Fails expects an error of the code whose text has all the parts, and no secrets.
func Fails(t *testing.T, s code.Searcher, q code.Query, want fail.Code, parts ...string) {
	t.Helper()
	r, err := s.Search(t.Context(), q)
	if err == nil {
		t.Errorf("%+v: no error but %+v", q, r)
		return
	}
	shown := fail.Show(err)
	if fail.From(err).Code != want {
		t.Errorf("%+v: %s, want %s", q, shown, want)
	}
	for _, p := range parts {
		if !strings.Contains(shown, p) {
			t.Errorf("%+v: %q does not say %q", q, shown, p)
		}
	}
	clean(t, shown)
}

func clean(t *testing.T, shown string) {
	t.Helper()
	for _, bad := range []string{Token, "CANARY", "SIGNED", "http://127", "<html"} {
		if strings.Contains(shown, bad) {
			t.Errorf("%q tells %q", shown, bad)
		}
	}
}

func allowList(t *testing.T, k Kind) {
	fake := k.Start(t, Acme()...)
	s := k.Open(t, fake, "acme/shop", "acme/l*")
	for _, repo := range []string{"user-bob/private", "user-bob/*", "private", "acme/other"} {
		Fails(t, s, code.Query{Pattern: "x", Repo: repo}, fail.Denied, "outside", "acme/shop")
		Fails(t, s, code.Query{Pattern: "x", Mode: code.Regex, Ref: "old", Repo: repo}, fail.Denied)
	}
	if asked := fake.Asked(); len(asked) > 0 {
		t.Errorf("what is not allowed was asked for: %q", asked)
	}
	Expect(t, s, code.Query{Pattern: `lib // p\w+`, Mode: code.Regex, Repo: "lib"}, "acme/lib:lib.go:1")
	Expect(t, s, code.Query{Pattern: `lib // p\w+`, Mode: code.Regex, Repo: "ACME/l?b"}, "acme/lib:lib.go:1")
	Fails(t, s, code.Query{Pattern: "x+", Mode: code.Regex}, fail.Unsupported, "one repository", "acme/lib, acme/shop")
	for _, asked := range fake.Asked() {
		if strings.Contains(asked, "bob") {
			t.Errorf("asked for what is not allowed: %s", asked)
		}
	}
}

func archives(t *testing.T, k Kind) {
	fake := k.Start(t, Acme()...)
	s := k.Open(t, fake, "acme/shop")
	r := Expect(t, s, code.Query{Pattern: `func \w+`, Mode: code.Regex}, "order/order.go:3")
	shop := fake.find("acme/shop")
	if want := fmt.Sprintf("acme/shop@main (%.10s)", shop.Commit("main")); r.Scope != want {
		t.Errorf("scope %q, want %q", r.Scope, want)
	}
	if r.Stats.Binary != 1 || r.Stats.Files != 3 {
		t.Errorf("what was searched: %+v", r.Stats)
	}
	downloads := func() (n int) {
		for _, a := range fake.Asked() {
			if strings.Contains(a, "archive") || strings.Contains(a, "tarball") {
				n++
			}
		}
		return n
	}
	if n := downloads(); n != 1 {
		t.Errorf("%d downloads", n)
	}
	Expect(t, s, code.Query{Pattern: `func g\w+`, Mode: code.Regex}, "")
	if n := downloads(); n != 0 {
		t.Errorf("the same archive was downloaded again")
	}
	for _, ref := range []string{"old", "feature/x", "v1/0", shop.Commit("old")} {
		Expect(t, s, code.Query{Pattern: "gone", Ref: ref}, "order/order.go:4")
	}
	Expect(t, s, code.Query{Pattern: "**/*.go", Mode: code.Files, Ref: "old"}, "order/order.go")
	Expect(t, s, code.Query{Pattern: "func", Ref: "old..main"}, "order/order.go:4-")
	Expect(t, s, code.Query{Pattern: "func", Ref: "..old"}, "order/order.go:4+")
	Fails(t, s, code.Query{Pattern: "func", Ref: "old..main", Mode: code.Symbol}, fail.Unsupported, "text or regex")
}

func notThere(t *testing.T, k Kind) {
	s := k.Open(t, k.Start(t, Acme()...))
	Fails(t, s, code.Query{Pattern: "x+", Mode: code.Regex, Repo: "acme/shopp"}, fail.NotFound, "no repository acme/shopp", "may not see it", "did you mean acme/shop")
	Fails(t, s, code.Query{Pattern: "x", Repo: "acme/qqqqqq"}, fail.NotFound, "acme has: acme/lib, acme/shop")
	Fails(t, s, code.Query{Pattern: "x", Repo: "user-bob/privat"}, fail.NotFound, "did you mean user-bob/private")
	Fails(t, s, code.Query{Pattern: "x", Repo: "nobody/x"}, fail.NotFound)
	Fails(t, s, code.Query{Pattern: "x+", Mode: code.Regex, Repo: "acme/z*"}, fail.NotFound, "no repository matches")
	Fails(t, s, code.Query{Pattern: "x", Repo: "acme/shop", Ref: "olt"}, fail.NotFound, "no branch, tag or commit olt in acme/shop", "did you mean old")
	Fails(t, s, code.Query{Pattern: "x+", Mode: code.Regex, Repo: "acme/shop", Paths: []string{"order/ordr.go"}}, fail.NotFound, "order/ordr.go")
}

// useless are answers that look like one and are none: they never become "nothing found".
func useless(t *testing.T, k Kind) {
	html := map[string]string{"Content-Type": "text/html"}
	for name, c := range map[string]Canned{
		"a login page": {200, html, "<html><form>CANARY</form></html>"},
		"no content":   {204, nil, ""},
		"empty":        {200, nil, ""},
		"cut":          {200, nil, `{"full_name":"acme/sh`},
		"null":         {200, nil, "null"},
		"a list":       {200, nil, `["CANARY"]`},
		"lacking":      {200, nil, `{"id":7}`},
		"wrong types":  {200, nil, `{"full_name":7,"path_with_namespace":7,"default_branch":[]}`},
		"twice":        {200, nil, `{"full_name":"acme/shop","full_name":"x/y","default_branch":"main","id":1,"path_with_namespace":"acme/shop","path_with_namespace":"x/y"}`},
	} {
		t.Run(name, func(t *testing.T) {
			fake := k.Start(t, Acme()...)
			fake.Can("acme", slices.Repeat([]Canned{c}, 9)...)
			Fails(t, k.Open(t, fake, "acme/shop"), code.Query{Pattern: "placeOrder"}, fail.Unavailable, "unexpected response")
		})
	}
	for name, c := range map[string]Canned{
		"a login page for an archive": {200, html, "<html>CANARY</html>"},
		"half an archive":             {200, map[string]string{"Content-Type": "application/gzip"}, string(TarGz(strings.Repeat("0", 40), Acme()[0].Refs["main"])[:60])},
	} {
		t.Run(name, func(t *testing.T) {
			fake := k.Start(t, Acme()...)
			fake.Can("/archive", c)
			fake.Can("/tarball", c)
			Fails(t, k.Open(t, fake, "acme/shop"), code.Query{Pattern: "place+", Mode: code.Regex}, fail.Unavailable)
		})
	}
}

func faults(t *testing.T, k Kind) {
	reset := strconv.FormatInt(time.Now().Add(50*time.Minute).Unix(), 10)
	for name, test := range map[string]struct {
		answer Canned
		want   fail.Code
		says   []string
	}{
		"expired":      {Canned{401, nil, `{"message":"Bad credentials for ` + Token + `"}`}, fail.Denied, []string{"token"}},
		"forbidden":    {Canned{403, nil, `{"message":"Resource not accessible by personal access token"}`}, fail.Denied, []string{"403"}},
		"rate limited": {Canned{403, map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset}, `{"message":"API rate limit exceeded"}`}, fail.Busy, []string{"retry: after"}},
		"slow down":    {Canned{429, map[string]string{"Retry-After": "3000"}, `{"message":"Retry later"}`}, fail.Busy, []string{"retry: after 50m"}},
	} {
		t.Run(name, func(t *testing.T) {
			fake := k.Start(t, Acme()...)
			fake.Can("acme", slices.Repeat([]Canned{test.answer}, 9)...)
			Fails(t, k.Open(t, fake, "acme/shop"), code.Query{Pattern: "placeOrder"}, test.want, test.says...)
		})
	}
	t.Run("down for a moment", func(t *testing.T) {
		fake := k.Start(t, Acme()...)
		fake.Can("acme", Canned{503, nil, ""}, Canned{502, nil, "<html>"})
		Expect(t, k.Open(t, fake, "acme/shop"), code.Query{Pattern: `func \w+`, Mode: code.Regex}, "order/order.go:3")
	})
	t.Run("sent elsewhere", func(t *testing.T) {
		fake := k.Start(t, Acme()...)
		fake.Can("acme", Canned{http.StatusFound, map[string]string{"Location": "http://" + fake.Files + "/acme/shop/x"}, ""})
		Fails(t, k.Open(t, fake, "acme/shop"), code.Query{Pattern: "x"}, fail.Denied, "another host")
	})
}

// redaction: lines are shown as a mask of the whole file leaves them, and nothing is found
// by what is masked.
func redaction(t *testing.T, k Kind) {
	s := k.Open(t, k.Start(t, Acme()...), "acme/shop")
	for _, mode := range []code.Mode{code.Text, code.Regex} {
		r := Expect(t, s, code.Query{Pattern: "is secret", Mode: mode, Context: 1}, "conf/key.txt:1")
		if len(r.Files) == 1 && r.Files[0].Lines[0].Text != "key [redacted] is secret" {
			t.Errorf("mode %s shows %+v", mode, r.Files[0].Lines)
		}
		Expect(t, s, code.Query{Pattern: "hunter2", Mode: mode}, "")
	}
}

// ended: when the time is over, that is said, and it is no error.
func ended(t *testing.T, k Kind) {
	fake := k.Start(t, Acme()...)
	s := k.Open(t, fake, "acme/shop")
	for _, mode := range []code.Mode{code.Text, code.Regex, code.Symbol, code.Files} {
		ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
		r, err := s.Search(ctx, code.Query{Pattern: "placeOrder", Mode: mode})
		cancel()
		if err != nil || r.Partial == "" || len(r.Files) > 0 {
			t.Errorf("mode %s: %+v, %v", mode, r, err)
		}
	}
	if asked := fake.Asked(); len(asked) > 0 {
		t.Errorf("after the end: %q", asked)
	}
	for _, held := range []string{"acme", "/archive", "/tarball"} {
		fake := k.Start(t, Acme()...)
		fake.Can(held, Canned{})
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		r, err := k.Open(t, fake, "acme/shop").Search(ctx, code.Query{Pattern: "place[O]rder", Mode: code.Regex})
		cancel()
		if strings.HasPrefix(held, "/") && r != nil && r.Partial == "" { // the other forges have archives elsewhere
			continue
		}
		if err != nil || !strings.Contains(r.Partial, "deadline") {
			t.Errorf("%s hangs: %+v, %v", held, r, err)
		}
	}
}

// manyAtOnce: a source is used by several calls at the same time.
func manyAtOnce(t *testing.T, k Kind) {
	s := k.Open(t, k.Start(t, Acme()...))
	var g errgroup.Group
	for i := range 12 {
		g.Go(func() error {
			q := code.Query{Pattern: "placeOrder", Repo: "acme/" + []string{"shop", "lib"}[i%2], Mode: []code.Mode{code.Text, code.Regex, code.Symbol}[i%3]}
			_, err := s.Search(t.Context(), q)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		t.Error(err)
	}
}

func hostileNames(t *testing.T, k Kind) {
	fake := k.Start(t, Acme()...)
	s := k.Open(t, fake)
	for _, repo := range []string{"acme/../user", "acme/..", "../x", "acme/shop?x=y", "acme/shop#x", "acme/sh op", "acme/shop\r\nX: y", "acme/%2e%2e", "acme//shop",
		"/acme/shop", "-x/y", "acme/\u202eshop", "acme/[s]hop", strings.Repeat("a/", 400) + "b", "a/**/**/**"} {
		Fails(t, s, code.Query{Pattern: "x", Repo: repo}, fail.Invalid)
	}
	for _, ref := range []string{"--upload-pack=x", "a..b..c", "x y", "main~1", "main^", "a:b", "HEAD@{1}", "main/../x", "a//b", "x.lock", "x\n", "a?b", "a...b", strings.Repeat("r", 300)} {
		Fails(t, s, code.Query{Pattern: "x", Repo: "acme/shop", Ref: ref}, fail.Invalid)
	}
	for _, p := range []string{"../x", "/etc", "a/../../b", "a/.."} {
		Fails(t, s, code.Query{Pattern: "x", Repo: "acme/shop", Paths: []string{p}}, fail.Denied)
	}
	if asked := fake.Asked(); len(asked) > 0 {
		t.Errorf("it was asked: %q", asked)
	}
}

// closedPaths: what policy closes is neither read nor found.
func closedPaths(t *testing.T, k Kind) {
	fake := k.Start(t, Acme()...)
	fake.Closed = func(p string) bool { return p == "closed" || p == "ACME/shop/conf" }
	s := k.Open(t, fake, "ACME/shop")
	for _, mode := range []code.Mode{code.Text, code.Regex} {
		r := Expect(t, s, code.Query{Pattern: "placeOrder", Mode: mode}, "order/order.go:3")
		if r.Stats.Denied != 2 {
			t.Errorf("mode %s: %+v", mode, r.Stats)
		}
	}
	for _, asked := range fake.Asked() {
		if strings.Contains(asked, "conf") || strings.Contains(asked, "closed") || strings.Contains(asked, BlobID(Acme()[0].Refs["main"]["closed/x.go"])) {
			t.Errorf("a closed file was read: %s", asked)
		}
	}
}
