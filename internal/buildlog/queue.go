package buildlog

import (
	"context"
	"errors"
	"io"
	"sync"
)

// A queue gives the blocks of a log to several goroutines, and what they found in them to
// one function, in order. Who takes a block reads it, so that it is in the cache of the
// processor that looks at it.
type queue struct {
	add  func(*scanned)
	stop context.CancelCauseFunc // ends the work on other blocks

	reading sync.Mutex // held while a block is read; taken before mu
	src     blocks
	taken   int

	mu    sync.Mutex
	some  sync.Cond  // there is a free buffer, or an end
	free  [][]byte   // buffers; nil ones are to be made
	ready []*scanned // by nth modulo their number, which is that of the buffers
	added int
	ended bool
	err   error // the first; for everybody after all have ended
}

func newQueue(r io.Reader, buffers int, add func(*scanned), stop context.CancelCauseFunc) *queue {
	q := &queue{add: add, stop: stop, src: blocks{r: r}, free: make([][]byte, buffers), ready: make([]*scanned, buffers)}
	q.some.L = &q.mu
	return q
}

// take returns the next block, or nil after the last one and after an error.
func (q *queue) take(ctx context.Context) *scanned {
	q.reading.Lock()
	defer q.reading.Unlock()
	buf, ok := q.buffer()
	if !ok {
		return nil
	}
	err := canceled(ctx)
	var b block
	if err == nil {
		b, err = q.src.next(buf)
	}
	if err != nil {
		q.end(err)
		return nil
	}
	q.taken++
	return &scanned{block: b, nth: q.taken - 1, buf: buf}
}

// buffer waits for a free buffer, and reports whether there is more to read.
func (q *queue) buffer() ([]byte, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.free) == 0 && !q.ended {
		q.some.Wait()
	}
	if q.ended {
		return nil, false
	}
	k := len(q.free) - 1
	buf := q.free[k]
	if q.free = q.free[:k]; buf == nil {
		buf = make([]byte, blockSize)
	}
	return buf, true
}

// give takes back a block that was scanned.
func (q *queue) give(in *scanned) {
	if in.err != nil {
		q.end(in.err)
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	n := len(q.ready)
	q.ready[in.nth%n] = in
	for next := q.ready[q.added%n]; next != nil && q.err == nil; next = q.ready[q.added%n] {
		q.add(next)
		q.ready[q.added%n] = nil
		q.added++
		q.free = append(q.free, next.buf)
	}
	q.some.Broadcast()
}

// end notes that there is nothing more to read, and why.
func (q *queue) end(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ended = true
	if !errors.Is(err, io.EOF) && q.err == nil {
		q.err = err
		q.stop(err)
	}
	q.some.Broadcast()
}
