package scan

import (
	"bytes"
	"unicode/utf8"
)

// A lines finds matching lines in buffers, one after the other. It is for one goroutine.
type lines struct {
	m    *Matcher
	lits finder // nil: the DFA goes over everything
	dfa  *dfa   // nil: a literal decides
	stop func() bool
}

func (m *Matcher) lines(stop func() bool) *lines {
	l := &lines{m: m, stop: stop}
	if len(m.lits.lits) > 0 {
		l.lits = newFinder(m.lits)
	}
	if !m.literal {
		l.dfa = newDFA(m.prog)
	}
	return l
}

// A hit is one matching line.
type hit struct {
	start, end int // of the line, without its line feed
	at, to     int // where the match begins and ends, or -1 if that was not needed
}

// reset makes l ready for another buffer.
func (l *lines) reset() {
	if l.lits != nil {
		l.lits.reset()
	}
}

// next returns the first matching line that begins at or after from, which must be the
// beginning of a line. It is not ok at the end, and when stop returned true.
func (l *lines) next(data []byte, from int) (h hit, ok bool) {
	for n := 0; from < len(data); n++ {
		if n%64 == 63 && l.stop() {
			return hit{}, false
		}
		switch {
		case l.dfa == nil:
			h, ok = l.nextLiteral(data, from)
			return h, ok
		case l.lits != nil:
			at, _ := l.lits.find(data, from)
			if at < 0 {
				return hit{}, false
			}
			h.start, h.end = lineAround(data, at)
			h.at, h.to = -1, -1
			if l.verify(data[h.start:h.end], false) {
				return h, true
			}
		default:
			at := l.dfa.find(data, from, l.stop)
			if at < 0 {
				return hit{}, false
			}
			h.start, h.end = lineAround(data, at)
			h.at, h.to = -1, -1
			if l.verify(data[h.start:h.end], true) {
				return h, true
			}
		}
		from = h.end + 1
	}
	return hit{}, false
}

func (l *lines) nextLiteral(data []byte, from int) (hit, bool) {
	for n := 0; from < len(data); n++ {
		start, end := l.lits.find(data, from)
		if start < 0 {
			return hit{}, false
		}
		if !l.m.q.Word || isWordAt(data, start, end) {
			h := hit{at: start, to: end}
			h.start, h.end = lineAround(data, start)
			return h, true
		}
		// The next occurrence may overlap this one.
		from = start + 1
		for from < len(data) && !utf8.RuneStart(data[from]) {
			from++
		}
		if n%4096 == 4095 && l.stop() {
			return hit{}, false
		}
	}
	return hit{}, false
}

// verifyWork bounds what Go's regexp, which cannot be interrupted, is given: bytes of
// the line times steps of the program. Beyond, the DFA is believed: it may then accept
// a line with characters beyond ASCII that does not match.
const verifyWork = 1 << 26

// verify reports whether the line matches, given whether the DFA accepted it already.
func (l *lines) verify(line []byte, accepted bool) bool {
	if !accepted && !l.dfa.matches(line, l.stop) {
		return false
	}
	if !l.m.prog.wide || isASCII(line) || len(line)*l.m.insts > verifyWork {
		return true
	}
	return l.m.re().Match(line)
}

func isASCII(b []byte) bool {
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// place returns where in the line h the match is; 0 if that is not known.
func (l *lines) place(data []byte, h hit) int {
	if h.at >= 0 {
		return h.at - h.start
	}
	line := data[h.start:h.end]
	if len(line)*l.m.insts > verifyWork {
		return 0
	}
	if loc := l.m.re().FindIndex(line); loc != nil {
		return loc[0]
	}
	return 0
}

// countLines returns how many lines begin in data[from:to].
func countLines(data []byte, from, to int) int {
	return bytes.Count(data[from:to], []byte{'\n'})
}
