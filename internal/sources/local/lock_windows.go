package local

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// openFlags: opening a regular name never waits here.
const openFlags = 0

// tryLock takes the lock on file for itself alone, or shares it, or returns errHeld. Locks
// are mandatory here, so the locked byte lies far behind the end of the file.
func tryLock(file *os.File, alone bool) error {
	flags := uint32(windows.LOCKFILE_FAIL_IMMEDIATELY)
	if alone {
		flags |= windows.LOCKFILE_EXCLUSIVE_LOCK
	}
	err := windows.LockFileEx(windows.Handle(file.Fd()), flags, 0, 1, 0, &windows.Overlapped{OffsetHigh: 0x7fffffff})
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) || errors.Is(err, windows.ERROR_IO_PENDING) {
		return errHeld
	}
	return err
}
