package scan

import (
	"regexp/syntax"
	"slices"
	"strconv"
)

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
