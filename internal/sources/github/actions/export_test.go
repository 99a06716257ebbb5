package actions

import (
	"context"
	"time"
)

// SetSleep replaces how r waits.
func (r *Runner) SetSleep(f func(ctx context.Context, d time.Duration) error) { r.forge.Sleep = f }
