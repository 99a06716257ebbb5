package scan

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"cleat/internal/fail"
	"cleat/internal/systems/code"
	"cleat/internal/tree"
)

// repo makes a tree of files and pins it.
func repo(t testing.TB, files map[string]string) *tree.Root {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	r, err := tree.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

func search(t testing.TB, r *tree.Root, q code.Query, o Options) *code.Result {
	t.Helper()
	res, err := Run(t.Context(), r, compile(t, q), o)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// show writes a result as grep would.
func show(res *code.Result) string {
	var b strings.Builder
	for _, f := range res.Files {
		for _, l := range f.Lines {
			sep := "-"
			switch {
			case l.Match:
				sep = ":"
			case l.Scope:
				sep = "="
			}
			fmt.Fprintf(&b, "%s%s%d%s%s\n", f.Path, sep, l.Number, sep, l.Text)
		}
	}
	return b.String()
}

func TestRun(t *testing.T) {
	r := repo(t, map[string]string{
		".gitignore":     "*.log",
		"a.go":           "one\ntwo needle\nthree\nfour\nfive needle\nsix needle\nseven\neight\nnine\n",
		"b/c.ts":         "needle\r\nlast needle",
		"b-d.md":         "no\nneedle",
		"x.log":          "needle",
		"bin":            "needle\x00",
		"wide.txt":       "\xff\xfen\x00e\x00e\x00d\x00l\x00e\x00\n\x00",
		"large.txt":      strings.Repeat("needle\n", 500),
		"empty":          "",
		".github/ci.yml": "run: needle",
	})
	for _, c := range []struct {
		name string
		q    code.Query
		want string
	}{
		{"lines", code.Query{Paths: []string{"a.go", "b", "wide.txt", ".github"}}, `
.github/ci.yml:1:run: needle
a.go:2:two needle
a.go:5:five needle
a.go:6:six needle
b/c.ts:1:needle
b/c.ts:2:last needle
wide.txt:1:needle
`},
		{"context", code.Query{Paths: []string{"a.go", "b"}, Context: 1}, `
a.go-1-one
a.go:2:two needle
a.go-3-three
a.go-4-four
a.go:5:five needle
a.go:6:six needle
a.go-7-seven
b/c.ts:1:needle
b/c.ts:2:last needle
`},
		{"wide context", code.Query{Paths: []string{"a.go"}, Context: 50, Pattern: "five"}, `
a.go-1-one
a.go-2-two needle
a.go-3-three
a.go-4-four
a.go:5:five needle
a.go-6-six needle
a.go-7-seven
a.go-8-eight
a.go-9-nine
`},
		{"per file", code.Query{PerFile: 1, Context: 1, Paths: []string{"a.go", "b"}}, `
a.go-1-one
a.go:2:two needle
a.go-3-three
b/c.ts:1:needle
`},
		{"limit", code.Query{Limit: 2, Context: 1, Paths: []string{"a.go", "b"}}, `
a.go-1-one
a.go:2:two needle
a.go-3-three
a.go-4-four
a.go:5:five needle
`},
		{"language", code.Query{Lang: "ts"}, `
b/c.ts:1:needle
b/c.ts:2:last needle
`},
		{"order of bytes", code.Query{Paths: []string{"b", "b-d.md"}}, `
b-d.md:2:needle
b/c.ts:1:needle
b/c.ts:2:last needle
`},
		{"regex", code.Query{Mode: code.Regex, Pattern: `^needle\r?$`, Paths: []string{"b", "b-d.md"}}, `
b-d.md:2:needle
b/c.ts:1:needle
`},
	} {
		if c.q.Pattern == "" {
			c.q.Pattern = "needle"
		}
		if d := cmp.Diff(strings.TrimPrefix(c.want, "\n"), show(search(t, r, c.q, Options{}))); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, d)
		}
	}

	res := search(t, r, code.Query{Pattern: "needle"}, Options{MaxFile: 3000})
	want := code.Stats{Files: 7, Bytes: res.Stats.Bytes, Ignored: 1, Binary: 1, Large: 1, Took: res.Stats.Took}
	if d := cmp.Diff(want, res.Stats); d != "" {
		t.Errorf("stats (-want +got):\n%s", d)
	}
	if want := "too large: large.txt"; res.Skipped != want {
		t.Errorf("skipped is %q, want %q", res.Skipped, want)
	}
	if res := search(t, r, code.Query{Pattern: "needle", PerFile: 2, Paths: []string{"a.go"}}, Options{}); res.Files[0].Matches != 3 || res.Matches != 2 {
		t.Errorf("%d matches of the file's %d, want 2 of 3", res.Matches, res.Files[0].Matches)
	}
}

// A long search of one file ends when its context does.
func TestCancelInsideFile(t *testing.T) {
	line := strings.Repeat("ab", 3000) + "é\n"
	r := repo(t, map[string]string{"big": strings.Repeat(line, 2000)})
	for _, q := range []code.Query{
		{Pattern: `(a|b)*a(a|b){14}c`, Mode: code.Regex},
		{Pattern: `(.*é){3}x`, Mode: code.Regex},
		{Pattern: `[^x]*ab[^y]*[é-ü]x`, Mode: code.Regex},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		began := time.Now()
		if _, err := Run(ctx, r, compile(t, q), Options{}); err != nil {
			t.Error(err)
		}
		cancel()
		if d := time.Since(began); d > 20*time.Second {
			t.Errorf("%s: ended after %v", q.Pattern, d)
		}
	}
}

// Searching must not tell what a mask hides.
func TestRedact(t *testing.T) {
	r := repo(t, map[string]string{
		"a.env": "# key\nTOKEN=s3cr3t-41\nother\n", "b.txt": "plain s3c text\n", "c.env": "x s3cr3t-41\ns3cr3t is a word\n",
	})
	redact := func(_ string, b []byte) []byte {
		return bytes.ReplaceAll(b, []byte("s3cr3t-41"), []byte("[redacted]"))
	}
	for _, c := range []struct{ pattern, want string }{
		{"s3cr3t-4", ""},
		{"TOKEN=", "a.env:2:TOKEN=[redacted]\n"},
		{"s3c", "b.txt:1:plain s3c text\nc.env:2:s3cr3t is a word\n"},
		{"other", "a.env:3:other\n"},
	} {
		for _, mode := range []code.Mode{code.Text, code.Regex} {
			res := search(t, r, code.Query{Pattern: c.pattern, Mode: mode, Context: 0}, Options{Redact: redact})
			if d := cmp.Diff(c.want, show(res)); d != "" {
				t.Errorf("%s (-want +got):\n%s", c.pattern, d)
			}
		}
	}
	res := search(t, r, code.Query{Pattern: "other", Context: 3}, Options{Redact: redact})
	if s := show(res); strings.Contains(s, "s3cr3t") || !strings.Contains(s, "[redacted]") {
		t.Errorf("context shows %q", s)
	}
}

func TestHooks(t *testing.T) {
	r := repo(t, map[string]string{"a": "x", "closed/b": "x", "c": "x"})
	res := search(t, r, code.Query{Pattern: "x"}, Options{Deny: func(p string) bool { return p == "closed" || p == "c" }})
	if d := cmp.Diff([]string{"a:0001"}, hits(res)); d != "" || res.Stats.Denied != 2 {
		t.Errorf("%d denied, lines (-want +got):\n%s", res.Stats.Denied, d)
	}
	before := runtime.NumGoroutine()
	_, err := Run(t.Context(), r, compile(t, code.Query{Pattern: "x"}), Options{Redact: func(string, []byte) []byte { panic("boom") }})
	var f *fail.Error
	if err == nil || errors.As(err, &f) || !strings.Contains(err.Error(), "boom") {
		t.Errorf("a panic in a hook: %v", err)
	}
	for end := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before && time.Now().Before(end); {
		time.Sleep(time.Millisecond) // one that is done counts until the scheduler has seen it end
	}
	if after := runtime.NumGoroutine(); after > before {
		t.Errorf("%d goroutines before, %d after", before, after)
	}
	for path, want := range map[string]fail.Code{"absent": fail.NotFound, "../x": fail.Denied, "[": fail.Invalid} {
		_, err := Run(t.Context(), r, compile(t, code.Query{Pattern: "x", Paths: []string{path}}), Options{})
		if !errors.As(err, &f) || f.Code != want {
			t.Errorf("path %q: %v, want %s", path, err, want)
		}
	}
}

func TestLongLines(t *testing.T) {
	long := strings.Repeat("é", 500_000) + "needle" + strings.Repeat("z", 1_000_000)
	r := repo(t, map[string]string{"min.js": "first\n" + long + "\nlast needle"})
	for _, q := range []code.Query{{Pattern: "needle", Context: 1}, {Pattern: "ne+dle", Mode: code.Regex, Context: 1}, {Pattern: `n[^x]edl.`, Mode: code.Regex}} {
		res := search(t, r, q, Options{})
		if res.Matches != 2 {
			t.Fatalf("%s: %d matches", q.Pattern, res.Matches)
		}
		for _, l := range res.Files[0].Lines {
			if len(l.Text) > 450 || l.Match && !strings.Contains(l.Text, "needle") {
				t.Errorf("%s: line %d is %d bytes: %.80q", q.Pattern, l.Number, len(l.Text), l.Text)
			}
		}
	}
}

// A pattern that matches everything is searched in little memory, and ends at its limit.
func TestMatchesEverything(t *testing.T) {
	files := make(map[string]string)
	line := strings.Repeat("the quick brown fox ", 30) + "\n"
	for i := range 40 {
		files[fmt.Sprintf("d%d/f", i)] = strings.Repeat(line, 8000) // 4.8 MB
	}
	r := repo(t, files)
	for _, q := range []code.Query{{Pattern: ".", Mode: code.Regex}, {Pattern: " ", Limit: MaxLimit, Context: 2}} {
		runtime.GC()
		var mem runtime.MemStats
		var peak uint64
		done, stopped := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(stopped)
			tick := time.NewTicker(2 * time.Millisecond)
			defer tick.Stop()
			for {
				select {
				case <-done:
					return
				case <-tick.C:
					runtime.ReadMemStats(&mem)
					peak = max(peak, mem.HeapAlloc)
				}
			}
		}()
		res := search(t, r, q, Options{})
		close(done)
		<-stopped
		if res.Cursor == "" || res.Matches > max(q.Limit, 200) {
			t.Errorf("%q: %d matches, cursor %q", q.Pattern, res.Matches, res.Cursor)
		}
		if q.Limit == 0 && res.Stats.Files > 20 {
			t.Errorf("%q: %d files searched for 200 lines", q.Pattern, res.Stats.Files)
		}
		if peak > 250<<20 {
			t.Errorf("%q: %d MB of heap", q.Pattern, peak>>20)
		}
	}
}

func TestFilesMode(t *testing.T) {
	r := repo(t, map[string]string{
		".gitignore": "out", "cmd/main.go": "", "cmd/main_test.go": "", "README.md": "", "docs/readme.txt": "",
		"out/readme": "", "internal/tree/walk.go": "", "subtree/walk.go": "", "a/b/c/README": "",
	})
	for _, c := range []struct {
		q    code.Query
		want string
	}{
		{code.Query{Pattern: "readme"}, "README.md a/b/c/README docs/readme.txt"},
		{code.Query{Pattern: "readme", Case: code.Sensitive}, "docs/readme.txt"},
		{code.Query{Pattern: "README", Case: code.Smart}, "README.md a/b/c/README"},
		{code.Query{Pattern: "*.go"}, "cmd/main.go subtree/walk.go cmd/main_test.go internal/tree/walk.go"},
		{code.Query{Pattern: "**/walk.go"}, "subtree/walk.go internal/tree/walk.go"},
		{code.Query{Pattern: "cmd/*"}, "cmd/main.go cmd/main_test.go"},
		{code.Query{Pattern: "tree/walk"}, "subtree/walk.go internal/tree/walk.go"},
		{code.Query{Pattern: "/cmd"}, "cmd/main.go cmd/main_test.go"},
		{code.Query{Pattern: "/main"}, ""},
		{code.Query{Pattern: "readme.*"}, "docs/readme.txt"},
		{code.Query{Pattern: "readme.*", Case: code.Ignore}, "README.md docs/readme.txt"},
		{code.Query{Pattern: "e", Lang: "markdown"}, "README.md"},
		{code.Query{Pattern: "go", Paths: []string{"cmd", "!*_test.go"}}, "cmd/main.go"},
	} {
		c.q.Mode = code.Files
		var got []string
		for limit := range 2 {
			q := c.q
			q.Limit = limit // all at once, then one by one
			got = got[:0]
			for {
				res := search(t, r, q, Options{})
				for _, f := range res.Files {
					got = append(got, f.Path)
				}
				if q.Cursor = res.Cursor; q.Cursor == "" {
					break
				}
			}
			if d := cmp.Diff(strings.Fields(c.want), got, cmpopts.EquateEmpty()); d != "" {
				t.Errorf("%q, limit %d (-want +got):\n%s", c.q.Pattern, limit, d)
			}
		}
	}
}

// Many searches at once, some canceled, leave nothing behind.
func TestNothingLeft(t *testing.T) {
	r, want := many(t, 150)
	fds := func() int {
		list, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			return 0
		}
		return len(list)
	}
	before, goroutines := fds(), runtime.NumGoroutine()
	var wg sync.WaitGroup
	for i := range 24 {
		wg.Go(func() {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			o := Options{}
			if i%2 == 0 {
				var n atomic.Int64
				o.Redact = func(_ string, b []byte) []byte {
					if n.Add(1) == int64(i) {
						cancel()
					}
					return b
				}
			}
			m, err := Compile(code.Query{Pattern: "ne+dle", Mode: code.Regex, Limit: 10_000})
			if err != nil {
				t.Error(err)
				return
			}
			res, err := Run(ctx, r, m, o)
			if err != nil || res.Partial == "" && res.Matches != len(want) {
				t.Errorf("%d matches, %v", res.Matches, err)
			}
		})
	}
	wg.Wait()
	if n := fds(); n != before {
		t.Errorf("%d descriptors before, %d after", before, n)
	}
	// A goroutine that has returned is counted until the scheduler has seen to it.
	for end := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > goroutines; runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatalf("%d goroutines before, %d after", goroutines, runtime.NumGoroutine())
		}
	}
}

// Globs over many files take the time of the files, not of the globs.
func TestManyStars(t *testing.T) {
	files := make(map[string]string)
	for i := range 3000 {
		files[fmt.Sprintf("%s%d", strings.Repeat("a/", i%12), i)] = "x"
	}
	r := repo(t, files)
	for _, p := range []string{"**/**/**/**/**/*", "**/a/**/a/**/a/**/a/**/b", "*a*a*a*a*a*a*a*a*b"} {
		began := time.Now()
		if _, err := Run(t.Context(), r, compile(t, code.Query{Pattern: p, Mode: code.Files}), Options{}); err != nil {
			t.Error(err)
		}
		search(t, r, code.Query{Pattern: "x", Paths: []string{p}}, Options{})
		if d := time.Since(began); d > 20*time.Second {
			t.Errorf("%s takes %v", p, d)
		}
	}
}
