package strict

import (
	"bytes"
	"hash/maphash"
	"slices"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// A keySet holds the keys of all objects that are open, as a stack: the innermost
// object's keys are on top. Its hash table has open addressing; because entries leave
// in the reverse order of their coming, an entry can be taken out of its slot without
// a marker. The seed is random, so that nobody can choose keys that collide.
type keySet struct {
	seed    maphash.Seed
	entries []keyEntry
	slots   []int32 // 1 + index into entries; 0 is free; the length is a power of two
	a, b    []byte  // scratch: folded keys
}

type keyEntry struct {
	hash uint32
	at   uint32 // offset of the key's first byte behind the quote
}

func (s *keySet) len() int { return len(s.entries) }

// add puts the key at data[at:] (behind its quote) into the innermost object, whose
// entries begin at start. It reports false if the object already has that key.
func (s *keySet) add(data []byte, at int, escaped bool, start, depth int) bool {
	if s.slots == nil {
		s.seed = maphash.MakeSeed()
		s.slots = make([]int32, 64)
		s.entries = make([]keyEntry, 0, 32)
	}
	s.a = foldKey(s.a[:0], data[at:], escaped)
	// The depth keeps one key that many nested objects share from probing past all of them.
	h := uint32(maphash.Bytes(s.seed, s.a)) ^ uint32(depth)*0x9e3779b9
	mask := uint32(len(s.slots) - 1)
	i := h & mask
	for ; s.slots[i] != 0; i = (i + 1) & mask {
		n := int(s.slots[i] - 1)
		if n < start || s.entries[n].hash != h {
			continue
		}
		s.b = foldKey(s.b[:0], data[s.entries[n].at:], true)
		if bytes.Equal(s.a, s.b) {
			return false
		}
	}
	if len(s.entries) == cap(s.entries) {
		s.entries = slices.Grow(s.entries, len(s.entries))
	}
	s.entries = append(s.entries, keyEntry{h, uint32(at)})
	s.slots[i] = int32(len(s.entries))
	if 2*len(s.entries) > len(s.slots) {
		s.grow()
	}
	return true
}

// truncate takes out all entries from n on, last first.
func (s *keySet) truncate(n int) {
	mask := uint32(len(s.slots) - 1)
	for last := len(s.entries) - 1; last >= n; last-- {
		i := s.entries[last].hash & mask
		for s.slots[i] != int32(last+1) {
			i = (i + 1) & mask
		}
		s.slots[i] = 0
	}
	s.entries = s.entries[:n]
}

// grow doubles the table. Entries are put back in their order, which keeps what
// truncate relies on.
func (s *keySet) grow() {
	s.slots = make([]int32, 2*len(s.slots))
	mask := uint32(len(s.slots) - 1)
	for n, e := range s.entries {
		i := e.hash & mask
		for s.slots[i] != 0 {
			i = (i + 1) & mask
		}
		s.slots[i] = int32(n + 1)
	}
}

// foldKey appends to dst the key that begins at raw[0] and ends before the first
// unescaped quote, unescaped and folded as encoding/json folds names.
func foldKey(dst, raw []byte, escaped bool) []byte {
	if !escaped {
		return fold(dst, raw[:bytes.IndexByte(raw, '"')])
	}
	end := 0
	for raw[end] != '"' {
		if raw[end] == '\\' {
			end++
		}
		end++
	}
	plain := raw[:end]
	if bytes.IndexByte(plain, '\\') >= 0 {
		plain = unescape(nil, plain)
	}
	return fold(dst, plain)
}

// fold appends s to dst, each rune replaced by the smallest of those that are equal
// to it under simple folding.
func fold(dst, s []byte) []byte {
	for i := 0; i < len(s); {
		if b := s[i]; b < utf8.RuneSelf {
			if 'a' <= b && b <= 'z' {
				b -= 'a' - 'A'
			}
			dst = append(dst, b)
			i++
			continue
		}
		r, n := utf8.DecodeRune(s[i:])
		dst = utf8.AppendRune(dst, smallest(r))
		i += n
	}
	return dst
}

func smallest(r rune) rune {
	for {
		next := unicode.SimpleFold(r)
		if next <= r {
			return next
		}
		r = next
	}
}

// unescape appends the value of the JSON string whose valid contents are raw.
func unescape(dst, raw []byte) []byte {
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\\' {
			dst = append(dst, raw[i])
			continue
		}
		i++
		switch raw[i] {
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		case 'u':
			r, _ := hex4(raw[i+1:])
			i += 4
			if utf16.IsSurrogate(r) {
				low, _ := surrogateAt(raw[i+1:])
				r = utf16.DecodeRune(r, low)
				if r != utf8.RuneError {
					i += 6
				}
			}
			dst = utf8.AppendRune(dst, r)
		default: // quote, backslash, slash
			dst = append(dst, raw[i])
		}
	}
	return dst
}

// surrogateAt reads the \uXXXX at the start of raw, if there is one.
func surrogateAt(raw []byte) (rune, bool) {
	if len(raw) < 6 || raw[0] != '\\' || raw[1] != 'u' {
		return 0, false
	}
	return hex4(raw[2:])
}
