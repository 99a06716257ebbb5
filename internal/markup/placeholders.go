package markup

import (
	"strconv"
	"strings"

	"cleat/internal/fail"
)

// A placeholder is a comment that stands for something kept.
type placeholder struct {
	n   int
	end bool
}

// placeholderOf reads a line that is nothing but a placeholder.
func placeholderOf(s string) placeholder {
	s = strings.TrimRight(s, " \t")
	rest, ok := strings.CutPrefix(s, "<!-- ")
	if !ok || !strings.HasSuffix(rest, " -->") || strings.Index(rest, "-->") != len(rest)-3 {
		return placeholder{}
	}
	rest, end := strings.CutPrefix(rest, "/")
	rest, ok = strings.CutPrefix(rest, "kept:")
	if !ok {
		return placeholder{}
	}
	number, _, _ := strings.Cut(rest, " ")
	return placeholder{keptNumber(number), end}
}

// keptNumber reads the number of a placeholder, 0 if it is none.
func keptNumber(s string) int {
	if s == "" || len(s) > 7 || s[0] == '0' {
		return 0
	}
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return 0
		}
	}
	n, _ := strconv.Atoi(s)
	return n
}

// keptBlock reads a kept block, or a box with what is in it. It returns nil for a
// placeholder that does not stand for a block.
func (p *parser) keptBlock(lines []string, k placeholder, depth int) (*node, int) {
	a := &p.o.Kept.atoms[k.n-1]
	switch {
	case a.mark != nil || a.inline:
		return nil, 0
	case !a.box && !k.end:
		return &node{kind: kAtom, kept: k.n}, 1
	case !a.box:
		return nil, 0
	}
	if k.end {
		p.half(k.n, "end", "beginning")
		return &node{kind: kRule}, 1
	}
	var open fence
	level := 1 // a box in a copy of itself has the same number
	for i := 1; i < len(lines); i++ {
		indent, s := cutIndent(lines[i])
		switch {
		case s == "":
		case open.n > 0:
			if open.closes(lines[i]) {
				open = fence{}
			}
		case indent >= 4:
		default:
			open = fenceOf(s)
			c := placeholderOf(s)
			if c.n == k.n && c.end {
				level--
			} else if c.n == k.n {
				level++
			}
			if level == 0 {
				return &node{kind: kBox, kept: k.n, kids: p.blocks(lines[1:i], depth+1)}, i + 1
			}
		}
	}
	p.half(k.n, "beginning", "end")
	return &node{kind: kRule}, 1
}

func (p *parser) half(n int, has, lacks string) {
	if p.err == nil {
		p.err = fail.Errorf(fail.Invalid, "the text has the %s of kept:%d and not its %s", has, n, lacks).
			Then("keep both placeholders, <!-- kept:%d … --> and <!-- /kept:%d -->, or take away both", n, n)
	}
}
