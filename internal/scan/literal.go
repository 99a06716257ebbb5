package scan

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"
)

// byCommon has the bytes of source code and text, the most frequent first, counted over
// Go, Python, JavaScript, Rust, Java, JSON, YAML and Markdown.
const byCommon = " etrn\tiasol,c0\"dufp.m()xg/:h=_1ybSTE{}2vI4CA36ROkwPND8FL5'[]M-79B*GUH\\VY!zW;&+%q`|K<#jX>QZJ?"

// seldom returns the place of c among the bytes by frequency, 0 being the most frequent.
func seldom(c byte) int {
	if i := strings.IndexByte(byCommon, c); i >= 0 {
		return i
	}
	return len(byCommon)
}

// rarity returns about how many bits of information a byte is worth.
func rarity(c byte) int { return 3 + seldom(c)/11 }

// A finder finds literals. It remembers what it has seen of a buffer: it is for one
// goroutine and one buffer at a time, and from may only grow until the next reset.
type finder interface {
	reset()
	// find returns where the first occurrence at or after from begins and ends, or -1.
	find(data []byte, from int) (start, end int)
}

// newFinder returns a finder of one of the literals of s.
func newFinder(s litSet) finder {
	one := func(l string) finder {
		if s.fold {
			return newFolded(l)
		}
		return newExact(l)
	}
	lits := s.lits
	if s.fold {
		lits = foldAll(lits)
	}
	if len(lits) == 1 {
		return one(lits[0])
	}
	f := &several{}
	for _, l := range lits {
		f.finders = append(f.finders, one(l))
	}
	return f
}

// exact finds one literal by its rarest byte.
type exact struct {
	lit    []byte
	rare   byte
	off    int // of rare in lit
	check  byte
	offset int // of check, the second rarest, in lit
}

func newExact(s string) *exact {
	f := &exact{lit: []byte(s)}
	best, second := -1, -1
	for i := range len(s) {
		r := seldom(s[i])
		switch {
		case best < 0 || r > seldom(s[best]):
			best, second = i, best
		case second < 0 || r > seldom(s[second]):
			second = i
		}
	}
	second = max(second, 0)
	f.rare, f.off, f.check, f.offset = s[best], best, s[second], second
	return f
}

func (f *exact) reset() {}

func (f *exact) find(data []byte, from int) (int, int) {
	n := len(f.lit)
	misses := 0
	last := len(data) - (n - f.off) // of rare in the last place where lit fits
	for i := from + f.off; i <= last; {
		j := bytes.IndexByte(data[i:last+1], f.rare)
		if j < 0 {
			return -1, -1
		}
		at := i + j - f.off
		if data[at+f.offset] == f.check && bytes.Equal(data[at:at+n], f.lit) {
			return at, at + n
		}
		i += j + 1
		// Where the rare byte is frequent after all, the library's search is quicker.
		if misses++; misses > 8 && misses > (i-from)>>4 {
			at = i - f.off
			if j = bytes.Index(data[at:], f.lit); j < 0 {
				return -1, -1
			}
			return at + j, at + j + n
		}
	}
	return -1, -1
}

// folded finds a literal in any case, by simple folding as Unicode has it.
type folded struct {
	runes  []rune   // each the least of those that fold to each other
	anchor []string // the spellings of the rune that is looked for
	at     int      // which rune that is
	next   []int    // where each spelling comes next; -1 if unknown

	// The byte behind the anchor (or before it, if back) is lo or hi, where that is
	// known: a quick no to most places.
	quick, back bool
	lo, hi      byte
}

func newFolded(s string) *folded {
	f := &folded{}
	for _, r := range s {
		f.runes = append(f.runes, fold(r))
	}
	best := -1
	for i, r := range f.runes {
		all := orbit(r)
		score := len(byCommon)
		for _, s := range all {
			score = min(score, seldom(s[0]))
		}
		score -= 5 * (len(all) - 1) // each spelling is looked for on its own
		if f.anchor == nil || score > best {
			best, f.at, f.anchor = score, i, all
		}
	}
	side := f.at + 1
	if side == len(f.runes) {
		side, f.back = f.at-1, true
	}
	if side >= 0 {
		if all := orbit(f.runes[side]); len(all) <= 2 && len(all[0]) == 1 {
			f.quick, f.lo, f.hi = true, all[0][0], all[len(all)-1][0]
		}
	}
	return f
}

// fold returns the least rune that r folds to.
func fold(r rune) rune {
	if r < 0x80 && r != 'k' && r != 's' {
		if 'a' <= r && r <= 'z' {
			r -= 'a' - 'A'
		}
		return r
	}
	least := r
	for o := unicode.SimpleFold(r); o != r; o = unicode.SimpleFold(o) {
		least = min(least, o)
	}
	return least
}

// orbit returns the spellings of all runes that fold to r.
func orbit(r rune) []string {
	out := []string{string(r)}
	for o := unicode.SimpleFold(r); o != r; o = unicode.SimpleFold(o) {
		out = append(out, string(o))
	}
	return out
}

func (f *folded) reset() {
	f.next = f.next[:0]
	for range f.anchor {
		f.next = append(f.next, -1)
	}
}

func (f *folded) find(data []byte, from int) (int, int) {
	next := f.next
	for i := from; ; {
		at, which := len(data), 0
		for j, s := range f.anchor {
			if next[j] < i {
				if next[j] = indexFrom(data, s, i); next[j] < 0 {
					next[j] = len(data)
				}
			}
			if next[j] < at {
				at, which = next[j], j
			}
		}
		if at == len(data) {
			return -1, -1
		}
		if f.quick {
			side := at + len(f.anchor[which])
			if f.back {
				side = at - 1
			}
			if side < from || side >= len(data) || data[side] != f.lo && data[side] != f.hi {
				i = at + 1
				continue
			}
		}
		if start, end, ok := f.matchAt(data, from, at, at+len(f.anchor[which])); ok {
			return start, end
		}
		i = at + 1
	}
}

func indexFrom(data []byte, s string, from int) int {
	var i int
	if len(s) == 1 {
		i = bytes.IndexByte(data[from:], s[0])
	} else {
		i = bytes.Index(data[from:], []byte(s))
	}
	if i < 0 {
		return -1
	}
	return from + i
}

// matchAt reports whether the literal stands around its anchor at data[start:end], not
// before from.
func (f *folded) matchAt(data []byte, from, start, end int) (int, int, bool) {
	for _, r := range f.runes[f.at+1:] {
		if end >= len(data) {
			return 0, 0, false
		}
		c, n := rune(data[end]), 1
		if c >= utf8.RuneSelf {
			if c, n = utf8.DecodeRune(data[end:]); c == utf8.RuneError && n == 1 {
				return 0, 0, false
			}
		}
		if c != r && fold(c) != r {
			return 0, 0, false
		}
		end += n
	}
	for i := f.at - 1; i >= 0; i-- {
		if start <= from {
			return 0, 0, false
		}
		c, n := rune(data[start-1]), 1
		if c >= utf8.RuneSelf {
			if c, n = utf8.DecodeLastRune(data[from:start]); c == utf8.RuneError && n == 1 {
				return 0, 0, false
			}
		}
		if r := f.runes[i]; c != r && fold(c) != r {
			return 0, 0, false
		}
		start -= n
	}
	return start, end, true
}

// several finds the first of some literals, each by its own finder.
type several struct {
	finders []finder
	next    [][2]int
}

func (f *several) reset() {
	f.next = f.next[:0]
	for _, one := range f.finders {
		one.reset()
		f.next = append(f.next, [2]int{-1, -1})
	}
}

func (f *several) find(data []byte, from int) (int, int) {
	best := -1
	for i := range f.next {
		n := &f.next[i]
		if n[0] < from {
			if n[0], n[1] = f.finders[i].find(data, from); n[0] < 0 {
				n[0], n[1] = len(data)+1, -1
			}
		}
		if n[0] <= len(data) && (best < 0 || n[0] < f.next[best][0]) {
			best = i
		}
	}
	if best < 0 {
		return -1, -1
	}
	return f.next[best][0], f.next[best][1]
}
