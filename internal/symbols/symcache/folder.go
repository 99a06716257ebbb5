package symcache

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"cleat/internal/sorting"
)

const (
	ending   = ".seg"
	unborn   = ".part"
	smallSeg = 4 << 20 // bytes below which a segment is merged with others
	maxSmall = 12      // small segments before they are merged
	partLife = time.Hour
)

// readSeq returns the number that a segment's name begins with.
func readSeq(name string) (uint64, bool) {
	seq, rest, ok := strings.Cut(strings.TrimSuffix(name, ending), "-")
	if !ok || len(seq) != 16 || rest == "" {
		return 0, false
	}
	n, err := strconv.ParseUint(seq, 16, 63)
	return n, err == nil
}

func (c *Cache) lastSeq() uint64 {
	if len(c.segs) == 0 {
		return 0
	}
	return c.segs[0].seq
}

// refresh reads the folder: it opens what other processes have added, forgets what they
// have removed, and removes what is no segment of this version.
func (c *Cache) refresh() error {
	names, err := c.list()
	if err != nil {
		return err
	}
	var kept []*segment
	for _, s := range c.segs {
		switch _, there := names[s.name]; {
		case s.bad.Load():
			c.remove(s)
		case !there:
			s.file.Close() // it was only read
		default:
			kept = append(kept, s)
			delete(names, s.name)
		}
	}
	c.segs = kept
	for _, name := range slices.Sorted(maps.Keys(names)) {
		s, err := c.load(name)
		if err != nil {
			// Damaged, foreign or gone: no use, and no harm if it cannot be removed.
			_ = c.dir.Remove(name)
			continue
		}
		c.segs = append(c.segs, s)
	}
	sorting.Sort(c.segs, bySeq)
	c.trim()
	return nil
}

// list returns the names of the segments, and removes other files that belong to a cache
// but to no process any more.
func (c *Cache) list() (map[string]bool, error) {
	dir, err := c.dir.Open(".")
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	names := make(map[string]bool)
	for {
		entries, err := dir.ReadDir(256)
		for _, e := range entries {
			name := e.Name()
			switch {
			case !e.Type().IsRegular():
			case strings.HasSuffix(name, ending):
				names[name] = true
			case strings.HasSuffix(name, unborn):
				if info, err := e.Info(); err == nil && c.now().Sub(info.ModTime()) > partLife {
					_ = c.dir.Remove(name) // another process may have been quicker
				}
			}
		}
		if errors.Is(err, io.EOF) {
			return names, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// load opens a segment.
func (c *Cache) load(name string) (*segment, error) {
	seq, ok := readSeq(name)
	if !ok {
		return nil, errForeign
	}
	f, err := c.dir.Open(name)
	if err != nil {
		return nil, err
	}
	s := &segment{name: name, seq: seq, file: f}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errForeign
	}
	if err == nil {
		s.size = info.Size()
		s.index, err = load(f, s.size)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return s, nil
}

// add writes a segment of records and opens it.
func (c *Cache) add(records map[key][]byte, seq uint64) error {
	name := fmt.Sprintf("%016x-%s", seq, strings.ToLower(rand.Text()))
	if err := c.create(name+unborn, marshal(records)); err != nil {
		return err
	}
	if err := c.dir.Rename(name+unborn, name+ending); err != nil {
		return errors.Join(err, c.dir.Remove(name+unborn))
	}
	s, err := c.load(name + ending)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // another process found the cache too large
	}
	if err != nil {
		return err
	}
	c.segs = append(c.segs, s)
	sorting.Sort(c.segs, bySeq)
	return nil
}

func (c *Cache) create(name string, data []byte) error {
	f, err := c.dir.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, c.dir.Remove(name))
	}
	return nil
}

// merge makes one segment of several small ones, where there are many.
func (c *Cache) merge() error {
	for {
		var small []*segment
		for _, s := range c.segs {
			if s.size < smallSeg && !s.bad.Load() {
				small = append(small, s)
			}
		}
		if len(small) <= maxSmall {
			return nil
		}
		// The newest first, until they fill one that is not small.
		records := make(map[key][]byte)
		var size int64
		n := 0
		for ; n < len(small) && size < smallSeg; n++ {
			size += small[n].size
			for _, e := range small[n].index {
				if _, ok := records[e.key]; ok {
					continue
				}
				if rec, ok := small[n].record(e); ok {
					records[e.key] = rec
				}
			}
		}
		if len(records) > 0 {
			if err := c.add(records, small[0].seq); err != nil {
				return err
			}
		}
		for _, s := range small[:n] {
			c.remove(s)
		}
		c.segs = slices.DeleteFunc(c.segs, func(s *segment) bool { return slices.Contains(small[:n], s) })
	}
}

// trim removes the oldest segments while there is too much.
func (c *Cache) trim() {
	var size int64
	entries := 0
	for i, s := range c.segs {
		size += s.size
		entries += len(s.index)
		if size > MaxBytes || entries > maxEntries {
			for _, old := range c.segs[i:] {
				c.remove(old)
			}
			c.segs = c.segs[:i]
			return
		}
	}
}

// remove closes a segment and removes its file. Where that cannot be done, another
// process has done it or holds it open, and it is tried again when the folder is next read.
func (c *Cache) remove(s *segment) {
	s.file.Close() // it was only read
	_ = c.dir.Remove(s.name)
}
