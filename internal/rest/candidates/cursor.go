package candidates

import (
	"encoding/binary"
	"maps"
	"slices"

	"cleat/internal/cursor"
)

// A spot is how far a file was given that a page ended in.
type spot struct {
	line  int // the last line given
	given int // matching lines given
}

// cursor leads on behind what was given.
func (c *Collector) cursor() string {
	var keys, begun []byte
	for _, k := range c.given {
		keys = binary.LittleEndian.AppendUint64(keys, k)
	}
	for _, k := range slices.Sorted(maps.Keys(c.begun)) {
		begun = binary.LittleEndian.AppendUint64(begun, k)
		begun = binary.LittleEndian.AppendUint32(begun, uint32(c.begun[k].line))
		begun = binary.LittleEndian.AppendUint32(begun, uint32(c.begun[k].given))
	}
	return cursor.Encode(c.sum, string(keys), string(begun))
}

func (c *Collector) resume(s string) error {
	f, err := cursor.Decode(s, c.sum, 2)
	if err != nil {
		return err
	}
	if len(f[0])%8 != 0 || len(f[0])/8 > MaxGiven || len(f[1])%16 != 0 {
		return cursor.Stale("it is damaged")
	}
	for b := []byte(f[0]); len(b) > 0; b = b[8:] {
		c.given = append(c.given, binary.LittleEndian.Uint64(b))
	}
	for b := []byte(f[1]); len(b) > 0; b = b[16:] {
		c.begun[binary.LittleEndian.Uint64(b)] = spot{int(binary.LittleEndian.Uint32(b[8:])), int(binary.LittleEndian.Uint32(b[12:]))}
	}
	return nil
}

// keyOf identifies a file in a cursor.
func keyOf(f File) uint64 { return cursor.Sum(f.Repo, f.Path) }
