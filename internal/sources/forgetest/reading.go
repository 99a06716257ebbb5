package forgetest

import (
	"context"
	"io"
	"strings"
	"testing"

	"cleat/internal/fail"
	"cleat/internal/systems"
	"cleat/internal/systems/code"
	"cleat/internal/systems/documents"
	"cleat/internal/systems/documents/documentstest"
	"cleat/internal/uri"
)

// A reader is what a source over a forge is besides a searcher.
type reader interface {
	code.Searcher
	code.Addresser
	documents.Library
	documents.Namer
	systems.Owner
}

// files are the repositories that are read.
func files() []Repo {
	repos := Acme()
	odd := "a b/ü?x=1#y%2e..c+d.md"
	repos[0].Refs["main"][odd] = "# odd\n"
	repos[0].Refs["main"]["utf16.txt"] = "\xff\xfeh\x00i\x00"
	repos[0].Refs["main"]["empty.txt"] = ""
	return repos
}

func openReader(t *testing.T, k Kind, fake *Server, repos ...string) reader {
	t.Helper()
	r, ok := k.Open(t, fake, repos...).(reader)
	if !ok {
		t.Fatal("the source reads no files")
	}
	return r
}

func reading(t *testing.T, k Kind) {
	repos := files()
	fake := k.Start(t, repos...)
	s := openReader(t, k, fake, "acme/*")
	old := repos[0].Commit("old")
	documentstest.Run(t, s, []documentstest.Case{
		{Address: "repo://acme%2Fshop/HEAD/order/order.go", Text: "package order\n\nfunc placeOrder() {}\n"},
		{Address: "repo://acme%2Fshop/main/./order//x/../order.go", Text: "package order\n\nfunc placeOrder() {}\n"},
		{Address: "repo://acme%2Fshop/feature%2Fx/order/order.go", Text: "package order\n\nfunc placeOrder() {}\nfunc gone() {}\n"},
		{Address: "repo://acme%2Fshop/v1%2F0/order/order.go", Text: "package order\n\nfunc placeOrder() {}\nfunc gone() {}\n"},
		{Address: "repo://acme%2Fshop/" + old + "/order/order.go", Text: "package order\n\nfunc placeOrder() {}\nfunc gone() {}\n"},
		{Address: "repo://acme%2Flib/HEAD/lib.go", Text: "package lib // placeOrder\n"}, // of branch trunk
		{Address: "repo://acme%2Fshop/HEAD/conf/key.txt", Text: "key [redacted] is secret\nplaceOrder is not\n"},
		{Address: "repo://acme%2Fshop/HEAD/a%20b/%C3%BC%3Fx=1%23y%252e..c+d.md", Text: "# odd\n"},
		{Address: "repo://acme%2Fshop/HEAD/utf16.txt", Text: "hi"},
		{Address: "repo://acme%2Fshop/HEAD/empty.txt", Text: ""},
		{Address: "repo://acme%2Fshop/HEAD/logo.bin", Fails: fail.Unsupported},
		{Address: "repo://acme%2Fshop/HEAD/order", Fails: fail.Unsupported},
		{Address: "repo://acme%2Fshop/HEAD/order/order.go/x", Fails: fail.NotFound},
		{Address: "repo://acme%2Fshop/old/conf/key.txt", Fails: fail.NotFound},
		{Address: "repo://acme%2Fnone/HEAD/a.go", Fails: fail.NotFound},
		{Address: "repo://acme%2Fshop/none/order/order.go", Fails: fail.NotFound},
	})
	fake.Asked()
	documentstest.Run(t, s, []documentstest.Case{
		{Address: "repo://user-bob%2Fprivate/HEAD/p.go", Fails: fail.Denied},
		{Address: "repo://acme%2Fshop/HEAD/../../user-bob/private", Fails: fail.Denied},
		{Address: "repo://acme%2Fshop/HEAD/%2e%2e/x", Fails: fail.Denied},
		{Address: "repo://acme%2Fshop/HEAD//etc/passwd", Fails: fail.Denied},
		{Address: "repo://acme%2Fshop/HEAD/.git/config", Fails: fail.Denied},
		{Address: "repo://acme%2Fshop/HEAD/a%0Ab", Fails: fail.Denied},
		{Address: "repo://acme%2Fshop/a..b/x", Fails: fail.Invalid},
		{Address: "repo://acme%2Fshop/main%3Aconf/key.txt", Fails: fail.Invalid},
		{Address: "repo://acme%2Fshop/-x/key.txt", Fails: fail.Invalid},
		{Address: "repo://acme%2Fshop/HEAD/", Fails: fail.Invalid},
		{Address: "repo://acme%2Fshop/HEAD", Fails: fail.Invalid},
		{Address: "repo://acme%2F../HEAD/x", Fails: fail.Invalid},
		{Address: "repo://acme%2Fshop%3Fx/HEAD/x", Fails: fail.Invalid},
		{Address: "repo://acme/shop/HEAD/order/order.go", Fails: fail.NotFound},
		{Address: "repo://./HEAD/order/order.go", Fails: fail.NotFound},
	})
	if asked := fake.Asked(); len(asked) > 0 {
		t.Errorf("what needs no answer was asked for: %q", asked)
	}
}

// sizes: a file is read whole, or not at all.
func sizes(t *testing.T, k Kind) {
	full := strings.Repeat("1,2\n", 16<<20/4)
	s := openReader(t, k, k.Start(t, Repo{Name: "acme/shop", Refs: map[string]map[string]string{"main": {"full.csv": full, "over.csv": full + "x"}}}), "acme/*")
	documentstest.Run(t, s, []documentstest.Case{{Address: "repo://acme%2Fshop/HEAD/full.csv", Text: full}})
	refuses(t, s, "repo://acme%2Fshop/HEAD/over.csv", fail.TooLarge, "larger than the 16 MiB", "code_search")
}

// refuses opens an address, and expects an error of the code whose text has the parts.
func refuses(t *testing.T, s reader, address string, want fail.Code, parts ...string) {
	t.Helper()
	u, err := uri.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := s.Open(t.Context(), u)
	if err == nil {
		t.Errorf("%s was opened: %+v", address, doc)
		return
	}
	shown := fail.Show(err)
	if fail.From(err).Code != want {
		t.Errorf("%s: %s, want %s", address, shown, want)
	}
	for _, p := range parts {
		if !strings.Contains(shown, p) {
			t.Errorf("%s: %q does not say %q", address, shown, p)
		}
	}
	clean(t, shown)
}

// readingMends: an error says what would have been right.
func readingMends(t *testing.T, k Kind) {
	fake := k.Start(t, Acme()...)
	fake.Closed = func(p string) bool { return p == "closed" || p == "acme/shop/conf" }
	s := openReader(t, k, fake, "acme/*")
	refuses(t, s, "repo://acme%2Fshop/HEAD/order/ordr.go", fail.NotFound, "in acme/shop at HEAD", `"repo://acme%2Fshop/HEAD/order/order.go"`)
	refuses(t, s, "repo://acme%2Fshop/HEAD/src/order.go", fail.NotFound, `"repo://acme%2Fshop/HEAD/order/order.go"`)
	refuses(t, s, "repo://acme%2Fshop/HEAD/order", fail.Unsupported, "is a folder")
	refuses(t, s, "repo://acme%2Fshop/olt/order/order.go", fail.NotFound, "no branch, tag or commit olt", "did you mean old")
	refuses(t, s, "repo://acme%2Fshopp/HEAD/a", fail.NotFound, "did you mean acme/shop")
	refuses(t, s, "repo://acme/shop/HEAD/a", fail.NotFound, "%2F")
	refuses(t, s, "repo://user-bob%2Fprivate/HEAD/p.go", fail.Denied, "allowed are: acme/*")
	refuses(t, s, "repo://acme%2Fshop/HEAD/closed/x.go", fail.Denied, "policy closes")
	refuses(t, s, "repo://acme%2Fshop/HEAD/conf/key.txt", fail.Denied, "policy closes")
	refuses(t, s, "repo://acme%2Fshop/HEAD/conf/./../conf/kex.txt", fail.Denied, "policy closes")
	for _, asked := range fake.Asked() {
		if strings.Contains(asked, "closed") || strings.Contains(asked, "conf") || strings.Contains(asked, "bob") {
			t.Errorf("asked for what is closed: %s", asked)
		}
	}
	// What is closed is not offered; what was searched last need not be listed.
	refuses(t, s, "repo://acme%2Fshop/HEAD/other/x.go", fail.NotFound, "look for it")
	Expect(t, s, code.Query{Pattern: "placeOrder( )?", Mode: code.Regex, Repo: "acme/shop"}, "acme/shop:order/order.go:3")
	fake.Asked()
	refuses(t, s, "repo://acme%2Fshop/HEAD/order/ordr.go", fail.NotFound, "order/order.go")
	for _, asked := range fake.Asked() {
		if strings.Contains(asked, "/tree") {
			t.Errorf("the files were asked for again: %s", asked)
		}
	}
}

// addressing: what is found can be read where Address says, and by one spelling only.
func addressing(t *testing.T, k Kind) {
	fake := k.Start(t, Acme()...)
	s := openReader(t, k, fake, "acme/l*", "ACME/shop")
	for _, c := range []struct {
		address, want, path string // of Names; "" for none
		owned               bool
	}{
		{"repo://acme%2Flib/HEAD/./x//lib.go", "repo://acme%2Flib/HEAD/x/lib.go", "x/lib.go", true},
		{"repo://acme%2fshop/v1%2f0/order/order.go", "repo://ACME%2Fshop/v1%2F0/order/order.go", "order/order.go", true},
		{"repo://acme%2Fshop/v1%2F0", "", "", true},
		{"repo://acme%2Fshop/HEAD/../x", "", "", true},
		{"repo://user-bob%2Fprivate/HEAD/p.go", "", "", false},
		{"repo://acme/lib/HEAD/lib.go", "", "", false},
		{"repo://lib/HEAD/lib.go", "", "", false},
		{"repo://./HEAD/lib.go", "", "", false},
		{"repo:///HEAD/lib.go", "", "", false},
		{"repo://%2F/HEAD/lib.go", "", "", false},
		{"repo://acme%2F..%2Fx/HEAD/lib.go", "", "", false},
		{"text://acme%2Flib", "", "", false},
		{"diff://acme%2Flib/HEAD", "", "", false},
	} {
		u, err := uri.Parse(c.address)
		if err != nil {
			t.Fatal(err)
		}
		if s.Owns(u) != c.owned {
			t.Errorf("%s: owned %v", c.address, !c.owned)
		}
		if u.Scheme != "repo" {
			continue // which is not a library's to name
		}
		got, path, ok := s.Names(u)
		if ok != (c.want != "") || ok && (got.String() != c.want || path != c.path) {
			t.Errorf("%s is named %s and %q, %v, want %s and %q", c.address, got, path, ok, c.want, c.path)
		}
	}
	if asked := fake.Asked(); len(asked) > 0 {
		t.Errorf("words were looked at by asking: %q", asked)
	}
	// Rules are about one spelling, so there is one.
	refuses(t, s, "repo://acme%2FLIB/HEAD/lib.go", fail.NotFound, "is called acme/lib", `"repo://acme%2Flib/HEAD/lib.go"`)
	for _, found := range []struct {
		s     reader
		query code.Query
	}{
		{s, code.Query{Pattern: "package lib", Repo: "acme/lib"}},
		{s, code.Query{Pattern: "package \\w+$", Mode: code.Regex, Repo: "acme/shop"}},
		{openReader(t, k, fake, "ACME/Lib"), code.Query{Pattern: "package lib"}},
	} {
		r, err := found.s.Search(t.Context(), found.query)
		if err != nil || len(r.Files) == 0 {
			t.Fatalf("%+v: %+v, %v", found.query, r, err)
		}
		for _, f := range r.Files {
			u := found.s.Address(f.Repo, f.Path)
			if !found.s.Owns(u) {
				t.Errorf("%s is another library's", u)
			}
			doc, err := found.s.Open(t.Context(), u)
			if err != nil {
				t.Errorf("%s: %v", u, err)
				continue
			}
			text, err := io.ReadAll(doc.Body)
			if err != nil || !strings.Contains(string(text), f.Lines[0].Text) || doc.Name != f.Path {
				t.Errorf("%s: %q, %v", u, text, err)
			}
			if err := doc.Body.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

// readingFaults: what is no file does not become one.
func readingFaults(t *testing.T, k Kind) {
	const address = "repo://acme%2Fshop/HEAD/order/order.go"
	for name, test := range map[string]struct {
		answer Canned
		want   fail.Code
	}{
		"a login page": {Canned{200, map[string]string{"Content-Type": "text/html"}, "<html>CANARY</html>"}, fail.Unavailable},
		"no content":   {Canned{204, nil, ""}, fail.Unavailable},
		"forbidden":    {Canned{403, nil, `{"message":"no"}`}, fail.Denied},
		"elsewhere":    {Canned{302, map[string]string{"Location": "http://127.0.0.1:1/x"}, ""}, fail.Denied},
	} {
		t.Run(name, func(t *testing.T) {
			fake := k.Start(t, Acme()...)
			s := openReader(t, k, fake, "acme/shop")
			for _, part := range []string{"/contents", "/raw"} {
				fake.Can(part, test.answer)
			}
			refuses(t, s, address, test.want)
		})
	}
	s := openReader(t, k, k.Start(t, Acme()...), "acme/shop")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if doc, err := s.Open(ctx, uri.New("repo", "acme/shop", "HEAD", "order/order.go")); err == nil {
		t.Errorf("opened after the end: %+v", doc)
	}
}
