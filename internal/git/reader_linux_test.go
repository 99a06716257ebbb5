package git_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"cleat/internal/fail"
	"cleat/internal/git"
	"cleat/internal/proc"
)

// shelf is the ids of the library's files, and how to check what is read.
func shelf(t *testing.T, r *git.Repo, commit git.Hash) (ids []git.Hash, check func(i int, data []byte) error) {
	t.Helper()
	var paths []string
	for _, f := range list(t, r, commit, "") {
		paths, ids = append(paths, f.Path), append(ids, f.Hash)
	}
	if len(ids) != 100 {
		t.Fatalf("%d files", len(ids))
	}
	return ids, func(i int, data []byte) error {
		k := paths[i][strings.LastIndex(paths[i], "e")+1:]
		if string(data) != strings.Repeat(k+"\n", 1000) {
			return fmt.Errorf("%s has other content: %.20q", paths[i], data)
		}
		return nil
	}
}

// Any number of Readers is of use at the same time, at most MaxReaders of them at once.
func TestParallelReaders(t *testing.T) {
	f, commit := library(t)
	before, goroutines := openFiles(t), runtime.NumGoroutine()
	var g proc.Group
	r := open(t, f.dir, git.Options{Env: f.env, Group: &g})
	ids, check := shelf(t, r, commit)
	var wg sync.WaitGroup
	var mu sync.Mutex
	most := 0
	for range 3 * git.MaxReaders {
		wg.Go(func() {
			d := r.Reader()
			defer d.Close()
			err := d.Blobs(t.Context(), ids, func(i int, data []byte) error {
				if i == 50 {
					mu.Lock()
					most = max(most, g.Running())
					mu.Unlock()
				}
				return check(i, data)
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if most > git.MaxReaders+1 { // and the kept one
		t.Errorf("%d children at once", most)
	}
	if n := g.Running(); n != 1 {
		t.Errorf("%d children are left, want the kept one", n)
	}
	var full []*git.Reader
	for range git.MaxReaders {
		full = append(full, r.Reader())
		if err := full[len(full)-1].Blobs(t.Context(), ids, check); err != nil {
			t.Error(err)
		}
	}
	cause := errors.New("the limit of the call")
	ctx, cancel := context.WithTimeoutCause(t.Context(), 50*time.Millisecond, cause)
	defer cancel()
	ninth := r.Reader()
	if err := ninth.Blobs(ctx, ids, check); !errors.Is(err, cause) {
		t.Errorf("Blobs of one too many: %v", err)
	}
	if err := full[0].Close(); err != nil {
		t.Error(err)
	}
	if err := ninth.Blobs(t.Context(), ids, check); err != nil {
		t.Errorf("Blobs when there is room: %v", err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if err := full[1].Blobs(t.Context(), ids, check); code(err) != fail.Unavailable {
		t.Errorf("Blobs after the Repo was closed: %v", err)
	}
	if pids := catFiles(t); len(pids) != 0 || g.Running() != 0 {
		t.Errorf("after Repo.Close: cat-file children %v, %d children in all", pids, g.Running())
	}
	for _, d := range append(full, ninth) {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
	until(t, "files are closed", func() bool { return openFiles(t) <= before })
	until(t, "goroutines end", func() bool { return runtime.NumGoroutine() <= goroutines })
}

// A Reader whose program dies, between calls or in one, goes on with a new one.
func TestReaderDies(t *testing.T) {
	f, commit := library(t)
	r := f.open(t)
	ids, check := shelf(t, r, commit)
	if err := r.Close(); err != nil { // no kept program
		t.Fatal(err)
	}
	r = f.open(t)
	d := r.Reader()
	defer d.Close()
	if err := d.Blobs(t.Context(), ids, check); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := syscall.Kill(onlyCatFile(t), syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		if err := d.Blobs(t.Context(), ids, check); err != nil {
			t.Errorf("Blobs after the death: %v", err)
		}
	}
	big := make([]git.Hash, 0, 100*len(ids))
	for range 100 {
		big = append(big, ids...)
	}
	last := -1
	err := d.Blobs(t.Context(), big, func(i int, data []byte) error {
		if i == 3 {
			if err := syscall.Kill(onlyCatFile(t), syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
		}
		if i != last+1 {
			t.Errorf("index %d after %d", i, last)
		}
		last = i
		return check(i%len(ids), data)
	})
	if code(err) != fail.Unavailable || last < 3 {
		t.Errorf("Blobs during the death: %v after %d", err, last)
	}
	if err := d.Blobs(t.Context(), ids, check); err != nil {
		t.Errorf("Blobs afterwards: %v", err)
	}
}

// A program that does not answer, and a callback that panics, leave nothing behind.
func TestReaderHangs(t *testing.T) {
	f, commit := library(t)
	r := f.open(t)
	ids, check := shelf(t, r, commit)
	d := r.Reader()
	defer d.Close()
	goroutines := runtime.NumGoroutine()
	cause := errors.New("the limit of the call")
	ctx, cancel := context.WithTimeoutCause(t.Context(), 100*time.Millisecond, cause)
	defer cancel()
	begin := time.Now()
	err := d.Blobs(ctx, ids, func(i int, data []byte) error {
		if i == 0 {
			for _, pid := range catFiles(t) {
				if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
					t.Fatal(err)
				}
			}
		}
		return check(i, data)
	})
	if !errors.Is(err, cause) {
		t.Errorf("Blobs: %v, want the cause of the context", err)
	}
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("Blobs took %v", took)
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic is lost")
			}
		}()
		many := make([]git.Hash, 0, 1000*len(ids))
		for range 1000 {
			many = append(many, ids...)
		}
		_ = d.Blobs(t.Context(), many, func(i int, _ []byte) error { panic("x") }) // does not return
	}()
	if err := d.Blobs(t.Context(), ids, check); err != nil {
		t.Errorf("Blobs afterwards: %v", err)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	until(t, "goroutines end", func() bool { return runtime.NumGoroutine() <= goroutines })
}

// A damaged object is an error of its own call, with what git says.
func TestReaderOfDamagedObjects(t *testing.T) {
	f, commit := library(t)
	r := f.open(t)
	ids, check := shelf(t, r, commit)
	path := f.dir + "/.git/objects/" + string(ids[50][:2]) + "/" + string(ids[50][2:])
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("garbage"), 0o644); err != nil {
		t.Fatal(err)
	}
	d := r.Reader()
	defer d.Close()
	n := 0
	err := d.Blobs(t.Context(), ids, func(i int, data []byte) error {
		n++
		if i == 50 && data == nil {
			return nil
		}
		return check(i, data)
	})
	t.Logf("after %d: %v", n, err)
	if n < 50 || err != nil && code(err) != fail.Unavailable || err == nil && n != 100 {
		t.Errorf("Blobs: %d answers, %v", n, err)
	}
	if err := d.Blobs(t.Context(), ids[:50], check); err != nil {
		t.Errorf("Blobs of the others: %v", err)
	}
}
