// Package proc runs child programs so that they can neither outlive, nor stall, nor
// spy on the process that starts them.
//
// There is no shell anywhere: a command is a list of arguments, the first of which
// is the absolute path that Look found. A child gets exactly the environment it is
// given, /dev/null as its standard input unless something else is handed to it, no
// other descriptor, a session and a process group of its own, and no core dumps. When
// its context ends, the whole group gets TERM and, after the grace time, KILL; when the
// child itself ends, what it left behind in its group is killed as well, and a
// descendant that escaped with the output still open delays nobody.
//
// On Linux a child is killed by the kernel when cleat dies, however it dies, and
// Cmd.Tree also finds descendants that left the group. On Windows a job object does
// both. What remains: when cleat itself is killed with KILL, the children of a child on
// Linux, and on other systems the child as well, live on until they end by themselves.
package proc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"cleat/internal/fail"
)

const (
	// DefaultMaxOutput is what Cmd.MaxOutput means when it is zero, in bytes.
	DefaultMaxOutput = 1 << 20

	// DefaultGrace is what Cmd.Grace means when it is zero.
	DefaultGrace = 2 * time.Second

	// holdDelay is how long the output of a child that has ended is waited for when
	// something that escaped from its group still holds it open.
	holdDelay = 200 * time.Millisecond

	// lostDelay is how long after KILL a child is given up, which happens only to one
	// that hangs inside the kernel.
	lostDelay = time.Second
)

// ErrClosed is why a child was stopped by Process.Close or Group.Close.
var ErrClosed = errors.New("the program was stopped because it is no longer needed")

// A Cmd says what to run.
type Cmd struct {
	Argv []string // Argv[0] is an absolute path; see Look
	Dir  string   // working directory; "" means cleat's own
	Env  []string // the complete environment, "NAME=value"; empty means none at all

	// Stdin is copied to the child; nil means /dev/null. It must not block for ever:
	// a reader such as cleat's own standard input has no place here.
	Stdin io.Reader

	// PipeStdin makes Start give the child a pipe, Process.Stdin, instead.
	PipeStdin bool

	// MaxOutput is how many bytes of each of stdout (Run only) and stderr are kept;
	// the rest is read, counted and dropped. 0 means DefaultMaxOutput.
	MaxOutput int64

	// Grace is the time between TERM and KILL; 0 means DefaultGrace.
	Grace time.Duration

	// Tree also kills descendants that left the process group, by a mark in the
	// environment they inherit. It costs a walk over the process table at the child's
	// end and is for programs that start others, such as build tasks. Descendants that
	// clear their environment as well escape it.
	Tree bool
}

// A Result says how a child ended.
type Result struct {
	Code      int    // exit status; -1 when a signal ended it or it never ended
	Signal    string // name of the signal that ended it, or ""
	Stdout    []byte // the first MaxOutput bytes; filled in by Run only
	Stderr    []byte // the first MaxOutput bytes
	StdoutCut int64  // bytes of stdout beyond MaxOutput
	StderrCut int64  // bytes of stderr beyond MaxOutput
	Held      bool   // a descendant kept the output open; what it wrote later is missing
}

// A Group is a set of running children that end together. The zero Group is ready for
// use, and all of its methods are safe for concurrent use.
type Group struct {
	mu     sync.Mutex
	closed bool
	procs  map[*Process]struct{}
}

// Run runs c to its end. A status other than 0 is no error: it is in the Result. The
// errors are those of Start, and context.Cause(ctx) or ErrClosed when the child was
// stopped; the Result then holds what was written before.
func (g *Group) Run(ctx context.Context, c Cmd) (Result, error) {
	if c.PipeStdin {
		return Result{}, errors.New("proc: PipeStdin is for Start")
	}
	p, err := g.Start(ctx, c)
	if err != nil {
		return Result{Code: -1}, err
	}
	out := head{max: c.maxOutput()}
	_, readErr := io.Copy(&out, p.Stdout)
	res, err := p.Wait()
	res.Stdout, res.StdoutCut = out.take()
	if err == nil && readErr != nil {
		err = fmt.Errorf("reading the output of %s: %w", c.name(), readErr)
	}
	return res, err
}

// Start starts c. The child is stopped when ctx ends, or by Process.Close, or by
// Group.Close. The caller reads Process.Stdout to its end and calls Wait, or calls
// Close.
//
// It fails with fail.Unavailable when the program is not there or the group is
// closed, and with fail.Busy when the machine has no descriptor, process or memory
// left for a child.
func (g *Group) Start(ctx context.Context, c Cmd) (*Process, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	closeInherited()
	p, err := newProcess(g, c)
	if err != nil {
		return nil, startError(c, err)
	}
	if !g.add(p) {
		p.releaseAll()
		return nil, fail.Errorf(fail.Unavailable, "cleat is ending and starts no more programs")
	}
	started := make(chan error)
	go p.supervise(started)
	if err := <-started; err != nil {
		g.remove(p)
		p.releaseAll()
		return nil, startError(c, err)
	}
	p.follow(ctx, c.Stdin)
	return p, nil
}

// Close stops all children of the group and lets no more be started. Children get TERM,
// and KILL after 40 ms; Close returns when all have ended and been reaped, at the latest
// after 100 ms, and then says how many have not.
func (g *Group) Close() error {
	g.mu.Lock()
	g.closed = true
	procs := make([]*Process, 0, len(g.procs))
	for p := range g.procs {
		procs = append(procs, p)
	}
	g.mu.Unlock()

	for _, p := range procs {
		p.terminate(ErrClosed, 40*time.Millisecond)
	}
	late := time.NewTimer(100 * time.Millisecond)
	defer late.Stop()
	for i, p := range procs {
		select {
		case <-p.done:
		case <-late.C:
			left := 0
			for _, p := range procs[i:] {
				select {
				case <-p.done:
				default:
					left++
				}
			}
			if left > 0 {
				return fmt.Errorf("%d child programs have not ended 100ms after they were stopped", left)
			}
			return nil
		}
	}
	return nil
}

// Running returns the number of children that have not been reaped.
func (g *Group) Running() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.procs)
}

func (g *Group) add(p *Process) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return false
	}
	if g.procs == nil {
		g.procs = make(map[*Process]struct{})
	}
	g.procs[p] = struct{}{}
	return true
}

func (g *Group) remove(p *Process) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.procs, p)
}

func (c *Cmd) check() error {
	if len(c.Argv) == 0 || !filepath.IsAbs(c.Argv[0]) {
		return fmt.Errorf("proc: the program must be an absolute path: %q", c.Argv)
	}
	if c.Stdin != nil && c.PipeStdin {
		return errors.New("proc: both Stdin and PipeStdin are set")
	}
	return nil
}

func (c *Cmd) maxOutput() int64 {
	if c.MaxOutput > 0 {
		return c.MaxOutput
	}
	return DefaultMaxOutput
}

func (c *Cmd) name() string { return filepath.Base(c.Argv[0]) }

// Exhausted returns the failure that a limit on open files or processes means, nil if err is
// another one.
func Exhausted(err error) error {
	for _, e := range []syscall.Errno{syscall.EMFILE, syscall.ENFILE, syscall.EAGAIN, syscall.ENOMEM} {
		if errors.Is(err, e) {
			return fail.Errorf(fail.Busy, "there is no room for another file or program: %w", e).
				Because("the limit on open files or processes is reached").After(time.Second)
		}
	}
	return nil
}

// startError says what it means that a child could not be started.
func startError(c Cmd, err error) error {
	switch {
	// EBADF is what dup3 says in the child when the number is beyond the limit.
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE), errors.Is(err, syscall.EBADF),
		errors.Is(err, syscall.EAGAIN), errors.Is(err, syscall.ENOMEM):
		return fail.Errorf(fail.Busy, "no room for another program (%s): %w", c.name(), cause(err)).
			Because("the limit on open files or processes is reached").After(time.Second)
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission), errors.Is(err, exec.ErrNotFound),
		errors.Is(err, syscall.ENOEXEC):
		return fail.Errorf(fail.Unavailable, "the program %s cannot be started: %w", c.name(), cause(err))
	case errors.Is(err, syscall.E2BIG):
		return fail.Errorf(fail.TooLarge, "the arguments of %s are too long: %w", c.name(), cause(err))
	}
	return fmt.Errorf("starting %s: %w", c.name(), err)
}

// cause is the system's own error in err, without the paths around it.
func cause(err error) error {
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		return errno
	}
	return err
}
