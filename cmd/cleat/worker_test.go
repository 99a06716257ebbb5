package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"cleat/internal/fail"
	"cleat/internal/gouses"
	"cleat/internal/proc"
	"cleat/internal/tree"
)

// worker runs the worker of that name on an input.
func worker(t *testing.T, name, input string) (stdout, stderr string, code int) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "worker", name)
	cmd.Env = []string{}
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(input), &out, &errs
	if err := cmd.Run(); cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

func TestWorkerInput(t *testing.T) {
	t.Parallel()
	for _, input := range []string{"", "garbage", strings.Repeat("\xff", 1<<20), "cleat gouses 1 request\n", "GET / HTTP/1.1\r\n\r\n"} {
		stdout, stderr, code := worker(t, gouses.WorkerName, input)
		if code != exitFailure || stdout != "" || stderr != "cleat: the request is damaged\n" {
			t.Errorf("%.30q: exit code %d, stdout %q, stderr %q", input, code, stdout, stderr)
		}
	}
	if stdout, _, code := worker(t, "nobody", ""); code != exitUsage || stdout != "" {
		t.Errorf("a worker that does not exist: exit code %d, stdout %q", code, stdout)
	}
	w := attacked(t, "-- a.txt --\na\n")
	if out, code := w.run(t, "--help"); code != exitOK || strings.Contains(out, "worker") {
		t.Errorf("exit code %d; the help names what is not for people:\n%s", code, out)
	}
}

// exceed makes this process a worker that has too much of something, and does not return.
func exceed(what string) {
	if err := limitSelf(); err != nil {
		fmt.Println(err)
		os.Exit(exitUsage)
	}
	switch what {
	case "memory":
		var all [][]byte
		for len(all)<<26 < workerMost+(1<<27) { // less than the address space there is
			all = append(all, make([]byte, 1<<26))
		}
		for range time.Tick(time.Minute) { // the watch has this long to see it
			fmt.Println(len(all))
			os.Exit(exitOK)
		}
	case "space":
		b := make([]byte, 2*workerSpace)
		b[len(b)-1] = 1
	case "stack":
		fmt.Println(recurse(1 << 40))
	case "files":
		for range 2 * workerFiles {
			if _, err := os.Open(os.DevNull); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(exitFailure)
			}
		}
	}
	fmt.Println("there is no limit on", what)
	os.Exit(exitOK)
}

func recurse(n int) int {
	if n == 0 {
		return 0
	}
	return recurse(n-1) + n%3
}

const module = `-- go.mod --
module m
-- a.go --
package m

type T struct{}

func (T) M() {}

type U struct{}

func (U) M() {}

func f(t T, u U) {
	t.M()
	u.M()
}
`

// moduleOf is the module as a tree.
func moduleOf(t *testing.T) *tree.Root {
	t.Helper()
	w := attacked(t, module)
	r, err := tree.Open(w.dir)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestWorkers(t *testing.T) {
	t.Parallel()
	var log sink
	var children proc.Group
	defer children.Close()
	ws := newWorkers(&children, nil, slog.New(slog.NewTextHandler(&log, nil)))
	_, err := ws.run(t.Context(), gouses.WorkerName, strings.NewReader("garbage"), 100)
	if f := fail.From(err); f.Code != fail.Unavailable || f.What != "exit status 1" {
		t.Errorf("garbage: %v", err)
	}
	if !strings.Contains(log.String(), `stderr="cleat: the request is damaged"`) {
		t.Errorf("the log has %q", log.String())
	}
	var answer []byte
	q := gouses.Query{Name: "T.M", Worker: func(ctx context.Context, request io.Reader, most int64) ([]byte, error) {
		var err error
		answer, err = ws.run(ctx, gouses.WorkerName, request, 40)
		return answer, err
	}}
	_, err = gouses.Find(t.Context(), moduleOf(t), q)
	if f := fail.From(err); f.Code != fail.Unavailable || f.What != "the type check ended early (its answer is too large)" {
		t.Errorf("an answer that is too large: %v", err)
	}
	// Where all workers are at work, a call waits, as long as it has time.
	if err := ws.room.Acquire(t.Context(), workersMost); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("no more time")
	cancel(why)
	if _, err := ws.run(ctx, gouses.WorkerName, strings.NewReader(""), 100); !errors.Is(err, why) {
		t.Errorf("no room: %v", err)
	}
	ws.room.Release(workersMost)
	children.Close()
	if _, err := ws.run(t.Context(), gouses.WorkerName, strings.NewReader(""), 100); fail.From(err).Code != fail.Unavailable {
		t.Errorf("cleat is ending: %v", err)
	}
	if n := children.Running(); n != 0 {
		t.Errorf("%d workers are left", n)
	}
}
