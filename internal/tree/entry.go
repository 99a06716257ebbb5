package tree

import (
	"context"
	"errors"
	"time"
)

// Files are files that can be walked: a folder on disk, which is a *Root, or a commit.
type Files interface {
	// Walk is as Root.Walk.
	Walk(ctx context.Context, o WalkOptions, fn func(worker int, e *Entry) error) (WalkStats, error)
}

// An Entry is a file that a walk has come to. It is good only until fn returns.
type Entry struct {
	Path string // slash-separated, relative to the root

	name    string
	dir     dir
	w       *walker
	content Content // of a file that is not on disk
}

// A Content is what is in a file that is not on disk. Its methods are as those of Entry.
type Content interface {
	Read(buf []byte, limit int64) ([]byte, error)
	Stat() (size int64, modified time.Time, err error)
}

// NewEntry returns the entry of a file that is not on disk, for implementations of Files.
func NewEntry(path string, c Content) *Entry { return &Entry{Path: path, content: c} }

// What Read returns for files that are not searched.
var (
	ErrTooLarge = errors.New("the file is over the size limit")
	ErrBinary   = errors.New("the file is not text")
)

// IsSpecial reports whether err says that what was a regular file when its folder was
// read is none any more.
func IsSpecial(err error) bool {
	return err == errSpecial || err == errIsLink || err == errIsDir
}

// firstRead is how much of a file is read before the rest is known to be wanted.
const firstRead = 64 << 10

// Read returns the whole file, in buf if it fits. It fails with ErrBinary for what is
// not text and ErrTooLarge for text of more than limit bytes, both of which cost one
// read, and with the errors of io/fs. It never blocks on a FIFO.
func (e *Entry) Read(buf []byte, limit int64) ([]byte, error) {
	if e.content != nil {
		return e.content.Read(buf, limit)
	}
	var f rawFile
	err := e.w.retry(func() (err error) {
		f, err = e.dir.openFile(e.name)
		return err
	})
	if err != nil {
		if isScarce(err) {
			return nil, busy()
		}
		return nil, err
	}
	defer f.close()
	// One byte more than the size: a read that does not fill the buffer was the last.
	size := f.size()
	buf = grow(buf[:0], int(min(size+1, firstRead)))
	for n := 0; ; {
		m, err := f.read(buf[n:])
		if err != nil {
			return nil, err
		}
		if n == 0 && isBinary(buf[:m]) {
			return nil, ErrBinary
		}
		n += m
		if max(size, int64(n)) > limit {
			return nil, ErrTooLarge
		}
		if m == 0 || n < len(buf) {
			return buf[:n], nil
		}
		// A file that grows while it is read makes more rounds.
		buf = grow(buf, int(max(size+1, int64(n)+firstRead)))
	}
}

// grow returns buf with length n, its old bytes kept.
func grow(buf []byte, n int) []byte {
	if n > cap(buf) {
		return append(make([]byte, 0, n), buf...)[:n]
	}
	return buf[:n]
}

// Stat returns the size of the file, in bytes, and when it was changed, without
// following a link. It fails with the errors of io/fs.
func (e *Entry) Stat() (size int64, modified time.Time, err error) {
	if e.content != nil {
		return e.content.Stat()
	}
	return e.dir.times(e.name)
}
