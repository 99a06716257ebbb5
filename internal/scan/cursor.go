package scan

import (
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"cleat/internal/fail"
	"cleat/internal/systems/code"
)

// A cursor is where a search goes on.
//
// In the order of ranks that is behind floor. In the order of paths (walk) it is after
// line of the file path, in which given lines were delivered already; the files in seen
// sort after path and were delivered whole. A search that was cut short in the order of
// ranks goes on in the order of paths: then both count, and what floor has behind it is
// left out.
//
// Mode files has just path, and Compare path and given.
type cursor struct {
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

const (
	cursorVersion = 2
	maxSeen       = 32
	maxCursor     = 24 << 10
)

// q64 is the fingerprint of what is searched for; how much of it is shown at once may
// change between pages.
func q64(q code.Query) uint64 {
	h := fnv.New64a()
	for _, s := range append([]string{string(q.Mode), q.Pattern, q.Lang, string(q.Case),
		strconv.FormatBool(q.Word), q.Repo, q.Ref}, q.Paths...) {
		h.Write(binary.AppendUvarint(nil, uint64(len(s))))
		h.Write([]byte(s))
	}
	return h.Sum64()
}

func path64(path string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(path))
	return h.Sum64()
}

func (c *cursor) encode(sum uint64) string {
	b := []byte{cursorVersion}
	b = binary.LittleEndian.AppendUint64(b, sum)
	flags := byte(0)
	if c.walk {
		flags |= cursorWalks
	}
	if c.floor != nil {
		flags |= cursorFloor
	}
	b = append(b, flags)
	b = binary.AppendUvarint(b, uint64(max(c.now, 0)))
	b = c.place.append(b)
	if c.floor != nil {
		b = c.floor.append(b)
	}
	for _, s := range c.seen {
		b = binary.LittleEndian.AppendUint64(b, s)
	}
	b = binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
	return base64.RawURLEncoding.EncodeToString(b)
}

const (
	cursorWalks = 1 << iota
	cursorFloor
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

func badCursor(why string) error {
	return fail.Errorf(fail.Invalid, "the cursor is not good for this search").Because("%s", why).
		Then("repeat the search without a cursor")
}

func readCursor(s string, sum uint64) (*cursor, error) {
	broken := badCursor("it is damaged, or of another version of cleat")
	if len(s) > maxCursor {
		return nil, broken
	}
	b, err := base64.RawURLEncoding.DecodeString(strings.TrimSpace(s))
	if err != nil || len(b) < 16 || b[0] != cursorVersion {
		return nil, broken
	}
	n := len(b) - 4
	if binary.LittleEndian.Uint32(b[n:]) != crc32.ChecksumIEEE(b[:n]) {
		return nil, broken
	}
	if binary.LittleEndian.Uint64(b[1:]) != sum {
		return nil, badCursor("it was given for another pattern, other paths or another mode")
	}
	flags, b := b[9], b[10:n]
	c := &cursor{walk: flags&cursorWalks != 0}
	now, b, ok := readNumber(b)
	if ok {
		c.now = int64(now)
		b, ok = c.place.read(b)
	}
	if ok && flags&cursorFloor != 0 {
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
func (c *cursor) has(path string) bool {
	if len(c.seen) == 0 {
		return false
	}
	_, ok := slices.BinarySearch(c.seen, path64(path))
	return ok
}

// clip returns at most size bytes of line, around the byte at, with marks that say how
// many bytes were left out on either side.
func clip(line []byte, at, size int) string {
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
