package markup

import (
	"html"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A token is a piece of a line of Markdown.
type token struct {
	n     *node // nil for a run of delimiters
	c     byte  // '*', '_' or '~'
	count int   // of c that are left
	size  int   // of c that there were
	open  bool
	close bool
}

// A span is a range of tokens that a mark or a link goes around.
type span struct {
	from, to int // tokens, to exclusive
	mark     marks
	link     *link
	kept     int
}

// A bracket is a "[" or "![" that may begin a link.
type bracket struct {
	token  int
	delims int // how many delimiters stood before it
	at     int // offset behind it
	image  bool
	dead   bool // a link cannot be in a link
}

// A tag is an open HTML tag.
type tag struct {
	name  string
	token int
	kept  int
}

// A lineParser reads what stands in one paragraph, heading or cell.
type lineParser struct {
	p        *parser
	s        string
	tokens   []token
	delims   []int // tokens that are delimiters and may still match
	spans    []span
	brackets []bracket
	tags     []tag
	noTicks  [64]bool // no run of so many backticks follows
	text     strings.Builder
}

// line reads the text of a paragraph.
func (p *parser) line(s string) []*node {
	l := &lineParser{p: p, s: strings.Trim(s, " \t\n")}
	l.scan()
	return tidy(l.nodes())
}

func (l *lineParser) flush() {
	if l.text.Len() > 0 {
		l.tokens = append(l.tokens, token{n: &node{kind: kText, text: l.text.String()}})
		l.text.Reset()
	}
}

func (l *lineParser) push(n *node) {
	l.flush()
	l.tokens = append(l.tokens, token{n: n})
}

func (l *lineParser) scan() {
	for i := 0; i < len(l.s); {
		if n := strings.IndexAny(l.s[i:], "\\`*_~[]!<&@h\n"); n != 0 {
			if n < 0 {
				n = len(l.s) - i
			}
			l.text.WriteString(oneLine(l.s[i : i+n]))
			i += n
			continue
		}
		n := l.special(i)
		if n == 0 {
			l.text.WriteByte(l.s[i])
			n = 1
		}
		i += n
	}
	l.flush()
	l.emphasis(0)
	// Tags and brackets that are not closed are text.
	for _, t := range l.tags {
		l.tokens[t.token].n.kind = kText
	}
}

// special reads what begins at i, and returns how many bytes that is; 0 if it is text.
func (l *lineParser) special(i int) int {
	s := l.s[i:]
	switch c := s[0]; c {
	case '\\':
		if len(s) > 1 && s[1] == '\n' {
			l.push(&node{kind: kBreak})
			return 2
		}
		if len(s) > 1 && punct(s[1]) {
			l.text.WriteByte(s[1])
			return 2
		}
	case '\n':
		t := l.text.String()
		cut := strings.TrimRight(t, " ")
		l.text.Reset()
		l.text.WriteString(cut)
		if len(t)-len(cut) >= 2 {
			l.push(&node{kind: kBreak})
		} else {
			l.text.WriteByte(' ')
		}
		return 1 + len(s[1:]) - len(strings.TrimLeft(s[1:], " \t"))
	case '`':
		return l.code(s)
	case '*', '_', '~':
		return l.delimiter(i)
	case '!':
		if len(s) > 1 && s[1] == '[' {
			l.bracket("![", i)
			return 2
		}
	case '[':
		l.bracket("[", i)
		return 1
	case ']':
		return l.closeBracket(i)
	case '<':
		return l.angle(s)
	case '&':
		if t, n := entity(s); n > 0 {
			l.text.WriteString(t)
			return n
		}
	case '@':
		if !wordBefore(l.s, i) {
			return l.mention(s)
		}
	case 'h':
		if !wordBefore(l.s, i) {
			if n := bareURL(s); n > 0 {
				l.push(&node{kind: kText, text: s[:n], link: link{href: s[:n]}})
				return n
			}
		}
	}
	return 0
}

// entity reads the character that "&name;" stands for.
func entity(s string) (string, int) {
	n := strings.IndexByte(s[:min(len(s), 12)], ';') + 1
	if n < 3 || strings.ContainsAny(s[1:n-1], " &<\n") {
		return "", 0
	}
	t := html.UnescapeString(s[:n])
	if t == s[:n] || len(t) > 1 && strings.HasSuffix(t, ";") {
		return "", 0
	}
	return oneLine(t), n
}

func punct(c byte) bool {
	return '!' <= c && c <= '/' || ':' <= c && c <= '@' || '[' <= c && c <= '`' || '{' <= c && c <= '~'
}

// wordBefore reports whether a letter or digit stands before s[i].
func wordBefore(s string, i int) bool {
	r, _ := utf8.DecodeLastRuneInString(s[:i])
	return i > 0 && (unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_')
}

// code reads a code span.
func (l *lineParser) code(s string) int {
	n := leading(s, '`')
	if n >= len(l.noTicks) || l.noTicks[n] {
		l.text.WriteString(s[:n])
		return n
	}
	for i := n; i < len(s); {
		k := strings.IndexByte(s[i:], '`')
		if k < 0 {
			break
		}
		i += k
		m := leading(s[i:], '`')
		if m == n {
			t := oneLine(s[n:i])
			if len(t) > 2 && t[0] == ' ' && t[len(t)-1] == ' ' && strings.Trim(t, " ") != "" {
				t = t[1 : len(t)-1]
			}
			l.push(&node{kind: kText, text: t, marks: mCode})
			return i + m
		}
		i += m
	}
	l.noTicks[n] = true
	l.text.WriteString(s[:n])
	return n
}

// angle reads an address or a tag in angle brackets.
func (l *lineParser) angle(s string) int {
	end := strings.IndexAny(s[1:min(len(s), 2050)], "<>\n") + 1
	if end < 2 || s[end] != '>' {
		return 0
	}
	in := s[1:end]
	if i := strings.IndexByte(in, ':'); i > 1 && i < 33 && strings.IndexByte(in, ' ') < 0 && scheme(in[:i]) {
		l.push(&node{kind: kText, text: in, link: link{href: in}})
		return end + 1
	}
	name := strings.ToLower(in)
	if name == "br" || name == "br/" || name == "br /" {
		l.push(&node{kind: kBreak})
		return end + 1
	}
	if rest, ok := strings.CutPrefix(name, "/"); ok {
		return l.closeTag(rest, end+1)
	}
	kept := 0
	if rest, ok := strings.CutPrefix(name, `span id="kept:`); ok {
		kept = keptNumber(strings.TrimSuffix(rest, `"`))
		if a := l.p.o.atom(kept); a == nil || a.mark == nil && (a.open == "" || !a.inline) {
			return 0
		}
		name = "span"
	}
	if tagMark(name) == 0 && kept == 0 || len(l.tags) >= maxDepth {
		return 0
	}
	l.flush()
	l.tags = append(l.tags, tag{name, len(l.tokens), kept})
	// Hidden until it is known whether the tag is closed.
	l.tokens = append(l.tokens, token{n: &node{kind: kDoc, text: s[:end+1]}})
	return end + 1
}

func (l *lineParser) closeTag(name string, n int) int {
	for k := len(l.tags) - 1; k >= 0; k-- {
		t := l.tags[k]
		if t.name != name {
			continue
		}
		l.flush()
		for _, u := range l.tags[k+1:] {
			l.tokens[u.token].n.kind = kText
		}
		l.tags = l.tags[:k]
		l.spans = append(l.spans, span{from: t.token + 1, to: len(l.tokens), mark: tagMark(name), kept: t.kept})
		return n
	}
	return 0
}

func scheme(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i] | 0x20
		if (c < 'a' || c > 'z') && (i == 0 || (s[i] < '0' || s[i] > '9') && strings.IndexByte("+.-", s[i]) < 0) {
			return false
		}
	}
	return s != ""
}

func tagMark(name string) marks {
	switch name {
	case "strong", "b":
		return mStrong
	case "em", "i":
		return mEm
	case "del", "s":
		return mStrike
	case "u", "ins":
		return mUnder
	case "sub":
		return mSub
	case "sup":
		return mSup
	}
	return 0
}

// nodes puts the marks of the spans on the tokens.
func (l *lineParser) nodes() []*node {
	type edge struct {
		span  int
		begin bool
	}
	edges := make([][]edge, len(l.tokens)+1)
	for i, s := range l.spans {
		if s.from < s.to && s.to <= len(l.tokens) {
			edges[s.from] = append(edges[s.from], edge{i, true})
			edges[s.to] = append(edges[s.to], edge{i, false})
		}
	}
	var depth [8]int
	var now *link
	var kept []rune
	var out []*node
	for i, t := range l.tokens {
		for _, e := range edges[i] {
			s := l.spans[e.span]
			step := -1
			if e.begin {
				step = 1
			}
			for b := range depth {
				if s.mark&(1<<b) != 0 {
					depth[b] += step
				}
			}
			switch {
			case s.link != nil && e.begin:
				now = s.link
			case s.link != nil:
				now = nil
			case s.kept > 0 && e.begin:
				kept = append(kept, rune(s.kept))
			case s.kept > 0:
				for k := len(kept) - 1; k >= 0; k-- {
					if kept[k] == rune(s.kept) {
						kept = append(kept[:k:k], kept[k+1:]...)
						break
					}
				}
			}
		}
		n := t.n
		if n == nil {
			n = &node{kind: kText, text: strings.Repeat(string(rune(t.c)), t.count)}
		}
		if n.kind == kDoc || n.kind == kText && n.text == "" {
			continue
		}
		for b := range depth {
			if depth[b] > 0 {
				n.marks |= 1 << b
			}
		}
		if now != nil && n.kind != kImage && n.kind != kInline && n.kind != kMention {
			n.link = *now
		}
		n.spans = string(kept)
		out = append(out, n)
	}
	return out
}
