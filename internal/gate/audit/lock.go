package audit

import (
	"context"
	"errors"
	"os"
	"time"

	"cleat/internal/fail"
)

// errLocked means that another process holds the lock.
var errLocked = errors.New("locked by another process")

// waitLock takes the lock on file. It asks again and again instead of blocking in the
// system, since that wait could not be ended and would hold a thread. It waits no longer
// than ctx and limit, and fails with errLocked in its chain when limit is over.
func waitLock(ctx context.Context, file *os.File, limit time.Duration) error {
	err := tryLock(file)
	if !errors.Is(err, errLocked) {
		return err
	}
	end := time.NewTimer(limit)
	defer end.Stop()
	for pause := 50 * time.Microsecond; ; pause = min(2*pause, 5*time.Millisecond) {
		again := time.NewTimer(pause)
		select {
		case <-again.C:
		case <-end.C:
			again.Stop()
			return busy(err).Because("the lock was not free within %s", limit)
		case <-ctx.Done():
			again.Stop()
			return busy(context.Cause(ctx))
		}
		if err = tryLock(file); !errors.Is(err, errLocked) {
			return err
		}
	}
}

func busy(err error) *fail.Error {
	return fail.Errorf(fail.Busy, "the audit log is in use: %w", err).
		Then("ask the user whether another cleat process hangs or is stopped, and to end it").
		After(2 * time.Second)
}
