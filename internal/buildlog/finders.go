package buildlog

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// finders look for places in a block whose lines have to be looked at.
type finders struct {
	data, lower []byte
	texts       [][]byte  // the literals
	folds       []bool    // whether each is looked for in lower
	next        []place   // of the literals, and of what may make more of a line
	rare        []literal // if set, next are places of bytes without which no line has one
}

// A place is where something comes next, and how to find it again.
type place struct {
	at   int
	find func(from int) int // at or after from; -1 for nowhere
}

// newFinders returns finders of the literals, and of the lines whose clean text may have
// the literals where the raw line has not. scratch is for a copy of data.
func newFinders(data []byte, literals []literal, scratch *[]byte) *finders {
	f := &finders{data: data}
	if rare := rareBytes(data, literals); rare != nil {
		f.rare = literals
		for _, b := range rare {
			f.add(func(from int) int { return indexFrom(data, []byte{b}, from) })
		}
		return f
	}
	for _, l := range literals {
		in, text := data, []byte(l.text)
		if l.fold {
			if f.lower == nil {
				*scratch = lowered((*scratch)[:0], data)
				f.lower = *scratch
			}
			in = f.lower
		}
		f.texts, f.folds = append(f.texts, text), append(f.folds, l.fold)
		f.add(func(from int) int { return textFrom(in, text, from) })
	}
	f.add(func(from int) int { return odd(data, from) })
	f.add(func(from int) int { return c1(data, from) })
	f.add(func(from int) int { return indexFrom(data, []byte("##["), from) })
	return f
}

func (f *finders) add(find func(from int) int) {
	f.next = append(f.next, place{-1, find})
}

// from returns the first place at or after at, or -1.
func (f *finders) from(at int) int {
	best := len(f.data)
	for i := range f.next {
		p := &f.next[i]
		if p.at < at {
			if p.at = p.find(at); p.at < 0 {
				p.at = len(f.data)
			}
		}
		best = min(best, p.at)
	}
	if best == len(f.data) {
		return -1
	}
	return best
}

// rareBytes returns a byte of each literal that few lines have, or nothing where a literal
// has none. They are letters and digits: Clean puts none where the raw line has none.
func rareBytes(data []byte, literals []literal) []byte {
	const pieces, size, most = 4, 4 << 10, 4 // of the samples that are looked at
	var out []byte
	for _, l := range literals {
		best, fewest := byte(0), most+1
		for i := range min(len(l.text), 16) {
			c := l.text[i]
			if lower := c | 0x20; l.fold || !isDigit(c) && (lower < 'a' || lower > 'z') {
				continue
			}
			n := 0
			for k := range pieces {
				from := len(data) / pieces * k
				n += bytes.Count(data[from:min(from+size, len(data))], []byte{c})
			}
			if n < fewest {
				best, fewest = c, n
			}
		}
		if fewest > most {
			return nil
		}
		out = append(out, best)
	}
	return out
}

// mayMatch reports whether the clean text of the raw line that from has found may hold a
// literal.
func (f *finders) mayMatch(line []byte) bool {
	if f.rare == nil {
		return true
	}
	for _, l := range f.rare {
		if bytes.Contains(line, []byte(l.text)) {
			return true
		}
	}
	return odd(line, 0) >= 0 || c1(line, 0) >= 0 || bytes.Contains(line, []byte("##["))
}

// decide reports whether the clean text of the line of the place that from returned last
// has one of the literals, and whether that is sure: of a line that neither a terminal nor
// Clean would change, but for the stamps in front. The line begins at start, and ends before
// end.
func (f *finders) decide(start, end int) (hit, sure bool) {
	if f.rare != nil {
		return false, false
	}
	at, size := end, 0
	for i, p := range f.next {
		switch {
		case p.at >= end:
		case i >= len(f.texts):
			return false, false
		case p.at < at:
			at, size = p.at, len(f.texts[i])
		}
	}
	text := afterStamps(f.data[start:end])
	if len(text) == 0 || text[0] == 's' || text[0] == 0xef || end-start > MaxLine { // a section's marker, U+FEFF
		return false, false
	}
	front := end - len(text)
	if at >= front {
		return at+size <= end, true
	}
	for i, l := range f.texts { // the one that was found is in the stamp
		in := f.data
		if f.folds[i] {
			in = f.lower
		}
		if bytes.Contains(in[front:end], l) {
			return true, true
		}
	}
	return false, true
}

// textFrom is indexFrom, but looks for what is behind the spaces in front, which are too
// frequent to begin with.
func textFrom(data, text []byte, from int) int {
	n := len(text) - len(bytes.TrimLeft(text, " "))
	if n == len(text) {
		n = 0
	}
	for from += n; from <= len(data); from++ {
		if from = indexFrom(data, text[n:], from); from < 0 {
			return -1
		}
		if bytes.HasPrefix(data[from-n:], text[:n]) {
			return from - n
		}
	}
	return -1
}

func indexFrom(data, what []byte, from int) int {
	i := bytes.Index(data[from:], what)
	if i < 0 {
		return -1
	}
	return from + i
}

const (
	ones = 0x0101010101010101
	tops = 0x80 * ones
	lows = 0x7f * ones
)

// oddBits has the top bit of each byte of x set that is a control character other than a
// tab and a line feed, or may be the first of two colons.
func oddBits(x uint64) uint64 {
	low := x & lows
	control := ^(low + (0x80-'\t')*ones) | (low+(0x80-'\n'-1)*ones)&^(low+(0x80-' ')*ones) | (low + ones)
	colon := x ^ ':'*ones
	colon |= colon >> 8
	return (control&^x | (colon-ones)&^colon) & tops
}

// odd returns where the first of those bytes comes at or after from that can make the clean
// text of a line have what the raw line has not: control characters within it, and "::" in
// front, or behind what may be a stamp; -1 for nowhere. 32 bytes are looked at at once.
func odd(data []byte, from int) int {
	i := from
	for ; i+32 <= len(data); i += 32 {
		b := data[i : i+32 : i+32]
		x0 := oddBits(binary.LittleEndian.Uint64(b))
		x1 := oddBits(binary.LittleEndian.Uint64(b[8:]))
		x2 := oddBits(binary.LittleEndian.Uint64(b[16:]))
		x3 := oddBits(binary.LittleEndian.Uint64(b[24:]))
		if x0|x1|x2|x3 == 0 {
			continue
		}
		for k, x := range [...]uint64{x0, x1, x2, x3} {
			for ; x != 0; x &= x - 1 {
				if at := i + 8*k + bits.TrailingZeros64(x)/8; isOdd(data, at) {
					return at
				}
			}
		}
	}
	for ; i < len(data); i++ {
		if isOdd(data, i) {
			return i
		}
	}
	return -1
}

func isOdd(data []byte, i int) bool {
	switch c := data[i]; {
	case c == '\r':
		return i+1 < len(data) && data[i+1] != '\n'
	case c == ':':
		if i+1 == len(data) || data[i+1] != ':' {
			return false
		}
		if i == 0 {
			return true
		}
		switch data[i-1] {
		case '\n', ' ', '+', ']', 0xbf:
			return true
		}
		return false
	case c == 0x7f:
		return true
	default:
		return c < ' ' && c != '\t' && c != '\n'
	}
}

// lowered appends data to out with its ASCII letters in lower case.
func lowered(out, data []byte) []byte {
	n := len(out)
	out = append(out, data...)
	for b := out[n:]; len(b) > 0; {
		if len(b) < 8 {
			for i, c := range b {
				if c >= 'A' && c <= 'Z' {
					b[i] = c | 0x20
				}
			}
			break
		}
		x := binary.LittleEndian.Uint64(b)
		fromA := x&lows + (0x80-'A')*ones
		afterZ := x&lows + (0x7f-'Z')*ones
		upper := fromA &^ afterZ &^ x & tops
		binary.LittleEndian.PutUint64(b, x|upper>>2)
		b = b[8:]
	}
	return out
}
