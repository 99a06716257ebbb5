package workspace

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"cleat/internal/fail"
)

// realDir is a temporary folder without links in its path.
func realDir(t *testing.T) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// lay makes folders: "NAME/" plain, "NAME" with a .git folder, "NAME=" bare, and
// "NAME->TARGET" links.
func lay(t *testing.T, dir string, names ...string) {
	t.Helper()
	for _, n := range names {
		var err error
		switch name, target, isLink := strings.Cut(n, "->"); {
		case isLink:
			if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
				t.Skipf("links cannot be made here: %v", err)
			}
		case strings.HasSuffix(n, "/"):
			err = os.MkdirAll(filepath.Join(dir, n), 0o755)
		case strings.HasSuffix(n, "="):
			for _, sub := range []string{"objects", "refs", "HEAD"} {
				err = os.MkdirAll(filepath.Join(dir, strings.TrimSuffix(n, "="), sub), 0o755)
			}
		default:
			err = os.MkdirAll(filepath.Join(dir, n, ".git"), 0o755)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestSeek(t *testing.T) {
	dir := realDir(t)
	lay(t, dir, "src/b", "src/a", "src/plain/", "src/.hidden", "src/app", "src/app/vendor/in=", "src/app/nested", "mirrors/m.git=", "mirrors/n.git=", "mirrors/deep/o.git=",
		"outside/secret", "src/loop->..", "src/out->../outside/secret", "src/in->a", "src/ring->ring", "alias->src", "org/x/one", "org/y/two", "org/y/main->../../outside",
		"outside/main", "[odd]/repo")
	for _, c := range []struct{ globs, want string }{
		{"src/*", "src/a src/app src/b"},
		{"src/* src/a", "src/a src/app src/b"},
		{"src/{a,b}", "src/a src/b"},
		{"src/[!a]*", "src/b"},
		{"src/.*", "src/.hidden"},
		{"src/a", "src/a"},
		{"alias/*", "alias/a alias/app alias/b"}, // the fixed part may be a link
		{"src/in", "src/in"},
		{"mirrors/*.git", "mirrors/m.git mirrors/n.git"},
		{"mirrors/**", "mirrors/deep/o.git mirrors/m.git mirrors/n.git"},
		{"**/*.git", "mirrors/deep/o.git mirrors/m.git mirrors/n.git"},
		{"org/*/*", "org/x/one org/y/two"},
		{"org/*/main", ""},     // a link behind a wildcard
		{"src/*/vendor/*", ""}, // bare, in a work tree
		{"src/app/vendor/in", "src/app/vendor/in"},
		{"src/app/vendor/*", "src/app/vendor/in"}, // the user's own words lead beyond the work tree
		{"src/**", "src/a src/app src/b"},
		{"src/plain", ""},
		{"absent/*", ""},
		{"absent", ""},
		{"*/repo", "[odd]/repo"},
		{"src/*/", "src/a src/app src/b"},
		{"./src/*", "src/a src/app src/b"},
		{"x/../src/*", "src/a src/app src/b"},
	} {
		var patterns []pattern
		for _, g := range strings.Fields(c.globs) {
			p, err := newPattern(dir + "/" + g)
			if err != nil {
				t.Fatal(err)
			}
			patterns = append(patterns, p)
		}
		sights, cut := seek(patterns)
		var got []string
		for _, s := range sights {
			rel, err := filepath.Rel(dir, s.dir)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, filepath.ToSlash(rel))
		}
		slices.Sort(got)
		if d := cmp.Diff(strings.Fields(c.want), got, cmpopts.EquateEmpty()); d != "" || cut {
			t.Errorf("%q, cut %v (-want +got):\n%s", c.globs, cut, d)
		}
	}
}

func TestSeekBounds(t *testing.T) {
	dir := realDir(t)
	for i := range maxRepositories + 5 {
		if err := os.MkdirAll(filepath.Join(dir, "r", fmt.Sprintf("r%05d", i), ".git"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	deep := filepath.Join(dir, "deep")
	for i := range maxLevels + 3 {
		deep = filepath.Join(deep, fmt.Sprint(i))
	}
	if err := os.MkdirAll(filepath.Join(deep, ".git"), 0o755); err != nil {
		t.Fatal(err)
	}
	for glob, want := range map[string]int{"/r/*": maxRepositories, "/deep/**": 0} {
		p, err := newPattern(dir + glob)
		if err != nil {
			t.Fatal(err)
		}
		if sights, cut := seek([]pattern{p}); len(sights) != want || !cut {
			t.Errorf("%s: %d repositories, cut %v", glob, len(sights), cut)
		}
	}
}

func TestBadPatterns(t *testing.T) {
	for glob, want := range map[string]string{
		"src/*":      `the glob "src/*" in repos has no absolute path`,
		"":           `the glob "" in repos has no absolute path`,
		"/src/*/..":  `the glob "/src/*/.." in repos leads up again behind a wildcard`,
		"/src/[":     `the glob "/src/[" in repos is malformed: the glob "[" is malformed`,
		"/src/a\x00": `the glob "/src/a\x00" in repos has a NUL byte`,
	} {
		_, err := newPattern(glob)
		if f := fail.From(err); err == nil || f.Code != fail.Invalid || f.What != want {
			t.Errorf("%q: %v, want %s", glob, err, want)
		}
	}
}

func TestUniqueNames(t *testing.T) {
	for _, c := range []struct {
		dirs, want string
		own        int
	}{
		{"/src/shop /src/kiosk", "shop kiosk", 0},
		{"/src/shop /mirrors/tools.git", "shop tools", 0},
		{"/acme/shop /beta/shop /beta/kiosk", "acme/shop beta/shop kiosk", 0},
		{"/a/x/shop /b/x/shop /c/shop", "a/x/shop b/x/shop c/shop", 0},
		{"/src/shop /src/shop.git", "shop shop.git", 0},
		{"/src/shop /mirrors/shop.git", "shop mirrors/shop", 1},
		{"/mirrors/shop /src/shop.git", "mirrors/shop src/shop", 0},
		{"/shop /x/shop", "shop x/shop", 0},
		{"/a/.git", ".git", 0},
	} {
		got := uniqueNames(strings.Fields(c.dirs), c.own)
		if d := cmp.Diff(strings.Fields(c.want), got); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.dirs, d)
		}
	}
}
