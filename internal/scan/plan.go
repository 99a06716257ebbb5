package scan

import (
	"regexp/syntax"
	"slices"
	"strings"
	"unicode/utf8"
)

// A litSet is some literals one of which is in every match.
type litSet struct {
	lits []string
	fold bool // in any case
}

const (
	maxLits     = 32 // strings that are kept while more may be found
	maxSearched = 4  // literals above which the DFA over everything is quicker
	maxLitLen   = 64
	maxClass    = 8 // runes of a class that is written out
)

// score says how well the set tells lines apart; 0 is not at all, or not cheaply.
func (s litSet) score() int {
	if len(s.lits) == 0 || len(s.lits) > maxSearched {
		return 0
	}
	worst := 1 << 10
	for _, l := range s.lits {
		sum := 0
		for i := range len(l) {
			sum += rarity(l[i])
		}
		if s.fold {
			sum -= sum / 4
		}
		worst = min(worst, sum)
	}
	// A long literal is not rarer than a good one, and each one more is one more search.
	return max(min(worst, 24)-4*(len(s.lits)-1), 0)
}

// A need is what a piece of a regular expression demands of the text.
type need struct {
	exact []string // all strings it matches, or nil if they are too many
	fold  bool     // exact is in any case
	best  litSet   // of which one is in every match
}

// required returns literals one of which is in every match of re, simplified. The set
// is empty if there are none.
func required(re *syntax.Regexp) litSet {
	n := needs(re)
	return better(n.best, litSet{n.exact, n.fold})
}

func better(a, b litSet) litSet {
	if b.score() > a.score() {
		return b
	}
	return a
}

func needs(re *syntax.Regexp) need {
	switch re.Op {
	case syntax.OpLiteral:
		if slices.Contains(re.Rune, utf8.RuneError) {
			return need{} // it stands for bytes that are not UTF-8, too
		}
		if len(re.Rune) > maxLitLen {
			s := string(re.Rune[:maxLitLen])
			return need{best: litSet{[]string{s}, re.Flags&syntax.FoldCase != 0}}
		}
		return need{exact: []string{string(re.Rune)}, fold: re.Flags&syntax.FoldCase != 0}
	case syntax.OpEmptyMatch, syntax.OpBeginLine, syntax.OpEndLine, syntax.OpBeginText,
		syntax.OpEndText, syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return need{exact: []string{""}}
	case syntax.OpCharClass:
		return classNeed(re.Rune)
	case syntax.OpCapture:
		return needs(re.Sub[0])
	case syntax.OpQuest:
		n := needs(re.Sub[0])
		if n.exact == nil || len(n.exact) >= maxLits {
			return need{}
		}
		return need{exact: append([]string{""}, n.exact...), fold: n.fold}
	case syntax.OpPlus:
		n := needs(re.Sub[0])
		return need{best: better(n.best, litSet{n.exact, n.fold})}
	case syntax.OpConcat:
		return concatNeed(re.Sub)
	case syntax.OpAlternate:
		return alternateNeed(re.Sub)
	}
	return need{} // stars, any characters
}

func classNeed(ranges []rune) need {
	var out []string
	for i := 0; i < len(ranges); i += 2 {
		for r := ranges[i]; r <= ranges[i+1]; r++ {
			if r == '\n' {
				continue // lines have none
			}
			if out = append(out, string(r)); len(out) > maxClass || r >= 0xd800 {
				return need{}
			}
		}
	}
	return need{exact: out}
}

func concatNeed(subs []*syntax.Regexp) need {
	var best litSet
	run, fold, whole := []string{""}, false, true
	// The longest run of pieces that match one string each: one literal is found quicker
	// than several that are longer.
	var alone string
	aloneFold := false
	endAlone := func() {
		best = better(best, litSet{[]string{alone}, aloneFold})
		alone, aloneFold = "", false
	}
	end := func() {
		best = better(best, litSet{run, fold})
		run, fold, whole = []string{""}, false, false
	}
	for _, sub := range subs {
		n := needs(sub)
		best = better(best, litSet{run, fold}) // it may be the best before it grows
		if len(n.exact) == 1 {
			alone, aloneFold = alone+n.exact[0], aloneFold || n.fold
		} else {
			endAlone()
		}
		if sub.Op == syntax.OpPlus {
			// x+ ends what stands before it with one x and begins what follows with one.
			if one := needs(sub.Sub[0]); one.exact != nil && cross(run, one.exact) != nil {
				run, fold = cross(run, one.exact), fold || one.fold
				end()
				run, fold = one.exact, one.fold
				continue
			}
		}
		if n.exact != nil {
			if c := cross(run, n.exact); c != nil {
				run, fold = c, fold || n.fold
				continue
			}
			end()
			run, fold = n.exact, n.fold
			continue
		}
		end()
		best = better(best, n.best)
	}
	endAlone()
	if whole {
		return need{exact: run, fold: fold, best: best}
	}
	end()
	return need{best: best}
}

// cross returns every string of a followed by every string of b, or nil if that is too
// much.
func cross(a, b []string) []string {
	if len(a)*len(b) > maxLits {
		return nil
	}
	out := make([]string, 0, len(a)*len(b))
	for _, x := range a {
		for _, y := range b {
			if len(x)+len(y) > maxLitLen {
				return nil
			}
			out = append(out, x+y)
		}
	}
	return out
}

func alternateNeed(subs []*syntax.Regexp) need {
	var exact []string
	var set litSet
	fold, all, every := false, true, true
	for _, sub := range subs {
		n := needs(sub)
		fold = fold || n.fold
		if all = all && n.exact != nil && len(exact)+len(n.exact) <= maxLits; all {
			exact = append(exact, n.exact...)
		}
		one := better(n.best, litSet{n.exact, n.fold})
		if every = every && one.score() > 0 && len(set.lits)+len(one.lits) <= maxLits; every {
			set.lits = append(set.lits, one.lits...)
			set.fold = set.fold || one.fold
		}
	}
	var n need
	if all {
		n.exact, n.fold = exact, fold
	}
	if every {
		n.best = set
	}
	return n
}

// foldAll returns the distinct lower-case forms, so that sets in any case stay small.
func foldAll(lits []string) []string {
	seen := make(map[string]bool)
	var out []string
	for _, l := range lits {
		var b strings.Builder
		for _, r := range l {
			b.WriteRune(fold(r))
		}
		if s := b.String(); !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out
}
