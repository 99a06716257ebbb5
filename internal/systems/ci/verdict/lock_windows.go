package verdict

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// openFlags: opening a regular name never waits here.
const openFlags = 0

// tryLock takes the lock on file, or returns errLocked. The lock ends when the file is
// closed, or with the process. Locks are mandatory here, so the locked byte lies far behind
// the end of the file, where nobody reads or writes.
func tryLock(file *os.File) error {
	const flags = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	err := windows.LockFileEx(windows.Handle(file.Fd()), flags, 0, 1, 0, &windows.Overlapped{OffsetHigh: 0x7fffffff})
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) || errors.Is(err, windows.ERROR_IO_PENDING) {
		return errLocked
	}
	return err
}
