package gouses

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"cleat/internal/sorting"
)

// result places what the report says in the masked text.
func (l *loaded) result(rep *report, n name, redact func(string, []byte) []byte) *Result {
	res := &Result{}
	for _, f := range rep.files {
		s := l.sources[f.source]
		at := newPlacer(s, n.last, redact)
		for _, m := range f.marks {
			line, col, ok := at.place(m.off)
			if !ok {
				continue
			}
			p := Pos{Path: s.path, Line: line, Col: col}
			switch m.is {
			case defined:
				res.Defs = append(res.Defs, p)
			case used:
				res.Uses = append(res.Uses, p)
			case unsure:
				p.Why = m.why
				res.Unsure = append(res.Unsure, p)
			}
		}
	}
	for _, list := range [][]Pos{res.Defs, res.Uses, res.Unsure} {
		sorting.Sort(list, func(a, b Pos) int {
			return cmp.Or(strings.Compare(a.Path, b.Path), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col))
		})
	}
	return res
}

// A placer turns offsets in a file into lines and columns of its masked text.
type placer struct {
	data, masked []byte
	name         string
	starts       []int // of the lines of data
	maskedStarts []int // of masked; nil if it is the same
}

func newPlacer(s *source, name string, redact func(string, []byte) []byte) *placer {
	p := &placer{data: s.data, name: name, starts: lineStarts(s.data)}
	if redact != nil {
		if p.masked = redact(s.path, s.data); !bytes.Equal(p.masked, p.data) {
			p.maskedStarts = lineStarts(p.masked)
		}
	}
	return p
}

// place returns where the identifier at off is, from 1, and false if a mask covers it.
func (p *placer) place(off int) (line, col int, ok bool) {
	i, found := slices.BinarySearch(p.starts, off)
	if !found {
		i--
	}
	col = off - p.starts[i]
	if p.maskedStarts == nil {
		return i + 1, col + 1, true
	}
	if len(p.maskedStarts) != len(p.starts) {
		return 0, 0, false
	}
	raw, masked := lineAt(p.data, p.starts, i), lineAt(p.masked, p.maskedStarts, i)
	if bytes.Equal(raw, masked) {
		return i + 1, col + 1, true
	}
	// The nth of the name stays the nth only if no other came or went.
	rawAt, maskedAt := words(raw, p.name), words(masked, p.name)
	n := slices.Index(rawAt, col)
	if n < 0 || len(rawAt) != len(maskedAt) {
		return 0, 0, false
	}
	return i + 1, maskedAt[n] + 1, true
}

func lineStarts(data []byte) []int {
	starts := make([]int, 1, bytes.Count(data, []byte{'\n'})+1)
	for i, b := range data {
		if b == '\n' {
			starts = append(starts, i+1)
		}
	}
	return starts
}

func lineAt(data []byte, starts []int, i int) []byte {
	if i+1 < len(starts) {
		return data[starts[i]:starts[i+1]]
	}
	return data[starts[i]:]
}

// words returns where name stands as a whole word in line.
func words(line []byte, name string) []int {
	var out []int
	for from := 0; ; {
		i := bytes.Index(line[from:], []byte(name))
		if i < 0 {
			return out
		}
		i += from
		from = i + len(name)
		if !endsInLetter(line[:i]) && !beginsWithLetter(line[from:]) {
			out = append(out, i)
		}
	}
}
