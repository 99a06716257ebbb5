package scan

import (
	"bytes"
	"hash/maphash"

	"cleat/internal/systems/code"
)

// A found is the matching lines of one file.
type found struct {
	code.File
	rank  rank
	kept  int      // matching lines in Lines
	bytes int      // of Lines
	sums  []uint64 // of the whole text of each line kept, for Compare
	text  []byte   // the content, for scopes; nil if it was not kept
}

// from returns how many lines of the file were delivered by earlier pages, and the last
// of them.
func (r *run) from(path string) (given, line int) {
	a := r.after
	if a == nil {
		return 0, 0
	}
	if a.walk && a.path == path {
		given, line = a.given, a.line
	}
	if a.floor != nil && a.floor.path == path && a.floor.line > line {
		given, line = a.floor.given, a.floor.line
	}
	return given, line
}

// most returns how many more lines of the file are wanted.
func (r *run) most(path string) int {
	given, _ := r.from(path)
	return min(max(r.perFile-given, 0), r.c.limit)
}

// collect puts the matching lines of data, of which h is the first, into f, and counts
// all. The judge, if not nil, sees every one of them.
func (w *worker) collect(f *found, data []byte, h hit, j *judge) {
	path := f.Path
	most := w.most(path)
	_, after := w.from(path)
	shown := 0        // end of the last line taken
	rest := len(data) // where lines begin that are not taken
	number, counted := 1, 0
	for ok := true; ok; h, ok = w.lines.next(data, min(h.end+1, len(data))) {
		f.Matches++
		if j != nil {
			j.see(data, h)
		}
		if f.kept == most || f.bytes > maxKept {
			rest = min(rest, h.start)
			continue
		}
		number += countLines(data, counted, h.start)
		counted = h.start
		if number <= after {
			continue
		}
		w.above(f, data, shown, h, number)
		f.add(code.Line{Number: number, Match: true,
			Text: Clip(chomp(data[h.start:h.end]), w.at(data, h), w.o.MaxLine)})
		f.kept++
		if w.sums {
			f.sums = append(f.sums, maphash.Bytes(w.seed, chomp(data[h.start:h.end])))
		}
		shown = h.end + 1
	}
	if n := w.context; n > 0 && f.kept > 0 {
		// What follows the last line taken.
		last := f.Lines[len(f.Lines)-1].Number
		w.below(f, data, shown, rest, last, n)
	}
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

// above takes the lines between the last one taken, which ends before shown, and the
// match h.
func (w *worker) above(f *found, data []byte, shown int, h hit, number int) {
	n := w.context
	if n == 0 {
		return
	}
	if f.kept > 0 {
		last := f.Lines[len(f.Lines)-1].Number
		shown = w.below(f, data, shown, h.start, last, n)
	}
	// Go back n lines, not beyond what was taken.
	begin, first := h.start, number
	for first > number-n && begin > shown {
		begin = bytes.LastIndexByte(data[:begin-1], '\n') + 1
		first--
	}
	w.below(f, data, begin, h.start, first-1, n)
}

// below takes up to n lines of data[from:to] as context, last being the number before
// them. It returns where the next one begins.
func (w *worker) below(f *found, data []byte, from, to, last, n int) int {
	for ; n > 0 && from < to; n-- {
		end := bytes.IndexByte(data[from:to], '\n')
		next := from + end + 1
		if end < 0 {
			end, next = to-from, to
		}
		last++
		f.add(code.Line{Number: last, Text: Clip(chomp(data[from:from+end]), 0, w.o.MaxLine)})
		from = next
	}
	return from
}

func chomp(line []byte) []byte { return bytes.TrimSuffix(line, []byte{'\r'}) }
