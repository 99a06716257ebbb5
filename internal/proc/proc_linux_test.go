package proc_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"cleat/internal/fail"
	"cleat/internal/proc"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

func run(t *testing.T, c proc.Cmd) proc.Result {
	t.Helper()
	var g proc.Group
	res, err := g.Run(t.Context(), c)
	if err != nil {
		t.Fatalf("Run: %v (stderr %q)", err, res.Stderr)
	}
	if n := g.Running(); n != 0 {
		t.Errorf("%d children are left after Run", n)
	}
	return res
}

// gone waits until the process has ended (a zombie has).
func gone(t *testing.T, pid int) {
	t.Helper()
	var stat []byte
	for range 500 {
		var err error
		stat, err = os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			return
		}
		if _, rest, ok := bytes.Cut(stat, []byte(") ")); ok && rest[0] == 'Z' {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("process %d is still there: %s", pid, stat)
	_ = syscall.Kill(pid, syscall.SIGKILL)
}

func pidIn(t *testing.T, out []byte) int {
	t.Helper()
	pid, err := strconv.Atoi(strings.TrimSpace(string(out)))
	if err != nil {
		t.Fatalf("the child did not say its pid: %q", out)
	}
	return pid
}

func TestRunReportsStatus(t *testing.T) {
	for _, code := range []int{0, 1, 128, 255} {
		res := run(t, self("exit", strconv.Itoa(code)))
		want := proc.Result{Code: code, Stdout: []byte("out\n"), Stderr: []byte("err\n")}
		if diff := cmp.Diff(want, res); diff != "" {
			t.Errorf("exit %d (-want +got):\n%s", code, diff)
		}
	}
}

func TestStdinIsEmptyOrWhatWasGiven(t *testing.T) {
	if res := run(t, self("cat", "")); string(res.Stderr) != "0 <nil>\n" {
		t.Errorf("without Stdin the child read %s", res.Stderr)
	}
	big := strings.Repeat("0123456789", 100_000)
	c := self("cat", "")
	c.Stdin = strings.NewReader(big)
	if res := run(t, c); string(res.Stdout) != big {
		t.Errorf("the child read %d bytes of %d", len(res.Stdout), len(big))
	}
	// Input that nobody reads stops nothing.
	c = self("exit", "0")
	c.Stdin = strings.NewReader(big)
	run(t, c)
}

func TestOutputKeepsHeadAndCountsRest(t *testing.T) {
	c := self("spew", "5000000")
	c.MaxOutput = 1234
	res := run(t, c)
	want := bytes.Repeat([]byte("x"), 1234)
	if !bytes.Equal(res.Stdout, want) || !bytes.Equal(res.Stderr, want) {
		t.Errorf("kept %d and %d bytes, want 1234", len(res.Stdout), len(res.Stderr))
	}
	if res.StdoutCut != 5000000-1234 || res.StderrCut != 5000000-1234 {
		t.Errorf("cut %d and %d bytes, want %d", res.StdoutCut, res.StderrCut, 5000000-1234)
	}
}

func TestChildHasOnlyWhatItIsGiven(t *testing.T) {
	t.Setenv("GITHUB_TOKEN", "CANARY")
	res := run(t, self("env", "a"))
	if diff := cmp.Diff("PROC_ARG=a\nPROC_CHILD=env\n", string(res.Stdout)); diff != "" {
		t.Errorf("environment (-want +got):\n%s", diff)
	}
	if res := run(t, self("limits", "")); string(res.Stdout) != "core 0 leader true tty false\n" {
		t.Errorf("limits: %s", res.Stdout)
	}
}

func TestNoEnvironmentMeansNone(t *testing.T) {
	t.Setenv("GITHUB_TOKEN", "CANARY")
	env, err := proc.Look("env", os.Environ())
	if err != nil {
		t.Skip(err)
	}
	if res := run(t, proc.Cmd{Argv: []string{env}}); len(res.Stdout) != 0 {
		t.Errorf("a child with a nil Env has %q", res.Stdout)
	}
}

// Descriptors of ours, and those that we were ourselves started with, stay with us.
func TestNoInheritedDescriptors(t *testing.T) {
	const want = "0 /dev/null\n1 pipe\n2 pipe\n"
	f, err := os.Open(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if res := run(t, self("fds", "")); string(res.Stdout) != want {
		t.Errorf("descriptors:\n%s", res.Stdout)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	server := exec.Command(os.Args[0])
	server.Env = self("parent-fds", "").Env
	server.ExtraFiles = []*os.File{f, r, w, f}
	out, err := server.Output()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want+"<nil>\n", string(out)); diff != "" {
		t.Errorf("a child of a process that inherited four files has (-want +got):\n%s", diff)
	}
}

func TestStreamCanBeLeft(t *testing.T) {
	var g proc.Group
	p, err := g.Start(t.Context(), self("spew", "1000000000"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(p.Stdout, make([]byte, 10)); err != nil {
		t.Fatal(err)
	}
	p.Close()
	p.Close()
	if n := g.Running(); n != 0 {
		t.Errorf("%d children are left", n)
	}
	if _, err := p.Stdout.Read(make([]byte, 1)); err == nil {
		t.Error("Stdout can be read after Close")
	}
}

// A reader that takes its time gets everything, also what the child wrote just before
// it ended.
func TestSlowReaderGetsAll(t *testing.T) {
	var g proc.Group
	p, err := g.Start(t.Context(), self("spew", "60000"))
	if err != nil {
		t.Fatal(err)
	}
	for syscall.Kill(p.Pid(), 0) == nil {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(300 * time.Millisecond) // longer than the wait for held output
	got, err := io.ReadAll(p.Stdout)
	if err != nil || len(got) != 60000 {
		t.Errorf("read %d bytes, %v", len(got), err)
	}
	if res, err := p.Wait(); err != nil || res.Held {
		t.Errorf("Wait: %+v, %v", res, err)
	}
}

func TestStartRefuses(t *testing.T) {
	dir := t.TempDir()
	plain := dir + "/plain"
	if err := os.WriteFile(plain, []byte("text"), 0o644); err != nil {
		t.Fatal(err)
	}
	garbage := dir + "/garbage"
	if err := os.WriteFile(garbage, []byte("\x00\x01\x02"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		cmd  proc.Cmd
		want fail.Code
	}{
		{"absent", proc.Cmd{Argv: []string{dir + "/absent"}}, fail.Unavailable},
		{"not executable", proc.Cmd{Argv: []string{plain}}, fail.Unavailable},
		{"no program", proc.Cmd{Argv: []string{garbage}}, fail.Unavailable},
		{"absent folder", proc.Cmd{Argv: []string{os.Args[0]}, Dir: dir + "/absent"}, fail.Unavailable},
		{"too long", proc.Cmd{Argv: []string{os.Args[0], strings.Repeat("x", 10<<20)}}, fail.TooLarge},
		{"relative", proc.Cmd{Argv: []string{"env"}}, fail.Internal},
		{"nothing", proc.Cmd{}, fail.Internal},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var g proc.Group
			before := openFiles(t)
			if _, err := g.Start(t.Context(), tt.cmd); fail.From(err) == nil || fail.From(err).Code != tt.want {
				t.Errorf("Start: %v, want %s", err, tt.want)
			}
			if n := g.Running(); n != 0 {
				t.Errorf("%d children are left", n)
			}
			if after := openFiles(t); after != before {
				t.Errorf("%d files open, %d before", after, before)
			}
		})
	}
}

func openFiles(t *testing.T) int {
	t.Helper()
	names, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(names)
}

// RE-03: with few descriptors the calls that find none are told to come back, and
// nothing leaks.
func TestFewDescriptors(t *testing.T) {
	run(t, self("exit", "0")) // what the first run opens for good is open
	before := openFiles(t)
	var old unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &old); err != nil {
		t.Fatal(err)
	}
	low := old
	low.Cur = 64
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &low); err != nil {
		t.Fatal(err)
	}
	restore := sync.OnceFunc(func() {
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &old); err != nil {
			t.Error(err)
		}
	})
	defer restore()

	var g proc.Group
	var wg sync.WaitGroup
	var mu sync.Mutex
	count := make(map[fail.Code]int)
	all, tried := 0, make(chan struct{})
	for range 100 {
		wg.Go(func() {
			p, err := g.Start(t.Context(), self("hang", ""))
			if err == nil {
				defer p.Close()
				defer func() { <-tried }()
			}
			mu.Lock()
			if all++; all == 100 {
				close(tried)
			}
			defer mu.Unlock()
			if err == nil {
				count["ok"]++
				return
			}
			if code := fail.From(err).Code; code != fail.Busy {
				t.Errorf("Start: %v", err)
			}
			count[fail.From(err).Code]++
		})
	}
	wg.Wait()
	t.Log(count)
	if count["ok"]+count[fail.Busy] != 100 || count["ok"] == 0 || count[fail.Busy] == 0 {
		t.Errorf("outcomes %v, want some ok and the others busy", count)
	}
	if res, err := g.Run(t.Context(), self("exit", "7")); err != nil || res.Code != 7 {
		t.Errorf("afterwards: %+v, %v", res, err)
	}
	restore()
	if after := openFiles(t); after != before {
		t.Errorf("%d files open, %d before", after, before)
	}
	if n := g.Running(); n != 0 {
		t.Errorf("%d children are left", n)
	}
}

func BenchmarkRun(b *testing.B) {
	path, err := proc.Look("true", os.Environ())
	if err != nil {
		b.Skip(err)
	}
	b.Run("proc", func(b *testing.B) {
		var g proc.Group
		for b.Loop() {
			if _, err := g.Run(b.Context(), proc.Cmd{Argv: []string{path}}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("exec", func(b *testing.B) {
		for b.Loop() {
			var out, errs bytes.Buffer
			c := exec.Command(path)
			c.Stdout, c.Stderr = &out, &errs
			if err := c.Run(); err != nil {
				b.Fatal(err)
			}
		}
	})
}
