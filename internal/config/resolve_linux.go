package config

import "syscall"

// dieWithParent makes the program end when cleat is killed.
func dieWithParent(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGKILL }
