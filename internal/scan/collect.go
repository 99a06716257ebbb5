package scan

import (
	"bytes"
	"container/heap"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"cleat/internal/systems/code"
	"cleat/internal/tree"
)

// A found is the matching lines of one file.
type found struct {
	code.File
	kept  int // matching lines in Lines
	bytes int // of Lines
}

// A collector keeps the first lines in the order of paths, whatever the order they
// come in. It is safe for concurrent use.
type collector struct {
	limit int

	mu    sync.Mutex
	files byPath // the last path on top
	lines int    // kept in files
	bytes int
	cut   atomic.Pointer[string] // no path after it is wanted any more
}

// until returns the last path that is still of interest, or "".
func (c *collector) until() string {
	if p := c.cut.Load(); p != nil {
		return *p
	}
	return ""
}

func (c *collector) add(f *found) {
	if f.kept == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if cut := c.until(); cut != "" && f.Path > cut {
		return
	}
	heap.Push(&c.files, f)
	c.lines += f.kept
	c.bytes += f.bytes
	full := false
	for c.lines >= c.limit || c.bytes >= maxKept {
		full = true
		last := c.files[0]
		if len(c.files) == 1 || c.lines-last.kept < c.limit && c.bytes-last.bytes < maxKept {
			break
		}
		heap.Pop(&c.files)
		c.lines -= last.kept
		c.bytes -= last.bytes
	}
	if full {
		c.cut.Store(&c.files[0].Path)
	}
}

// byPath is a heap with the last path on top.
type byPath []*found

func (h byPath) Len() int           { return len(h) }
func (h byPath) Less(i, j int) bool { return h[i].Path > h[j].Path }
func (h byPath) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *byPath) Push(x any)        { *h = append(*h, x.(*found)) }
func (h *byPath) Pop() any {
	old := *h
	n := len(old) - 1
	f := old[n]
	old[n] = nil
	*h = old[:n]
	return f
}

// from returns how many lines of the file were delivered by earlier pages, and the last
// of them.
func (w *worker) from(path string) (given, line int) {
	if a := w.m.after; a != nil && a.path == path {
		return a.given, a.line
	}
	return 0, 0
}

// most returns how many more lines of the file are wanted.
func (w *worker) most(path string) int {
	given, _ := w.from(path)
	return min(max(w.m.q.PerFile-given, 0), w.c.limit)
}

// collect returns the matching lines of data, of which h is the first, and counts all.
func (w *worker) collect(path string, data []byte, h hit) *found {
	f := &found{File: code.File{Path: path}}
	most := w.most(path)
	_, after := w.from(path)
	shown := 0        // end of the last line taken
	rest := len(data) // where lines begin that are not taken
	number, counted := 1, 0
	for ok := true; ok; h, ok = w.lines.next(data, min(h.end+1, len(data))) {
		f.Matches++
		if f.kept == most || f.bytes > maxKept {
			rest = min(rest, h.start)
			continue
		}
		number += countLines(data, counted, h.start)
		counted = h.start
		if number <= after {
			continue
		}
		w.context(f, data, shown, h, number)
		f.add(code.Line{Number: number, Match: true,
			Text: clip(chomp(data[h.start:h.end]), w.at(data, h), w.o.MaxLine)})
		f.kept++
		shown = h.end + 1
	}
	if n := w.m.q.Context; n > 0 && f.kept > 0 {
		// What follows the last line taken.
		last := f.Lines[len(f.Lines)-1].Number
		w.after(f, data, shown, rest, last, n)
	}
	return f
}

// at returns where the match is in the line, if the line is to be clipped.
func (w *worker) at(data []byte, h hit) int {
	if h.end-h.start <= w.o.MaxLine {
		return 0
	}
	return w.lines.place(data, h)
}

func (f *found) add(l code.Line) {
	f.Lines = append(f.Lines, l)
	f.bytes += len(l.Text) + 32
}

// context takes the lines between the last one taken, which ends before shown, and the
// match h.
func (w *worker) context(f *found, data []byte, shown int, h hit, number int) {
	n := w.m.q.Context
	if n == 0 {
		return
	}
	if f.kept > 0 {
		last := f.Lines[len(f.Lines)-1].Number
		shown = w.after(f, data, shown, h.start, last, n)
	}
	// Go back n lines, not beyond what was taken.
	begin, first := h.start, number
	for first > number-n && begin > shown {
		begin = bytes.LastIndexByte(data[:begin-1], '\n') + 1
		first--
	}
	w.after(f, data, begin, h.start, first-1, n)
}

// after takes up to n lines of data[from:to] as context, last being the number before
// them. It returns where the next one begins.
func (w *worker) after(f *found, data []byte, from, to, last, n int) int {
	for ; n > 0 && from < to; n-- {
		end := bytes.IndexByte(data[from:to], '\n')
		next := from + end + 1
		if end < 0 {
			end, next = to-from, to
		}
		last++
		f.add(code.Line{Number: last, Text: clip(chomp(data[from:from+end]), 0, w.o.MaxLine)})
		from = next
	}
	return from
}

func chomp(line []byte) []byte { return bytes.TrimSuffix(line, []byte{'\r'}) }

// result puts what was collected in order, and says how to go on.
func (r *run) result(res *code.Result, st tree.WalkStats) {
	files := []*found(r.c.files)
	slices.SortFunc(files, func(a, b *found) int { return strings.Compare(a.Path, b.Path) })
	gap := st.Pending
	limit := r.m.q.Limit
	var seen []uint64
	if a := r.m.after; a != nil {
		seen = a.seen
	}
	carried := len(seen)
	var next *cursor
	for _, f := range files {
		beyond := gap != "" && f.Path > gap
		room := limit - res.Matches
		if f.kept > room || beyond && len(seen) == maxSeen {
			if !beyond {
				next = r.part(res, f, room)
			}
			break
		}
		res.Files = append(res.Files, f.File)
		res.Matches += f.kept
		if beyond {
			seen = append(seen, path64(f.Path))
		}
	}
	switch {
	case next != nil:
		next.seen = seen[:carried]
	case gap != "":
		next = &cursor{path: gap, seen: seen}
		if a := r.m.after; a != nil && a.path >= gap {
			next.path, next.line, next.given = a.path, a.line, a.given // nothing was gained
		}
	case r.c.until() != "" && len(files) > 0:
		// The lines were few enough but too long: the next page begins behind them.
		f := files[len(files)-1]
		given, line := f.last(r.m.after)
		next = &cursor{path: f.Path, line: line, given: given, seen: seen}
	default:
		return
	}
	slices.Sort(next.seen)
	res.Cursor = next.encode(r.m.sum)
}

// last returns how many lines of f were delivered with all that is in it, and which was
// the last of them.
func (f *found) last(a *cursor) (given, line int) {
	if a != nil && a.path == f.Path {
		given, line = a.given, a.line
	}
	for _, l := range f.Lines {
		if l.Match {
			given++
			line = l.Number
		}
	}
	return given, line
}

// part delivers the first room matching lines of f, which has more, and returns the
// cursor behind them.
func (r *run) part(res *code.Result, f *found, room int) *cursor {
	n := 0
	cut := slices.IndexFunc(f.Lines, func(l code.Line) bool {
		if l.Match {
			n++
		}
		return n > room
	})
	if room <= 0 {
		cut = 0
	}
	f.Lines = f.Lines[:cut]
	given, line := f.last(r.m.after)
	for n := len(f.Lines); n > 0 && f.Lines[n-1].Number > line+r.m.q.Context; n-- {
		f.Lines = f.Lines[:n-1] // it belongs to the next match
	}
	if room > 0 {
		res.Files = append(res.Files, f.File)
		res.Matches += room
	}
	return &cursor{path: f.Path, line: line, given: given}
}

// set fills the report, if there is one.
func (rep *Report) set(v Report) {
	if rep == nil {
		return
	}
	slices.Sort(v.Large)
	v.Large = v.Large[:min(len(v.Large), maxNamed)]
	*rep = v
}
