package markup

import "strings"

// A kind says what a node is.
type kind uint8

// Blocks, then what stands in lines.
const (
	kDoc kind = iota
	kParagraph
	kHeading // level
	kBullets
	kOrdered // level is the first number
	kTasks
	kItem
	kTask // level is 1 if it is done
	kQuote
	kCode // text, info is the language
	kTable
	kRow
	kCell // level is 1 in a heading, align
	kRule
	kAtom // kept, label
	kBox  // kept, label

	kText    // text, marks, link
	kBreak   // marks, link
	kMention // text is the name, id
	kImage   // text is what is shown instead, link.href; marks
	kInline  // kept, label; marks
)

// marks are what text can have.
type marks uint8

const (
	mStrong marks = 1 << iota
	mEm
	mStrike
	mCode
	mUnder
	mSub
	mSup
)

// A link is what text leads to.
type link struct{ href, title string }

// A node is a part of a document, the same for all markups.
type node struct {
	kind  kind
	level int
	align byte // of a cell: 0, 'c' or 'r'
	marks marks
	kept  int    // number of the placeholder
	text  string // see the kinds
	info  string
	id    string
	link  link
	spans string // numbers of the kept marks around it, each as a rune
	kids  []*node

	from *adfNode // what it was read from
	src  string   // the same in wiki markup, of a block of the document
}

func (n *node) inline() bool { return n.kind >= kText }

// same reports whether two things in a line look the same but for their text.
func (n *node) same(m *node) bool {
	return n.kind == m.kind && n.marks == m.marks && n.link == m.link && n.spans == m.spans
}

// tidy brings a line into the one form that Markdown can say: neighbors that look the same
// are one, no marks begin or end with space, and there is no space at the ends of lines.
func tidy(in []*node) []*node {
	out := make([]*node, 0, len(in))
	for _, n := range in {
		switch {
		case n.kind == kText && n.marks&mCode == 0:
			// Space of its own at either end of each piece, so that it can lose its marks.
			a := len(n.text) - len(strings.TrimLeft(n.text, " "))
			b := max(a, len(strings.TrimRight(n.text, " ")))
			for _, s := range []string{n.text[:a], n.text[a:b], n.text[b:]} {
				if s != "" {
					c := *n
					c.text = s
					out = append(out, &c)
				}
			}
		default:
			out = append(out, n)
		}
	}
	unmarkEnds(out)
	return trimLines(joined(out))
}

// joined makes one of neighbors that look the same.
func joined(in []*node) []*node {
	out := in[:0:0]
	for i := 0; i < len(in); {
		n := in[i]
		i++
		if n.kind != kText {
			out = append(out, n)
			continue
		}
		from := i - 1
		for i < len(in) && in[i].same(n) {
			i++
		}
		if i > from+1 {
			var b strings.Builder
			for _, k := range in[from:i] {
				b.WriteString(k.text)
			}
			c := *n
			c.text = b.String()
			n = &c
		}
		if n.text != "" {
			out = append(out, n)
		}
	}
	return out
}

// unmarkEnds takes each mark off the spaces and breaks that it begins or ends with.
func unmarkEnds(in []*node) {
	blank := func(n *node) bool {
		return n.kind == kBreak || n.kind == kText && n.marks&mCode == 0 && strings.Trim(n.text, " ") == ""
	}
	for pass := 0; pass < 2; pass++ {
		var have marks // of what stands before, as far as it is not blank
		var href link
		var spans string
		for i := range in {
			n := in[i]
			if pass == 1 {
				n = in[len(in)-1-i]
			}
			if !blank(n) {
				have, href, spans = n.marks, n.link, n.spans
				continue
			}
			c := *n
			c.marks &= have
			if c.link != href {
				c.link = link{}
			}
			if c.spans != spans {
				c.spans = ""
			}
			if pass == 0 {
				in[i] = &c
			} else {
				in[len(in)-1-i] = &c
			}
		}
	}
}

// trimLines takes spaces away at the ends of lines, and breaks at the ends of the whole.
func trimLines(in []*node) []*node {
	for len(in) > 0 && in[len(in)-1].kind == kBreak || len(in) > 0 && plainSpace(in[len(in)-1]) {
		in = in[:len(in)-1]
	}
	for len(in) > 0 && in[0].kind == kBreak || len(in) > 0 && plainSpace(in[0]) {
		in = in[1:]
	}
	out := in[:0:0]
	for i, n := range in {
		if n.kind == kText && n.marks&mCode == 0 {
			s := n.text
			if i == 0 || in[i-1].kind == kBreak {
				s = strings.TrimLeft(s, " ")
			}
			if i+1 == len(in) || in[i+1].kind == kBreak {
				s = strings.TrimRight(s, " ")
			}
			if s == "" {
				continue
			}
			if s != n.text {
				c := *n
				c.text = s
				n = &c
			}
		}
		out = append(out, n)
	}
	return out
}

func plainSpace(n *node) bool {
	return n.kind == kText && n.marks&mCode == 0 && strings.Trim(n.text, " ") == ""
}

// oneLine makes the ends of lines and tabs in text spaces.
func oneLine(s string) string {
	if !strings.ContainsAny(s, "\n\r\t\v\f\x00") {
		return s
	}
	return strings.Map(func(r rune) rune {
		switch r {
		case '\n', '\r', '\t', '\v', '\f':
			return ' '
		case 0:
			return 0xfffd
		}
		return r
	}, s)
}
