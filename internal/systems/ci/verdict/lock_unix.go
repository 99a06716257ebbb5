//go:build unix

package verdict

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// openFlags keep an open from waiting for the other end of a FIFO.
const openFlags = unix.O_NONBLOCK | unix.O_NOCTTY

// tryLock takes the lock on file, or returns errLocked. The lock ends when the file is
// closed, or with the process.
func tryLock(file *os.File) error {
	for {
		err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case errors.Is(err, unix.EWOULDBLOCK):
			return errLocked
		}
		return err
	}
}
