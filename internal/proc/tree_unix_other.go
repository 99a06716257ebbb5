//go:build unix && !linux

package proc

import (
	"os"
	"syscall"
)

// sysProcAttr puts the child into a session of its own, which is also a process group
// of its own and has no terminal to ask passwords on.
func sysProcAttr() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }

func pinThread() (unpin func()) { return func() {} }

func awaitExit(*os.Process) bool { return false }

// noCore does nothing: there is no way to limit another process.
func noCore(int) {}

// newMark returns no mark: there is no portable way to read another's environment.
func newMark() string { return "CLEAT_CHILD=1" }

func killMarked(string, syscall.Signal) {}
