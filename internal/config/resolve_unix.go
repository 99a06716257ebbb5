//go:build unix

package config

import (
	"os/exec"
	"runtime"
	"syscall"
)

// runGroup runs cmd in a process group of its own, and leaves nothing of it.
func runGroup(cmd *exec.Cmd) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	dieWithParent(cmd.SysProcAttr)
	kill := func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.Cancel = kill

	// The parent's death that dieWithParent asks for is that of this thread.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := cmd.Start(); err != nil {
		return err
	}
	err := cmd.Wait()
	_ = kill() // what it left behind; usually nothing, and then that is the error
	return err
}
