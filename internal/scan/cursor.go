package scan

import (
	"encoding/binary"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"cleat/internal/cursor"
	"cleat/internal/systems/code"
)

// A position is where a search goes on.
//
// In the order of ranks that is behind floor. In the order of paths (walk) it is after
// line of the file path, in which given lines were delivered already; the files in seen
// sort after path and were delivered whole. A search that was cut short in the order of
// ranks goes on in the order of paths: then both count, and what floor has behind it is
// left out.
//
// Mode files has just path, and Compare path and given.
type position struct {
	now   int64  // Unix time that recent changes are told by
	floor *place // nil if nothing was delivered in the order of ranks
	walk  bool
	place
	seen []uint64 // hashes of paths, sorted
}

// A place is a line of a file in one of the orders.
type place struct {
	rank  rank
	path  string
	line  int
	given int // lines delivered of the file so far
}

// maxSeen bounds position.seen.
const maxSeen = 32

// sumOf is the fingerprint of what is searched for; how much of it is shown at once may
// change between pages.
func sumOf(q code.Query) uint64 {
	return cursor.Sum(append([]string{string(q.Mode), q.Pattern, q.Lang, string(q.Case), strconv.FormatBool(q.Word), q.Repo, q.Ref}, q.Paths...)...)
}

// hash identifies a path in position.seen.
func hash(path string) uint64 { return cursor.Sum(path) }

func (c *position) encode(sum uint64) string {
	flags := byte(0)
	if c.walk {
		flags |= flagWalk
	}
	if c.floor != nil {
		flags |= flagFloor
	}
	b := binary.AppendUvarint([]byte{flags}, uint64(max(c.now, 0)))
	b = c.place.append(b)
	if c.floor != nil {
		b = c.floor.append(b)
	}
	for _, s := range c.seen {
		b = binary.LittleEndian.AppendUint64(b, s)
	}
	return cursor.Encode(sum, string(b))
}

const (
	flagWalk = 1 << iota
	flagFloor
)

func (p *place) append(b []byte) []byte {
	for _, n := range [...]int{int(p.rank), p.line, p.given, len(p.path)} {
		b = binary.AppendUvarint(b, uint64(n))
	}
	return append(b, p.path...)
}

// read takes a place from the beginning of b and returns the rest.
func (p *place) read(b []byte) (rest []byte, ok bool) {
	var nums [4]int
	for i := range nums {
		if nums[i], b, ok = readNumber(b); !ok {
			return nil, false
		}
	}
	n := nums[3]
	if n < 0 || n > len(b) {
		return nil, false
	}
	*p = place{rank(nums[0]), string(b[:n]), nums[1], nums[2]}
	return b[n:], true
}

func readNumber(b []byte) (int, []byte, bool) {
	v, n := binary.Uvarint(b)
	if n <= 0 || v > 1<<40 {
		return 0, nil, false
	}
	return int(v), b[n:], true
}

func readCursor(s string, sum uint64) (*position, error) {
	f, err := cursor.Decode(s, sum, 1)
	if err != nil {
		return nil, err
	}
	broken := cursor.Stale("it is damaged, or of another version of cleat")
	if f[0] == "" {
		return nil, broken
	}
	flags, b := f[0][0], []byte(f[0][1:])
	c := &position{walk: flags&flagWalk != 0}
	now, b, ok := readNumber(b)
	if ok {
		c.now = int64(now)
		b, ok = c.place.read(b)
	}
	if ok && flags&flagFloor != 0 {
		c.floor = new(place)
		b, ok = c.floor.read(b)
	}
	if !ok || len(b) > 8*maxSeen || len(b)%8 != 0 {
		return nil, broken
	}
	for ; len(b) > 0; b = b[8:] {
		c.seen = append(c.seen, binary.LittleEndian.Uint64(b))
	}
	slices.Sort(c.seen)
	return c, nil
}

// has reports whether the file was delivered by an earlier page.
func (c *position) has(path string) bool {
	if len(c.seen) == 0 {
		return false
	}
	_, ok := slices.BinarySearch(c.seen, hash(path))
	return ok
}

// Clip returns at most size bytes of line, around the byte at, with marks that say how
// many bytes were left out on either side.
func Clip(line []byte, at, size int) string {
	if len(line) <= size {
		return string(line)
	}
	from := max(min(at-size/4, len(line)-size), 0)
	to := from + size
	for from > 0 && from < to && !utf8.RuneStart(line[from]) {
		from++
	}
	for to < len(line) && to > from && !utf8.RuneStart(line[to]) {
		to--
	}
	var b strings.Builder
	if from > 0 {
		b.WriteString("…(+" + strconv.Itoa(from) + ")")
	}
	b.Write(line[from:to])
	if to < len(line) {
		b.WriteString("…(+" + strconv.Itoa(len(line)-to) + ")")
	}
	return b.String()
}
