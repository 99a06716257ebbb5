//go:build unix

package claudetest

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// supported says whether clients can be run here at all.
const supported = true

// ownGroup makes cmd the leader of a session and so of a process group, which gets
// SIGTERM when the context of cmd ends.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
}

// endGroup waits until the group that p led is empty. Servers that the client told to
// stop have a second for it; then the whole group is killed.
func endGroup(p *os.Process) {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for range 200 {
		if errors.Is(syscall.Kill(-p.Pid, 0), syscall.ESRCH) {
			return
		}
		<-tick.C
	}
	_ = syscall.Kill(-p.Pid, syscall.SIGKILL) // its one error is that nobody is left
}

// lock takes the lock file at path, waiting for other processes, and returns how to give
// it back. The system gives it back when a process dies.
func lock(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	for {
		err = unix.Flock(int(f.Fd()), unix.LOCK_EX)
		if err == nil {
			return func() { f.Close() }, nil
		}
		if !errors.Is(err, unix.EINTR) {
			return nil, errors.Join(err, f.Close())
		}
	}
}
