package buildlog

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"cleat/internal/fail"
)

// aStore is a cache in a folder of its own, with a clock that stands still.
type aStore struct {
	*Cache
	dir   string // of the logs
	clock time.Time
}

func newStore(t *testing.T) *aStore {
	t.Helper()
	state, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { state.Close() })
	s := &aStore{dir: filepath.Join(state.Name(), folderName), clock: time.Now()}
	s.Cache = NewCache(func() (*os.Root, error) { return state, nil }, func() time.Time { return s.clock })
	return s
}

func text(s string) func(context.Context) (io.ReadCloser, error) {
	return func(context.Context) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(s)), nil }
}

func never(t *testing.T) func(context.Context) (io.ReadCloser, error) {
	return func(context.Context) (io.ReadCloser, error) {
		t.Helper()
		t.Error("fetched again")
		return nil, errors.New("fetched again")
	}
}

// content reads a log that is kept, and closes it.
func content(t *testing.T, f File, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(f)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	if int64(len(b)) != f.Size() || countLines(b) != f.Lines() {
		t.Errorf("%d bytes, %d lines; it says %d, %d", len(b), countLines(b), f.Size(), f.Lines())
	}
	return string(b)
}

// names lists the folder.
func (s *aStore) names(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

func nameOf(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}

func TestCache(t *testing.T) {
	for _, log := range []string{"", "a\n", "a\nb", strings.Repeat("a line\n", blockSize/4)} {
		s := newStore(t)
		for i := range 2 {
			fetch := text(log)
			if i > 0 {
				fetch = never(t)
			}
			f, err := s.Open(t.Context(), "key", fetch)
			if got := content(t, f, err); got != log {
				t.Errorf("opened %d times: %.40q (%d bytes), want %.40q (%d bytes)", i+1, got, len(got), log, len(log))
			}
			if f.Cut() {
				t.Error("cut")
			}
		}
		if diff := cmp.Diff([]string{nameOf("key")}, s.names(t)); diff != "" {
			t.Errorf("files (-want +got)\n%s", diff)
		}
		if runtime.GOOS == "windows" {
			continue
		}
		for name, want := range map[string]fs.FileMode{s.dir: 0o700, filepath.Join(s.dir, nameOf("key")): 0o600} {
			if info, err := os.Stat(name); err != nil || info.Mode().Perm() != want {
				t.Errorf("%s: %v, %v; want %v", name, info.Mode(), err, want)
			}
		}
	}
}

func TestCacheFile(t *testing.T) {
	s := newStore(t)
	f, err := s.Open(t.Context(), "key", text(numbers(1000)))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	p, err := Tail(t.Context(), f, 1)
	if err != nil {
		t.Fatal(err)
	}
	want := &Part{Lines: []Line{{N: 1000, Text: "line 1000"}}, From: 1000, To: 1000, Total: 1000, TotalKnown: true}
	if diff := cmp.Diff(want, p); diff != "" {
		t.Errorf("Tail (-want +got)\n%s", diff)
	}
	b := make([]byte, 100)
	if n, err := f.ReadAt(b, f.Size()-3); n != 3 || err != io.EOF {
		t.Errorf("ReadAt the end: %d, %v", n, err)
	}
	if at, err := f.Seek(-5, io.SeekEnd); at != f.Size()-5 || err != nil {
		t.Errorf("Seek: %d, %v", at, err)
	}
	if rest, err := io.ReadAll(f); string(rest) != "1000\n" || err != nil {
		t.Errorf("the rest is %q, %v", rest, err)
	}
}

func TestCacheCut(t *testing.T) {
	for length, cut := range map[int]bool{9: false, 10: false, 11: true, 5000: true} {
		s := newStore(t)
		s.most = 10
		log := strings.Repeat("abc\n", 2000)[:length]
		for range 2 {
			f, err := s.Open(t.Context(), "key", text(log))
			if got := content(t, f, err); got != log[:min(length, 10)] || f.Cut() != cut {
				t.Errorf("of %d bytes %q, cut=%v", length, got, f.Cut())
			}
		}
	}
}

// TestCacheWhole: what was not fetched whole leaves nothing, and is fetched again.
func TestCacheWhole(t *testing.T) {
	broken := errors.New("broken")
	why := errors.New("enough")
	for name, fetch := range map[string]func(context.Context, context.CancelCauseFunc) (io.Reader, error){
		"no log": func(context.Context, context.CancelCauseFunc) (io.Reader, error) { return nil, broken },
		"a broken log": func(context.Context, context.CancelCauseFunc) (io.Reader, error) {
			return io.MultiReader(strings.NewReader("half"), iotest.ErrReader(broken)), nil
		},
		"an ended call": func(_ context.Context, end context.CancelCauseFunc) (io.Reader, error) {
			return readerFunc(func(b []byte) (int, error) { end(why); return len(b), nil }), nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStore(t)
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			f, err := s.Open(ctx, "key", func(ctx context.Context) (io.ReadCloser, error) {
				r, err := fetch(ctx, cancel)
				return io.NopCloser(r), err
			})
			if f != nil || !errors.Is(err, broken) && !errors.Is(err, why) {
				t.Errorf("Open: %v, %v", f, err)
			}
			if names := s.names(t); len(names) > 0 {
				t.Errorf("left behind: %q", names)
			}
			f, err = s.Open(t.Context(), "key", text("whole"))
			if got := content(t, f, err); got != "whole" {
				t.Errorf("then %q", got)
			}
		})
	}
}

// TestCacheDamage: a file that is not whole is fetched again.
func TestCacheDamage(t *testing.T) {
	for name, damage := range map[string]func(name string) error{
		"empty":    func(name string) error { return os.Truncate(name, 0) },
		"shorter":  func(name string) error { return os.Truncate(name, 20) },
		"one byte": func(name string) error { return os.Truncate(name, trailerSize+4) },
		"something": func(name string) error {
			return os.WriteFile(name, []byte("something else, which is long enough for a trailer"), 0o600)
		},
		"a folder": func(name string) error { return errors.Join(os.Remove(name), os.Mkdir(name, 0o700)) },
		"a link":   func(name string) error { return errors.Join(os.Remove(name), os.Symlink("/etc/hostname", name)) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newStore(t)
			f, err := s.Open(t.Context(), "key", text("a log\n"))
			content(t, f, err)
			if err := damage(filepath.Join(s.dir, nameOf("key"))); err != nil {
				t.Skip(err)
			}
			f, err = s.Open(t.Context(), "key", text("anew\n"))
			if name == "a folder" {
				var e *fail.Error
				if !errors.As(err, &e) || e.Code != fail.Unavailable {
					t.Errorf("%v, %v", f, err)
				}
				return
			}
			if got := content(t, f, err); got != "anew\n" {
				t.Errorf("then %q", got)
			}
		})
	}
}

func TestCacheRoom(t *testing.T) {
	s := newStore(t)
	each := int64(1000)
	s.room = 3*(each+trailerSize) + 10
	log := strings.Repeat("x", int(each))
	for i := range 5 {
		f, err := s.Open(t.Context(), fmt.Sprint(i), text(log))
		content(t, f, err)
		s.clock = s.clock.Add(time.Minute)
	}
	if n := len(s.names(t)); n != 3 {
		t.Errorf("%d logs, want 3", n)
	}
	for i := 2; i < 5; i++ {
		f, err := s.Open(t.Context(), fmt.Sprint(i), never(t))
		content(t, f, err)
	}
	// What does not belong here stays, and what dead fetches left goes.
	old := s.clock.Add(-2 * time.Hour)
	stays, dead, young := filepath.Join(s.dir, "notes"), nameOf("x")+".dead"+tempSuffix, nameOf("x")+".young"+tempSuffix
	for _, name := range []string{stays, filepath.Join(s.dir, dead), filepath.Join(s.dir, young)} {
		if err := os.WriteFile(name, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(name, "young") {
			if err := os.Chtimes(name, old, old); err != nil {
				t.Fatal(err)
			}
		}
	}
	s.clock = s.clock.Add(Life - 3*time.Minute + 30*time.Second) // then the first of those left is old, and no other
	s.room *= 2
	young = filepath.Join(s.dir, young)
	if err := os.Chtimes(young, s.clock, s.clock); err != nil {
		t.Fatal(err)
	}
	f, err := s.Open(t.Context(), "new", text("new"))
	content(t, f, err)
	for name, want := range map[string]bool{nameOf("2"): false, nameOf("3"): true, nameOf("new"): true, filepath.Base(young): true, "notes": true, dead: false} {
		if _, err := os.Stat(filepath.Join(s.dir, name)); (err == nil) != want {
			t.Errorf("%s is there: %v, want %v", name, err == nil, want)
		}
	}
}

func TestCacheLife(t *testing.T) {
	s := newStore(t)
	f, err := s.Open(t.Context(), "key", text("old"))
	content(t, f, err)
	s.clock = s.clock.Add(Life - time.Second)
	f, err = s.Open(t.Context(), "key", never(t))
	content(t, f, err)
	s.clock = s.clock.Add(2 * time.Second)
	f, err = s.Open(t.Context(), "key", text("new"))
	if got := content(t, f, err); got != "new" {
		t.Errorf("after its life %q", got)
	}
	s.clock = s.clock.Add(-2 * time.Hour)
	f, err = s.Open(t.Context(), "key", text("newest"))
	if got := content(t, f, err); got != "newest" {
		t.Errorf("from the future %q", got)
	}
}

// TestCacheOnce: calls at once for one key fetch once, and others do not wait for them.
func TestCacheOnce(t *testing.T) {
	s := newStore(t)
	var fetched atomic.Int32
	begun, release := make(chan struct{}), make(chan struct{})
	fetch := func(context.Context) (io.ReadCloser, error) {
		if fetched.Add(1) == 1 {
			close(begun)
		}
		<-release
		return io.NopCloser(strings.NewReader("log")), nil
	}
	var group sync.WaitGroup
	for range 10 {
		group.Go(func() {
			f, err := s.Open(t.Context(), "key", fetch)
			if err != nil {
				t.Error(err)
				return
			}
			b, err := io.ReadAll(f)
			if string(b) != "log" || err != nil {
				t.Errorf("%q, %v", b, err)
			}
			f.Close()
		})
	}
	<-begun
	f, err := s.Open(t.Context(), "other", text("other"))
	content(t, f, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Open(ctx, "key", never(t)); !errors.Is(err, context.Canceled) {
		t.Errorf("an ended call waited: %v", err)
	}
	close(release)
	group.Wait()
	if n := fetched.Load(); n != 1 {
		t.Errorf("fetched %d times", n)
	}
}

// TestCacheHandsOver: where the call that fetches fails, one that waits fetches.
func TestCacheHandsOver(t *testing.T) {
	s := newStore(t)
	begun := make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	group.Go(func() {
		_, err := s.Open(ctx, "key", func(ctx context.Context) (io.ReadCloser, error) {
			close(begun)
			<-ctx.Done()
			return nil, context.Cause(ctx)
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("the first: %v", err)
		}
	})
	<-begun
	group.Go(func() {
		f, err := s.Open(t.Context(), "key", text("log"))
		if err != nil {
			t.Errorf("the second: %v", err)
			return
		}
		f.Close()
	})
	cancel()
	group.Wait()
}

func TestCacheUnusable(t *testing.T) {
	gone := errors.New("gone")
	c := NewCache(func() (*os.Root, error) { return nil, gone }, time.Now)
	var e *fail.Error
	if _, err := c.Open(t.Context(), "key", never(t)); !errors.As(err, &e) || e.Code != fail.Unavailable || !errors.Is(err, gone) {
		t.Errorf("no state folder: %v", err)
	}
	s := newStore(t)
	if err := os.WriteFile(s.dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Open(t.Context(), "key", never(t)); !errors.As(err, &e) || e.Code != fail.Unavailable {
		t.Errorf("a file in place of the folder: %v", err)
	}
}
