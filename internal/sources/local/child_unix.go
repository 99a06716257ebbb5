//go:build unix

package local

import (
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// apart puts a supervisor into a session of its own: no terminal, and no signal that is meant
// for cleat's group.
func apart(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }

// exitOf says how a process ended.
func exitOf(ws syscall.WaitStatus) exit {
	if ws.Signaled() {
		return exit{-1, unix.SignalName(ws.Signal())}
	}
	return exit{code: ws.ExitStatus()}
}

func noCore() error { return unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}) }

func sig(kill bool) syscall.Signal {
	if kill {
		return syscall.SIGKILL
	}
	return syscall.SIGTERM
}
