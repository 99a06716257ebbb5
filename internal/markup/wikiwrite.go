package markup

import (
	"strconv"
	"strings"
)

// writeWiki writes a document as wiki markup, with what has not changed as it was.
func writeWiki(root *node, kept *Kept) string {
	old := map[string][]int{}
	var was []*node
	if kept.doc != nil {
		was = kept.doc.kids
		for i, n := range was {
			if n.src != "" {
				k := key(n)
				old[k] = append(old[k], i)
			}
		}
	}
	w := wikiWriter{kept: kept}
	last := -2 // the old block that was written last, with what stands behind it
	for _, n := range root.kids {
		j := -2
		k := key(n)
		if l := old[k]; len(l) > 0 && was[l[0]].kind == n.kind {
			j, old[k] = l[0], l[1:]
		}
		if s := w.b.String(); s != "" && (j < 0 || j != last+1) {
			w.b.Reset()
			w.b.WriteString(strings.TrimRight(s, "\n") + "\n\n")
		}
		if j >= 0 {
			w.b.WriteString(was[j].src)
		} else {
			w.block(n)
		}
		last = j
	}
	return w.b.String()
}

// A wikiWriter writes wiki markup.
type wikiWriter struct {
	b    strings.Builder
	kept *Kept
	ends []string // of the macros that are open
}

func (w *wikiWriter) blocks(in []*node, quote bool) {
	for i, n := range in {
		if i > 0 {
			w.b.WriteString("\n\n")
		}
		if n.kind == kQuote && quote {
			w.blocks(n.kids, true) // a quotation in a quotation would end it
			continue
		}
		w.block(n)
	}
}

func (w *wikiWriter) block(n *node) {
	switch n.kind {
	case kParagraph:
		w.b.WriteString(w.line(n.kids, "\n"))
	case kHeading:
		w.b.WriteString("h" + strconv.Itoa(n.level) + ". " + w.line(n.kids, `\\ `))
	case kBullets, kOrdered, kTasks:
		w.list(n, "")
	case kQuote:
		w.b.WriteString("{quote}\n")
		w.ends = append(w.ends, "{quote}")
		w.blocks(n.kids, true)
		w.ends = w.ends[:len(w.ends)-1]
		w.b.WriteString("\n{quote}")
	case kCode:
		w.code(n)
	case kTable:
		w.table(n)
	case kRule:
		w.b.WriteString("----")
	case kAtom:
		w.b.WriteString(w.kept.atoms[n.kept-1].open)
	case kBox:
		a := w.kept.atoms[n.kept-1]
		w.b.WriteString(a.open + "\n")
		w.ends = append(w.ends, a.close)
		w.blocks(n.kids, false)
		w.ends = w.ends[:len(w.ends)-1]
		w.b.WriteString("\n" + a.close)
	}
}

// code writes a code block. One that contains the end of both macros, or of one that it is
// in, is written as text.
func (w *wikiWriter) code(n *node) {
	open, end := "{noformat}", "{noformat}"
	if n.info != "" && !strings.ContainsAny(n.info, "{}|=:") || strings.Contains(n.text, end) {
		end = "{code}"
		open = end
		if n.info != "" && !strings.ContainsAny(n.info, "{}|=:") {
			open = "{code:" + n.info + "}"
		}
	}
	broken := strings.Contains(n.text, end)
	for _, s := range w.ends {
		broken = broken || strings.Contains(n.text, s)
	}
	if broken {
		var line []*node
		for s := range strings.SplitSeq(n.text, "\n") {
			line = append(line, &node{kind: kText, text: s}, &node{kind: kBreak})
		}
		w.b.WriteString(w.line(tidy(line), "\n"))
		return
	}
	w.b.WriteString(open + "\n")
	if n.text != "" {
		w.b.WriteString(n.text + "\n")
	}
	w.b.WriteString(end)
}

func (w *wikiWriter) list(n *node, marks string) {
	c := "*"
	if n.kind == kOrdered {
		c = "#"
	}
	if marks += c; len(marks) > maxDepth/2 {
		marks = marks[:maxDepth/2]
	}
	if n.kind == kTasks {
		n = unTask(n)
	}
	for i, item := range n.kids {
		if i > 0 {
			w.b.WriteByte('\n')
		}
		w.b.WriteString(marks + " ")
		text := false // text of the item can go on
		for k, b := range fitted(item.kids, kItem) {
			switch {
			case isList(b.kind):
				w.b.WriteByte('\n')
				w.list(b, marks)
				text = false
			case b.kind == kParagraph && (text || k == 0):
				if k > 0 {
					w.b.WriteString(`\\ \\ `)
				}
				w.b.WriteString(w.line(b.kids, `\\ `))
				text = true
			case b.kind == kParagraph:
				w.b.WriteString("\n" + w.line(b.kids, `\\ `))
				text = true
			default:
				w.b.WriteByte('\n')
				w.block(b)
				text = false
			}
		}
	}
}

func (w *wikiWriter) table(n *node) {
	for i, row := range n.kids {
		if i > 0 {
			w.b.WriteByte('\n')
		}
		bar := "|"
		for _, c := range row.kids {
			if bar = "|"; c.level == 1 {
				bar = "||"
			}
			s := w.line(flat(c.kids, ""), `\\ `)
			if s == "" {
				w.b.WriteString(bar + " ")
				continue
			}
			w.b.WriteString(bar + " " + s + " ")
		}
		w.b.WriteString(bar)
	}
}

// wikiSigns are the marks and how they are written, the outer ones first.
func wikiSigns() string { return "*_-+~^" }

// line writes what stands in a line, with brk for breaks.
func (w *wikiWriter) line(in []*node, brk string) string {
	var b strings.Builder
	var open string // marks that are open
	var span rune
	in = tidy(in)
	fresh := true
	var now link
	for i, n := range in {
		want := ""
		for _, c := range []byte(wikiSigns()) {
			if n.marks&wikiMark(c) != 0 && n.marks&mCode == 0 {
				want += string(rune(c))
			}
		}
		wantSpan := rune(0)
		for _, k := range n.spans {
			wantSpan = k
		}
		href := n.link
		if n.kind == kImage {
			href = link{}
		}
		if open != want || span != wantSpan || now != href {
			b.WriteString(wikiClose(open))
			turn := now != href || span != wantSpan
			if turn && now.href != "" && !wikiBare(in, i-1) {
				b.WriteString("|" + wikiAddress(now) + "]")
			}
			if span != 0 && span != wantSpan {
				b.WriteString(w.kept.atoms[span-1].close)
			}
			if wantSpan != 0 && span != wantSpan {
				b.WriteString(w.kept.atoms[wantSpan-1].open)
			}
			if turn && href.href != "" && !wikiBare(in, i) {
				b.WriteByte('[')
			}
			for _, c := range []byte(want) {
				b.WriteString("{" + string(rune(c)) + "}")
			}
			open, span, now = want, wantSpan, href
			fresh = fresh && want == "" && wantSpan == 0 && href == link{}
		}
		switch n.kind {
		case kText:
			switch {
			case n.marks&mCode != 0:
				b.WriteString("{{" + wikiEscape(n.text, false) + "}}")
			case wikiBare(in, i):
				b.WriteString(n.text)
			default:
				b.WriteString(wikiEscape(n.text, fresh))
			}
		case kBreak:
			b.WriteString(brk)
		case kMention:
			b.WriteString("[~" + n.id + "]")
		case kImage:
			b.WriteString(wikiImage(n))
		case kInline:
			if a := w.kept.atoms[n.kept-1]; a.inline {
				b.WriteString(a.open)
			} else {
				b.WriteString(wikiEscape(n.info, fresh))
			}
		}
		fresh = n.kind == kBreak
	}
	b.WriteString(wikiClose(open))
	if now.href != "" && !wikiBare(in, len(in)-1) {
		b.WriteString("|" + wikiAddress(now) + "]")
	}
	if span != 0 {
		b.WriteString(w.kept.atoms[span-1].close)
	}
	return simpler(b.String(), w.kept)
}

// wikiImage writes a picture of the web; any other stands as it is in Markdown.
func wikiImage(n *node) string {
	href := n.link.href
	if !strings.HasPrefix(href, "http://") && !strings.HasPrefix(href, "https://") || strings.ContainsAny(href, " \"'<>|!") || n.link.title != "" {
		return wikiEscape("!["+escapeLabel(n.text)+"]("+address(n.link)+")", false)
	}
	if n.text == "" {
		return "!" + wikiEntities(href) + "!"
	}
	return "!" + wikiEntities(href) + `|alt="` + strings.ReplaceAll(wikiEntities(n.text), `"`, "&quot;") + `"!`
}

// wikiClose ends marks, the inner ones first.
func wikiClose(open string) string {
	s := ""
	for i := len(open) - 1; i >= 0; i-- {
		s += "{" + open[i:i+1] + "}"
	}
	return s
}

// simpler writes marks without braces if they are read as the same so.
func simpler(s string, kept *Kept) string {
	if strings.IndexByte(s, '{') < 0 {
		return s
	}
	t := s
	for _, c := range wikiSigns() {
		t = strings.ReplaceAll(t, "{"+string(c)+"}", string(c))
	}
	if t == s {
		return s
	}
	a := (&wikiReader{o: &Options{}}).line(s)
	b := (&wikiReader{o: &Options{}}).line(t)
	if len(a) != len(b) {
		return s
	}
	for i := range a {
		if !a[i].same(b[i]) || a[i].text != b[i].text || a[i].id != b[i].id {
			return s
		}
	}
	return t
}

// wikiBare reports whether a text that leads to itself is written without brackets.
func wikiBare(in []*node, i int) bool {
	n := in[i]
	if n.kind != kText || n.link.href != n.text || n.link.title != "" || n.marks != 0 || bareURL(n.text) != len(n.text) {
		return false
	}
	// What stands behind it must not belong to it.
	if i+1 < len(in) && in[i+1].kind == kText && in[i+1].text != "" && in[i+1].text[0] > ' ' {
		return false
	}
	return i == 0 || in[i-1].kind != kText || !wordBefore(in[i-1].text, len(in[i-1].text))
}

func wikiAddress(k link) string {
	s := strings.NewReplacer(" ", "%20", "\n", "").Replace(wikiEntities(k.href))
	if k.title != "" {
		s += "|" + wikiEntities(k.title)
	}
	return s
}

// wikiEntities writes text where a backslash is none: what has a meaning as an entity.
func wikiEntities(s string) string {
	if !strings.ContainsAny(s, `|]![{}\`) && strings.IndexByte(s, '&') < 0 {
		return s
	}
	r := strings.NewReplacer("|", "&#124;", "]", "&#93;", "!", "&#33;", "[", "&#91;", "{", "&#123;", "}", "&#125;", `\`, "&#92;")
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '&' {
			if _, n := entity(s[i:]); n > 0 {
				b.WriteString("&#38;")
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return r.Replace(b.String())
}

// wikiEscape writes text so that it is read as text.
func wikiEscape(s string, fresh bool) string {
	var b strings.Builder
	if fresh {
		if level, _ := wikiHeading(s + " "); level > 0 || strings.HasPrefix(s, "bq.") {
			b.WriteString("&#" + strconv.Itoa(int(s[0])) + ";")
			s = s[1:]
			fresh = false
		}
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		next := byte(' ')
		if i+1 < len(s) {
			next = s[i+1]
		}
		switch {
		case c == '\\':
			b.WriteString("&#92;")
			continue
		case c == '&':
			if _, n := entity(s[i:]); n > 0 {
				b.WriteString("&#38;")
				continue
			}
		case c == '{' || c == '}' || c == '[' || c == ']' || c == '|':
			b.WriteByte('\\')
		case c == '!' && next != ' ', c == '#' && fresh && i == 0:
			b.WriteByte('\\')
		case wikiMark(c) != 0:
			inside := i > 0 && wordBefore(s, i) && wordAt(s[i+1:])
			loose := next == ' ' && i > 0 && s[i-1] == ' '
			if !inside && !loose {
				b.WriteByte('\\')
			}
		case c == 'h' && bareURL(s[i:]) > 0 && !wordBefore(s, i):
			b.WriteString("&#104;")
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}
