package once

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// openFlags: opening a regular name never waits here.
const openFlags = 0

// Locks are mandatory on Windows, so the locked byte lies far behind the end of the file,
// where nobody reads or writes.
func lockedByte() *windows.Overlapped { return &windows.Overlapped{OffsetHigh: 0x7fffffff} }

// tryLock takes the lock on file, or returns errLocked. The lock ends with unlock, or
// with the process.
func tryLock(file *os.File) error {
	const flags = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	err := windows.LockFileEx(windows.Handle(file.Fd()), flags, 0, 1, 0, lockedByte())
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) || errors.Is(err, windows.ERROR_IO_PENDING) {
		return errLocked
	}
	return err
}

func unlock(file *os.File) error {
	return windows.UnlockFileEx(windows.Handle(file.Fd()), 0, 1, 0, lockedByte())
}

// syncDir has nothing to do: a folder cannot be flushed here.
func syncDir(*os.Root) error { return nil }
