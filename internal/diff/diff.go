// Package diff finds the lines by which two texts differ, and writes them as the hunks of
// a unified diff.
//
// The lines are told by Myers' algorithm in linear space, after what both texts begin and
// end with, and the lines that only one of them has, are set aside. Where texts are so
// different that the shortest answer would cost too much, the search is cut short: the
// answer is then longer than it could be, and still right. The time is linear in the size of the
// texts, with a factor that does not depend on what is in them.
package diff

import (
	"bytes"
	"errors"
	"hash/maphash"
)

// Limits of Compare.
const (
	MaxSize  = 64 << 20 // bytes of a text
	MaxLines = 1 << 20  // of a text
)

// ErrTooLarge is returned for texts beyond the limits.
var ErrTooLarge = errors.New("the text is too large to be compared")

// A Diff is how one text becomes another. It refers to both, which must not be changed.
type Diff struct {
	Edits   []Edit // in order, with at least one common line between any two
	Added   int    // lines
	Deleted int

	old, new side
}

// An Edit replaces the lines Old up to, not including, OldEnd by the lines New up to NewEnd
// of the new text. Lines are counted from 0. One of the stretches may be empty.
type Edit struct{ Old, OldEnd, New, NewEnd int }

// A side is a text as lines, each with its line feed.
type side struct {
	data    []byte
	at      []int32 // where lines begin, and the end
	id      []int32 // equal for equal lines of either side
	changed []bool  // the other side does not have the line
}

func (s *side) len() int          { return len(s.at) - 1 }
func (s *side) line(i int) []byte { return s.data[s.at[i]:s.at[i+1]] }

// Compare returns how old becomes new. It fails with ErrTooLarge only.
func Compare(old, new []byte) (*Diff, error) {
	d := &Diff{}
	for _, s := range []struct {
		to   *side
		data []byte
	}{{&d.old, old}, {&d.new, new}} {
		if len(s.data) > MaxSize {
			return nil, ErrTooLarge
		}
		n := bytes.Count(s.data, []byte("\n")) + 1
		if n > MaxLines {
			return nil, ErrTooLarge
		}
		s.to.split(s.data, n)
	}
	intern(&d.old, &d.new)
	match(&d.old, &d.new)
	compact(&d.old, &d.new)
	compact(&d.new, &d.old)
	d.collect()
	return d, nil
}

// split finds the lines of data, of which there are at most n.
func (s *side) split(data []byte, n int) {
	s.data = data
	s.at = make([]int32, 1, n+1)
	for pos := 0; pos < len(data); {
		i := bytes.IndexByte(data[pos:], '\n')
		if i < 0 {
			pos = len(data)
		} else {
			pos += i + 1
		}
		s.at = append(s.at, int32(pos))
	}
	s.id = make([]int32, s.len())
	s.changed = make([]bool, s.len())
}

// intern numbers the lines of both sides, equal ones alike.
func intern(a, b *side) {
	size := 16
	for size < 2*(a.len()+b.len()) {
		size *= 2
	}
	type place struct {
		of   *side
		line int32
	}
	var (
		seed  = maphash.MakeSeed() // nobody can choose lines that collide
		table = make([]int32, size)
		first []place // of each number
	)
	for _, s := range []*side{a, b} {
		for i := range s.id {
			line := s.line(i)
			at := int(maphash.Bytes(seed, line)) & (size - 1)
			for ; ; at = (at + 1) & (size - 1) {
				n := table[at]
				if n == 0 {
					first = append(first, place{s, int32(i)})
					n = int32(len(first))
					table[at] = n
				} else if p := first[n-1]; !bytes.Equal(p.of.line(int(p.line)), line) {
					continue
				}
				s.id[i] = n - 1
				break
			}
		}
	}
}

// collect makes edits of the changed lines.
func (d *Diff) collect() {
	for i, j := 0, 0; i < d.old.len() || j < d.new.len(); {
		e := Edit{Old: i, New: j}
		for i < d.old.len() && d.old.changed[i] {
			i++
		}
		for j < d.new.len() && d.new.changed[j] {
			j++
		}
		if e.OldEnd, e.NewEnd = i, j; i > e.Old || j > e.New {
			d.Edits = append(d.Edits, e)
			d.Deleted += i - e.Old
			d.Added += j - e.New
		}
		i++
		j++
	}
}

// Kept is how many bytes of the old text are in lines that the new one keeps.
func (d *Diff) Kept() int {
	n := len(d.old.data)
	for _, e := range d.Edits {
		n -= int(d.old.at[e.OldEnd] - d.old.at[e.Old])
	}
	return n
}
