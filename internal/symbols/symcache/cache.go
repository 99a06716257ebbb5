// Package symcache keeps what package symbols found in a file, by the content of the file,
// so that it need not be scanned again: by this process, the next one, or another that
// serves the same repository.
//
// A cache lies in the state folder as segment files, which are written once under a name
// of their own, renamed, and never changed. Whatever is wrong with one (it is cut,
// damaged, of another version of the scanners) it is ignored and removed: losing a part of
// the cache, or all of it, costs time and nothing else, so nothing waits for the disk. Any
// number of processes may share the folder.
//
// Nothing secret is kept: callers scan a text that has been redacted, and the hash by which it
// is kept is that of the redacted text. It is the id of the file's git blob only where
// nothing had to be masked.
package symcache

import (
	"crypto/sha256"
	"errors"
	"os"
	"sync"
	"time"

	"cleat/internal/symbols"
)

// Bounds of what is kept.
const (
	MaxBytes   = 64 << 20 // of all segments; the oldest go first
	maxEntries = 200_000  // of all segments: 24 bytes each are held in memory
	maxPending = 4 << 20  // bytes held back before they are written
	maxRecord  = 1 << 20  // bytes of one file's symbols
	minSource  = 1 << 10  // bytes of a file whose scan takes longer than to look it up
)

// A Cache keeps the symbols of files. A nil *Cache keeps nothing and scans each time. It
// is safe for concurrent use.
type Cache struct {
	state func() (*os.Root, error)
	now   func() time.Time

	mu      sync.RWMutex // guards what follows
	opened  bool
	dir     *os.Root // nil before the first use, after Close, and if it cannot be had
	err     error    // why nothing can be kept any more
	segs    []*segment
	pending map[key][]byte // records to be written
	bytes   int            // of pending
}

// A key says which scan a record is the result of.
type key [16]byte

// New returns a cache in a folder of its own below the state folder, which state returns
// (and closes, some day). Neither it nor the disk is touched before the first use.
func New(state func() (*os.Root, error), now func() time.Time) *Cache {
	return &Cache{state: state, now: now, pending: make(map[key][]byte)}
}

// Symbols returns the definitions in src, a file in the given language, as symbols.Scan
// does: from the cache where they are in it. hash returns a hash of its argument that no
// two texts share, such as a git blob id; it is called only where that saves time, and may
// be nil. src must be redacted.
func (c *Cache) Symbols(lang string, src []byte, hash func([]byte) string) []symbols.Symbol {
	if c == nil || hash == nil || len(src) < minSource {
		return symbols.Scan(lang, src)
	}
	k := keyOf(lang, hash(src))
	if list, ok := c.get(k); ok {
		return list
	}
	list := symbols.Scan(lang, src)
	c.put(k, list)
	return list
}

func keyOf(lang, id string) key {
	sum := sha256.Sum256([]byte(symbols.Version + "\x00" + lang + "\x00" + id))
	return key(sum[:16])
}

func (c *Cache) get(k key) ([]symbols.Symbol, bool) {
	list, ok, opened := c.find(k)
	if opened {
		return list, ok
	}
	c.mu.Lock()
	c.open()
	c.mu.Unlock()
	list, ok, _ = c.find(k)
	return list, ok
}

// find looks k up, if the cache has been opened.
func (c *Cache) find(k key) (list []symbols.Symbol, ok, opened bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if !c.opened {
		return nil, false, false
	}
	if rec, ok := c.pending[k]; ok {
		list, ok := decode(rec)
		return list, ok, true
	}
	for _, s := range c.segs {
		if rec, ok := s.read(k); ok {
			if list, ok := decode(rec); ok {
				return list, true, true
			}
			s.bad.Store(true)
		}
	}
	return nil, false, true
}

func (c *Cache) put(k key, list []symbols.Symbol) {
	rec := encode(list)
	if len(rec) > maxRecord {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.dir == nil {
		return
	}
	if _, ok := c.pending[k]; !ok {
		c.pending[k] = rec
		c.bytes += len(rec)
	}
	if c.bytes >= maxPending {
		c.write()
	}
}

// Flush writes what has been scanned since the last time. Its failure is told by Status
// and ends the keeping: a search does not fail because its results cannot be kept.
func (c *Cache) Flush() {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.write()
}

// Close flushes and closes the cache, which keeps nothing from then on.
func (c *Cache) Close() error {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.write()
	err := c.err
	c.opened = true
	c.shut(nil)
	return err
}

// A Status says how a cache is doing.
type Status struct {
	Segments int
	Files    int   // whose symbols are kept; more than there are, where segments overlap
	Bytes    int64 // on disk
	Err      error // why nothing more is kept; nil if all is well
}

// Status returns the state of a cache. It opens nothing.
func (c *Cache) Status() Status {
	if c == nil {
		return Status{}
	}
	c.mu.RLock()
	defer c.mu.RUnlock()
	st := Status{Segments: len(c.segs), Files: len(c.pending), Err: c.err}
	for _, s := range c.segs {
		st.Files += len(s.index)
		st.Bytes += s.size
	}
	return st
}

const folder = "symbols"

// open opens the folder and its segments, once. The caller holds the lock.
func (c *Cache) open() {
	if c.opened {
		return
	}
	c.opened = true
	state, err := c.state()
	if err == nil {
		err = state.Mkdir(folder, 0o700)
	}
	if err == nil || errors.Is(err, os.ErrExist) {
		c.dir, err = state.OpenRoot(folder)
	}
	if err == nil {
		err = c.refresh()
	}
	if err != nil {
		c.shut(err)
	}
}

// shut ends the keeping, for the reason err.
func (c *Cache) shut(err error) {
	for _, s := range c.segs {
		err = errors.Join(err, s.file.Close())
	}
	if c.dir != nil {
		err = errors.Join(err, c.dir.Close())
	}
	if c.err == nil {
		c.err = err
	}
	c.segs, c.dir, c.bytes = nil, nil, 0
	clear(c.pending)
}

// write makes a segment of what is pending. The caller holds the lock.
func (c *Cache) write() {
	if c.dir == nil || len(c.pending) == 0 {
		return
	}
	err := c.refresh()
	if err == nil {
		err = c.add(c.pending, c.lastSeq()+1)
	}
	if err == nil {
		err = c.merge()
	}
	if err != nil {
		c.shut(err)
		return
	}
	c.trim()
	clear(c.pending)
	c.bytes = 0
}
