//go:build unix

package proc

import (
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// A tree is a child and what it started: on Unix, its process group.
type tree struct {
	pgid int
	mark string // "" unless Cmd.Tree; "NAME=value" in the environment
}

func (t *tree) attach(p *os.Process) {
	t.pgid = p.Pid
	noCore(p.Pid)
}

// signal sends TERM or KILL to the group. That nobody is left to receive it is fine.
func (t *tree) signal(kill bool) {
	sig := syscall.SIGTERM
	if kill {
		sig = syscall.SIGKILL
	}
	_ = syscall.Kill(-t.pgid, sig)
	if t.mark != "" {
		killMarked(t.mark, sig)
	}
}

// end kills what is left of the group when its leader has ended.
func (t *tree) end() { t.signal(true) }

// closeInherited keeps descriptors that cleat itself was started with from its
// children. Go opens everything else closed-on-exec, so once is enough.
func closeInherited() { inheritOnce.Do(markInherited) }

var inheritOnce sync.Once

func markInherited() {
	// Where /dev/fd does not list the descriptors, low numbers are where they are.
	names, err := filepath.Glob("/dev/fd/*")
	if err != nil || len(names) < 3 {
		for fd := 3; fd < 256; fd++ {
			unix.CloseOnExec(fd)
		}
		return
	}
	for _, name := range names {
		if fd, err := strconv.Atoi(filepath.Base(name)); err == nil && fd > 2 {
			unix.CloseOnExec(fd)
		}
	}
}

func exitResult(s *os.ProcessState) Result {
	res := Result{Code: -1}
	if s == nil {
		return res
	}
	res.Code = s.ExitCode()
	if ws, ok := s.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		res.Signal = unix.SignalName(ws.Signal())
	}
	return res
}
