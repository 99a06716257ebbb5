package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/semaphore"
	"golang.org/x/term"

	"cleat/internal/fail"
	"cleat/internal/gouses"
	"cleat/internal/proc"
	"cleat/internal/sources/local"
)

// Limits of a worker; see host.Host.Worker.
const (
	workerStack = 64 << 20        // bytes of stack of a goroutine
	workerHeap  = 2 << 30         // bytes from which on garbage is collected harder
	workerMost  = 5 << 29         // bytes of memory with which it ends itself
	workerSpace = 3 << 30         // bytes of address space beyond what it has at its start
	workerCPU   = 60              // seconds of processor time
	workerFiles = 16              // open files
	workerTime  = 2 * time.Minute // in all
	workersMost = 2               // at once
)

// workerCommand is for cleat itself: it is how workers.run has work done that may end the
// process that does it.
func (p *program) workerCommand() *cobra.Command {
	return &cobra.Command{Use: "worker NAME", Short: "Do one piece of work for another cleat", Hidden: true, Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if f, ok := p.stdin.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
				return usageError{errors.New("worker is for cleat itself, and nothing to be run from a terminal")}
			}
			if args[0] == supervisorName {
				return local.Supervise(p.stdin, p.stdout)
			}
			if args[0] != gouses.WorkerName {
				return usageError{fmt.Errorf("there is no worker %q", args[0])}
			}
			if err := limitSelf(); err != nil {
				return fmt.Errorf("limiting the worker: %w", err)
			}
			return gouses.Serve(p.stdin, p.stdout)
		}}
}

// limitSelf limits this process for good.
func limitSelf() error {
	debug.SetMaxStack(workerStack)
	debug.SetMemoryLimit(workerHeap)
	debug.SetGCPercent(400) // it has a short life: below that limit memory is cheaper than time
	go watchMemory(workerMost, func() {
		fmt.Fprintln(os.Stderr, outOfMemory)
		os.Exit(exitFailure)
	})
	return limitSystem()
}

// watchMemory calls over once the process has mapped more than most bytes: not all systems
// can be told to see to it, and those that can end a process without a word.
func watchMemory(most uint64, over func()) {
	// Package runtime/metrics would tell without stopping the goroutines for a moment, but
	// it takes 0.1 ms of every start of cleat.
	var m runtime.MemStats
	for range time.Tick(20 * time.Millisecond) {
		if runtime.ReadMemStats(&m); m.Sys > most {
			over()
			return
		}
	}
}

// workers run cleat as a worker of itself; see host.Host.Worker.
type workers struct {
	children *proc.Group
	env      []string
	log      *slog.Logger
	room     *semaphore.Weighted
}

func newWorkers(children *proc.Group, env []string, log *slog.Logger) *workers {
	// Of a runtime that ends, its first words will do.
	return &workers{children: children, env: append(slices.Clone(env), "GOTRACEBACK=none"), log: log,
		room: semaphore.NewWeighted(workersMost)}
}

// run implements host.Host.Worker.
func (w *workers) run(ctx context.Context, name string, request io.Reader, most int64) ([]byte, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fail.Errorf(fail.Unavailable, "cleat's own program is not to be found: %w", err)
	}
	if err := w.room.Acquire(ctx, 1); err != nil {
		return nil, context.Cause(ctx)
	}
	defer w.room.Release(1)
	limited, cancel := context.WithTimeout(ctx, workerTime)
	defer cancel()
	res, err := w.children.Run(limited, proc.Cmd{Argv: []string{self, "worker", name}, Env: w.env, Stdin: request,
		MaxOutput: most, Grace: 100 * time.Millisecond})
	why := ""
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case limited.Err() != nil:
		why = fmt.Sprintf("it took more than %v", workerTime)
	case errors.Is(err, proc.ErrClosed):
		return nil, fail.Errorf(fail.Unavailable, "cleat is ending")
	case err != nil:
		return nil, err
	case res.Signal != "" || res.Code != exitOK:
		why = whyDead(res)
	case res.StdoutCut > 0:
		why = "its answer is too large"
	default:
		return res.Stdout, nil
	}
	first, _, _ := bytes.Cut(bytes.TrimSpace(res.Stderr), []byte("\n"))
	w.log.Warn("a worker ended early", "worker", name, "why", why, "stderr", string(first[:min(len(first), 300)]))
	return nil, fail.Errorf(fail.Unavailable, "%s", why)
}

// outOfMemory is what a worker says of itself, and the Go runtime among other things.
const outOfMemory = "out of memory"

// whyDead says in words of ours how a worker has ended.
func whyDead(res proc.Result) string {
	stderr := string(res.Stderr)
	switch {
	case res.Signal == "SIGKILL":
		return "SIGKILL: most likely a limit on time or memory"
	case res.Signal != "":
		return res.Signal
	case strings.Contains(stderr, "goroutine stack exceeds"):
		return "its stack grew too large"
	case strings.Contains(stderr, outOfMemory) || strings.Contains(stderr, "cannot allocate memory"):
		return outOfMemory
	}
	return fmt.Sprintf("exit status %d", res.Code)
}
