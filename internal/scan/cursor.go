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

// A cursor is where a search goes on: after line Line of the file Path, in which Given
// lines were delivered already. Files in seen sort after Path and were delivered whole.
type cursor struct {
	path  string
	line  int
	given int
	seen  []uint64 // hashes of paths, sorted
}

const (
	cursorVersion = 1
	maxSeen       = 32
	maxCursor     = 16 << 10
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
	b = binary.AppendUvarint(b, uint64(c.line))
	b = binary.AppendUvarint(b, uint64(c.given))
	b = binary.AppendUvarint(b, uint64(len(c.seen)))
	for _, s := range c.seen {
		b = binary.LittleEndian.AppendUint64(b, s)
	}
	b = append(b, c.path...)
	b = binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
	return base64.RawURLEncoding.EncodeToString(b)
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
	b = b[9:n]
	var nums [3]uint64
	for i := range nums {
		v, n := binary.Uvarint(b)
		if n <= 0 || v > 1<<40 {
			return nil, broken
		}
		nums[i], b = v, b[n:]
	}
	c := &cursor{line: int(nums[0]), given: int(nums[1])}
	if nums[2] > maxSeen || len(b) < 8*int(nums[2]) {
		return nil, broken
	}
	for range nums[2] {
		c.seen = append(c.seen, binary.LittleEndian.Uint64(b))
		b = b[8:]
	}
	slices.Sort(c.seen)
	c.path = string(b)
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
