package markup

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// delimiter reads a run of "*", "_" or "~".
func (l *lineParser) delimiter(i int) int {
	c := l.s[i]
	n := leading(l.s[i:], c)
	if c == '~' && n != 2 {
		l.text.WriteString(l.s[i : i+n])
		return n
	}
	before, after := ' ', ' '
	if i > 0 {
		before, _ = utf8.DecodeLastRuneInString(l.s[:i])
	}
	if i+n < len(l.s) {
		after, _ = utf8.DecodeRuneInString(l.s[i+n:])
	}
	mark := func(r rune) bool { return unicode.IsPunct(r) || unicode.IsSymbol(r) }
	left := !unicode.IsSpace(after) && (!mark(after) || unicode.IsSpace(before) || mark(before))
	right := !unicode.IsSpace(before) && (!mark(before) || unicode.IsSpace(after) || mark(after))
	t := token{c: c, count: n, size: n, open: left, close: right}
	if c == '_' {
		t.open = left && (!right || mark(before))
		t.close = right && (!left || mark(after))
	}
	l.flush()
	l.delims = append(l.delims, len(l.tokens))
	l.tokens = append(l.tokens, t)
	return n
}

// emphasis matches the delimiters from the given one on, and forgets them.
// It is "process emphasis" of the specification's appendix.
func (l *lineParser) emphasis(bottom int) {
	type opener struct{ token, serial int }
	var stack []opener
	var floor [3][2][3]int // by character, whether it can open too, and length modulo 3
	serial := 0
	for _, at := range l.delims[bottom:] {
		d := &l.tokens[at]
		kind := strings.IndexByte("*_~", d.c)
		for d.close && d.count > 0 {
			both := 0
			if d.open {
				both = 1
			}
			f := &floor[kind][both][d.size%3]
			k := len(stack) - 1
			for ; k >= 0 && stack[k].serial > *f; k-- {
				o := &l.tokens[stack[k].token]
				odd := (o.close || d.open) && (o.size+d.size)%3 == 0 && (o.size%3 != 0 || d.size%3 != 0)
				if o.c == d.c && (d.c == '~' || !odd) {
					break
				}
			}
			if k < 0 || stack[k].serial <= *f {
				*f = serial
				break
			}
			o := &l.tokens[stack[k].token]
			use, mark := 1, mEm
			if o.count >= 2 && d.count >= 2 {
				use, mark = 2, mStrong
			}
			if d.c == '~' {
				mark = mStrike
			}
			l.spans = append(l.spans, span{from: stack[k].token + 1, to: at, mark: mark})
			o.count -= use
			d.count -= use
			stack = stack[:k+1]
			if o.count == 0 {
				stack = stack[:k]
			}
		}
		if d.open && d.count > 0 {
			serial++
			stack = append(stack, opener{at, serial})
		}
	}
	l.delims = l.delims[:bottom]
}
