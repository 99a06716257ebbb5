package scan

import (
	"cmp"
	"container/heap"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// maxRanked is how many matching lines are ranked. A pattern of which there are more is
// everywhere, and no file is better than another: the answer is in the order of paths,
// and the search ends as soon as it is full.
const maxRanked = MaxLimit

func byPath(a, b *found) int { return strings.Compare(a.Path, b.Path) }

func byRank(a, b *found) int {
	return cmp.Or(cmp.Compare(a.rank, b.rank), strings.Compare(a.Path, b.Path))
}

// A shelf keeps the first files in an order, as many as have the lines that are wanted.
// It is a heap with the last file on top.
type shelf struct {
	order func(a, b *found) int
	limit int // lines
	files []*found
	lines int // kept in files
	bytes int
	full  bool
}

func (s *shelf) Len() int           { return len(s.files) }
func (s *shelf) Less(i, j int) bool { return s.order(s.files[i], s.files[j]) > 0 }
func (s *shelf) Swap(i, j int)      { s.files[i], s.files[j] = s.files[j], s.files[i] }
func (s *shelf) Push(x any)         { s.files = append(s.files, x.(*found)) }
func (s *shelf) Pop() any {
	n := len(s.files) - 1
	f := s.files[n]
	s.files[n] = nil
	s.files = s.files[:n]
	return f
}

// wants reports whether there is room for f, whatever is in it.
func (s *shelf) wants(f *found) bool { return !s.full || s.order(f, s.files[0]) < 0 }

func (s *shelf) add(f *found) {
	if !s.wants(f) {
		return
	}
	heap.Push(s, f)
	s.lines += f.kept
	s.bytes += f.bytes
	for s.lines >= s.limit || s.bytes >= maxKept {
		s.full = true
		last := s.files[0]
		if len(s.files) == 1 || s.lines-last.kept < s.limit && s.bytes-last.bytes < maxKept {
			break
		}
		heap.Pop(s)
		s.lines -= last.kept
		s.bytes -= last.bytes
	}
}

// sorted empties the shelf and returns the files in order.
func (s *shelf) sorted() []*found {
	files := s.files
	s.files = nil
	slices.SortFunc(files, s.order)
	return files
}

// A collector keeps the first files in the order of ranks and, for when a search does
// not come to its end, in the order of paths, whatever the order they come in. It is
// safe for concurrent use.
type collector struct {
	limit int
	walk  bool // only the order of paths counts

	hits atomic.Int64 // matching lines seen, to tell whether there are too many to rank
	many atomic.Bool  // there are

	mu    sync.Mutex
	paths shelf
	ranks shelf
	texts []*found               // the first in the order that counts, with their text
	cut   atomic.Pointer[string] // of paths; no path after it is wanted any more
}

func newCollector(limit int, walk bool) *collector {
	return &collector{limit: limit, walk: walk,
		paths: shelf{order: byPath, limit: limit}, ranks: shelf{order: byRank, limit: limit}}
}

// ranked reports whether the order of ranks counts.
func (c *collector) ranked() bool { return !c.walk && !c.many.Load() }

// last returns the last path that can be in an answer in the order of paths, or "".
func (c *collector) last() string {
	if p := c.cut.Load(); p != nil {
		return *p
	}
	return ""
}

// until returns the last path that is still of interest, or "".
func (c *collector) until() string {
	if c.ranked() {
		return ""
	}
	return c.last()
}

// count takes account of n matching lines.
func (c *collector) count(n int) {
	if !c.walk && c.hits.Add(int64(n)) > maxRanked {
		c.many.Store(true)
	}
}

// open reports whether any file is wanted, whatever its rank and path.
func (c *collector) open() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.paths.full || c.ranked() && !c.ranks.full
}

// wants reports whether there is room for a file of f's path and rank.
func (c *collector) wants(f *found) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.paths.wants(f) || c.ranked() && c.ranks.wants(f)
}

// add takes a file and, if there may be use for it, a copy of its text.
func (c *collector) add(f *found, text []byte) {
	if f.kept == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.paths.add(f)
	if c.paths.full {
		c.cut.Store(&c.paths.files[0].Path)
	}
	order := byPath
	if c.ranked() {
		c.ranks.add(f)
		order = byRank
	} else if !c.walk {
		c.ranks.files, c.texts = nil, nil
		return // its scopes would be of some files only
	}
	c.keepText(f, text, order)
}

// keepText keeps a copy of the text of f if it is among the first.
func (c *collector) keepText(f *found, text []byte, order func(a, b *found) int) {
	if len(text) == 0 || len(text) > maxScopedFile {
		return
	}
	n := len(c.texts)
	if n == maxScopedFiles && order(f, c.texts[n-1]) > 0 {
		return
	}
	at, _ := slices.BinarySearchFunc(c.texts, f, order)
	f.text = slices.Clone(text)
	c.texts = slices.Insert(c.texts, at, f)
	if n == maxScopedFiles {
		c.texts[n].text = nil
		c.texts = c.texts[:n]
	}
}
