//go:build unix

package tasks

import "syscall"

// openFlags keep a FIFO in the place of a folder from holding us.
const openFlags = syscall.O_NONBLOCK
