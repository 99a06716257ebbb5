package gate

import (
	"context"
	"hash/maphash"
	"runtime/debug"
	"sync"
	"time"

	"cleat/internal/fail"
	"cleat/internal/registry"
)

// slots bounds the calls in flight and those that wait for a place.
type slots struct {
	free  chan struct{}
	queue chan struct{} // nil entries of what waits or runs
}

func newSlots(l Limits) *slots {
	return &slots{free: make(chan struct{}, l.InFlight), queue: make(chan struct{}, l.InFlight+l.Queue)}
}

// take waits for a slot and returns the function that gives it back. It fails with
// fail.Busy at once when the queue is full.
func (s *slots) take(ctx context.Context) (func(), error) {
	select {
	case s.queue <- struct{}{}:
	default:
		return nil, fail.Errorf(fail.Busy, "%d calls are waiting already", cap(s.queue)-cap(s.free)).
			Then("wait for answers before sending more").After(time.Second)
	}
	select {
	case s.free <- struct{}{}:
		return func() { <-s.free; <-s.queue }, nil
	case <-ctx.Done():
		<-s.queue
		return nil, context.Cause(ctx)
	}
}

// repeats counts how often the very same call has failed in a row.
type repeats struct {
	mu   sync.Mutex
	seed maphash.Seed
	seen map[uint64]int
}

// maxRepeats bounds the calls that are remembered; past it the count starts anew.
const maxRepeats = 512

// count notes the outcome of req and returns how often it has failed.
func (r *repeats) count(req registry.Request, failed bool) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.seen == nil || len(r.seen) > maxRepeats {
		r.seed, r.seen = maphash.MakeSeed(), map[uint64]int{}
	}
	var h maphash.Hash
	h.SetSeed(r.seed)
	for _, s := range []string{req.Method, req.Name, string(req.Args)} {
		h.WriteString(s)
		h.WriteByte(0)
	}
	k := h.Sum64()
	if !failed {
		delete(r.seen, k)
		return 0
	}
	r.seen[k]++
	return r.seen[k]
}

func stack() string { return string(debug.Stack()) }
