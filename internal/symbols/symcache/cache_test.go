package symcache

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cleat/internal/symbols"
)

func hash(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:20])
}

// open returns a cache on dir, which is closed when the test ends.
func open(t *testing.T, dir string) *Cache {
	t.Helper()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	c := New(func() (*os.Root, error) { return root, nil }, time.Now)
	t.Cleanup(func() {
		if err := errors.Join(c.Close(), root.Close()); err != nil {
			t.Error(err)
		}
	})
	return c
}

// source returns Go of some length that defines F<n>.
func source(n int) []byte {
	return fmt.Appendf(nil, "package p\n\ntype T struct{}\n\nfunc (t T) F%d(a int) {}\n%s", n, strings.Repeat("// padding\n", 200))
}

// known reports whether the cache has the symbols of src, by changing what a scan would find
// under the same hash.
func known(t *testing.T, c *Cache, src []byte) bool {
	t.Helper()
	changed := bytes.ReplaceAll(src, []byte("func"), []byte("vacf"))
	id := hash(src)
	got := c.Symbols("go", changed, func([]byte) string { return id })
	return cmp.Equal(got, symbols.Scan("go", src))
}

func files(t *testing.T, dir string) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(dir, folder, "*"))
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(list)
	return list
}

func TestKeeps(t *testing.T) {
	dir := t.TempDir()
	c := open(t, dir)
	if list := files(t, dir); len(list) > 0 || c.Status() != (Status{}) {
		t.Fatalf("a new cache has %v, %+v", list, c.Status())
	}
	want := symbols.Scan("go", source(1))
	for range 2 { // scanned, then pending
		if diff := cmp.Diff(want, c.Symbols("go", source(1), hash)); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
	}
	if !known(t, c, source(1)) {
		t.Error("what was scanned is not known")
	}
	c.Flush()
	if !known(t, c, source(1)) {
		t.Error("what was flushed is not known")
	}
	other := open(t, dir)
	if !known(t, other, source(1)) {
		t.Error("another process does not know it")
	}
	if known(t, other, source(2)) {
		t.Error("what was never scanned is known")
	}
	if st := c.Status(); st.Segments != 1 || st.Files != 1 || st.Bytes == 0 || st.Err != nil {
		t.Errorf("%+v", st)
	}
}

func TestLanguageCounts(t *testing.T) {
	c := open(t, t.TempDir())
	src := []byte("def f():\n  pass\n" + strings.Repeat("#\n", minSource))
	if got := c.Symbols("python", src, hash); len(got) != 1 {
		t.Fatalf("%v", got)
	}
	if diff := cmp.Diff(symbols.Scan("ruby", src), c.Symbols("ruby", src, hash)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestNotKept(t *testing.T) {
	counted := func(calls *int) func([]byte) string {
		return func(b []byte) string { *calls++; return hash(b) }
	}
	calls := 0
	c := open(t, t.TempDir())
	c.Symbols("go", []byte("package p\nfunc F() {}\n"), counted(&calls))
	if calls > 0 {
		t.Error("a file whose scan is quicker than the cache is looked up")
	}
	var none *Cache
	want := symbols.Scan("go", source(1))
	for _, got := range [][]symbols.Symbol{none.Symbols("go", source(1), counted(&calls)), c.Symbols("go", source(1), nil)} {
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	none.Flush()
	if err := none.Close(); err != nil || calls > 0 {
		t.Errorf("a nil cache: %v, %d hashes", err, calls)
	}
}

func TestNoSymbols(t *testing.T) {
	dir := t.TempDir()
	c := open(t, dir)
	src := bytes.Repeat([]byte("// nothing\n"), 200)
	c.Symbols("go", src, hash)
	c.Flush()
	got := open(t, dir).Symbols("go", append([]byte("package p\nfunc F() {}\n"), src...), func([]byte) string { return hash(src) })
	if got != nil {
		t.Errorf("a file without symbols has %v", got)
	}
}

// TestDamage: whatever is wrong with a file of the cache, results are right, and the file
// is gone after the next write.
func TestDamage(t *testing.T) {
	tests := []struct {
		name   string
		damage func(t *testing.T, path string, data []byte) []byte
	}{
		{"empty", func(*testing.T, string, []byte) []byte { return nil }},
		{"cut in the index", func(_ *testing.T, _ string, b []byte) []byte { return b[:len(b)-5] }},
		{"cut in the records", func(_ *testing.T, _ string, b []byte) []byte { return b[:len(b)/2] }},
		{"another magic", func(_ *testing.T, _ string, b []byte) []byte { b[0]++; return b }},
		{"another version", func(_ *testing.T, _ string, b []byte) []byte { b[len(magic)+4]++; return b }},
		{"a byte of a record", func(_ *testing.T, _ string, b []byte) []byte { b[len(header())+3]++; return b }},
		{"a byte of the index", func(_ *testing.T, _ string, b []byte) []byte { b[len(b)-tailSize-3]++; return b }},
		{"its checksum", func(_ *testing.T, _ string, b []byte) []byte { b[len(b)-1]++; return b }},
		{"zeros", func(_ *testing.T, _ string, b []byte) []byte { return make([]byte, len(b)) }},
		{"longer", func(_ *testing.T, _ string, b []byte) []byte { return append(b, 0) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			first := open(t, dir)
			first.Symbols("go", source(1), hash)
			first.Flush()
			path := files(t, dir)[0]
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, tt.damage(t, path, data), 0o600); err != nil {
				t.Fatal(err)
			}
			c := open(t, dir)
			if diff := cmp.Diff(symbols.Scan("go", source(1)), c.Symbols("go", source(1), hash)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			c.Flush()
			if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("the damaged segment is still there: %v", err)
			}
			if !known(t, open(t, dir), source(1)) {
				t.Error("it was not written again")
			}
		})
	}
}

func TestForeignFiles(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, folder), 0o700); err != nil {
		t.Fatal(err)
	}
	write := func(name string, age time.Duration) string {
		path := filepath.Join(dir, folder, name)
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		when := time.Now().Add(-age)
		if err := os.Chtimes(path, when, when); err != nil {
			t.Fatal(err)
		}
		return path
	}
	old, young := write("0000000000000001-a.part", 2*partLife), write("0000000000000001-b.part", 0)
	odd, note := write("odd.seg", 0), write("README", 0)
	if err := os.Mkdir(filepath.Join(dir, folder, "dir.seg"), 0o700); err != nil {
		t.Fatal(err)
	}
	c := open(t, dir)
	c.Symbols("go", source(1), hash)
	c.Flush()
	want := []string{note, young, filepath.Join(dir, folder, "dir.seg")}
	got := slices.DeleteFunc(files(t, dir), func(f string) bool {
		return strings.HasSuffix(f, ending) && f != odd && filepath.Base(f) != "dir.seg"
	})
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("left in the folder beside segments (-want +got):\n%s (%s must go)", diff, old)
	}
}

// TestGone: the folder goes away while it is in use, or is none at all.
func TestGone(t *testing.T) {
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	c := New(func() (*os.Root, error) { return root, nil }, time.Now)
	c.Symbols("go", source(1), hash)
	if err := os.RemoveAll(filepath.Join(dir, folder)); err != nil {
		t.Skip(err) // not where it is open
	}
	c.Flush()
	if got := c.Symbols("go", source(1), hash); len(got) != 2 {
		t.Errorf("without its folder: %v", got)
	}
	if c.Close() == nil {
		t.Error("Close does not tell that nothing could be kept")
	}
	want := errors.New("no state")
	none := New(func() (*os.Root, error) { return nil, want }, time.Now)
	for range 2 {
		if got := none.Symbols("go", source(1), hash); len(got) != 2 {
			t.Errorf("without a state folder: %v", got)
		}
	}
	none.Flush()
	if err := none.Status().Err; !errors.Is(err, want) {
		t.Errorf("Status().Err = %v, want %v", err, want)
	}
}

func TestMerge(t *testing.T) {
	dir := t.TempDir()
	c := open(t, dir)
	const n = 3 * maxSmall
	for i := range n {
		c.Symbols("go", source(i), hash)
		c.Flush()
	}
	if got := len(files(t, dir)); got > maxSmall+1 {
		t.Errorf("%d segments after %d writes, want at most %d", got, n, maxSmall+1)
	}
	other := open(t, dir)
	for i := range n {
		if !known(t, c, source(i)) || !known(t, other, source(i)) {
			t.Errorf("F%d was lost", i)
		}
	}
}

// TestTrim: of more than the limit the oldest go.
func TestTrim(t *testing.T) {
	dir := t.TempDir()
	c := open(t, dir)
	known(t, c, source(0)) // opens it
	c.mu.Lock()
	clear(c.pending)
	c.bytes = 0
	record := bytes.Repeat([]byte("x"), maxRecord)
	for i := range MaxBytes/(5*maxRecord) + 2 {
		records := make(map[key][]byte)
		for j := range 5 {
			records[key{byte(i), byte(j)}] = record
		}
		if err := c.add(records, uint64(i+1)); err != nil {
			t.Fatal(err)
		}
	}
	c.trim()
	oldest, newest := c.segs[len(c.segs)-1].seq, c.segs[0].seq
	c.mu.Unlock()
	var size int64
	for _, f := range files(t, dir) {
		info, err := os.Stat(f)
		if err != nil {
			t.Fatal(err)
		}
		size += info.Size()
	}
	if size > MaxBytes || size < MaxBytes*3/4 {
		t.Errorf("%d bytes are left, want nearly %d", size, MaxBytes)
	}
	if oldest < 2 || newest != MaxBytes/(5*maxRecord)+2 {
		t.Errorf("segments %d to %d are left, want the newest", oldest, newest)
	}
}

// TestProcesses: several caches on one folder, each with several users, all find what is
// right.
func TestProcesses(t *testing.T) {
	dir := t.TempDir()
	var wg sync.WaitGroup
	for range 4 {
		c := open(t, dir)
		for g := range 2 {
			wg.Go(func() {
				for i := range 60 {
					n := (i*7 + g) % 40
					got := c.Symbols("go", source(n), hash)
					if len(got) != 2 || got[1].Name != fmt.Sprintf("F%d", n) {
						t.Errorf("F%d: %v", n, got)
					}
					if i%3 == 0 {
						c.Flush()
					}
				}
			})
		}
	}
	wg.Wait()
	c := open(t, dir)
	for i := range 40 {
		if !known(t, c, source(i)) {
			t.Errorf("F%d is not known in the end", i)
		}
	}
}

// FuzzDecode: no record makes decode panic, and what it accepts, encode writes as a record
// of the same symbols.
func FuzzDecode(f *testing.F) {
	f.Add(encode(symbols.Scan("go", source(1))))
	f.Add(encode(nil))
	f.Fuzz(func(t *testing.T, rec []byte) {
		list, ok := decode(rec)
		if !ok {
			return
		}
		again, ok := decode(encode(list))
		if diff := cmp.Diff(list, again); !ok || diff != "" {
			t.Errorf("%v (-first +second):\n%s", ok, diff)
		}
	})
}

// FuzzLoad: no file makes load or record panic, or take memory beyond the file's size.
func FuzzLoad(f *testing.F) {
	f.Add(marshal(map[key][]byte{{1}: encode(nil), {2}: encode(symbols.Scan("go", source(1)))}))
	f.Fuzz(func(t *testing.T, data []byte) {
		index, err := load(bytes.NewReader(data), int64(len(data)))
		if err == nil && len(index)*entrySize > len(data) {
			t.Errorf("%d entries in %d bytes", len(index), len(data))
		}
	})
}

// BenchmarkSymbols compares a scan with what the cache needs for the same file, hash
// included: it is worth its while above minSource.
func BenchmarkSymbols(b *testing.B) {
	root, err := os.OpenRoot(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer root.Close()
	c := New(func() (*os.Root, error) { return root, nil }, time.Now)
	defer c.Close()
	line := "\nfunc (t *T) Method(a, b int) error { return t.other(a + b*2, \"text\") }\n"
	for _, size := range []int{512, minSource, 4 << 10, 32 << 10} {
		src := []byte("package p\n" + strings.Repeat(line, size/len(line)))
		src = append(src, bytes.Repeat([]byte("\n"), max(0, minSource-len(src)))...)
		c.Symbols("go", src, hash)
		c.Flush()
		b.Run(fmt.Sprintf("scan/%d", size), func(b *testing.B) {
			for b.Loop() {
				symbols.Scan("go", src)
			}
		})
		b.Run(fmt.Sprintf("kept/%d", size), func(b *testing.B) {
			for b.Loop() {
				c.Symbols("go", src, hash)
			}
		})
	}
}
