package workspace_test

import (
	"context"
	"fmt"

	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"cleat/internal/fail"
	"cleat/internal/host"
	"cleat/internal/sources/workspace"
	"cleat/internal/systems/code"
	"cleat/internal/uri"
)

const secret = "q7Zr1xW9pLk3Vt8sYb2N"

// A town is two clones, a mirror of one of them, another mirror, and what is none of it.
type town struct {
	dir  string
	host host.Host
}

func newTown(t *testing.T) town {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	shop, kiosk := filepath.Join(dir, "src", "shop"), filepath.Join(dir, "src", "kiosk")
	put(t, dir, map[string]string{
		"src/shop/order.go": "package shop\n\n// placeOrder places one.\nfunc placeOrder() {}\n", "src/shop/.env": "API_TOKEN=" + secret + "\n",
		"src/shop/closed/plan.txt": "an order that nobody may see\n", "src/shop/docs/guide.md": "# Guide\n\norder here\n",
		"src/kiosk/sale.go": "package kiosk\n\nfunc order() {}\n", "src/plain/order.txt": "order\n", "outside/secret.txt": "an order outside\n",
	})
	for _, r := range []string{shop, kiosk} {
		runGit(t, r, "init", "-q", "-b", "main")
		runGit(t, r, "add", "-f", ".")
		runGit(t, r, "commit", "-qm", "first")
	}
	runGit(t, shop, "tag", "v1")
	runGit(t, shop, "branch", "feature/x")
	put(t, dir, map[string]string{"src/shop/order.go": "package shop\n\nfunc placeOrder() {}\n\nfunc cancelOrder() {}\n"})
	runGit(t, shop, "commit", "-qam", "second")
	runGit(t, dir, "clone", "-q", "--mirror", shop, "mirrors/shop.git")
	runGit(t, dir, "clone", "-q", "--mirror", kiosk, "mirrors/tools.git")
	put(t, dir, map[string]string{"src/shop/new.go": "package shop\n\n// order is new here.\n"})
	return town{dir, newHost(t)}
}

func (w town) globs() []string {
	return []string{w.dir + "/src/*", w.dir + "/mirrors/*.git"}
}

// all serves the town without a root.
func (w town) all(t *testing.T) *workspace.Source {
	t.Helper()
	return serve(t, workspace.Config{Repos: w.globs()}, w.host)
}

// shop serves the town with the shop as root.
func (w town) shop(t *testing.T) *workspace.Source {
	t.Helper()
	return serve(t, workspace.Config{Root: w.dir + "/src/shop", Repos: w.globs(), Main: true}, w.host)
}

// matches writes a result as REPO:PATH:LINE, in the order of names.
func matches(r *code.Result) []string {
	var out []string
	for _, d := range r.Definitions {
		out = append(out, fmt.Sprintf("%s:%s:%d!", d.Repo, d.Path, d.Line))
	}
	for _, f := range r.Files {
		if len(f.Lines) == 0 {
			out = append(out, f.Repo+":"+f.Path)
		}
		for _, l := range f.Lines {
			if l.Match {
				out = append(out, fmt.Sprintf("%s:%s:%d", f.Repo, f.Path, l.Number))
			}
		}
	}
	slices.Sort(out)
	return out
}

func search(t *testing.T, s *workspace.Source, q code.Query) *code.Result {
	t.Helper()
	r, err := s.Search(t.Context(), q)
	if err != nil {
		t.Fatalf("%+v: %v", q, err)
	}
	return r
}

func TestSearchRepositories(t *testing.T) {
	w := newTown(t)
	all, shop := w.all(t), w.shop(t)
	v1 := runGit(t, w.dir+"/src/shop", "rev-parse", "--short=10", "v1")
	head := runGit(t, w.dir+"/src/shop", "rev-parse", "--short=10", "HEAD")
	for _, c := range []struct {
		s           *workspace.Source
		q           code.Query
		want, scope string
	}{
		{all, code.Query{Pattern: "func", Lang: "go"},
			"kiosk:sale.go:3 mirrors/shop:order.go:3 mirrors/shop:order.go:5 src/shop:order.go:3 src/shop:order.go:5 tools:sale.go:3", "4 repositories, bare ones at HEAD"},
		{all, code.Query{Pattern: "order is new", Repo: "*"}, "src/shop:new.go:3", "4 repositories, bare ones at HEAD"},
		{all, code.Query{Pattern: "func", Lang: "go", Repo: "kiosk"}, "kiosk:sale.go:3", ""},
		{all, code.Query{Pattern: "cancelOrder", Repo: "*shop"}, "mirrors/shop:order.go:5 src/shop:order.go:5", "2 repositories, bare ones at HEAD"},
		{all, code.Query{Pattern: "cancelOrder", Repo: "mirrors/*"}, "mirrors/shop:order.go:5", "HEAD (" + head + ")"},
		{all, code.Query{Pattern: "func", Lang: "go", Repo: "mirrors/shop", Ref: "v1"}, "mirrors/shop:order.go:4", "v1 (" + v1 + ")"},
		{all, code.Query{Pattern: "func", Lang: "go", Ref: "main"},
			"kiosk:sale.go:3 mirrors/shop:order.go:3 mirrors/shop:order.go:5 src/shop:order.go:3 src/shop:order.go:5 tools:sale.go:3", "main in 4 repositories"},
		{all, code.Query{Pattern: "sale.go", Mode: code.Files}, "kiosk:sale.go tools:sale.go", "4 repositories, bare ones at HEAD"},
		{all, code.Query{Pattern: "order", Mode: code.Symbol}, "kiosk:sale.go:3! tools:sale.go:3!", "4 repositories, bare ones at HEAD"},
		{all, code.Query{Pattern: "cancelOrder", Mode: code.Symbol, Repo: "mirrors/shop"}, "mirrors/shop:order.go:5!", "HEAD (" + head + ")"},
		{all, code.Query{Pattern: "placeOrder", Mode: code.Refs, Repo: "src/shop", Ref: "v1"}, "src/shop:order.go:4!", "v1 (" + v1 + ")"},
		{all, code.Query{Pattern: "placeOrder", Mode: code.Refs}, "mirrors/shop:order.go:3! src/shop:order.go:3!", "4 repositories, bare ones at HEAD"},
		{all, code.Query{Pattern: "cancel", Mode: code.Symbol, Repo: "src/shop"}, "src/shop:order.go:5!", ""}, // a similar name
		{all, code.Query{Pattern: "orders", Mode: code.Symbol, Repo: "kiosk"}, "", ""},
		{shop, code.Query{Pattern: "func", Lang: "go"}, "shop:order.go:3 shop:order.go:5", ""},
		{shop, code.Query{Pattern: "func", Lang: "go", Repo: "."}, "shop:order.go:3 shop:order.go:5", ""},
		{shop, code.Query{Pattern: "func", Lang: "go", Ref: "v1"}, "shop:order.go:4", "v1 (" + v1 + ")"},
		{shop, code.Query{Pattern: "func order", Repo: "kiosk"}, "kiosk:sale.go:3", ""},
		{shop, code.Query{Pattern: "cancelOrder", Ref: v1 + "..HEAD"}, "shop:order.go:5", v1 + " (" + v1 + ") against HEAD (" + head + ")"},
		{shop, code.Query{Pattern: "order is new", Ref: ".."}, "shop:new.go:3", "HEAD (" + head + ") against the work tree"},
		{shop, code.Query{Pattern: "is new", Ref: "v1..", Paths: []string{"new.go"}}, "shop:new.go:3", "v1 (" + v1 + ") against the work tree"},
	} {
		r, err := c.s.Search(t.Context(), c.q)
		if err != nil {
			t.Errorf("%+v: %v", c.q, err)
			continue
		}
		if d := cmp.Diff(strings.Fields(c.want), matches(r), cmpopts.EquateEmpty()); d != "" || r.Scope != c.scope || r.Partial != "" || r.Cursor != "" {
			t.Errorf("%+v: scope %q, partial %q, skipped %q (-want +got):\n%s", c.q, r.Scope, r.Partial, r.Skipped, d)
		}
		if r.Stats.Files == 0 || c.q.Mode != code.Refs && r.Matches != len(strings.Fields(c.want)) {
			t.Errorf("%+v: %d matches, %+v", c.q, r.Matches, r.Stats)
		}
	}
	// A ref that only some have is noted, and no error.
	r := search(t, all, code.Query{Pattern: "func", Ref: "v1"})
	want := []string{"mirrors/shop:order.go:4", "src/shop:order.go:4"}
	if d := cmp.Diff(want, matches(r)); d != "" || r.Skipped != `kiosk: "v1" is not a revision of the repository kiosk; tools: "v1" is not a revision of the repository tools.git` {
		t.Errorf("skipped %q (-want +got):\n%s", r.Skipped, d)
	}
}

// Without globs a result names no repository.
func TestSearchOne(t *testing.T) {
	w := newTown(t)
	s := serve(t, workspace.Config{Root: w.dir + "/src/shop", Main: true}, w.host)
	for _, q := range []code.Query{{Pattern: "cancelOrder"}, {Pattern: "cancelOrder", Repo: "shop", Ref: "main"}} {
		if d := cmp.Diff([]string{":order.go:5"}, matches(search(t, s, q))); d != "" {
			t.Errorf("%+v (-want +got):\n%s", q, d)
		}
	}
}

func TestSearchErrors(t *testing.T) {
	w := newTown(t)
	all, shop := w.all(t), w.shop(t)
	lone := serve(t, workspace.Config{Root: w.dir + "/src/shop", Main: true}, w.host)
	none := serve(t, workspace.Config{Repos: []string{w.dir + "/absent/*"}}, w.host)
	for _, c := range []struct {
		s    *workspace.Source
		q    code.Query
		want string
	}{
		{lone, code.Query{Repo: "shp"}, "not_found: there is no repository \"shp\" here\nnext: use . or \"shop\"\nretry: no"},
		{shop, code.Query{Repo: "kiosc"}, "not_found: there is no repository \"kiosc\" here\nthere are 4 repositories\nnext: use \"kiosk\"\nretry: no"},
		{all, code.Query{Repo: "shop"}, "not_found: there is no repository \"shop\" here\nthere are 4 repositories\nnext: use \"mirrors/shop\" or \"src/shop\"\nretry: no"},
		{all, code.Query{Repo: "zzz"}, "not_found: there is no repository \"zzz\" here\nthere are 4 repositories\nnext: use \"kiosk\" or \"mirrors/shop\" or \"src/shop\" or \"tools\"\nretry: no"},
		{all, code.Query{Repo: "."}, "not_found: this source has no repository of its own\nthere are 4 repositories\nnext: use \"kiosk\" or \"mirrors/shop\" or \"src/shop\" or \"tools\"\nretry: no"},
		{all, code.Query{Repo: "q*"}, "not_found: no repository matches \"q*\"\nthere are 4 repositories\nnext: use \"kiosk\" or \"mirrors/shop\" or \"src/shop\" or \"tools\"\nretry: no"},
		{all, code.Query{Repo: "["}, "invalid: the glob \"[\" for repo is not one\nthe glob \"[\" is malformed\nnext: put a backslash before a \"[\" that is part of a name\nretry: no"},
		{none, code.Query{}, "not_found: this source has no repositories\nits globs lead to none\nnext: tell the user to look at repos in the configuration of this source\nretry: no"},
		{none, code.Query{Repo: "x"}, "not_found: there is no repository \"x\" here\nthe globs of this source lead to no repository\nnext: tell the user to look at repos in the configuration of this source\nretry: no"},
		{shop, code.Query{Ref: "feature/y"}, "not_found: \"feature/y\" is not a revision of the repository shop\nnext: the nearest names are \"feature/x\"\nretry: no"},
		{all, code.Query{Ref: "mian"}, "not_found: none of the 4 repositories could be searched; the first: \"mian\" is not a revision of the repository kiosk\nnext: the nearest names are \"main\"\nretry: no"},
		{shop, code.Query{Ref: "--output=x"}, "invalid: ref \"--output=x\" is not a revision\na name does not begin with - or / or .\nnext: give a branch, a tag, HEAD, or a hash; ~N and ^N may follow\nretry: no"},
		{shop, code.Query{Ref: "a...b"}, "invalid: \"a...b\" is not a ref to search\ntwo sides are compared as A..B\nnext: write A..B, A.. for A against the work tree, or one branch, tag or commit\nretry: no"},
		{shop, code.Query{Ref: "v1..", Mode: code.Symbol}, "unsupported: mode=symbol does not compare refs\nnext: compare with mode=text or regex, or name one ref\nretry: no"},
		{shop, code.Query{Ref: "v1", Paths: []string{"doc/guide.md"}}, "not_found: no file or folder \"doc/guide.md\"\nthe nearest are \"docs/guide.md\"\nnext: paths are relative to the root folder; to look in all folders write \"**/guide.md\"\nretry: no"},
		{shop, code.Query{Ref: "v1", Paths: []string{"../kiosk"}}, "denied: \"../kiosk\" is outside the root folder\nonly what lies inside it can be read\nnext: give a path relative to the root folder\nretry: no"},
		{shop, code.Query{Ref: "v1", Paths: []string{".git/config"}}, "denied: git's own folder is not searched\nnext: search the work tree, or ask for history\nretry: no"},
		{all, code.Query{Lang: "gol"}, "invalid: no language \"gol\"\nnext: did you mean go? lang=? lists all"},
		{all, code.Query{Cursor: "nonsense"}, "invalid: the cursor is not good for this call\nit is damaged, or of another version of cleat\nnext: repeat the call without a cursor\nretry: no"},
	} {
		if c.q.Pattern = "x"; c.q.Lang != "" {
			c.want += " "
		}
		_, err := c.s.Search(t.Context(), c.q)
		if err == nil || !strings.HasPrefix(fail.Show(err)+" ", c.want) {
			t.Errorf("%+v:\n got %s\nwant %s", c.q, fail.Show(err), c.want)
		}
	}
}

// Pages of any size are the whole, in order, and stay on the commits they began with.
func TestSearchPages(t *testing.T) {
	w := newTown(t)
	s := w.all(t)
	for _, q := range []code.Query{{Pattern: "order", Case: code.Ignore}, {Pattern: "order", Case: code.Ignore, Ref: "main"}, {Pattern: "o", Repo: "*shop"}, {Pattern: "order", Ref: "v1", Repo: "*shop"}} {
		whole := matches(search(t, s, q))
		for _, limit := range []int{1, 2, 3} {
			q := q
			q.Limit = limit
			var got []string
			for page := range 100 {
				r := search(t, s, q)
				if r.Matches > limit {
					t.Errorf("%+v: %d matches", q, r.Matches)
				}
				got = append(got, matches(r)...)
				if q.Cursor = r.Cursor; q.Cursor == "" {
					break
				}
				if page == 99 {
					t.Fatalf("%+v: no end", q)
				}
			}
			slices.Sort(got)
			if d := cmp.Diff(whole, got); d != "" {
				t.Errorf("%+v, pages of %d (-whole +pages):\n%s", q, limit, d)
			}
		}
	}
	// A branch that moves between two pages does not mix them.
	q := code.Query{Pattern: "func", Repo: "src/shop", Ref: "main", Limit: 1}
	first := search(t, s, q)
	put(t, w.dir, map[string]string{"src/shop/order.go": "func moved() {}\nfunc moved2() {}\n"})
	runGit(t, w.dir+"/src/shop", "commit", "-qam", "moved")
	q.Cursor = first.Cursor
	second := search(t, s, q)
	if d := cmp.Diff([]string{"src/shop:order.go:5"}, matches(second)); d != "" || second.Scope != first.Scope {
		t.Errorf("scope %q, then %q (-want +got):\n%s", first.Scope, second.Scope, d)
	}
	q.Pattern = "other"
	if _, err := s.Search(t.Context(), q); fail.From(err).Code != fail.Invalid {
		t.Errorf("the cursor of another search: %v", err)
	}
}

// When the time is over, the answer says so, and its cursor goes on where it ended.
func TestSearchEnds(t *testing.T) {
	w := newTown(t)
	s := w.all(t)
	over, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	for _, q := range []code.Query{
		{Pattern: "func"}, {Pattern: "func", Ref: "main"}, {Pattern: "func", Repo: "tools"}, {Pattern: "func", Repo: "kiosk", Ref: "main"}, {Pattern: "order", Mode: code.Symbol},
	} {
		r, err := s.Search(over, q)
		if err != nil || r.Partial == "" || r.Matches != 0 {
			t.Errorf("%+v: %+v, %v", q, r, err)
			continue
		}
		whole := matches(search(t, s, q))
		q.Cursor = r.Cursor
		if d := cmp.Diff(whole, matches(search(t, s, q))); d != "" || r.Cursor == "" {
			t.Errorf("%+v: cursor %q (-whole +continued):\n%s", q, r.Cursor, d)
		}
	}
}

// What policy closes, and what a name says is secret, is so at refs as well.
func TestClosedAndSecretAtRefs(t *testing.T) {
	w := newTown(t)
	w.host.Closed = func() func(string) bool { return func(p string) bool { return p == "closed" } }
	all, shop := w.all(t), w.shop(t)
	for _, s := range []*workspace.Source{all, shop} {
		for _, q := range []code.Query{{Pattern: "nobody"}, {Pattern: "nobody", Repo: "*"}, {Pattern: "nobody", Ref: "v1", Repo: "*"}, {Pattern: "plan", Mode: code.Files, Ref: "main", Repo: "*"}, {Pattern: secret, Repo: "*", Ref: "main"}, {Pattern: secret}} {
			if r := search(t, s, q); r.Matches != 0 {
				t.Errorf("%+v: %q", q, matches(r))
			}
		}
	}
	r := search(t, shop, code.Query{Pattern: "API_TOKEN", Ref: "v1"})
	if len(r.Files) != 1 || !strings.Contains(r.Files[0].Lines[0].Text, "[redacted:") {
		t.Errorf("%+v", r.Files)
	}
	for _, address := range []string{"repo://./main/closed/plan.txt", "repo://mirrors%2Fshop/HEAD/closed/plan.txt"} {
		u, err := uri.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := shop.Open(t.Context(), u); fail.From(err).Code != fail.Denied {
			t.Errorf("%s: %v", address, err)
		}
		if items, err := shop.Find(t.Context(), address, 5); fail.From(err).Code != fail.Denied {
			t.Errorf("find %s: %v, %v", address, items, err)
		}
	}
	values, _, err := shop.Complete(t.Context(), "repo", "path", "", map[string]string{"repo": "mirrors/shop", "ref": "main"})
	if err != nil || slices.Contains(values, "closed/") || !slices.Contains(values, "docs/") {
		t.Errorf("%q, %v", values, err)
	}
	if values, _, err := shop.Complete(t.Context(), "repo", "path", "closed/", map[string]string{"ref": "main"}); err != nil || len(values) > 0 {
		t.Errorf("in a closed folder: %q, %v", values, err)
	}
}

// A rule about a path of the own folder holds for a repository that lies in it.
func TestClosedInNested(t *testing.T) {
	w := newTown(t)
	w.host.Closed = func() func(string) bool { return func(p string) bool { return p == "src/shop/docs" } }
	s := serve(t, workspace.Config{Root: w.dir, Repos: w.globs(), Main: true}, w.host)
	for _, q := range []code.Query{{Pattern: "order here", Repo: "src/shop"}, {Pattern: "order here", Repo: "*shop", Ref: "v1"}} {
		for _, m := range matches(search(t, s, q)) {
			if strings.HasPrefix(m, "src/shop") {
				t.Errorf("%+v: %s", q, m)
			}
		}
	}
	for _, address := range []string{"repo://src%2Fshop/main/docs/guide.md"} {
		if _, err := s.Open(t.Context(), uri.New("repo", "src/shop", "main", "docs/guide.md")); fail.From(err).Code != fail.Denied {
			t.Errorf("%s: %v", address, err)
		}
	}
	_, path, ok := s.Names(uri.New("text", w.dir+"/src/shop/docs/guide.md"))
	if path != "src/shop/docs/guide.md" || !ok {
		t.Errorf("the path is called %q", path)
	}
}

// The list is made anew after a minute; what is still there goes on.
func TestRepositoriesComeAndGo(t *testing.T) {
	w := newTown(t)
	var mu sync.Mutex
	now := time.Now()
	w.host.Now = func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	pass := func(d time.Duration) { mu.Lock(); defer mu.Unlock(); now = now.Add(d) }
	s := w.all(t)
	find := func(repo string) error {
		_, err := s.Search(t.Context(), code.Query{Pattern: "order", Repo: repo})
		return err
	}
	if err := find("kiosk"); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(w.dir+"/src/kiosk", w.dir+"/src/stand"); err != nil {
		t.Fatal(err)
	}
	if err := find("stand"); fail.From(err).Code != fail.NotFound {
		t.Errorf("at once: %v", err)
	}
	if err := find("kiosk"); fail.From(err).Code != fail.Unavailable && fail.From(err).Code != fail.NotFound {
		t.Errorf("a folder that went away: %v", err)
	}
	pass(61 * time.Second)
	if err := find("stand"); err != nil {
		t.Errorf("after a minute: %v", err)
	}
	if err := find("kiosk"); fail.From(err).Code != fail.NotFound {
		t.Errorf("after a minute: %v", err)
	}
	// Another folder in the place of one that was found is not read in its name.
	if err := os.Rename(w.dir+"/src/shop", w.dir+"/src/gone"); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(w.dir+"/outside", w.dir+"/src/shop"); err != nil {
		t.Skip(err)
	}
	for _, q := range []code.Query{{Pattern: "outside", Repo: "src/shop"}, {Pattern: "outside", Repo: "src/shop", Ref: "main"}} {
		if r, err := s.Search(t.Context(), q); fail.From(err).Code != fail.Unavailable {
			t.Errorf("%+v: %+v, %v", q, r, err)
		}
	}
}

func TestConfig(t *testing.T) {
	w := newTown(t)
	w.host.Env = append(slices.Clone(w.host.Env), "HOME="+w.dir, "USERPROFILE="+w.dir)
	c := workspace.Config{Root: "shop", Repos: []string{"*", "~/mirrors/*.git"}}
	c.Relative(w.dir + "/src")
	s := serve(t, c, w.host)
	got, _, err := s.Complete(t.Context(), "repo", "repo", "", nil)
	if want := ". shop kiosk mirrors/shop tools"; err != nil || strings.Join(got, " ") != want {
		t.Errorf("%q, %v, want %s", got, err, want)
	}
	w.host.Env = nil
	for want, c := range map[string]workspace.Config{
		"a workspace needs a root, or repos":                                          {},
		`"~/x/*" is in the user's home, and HOME does not say where that is`:          {Repos: []string{"~/x/*"}},
		`the glob "` + w.dir + `/[" in repos is malformed: the glob "[" is malformed`: {Repos: []string{w.dir + "/["}},
	} {
		_, err := workspace.Open(t.Context(), c, w.host)
		if f := fail.From(err); err == nil || f.Code != fail.Invalid || f.What != want {
			t.Errorf("%+v: %v, want %s", c, err, want)
		}
	}
}

// A root that is a folder inside a repository is all that can be seen of its commits.
func TestRootInsideRepository(t *testing.T) {
	w := newTown(t)
	s := serve(t, workspace.Config{Root: w.dir + "/src/shop/docs", Main: true}, w.host)
	for _, q := range []code.Query{{Pattern: "order", Ref: "v1"}, {Pattern: "order"}} {
		if d := cmp.Diff([]string{":guide.md:3"}, matches(search(t, s, q))); d != "" {
			t.Errorf("%+v (-want +got):\n%s", q, d)
		}
	}
	doc, err := s.Open(t.Context(), uri.New("repo", ".", "v1", "guide.md"))
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Body.Close(); err != nil {
		t.Error(err)
	}
	for _, p := range []string{"order.go", "docs/guide.md"} {
		if _, err := s.Open(t.Context(), uri.New("repo", ".", "v1", p)); fail.From(err).Code != fail.NotFound {
			t.Errorf("%s: %v", p, err)
		}
	}
	if got, _, err := s.Complete(t.Context(), "repo", "path", "", map[string]string{"ref": "v1"}); err != nil || strings.Join(got, " ") != "guide.md" {
		t.Errorf("%q, %v", got, err)
	}
}
