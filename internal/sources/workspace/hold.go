package workspace

import (
	"context"
	"io"
	"path"

	"golang.org/x/sync/semaphore"
)

// What documents that are open at once may take, in bytes. Redacting and parsing one takes
// several times its size.
const (
	holdAll   = 64 << 20
	holdMost  = 32 << 20  // counted of one, however large: beyond that it is read by parts
	holdLeast = 256 << 10 // what is smaller is not counted
)

// hold waits until the document called name, of size bytes, may be taken into memory, and
// returns what gives the room back.
func (s *Source) hold(ctx context.Context, name string, size int64) (release func(), err error) {
	switch path.Ext(name) {
	case ".yaml", ".yml":
		size = holdMost // its aliases make it as large as its author likes
	}
	if size < holdLeast {
		return func() {}, nil
	}
	n := min(size, holdMost)
	if err := s.room.Acquire(ctx, n); err != nil {
		return nil, context.Cause(ctx)
	}
	return func() { s.room.Release(n) }, nil
}

func newRoom() *semaphore.Weighted { return semaphore.NewWeighted(holdAll) }

// A held is a body that gives its room back when it is closed.
type held struct {
	io.ReadSeekCloser
	release func() // once
}

// Close implements io.Closer.
func (h held) Close() error {
	h.release()
	return h.ReadSeekCloser.Close()
}
