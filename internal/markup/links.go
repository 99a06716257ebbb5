package markup

import (
	"html"
	"strings"
	"unicode"
	"unicode/utf8"
)

// bareURL returns the length of the web address that s begins with.
func bareURL(s string) int {
	n := len("https://")
	if !strings.HasPrefix(s, "https://") {
		if n--; !strings.HasPrefix(s, "http://") {
			return 0
		}
	}
	if len(s) == n || punct(s[n]) {
		return 0
	}
	end := strings.IndexAny(s, " \t\n<>\"`|\\[]{}*~^")
	if end < 0 {
		end = len(s)
	}
	opens := strings.Count(s[:end], "(")
	closes := strings.Count(s[:end], ")")
	for end > n {
		c := s[end-1]
		if c == ')' && closes > opens {
			closes--
		} else if strings.IndexByte("?!.,:;'_&", c) < 0 {
			break
		}
		end--
	}
	if end <= n {
		return 0
	}
	return end
}

func (l *lineParser) bracket(s string, i int) {
	l.flush()
	l.brackets = append(l.brackets, bracket{len(l.tokens), len(l.delims), i + len(s), len(s) == 2, false})
	l.tokens = append(l.tokens, token{n: &node{kind: kText, text: s}})
}

// closeBracket reads "]" and the address behind it.
func (l *lineParser) closeBracket(i int) int {
	if len(l.brackets) == 0 {
		return 0
	}
	b := l.brackets[len(l.brackets)-1]
	l.brackets = l.brackets[:len(l.brackets)-1]
	if b.dead {
		return 0
	}
	k, n := target(l.s[i+1:])
	if n == 0 {
		return 0
	}
	l.flush()
	for len(l.tags) > 0 && l.tags[len(l.tags)-1].token > b.token {
		l.tokens[l.tags[len(l.tags)-1].token].n.kind = kText
		l.tags = l.tags[:len(l.tags)-1]
	}
	label := unescape(oneLine(l.s[b.at:i]))
	if number, ok := strings.CutPrefix(k.href, "kept:"); ok {
		if a := l.p.o.atom(keptNumber(number)); a != nil && a.mark == nil && !a.box {
			l.replace(b, &node{kind: kInline, kept: keptNumber(number), info: label})
			return 1 + n
		}
	}
	if b.image {
		l.replace(b, &node{kind: kImage, text: label, link: k})
		return 1 + n
	}
	l.emphasis(b.delims)
	l.tokens[b.token].n.text = ""
	l.spans = append(l.spans, span{from: b.token + 1, to: len(l.tokens), link: &k})
	for j := len(l.brackets) - 1; j >= 0 && !l.brackets[j].dead; j-- {
		l.brackets[j].dead = !l.brackets[j].image
		if l.brackets[j].image {
			break
		}
	}
	return 1 + n
}

// replace puts one node in the place of all since a bracket.
func (l *lineParser) replace(b bracket, n *node) {
	l.tokens = append(l.tokens[:b.token], token{n: n})
	l.delims = l.delims[:b.delims]
	for len(l.spans) > 0 && l.spans[len(l.spans)-1].from > b.token {
		l.spans = l.spans[:len(l.spans)-1]
	}
}

// atom returns what a placeholder stands for, nil if there is no such number.
func (o *Options) atom(n int) *atom {
	if n < 1 || n > len(o.Kept.atoms) {
		return nil
	}
	return &o.Kept.atoms[n-1]
}

// target reads "(address "title")" at the beginning of s.
func target(s string) (link, int) {
	if s == "" || s[0] != '(' {
		return link{}, 0
	}
	i := 1 + space(s[1:])
	var k link
	if i < len(s) && s[i] == '<' {
		end := i + 1
		for end < len(s) && s[end] != '>' {
			if s[end] == '\n' || s[end] == '<' {
				return link{}, 0
			}
			if s[end] == '\\' {
				end++
			}
			end++
		}
		if end >= len(s) {
			return link{}, 0
		}
		k.href = unescape(s[i+1 : end])
		i = end + 1
	} else {
		depth, from := 0, i
		for ; i < len(s) && s[i] > ' '; i++ {
			if s[i] == '\\' && i+1 < len(s) && punct(s[i+1]) {
				i++
			} else if s[i] == '(' {
				if depth++; depth > 32 {
					return link{}, 0
				}
			} else if s[i] == ')' {
				if depth--; depth < 0 {
					break
				}
			}
		}
		k.href = unescape(s[from:i])
	}
	if n := space(s[min(i, len(s)):]); n > 0 && i+n < len(s) && strings.IndexByte("\"'", s[i+n]) >= 0 {
		q, from := s[i+n], i+n+1
		end := from
		for end < len(s) && s[end] != q {
			if s[end] == '\\' {
				end++
			}
			end++
		}
		if end >= len(s) {
			return link{}, 0
		}
		k.title = unescape(oneLine(s[from:end]))
		i = end + 1
	}
	i += space(s[min(i, len(s)):])
	if i >= len(s) || s[i] != ')' {
		return link{}, 0
	}
	return k, i + 1
}

func space(s string) int { return len(s) - len(strings.TrimLeft(s, " \t\n")) }

// unescape takes the backslashes before punctuation away.
func unescape(s string) string {
	if strings.IndexByte(s, '&') >= 0 {
		s = html.UnescapeString(s)
	}
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) && punct(s[i+1]) {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// mention reads "@name".
func (l *lineParser) mention(s string) int {
	for i, m := range l.p.names {
		if strings.HasPrefix(s[1:], m.name) && m.name != "" && !wordAt(s[1+len(m.name):]) {
			l.p.names = append(l.p.names[:i:i], l.p.names[i+1:]...)
			l.push(&node{kind: kMention, text: m.name, id: m.id, from: m.from})
			return 1 + len(m.name)
		}
	}
	if l.p.o.Mentions == nil {
		return 0
	}
	var ends []int
	for i := 1; len(ends) < 4 && i < len(s) && i < 200; {
		n := 0
		for n < len(s)-i {
			r, size := utf8.DecodeRuneInString(s[i+n:])
			if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) && !strings.ContainsRune("_.-", r) {
				break
			}
			n += size
		}
		if n == 0 {
			break
		}
		if t := strings.TrimRight(s[i:i+n], ".-_"); len(t) < n && t != "" {
			ends = append(ends, i+len(t))
		}
		i += n
		ends = append(ends, i)
		if i >= len(s) || s[i] != ' ' {
			break
		}
		i++
	}
	for k := len(ends) - 1; k >= 0; k-- {
		if id, ok := l.p.o.Mentions(s[1:ends[k]]); ok {
			l.push(&node{kind: kMention, text: s[1:ends[k]], id: id})
			return ends[k]
		}
	}
	return 0
}

func wordAt(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return s != "" && (unicode.IsLetter(r) || unicode.IsDigit(r))
}
