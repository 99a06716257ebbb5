package proc

import (
	"errors"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// A head keeps the first max bytes written to it and counts the others. Writing and
// taking may happen at the same time.
type head struct {
	mu  sync.Mutex
	max int64
	buf []byte
	cut int64
}

func (h *head) Write(b []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	keep := min(int64(len(b)), h.max-int64(len(h.buf)))
	h.buf = append(h.buf, b[:keep]...)
	h.cut += int64(len(b)) - keep
	return len(b), nil
}

func (h *head) take() ([]byte, int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.buf, h.cut
}

// An outPipe reads what a child writes. Once the child has ended, a Read waits for at
// most holdDelay: whoever still holds the other end is not the child.
type outPipe struct {
	f       *os.File
	expired atomic.Bool
	held    atomic.Bool // a Read gave up waiting
}

func newOutPipe(f *os.File) *outPipe { return &outPipe{f: f} }

func (o *outPipe) Read(b []byte) (int, error) {
	for {
		mine := o.expired.Load()
		if mine {
			o.limit()
		}
		n, err := o.f.Read(b)
		if err == nil || n > 0 || errors.Is(err, io.EOF) {
			return n, err
		}
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded) && !mine:
			continue // the deadline came while we waited; try once more with our own
		case errors.Is(err, os.ErrDeadlineExceeded), o.expired.Load() && errors.Is(err, os.ErrClosed):
			o.held.Store(true)
			return 0, io.EOF
		}
		return 0, err
	}
}

// expire is called when the child has ended, or is given up.
func (o *outPipe) expire() {
	o.expired.Store(true)
	o.limit()
}

// limit bounds the next wait. Where pipes know no deadlines the pipe is closed instead.
func (o *outPipe) limit() {
	if err := o.f.SetReadDeadline(time.Now().Add(holdDelay)); errors.Is(err, os.ErrNoDeadline) {
		time.AfterFunc(holdDelay, func() { o.f.Close() })
	}
}
