//go:build unix && !linux

package mysqltest

import "syscall"

func dieWithParent(*syscall.SysProcAttr) {}
