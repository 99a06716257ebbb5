package proc

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"sync"
	"time"
)

// A Process is a running child. Its methods are safe for concurrent use; Stdin and
// Stdout are each for one goroutine at a time.
type Process struct {
	Stdin  io.WriteCloser // nil unless Cmd.PipeStdin
	Stdout io.Reader      // ends when the child has ended

	group *Group
	cmd   *exec.Cmd
	grace time.Duration
	tree  tree

	out, err *outPipe
	stderr   head
	readErr  chan struct{} // closed when stderr is drained
	inputs   []*os.File    // ours: the writing end of the child's standard input
	child    []io.Closer   // the child's ends of the pipes

	done chan struct{} // closed when the child is reaped and result is set
	lost chan struct{} // closed when the child is given up

	mu      sync.Mutex
	state   state
	cause   error // why it was stopped; nil if it was not
	kill    bool  // KILL was asked for
	timers  []*time.Timer
	release func() bool // ends the watch over the context
	result  Result
}

type state int

const (
	starting state = iota
	running
	ended // or never started: signals would reach nobody, or somebody else
)

// newProcess makes the pipes and the command, and starts nothing.
func newProcess(g *Group, c Cmd) (*Process, error) {
	p := &Process{
		group: g, grace: c.Grace, stderr: head{max: c.maxOutput()},
		done: make(chan struct{}), lost: make(chan struct{}), readErr: make(chan struct{}),
		result: Result{Code: -1},
	}
	if p.grace <= 0 {
		p.grace = DefaultGrace
	}
	env := append(make([]string, 0, len(c.Env)+1), c.Env...) // not nil: nil would inherit
	if c.Tree {
		p.tree.mark = newMark()
		env = append(env, p.tree.mark)
	}
	p.cmd = &exec.Cmd{Path: c.Argv[0], Args: c.Argv, Dir: c.Dir, Env: env, SysProcAttr: sysProcAttr()}

	outR, outW, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	p.out = newOutPipe(outR)
	p.child = append(p.child, outW)
	p.Stdout, p.cmd.Stdout = p.out, outW
	errR, errW, err := os.Pipe()
	if err != nil {
		p.releaseAll()
		return nil, err
	}
	p.err = newOutPipe(errR)
	p.child = append(p.child, errW)
	p.cmd.Stderr = errW
	if c.Stdin != nil || c.PipeStdin {
		inR, inW, err := os.Pipe()
		if err != nil {
			p.releaseAll()
			return nil, err
		}
		p.child = append(p.child, inR)
		p.inputs = append(p.inputs, inW)
		p.cmd.Stdin = inR
		if c.PipeStdin {
			p.Stdin = inW
		}
	}
	return p, nil
}

// releaseAll closes the pipes of a process that was not started.
func (p *Process) releaseAll() {
	p.closeChildEnds()
	for _, c := range p.inputs {
		c.Close()
	}
	for _, o := range []*outPipe{p.out, p.err} {
		if o != nil {
			o.f.Close()
		}
	}
}

func (p *Process) closeChildEnds() {
	for _, c := range p.child {
		c.Close()
	}
	p.child = nil
}

// supervise starts the child, reports on started, and returns when the child is reaped.
//
// It stays on one thread: the kernel ties the parent-death signal to the thread that
// made the child, and Go may end a thread long before the process.
func (p *Process) supervise(started chan<- error) {
	unpin := pinThread()
	defer unpin()
	err := p.cmd.Start()
	p.closeChildEnds()
	if err != nil {
		p.mu.Lock()
		p.state = ended
		p.mu.Unlock()
		close(p.done)
		started <- err
		return
	}
	p.mu.Lock()
	p.state = running
	p.tree.attach(p.cmd.Process)
	if p.cause != nil { // stopped while it was starting
		p.tree.signal(p.kill)
	}
	p.mu.Unlock()
	go func() {
		defer close(p.readErr)
		// An error here is the end of the pipe in another form: what came is kept.
		_, _ = io.Copy(&p.stderr, p.err)
	}()
	started <- nil

	// Where the system allows it, the group is killed before its leader is reaped: its
	// number cannot belong to anybody else as long as the leader is there.
	if awaitExit(p.cmd.Process) {
		p.sweep()
		err = p.cmd.Wait()
	} else {
		err = p.cmd.Wait()
		p.sweep()
	}
	p.finish(err)
}

// sweep kills what the child left behind and lets no signal be sent any more.
func (p *Process) sweep() {
	p.mu.Lock()
	p.tree.end()
	p.state = ended
	for _, t := range p.timers {
		t.Stop()
	}
	p.mu.Unlock()
	p.out.expire()
	p.err.expire()
}

// finish records how the child ended.
func (p *Process) finish(err error) {
	<-p.readErr
	for _, c := range p.inputs {
		c.Close()
	}
	p.mu.Lock()
	p.result = exitResult(p.cmd.ProcessState)
	p.result.Stderr, p.result.StderrCut = p.stderr.take()
	p.result.Held = p.err.held.Load()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) && p.cause == nil {
		p.cause = err
	}
	release := p.release
	p.mu.Unlock()
	p.err.f.Close()
	if release != nil {
		release()
	}
	p.group.remove(p)
	close(p.done)
}

// follow ends the child with ctx, and feeds it from stdin if that is not nil.
func (p *Process) follow(ctx context.Context, stdin io.Reader) {
	release := context.AfterFunc(ctx, func() { p.terminate(context.Cause(ctx), p.grace) })
	p.mu.Lock()
	p.release = release
	over := p.state == ended
	p.mu.Unlock()
	if over {
		release()
	}
	if stdin == nil {
		return
	}
	in := p.inputs[0]
	go func() {
		// A child that ends without reading all of its input is no failure.
		_, _ = io.Copy(in, stdin)
		in.Close()
	}()
}

// terminate sends TERM to the group, and KILL after grace. The first cause is kept.
func (p *Process) terminate(cause error, grace time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state == ended {
		return
	}
	if p.cause == nil {
		p.cause = cause
	}
	if p.state == running {
		p.tree.signal(false)
	}
	p.timers = append(p.timers, time.AfterFunc(grace, p.forceKill))
}

func (p *Process) forceKill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state == ended || p.kill {
		return
	}
	p.kill = true
	if p.cause == nil {
		p.cause = ErrClosed
	}
	if p.state == running {
		p.tree.signal(true)
	}
	p.timers = append(p.timers, time.AfterFunc(lostDelay, func() {
		close(p.lost)
		p.out.expire()
		p.err.expire()
	}))
}

// Wait waits until the child has ended and been reaped, and closes Stdout. It is
// called once Stdout has been read to its end: a child that cannot write does not end.
// The error is the context's cause or ErrClosed if the child was stopped. A child that
// cannot even be killed is given up, with that error, one second after KILL.
func (p *Process) Wait() (Result, error) {
	select {
	case <-p.done:
	case <-p.lost:
	}
	p.out.f.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	res := p.result
	res.Held = res.Held || p.out.held.Load()
	return res, p.cause
}

// Close kills the child and what it started at once, and waits for its end. It is
// harmless after Wait and when called again.
func (p *Process) Close() {
	p.forceKill()
	_, _ = p.Wait() // the cause is ErrClosed, or what stopped it before
}

// Pid is the child's process id, for tests and logs.
func (p *Process) Pid() int { return p.cmd.Process.Pid }
