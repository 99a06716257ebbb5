package stdio

import (
	"context"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// A Process is a server's life from its first message to its exit. It ends in the same
// way at the end of input, when stdout fails, and on SIGINT, SIGTERM or SIGHUP.
type Process struct {
	// Serve runs the session until it is over. Its context is canceled when the end
	// begins, with the cause; the SDK does not pass that on to handlers, so whoever
	// starts work must derive from this context too. Serve is not relied on to heed it.
	Serve func(ctx context.Context) error

	// Stop reaps children and flushes what must last. It runs once, after Serve has
	// returned or has had its time; its context says how long it may take. May be nil.
	Stop func(ctx context.Context)

	Guard *Guard // closed when the end begins; its Done begins the end; may be nil

	Grace     time.Duration // for Serve after the end has begun; default 250 ms
	StopGrace time.Duration // for Stop; default 150 ms

	Log *slog.Logger // nil discards
}

// A SignalError is the cause of an end by a signal.
type SignalError struct{ Signal os.Signal }

// Error names the signal.
func (e *SignalError) Error() string { return "received " + e.Signal.String() }

// Run serves until the end and returns the exit code for os.Exit: 0 for an orderly
// end, 1 if Serve failed by itself. It returns within Grace and StopGrace of the end's
// beginning, even if Serve and Stop still run, so the caller must exit at once.
//
// A second signal ends the wait for Serve, a third the wait for Stop. Not the second
// for both: clients send SIGINT and SIGTERM in quick succession as a matter of course,
// and what must last comes before exiting. The signals stay caught after Run, so that
// one that comes late does not spoil the exit code. SIGPIPE is caught as well, which
// makes a closed stdout a write error; children do not inherit that.
func (p Process) Run(parent context.Context) int {
	if p.Grace <= 0 {
		p.Grace = 250 * time.Millisecond
	}
	if p.StopGrace <= 0 {
		p.StopGrace = 150 * time.Millisecond
	}
	if p.Log == nil {
		p.Log = slog.New(slog.DiscardHandler)
	}
	// Also where the parent ignores them (nohup, a shell's background jobs): a server
	// does not outlive its client.
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)

	ctx, cancel := context.WithCancelCause(parent)
	served := make(chan error, 1)
	go func() { served <- p.Serve(ctx) }()
	var over <-chan struct{} // never, without a guard
	if p.Guard != nil {
		over = p.Guard.Done()
	}

	var err error
	running := true
	select {
	case s := <-signals:
		cancel(&SignalError{s})
	case <-over:
		cancel(io.EOF)
	case <-parent.Done():
		cancel(context.Cause(parent))
	case err = <-served:
		running = false
		cancel(io.EOF)
	}
	p.Log.Debug("ending", "cause", context.Cause(ctx))
	code := 0
	if err != nil && !isDone(over) && parent.Err() == nil {
		p.Log.Error("serving", "error", err)
		code = 1
	}

	closed := make(chan struct{})
	go func() {
		defer close(closed)
		if p.Guard != nil {
			p.Guard.Close()
		}
	}()
	spare := 1 // signals that Stop bears
	if running {
		select {
		case <-served:
		case <-time.After(p.Grace):
			p.Log.Warn("ending with calls that did not stop in time", "after", p.Grace)
		case s := <-signals:
			p.Log.Warn("ending with calls that had not stopped", "cause", s)
			spare--
		}
	}
	p.stop(context.WithoutCancel(parent), signals, spare)
	<-closed
	return code
}

// stop runs Stop for as long as it may take, or until more than spare signals come.
func (p Process) stop(ctx context.Context, signals <-chan os.Signal, spare int) {
	if p.Stop == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, p.StopGrace)
	defer cancel()
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		p.Stop(ctx)
	}()
	for ; spare >= 0; spare-- {
		select {
		case <-stopped:
			return
		case <-ctx.Done():
			p.Log.Warn("ending before everything was put away", "after", p.StopGrace)
			return
		case s := <-signals:
			p.Log.Warn("another signal while ending", "signal", s)
		}
	}
}

// isDone reports whether c is closed.
func isDone(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
