package audit

import (
	"context"
	"errors"
	"os"
	"time"

	"cleat/internal/fail"
	"cleat/internal/lockfile"
)

// longestPause is the longest time between two tries to take the lock.
const longestPause = 5 * time.Millisecond

// waitLock takes the lock on file. It waits no longer than ctx and limit, and fails with
// lockfile.ErrHeld in its chain when limit is over.
func waitLock(ctx context.Context, file *os.File, limit time.Duration) error {
	err := lockfile.Try(file)
	if !errors.Is(err, lockfile.ErrHeld) {
		return err
	}
	within, end := context.WithTimeout(ctx, limit)
	defer end()
	switch err = lockfile.Wait(within, file, longestPause); {
	case !errors.Is(err, lockfile.ErrHeld):
		return err
	case ctx.Err() != nil:
		return busy(context.Cause(ctx))
	}
	return busy(err).Because("the lock was not free within %s", limit)
}

func busy(err error) *fail.Error {
	return fail.Errorf(fail.Busy, "the audit log is in use: %w", err).
		Then("ask the user whether another cleat process hangs or is stopped, and to end it").
		After(2 * time.Second)
}
