//go:build unix

package tree

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"cleat/internal/fail"
)

// special makes a FIFO, a socket and links in dir.
func special(t *testing.T, dir string) {
	t.Helper()
	if err := unix.Mkfifo(filepath.Join(dir, "pipe"), 0o666); err != nil {
		t.Fatal(err)
	}
	// The path of a socket is short by law: bind it relative to the folder.
	old, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	l, err := net.Listen("unix", "sock")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	t.Chdir(old)
	link(t, "/dev/zero", filepath.Join(dir, "zero"))
	link(t, ".", filepath.Join(dir, "loop"))
}

func TestSpecialFiles(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"a.txt": "alpha", "sub/b.txt": "beta"})
	special(t, dir)
	link(t, "pipe", filepath.Join(dir, "topipe"))
	r := open(t, dir)
	for name, want := range map[string]fail.Code{
		"pipe": fail.Unsupported, "sock": fail.Unsupported, "topipe": fail.Unsupported, "zero": fail.Denied,
	} {
		done := make(chan error, 1)
		go func() {
			_, err := r.Open(name)
			done <- err
		}()
		select {
		case err := <-done:
			if codeOf(err) != want {
				t.Errorf("Open(%q) = %v, want %s", name, err, want)
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("Open(%q) blocks", name)
		}
	}
	got, st := visited(t, r, WalkOptions{})
	if len(got) != 2 || st.Special != 5 {
		t.Errorf("visited %q with %d special files, want 2 with 5", got, st.Special)
	}
}

// A file that turns into a FIFO, or a folder that turns into a link out, between the
// listing and the opening is not followed and does not block.
func TestReplacedWhileWalking(t *testing.T) {
	top := t.TempDir()
	dir := filepath.Join(top, "repo")
	write(t, top, map[string]string{"repo/a": "x", "repo/b": "x", "repo/z/f": "x", "out/f": canary})
	r := open(t, dir)
	_, err := r.Walk(t.Context(), WalkOptions{Workers: 1}, func(_ int, e *Entry) error {
		switch e.Path {
		case "a":
			err := errors.Join(os.Remove(filepath.Join(dir, "b")), unix.Mkfifo(filepath.Join(dir, "b"), 0o666),
				os.RemoveAll(filepath.Join(dir, "z")), os.Symlink("../out", filepath.Join(dir, "z")))
			if err != nil {
				return err
			}
		case "b":
			if _, err := e.Read(nil, 1<<20); !IsSpecial(err) {
				t.Errorf("reading a FIFO: %v", err)
			}
		case "z/f":
			t.Error("walked through a link")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestUnreadable(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may read everything")
	}
	dir := t.TempDir()
	write(t, dir, map[string]string{"a": "x", "shut/b": "x", "c": "x"})
	for _, p := range []string{"shut", "c"} {
		if err := os.Chmod(filepath.Join(dir, p), 0); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.Chmod(filepath.Join(dir, p), 0o755) })
	}
	r := open(t, dir)
	_, st := visited(t, r, WalkOptions{})
	if st.Unreadable != 1 {
		t.Errorf("%d unreadable folders, want 1", st.Unreadable)
	}
	if _, err := r.Open("c"); codeOf(err) != fail.Denied {
		t.Errorf("Open = %v, want denied", err)
	}
}

func TestOddNames(t *testing.T) {
	dir := t.TempDir()
	want := []string{"new\nline", "tab\tname", "\xff\xfe.txt", "\u202etxt.exe", "-rf", "a:b", "*", "sp ace", "…"}
	r := open(t, dir)
	for _, n := range want {
		write(t, dir, map[string]string{"d" + n + "/" + n: "x"})
	}
	seen := make(map[string]bool)
	got, _ := visited(t, r, WalkOptions{})
	for _, p := range got {
		seen[p] = true
	}
	for _, n := range want {
		p := "d" + n + "/" + n
		if !seen[p] {
			t.Errorf("%q was not visited", p)
		}
		f, err := r.Open(p)
		if err != nil {
			t.Errorf("Open(%q) = %v", p, err)
			continue
		}
		f.Close()
	}
}

// deep makes a chain of folders with a file in each, beyond what a path can name.
func deep(t *testing.T, dir string, levels int) {
	t.Helper()
	fd, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		t.Fatal(err)
	}
	for range levels {
		if err := unix.Mkdirat(fd, "d", 0o755); err != nil {
			t.Fatal(err)
		}
		f, err := unix.Openat(fd, "f", unix.O_CREAT|unix.O_WRONLY, 0o644)
		if err != nil {
			t.Fatal(err)
		}
		unix.Close(f)
		next, err := unix.Openat(fd, "d", unix.O_RDONLY|unix.O_DIRECTORY, 0)
		if err != nil {
			t.Fatal(err)
		}
		unix.Close(fd)
		fd = next
	}
	unix.Close(fd)
}

func TestDeep(t *testing.T) {
	dir := t.TempDir()
	deep(t, dir, 5000)
	t.Cleanup(func() {
		if err := exec.Command("rm", "-rf", filepath.Join(dir, "d")).Run(); err != nil {
			t.Logf("clearing up: %v", err)
		}
	})
	r := open(t, dir)
	got, st := visited(t, r, WalkOptions{})
	if len(got) != 501 || st.Deep != 1 {
		t.Errorf("%d files and %d folders too deep, want 501 and 1", len(got), st.Deep)
	}
	got, st = visited(t, r, WalkOptions{MaxDepth: 6000})
	if len(got) != 5000 || st.Deep != 0 {
		t.Errorf("%d files and %d folders too deep, want 5000 and 0", len(got), st.Deep)
	}
}

func descriptorsOpen(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("no /proc/self/fd")
	}
	return len(list)
}

// wide makes a tree with a few folders side by side on each of some levels.
func wide(t *testing.T, dir string) {
	t.Helper()
	for i := range 6 {
		for j := range 6 {
			for k := range 6 {
				write(t, dir, map[string]string{
					fmt.Sprintf("a%d/b%d/c%d/f", i, j, k): "x", fmt.Sprintf("a%d/b%d/g%d", i, j, k): "x"})
			}
		}
	}
}

func TestNoDescriptorLeaks(t *testing.T) {
	dir := t.TempDir()
	wide(t, dir)
	special(t, dir)
	write(t, dir, map[string]string{".git/info/exclude": "x", "a1/.gitignore": "c1"})
	r := open(t, dir)
	before := descriptorsOpen(t)
	ctx, cancel := context.WithCancel(t.Context())
	for i, o := range []WalkOptions{{}, {Paths: []string{"a1/b1", "a2/**/f"}}, {Paths: []string{"absent"}}, {Paths: []string{"loop/a1"}}} {
		r.Walk(ctx, o, func(_ int, e *Entry) error {
			if _, err := e.Read(nil, 10); err != nil {
				return err
			}
			if i == 0 && strings.HasPrefix(e.Path, "a3") {
				return errors.New("enough")
			}
			return nil
		})
	}
	r.Walk(ctx, WalkOptions{}, func(_ int, e *Entry) error {
		if strings.HasPrefix(e.Path, "a3") {
			cancel()
		}
		return nil
	})
	r.Walk(t.Context(), WalkOptions{}, func(int, *Entry) error { panic("boom") })
	for _, p := range []string{"a1", "absent/x", "pipe", "loop/loop/a1/b1", "loop/pipe", "zero", "../x"} {
		if f, err := r.Open(p); err == nil {
			t.Errorf("Open(%q) succeeds", p)
			f.Close()
		}
	}
	if after := descriptorsOpen(t); after != before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
}

// TestFewDescriptors runs itself in a process that may open 64 files, and there a
// hundred walks at once.
func TestFewDescriptors(t *testing.T) {
	const env = "TREE_FEW_DESCRIPTORS"
	if dir := os.Getenv(env); dir != "" {
		fewDescriptors(t, dir)
		return
	}
	dir := t.TempDir()
	wide(t, dir)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/bin/sh", "-c", `ulimit -n 64 && exec "$0" -test.run '^TestFewDescriptors$' -test.v`, self)
	cmd.Env = append(os.Environ(), env+"="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

func fewDescriptors(t *testing.T, dir string) {
	// The runtime's own descriptors come with the first pipe.
	if a, b, err := os.Pipe(); err == nil {
		a.Close()
		b.Close()
	}
	r := open(t, dir)
	before := descriptorsOpen(t)
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			n := 0
			var mu sync.Mutex
			_, err := r.Walk(t.Context(), WalkOptions{}, func(_ int, e *Entry) error {
				_, err := e.Read(nil, 100)
				mu.Lock()
				defer mu.Unlock()
				n++
				return err
			})
			if c := codeOf(err); err != nil && c != fail.Busy || err == nil && n != 432 {
				t.Errorf("%d files, %v", n, err)
			}
		})
	}
	wg.Wait()
	if after := descriptorsOpen(t); after != before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
	// With none left, what is asked is refused as busy, and works again afterwards.
	var held []*os.File
	for {
		f, err := os.Open(dir)
		if err != nil {
			break
		}
		held = append(held, f)
	}
	if _, err := r.Open("a1/b1/g1"); codeOf(err) != fail.Busy {
		t.Errorf("Open without descriptors: %v", err)
	}
	if _, err := r.Walk(t.Context(), WalkOptions{}, func(int, *Entry) error { return nil }); codeOf(err) != fail.Busy {
		t.Errorf("Walk without descriptors: %v", err)
	}
	for _, f := range held {
		f.Close()
	}
	if f, err := r.Open("a1/b1/g1"); err != nil {
		t.Errorf("Open afterwards: %v", err)
	} else {
		f.Close()
	}
}

func TestReadErrors(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"bin": "a\x00b", "big": strings.Repeat("x", 200_000), "gone": "x", "ok": "fine", "empty": ""})
	r := open(t, dir)
	want := map[string]error{"bin": ErrBinary, "big": ErrTooLarge, "gone": fs.ErrNotExist, "ok": nil, "empty": nil}
	_, err := r.Walk(t.Context(), WalkOptions{}, func(_ int, e *Entry) error {
		if e.Path == "gone" {
			if err := os.Remove(filepath.Join(dir, "gone")); err != nil {
				return err
			}
		}
		b, err := e.Read(make([]byte, 2), 150_000)
		if !errors.Is(err, want[e.Path]) {
			t.Errorf("%s: %v, want %v", e.Path, err, want[e.Path])
		}
		if e.Path == "ok" && string(b) != "fine" {
			t.Errorf("read %q", b)
		}
		if size, changed, err := e.Stat(); e.Path == "big" && (size != 200_000 || time.Since(changed) > time.Hour || err != nil) {
			t.Errorf("Stat = %d, %v, %v", size, changed, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
