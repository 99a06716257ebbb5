//go:build unix && !linux

package config

import "syscall"

// dieWithParent does nothing: there is no such thing here, and the deadline ends
// the program.
func dieWithParent(*syscall.SysProcAttr) {}
