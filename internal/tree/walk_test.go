package tree

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"cleat/internal/fail"
)

func TestWalkPaths(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{
		".gitignore": "node_modules\n*.log\n", "main.go": "", "readme.md": "", "x.log": "",
		"src/a.go": "", "src/a_test.go": "", "src/gen/g.go": "", "src/gen/g.log": "", "src/b.ts": "",
		"app/[id]/page.tsx": "", "app/i/page.tsx": "", "node_modules/m/i.js": "", "node_modules/m/l.log": "",
		"pkg/one/src/p.go": "", "pkg/two/src/q.go": "", "pkg/two/doc/r.md": "", "A.GO": "",
	})
	for _, c := range []struct{ paths, want string }{
		{"", ".gitignore A.GO app/[id]/page.tsx app/i/page.tsx main.go pkg/one/src/p.go pkg/two/doc/r.md pkg/two/src/q.go readme.md src/a.go src/a_test.go src/b.ts src/gen/g.go"},
		{"src", "src/a.go src/a_test.go src/b.ts src/gen/g.go"},
		{"src/", "src/a.go src/a_test.go src/b.ts src/gen/g.go"},
		{". src src/gen", ".gitignore A.GO app/[id]/page.tsx app/i/page.tsx main.go pkg/one/src/p.go pkg/two/doc/r.md pkg/two/src/q.go readme.md src/a.go src/a_test.go src/b.ts src/gen/g.go"},
		{"main.go src/b.ts", "main.go src/b.ts"},
		{"*.md", "pkg/two/doc/r.md readme.md"},
		{"./*.md", "readme.md"},
		{"src/*.go", "src/a.go src/a_test.go"},
		{"src/**/*.go", "src/a.go src/a_test.go src/gen/g.go"},
		{"src !*_test.go !src/gen", "src/a.go src/b.ts"},
		{"!src !pkg !app !.gitignore !A.GO", "main.go readme.md"},
		{"*.{ts,tsx}", "app/[id]/page.tsx app/i/page.tsx src/b.ts"},
		{"app/[id]", "app/[id]/page.tsx"},
		{"app/[id]/page.tsx", "app/[id]/page.tsx"},
		{"app/[i]/*", "app/i/page.tsx"},
		{"pkg/*/src", "pkg/one/src/p.go pkg/two/src/q.go"},
		{"pkg/*/src/*.go src/gen", "pkg/one/src/p.go pkg/two/src/q.go src/gen/g.go"},
		{"src *.md", "pkg/two/doc/r.md readme.md src/a.go src/a_test.go src/b.ts src/gen/g.go"},
		{"node_modules/m", "node_modules/m/i.js"},
		{"node_modules/**/*.js *.md", "node_modules/m/i.js pkg/two/doc/r.md readme.md"},
		{"x.log", "x.log"},
		{"*.log", ""},
		{dir + "/src/gen", "src/gen/g.go"},
		{dir + "/*.md", "readme.md"},
		{"**/**/**/**/g.go", "src/gen/g.go"},
	} {
		r := open(t, dir)
		got, _ := visited(t, r, WalkOptions{Paths: strings.Fields(c.paths)})
		want := strings.Fields(c.want)
		slices.Sort(want)
		if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
			t.Errorf("paths %q (-want +got):\n%s", c.paths, d)
		}
	}
	got, _ := visited(t, open(t, dir), WalkOptions{Paths: []string{"*.Go"}, IgnoreCase: true})
	if !slices.Contains(got, "A.GO") || !slices.Contains(got, "main.go") || slices.Contains(got, "readme.md") {
		t.Errorf("in any case: %q", got)
	}
	got, _ = visited(t, open(t, dir), WalkOptions{NoIgnore: true})
	if len(got) != 17 {
		t.Errorf("with NoIgnore %d files, want 17: %q", len(got), got)
	}
}

func TestWalkPathErrors(t *testing.T) {
	root, top := scene(t)
	link(t, "../secret", filepath.Join(root, "out"))
	link(t, "sub", filepath.Join(root, "in"))
	r := open(t, root)
	for path, want := range map[string]fail.Code{
		"../**": fail.Denied, "/": fail.Denied, "/etc/*": fail.Denied, "../secret": fail.Denied, "out": fail.Denied,
		"src/../../*": fail.Denied, top + "/*": fail.Denied, root + "-evil": fail.Denied, root + "-evil/*": fail.Denied,
		"!../x": fail.Denied, ".git": fail.Denied, ".git/config": fail.Denied, "a\x00b": fail.Denied,
		"": fail.Invalid, "!": fail.Invalid, "[": fail.Invalid, "a[b": fail.Invalid, strings.Repeat("*a", 600): fail.Invalid,
		strings.Repeat("{a,b}", 12): fail.Invalid, "in/*": fail.Invalid,
		"absent": fail.NotFound, "absent/*.go": fail.NotFound, "a.txt/x": fail.NotFound,
	} {
		_, err := r.Walk(t.Context(), WalkOptions{Paths: []string{path}}, func(_ int, e *Entry) error {
			t.Errorf("%q leads to %q", path, e.Path)
			return nil
		})
		if codeOf(err) != want {
			t.Errorf("path %q: %v, want %s", path, err, want)
		}
	}
	got, _ := visited(t, r, WalkOptions{Paths: []string{"in"}})
	if d := cmp.Diff([]string{"sub/b.txt"}, got); d != "" {
		t.Errorf("a link to a folder inside (-want +got):\n%s", d)
	}
}

// numbered makes n files in folders of ten.
func numbered(t *testing.T, dir string, n int) []string {
	t.Helper()
	files := make(map[string]string)
	var all []string
	for i := range n {
		name := fmt.Sprintf("d%02d/e%d/f%d", i/100, i/10%10, i)
		if i%3 == 0 {
			name = fmt.Sprintf("d%02d/e%d-f%d", i/100, i/10%10, i) // sorts before the folder's content
		}
		files[name] = "x"
		all = append(all, name)
	}
	write(t, dir, files)
	slices.Sort(all)
	return all
}

func TestWalkOrderAndBounds(t *testing.T) {
	dir := t.TempDir()
	all := numbered(t, dir, 400)
	r := open(t, dir)
	var got []string
	_, err := r.Walk(t.Context(), WalkOptions{Workers: 1}, func(_ int, e *Entry) error {
		got = append(got, e.Path)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(all, got); d != "" {
		t.Errorf("one worker goes in order (-want +got):\n%s", d)
	}
	for _, i := range []int{0, 7, 150, 399} {
		got, _ := visited(t, r, WalkOptions{From: all[i], Until: func() string { return all[min(i+50, 399)] }})
		if d := cmp.Diff(all[i:min(i+51, 400)], got); d != "" {
			t.Errorf("from %s (-want +got):\n%s", all[i], d)
		}
	}
}

// However early a walk ends, all that sorts before Pending was visited.
func TestPending(t *testing.T) {
	dir := t.TempDir()
	all := numbered(t, dir, 600)
	r := open(t, dir)
	for _, stopAt := range []int64{1, 5, 40, 250, 590} {
		for _, cancels := range []bool{true, false} {
			ctx, cancel := context.WithCancel(t.Context())
			var mu sync.Mutex
			seen := make(map[string]bool)
			var n atomic.Int64
			enough := errors.New("enough")
			st, err := r.Walk(ctx, WalkOptions{Workers: 4}, func(_ int, e *Entry) error {
				if n.Add(1) == stopAt {
					if cancels {
						cancel()
						return ErrStopped
					}
					return enough
				}
				mu.Lock()
				defer mu.Unlock()
				seen[e.Path] = true
				return nil
			})
			cancel()
			if err == nil || !cancels && err != enough || cancels && !errors.Is(err, context.Canceled) {
				t.Errorf("the walk ended with %v", err)
			}
			if st.Pending == "" {
				t.Errorf("stopped at file %d, nothing is pending", stopAt)
			}
			for _, p := range all {
				if p < st.Pending && !seen[p] {
					t.Errorf("%s is before %s and was not visited", p, st.Pending)
				}
			}
		}
	}
}

func TestWalkDeny(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"a": "", "closed/x": "", "closed/y/z": "", "sub/closed/q": "", "sub/secret": ""})
	r := open(t, dir)
	deny := func(p string) bool { return p == "closed" || strings.HasSuffix(p, "secret") }
	got, st := visited(t, r, WalkOptions{Deny: deny})
	if d := cmp.Diff([]string{"a", "sub/closed/q"}, got); d != "" || st.Denied != 2 {
		t.Errorf("%d denied, files (-want +got):\n%s", st.Denied, d)
	}
	for _, path := range []string{"closed", "closed/y", "closed/y/*", "sub/secret"} {
		if got, st := visited(t, r, WalkOptions{Deny: deny, Paths: []string{path}}); len(got) > 0 || st.Denied != 1 {
			t.Errorf("path %q visits %q, %d denied", path, got, st.Denied)
		}
	}
}

func TestPanicBecomesError(t *testing.T) {
	dir := t.TempDir()
	numbered(t, dir, 100)
	before := runtime.NumGoroutine()
	_, err := open(t, dir).Walk(t.Context(), WalkOptions{Workers: 4}, func(_ int, e *Entry) error {
		if strings.HasSuffix(e.Path, "5") {
			panic("boom")
		}
		return nil
	})
	if err == nil || !strings.Contains(err.Error(), "boom") {
		t.Errorf("err = %v", err)
	}
	// A goroutine that is done counts until the scheduler has seen it end.
	for end := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d goroutines before, %d after", before, runtime.NumGoroutine())
		}
	}
}

func TestText(t *testing.T) {
	u16 := func(s string, big bool) string {
		var b strings.Builder
		for _, u := range append([]uint16{0xfeff}, utf16.Encode([]rune(s))...) {
			if big {
				u = u<<8 | u>>8
			}
			b.WriteByte(byte(u))
			b.WriteByte(byte(u >> 8))
		}
		return b.String()
	}
	for _, c := range []struct {
		in, out string
		ok      bool
	}{
		{"", "", true},
		{"plain", "plain", true},
		{"\xef\xbb\xbfmark", "mark", true},
		{"a\xffb", "a\xffb", true},
		{"a\x00b", "a\x00b", false},
		{strings.Repeat("x", 8192) + "\x00", strings.Repeat("x", 8192) + "\x00", true},
		{u16("grüße 🎈\n", false), "grüße 🎈\n", true},
		{u16("grüße 🎈\n", true), "grüße 🎈\n", true},
		{"\xff\xfea\x00b", "a\ufffd", true},
		{"\xff\xfe\x00\xd8x\x00", "\ufffdx", true},
		{"\xff\xfe\x00\x00a\x00\x00\x00", "\x00a\x00", false},
	} {
		got, ok := Text([]byte(c.in), nil)
		if string(got) != c.out || ok != c.ok {
			t.Errorf("Text(%q) = %q, %v, want %q, %v", c.in, got, ok, c.out, c.ok)
		}
	}
}

func TestLang(t *testing.T) {
	for path, want := range map[string]string{
		"a/main.go": "go", "x.TSX": "typescript", "Makefile": "make", "a/Dockerfile.dev": "docker", "go.mod": "gomod",
		"f.h": "c", "f.hpp": "cpp", "q.sql": "sql", "noext": "", ".bashrc": "shell", "a.b/c": "", "x.proto": "proto",
		"README.md": "markdown", "c.yml": "yaml", "k.kt": "kotlin",
	} {
		if got := Lang(path); got != want {
			t.Errorf("Lang(%q) = %q, want %q", path, got, want)
		}
	}
	if !slices.IsSorted(Langs()) {
		t.Error("Langs is not sorted")
	}
	for name, want := range map[string]string{"golang": "go", "C++": "cpp", ".ts": "typescript", "Python": "python", "klingon": ""} {
		if got, ok := LangName(name); ok != (want != "") || ok && got != want {
			t.Errorf("LangName(%q) = %q, %v", name, got, ok)
		}
	}
	// Whatever the tables give is a name that can be asked for.
	for _, name := range []string{"js", "objc", "tf", "bzl", "htm", "makefile", "vb"} {
		if l, _ := LangName(name); !slices.Contains(Langs(), l) {
			t.Errorf("LangName(%q) = %q, which Langs does not have", name, l)
		}
	}
}
