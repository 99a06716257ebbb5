package gate

import (
	"context"
	"hash/maphash"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"cleat/internal/fail"
	"cleat/internal/registry"
)

// slots bounds the calls in flight and those that wait for a place.
type slots struct {
	free  chan struct{}
	queue chan struct{} // nil entries of what waits or runs
	bytes atomic.Int64  // of the arguments of what waits or runs

	last  atomic.Int64 // when the last call came, in nanoseconds since start
	start time.Time
	mu    sync.Mutex
	calm  chan struct{} // closed when the burst is over; nil outside of one
}

// What makes a burst. Calls that compute keep the processors busy, and then what the client
// sends is read only as fast as calls end: a ping or a cancellation behind a thousand calls
// would wait for all of them. So in a burst new calls begin only when it has been read.
const (
	burstSize = 4 // calls that run
	burstLull = 10 * time.Millisecond
	burstMost = time.Second
)

// maxQueued bounds the arguments of the calls that wait or run, in bytes. A call that is
// alone may have more.
const maxQueued = 64 << 20

func newSlots(l Limits) *slots {
	return &slots{start: time.Now(), free: make(chan struct{}, l.InFlight), queue: make(chan struct{}, l.InFlight+l.Queue)}
}

// take waits for a slot and returns the function that gives it back, for a call with
// arguments of so many bytes. It fails with fail.Busy at once when the queue is full.
func (s *slots) take(ctx context.Context, bytes int) (func(), error) {
	busy := func(what string, n int) error {
		return fail.Errorf(fail.Busy, "%d %s waiting already", n, what).
			Then("wait for answers before sending more").After(time.Second)
	}
	select {
	case s.queue <- struct{}{}:
	default:
		return nil, busy("calls are", cap(s.queue)-cap(s.free))
	}
	n := int64(bytes)
	leave := func() { s.bytes.Add(-n); <-s.queue }
	if all := s.bytes.Add(n); all > maxQueued && all > n {
		leave()
		return nil, busy("bytes of arguments are", int(all-n))
	}
	if err := s.settle(ctx); err != nil {
		leave()
		return nil, err
	}
	select {
	case s.free <- struct{}{}:
		return func() { <-s.free; leave() }, nil
	case <-ctx.Done():
		leave()
		return nil, context.Cause(ctx)
	}
}

// settle waits in a burst until it is over.
func (s *slots) settle(ctx context.Context) error {
	s.last.Store(int64(time.Since(s.start)))
	s.mu.Lock()
	calm := s.calm
	if calm == nil && len(s.free) >= burstSize {
		calm = make(chan struct{})
		s.calm = calm
		go s.watch(calm)
	}
	s.mu.Unlock()
	if calm == nil {
		return nil
	}
	select {
	case <-calm:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// watch closes calm when no call has come for a moment.
func (s *slots) watch(calm chan struct{}) {
	tick := time.NewTicker(burstLull)
	defer tick.Stop()
	for began := time.Since(s.start); ; {
		<-tick.C
		now := time.Since(s.start)
		if now-time.Duration(s.last.Load()) >= burstLull || now-began >= burstMost {
			break
		}
	}
	s.mu.Lock()
	s.calm = nil
	s.mu.Unlock()
	close(calm)
}

// newShares bounds the calls in flight to each source on the network to a quarter of all,
// so that one that does not answer leaves room for the others.
func newShares(o Options) map[string]chan struct{} {
	shares := map[string]chan struct{}{}
	for _, src := range o.Set.List() {
		if !src.Local {
			shares[src.Name] = make(chan struct{}, max(1, o.Limits.InFlight/4))
		}
	}
	return shares
}

// share waits for a place among the calls to the source of the call, and returns the
// function that gives it back.
func (v *visit) share(ctx context.Context) (func(), error) {
	if v.call == nil || v.gate.shares[v.call.Source] == nil {
		return func() {}, nil
	}
	share := v.gate.shares[v.call.Source]
	select {
	case share <- struct{}{}:
		return func() { <-share }, nil
	case <-ctx.Done():
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
	for _, s := range []string{req.Method, req.Name, string(req.Raw())} {
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
