package sources

import (
	"context"
	"io"

	"cleat/internal/host"
)

// OpenSource opens a source for tests, in no set.
func (k Kind) OpenSource(ctx context.Context, config any, h host.Host) (io.Closer, error) {
	return k.open(ctx, config, h)
}

// Tracker is what the source has of tickets, nil if nothing.
var Tracker = trackerOf
