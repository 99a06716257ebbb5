//go:build unix && !linux

package local

import (
	"errors"
	"os/exec"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// isolate keeps what this process was started with from its children, and forbids core
// dumps.
func isolate() error {
	closeInherited()
	return noCore()
}

// closeInherited keeps descriptors that this process was started with from its children.
func closeInherited() {
	for fd := 3; fd < 1024; fd++ {
		unix.CloseOnExec(fd)
	}
}

// A child is the task's first process with its process group.
type child struct {
	pid    int
	exited chan exit     // gets how the first process ended
	gone   chan struct{} // closed when the group is empty
}

func startChild(cmd *exec.Cmd) (*child, error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	c := &child{cmd.Process.Pid, make(chan exit, 1), make(chan struct{})}
	go func() {
		defer close(c.gone)
		_ = cmd.Wait() // how it ended is in its state
		e := exit{code: -1}
		if ws, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok {
			e = exitOf(ws)
		}
		c.exited <- e
		for !errors.Is(syscall.Kill(-c.pid, 0), syscall.ESRCH) {
			time.Sleep(10 * time.Millisecond)
		}
	}()
	return c, nil
}

// signal sends TERM or KILL to the group, unless it is empty.
func (c *child) signal(kill bool) {
	select {
	case <-c.gone:
	default:
		_ = syscall.Kill(-c.pid, sig(kill))
	}
}
