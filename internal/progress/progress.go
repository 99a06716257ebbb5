// Package progress carries news of a call that takes long from whoever does the work to
// whoever waits for it.
package progress

import "context"

type key struct{}

// With returns a context whose work reports to f. f is called from any goroutine, and must
// not block.
func With(ctx context.Context, f func(done float64, message string)) context.Context {
	return context.WithValue(ctx, key{}, f)
}

// Report says how far the work of ctx is, in a unit of its own that only grows, and in a few
// words of cleat's. Where nobody listens it does nothing.
func Report(ctx context.Context, done float64, message string) {
	if f, ok := ctx.Value(key{}).(func(done float64, message string)); ok {
		f(done, message)
	}
}
