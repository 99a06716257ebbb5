package markup

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// wikiMark returns what a character marks.
func wikiMark(c byte) marks {
	switch c {
	case '*':
		return mStrong
	case '_':
		return mEm
	case '-':
		return mStrike
	case '+':
		return mUnder
	case '~':
		return mSub
	case '^':
		return mSup
	}
	return 0
}

// A wikiLine reads what stands in a paragraph of wiki markup.
type wikiLine struct {
	r     *wikiReader
	l     lineParser // for its tokens
	s     string
	opens [128]int // token behind the character that opened a mark, 0 for none
	color int      // token where a color began
	kept  int
	deep  bool // in a link
}

// line reads the text of a paragraph.
func (r *wikiReader) line(s string) []*node { return r.lineIn(s, false) }

func (r *wikiReader) lineIn(s string, deep bool) []*node {
	w := &wikiLine{r: r, s: strings.Trim(s, " \t\n"), deep: deep}
	for i := 0; i < len(w.s); {
		n := w.special(i)
		if n == 0 {
			_, n = utf8.DecodeRuneInString(w.s[i:])
			w.l.text.WriteString(oneLine(w.s[i : i+n]))
		}
		i += n
	}
	w.l.flush()
	return tidy(w.l.nodes())
}

func (w *wikiLine) special(i int) int {
	s := w.s[i:]
	switch c := s[0]; c {
	case '\n':
		w.l.push(&node{kind: kBreak})
		return 1
	case '\\':
		if len(s) > 1 && s[1] == '\\' {
			w.l.push(&node{kind: kBreak})
			if len(s) > 2 && s[2] == '\n' {
				return 3
			}
			return 2
		}
		if len(s) > 1 && punct(s[1]) {
			w.l.text.WriteByte(s[1])
			return 2
		}
	case '{':
		return w.brace(s)
	case '[':
		return w.link(s)
	case '!':
		return w.picture(s)
	case '&':
		t, n := entity(s)
		w.l.text.WriteString(t)
		return n
	case 'h':
		if n := bareURL(s); n > 0 && !wordBefore(w.s, i) && !w.deep {
			w.l.push(&node{kind: kText, text: s[:n], link: link{href: s[:n]}})
			return n
		}
	default:
		if wikiMark(c) != 0 {
			return w.mark(i)
		}
	}
	return 0
}

// mark reads a character that begins or ends a mark: at the edge of a word only.
func (w *wikiLine) mark(i int) int {
	c := w.s[i]
	before, after := rune(' '), rune(' ')
	if i > 0 {
		before, _ = utf8.DecodeLastRuneInString(w.s[:i])
	}
	if i+1 < len(w.s) {
		after, _ = utf8.DecodeRuneInString(w.s[i+1:])
	}
	word := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
	switch {
	case w.opens[c] != 0 && !unicode.IsSpace(before) && !word(after):
		w.toggle(c)
	case w.opens[c] == 0 && !word(before) && !unicode.IsSpace(after) && before != rune(c) && w.ends(i):
		w.toggle(c)
	default:
		return 0
	}
	return 1
}

// ends reports whether the mark that begins at i has an end in its line. It looks at no more
// than a few candidates, so that many beginnings cost little.
func (w *wikiLine) ends(i int) bool {
	c := w.s[i]
	at := i + 1
	for range 64 {
		n := strings.IndexByte(w.s[at:min(len(w.s), i+5000)], c)
		if n < 0 || strings.Contains(w.s[at:at+n], "\n\n") {
			return false
		}
		k := at + n
		r, _ := utf8.DecodeRuneInString(w.s[k+1:])
		b, _ := utf8.DecodeLastRuneInString(w.s[:k])
		if k > i+1 && !unicode.IsSpace(b) && b != '\\' && !(k+1 < len(w.s) && (unicode.IsLetter(r) || unicode.IsDigit(r))) {
			return true
		}
		at = k + 1
	}
	return false
}

// toggle begins a mark, or ends it.
func (w *wikiLine) toggle(c byte) {
	w.l.flush()
	if from := w.opens[c]; from != 0 {
		w.l.spans = append(w.l.spans, span{from: from - 1, to: len(w.l.tokens), mark: wikiMark(c)})
		w.opens[c] = 0
		return
	}
	w.opens[c] = len(w.l.tokens) + 1
}

// brace reads code, a mark in braces, a color, or a macro.
func (w *wikiLine) brace(s string) int {
	if rest, ok := strings.CutPrefix(s, "{{"); ok {
		end := strings.Index(rest[:min(len(rest), 20000)], "}}")
		if end <= 0 {
			return 0
		}
		for end+2 < len(rest) && rest[end+2] == '}' {
			end++
		}
		var t strings.Builder
		for i := 0; i < end; {
			if rest[i] == '&' {
				if u, n := entity(rest[i:end]); n > 0 {
					t.WriteString(u)
					i += n
					continue
				}
			}
			if rest[i] == '\\' && i+1 < end && punct(rest[i+1]) {
				i++
			}
			t.WriteByte(rest[i])
			i++
		}
		w.l.push(&node{kind: kText, text: oneLine(t.String()), marks: mCode})
		return end + 4
	}
	if len(s) > 2 && s[2] == '}' && wikiMark(s[1]) != 0 {
		w.toggle(s[1])
		return 3
	}
	name, size := macro(s)
	switch {
	case name == "":
		return 0
	case name == "color" && s[:size] == "{color}":
		if w.color == 0 {
			return 0
		}
		w.l.flush()
		w.l.spans = append(w.l.spans, span{from: w.color - 1, to: len(w.l.tokens), kept: w.kept})
		w.color = 0
	case name == "color":
		if w.color != 0 || !strings.Contains(s[size:min(len(s), size+20000)], "{color}") {
			return 0
		}
		w.l.flush()
		w.color = len(w.l.tokens) + 1
		w.kept = w.keep(atom{open: s[:size], close: "{color}", inline: true})
	case wikiBlockMacro(name):
		return 0
	default:
		w.l.push(&node{kind: kInline, kept: w.keep(atom{open: s[:size], inline: true}), info: strings.Trim(s[:size], "{}")})
	}
	return size
}

func (w *wikiLine) keep(a atom) int {
	w.r.kept.atoms = append(w.r.kept.atoms, a)
	return len(w.r.kept.atoms)
}

// link reads "[text|address]", "[address]", "[~person]" or "[^attachment]".
func (w *wikiLine) link(s string) int {
	end := strings.IndexAny(s[1:min(len(s), 4100)], "]\n") + 1
	if end < 2 || s[end] != ']' || w.deep {
		return 0
	}
	in := s[1:end]
	switch in[0] {
	case '~':
		id := strings.TrimSpace(in[1:])
		r := adfReader{o: w.r.o}
		name := r.name(id, id)
		if accountID, ok := strings.CutPrefix(id, "accountid:"); ok {
			name = r.name(accountID, "")
		}
		if name != "" {
			w.r.kept.names = append(w.r.kept.names, person{name, id, nil})
			w.l.push(&node{kind: kMention, text: name, id: id})
			return end + 1
		}
		fallthrough
	case '^':
		w.l.push(&node{kind: kInline, kept: w.keep(atom{open: s[:end+1], inline: true}), info: in[1:]})
		return end + 1
	}
	label, href, two := strings.Cut(in, "|")
	if !two {
		label, href = in, in
	}
	href, title, _ := strings.Cut(href, "|")
	href = strings.TrimSpace(unescape(href))
	if i := strings.IndexByte(href, ':'); i < 1 && !strings.HasPrefix(href, "/") && !strings.HasPrefix(href, "#") || i > 0 && !scheme(href[:i]) || href == "" {
		return 0
	}
	w.l.flush()
	k := link{href, unescape(title)}
	if !two {
		w.l.push(&node{kind: kText, text: href, link: k})
		return end + 1
	}
	for _, n := range w.r.lineIn(label, true) {
		if n.kind == kText || n.kind == kBreak {
			n.link = k
		}
		w.l.push(n)
	}
	return end + 1
}

// picture reads "!address|parameters!".
func (w *wikiLine) picture(s string) int {
	end := strings.IndexAny(s[1:min(len(s), 2100)], "!\n") + 1
	if end < 2 || s[end] != '!' || s[1] == ' ' || s[1] == '|' {
		return 0
	}
	href, params, _ := strings.Cut(s[1:end], "|")
	dot := strings.LastIndexByte(href, '.')
	web := strings.HasPrefix(href, "http://") || strings.HasPrefix(href, "https://")
	if !web && (dot < 1 || len(href)-dot > 6 || len(href) == dot+1) || strings.ContainsAny(href, "\"'<>") {
		return 0
	}
	alt, ok := strings.CutPrefix(params, `alt="`)
	alt, closed := strings.CutSuffix(alt, `"`)
	if web && strings.IndexByte(href, ' ') < 0 && (params == "" || ok && closed && strings.IndexByte(alt, '"') < 0) {
		w.l.push(&node{kind: kImage, text: unescape(alt), link: link{href: unescape(href)}})
		return end + 1
	}
	w.l.push(&node{kind: kInline, kept: w.keep(atom{open: s[:end+1], inline: true}), info: href, text: "image"})
	return end + 1
}
