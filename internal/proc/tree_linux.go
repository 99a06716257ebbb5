package proc

import (
	"bytes"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// sysProcAttr puts the child into a session of its own, which is also a process group
// of its own and has no terminal to ask passwords on, and ties its life to ours.
func sysProcAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
}

func pinThread() (unpin func()) {
	runtime.LockOSThread()
	return runtime.UnlockOSThread
}

// awaitExit waits for the child's end and leaves it a zombie. It reports false if the
// kernel cannot do that.
func awaitExit(p *os.Process) bool {
	for {
		err := unix.Waitid(unix.P_PID, p.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			return err == nil
		}
	}
}

// noCore forbids the child core dumps. One that has ended already needs it no more.
func noCore(pid int) { _ = unix.Prlimit(pid, unix.RLIMIT_CORE, &unix.Rlimit{}, nil) }

// newMark returns the variable by which the descendants of one child are known.
func newMark() string { return "CLEAT_CHILD=" + rand.Text() }

// killMarked signals every process that has mark in its environment. It looks again
// as long as it finds some that were not there before, for those that fork meanwhile.
func killMarked(mark string, sig syscall.Signal) {
	seen := make(map[int]bool)
	for range 10 {
		fresh := false
		dirs, err := filepath.Glob("/proc/[0-9]*")
		if err != nil {
			return
		}
		for _, dir := range dirs {
			pid, err := strconv.Atoi(filepath.Base(dir))
			if err != nil || seen[pid] || pid == os.Getpid() || !hasMark(dir, mark) {
				continue
			}
			seen[pid], fresh = true, true
			_ = syscall.Kill(pid, sig) // it may have ended since
		}
		if !fresh {
			return
		}
	}
}

// hasMark reports whether the process has mark in its environment. One whose
// environment cannot be read is another user's, or gone.
func hasMark(dir, mark string) bool {
	env, err := os.ReadFile(dir + "/environ")
	if err != nil {
		return false
	}
	for kv := range bytes.SplitSeq(env, []byte{0}) {
		if string(kv) == mark {
			return true
		}
	}
	return false
}
