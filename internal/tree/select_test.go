package tree

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"cleat/internal/fail"
)

// listed makes a List of paths, of which those with a "@" at their end are links.
func listed(base string, paths ...string) List {
	slices.Sort(paths)
	return List{Base: base, Len: len(paths), At: func(i int) (string, bool) {
		p, link := strings.CutSuffix(paths[i], "@")
		return p, !link
	}}
}

func chosen(t *testing.T, o WalkOptions, l List) ([]string, WalkStats, error) {
	t.Helper()
	numbers, st, err := Select(t.Context(), o, l)
	var out []string
	for _, i := range numbers {
		out = append(out, l.path(i))
	}
	return out, st, err
}

// Select chooses of a list what Walk visits on disk, and refuses what it refuses.
func TestSelectIsWalk(t *testing.T) {
	dir := t.TempDir()
	files := []string{
		"main.go", "readme.md", "x.log", "A.GO", "src/a.go", "src/a_test.go", "src/gen/g.go", "src/gen/deep/h.go", "src-old/a.go",
		"src/b.ts", "app/[id]/page.tsx", "app/i/page.tsx", "pkg/one/src/p.go", "pkg/two/src/q.go", "pkg/two/doc/r.md", "src.go", "Src/c.go",
	}
	content := map[string]string{}
	for _, f := range files {
		content[f] = ""
	}
	write(t, dir, content)
	r := open(t, dir)
	l := listed(r.Dir(), files...)
	words := []string{
		"", ".", "src", "src/", "./src", "src/gen", "main.go", "*.go", "./*.go", "src/*.go", "src/**/*.go", "**/*.md", "*.{ts,tsx}", "app/[id]", "app/[i]/*",
		"pkg/*/src", "**/gen", "[A-Z]*", "absent", "absent/*.go", "../x", "/etc", "[", "a\x00", dir + "/src", dir + "/*.go", dir + "-evil", "!*_test.go",
		"!src/gen", "!src", "!pkg/*/src", "!*.go", "!", "!../x", "SRC/*.go", "Main.go", "src/a.go/x", "{a,src}/*", "src//gen", "x/../src",
	}
	rng := rand.New(rand.NewPCG(1, 2))
	deny := func(p string) bool { return p == "pkg/two" || p == "src/b.ts" }
	for range 3000 {
		o := WalkOptions{NoIgnore: true, IgnoreCase: rng.IntN(4) == 0}
		for range rng.IntN(4) {
			o.Paths = append(o.Paths, words[rng.IntN(len(words))])
		}
		if rng.IntN(3) == 0 {
			o.Deny = deny
		}
		if rng.IntN(3) == 0 {
			o.From = files[rng.IntN(len(files))]
		}
		if rng.IntN(4) == 0 {
			o.MaxDepth = 1 + rng.IntN(2)
		}
		var want []string
		parts := make([][]string, MaxWorkers)
		_, werr := r.Walk(t.Context(), o, func(w int, e *Entry) error {
			parts[w] = append(parts[w], e.Path)
			return nil
		})
		if werr == nil {
			want = slices.Sorted(slices.Values(slices.Concat(parts...)))
		}
		got, _, err := chosen(t, o, l)
		if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
			t.Fatalf("%+q, fold %v, from %q, depth %d (-walk +select):\n%s", o.Paths, o.IgnoreCase, o.From, o.MaxDepth, d)
		}
		if codeOf(werr) != codeOf(err) || werr != nil && fail.From(werr).What != fail.From(err).What {
			t.Fatalf("%+q: walk: %v, select: %v", o.Paths, werr, err)
		}
	}
}

func TestSelectWhatIsNoFile(t *testing.T) {
	l := listed("", "a.go", "link@", "mod@", "sub/.git/config", "sub/.GIT@", "sub/b.go", "closed/x", "closed/y/z", "closed/link@")
	got, st, err := chosen(t, WalkOptions{Deny: func(p string) bool { return p == "closed" }}, l)
	if d := cmp.Diff([]string{"a.go", "sub/b.go"}, got); d != "" || err != nil || st.Special != 2 || st.Denied != 1 {
		t.Errorf("%+v, %v (-want +got):\n%s", st, err, d)
	}
	for path, want := range map[string]fail.Code{
		"link": fail.Unsupported, "sub/.git": fail.Denied, "sub/.git/config": fail.Denied, ".GIT": fail.Denied, "a.go/x": fail.NotFound,
		"/repo/a.go": fail.Denied, "": fail.Invalid,
	} {
		if got, _, err := chosen(t, WalkOptions{Paths: []string{path}}, l); codeOf(err) != want || len(got) > 0 {
			t.Errorf("path %q: %q, %v, want %s", path, got, err, want)
		}
	}
	if got, _, err := chosen(t, WalkOptions{}, listed("")); len(got) > 0 || err != nil {
		t.Errorf("of no files: %q, %v", got, err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := Select(ended, WalkOptions{}, l); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end: %v", err)
	}
}

func TestSelectNearest(t *testing.T) {
	l := listed("", "internal/git/log.go", "internal/git/tree.go", "cmd/main.go", "docs/guide/start.md", "docs/guide/stop.md")
	for path, want := range map[string]string{
		"log.go": `not_found: no file or folder "log.go"
the nearest are "internal/git/log.go"
next: paths are relative to the root folder; to look in all folders write "**/log.go"
retry: no`,
		"intrnal/git": `not_found: no file or folder "intrnal/git"
the nearest are "internal/git"
next: paths are relative to the root folder; to look in all folders write "**/git"
retry: no`,
		"docs/guide/strt.md": `not_found: no file or folder "docs/guide/strt.md"
the nearest are "docs/guide/stop.md", "docs/guide/start.md"
next: paths are relative to the root folder; to look in all folders write "**/strt.md"
retry: no`,
		"guide/*.md": `not_found: no folder "guide"
the nearest are "docs/guide"
next: check the name, or look for it with find
retry: no`,
		"zzzzzz": `not_found: no file or folder "zzzzzz"
next: paths are relative to the root folder; to look in all folders write "**/zzzzzz"
retry: no`,
	} {
		_, _, err := chosen(t, WalkOptions{Paths: []string{path}}, l)
		if d := cmp.Diff(want, fail.Show(err)); d != "" {
			t.Errorf("path %q (-want +got):\n%s", path, d)
		}
	}
}

// A path that the system cannot even look for is one that is not there.
func TestLongNames(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"a": ""})
	r := open(t, dir)
	for _, name := range []string{strings.Repeat("x", 300), strings.Repeat("y/", 3000) + "z", "a/" + strings.Repeat("x", 300)} {
		if _, err := r.Open(name); codeOf(err) != fail.NotFound {
			t.Errorf("Open of a name of %d bytes: %v", len(name), err)
		}
		_, err := r.Walk(t.Context(), WalkOptions{Paths: []string{name}}, func(int, *Entry) error { return nil })
		if codeOf(err) != fail.NotFound {
			t.Errorf("Walk of a name of %d bytes: %v", len(name), err)
		}
	}
	if _, err := r.Open(filepath.Join(dir, strings.Repeat("x", 300))); codeOf(err) != fail.NotFound {
		t.Errorf("an absolute name: %v", err)
	}
}

func BenchmarkSelect(b *testing.B) {
	var paths []string
	for i := range 10_000 {
		paths = append(paths, fmt.Sprintf("dir%d/sub%d/file%d.go", i%37, i%11, i))
	}
	l := listed("", paths...)
	for b.Loop() {
		if _, _, err := Select(b.Context(), WalkOptions{Paths: []string{"**/*.go", "!dir3"}}, l); err != nil {
			b.Fatal(err)
		}
	}
}
