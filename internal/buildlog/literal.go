package buildlog

import (
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

// isWhole reports whether a line matches re if and only if it holds one of the literals
// that re needs, and only with text that clean lines and raw ones may both have.
func isWhole(re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpLiteral:
		for _, r := range re.Rune {
			if r < ' ' && r != '\t' || r >= 0x7f && r < 0xa0 {
				return false
			}
		}
		whole := ofRunes(re.Rune, re.Flags&syntax.FoldCase != 0)
		return len(whole) > 0 && len(whole[0].text) == len(string(re.Rune))
	case syntax.OpCapture:
		return isWhole(re.Sub[0])
	case syntax.OpAlternate:
		for _, sub := range re.Sub {
			if !isWhole(sub) {
				return false
			}
		}
		return true
	}
	return false
}
