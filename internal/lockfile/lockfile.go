// Package lockfile locks files between processes, and between the open files of one. A lock
// binds only those that ask for it; it ends with Unlock, when the file is closed, or with the
// process, however that ends.
package lockfile

import (
	"context"
	"errors"
	"os"
	"time"
)

// ErrHeld means that another process, or another open file, has the lock.
var ErrHeld = errors.New("the lock is held by another")

// Try takes the lock on file for itself alone, or fails with ErrHeld.
func Try(file *os.File) error { return try(file, true) }

// TryShared takes the lock on file together with others that share it, or fails with ErrHeld.
func TryShared(file *os.File) error { return try(file, false) }

// Unlock gives the lock on file back.
func Unlock(file *os.File) error { return unlock(file) }

// Wait takes the lock on file for itself alone. It asks again and again, after pauses of at most
// the given time, instead of blocking in the system: that wait could not be ended, and would
// hold a thread. It asks once in any case, and fails with ErrHeld when ctx ends first.
func Wait(ctx context.Context, file *os.File, most time.Duration) error {
	for pause := 50 * time.Microsecond; ; pause = min(2*pause, most) {
		err := Try(file)
		if !errors.Is(err, ErrHeld) {
			return err
		}
		again := time.NewTimer(pause)
		select {
		case <-again.C:
		case <-ctx.Done():
			again.Stop()
			return err
		}
	}
}
