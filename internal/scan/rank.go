package scan

import (
	"bytes"
	"path"
	"strings"
	"time"

	"cleat/internal/tree"
)

// A rank says how likely a file is what the searcher means: the least first, files of
// the same rank by their paths. It is a function of the file, and of nothing else that
// was found.
type rank uint32

// A look is what a match looks like.
type look uint8

// The looks, the best first.
const (
	defined look = iota // the definition of just what was searched for
	named               // the definition of a name that has it in it
	whole               // a whole word
	part                // none of these, or not known
)

const (
	recent    = 7 * 24 * time.Hour // how long a change makes a file interesting
	maxJudged = 1000               // matching lines of a file whose look is told

	rankOld  rank = 1 << 0 // not changed lately
	rankBase rank = 1 << 1 // the name of the file does not have the pattern in it
	rankLook rank = 1 << 2 // times the weights of look and class
)

// A rank is the sum of what the looks, the class, the name and the age of a file give.
// What is not written by people comes last whatever it has. A definition in a test comes
// before a mere use elsewhere, but not if it only has what was searched for in its name.

func lookRank(l look) rank {
	return [...]rank{defined: 0, named: 4, whole: 6, part: 9}[l] * rankLook
}

func classRank(c tree.Class) rank {
	switch c {
	case tree.Normal:
		return 0
	case tree.Test:
		return 5 * rankLook
	}
	return 32 * rankLook
}

// A judge tells the best look of the matches of one file.
type judge struct {
	m    *Matcher
	lang string
	lit  []byte // what decides, if a literal does
	best look
	n    int
}

func (m *Matcher) judge(path string) judge {
	j := judge{m: m, lang: tree.Lang(path), best: part}
	if m.literal {
		j.lit = []byte(m.lits.lits[0])
	}
	return j
}

// see takes one more matching line.
func (j *judge) see(data []byte, h hit) {
	if j.n++; j.best == defined || j.n > maxJudged {
		return
	}
	line := data[h.start:h.end]
	if h.to < 0 {
		if j.best > named && definesAny(j.lang, line) {
			j.best = named
		}
		return
	}
	from, to := h.at-h.start, h.to-h.start
	for range 4 { // a name may be used and defined on one line
		j.best = min(j.best, lookOf(j.lang, line, from, to))
		if j.best == defined || j.m.fold {
			return
		}
		i := bytes.Index(line[to:min(len(line), to+200)], j.lit)
		if i < 0 {
			return
		}
		from = to + i
		to = from + len(j.lit)
	}
}

// lookOf returns what the match line[from:to] looks like.
func lookOf(lang string, line []byte, from, to int) look {
	l := part
	if isWordAt(line, from, to) {
		l = whole
	}
	// The last name that the match has a part of.
	end := to
	for end > from && !isNameByte(line[end-1]) {
		end--
	}
	if end == from {
		return l
	}
	start := wordStart(line[:end])
	if end == to {
		for end < len(line) && isNameByte(line[end]) {
			end++
		}
	}
	switch {
	case !declares(lang, line, start, end):
		return l
	case start >= from && end <= to:
		return defined
	}
	return named
}

// definesAny reports whether one of the first names of the line is defined there.
func definesAny(lang string, line []byte) bool {
	const names, reach = 8, 200
	line = line[:min(len(line), reach)]
	for n, i := 0, 0; n < names && i < len(line); n++ {
		for i < len(line) && !isNameByte(line[i]) {
			i++
		}
		start := i
		for i < len(line) && isNameByte(line[i]) {
			i++
		}
		if start < i && declares(lang, line, start, i) {
			return true
		}
	}
	return false
}

// nameRank returns the part of a file's rank that its name decides.
func (m *Matcher) nameRank(file string) rank {
	if m.base != "" && strings.Contains(strings.ToLower(path.Base(file)), m.base) {
		return 0
	}
	return rankBase
}

// ageRank returns the part of a file's rank that the time of its last change decides.
func (r *run) ageRank(e *tree.Entry) rank {
	_, changed, err := e.Stat()
	if err != nil || r.now.Sub(changed) > recent {
		return rankOld // what cannot be asked is not known to be new
	}
	return 0
}
