//go:build unix && !linux

package pgtest

import (
	"os/exec"
	"syscall"
)

// quit is the signal for an immediate shutdown.
const quit = syscall.SIGQUIT

// unprivileged puts cmd into a group of its own, so that a terminal's signals pass it by.
// As root the server itself refuses to start.
func unprivileged(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

func own(string) error { return nil }

func private() bool { return false }
