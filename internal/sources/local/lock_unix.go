//go:build unix

package local

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// openFlags keep an open from waiting for the other end of a FIFO.
const openFlags = unix.O_NONBLOCK | unix.O_NOCTTY

// tryLock takes the lock on file for itself alone, or shares it, or returns errHeld.
func tryLock(file *os.File, alone bool) error {
	how := unix.LOCK_SH
	if alone {
		how = unix.LOCK_EX
	}
	for {
		err := unix.Flock(int(file.Fd()), how|unix.LOCK_NB)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case errors.Is(err, unix.EWOULDBLOCK):
			return errHeld
		}
		return err
	}
}
