package symcache

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"maps"
	"os"
	"slices"
	"sync/atomic"

	"cleat/internal/symbols"
)

// A segment is a file:
//
//	magic, the version of the scanners, its length before it
//	records, each followed by its checksum
//	index: for each record its key, offset and length, sorted by key
//	offset of the index, number of records, checksum of magic, version, index and both numbers
//
// All numbers are little-endian and of 4 bytes.
type segment struct {
	name  string
	seq   uint64 // the larger the newer
	size  int64
	file  *os.File
	index []entry     // sorted by key
	bad   atomic.Bool // a record of it is damaged
}

type entry struct {
	key       key
	off, size uint32
}

const (
	magic      = "cleat symbols 1\n"
	entrySize  = 16 + 4 + 4
	tailSize   = 4 + 4 + 4
	maxSegment = MaxBytes
)

func header() []byte {
	b := binary.LittleEndian.AppendUint32([]byte(magic), uint32(len(symbols.Version)))
	return append(b, symbols.Version...)
}

var errForeign = errors.New("not a segment of this version")

// marshal returns the segment of some records.
func marshal(records map[key][]byte) []byte {
	b := header()
	head := len(b)
	keys := slices.SortedFunc(maps.Keys(records), key.compare)
	var index []byte
	for _, k := range keys {
		rec := records[k]
		index = append(index, k[:]...)
		index = binary.LittleEndian.AppendUint32(index, uint32(len(b)))
		index = binary.LittleEndian.AppendUint32(index, uint32(len(rec)))
		b = append(b, rec...)
		b = binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(rec))
	}
	tail := binary.LittleEndian.AppendUint32(nil, uint32(len(b)))
	tail = binary.LittleEndian.AppendUint32(tail, uint32(len(keys)))
	sum := crc32.ChecksumIEEE(slices.Concat(b[:head], index, tail))
	return binary.LittleEndian.AppendUint32(slices.Concat(b, index, tail), sum)
}

func (k key) compare(o key) int { return bytes.Compare(k[:], o[:]) }

// load reads the index of a segment. It fails with errForeign for what is none.
func load(f io.ReaderAt, size int64) ([]entry, error) {
	head := header()
	if size < int64(len(head)+tailSize) || size > maxSegment {
		return nil, errForeign
	}
	have := make([]byte, len(head))
	if _, err := f.ReadAt(have, 0); err != nil {
		return nil, err
	}
	tail := make([]byte, tailSize)
	if _, err := f.ReadAt(tail, size-tailSize); err != nil {
		return nil, err
	}
	at, n := int64(binary.LittleEndian.Uint32(tail)), int64(binary.LittleEndian.Uint32(tail[4:]))
	if !bytes.Equal(have, head) || n > maxEntries || at < int64(len(head)) || at+n*entrySize+tailSize != size {
		return nil, errForeign
	}
	raw := make([]byte, n*entrySize)
	if _, err := f.ReadAt(raw, at); err != nil {
		return nil, err
	}
	if binary.LittleEndian.Uint32(tail[8:]) != crc32.ChecksumIEEE(slices.Concat(head, raw, tail[:8])) {
		return nil, errForeign
	}
	index := make([]entry, n)
	for i := range index {
		b := raw[i*entrySize:]
		e := entry{key(b[:16]), binary.LittleEndian.Uint32(b[16:]), binary.LittleEndian.Uint32(b[20:])}
		if int64(e.off) < int64(len(head)) || int64(e.off)+int64(e.size)+4 > at || e.size > maxRecord ||
			i > 0 && index[i-1].key.compare(e.key) >= 0 {
			return nil, errForeign
		}
		index[i] = e
	}
	return index, nil
}

// read returns the record of k, if it is there and whole.
func (s *segment) read(k key) ([]byte, bool) {
	if s.bad.Load() {
		return nil, false
	}
	i, ok := slices.BinarySearchFunc(s.index, k, func(e entry, k key) int { return e.key.compare(k) })
	if !ok {
		return nil, false
	}
	return s.record(s.index[i])
}

func (s *segment) record(e entry) ([]byte, bool) {
	b := make([]byte, e.size+4)
	if _, err := s.file.ReadAt(b, int64(e.off)); err != nil ||
		binary.LittleEndian.Uint32(b[e.size:]) != crc32.ChecksumIEEE(b[:e.size]) {
		s.bad.Store(true)
		return nil, false
	}
	return b[:e.size], true
}

// bySeq orders segments, the newest first.
func bySeq(a, b *segment) int {
	return cmp.Or(cmp.Compare(b.seq, a.seq), cmp.Compare(b.name, a.name))
}
