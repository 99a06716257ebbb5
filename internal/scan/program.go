package scan

import (
	"regexp/syntax"
	"slices"
	"unicode"
	"unicode/utf8"
)

// A program is a regular expression over bytes, for lines.
//
// Runes beyond ASCII are not taken apart: a class that has any takes one byte or more
// of those from 0x80 up. So on lines of ASCII a program decides exactly, and on others
// it accepts too much where wide is set; regexp then has the last word.
type program struct {
	nodes   []pnode
	start   int32
	wide    bool
	asserts bool // there are assertions, so that the byte before matters
	classes [256]uint8
	count   int // of classes; the last is the end of the line
	sample  []byte
}

type pkind uint8

const (
	pByte   pkind = iota // a byte of set, then out
	pSplit               // out and alt
	pAssert              // out if cond holds
	pMatch
	pFail
)

type pnode struct {
	kind pkind
	cond syntax.EmptyOp
	set  *[4]uint64
	out  int32
	alt  int32
}

func has(s *[4]uint64, c byte) bool { return s[c>>6]&(1<<(c&63)) != 0 }
func put(s *[4]uint64, c byte)      { s[c>>6] |= 1 << (c & 63) }

func newProgram(prog *syntax.Prog) *program {
	p := &program{nodes: make([]pnode, len(prog.Inst)), start: int32(prog.Start)}
	high := &[4]uint64{2: ^uint64(0), 3: ^uint64(0)}
	for i := range prog.Inst {
		in := &prog.Inst[i]
		n := pnode{out: int32(in.Out), alt: int32(in.Arg)}
		switch in.Op {
		case syntax.InstAlt, syntax.InstAltMatch:
			n.kind = pSplit
		case syntax.InstCapture, syntax.InstNop:
			n.kind, n.alt = pSplit, n.out
		case syntax.InstEmptyWidth:
			n.kind, n.cond = pAssert, syntax.EmptyOp(in.Arg)
			p.asserts = true
			// \B holds between the bytes of one character.
			p.wide = p.wide || n.cond&syntax.EmptyNoWordBoundary != 0
		case syntax.InstMatch:
			n.kind = pMatch
		case syntax.InstFail:
			n.kind = pFail
		default:
			n = p.runes(in, high)
		}
		p.nodes[i] = n
	}
	p.classify()
	return p
}

// runes returns the node for an instruction that takes a rune, and appends those that
// it leads to.
func (p *program) runes(in *syntax.Inst, high *[4]uint64) pnode {
	out := int32(in.Out)
	if one, ok := single(in); ok && one >= utf8.RuneSelf {
		b := utf8.AppendRune(nil, one)
		for i := len(b) - 1; i > 0; i-- {
			set := new([4]uint64)
			put(set, b[i])
			out = p.add(pnode{kind: pByte, set: set, out: out})
		}
		set := new([4]uint64)
		put(set, b[0])
		return pnode{kind: pByte, set: set, out: out}
	}
	set := new([4]uint64)
	for c := range byte(utf8.RuneSelf) {
		if c != '\n' && in.MatchRune(rune(c)) {
			put(set, c)
		}
	}
	if !beyondASCII(in) {
		return pnode{kind: pByte, set: set, out: out}
	}
	p.wide = true
	more := p.add(pnode{kind: pByte, set: high})
	tail := p.add(pnode{kind: pSplit, out: out, alt: more})
	p.nodes[more].out = tail
	first := p.add(pnode{kind: pByte, set: high, out: tail})
	ascii := p.add(pnode{kind: pByte, set: set, out: out})
	return pnode{kind: pSplit, out: ascii, alt: first}
}

func (p *program) add(n pnode) int32 {
	p.nodes = append(p.nodes, n)
	return int32(len(p.nodes) - 1)
}

// single returns the one rune that in takes. A replacement character is not single: it
// stands for every byte that is not UTF-8.
func single(in *syntax.Inst) (rune, bool) {
	if in.Op != syntax.InstRune1 && (in.Op != syntax.InstRune || len(in.Rune) != 1) {
		return 0, false
	}
	r := in.Rune[0]
	if r == utf8.RuneError || syntax.Flags(in.Arg)&syntax.FoldCase != 0 && unicode.SimpleFold(r) != r {
		return 0, false
	}
	return r, true
}

func beyondASCII(in *syntax.Inst) bool {
	switch {
	case in.Op == syntax.InstRuneAny, in.Op == syntax.InstRuneAnyNotNL:
		return true
	case len(in.Rune) == 0: // the empty class
		return false
	case len(in.Rune) == 1:
		r := in.Rune[0]
		if r >= utf8.RuneSelf {
			return true
		}
		if syntax.Flags(in.Arg)&syntax.FoldCase == 0 {
			return false
		}
		for o := unicode.SimpleFold(r); o != r; o = unicode.SimpleFold(o) {
			if o >= utf8.RuneSelf {
				return true
			}
		}
		return false
	}
	return slices.Max(in.Rune) >= utf8.RuneSelf
}

// classify puts bytes that no node tells apart into one class. The line feed is the
// last class, which also stands for the end of the buffer.
func (p *program) classify() {
	var sets []*[4]uint64
	seen := make(map[[4]uint64]bool)
	for i := range p.nodes {
		if s := p.nodes[i].set; s != nil && !seen[*s] {
			seen[*s] = true
			sets = append(sets, s)
		}
	}
	// Refine the partition set by set.
	var class [256]int
	count := 1
	split := func(in func(c byte) bool) {
		moved := make(map[int]int)
		size := make(map[int]int)
		for c := range 256 {
			size[class[c]]++
		}
		members := make(map[int]int)
		for c := range 256 {
			if in(byte(c)) {
				members[class[c]]++
			}
		}
		for c := range 256 {
			k := class[c]
			if !in(byte(c)) || members[k] == size[k] {
				continue
			}
			to, ok := moved[k]
			if !ok {
				to = count
				count++
				moved[k] = to
			}
			class[c] = to
		}
	}
	for _, s := range sets {
		split(func(c byte) bool { return has(s, c) })
	}
	if p.asserts {
		split(isWordByte)
	}
	split(func(c byte) bool { return c == '\n' })
	// Number them with the line feed last.
	lf, last := class['\n'], count-1
	for c := range 256 {
		switch class[c] {
		case lf:
			p.classes[c] = uint8(last)
		case last:
			p.classes[c] = uint8(lf)
		default:
			p.classes[c] = uint8(class[c])
		}
	}
	p.count = count
	p.sample = make([]byte, count)
	for c := range 256 {
		p.sample[p.classes[c]] = byte(c)
	}
}

func isWordByte(c byte) bool {
	return c == '_' || '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
}
