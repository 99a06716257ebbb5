package config

import (
	"os"

	"golang.org/x/sys/windows"
)

// lockFile waits for the exclusive lock on f, which ends when f is closed.
func lockFile(f *os.File) error {
	return windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK, 0, 1, 0, new(windows.Overlapped))
}

// syncDir has nothing to do: a folder cannot be flushed here.
func syncDir(string) error { return nil }
