//go:build unix

package git

import (
	"os"
	"syscall"
)

// openFlags open a file for reading without waiting for the other end of a FIFO.
const openFlags = os.O_RDONLY | syscall.O_NONBLOCK
