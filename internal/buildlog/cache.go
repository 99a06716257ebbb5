package buildlog

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"time"

	"cleat/internal/fail"
)

// Limits of a Cache.
const (
	MaxLog   = 2 << 30            // bytes of one log that are kept
	MaxCache = 4 << 30            // bytes of all of them
	Life     = 7 * 24 * time.Hour // of a log
)

// A File is a log that is kept. Its reader closes it.
type File interface {
	io.ReadSeekCloser
	io.ReaderAt
	Size() int64 // bytes that are kept
	Lines() int  // lines that are kept
	Cut() bool   // the log is longer than MaxLog: the rest is not kept
}

// A Cache keeps logs in the folder "logs" of a state folder, one file each, which only the
// user can read. A log is there whole or not at all. Caches are safe for concurrent use,
// also by several processes.
type Cache struct {
	state func() (*os.Root, error)
	now   func() time.Time
	most  int64 // bytes of a log
	room  int64 // bytes of all

	mu     sync.Mutex
	flight map[string]chan struct{} // logs that are being fetched, by file name; closed at the end
}

// NewCache returns a Cache in the folder that state returns, which stays open. Nothing is
// opened before the first call of Open.
func NewCache(state func() (*os.Root, error), now func() time.Time) *Cache {
	return &Cache{state: state, now: now, most: MaxLog, room: MaxCache, flight: make(map[string]chan struct{})}
}

// Open returns the log that is kept for the key, or else keeps what fetch returns. Calls at
// once for one key fetch once. The caller sees to it that the log of a key does not change
// any more, and that whoever asks may see it.
//
// It fails with fail.Unavailable where the log cannot be kept, with the cause of the end of
// ctx, and with the errors of fetch and of the reader that it returns.
func (c *Cache) Open(ctx context.Context, key string, fetch func(context.Context) (io.ReadCloser, error)) (File, error) {
	sum := sha256.Sum256([]byte(key))
	name := hex.EncodeToString(sum[:])
	dir, err := c.folder()
	if err != nil {
		return nil, unusable(err)
	}
	defer dir.Close()
	for {
		done, mine := c.enter(name)
		if !mine {
			select {
			case <-done:
				if f, err := c.open(dir, name); f != nil || err != nil {
					return fileOf(f), err
				}
				continue // it could not be had by that call; perhaps by this one
			case <-ctx.Done():
				return nil, context.Cause(ctx)
			}
		}
		f, err := c.openOrFetch(ctx, dir, name, fetch)
		return fileOf(f), err
	}
}

// fileOf keeps nil a nil interface.
func fileOf(f *file) File {
	if f == nil {
		return nil
	}
	return f
}

// enter makes the caller the one that fetches a log, or returns what tells that another has
// ended.
func (c *Cache) enter(name string) (done chan struct{}, mine bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if done, ok := c.flight[name]; ok {
		return done, false
	}
	done = make(chan struct{})
	c.flight[name] = done
	return done, true
}

func (c *Cache) leave(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	close(c.flight[name])
	delete(c.flight, name)
}

// openOrFetch is what the one that has entered does.
func (c *Cache) openOrFetch(ctx context.Context, dir *os.Root, name string, fetch func(context.Context) (io.ReadCloser, error)) (*file, error) {
	defer c.leave(name)
	if f, err := c.open(dir, name); f != nil || err != nil {
		return f, err
	}
	log, err := fetch(ctx)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	temp := name + "." + rand.Text() + tempSuffix
	out, err := dir.OpenFile(temp, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, unusable(err)
	}
	f, err := c.fill(ctx, out, log)
	if err == nil {
		err = c.settle(dir, temp, name, f)
	}
	if err != nil {
		return nil, errors.Join(err, out.Close(), dir.Remove(temp))
	}
	return f, nil
}

// fill copies a log, as far as it is kept, and adds the trailer.
func (c *Cache) fill(ctx context.Context, out *os.File, log io.Reader) (*file, error) {
	f := &file{whole: out}
	buf := make([]byte, blockSize/4)
	var last byte
	for {
		if err := canceled(ctx); err != nil {
			return nil, err
		}
		n, err := log.Read(buf)
		if left := c.most - f.size; int64(n) > left {
			n, f.cut = int(left), true
		}
		if n > 0 {
			if _, err := out.Write(buf[:n]); err != nil {
				return nil, unusable(err)
			}
			f.size += int64(n)
			f.lines += bytes.Count(buf[:n], []byte("\n"))
			last = buf[n-1]
		}
		if f.cut || errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	if f.size > 0 && last != '\n' {
		f.lines++
	}
	if _, err := out.Write(f.trailer()); err != nil {
		return nil, unusable(err)
	}
	f.SectionReader = io.NewSectionReader(out, 0, f.size)
	return f, nil
}

// settle gives the file its name, and makes room for it.
func (c *Cache) settle(dir *os.Root, temp, name string, f *file) error {
	now := c.now()
	if err := dir.Chtimes(temp, now, now); err != nil {
		return unusable(err)
	}
	if err := c.sweep(dir, f.size+trailerSize, temp); err != nil {
		return unusable(err)
	}
	if err := dir.Rename(temp, name); err != nil {
		return unusable(err)
	}
	return nil
}

// open opens a log that is kept, or returns nil.
func (c *Cache) open(dir *os.Root, name string) (*file, error) {
	info, err := dir.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) || err == nil && (!info.Mode().IsRegular() || c.isOld(info.ModTime())) {
		return nil, nil
	}
	if err != nil {
		return nil, unusable(err)
	}
	opened, err := dir.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // dropped just now
	}
	if err != nil {
		return nil, unusable(err)
	}
	f, err := readTrailer(opened)
	if f == nil || err != nil {
		return nil, errors.Join(err, opened.Close())
	}
	return f, nil
}

// isOld reports whether a log of that time has outlived its life. One of the future is as
// good as old: nobody knows when it is from.
func (c *Cache) isOld(t time.Time) bool {
	age := c.now().Sub(t)
	return age > Life || age < -time.Hour
}

func unusable(err error) error {
	return fail.Errorf(fail.Unavailable, "the log cannot be kept on disk: %w", err).
		Then("tell the user: cleat's state folder has to be writable and have room")
}

// A file is an open log. Behind it stands a trailer.
type file struct {
	*io.SectionReader // of the log, without the trailer
	whole             *os.File
	size              int64
	lines             int
	cut               bool
}

func (f *file) Close() error { return f.whole.Close() }
func (f *file) Lines() int   { return f.lines }
func (f *file) Cut() bool    { return f.cut }

// A trailer ends the file of a log: a word that says so, and three numbers of eight bytes,
// size, lines and whether the log is cut.
const (
	trailerWord = "cleatlog"
	trailerSize = int64(len(trailerWord) + 3*8)
)

func (f *file) trailer() []byte {
	b := binary.BigEndian.AppendUint64([]byte(trailerWord), uint64(f.size))
	b = binary.BigEndian.AppendUint64(b, uint64(f.lines))
	cut := uint64(0)
	if f.cut {
		cut = 1
	}
	return binary.BigEndian.AppendUint64(b, cut)
}

// readTrailer returns the log in an open file, or nil where the file is not whole.
func readTrailer(opened *os.File) (*file, error) {
	info, err := opened.Stat()
	if err != nil {
		return nil, unusable(err)
	}
	size := info.Size() - trailerSize
	if size < 0 {
		return nil, nil
	}
	var b [trailerSize]byte
	if err := readAt(opened, b[:], size); err != nil {
		return nil, unusable(fmt.Errorf("reading its end: %w", err))
	}
	numbers := b[len(trailerWord):]
	lines := binary.BigEndian.Uint64(numbers[8:])
	if string(b[:len(trailerWord)]) != trailerWord || binary.BigEndian.Uint64(numbers) != uint64(size) || lines > uint64(size) {
		return nil, nil
	}
	return &file{SectionReader: io.NewSectionReader(opened, 0, size), whole: opened, size: size, lines: int(lines), cut: numbers[23] == 1}, nil
}
