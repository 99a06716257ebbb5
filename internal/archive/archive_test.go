package archive

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"cleat/internal/fail"
	"cleat/internal/tree"
)

// An entry is one of an archive that a test makes.
type entry struct {
	name string
	kind byte // tar.TypeReg if 0
	link string
	data string
}

// pack writes a tar.gz.
func pack(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for _, e := range entries {
		h := &tar.Header{Name: e.name, Typeflag: e.kind, Linkname: e.link, Mode: 0o644, Size: int64(len(e.data))}
		if e.kind == tar.TypeXGlobalHeader {
			h = &tar.Header{Typeflag: e.kind, Name: e.name, PAXRecords: map[string]string{"comment": e.data}}
			e.data = ""
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, e.data); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// contents walks files and returns what was read, by path: the text, or the error.
func contents(t testing.TB, f *Files, o tree.WalkOptions) (map[string]string, tree.WalkStats) {
	t.Helper()
	var mu sync.Mutex
	got := map[string]string{}
	st, err := f.Walk(t.Context(), o, func(_ int, e *tree.Entry) error {
		data, err := e.Read(nil, 1<<20)
		mu.Lock()
		defer mu.Unlock()
		if _, ok := got[e.Path]; ok {
			t.Errorf("%s came twice", e.Path)
		}
		got[e.Path] = string(data)
		if err != nil {
			got[e.Path] = err.Error()
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return got, st
}

func read(t testing.TB, data []byte, o Options) *Files {
	t.Helper()
	f, err := Read(t.Context(), bytes.NewReader(data), o)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

const commit = "0123456789abcdef0123456789abcdef01234567"

func TestRead(t *testing.T) {
	f := read(t, pack(t,
		entry{name: "pax_global_header", kind: tar.TypeXGlobalHeader, data: commit},
		entry{name: "shop-1/", kind: tar.TypeDir},
		entry{name: "shop-1/b.go", data: "package b\n"},
		entry{name: "shop-1/a/", kind: tar.TypeDir},
		entry{name: "shop-1/a/empty"},
		entry{name: "shop-1/a/wide.txt", data: "\xff\xfeh\x00i\x00"},
		entry{name: "shop-1/logo.png", data: "\x89PNG\x00\x00"},
		entry{name: "shop-1/big.txt", data: strings.Repeat("x", 5000)},
		entry{name: "shop-1/link", kind: tar.TypeSymlink, link: "/etc/passwd"},
		entry{name: "shop-1/hard", kind: tar.TypeLink, link: "shop-1/b.go"},
		entry{name: "shop-1/pipe", kind: tar.TypeFifo},
	), Options{MaxFile: 4000})
	got, st := contents(t, f, tree.WalkOptions{})
	want := map[string]string{"b.go": "package b\n", "a/empty": "", "a/wide.txt": "\xff\xfeh\x00i\x00",
		"logo.png": tree.ErrBinary.Error(), "big.txt": tree.ErrTooLarge.Error()}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if f.Commit() != commit || f.Cut() != "" || st.Special != 3 || st.Files != 5 || st.Denied != 0 || st.Pending != "" {
		t.Errorf("commit %q, cut %q, %+v", f.Commit(), f.Cut(), st)
	}
}

// Names that lead elsewhere are refused, in whatever spelling, and the rest is read.
func TestHostileNames(t *testing.T) {
	hostile := []string{"shop/../../etc/passwd", "/etc/passwd", "shop//x", "shop/./x", "shop/a/..", "..", "other/x", "x", "shop/.git/config",
		"shop/sub/.GIT/hooks/pre-commit", "shop/new\nline", "shop/" + strings.Repeat("d/", 3000) + "x", "shop/twice"}
	entries := []entry{{name: "shop/", kind: tar.TypeDir}, {name: "shop/twice", data: "first"}}
	for _, h := range hostile {
		entries = append(entries, entry{name: h, data: "bad"})
	}
	entries = append(entries, entry{name: "shop/ok", data: "good"})
	got, st := contents(t, read(t, pack(t, entries...), Options{}), tree.WalkOptions{})
	if diff := cmp.Diff(map[string]string{"twice": "first", "ok": "good"}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if st.Denied != len(hostile) {
		t.Errorf("%d names counted as refused, there were %d", st.Denied, len(hostile))
	}
}

// zeros are endless.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// bomb is a small tar.gz that unpacks to n bytes in one file.
func bomb(t *testing.T, n int64) []byte {
	t.Helper()
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	w := tar.NewWriter(z)
	if err := w.WriteHeader(&tar.Header{Name: "shop/first", Mode: 0o644, Size: 5}); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, "hello"); err != nil {
		t.Fatal(err)
	}
	if err := w.WriteHeader(&tar.Header{Name: "shop/bomb", Mode: 0o644, Size: n}); err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(w, io.MultiReader(strings.NewReader(strings.Repeat("x", 10_000)), zeros{}), n); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestLimits(t *testing.T) {
	many := []entry{}
	for _, c := range "abcdefghij" {
		many = append(many, entry{name: "shop/" + string(c), data: strings.Repeat("x", 1000)})
	}
	for name, test := range map[string]struct {
		data []byte
		o    Options
		cut  string
		len  int
	}{
		"files":   {pack(t, many...), Options{MaxFiles: 4}, "more than 4 files", 4},
		"text":    {pack(t, many...), Options{MaxBytes: 6000}, "MiB of text", 4},
		"entries": {pack(t, append([]entry{{name: "shop/1", data: "x"}}, slices.Repeat([]entry{{name: "bad"}}, 30)...)...), Options{MaxFiles: 2}, "more than 20 entries", 1},
		"a bomb":  {bomb(t, 32<<20), Options{MaxStream: 1 << 20}, "more than 1 MiB", 2},
	} {
		t.Run(name, func(t *testing.T) {
			f := read(t, test.data, test.o)
			if !strings.Contains(f.Cut(), test.cut) || f.Len() != test.len {
				t.Errorf("%d files, cut %q; want %d, %q", f.Len(), f.Cut(), test.len, test.cut)
			}
		})
	}
}

func TestBroken(t *testing.T) {
	whole := pack(t, entry{name: "shop/a", data: strings.Repeat("some text\n", 1000)}, entry{name: "shop/b", data: "more"})
	flipped := slices.Clone(whole)
	flipped[len(flipped)-6] ^= 0x55 // the checksum
	for name, r := range map[string]io.Reader{
		"a login page": strings.NewReader("<!DOCTYPE html><title>Log in</title>"), "nothing": strings.NewReader(""),
		"cut": bytes.NewReader(whole[:len(whole)/2]), "cut at the end": bytes.NewReader(whole[:len(whole)-4]),
		"damaged": bytes.NewReader(flipped), "no tar in it": bytes.NewReader(zip(t, "just text, and more of it than fits")),
		"the connection broke": io.MultiReader(bytes.NewReader(whole[:40]), iotest.ErrReader(errors.New("reset by peer at 10.0.0.1"))),
	} {
		f, err := Read(t.Context(), r, Options{})
		if fail.From(err) == nil || fail.From(err).Code != fail.Unavailable || strings.Contains(fail.Show(err), "10.0.0.1") {
			t.Errorf("%s: %v, %v", name, f, err)
		}
	}
	known := fail.Errorf(fail.Timeout, "the service was slow")
	if _, err := Read(t.Context(), iotest.ErrReader(known), Options{}); !errors.Is(err, error(known)) {
		t.Errorf("an error of the reader became %v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("why")
	cancel(why)
	if _, err := Read(ctx, bytes.NewReader(whole), Options{}); err != why {
		t.Errorf("after the end: %v", err)
	}
}

func zip(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := io.WriteString(z, strings.Repeat(text, 100))
	if err := errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestWalk(t *testing.T) {
	f := read(t, pack(t, entry{name: "s/a/one.go", data: "1"}, entry{name: "s/a/two.txt", data: "2"}, entry{name: "s/b/secret/x", data: "3"}, entry{name: "s/c", data: "4"}), Options{})
	for name, test := range map[string]struct {
		o    tree.WalkOptions
		want []string
	}{
		"all":    {tree.WalkOptions{}, []string{"a/one.go", "a/two.txt", "b/secret/x", "c"}},
		"paths":  {tree.WalkOptions{Paths: []string{"a", "!*.txt"}}, []string{"a/one.go"}},
		"deny":   {tree.WalkOptions{Deny: func(p string) bool { return p == "b/secret" }}, []string{"a/one.go", "a/two.txt", "c"}},
		"from":   {tree.WalkOptions{From: "b"}, []string{"b/secret/x", "c"}},
		"until":  {tree.WalkOptions{Workers: 1, Until: func() string { return "a/two.txt" }}, []string{"a/one.go", "a/two.txt"}},
		"a file": {tree.WalkOptions{Paths: []string{"c"}}, []string{"c"}},
	} {
		got, st := contents(t, f, test.o)
		if diff := cmp.Diff(test.want, slices.Sorted(maps.Keys(got))); diff != "" || st.Pending != "" {
			t.Errorf("%s: pending %q (-want +got)\n%s", name, st.Pending, diff)
		}
	}
	_, err := f.Walk(t.Context(), tree.WalkOptions{Paths: []string{"a/on.go"}}, nil)
	if fail.From(err).Code != fail.NotFound {
		t.Errorf("a path that is not there: %v", err)
	}
}

// Whatever ends a walk, Pending is before all that was not visited.
func TestWalkEnds(t *testing.T) {
	var entries []entry
	for i := range 200 {
		entries = append(entries, entry{name: "s/" + string(rune('a'+i/26)) + string(rune('a'+i%26)), data: "x"})
	}
	f := read(t, pack(t, entries...), Options{})
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("enough")
	var mu sync.Mutex
	visited := map[string]bool{}
	st, err := f.Walk(ctx, tree.WalkOptions{}, func(_ int, e *tree.Entry) error {
		mu.Lock()
		defer mu.Unlock()
		if len(visited) == 50 {
			cancel(why)
			return tree.ErrStopped
		}
		visited[e.Path] = true
		return nil
	})
	if err != why || st.Pending == "" || st.Files != len(visited) {
		t.Fatalf("%v, %+v, %d visited", err, st, len(visited))
	}
	for _, e := range entries {
		if p := strings.TrimPrefix(e.name, "s/"); p < st.Pending && !visited[p] {
			t.Errorf("%s was not visited and is before %s", p, st.Pending)
		}
	}
	broken := errors.New("broken")
	if _, err := f.Walk(t.Context(), tree.WalkOptions{}, func(int, *tree.Entry) error { return broken }); err != broken {
		t.Errorf("the error of fn became %v", err)
	}
}

// What git archive writes is read as what is checked in.
func TestGitArchive(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("there is no git")
	}
	dir := t.TempDir()
	git := func(args ...string) []byte {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=A", "-c", "user.email=a@b.c"}, args...)...)
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("git %v: %v", args, err)
		}
		return out
	}
	git("init", "-q")
	want := map[string]string{"a.txt": "one\n", "dir/ünï.txt": "two\n", "dir/" + strings.Repeat("long", 50) + "/x": "three\n"}
	for p, data := range want {
		write(t, filepath.Join(dir, p), data)
	}
	git("add", ".")
	git("commit", "-qm", "one")
	head := strings.TrimSpace(string(git("rev-parse", "HEAD")))
	f := read(t, git("archive", "--format=tar.gz", "--prefix=shop-1/", "HEAD"), Options{})
	got, _ := contents(t, f, tree.WalkOptions{})
	if diff := cmp.Diff(want, got); diff != "" || f.Commit() != head {
		t.Errorf("commit %s, want %s (-want +got)\n%s", f.Commit(), head, diff)
	}
}

func write(t *testing.T, path, data string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(data), 0o644); err != nil {
		t.Fatal(err)
	}
}

// Whatever comes, reading ends without a panic, keeps to its limits, and hands out clean
// relative paths.
func FuzzRead(f *testing.F) {
	f.Add(pack(f, entry{name: "shop/a", data: "x"}, entry{name: "shop/b", kind: tar.TypeSymlink, link: "a"}), false)
	f.Add(pack(f, entry{name: "../a", data: "x"}), false)
	f.Add([]byte("shop/x"), true)
	f.Fuzz(func(t *testing.T, data []byte, wrap bool) {
		if wrap {
			var b bytes.Buffer
			z := gzip.NewWriter(&b)
			if _, err := z.Write(data); err != nil {
				t.Fatal(err)
			}
			if err := z.Close(); err != nil {
				t.Fatal(err)
			}
			data = b.Bytes()
		}
		o := Options{MaxBytes: 1 << 16, MaxFiles: 50, MaxFile: 1 << 12, MaxStream: 1 << 20}
		files, err := Read(t.Context(), bytes.NewReader(data), o)
		if err != nil {
			return
		}
		if files.Len() > o.MaxFiles || files.Bytes() > 2*o.MaxBytes {
			t.Errorf("%d files, %d bytes", files.Len(), files.Bytes())
		}
		got, _ := contents(t, files, tree.WalkOptions{})
		for p := range got {
			if !filepath.IsLocal(p) || strings.Contains(p, "//") {
				t.Errorf("a path %q", p)
			}
		}
	})
}
