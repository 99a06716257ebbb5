package proc_test

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"cleat/internal/fail"
	"cleat/internal/proc"
)

// CI-03, CI-10: the context ends the whole tree, whatever it does about TERM.
func TestContextEndsTree(t *testing.T) {
	for _, tt := range []struct{ part, arg string }{
		{"hang", ""}, {"stubborn", ""}, {"parent", "wait"},
	} {
		t.Run(tt.part, func(t *testing.T) {
			cause := errors.New("the limit of the call")
			ctx, cancel := context.WithCancelCause(t.Context())
			var g proc.Group
			c := self(tt.part, tt.arg)
			c.Grace = 50 * time.Millisecond
			p, err := g.Start(ctx, c)
			if err != nil {
				t.Fatal(err)
			}
			line := make([]byte, 32)
			n, err := p.Stdout.Read(line)
			if err != nil {
				t.Fatal(err)
			}
			begin := time.Now()
			cancel(cause)
			if _, err := io.Copy(io.Discard, p.Stdout); err != nil {
				t.Errorf("reading the rest: %v", err)
			}
			res, err := p.Wait()
			if !errors.Is(err, cause) {
				t.Errorf("Wait: %v, want the cause of the context", err)
			}
			if res.Code != -1 || res.Signal == "" {
				t.Errorf("Wait: %+v, want an end by a signal", res)
			}
			if took := time.Since(begin); took > 3*time.Second {
				t.Errorf("the end took %v", took)
			}
			gone(t, pidIn(t, line[:n]))
		})
	}
}

func TestTermLeavesTimeToEnd(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var g proc.Group
	c := self("polite", "")
	c.Grace = time.Minute
	p, err := g.Start(ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	line := make([]byte, len("ready\n"))
	if _, err := io.ReadFull(p.Stdout, line); err != nil {
		t.Fatal(err)
	}
	cancel()
	rest, err := io.ReadAll(p.Stdout)
	if err != nil || string(rest) != "goodbye\n" {
		t.Errorf("after TERM: %q, %v", rest, err)
	}
	if res, err := p.Wait(); res.Code != 0 || !errors.Is(err, context.Canceled) {
		t.Errorf("Wait: %+v, %v", res, err)
	}
}

// A child that ends takes with it what it left in its group, and what escaped from the
// group with the output open delays nobody. With Tree, that ends as well.
func TestLeftBehind(t *testing.T) {
	res := run(t, self("parent", ""))
	gone(t, pidIn(t, res.Stdout))
	if res.Held {
		t.Error("Held, though the group is gone")
	}

	begin := time.Now()
	res = run(t, self("daemon", ""))
	pid := pidIn(t, res.Stdout)
	if !res.Held {
		t.Error("not Held, though a daemon has the output")
	}
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("a daemon delayed the return by %v", took)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Errorf("the daemon was not there: %v", err)
	}

	c := self("daemon", "")
	c.Tree = true
	res = run(t, c)
	gone(t, pidIn(t, res.Stdout))
}

// CI-14: the child dies with us, however we die.
func TestChildDiesWithServer(t *testing.T) {
	server := exec.Command(os.Args[0])
	server.Env = self("server", "").Env
	out, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 32)
	n, err := out.Read(line)
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = server.Wait() // "signal: killed"
	gone(t, pidIn(t, line[:n]))
}

// The parent-death signal is tied to a thread: children outlive the threads that
// other goroutines end.
func TestChildOutlivesThreads(t *testing.T) {
	var g proc.Group
	defer g.Close()
	var procs []*proc.Process
	for range 20 {
		var p *proc.Process
		done := make(chan error)
		go func() {
			runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
			var err error
			p, err = g.Start(context.Background(), self("hang", ""))
			done <- err
		}()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		procs = append(procs, p)
	}
	for range 50 {
		var wg sync.WaitGroup
		wg.Go(func() { runtime.LockOSThread() })
		wg.Wait()
	}
	for _, p := range procs {
		line := make([]byte, 32)
		if n, err := p.Stdout.Read(line); err != nil || pidIn(t, line[:n]) != p.Pid() {
			t.Fatalf("child %d did not come up: %q, %v", p.Pid(), line[:n], err)
		}
		if err := syscall.Kill(p.Pid(), 0); err != nil {
			t.Errorf("child %d is gone: %v", p.Pid(), err)
		}
	}
}

func TestGroupCloseEndsAll(t *testing.T) {
	var g proc.Group
	const n = 20
	procs := make([]*proc.Process, n)
	for i := range n {
		part := "hang"
		if i%2 == 1 {
			part = "stubborn"
		}
		p, err := g.Start(t.Context(), self(part, ""))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Stdout.Read(make([]byte, 32)); err != nil { // it is up
			t.Fatal(err)
		}
		procs[i] = p
	}
	begin := time.Now()
	err := g.Close()
	took := time.Since(begin)
	t.Logf("%d children, half of them ignoring TERM: %v", n, took)
	if took > time.Second { // 100 ms by design; a loaded machine is slower
		t.Errorf("Close took %v", took)
	}
	for _, p := range procs {
		if _, werr := p.Wait(); !errors.Is(werr, proc.ErrClosed) {
			t.Errorf("Wait after Close: %v", werr)
		}
		if kill := syscall.Kill(p.Pid(), 0); !errors.Is(kill, syscall.ESRCH) && err == nil {
			t.Errorf("child %d was not reaped: %v", p.Pid(), kill)
		}
	}
	if left := g.Running(); left != 0 {
		t.Errorf("%d children are left", left)
	}
	if _, err := g.Start(t.Context(), self("hang", "")); fail.From(err).Code != fail.Unavailable {
		t.Errorf("Start after Close: %v", err)
	}
}

func TestGroupCloseMeetsStart(t *testing.T) {
	for range 20 {
		var g proc.Group
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				p, err := g.Start(context.Background(), self("hang", ""))
				if err != nil {
					return
				}
				if _, err := p.Wait(); !errors.Is(err, proc.ErrClosed) {
					t.Errorf("Wait: %v", err)
				}
			})
		}
		time.Sleep(time.Millisecond)
		_ = g.Close() // on a loaded machine some may end a little later; Wait sees that
		wg.Wait()
	}
}
