package actions

import (
	"context"
	"time"
)

// SetSleep sets how a runner waits.
func SetSleep(r *Runner, sleep func(ctx context.Context, d time.Duration) error) {
	r.forge.Sleep = sleep
}
