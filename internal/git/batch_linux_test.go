package git_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"cleat/internal/fail"
	"cleat/internal/git"
	"cleat/internal/proc"
)

// catFiles returns the pids of the git cat-file children of this process.
func catFiles(t testing.TB) []int {
	t.Helper()
	var pids []int
	dirs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range dirs {
		stat, err := os.ReadFile(dir + "/stat")
		if err != nil {
			continue // it has ended
		}
		_, rest, _ := bytes.Cut(stat, []byte(") "))
		fields := strings.Fields(string(rest))
		args, err := os.ReadFile(dir + "/cmdline")
		if len(fields) < 2 || fields[0] == "Z" || fields[1] != strconv.Itoa(os.Getpid()) || err != nil || !bytes.Contains(args, []byte("\x00cat-file\x00")) {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(dir))
		if err != nil {
			t.Fatal(err)
		}
		pids = append(pids, pid)
	}
	return pids
}

func onlyCatFile(t testing.TB) int {
	t.Helper()
	pids := catFiles(t)
	if len(pids) != 1 {
		t.Fatalf("cat-file children: %v, want one", pids)
	}
	return pids[0]
}

func openFiles(t testing.TB) int {
	t.Helper()
	names, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(names)
}

// until waits for what.
func until(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for range 1000 {
		if ok() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("it did not happen: %s", what)
}

func library(t testing.TB) (fixture, git.Hash) {
	f := newFixture(t)
	for i := range 100 {
		f.write(t, fmt.Sprintf("dir%d/file%d", i%10, i), strings.Repeat(strconv.Itoa(i)+"\n", 1000))
	}
	return f, f.commit(t, "x")
}

func readOne(ctx context.Context, r *git.Repo, commit git.Hash, i int) error {
	b, err := r.Blob(ctx, commit, fmt.Sprintf("dir%d/file%d", i%10, i), 0)
	if err == nil && string(b.Data) != strings.Repeat(strconv.Itoa(i)+"\n", 1000) {
		return fmt.Errorf("file %d has other content: %.20q", i, b.Data)
	}
	return err
}

func TestParallelReads(t *testing.T) {
	f, commit := library(t)
	before, goroutines := openFiles(t), runtime.NumGoroutine()
	var g proc.Group
	r := open(t, f.dir, git.Options{Env: f.env, Group: &g})
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			if err := readOne(t.Context(), r, commit, i); err != nil {
				t.Error(err)
			}
		})
		if i%10 == 0 {
			wg.Go(func() {
				if _, _, err := r.Log(t.Context(), git.LogOptions{Commit: commit, Refs: true}); err != nil {
					t.Error(err)
				}
			})
		}
	}
	wg.Wait()
	onlyCatFile(t)
	if n := g.Running(); n != 1 {
		t.Errorf("%d children, want one", n)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if pids := catFiles(t); len(pids) != 0 || g.Running() != 0 {
		t.Errorf("after Close: cat-file children %v, %d children in all", pids, g.Running())
	}
	if after := openFiles(t); after != before {
		t.Errorf("%d files open, %d before", after, before)
	}
	until(t, "goroutines end", func() bool { return runtime.NumGoroutine() <= goroutines })
	if err := readOne(t.Context(), r, commit, 1); code(err) != fail.Unavailable {
		t.Errorf("Blob after Close: %v", err)
	}
	if pids := catFiles(t); len(pids) != 0 {
		t.Errorf("cat-file children after Close: %v", pids)
	}
}

// Whenever the kept program dies, calls go on, and each gets its own file.
func TestCatFileDies(t *testing.T) {
	f, commit := library(t)
	r := f.open(t)
	for i := range 3 {
		if err := readOne(t.Context(), r, commit, i); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Kill(onlyCatFile(t), syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		if err := readOne(t.Context(), r, commit, i+1); err != nil {
			t.Errorf("Blob after the death: %v", err)
		}
	}
	stop := make(chan struct{})
	var killer, readers sync.WaitGroup
	killer.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(5 * time.Millisecond):
				for _, pid := range catFiles(t) {
					_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended already
				}
			}
		}
	})
	var failed sync.Map
	for i := range 100 {
		readers.Go(func() {
			for range 10 {
				// A new one that dies as well is reported, never another file's content.
				if err := readOne(t.Context(), r, commit, i); err != nil {
					failed.Store(i, err)
					if code(err) != fail.Unavailable {
						t.Error(err)
					}
				}
			}
		})
	}
	readers.Wait()
	close(stop)
	killer.Wait()
	if err := readOne(t.Context(), r, commit, 7); err != nil {
		t.Errorf("Blob afterwards: %v", err)
	}
}

// A program that does not answer is left behind at the deadline, with all that waits
// for it.
func TestCatFileHangs(t *testing.T) {
	f, commit := library(t)
	r := f.open(t)
	if err := readOne(t.Context(), r, commit, 1); err != nil {
		t.Fatal(err)
	}
	pid := onlyCatFile(t)
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	cause := errors.New("the limit of the call")
	ctx, cancel := context.WithTimeoutCause(t.Context(), 100*time.Millisecond, cause)
	defer cancel()
	var wg sync.WaitGroup
	begin := time.Now()
	for i := range 10 {
		wg.Go(func() {
			if err := readOne(ctx, r, commit, i); !errors.Is(err, cause) {
				t.Errorf("Blob: %v, want the cause of the context", err)
			}
		})
	}
	wg.Wait()
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("the calls took %v", took)
	}
	if err := readOne(t.Context(), r, commit, 2); err != nil {
		t.Errorf("Blob afterwards: %v", err)
	}
	if now := onlyCatFile(t); now == pid {
		t.Error("the program that hangs is still in use")
	}

	// Close does not wait for it either.
	if err := syscall.Kill(onlyCatFile(t), syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() { done <- readOne(t.Context(), r, commit, 3) }()
	time.Sleep(20 * time.Millisecond) // whether the call is there already makes no difference
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if err := <-done; code(err) != fail.Unavailable {
		t.Errorf("Blob during Close: %v", err)
	}
	if pids := catFiles(t); len(pids) != 0 {
		t.Errorf("cat-file children after Close: %v", pids)
	}
}

func TestIdleCatFileEnds(t *testing.T) {
	f, commit := library(t)
	r := open(t, f.dir, git.Options{Env: f.env, Idle: 50 * time.Millisecond})
	for i := range 3 {
		if err := readOne(t.Context(), r, commit, i); err != nil {
			t.Fatal(err)
		}
		until(t, "the idle program ends", func() bool { return len(catFiles(t)) == 0 })
	}
}

// A damaged object is an error of its own call.
func TestDamagedObject(t *testing.T) {
	f := newFixture(t)
	f.write(t, "a", "a")
	f.write(t, "b", strings.Repeat("b", 100_000))
	commit := f.commit(t, "x")
	blob := f.git(t, "rev-parse", "HEAD:b")
	path := f.dir + "/.git/objects/" + blob[:2] + "/" + blob[2:]
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, damaged := range map[string][]byte{
		"cut": data[:len(data)/2], "empty": nil, "garbage": []byte("garbage"), "changed": append(bytes.Clone(data[:len(data)-10]), "0123456789"...),
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.Chmod(path, 0o644); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, damaged, 0o644); err != nil {
				t.Fatal(err)
			}
			r := f.open(t)
			if b, err := r.Blob(t.Context(), commit, "b", 0); err == nil || code(err) == fail.Internal {
				t.Errorf("Blob: %d bytes, %v", len(b.Data), err)
			} else {
				t.Log(err)
			}
			if b, err := r.Blob(t.Context(), commit, "a", 0); err != nil || string(b.Data) != "a" {
				t.Errorf("Blob of another: %+v, %v", b, err)
			}
		})
	}
}

// New commits and refs, also repacked ones, are seen by a program that is kept.
func TestRepositoryChanges(t *testing.T) {
	f := newFixture(t)
	f.write(t, "a", "0")
	f.commit(t, "0")
	r := f.open(t)
	for i := range 5 {
		f.write(t, "a", strconv.Itoa(i))
		want := f.commit(t, strconv.Itoa(i))
		f.git(t, "branch", fmt.Sprint("b", i))
		if i%2 == 1 {
			f.git(t, "gc", "-q", "--prune=now")
		}
		for _, rev := range []string{"HEAD", fmt.Sprint("b", i), string(want)} {
			if got, err := r.Resolve(t.Context(), rev); err != nil || got != want {
				t.Errorf("Resolve(%q): %s, %v, want %s", rev, got, err, want)
			}
		}
		if b, err := r.Blob(t.Context(), want, "a", 0); err != nil || string(b.Data) != strconv.Itoa(i) {
			t.Errorf("Blob: %+v, %v", b, err)
		}
	}
	onlyCatFile(t)
}

// A command that takes long ends with its context, and its tree with it.
func TestDeadlineEndsGit(t *testing.T) {
	f := newFixture(t)
	var in bytes.Buffer
	for i := range 20000 {
		fmt.Fprintf(&in, "commit refs/heads/main\nmark :%d\ncommitter A <a@b> %d +0000\ndata 1\nx\nM 644 inline f%d\ndata 1\n%d\n", i+1, i, i%100, i%10)
	}
	f.gitIn(t, in.String(), "fast-import", "--quiet")
	var g proc.Group
	r := open(t, f.dir, git.Options{Env: f.env, Group: &g})
	head, err := r.Resolve(t.Context(), "HEAD")
	if err != nil {
		t.Fatal(err)
	}
	before := openFiles(t)
	for i := range 20 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*time.Millisecond)
		_, _, err := r.Log(ctx, git.LogOptions{Commit: head, Path: "f7", Author: "nobody"})
		cancel()
		if err != nil && code(err) != fail.Timeout {
			t.Errorf("Log with %d ms: %v", i, err)
		}
	}
	if n := g.Running(); n != 1 { // the kept one
		t.Errorf("%d children are left", n)
	}
	if after := openFiles(t); after > before {
		t.Errorf("%d files open, %d before", after, before)
	}
}

// RE-08: the first page of very many refs comes quickly, and is a page.
func TestManyRefs(t *testing.T) {
	f := newFixture(t)
	commit := f.commit(t, "x")
	n := 200_000
	if testing.Short() {
		n = 20_000
	}
	var packed strings.Builder
	packed.WriteString("# pack-refs with: peeled fully-peeled sorted \n")
	for i := range n {
		fmt.Fprintf(&packed, "%s refs/heads/b%07d\n", commit, i)
	}
	write(t, f.dir+"/.git/packed-refs", packed.String())
	r := f.open(t)
	begin := time.Now()
	refs, more, err := r.Refs(t.Context(), git.RefOptions{Kind: git.Branches, Limit: 100})
	if err != nil || len(refs) != 100 || !more {
		t.Fatalf("Refs: %d refs, more = %v, %v", len(refs), more, err)
	}
	t.Logf("the first 100 of %d refs: %v", n, time.Since(begin))
	begin = time.Now()
	refs, _, err = r.Refs(t.Context(), git.RefOptions{Kind: git.Branches, Prefix: "b0019", After: refs[99].Name, Limit: 3})
	if err != nil || len(refs) != 3 || refs[0].Name != "refs/heads/b0019000" {
		t.Errorf("Refs with a prefix: %v, %v", refs, err)
	}
	t.Logf("by prefix: %v", time.Since(begin))
	begin = time.Now()
	if _, err := r.Resolve(t.Context(), "b00000x"); code(err) != fail.NotFound || !strings.Contains(fail.From(err).Next, "b0000") {
		t.Errorf("Resolve: %s", fail.Show(err))
	}
	t.Logf("the nearest: %v", time.Since(begin))
}

func BenchmarkBlob(b *testing.B) {
	f, commit := library(b)
	r := f.open(b)
	for b.Loop() {
		if err := readOne(b.Context(), r, commit, 7); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkResolve(b *testing.B) {
	f, _ := library(b)
	r := f.open(b)
	for b.Loop() {
		if _, err := r.Resolve(b.Context(), "main"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLogOfOne(b *testing.B) {
	f, commit := library(b)
	r := f.open(b)
	for b.Loop() {
		if _, _, err := r.Log(b.Context(), git.LogOptions{Commit: commit, N: 1}); err != nil {
			b.Fatal(err)
		}
	}
}
