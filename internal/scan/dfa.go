package scan

import (
	"regexp/syntax"
	"slices"
	"strconv"
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

// A dfa runs a program, making its states as they are met. It is for one goroutine.
type dfa struct {
	p      *program
	states []dstate
	byKey  map[string]uint32
	trans  []uint32 // state*count+class: the next state times count, or a mark
	begin  uint32   // the state at the beginning of a line

	stack []int32 // for closures
	mark  []uint32
	gen   uint32
	list  []int32
	key   []byte
	made  int // transitions since the last look at stop
}

type dstate struct {
	nodes []int32 // not followed yet: what holds depends on the next byte
	prev  byte    // what stands before
}

// What may stand before a state.
const (
	prevLine  = iota // nothing: a line begins
	prevWord         // a byte of a word
	prevOther        // another byte
)

// Marks in trans, above all states.
const (
	unmade  = 1<<32 - 1
	matched = 1<<32 - 2
	special = 1 << 31
)

const maxDFA = 1 << 19 // entries of trans, 2 MB

func newDFA(p *program) *dfa {
	d := &dfa{p: p, mark: make([]uint32, len(p.nodes))}
	d.clear()
	return d
}

func (d *dfa) clear() {
	d.states, d.trans = d.states[:0], d.trans[:0]
	d.byKey = make(map[string]uint32)
	d.begin = d.state([]int32{d.p.start}, prevLine)
}

// state returns the number of a state, times the number of classes.
func (d *dfa) state(nodes []int32, prev byte) uint32 {
	d.key = append(d.key[:0], prev)
	for _, n := range nodes {
		d.key = strconv.AppendInt(d.key, int64(n), 36)
		d.key = append(d.key, ' ')
	}
	if s, ok := d.byKey[string(d.key)]; ok {
		return s
	}
	s := uint32(len(d.states) * d.p.count)
	d.states = append(d.states, dstate{slices.Clone(nodes), prev})
	d.byKey[string(d.key)] = s
	for range d.p.count {
		d.trans = append(d.trans, unmade)
	}
	return s
}

// step makes the transition of the state s on class c.
func (d *dfa) step(s uint32, c int) uint32 {
	if len(d.trans)+d.p.count > maxDFA {
		keep := d.states[int(s)/d.p.count]
		d.clear()
		s = d.state(keep.nodes, keep.prev)
	}
	st := d.states[int(s)/d.p.count]
	end := c == d.p.count-1
	b := d.p.sample[c]
	match := d.follow(st, b, end)
	next := d.begin
	switch {
	case match:
		next = matched
	case !end:
		next = d.after(b)
	}
	d.trans[int(s)+c] = next
	d.made++
	return next
}

// follow puts the nodes that take a byte, after the empty steps that are open between
// what stands before st and the byte b, into d.list, and reports a match.
func (d *dfa) follow(st dstate, b byte, end bool) bool {
	var open syntax.EmptyOp
	if d.p.asserts {
		word := !end && isWordByte(b)
		if (st.prev == prevWord) != word {
			open |= syntax.EmptyWordBoundary
		} else {
			open |= syntax.EmptyNoWordBoundary
		}
		if st.prev == prevLine {
			open |= syntax.EmptyBeginLine | syntax.EmptyBeginText
		}
		if end {
			open |= syntax.EmptyEndLine | syntax.EmptyEndText
		}
	}
	d.gen++
	d.list = d.list[:0]
	d.stack = append(d.stack[:0], st.nodes...)
	for len(d.stack) > 0 {
		i := d.stack[len(d.stack)-1]
		d.stack = d.stack[:len(d.stack)-1]
		if d.mark[i] == d.gen {
			continue
		}
		d.mark[i] = d.gen
		switch n := &d.p.nodes[i]; n.kind {
		case pMatch:
			return true
		case pSplit:
			d.stack = append(d.stack, n.out, n.alt)
		case pAssert:
			if n.cond&^open == 0 {
				d.stack = append(d.stack, n.out)
			}
		case pByte:
			d.list = append(d.list, i)
		}
	}
	return false
}

// after returns the state after the byte b, given the nodes in d.list.
func (d *dfa) after(b byte) uint32 {
	d.gen++
	d.stack = append(d.stack[:0], d.p.start) // a match may begin anywhere
	d.mark[d.p.start] = d.gen
	for _, i := range d.list {
		n := &d.p.nodes[i]
		if has(n.set, b) && d.mark[n.out] != d.gen {
			d.mark[n.out] = d.gen
			d.stack = append(d.stack, n.out)
		}
	}
	slices.Sort(d.stack)
	prev := byte(prevOther)
	if d.p.asserts && isWordByte(b) {
		prev = prevWord
	}
	return d.state(d.stack, prev)
}

// find returns a place in the first matching line at or after from, which must be the
// beginning of a line: data[at] lies in the line, or is its line feed, or at is
// len(data). It returns -1 if there is none, and gives up when stop returns true.
func (d *dfa) find(data []byte, from int, stop func() bool) int {
	classes, count := &d.p.classes, d.p.count
	s := d.begin
	for i := from; i < len(data); {
		block := data[i:min(len(data), i+64<<10)]
		trans := d.trans
		for j := 0; j < len(block); j++ {
			next := trans[int(s)+int(classes[block[j]])]
			if next >= special {
				if next == unmade {
					next = d.step(s, int(classes[block[j]]))
					trans = d.trans
					if d.made >= 1024 {
						if d.made = 0; stop() {
							return -1
						}
					}
				}
				if next == matched {
					return i + j
				}
			}
			s = next
		}
		i += len(block)
		if stop() {
			return -1
		}
	}
	if n := len(data); n > from && data[n-1] != '\n' {
		next := d.trans[int(s)+count-1]
		if next == unmade {
			next = d.step(s, count-1)
		}
		if next == matched {
			return n
		}
	}
	return -1
}

// matches reports whether the line, which has no line feed, matches.
func (d *dfa) matches(line []byte, stop func() bool) bool {
	if len(line) > 0 {
		return d.find(line, 0, stop) >= 0
	}
	next := d.trans[int(d.begin)+d.p.count-1]
	if next == unmade {
		next = d.step(d.begin, d.p.count-1)
	}
	return next == matched
}
