package buildlog

import (
	"bytes"
	"encoding/binary"
	"regexp/syntax"
	"slices"
	"strings"

	"cleat/internal/sorting"
)

// A literal is a text that a match holds.
type literal struct {
	text string // in lower case if fold
	fold bool   // in any case; of ASCII letters other than k and s, which have more forms
}

// maxLiterals is how many literals are looked for at once.
const maxLiterals = 8

// needed returns literals one of which is in every match of re, or none where there are
// none that help.
func needed(re *syntax.Regexp) []literal {
	switch re.Op {
	case syntax.OpLiteral:
		return ofRunes(re.Rune, re.Flags&syntax.FoldCase != 0)
	case syntax.OpCapture, syntax.OpPlus:
		return needed(re.Sub[0])
	case syntax.OpConcat:
		var best []literal
		for _, sub := range joined(re.Sub) {
			if l := needed(sub); worth(l) > worth(best) {
				best = l
			}
		}
		return best
	case syntax.OpAlternate:
		var all []literal
		for _, sub := range re.Sub {
			l := needed(sub)
			if len(l) == 0 || len(all)+len(l) > maxLiterals {
				return nil
			}
			all = append(all, l...)
		}
		sorting.Sort(all, func(a, b literal) int { return strings.Compare(a.text, b.text) })
		return slices.Compact(all)
	}
	return nil
}

// joined joins literals that follow each other, looking into captures.
func joined(subs []*syntax.Regexp) []*syntax.Regexp {
	var out []*syntax.Regexp
	for _, sub := range subs {
		for sub.Op == syntax.OpCapture {
			sub = sub.Sub[0]
		}
		if last := len(out) - 1; sub.Op == syntax.OpLiteral && last >= 0 && out[last].Op == syntax.OpLiteral &&
			out[last].Flags&syntax.FoldCase == sub.Flags&syntax.FoldCase {
			both := *sub
			both.Rune = slices.Concat(out[last].Rune, sub.Rune)
			out[last] = &both
			continue
		}
		out = append(out, sub)
	}
	return out
}

// ofRunes returns the longest part of a literal that can be looked for byte by byte.
func ofRunes(runes []rune, fold bool) []literal {
	var best, part strings.Builder
	end := func() {
		if part.Len() > best.Len() {
			best.Reset()
			best.WriteString(part.String())
		}
		part.Reset()
	}
	for _, r := range runes {
		lower := r | 0x20
		isLetter := lower >= 'a' && lower <= 'z' && r < 0x80
		switch {
		case r == '\ufffd': // it stands for bytes that are not UTF-8, too
			end()
		case !fold || r < 0x80 && !isLetter:
			part.WriteRune(r)
		case isLetter && lower != 'k' && lower != 's':
			part.WriteRune(lower)
		default:
			end()
		}
	}
	if end(); best.Len() == 0 {
		return nil
	}
	return []literal{{best.String(), fold}}
}

// worth says how well literals tell lines apart.
func worth(ls []literal) int {
	if len(ls) == 0 {
		return 0
	}
	least := 1 << 10
	for _, l := range ls {
		n := 4 * len(l.text)
		if l.fold {
			n--
		}
		least = min(least, n)
	}
	return max(least-len(ls), 1)
}

// finders look for places in a block whose lines have to be looked at.
type finders struct {
	data, lower []byte
	next        []place
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
	for _, l := range literals {
		in, text := data, []byte(l.text)
		if l.fold {
			if f.lower == nil {
				*scratch = lowered((*scratch)[:0], data)
				f.lower = *scratch
			}
			in = f.lower
		}
		f.add(func(from int) int { return indexFrom(in, text, from) })
	}
	f.add(func(from int) int { return oddControl(data, from) })
	f.add(func(from int) int { return indexFrom(data, []byte{0x7f}, from) })
	f.add(func(from int) int { return c1(data, from) })
	f.add(func(from int) int { return indexFrom(data, []byte("##["), from) })
	f.add(func(from int) int { return command(data, from) })
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

func indexFrom(data, what []byte, from int) int {
	i := bytes.Index(data[from:], what)
	if i < 0 {
		return -1
	}
	return from + i
}

// command returns where a line may have a workflow command: "::" in front, or behind what
// may be a stamp.
func command(data []byte, from int) int {
	for {
		at := indexFrom(data, []byte("::"), from)
		if at <= 0 {
			return at
		}
		switch data[at-1] {
		case '\n', ' ', '+', ']', 0xbf:
			return at
		}
		from = at + 1
	}
}

const (
	ones = 0x0101010101010101
	tops = 0x80 * ones
	lows = 0x7f * ones
)

// oddControl returns where the first control character comes that a line does not usually
// have: below space, and neither a tab nor the end of a line. Eight bytes are looked at at
// once.
func oddControl(data []byte, from int) int {
	i := from
	for ; i+8 <= len(data); i += 8 {
		x := binary.LittleEndian.Uint64(data[i:])
		control := ^(((x & lows) + 0x60*ones) | x) & tops
		feed := x ^ '\n'*ones
		if control &= (feed&lows + lows) | feed; control == 0 {
			continue
		}
		for k := i; k < i+8; k++ {
			if isOdd(data, k) {
				return k
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
	case c >= ' ' || c == '\t' || c == '\n':
		return false
	case c == '\r':
		return i+1 < len(data) && data[i+1] != '\n'
	}
	return true
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
