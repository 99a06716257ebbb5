package markup

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// A place is where a line stands.
type place int

const (
	lineStart   place = iota // at the beginning of a block
	headingLine              // in a heading
	tableCell
)

// text writes a line. It is written as people do first, and read again; if that does not
// give the same, all that may be a mark is escaped, and marks are written as tags.
func (r *renderer) text(in []*node, prefix string, at place) string {
	in = tidy(in)
	if len(in) == 0 {
		return ""
	}
	for _, full := range []bool{false, true} {
		if r.exact && !full {
			continue
		}
		w := lineWriter{at: at, full: full, exact: r.exact, known: r.known}
		s := w.line(in)
		if full || sameLine(in, s, at, r.known) {
			if prefix != "" {
				s = strings.ReplaceAll(s, "\n", "\n"+prefix)
			}
			if at == tableCell {
				s = strings.ReplaceAll(s, "|", `\|`)
			}
			return s
		}
	}
	return ""
}

// sameLine reports whether s is read as the line in.
func sameLine(in []*node, s string, at place, known []string) bool {
	// Placeholders and mentions are read as any others of their number.
	var o Options
	for _, n := range in {
		for _, k := range n.spans {
			o.need(int(k), atom{open: "x", inline: true})
		}
		if n.kind == kInline {
			o.need(n.kept, atom{inline: true})
		}
		if n.kind == kMention {
			o.Kept.names = append(o.Kept.names, person{n.text, n.id, nil})
		}
	}
	p := parser{o: &o, names: append([]person(nil), o.Kept.names...)}
	if at == tableCell {
		s = strings.ReplaceAll(s, "\\\n", "<br>")
	}
	got := p.line(s)
	if len(got) != len(in) {
		return false
	}
	for i, n := range in {
		g := got[i]
		if !g.same(n) || g.kept != n.kept || g.id != n.id || n.kind != kInline && g.text != n.text {
			return false
		}
	}
	return true
}

// need makes a placeholder known. Numbers are bounded by the document that is written.
func (o *Options) need(n int, a atom) {
	for len(o.Kept.atoms) < n {
		o.Kept.atoms = append(o.Kept.atoms, atom{mark: &adfMark{}})
	}
	o.Kept.atoms[n-1] = a
}

// A lineWriter writes what stands in a line.
type lineWriter struct {
	b     strings.Builder
	at    place
	full  bool
	exact bool
	known []string
	open  []wrap
	fresh bool // at the beginning of a line
}

// A wrap is a mark, a link or a kept mark that is open.
type wrap struct {
	mark marks
	link link
	kept rune
}

func (w *lineWriter) line(in []*node) string {
	w.fresh = w.at != tableCell
	for i, n := range in {
		w.switchTo(in, i)
		switch n.kind {
		case kText:
			switch {
			case n.marks&mCode != 0:
				w.b.WriteString(codeSpan(n.text))
			case w.bare(n):
				w.b.WriteString(n.text)
			default:
				w.escape(n.text)
			}
		case kBreak:
			w.b.WriteString("\\\n")
		case kMention:
			w.b.WriteString("@" + n.text)
			if w.exact {
				w.b.WriteString("\x00" + n.id)
			}
		case kImage:
			w.b.WriteString("![" + escapeLabel(n.text) + "](" + address(n.link) + ")")
		case kInline:
			bang := ""
			if w.exact {
				w.b.WriteString("[](kept:" + strconv.Itoa(n.kept) + ")")
				break
			}
			if n.text == "image" {
				bang = "!"
			}
			w.b.WriteString(bang + "[" + escapeLabel(n.info) + "](kept:" + strconv.Itoa(n.kept) + ")")
		}
		w.fresh = n.kind == kBreak && w.at != tableCell
	}
	w.closeTo(0)
	return w.b.String()
}

// bare reports whether a text that leads to itself is written without brackets.
func (w *lineWriter) bare(n *node) bool {
	return len(w.open) == 0 && n.link.href == n.text && n.link.title == "" && !w.full && bareURL(n.text) == len(n.text)
}

// switchTo closes the marks that in[i] does not have and opens those that it has.
func (w *lineWriter) switchTo(in []*node, i int) {
	n := in[i]
	want := wraps(n)
	if n.kind == kText && n.link.href == n.text && n.link.title == "" && !w.full && len(want) == 1 && bareURL(n.text) == len(n.text) {
		want = nil
	}
	has := func(x wrap) bool {
		for _, v := range want {
			if v == x {
				return true
			}
		}
		return false
	}
	keep := 0
	for keep < len(w.open) && has(w.open[keep]) {
		keep++
	}
	w.closeTo(keep)
	// What lasts longest is opened first.
	var rest []wrap
	for _, x := range want {
		open := false
		for _, v := range w.open {
			open = open || v == x
		}
		if !open {
			rest = append(rest, x)
		}
	}
	for len(rest) > 0 {
		best, far := 0, -1
		for k, x := range rest {
			if f := lasts(in, i, x); f > far {
				best, far = k, f
			}
		}
		w.begin(rest[best])
		rest = append(rest[:best:best], rest[best+1:]...)
	}
}

// lasts returns for how many nodes from i on x holds, looking ahead not far.
func lasts(in []*node, i int, x wrap) int {
	n := 0
	for i+n < len(in) && n < 32 {
		found := false
		for _, v := range wraps(in[i+n]) {
			found = found || v == x
		}
		if !found {
			break
		}
		n++
	}
	if x.link.href != "" || x.link.title != "" {
		return n + 1 // around the marks of its text
	}
	return n
}

func wraps(n *node) []wrap {
	var out []wrap
	if n.link != (link{}) && n.kind != kImage {
		out = append(out, wrap{link: n.link})
	}
	for _, k := range n.spans {
		out = append(out, wrap{kept: k})
	}
	for _, m := range []marks{mUnder, mSub, mSup, mStrike, mStrong, mEm} {
		if n.marks&m != 0 {
			out = append(out, wrap{mark: m})
		}
	}
	return out
}

func (w *lineWriter) begin(x wrap) {
	w.open = append(w.open, x)
	switch {
	case x.mark != 0:
		w.b.WriteString(w.sign(x.mark, "<"))
	case x.kept != 0:
		w.b.WriteString(`<span id="kept:` + strconv.Itoa(int(x.kept)) + `">`)
	default:
		w.b.WriteByte('[')
	}
	w.fresh = false
}

func (w *lineWriter) closeTo(n int) {
	for len(w.open) > n {
		x := w.open[len(w.open)-1]
		w.open = w.open[:len(w.open)-1]
		switch {
		case x.mark != 0:
			w.b.WriteString(w.sign(x.mark, "</"))
		case x.kept != 0:
			w.b.WriteString("</span>")
		default:
			w.b.WriteString("](" + address(x.link) + ")")
		}
	}
}

func (w *lineWriter) sign(m marks, angle string) string {
	name := ""
	switch m {
	case mStrong:
		if !w.full {
			return "**"
		}
		name = "strong"
	case mEm:
		if !w.full {
			return "*"
		}
		name = "em"
	case mStrike:
		if !w.full {
			return "~~"
		}
		name = "del"
	case mUnder:
		name = "u"
	case mSub:
		name = "sub"
	case mSup:
		name = "sup"
	}
	return angle + name + ">"
}

// codeSpan writes code with as many backticks as it needs.
func codeSpan(s string) string {
	have := map[int]bool{}
	for i := 0; i < len(s); {
		k := leading(s[i:], '`')
		if k > 0 {
			have[k] = true
		}
		i += max(k, 1)
	}
	n := 1
	for have[n] {
		n++
	}
	ticks := strings.Repeat("`", n)
	pad := ""
	if s[0] == '`' || s[len(s)-1] == '`' || len(s) > 2 && s[0] == ' ' && s[len(s)-1] == ' ' && strings.Trim(s, " ") != "" {
		pad = " "
	}
	return ticks + pad + s + pad + ticks
}

// address writes what a link leads to.
func address(k link) string {
	s := k.href
	if s == "" || strings.ContainsAny(s, " \t\n()<>\\&") {
		s = "<" + strings.NewReplacer(`\`, `\\`, "<", `\<`, ">", `\>`, "\n", "%0A", "&", "&amp;").Replace(s) + ">"
		if !strings.ContainsAny(k.href, " \t\n()<>\\") && k.href != "" && unescape(k.href) == k.href {
			s = k.href
		}
	}
	if k.title != "" {
		s += ` "` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "&", "&amp;").Replace(k.title) + `"`
	}
	return s
}

func escapeLabel(s string) string {
	return strings.NewReplacer(`\`, `\\`, "[", `\[`, "]", `\]`, "`", "\\`", "<", `\<`, "&", "&amp;", "\n", " ").Replace(s)
}

// escape writes text so that it is read as text.
func (w *lineWriter) escape(s string) {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if punct(c) && (w.fresh && i == 0 && startMark(s) || w.risky(s, i)) {
			w.b.WriteByte('\\')
		} else if w.fresh && i > 0 && i < 10 && (c == '.' || c == ')') && (i+1 == len(s) || s[i+1] == ' ') && digits(s[:i]) {
			w.b.WriteByte('\\')
		}
		w.b.WriteByte(c)
	}
}

func digits(s string) bool { return strings.Trim(s, "0123456789") == "" }

// startMark reports whether s would begin a block at the beginning of a line.
func startMark(s string) bool {
	switch s[0] {
	case '#':
		n := leading(s, '#')
		return n <= 6 && (n == len(s) || s[n] == ' ')
	case '-', '+', '*', '_', '=':
		n := leading(s, s[0])
		return n == len(s) || s[n] == ' ' || n >= 3
	case '>', '|', ':':
		return true
	case '`', '~':
		return leading(s, s[0]) >= 3
	case '[':
		return len(s) > 3 && s[2] == ']' && s[3] == ' '
	case '<':
		return strings.HasPrefix(s, "<!--")
	}
	return false
}

// risky reports whether s[i] may be read as a mark.
func (w *lineWriter) risky(s string, i int) bool {
	next := byte(' ')
	if i+1 < len(s) {
		next = s[i+1]
	}
	switch s[i] {
	case '\\':
		return w.full || i+1 == len(s) || punct(next)
	case '`', '[', ']':
		return w.full || s[i] == '`' || s[i] == ']' && next == '('
	case '*':
		return w.full || next != ' ' || i > 0 && s[i-1] != ' '
	case '_':
		return w.full || !(i > 0 && wordBefore(s, i) && wordAt(s[i+1:]))
	case '~':
		return w.full || next == '~'
	case '<':
		return w.full || next == '/' || next == '!' || next|0x20 >= 'a' && next|0x20 <= 'z'
	case '&':
		_, n := entity(s[i:])
		return n > 0
	case '!', ':':
		return w.full && (s[i] == '!' || next == '/')
	case '#':
		return w.at == headingLine && i+1 == len(s)
	case '@':
		for _, name := range w.known {
			if strings.HasPrefix(s[i+1:], name) {
				return true
			}
		}
		r, _ := utf8.DecodeRuneInString(s[i+1:])
		return w.full && r != ' '
	case '|':
		return false
	}
	return false
}
