package registry

import (
	"context"
	"sync"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"cleat/internal/progress"
)

// notify returns a context whose progress goes to the client, where it asked for that. Once
// stop was called nothing is sent any more.
func notify(ctx context.Context, req *mcp.CallToolRequest) (_ context.Context, stop func()) {
	token := req.Params.GetProgressToken()
	if token == nil || req.Session == nil {
		return ctx, func() {}
	}
	var mu sync.Mutex
	ended, last := false, -1.0
	to := ctx
	return progress.With(ctx, func(done float64, message string) {
		mu.Lock()
		defer mu.Unlock()
		if ended || done <= last {
			return // progress only grows
		}
		last = done
		// That a client no longer listens is told by the call's own end.
		_ = req.Session.NotifyProgress(to, &mcp.ProgressNotificationParams{ProgressToken: token, Progress: done, Message: message})
	}), func() { mu.Lock(); defer mu.Unlock(); ended = true }
}
