package once

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cleat/internal/fail"
)

// A clock is one that a test turns.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) turn(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// newKeys returns keys in a folder of the test's own.
func newKeys(t testing.TB) (*Keys, *clock, string) {
	t.Helper()
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	c := &clock{now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	return Open(func() (*os.Root, error) { return root, nil }, c.Now), c, dir
}

// gives is a write with that result.
func gives(result string) func() ([]byte, error) {
	return func() ([]byte, error) { return []byte(result), nil }
}

// never is a write that must not happen.
func never(t testing.TB) func() ([]byte, error) {
	return func() ([]byte, error) {
		t.Error("the write ran")
		return nil, nil
	}
}

// want fails the test unless Do's answer is that.
func want(t testing.TB, k *Keys, key, request string, f func() ([]byte, error), result string, repeated bool) {
	t.Helper()
	got, again, err := k.Do(t.Context(), key, []byte(request), f)
	if err != nil || string(got) != result || again != repeated {
		t.Errorf("Do(%q, %q) is %q, %t, %v, want %q, %t", key, request, got, again, err, result, repeated)
	}
}

// wantFail fails the test unless Do refuses with the code, and returns the failure.
func wantFail(t testing.TB, k *Keys, key, request string, f func() ([]byte, error), code fail.Code) *fail.Error {
	t.Helper()
	got, _, err := k.Do(t.Context(), key, []byte(request), f)
	e, ok := errors.AsType[*fail.Error](err)
	if !ok || e.Code != code || got != nil {
		t.Fatalf("Do(%q, %q) is %q, %v, want %s", key, request, got, err, code)
	}
	return e
}

func TestDo(t *testing.T) {
	k, _, _ := newKeys(t)
	want(t, k, "a", "insert 1", gives("one row"), "one row", false)
	want(t, k, "a", "insert 1", never(t), "one row", true)
	want(t, k, "b", "insert 1", gives("another"), "another", false)
	e := wantFail(t, k, "a", "insert 2", never(t), fail.Conflict)
	if !strings.Contains(e.What, "2026-01-02T03:04:05Z") || !strings.Contains(e.Next, "idempotency_key") {
		t.Errorf("the conflict says %s", fail.Show(e))
	}
	want(t, k, "a", "insert 1", never(t), "one row", true)

	want(t, Open(k.state, k.now), "a", "insert 1", never(t), "one row", true) // as after a restart
}

// An error of the write frees the key; one that says that the outcome is not known, and a
// panic, do not.
func TestFailures(t *testing.T) {
	k, c, _ := newKeys(t)
	own := errors.New("own")
	for _, failing := range []error{own, fail.Errorf(fail.Invalid, "no such table"), context.DeadlineExceeded} {
		if _, _, err := k.Do(t.Context(), "a", nil, func() ([]byte, error) { return []byte("half"), failing }); err != failing {
			t.Errorf("Do fails with %v, want %v itself", err, failing)
		}
	}
	want(t, k, "a", "another request now", gives("done"), "done", false)

	lost := fail.Errorf(fail.UnknownOutcome, "COMMIT was not answered")
	if _, _, err := k.Do(t.Context(), "b", nil, func() ([]byte, error) { return nil, fmt.Errorf("writing: %w", lost) }); !errors.Is(err, error(lost)) {
		t.Errorf("Do fails with %v", err)
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("no panic")
			}
		}()
		_, _, err := k.Do(t.Context(), "c", nil, func() ([]byte, error) { panic("in the write") })
		t.Error(err)
	}()
	c.turn(time.Hour)
	for _, key := range []string{"b", "c"} {
		e := wantFail(t, k, key, "", never(t), fail.UnknownOutcome)
		if !strings.Contains(e.What, "2026-01-02T03:04:05Z") {
			t.Errorf("it does not say when: %s", fail.Show(e))
		}
		wantFail(t, k, key, "another", never(t), fail.Conflict)
	}
}

func TestResultSizes(t *testing.T) {
	k, _, _ := newKeys(t)
	for key, size := range map[string]int{"nothing": 0, "the most": MaxResult} {
		sent := bytes.Repeat([]byte{0xff}, size)
		if _, _, err := k.Do(t.Context(), key, nil, func() ([]byte, error) { return sent, nil }); err != nil {
			t.Fatal(err)
		}
		got, repeated, err := k.Do(t.Context(), key, nil, never(t))
		if err != nil || !repeated || got == nil || !bytes.Equal(got, sent) {
			t.Errorf("%s: %d bytes, nil %t, %t, %v", key, len(got), got == nil, repeated, err)
		}
	}
	if _, _, err := k.Do(t.Context(), "more", nil, func() ([]byte, error) { return make([]byte, MaxResult+1), nil }); err != nil {
		t.Fatal(err)
	}
	if got, repeated, err := k.Do(t.Context(), "more", nil, never(t)); got != nil || !repeated || err != nil {
		t.Errorf("of a longer result: %d bytes, %t, %v", len(got), repeated, err)
	}
}

func TestKeyText(t *testing.T) {
	k, _, dir := newKeys(t)
	for _, key := range []string{"", "a\n", "a\x00b", "\x1b[2J", "a\u202eb", "a\u200bb", "\xff", "a\tb", "\u2028", "\U000e0041", strings.Repeat("a", MaxKey+1)} {
		wantFail(t, k, key, "", never(t), fail.Invalid)
	}
	if names := files(t, dir); len(names) != 0 {
		t.Errorf("refused keys left %q", names)
	}
	keys := []string{"../../etc/passwd", "..", "/", `C:\x`, "CON", "lock", "a", "A", " ", "é", "e\u0301", strings.Repeat("é", MaxKey), `"}`, "%s%n"}
	for i, key := range keys {
		if strings.ContainsRune(key, '\u0301') {
			wantFail(t, k, strings.Repeat("x", MaxKey)+key, "", never(t), fail.Invalid)
		}
		want(t, k, key, "request", gives(fmt.Sprint(i)), fmt.Sprint(i), false)
	}
	for i, key := range keys {
		want(t, k, key, "request", never(t), fmt.Sprint(i), true)
	}
}

// What is on the disk: one file of mode 0600 for each key, in a folder of mode 0700, and
// neither the key nor the request in it.
func TestFiles(t *testing.T) {
	k, _, dir := newKeys(t)
	want(t, k, "the-key", "the-request", gives("result"), "result", false)
	want(t, k, "other-key", "the-request", gives("result"), "result", false)
	names := files(t, dir)
	if len(names) != 2 {
		t.Fatalf("files: %q", names)
	}
	var contents []byte
	for _, name := range names {
		path := filepath.Join(dir, folderName, name)
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		contents = append(contents, content...)
		if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
			t.Errorf("mode %v", info.Mode())
		}
		if strings.Contains(name+string(content), "the-") {
			t.Errorf("%s: %s", name, content)
		}
		if r := parse(content); bytes.Count(contents, r.Request) > 1 || r.state != done {
			t.Errorf("equal requests look equal: %s", contents)
		}
	}
	info, err := os.Stat(filepath.Join(dir, folderName))
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" && info.Mode().Perm() != 0o700 {
		t.Errorf("the folder has mode %v", info.Mode())
	}
}

// files lists the files of the keys.
func files(t testing.TB, dir string) []string {
	t.Helper()
	all, err := os.ReadDir(filepath.Join(dir, folderName))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	var names []string
	for _, d := range all {
		if d.Name() != lockName {
			names = append(names, d.Name())
		}
	}
	return names
}

// Many calls of one process with one key: one runs, the others get its result.
func TestConcurrent(t *testing.T) {
	k, _, _ := newKeys(t)
	var ran, repeats atomic.Int32
	var wait sync.WaitGroup
	for range 20 {
		wait.Go(func() {
			got, repeated, err := k.Do(t.Context(), "key", []byte("r"), func() ([]byte, error) {
				ran.Add(1)
				return []byte("result"), nil
			})
			if err != nil || string(got) != "result" {
				t.Errorf("%q, %v", got, err)
			}
			if repeated {
				repeats.Add(1)
			}
		})
	}
	wait.Wait()
	if ran.Load() != 1 || repeats.Load() != 19 {
		t.Errorf("it ran %d times, and %d were repetitions", ran.Load(), repeats.Load())
	}
}

// A failing first call hands the key to one that waits.
func TestWaitForFailure(t *testing.T) {
	k, _, _ := newKeys(t)
	begun, end := make(chan struct{}), make(chan struct{})
	var wait sync.WaitGroup
	wait.Go(func() {
		_, _, err := k.Do(t.Context(), "key", nil, func() ([]byte, error) {
			close(begun)
			<-end
			return nil, errors.New("refused")
		})
		if err == nil {
			t.Error("no error")
		}
	})
	<-begun
	wait.Go(func() { want(t, k, "key", "", gives("second"), "second", false) })
	close(end)
	wait.Wait()
}

func TestContext(t *testing.T) {
	k, _, _ := newKeys(t)
	begun, end := make(chan struct{}), make(chan struct{})
	var wait sync.WaitGroup
	wait.Go(func() {
		want(t, k, "key", "", func() ([]byte, error) {
			close(begun)
			<-end
			return []byte("late"), nil
		}, "late", false)
	})
	<-begun
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, _, err := k.Do(ctx, "key", nil, never(t))
	if e, ok := errors.AsType[*fail.Error](err); !ok || e.Code != fail.Busy || e.Retry == 0 {
		t.Errorf("while another runs: %v", err)
	}
	if _, _, err := k.Do(ctx, "free key", nil, never(t)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("after the end of ctx: %v", err)
	}
	want(t, k, "free key", "", gives("y"), "y", false)
	close(end)
	wait.Wait()
	want(t, k, "key", "", never(t), "late", true)
}

// Files that no Do leaves behind: nothing runs where something may have.
func TestDamage(t *testing.T) {
	k, clock, dir := newKeys(t)
	want(t, k, "key", "r", gives("result"), "result", false)
	path := filepath.Join(dir, folderName, fileName("key"))
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	first := bytes.IndexByte(whole, '\n') + 1
	for name, content := range map[string][]byte{
		"half a beginning": whole[:first/2],
		"no line end":      whole[:first-1],
		"zeros":            make([]byte, 300),
		"another format":   []byte("{}\n"),
		"only a beginning": whole[:first],
		"half an end":      whole[:len(whole)-1],
		"zeros for an end": append(bytes.Clone(whole[:first]), make([]byte, 100)...),
		"too long":         append(bytes.Clone(whole), make([]byte, maxFile)...),
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chtimes(path, clock.Now(), clock.Now()); err != nil {
				t.Fatal(err)
			}
			wantFail(t, k, "key", "r", never(t), fail.UnknownOutcome)
		})
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	want(t, k, "key", "r", gives("again"), "again", false) // an empty file is that of a free key
	if err := errors.Join(os.Remove(path), os.Mkdir(path, 0o700)); err != nil {
		t.Fatal(err)
	}
	wantFail(t, k, "key", "r", never(t), fail.Unavailable)
	want(t, k, "another", "r", gives("x"), "x", false)
}

func TestNoState(t *testing.T) {
	refused := fail.Errorf(fail.Unavailable, "there is no folder for cleat's state")
	k := Open(func() (*os.Root, error) { return nil, refused }, time.Now)
	if e := wantFail(t, k, "key", "", never(t), fail.Unavailable); e != refused {
		t.Errorf("it says %v", e)
	}
	k, _, dir := newKeys(t)
	if err := os.WriteFile(filepath.Join(dir, folderName), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	wantFail(t, k, "key", "", never(t), fail.Unavailable)
}

// A record is read back as it was written, and no content is taken for more than it says.
func FuzzParse(f *testing.F) {
	f.Add([]byte(""))
	f.Add([]byte(`{"began":"2026-01-02T03:04:05Z","salt":"AAAA","request":"` + strings.Repeat("A", 43) + "=\"}\n" + `{"ended":"2026-01-02T03:04:05Z","kept":true}` + "\n"))
	f.Fuzz(func(t *testing.T, content []byte) {
		r := parse(content)
		if (r.state == free) != (len(content) == 0) {
			t.Fatal("only an empty file is that of a free key")
		}
		if r.state != done && r.Result != nil {
			t.Fatal("a result without an end")
		}
		if r.state == done && bytes.Count(content, []byte("\n")) < 2 {
			t.Fatal("an end without its line end")
		}
		for cut := range content { // a torn write never makes more of it
			if torn := parse(content[:cut]); torn.state == done && r.state != done || torn.state == free && cut > 0 {
				t.Fatalf("torn after %d bytes it is %d, whole %d", cut, torn.state, r.state)
			}
		}
	})
}
