package pgtest

import (
	"errors"
	"os/exec"
	"runtime"
	"time"
)

// A process is a running server.
type process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed once it ended
}

// launch starts cmd. The system ends it when the thread ends that started it, so that one
// goroutine keeps its thread until then.
func launch(cmd *exec.Cmd) (*process, error) {
	p := &process{cmd: cmd, done: make(chan struct{})}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // how it ended, its log says
			close(p.done)
		}
	}()
	return p, <-started
}

// ended reports whether the process is over.
func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// stop ends the process and its children, without a checkpoint, and waits for it.
func (p *process) stop() error {
	if p.ended() {
		return nil
	}
	if err := p.cmd.Process.Signal(quit); err != nil && !p.ended() {
		return err
	}
	select {
	case <-p.done:
		return nil
	case <-time.After(20 * time.Second):
		return errors.Join(errors.New("postgres did not stop within 20 s"), p.cmd.Process.Kill())
	}
}
