package redact

import (
	"strings"
	"sync"
)

// A scanner goes once through a text. To be quick on text without secrets it looks
// at every second position only, at three bytes there, and asks a bit set whether
// any rule's anchor has such three bytes. Anchors are four bytes or longer, so
// each covers such a position; those of three bytes are entered with every byte that may
// follow. What a rule then looks at is bounded, or skipped when the rule applies, so that the time
// is linear in the text whatever it says.
type scanner struct {
	s      string
	found  []span
	config bool          // s is a configuration file: what stands behind a name is a value
	last   int           // where the last secret that a rule found ends: nothing before it is looked at again
	named  int           // the end of the last name that was looked at as the left side of an assignment
	spent  int           // bytes that rules looked at in vain or not
	runs   [b64 + 1]span // the last run of each class
}

// reach returns n, how far a rule looks, or less when rules have looked at much more
// than the text has: only a text that was made for it gets there.
func (c *scanner) reach(n int) int {
	if c.spent > len(c.s)+1<<16 {
		return min(n, 64)
	}
	return n
}

// run returns where the bytes of class k that begin at i end. A run is gone through
// once, wherever rules want it to begin.
func (c *scanner) run(i int, k class) int {
	last := &c.runs[k]
	if i < last.start || i >= last.end {
		*last = span{start: i, end: run(c.s, i, k, len(c.s))}
	}
	return last.end
}

// An anchors is the index of all rules by the first bytes of their anchors.
type anchors struct {
	filter [1 << triBits / 64]uint64
	heads  [1 << triHeads]uint16 // 1 + index into links
	links  []link
}

type link struct {
	tri  uint32 // the first three bytes of the anchor
	rule uint16
	next uint16
}

const (
	triBits  = 17
	triHeads = 12
)

// tri returns the three bytes of s at i.
func tri(s string, i int) uint32 {
	return uint32(s[i]) | uint32(s[i+1])<<8 | uint32(s[i+2])<<16
}

func triHash(tri uint32) uint32 { return tri * 0x9E3779B1 }

// index returns the anchors of all rules. It is built when the first text is looked at.
var index = sync.OnceValue(func() *anchors {
	a := new(anchors)
	for n := len(rules) - 1; n >= 0; n-- { // the first rule ends up first in its list
		r := &rules[n]
		variants := []string{r.anchor}
		if r.fold {
			variants = folded(r.anchor)
		}
		for _, v := range variants {
			a.mark(v[:3])
			if len(v) > 3 {
				a.mark(v[1:4])
			} else {
				for c := range 256 {
					a.mark(v[1:3] + string([]byte{byte(c)}))
				}
			}
			head := &a.heads[triHash(tri(v, 0))>>(32-triHeads)]
			a.links = append(a.links, link{tri(v, 0), uint16(n), *head})
			*head = uint16(len(a.links))
		}
	}
	return a
})

// folded returns the spellings of the first four bytes of s in both cases of letters.
func folded(s string) []string {
	out := []string{""}
	for _, c := range strings.ToLower(s[:min(4, len(s))]) {
		n := len(out)
		for i := range n {
			if up := c - 'a' + 'A'; 'a' <= c && c <= 'z' {
				out = append(out, out[i]+string(up))
			}
			out[i] += string(c)
		}
	}
	return out
}

func (a *anchors) mark(v string) {
	h := triHash(tri(v, 0)) >> (32 - triBits)
	a.filter[h/64] |= 1 << (h % 64)
}

// scan appends what the rules find in s to found.
func scan(found []span, s string, config bool) []span {
	a := index()
	var c *scanner // made when it is needed
	last := 0
	for i := 0; ; i += 2 {
		for ; i+4 <= len(s); i += 2 { // four bytes are one load
			h := triHash((uint32(s[i])|uint32(s[i+1])<<8|uint32(s[i+2])<<16|uint32(s[i+3])<<24)&0xffffff) >> (32 - triBits)
			if a.filter[h/64]&(1<<(h%64)) != 0 {
				break
			}
		}
		if i+3 > len(s) {
			break
		}
		// The anchor begins here or one byte before.
		for p := max(i-1, last); p <= i; p++ {
			n := a.anchored(s, p, a.heads[triHash(tri(s, p))>>(32-triHeads)])
			if n == 0 {
				continue
			}
			if c == nil {
				c = &scanner{s: s, found: found, config: config}
			}
			if c.try(a, p, n) {
				last = c.last
				i = max(last, i+1) - 2
				break
			}
		}
	}
	if c == nil {
		return found
	}
	return c.found
}

// anchored returns the first of the links from n on whose anchor stands at p, or 0.
func (a *anchors) anchored(s string, p int, n uint16) uint16 {
	for ; n != 0; n = a.links[n-1].next {
		l := &a.links[n-1]
		if l.tri != tri(s, p) {
			continue
		}
		r := &rules[l.rule]
		if len(s)-p < len(r.anchor) {
			continue
		}
		if at := s[p : p+len(r.anchor)]; at == r.anchor || r.fold && strings.EqualFold(at, r.anchor) {
			return n
		}
	}
	return 0
}

// try applies the rules that are anchored at p, from the link n on, and reports whether
// one found a secret.
func (c *scanner) try(a *anchors, p int, n uint16) bool {
	for ; n != 0; n = a.anchored(c.s, p, a.links[n-1].next) {
		r := &rules[a.links[n-1].rule]
		last := c.last
		if r.find != nil {
			r.find(c, p)
		} else {
			c.token(r, p)
		}
		if c.last > last {
			return true
		}
	}
	return false
}

// add records s[start:end] as a secret.
func (c *scanner) add(start, end int, kind string) {
	c.found = append(c.found, span{start: start, end: end, kind: kind})
	c.last = end
}

// note records s[start:end] as a secret that does not follow directly on its anchor: what
// lies between them is still to be looked at.
func (c *scanner) note(start, end int, kind string) {
	c.found = append(c.found, span{start: start, end: end, kind: kind})
}

// token applies a rule that has no function of its own.
func (c *scanner) token(r *rule, p int) {
	if r.bounded && !c.opens(p) {
		return
	}
	body := p + len(r.anchor)
	end := c.run(body, r.class)
	n := end - body
	if n < r.min || r.max > 0 && n > r.max || r.bounded && !c.closes(end) {
		return
	}
	text := c.s[body:min(end, body+128)]
	if r.digit && digits(text) == 0 || r.random && wordy(text) || blank(text) {
		return
	}
	c.add(p, end, r.kind)
}

// opens reports whether a word may begin at p: no letter or digit stands before it,
// unless as part of an escape such as \n or %3D.
func (c *scanner) opens(p int) bool {
	s := c.s
	if p <= c.last || !isAlnum(s[p-1]) {
		return true
	}
	return p >= 2 && s[p-2] == '\\' && strings.IndexByte("nrtbf", s[p-1]) >= 0 ||
		p >= 3 && s[p-3] == '%' && isHex(s[p-2]) && isHex(s[p-1]) ||
		p >= 6 && s[p-6:p-3] == `\u0`
}

// closes reports whether a word may end before p. A marker does not end one: the text
// that it stands for did not either.
func (c *scanner) closes(p int) bool {
	return p == len(c.s) || !isAlnum(c.s[p]) && !strings.HasPrefix(c.s[p:], markerStart)
}

// A class is a set of bytes that a token is made of.
type class uint8

const (
	alnum class = iota
	upper       // upper-case letters and digits
	lowerHex
	hexa
	url64  // the base64 of URLs: letters, digits, - and _
	dotted // url64, dots and tildes
	std64  // standard base64, with padding
	b64    // both alphabets of base64, and padding
)

// holds reports whether c is in k.
func (k class) holds(c byte) bool {
	switch {
	case '0' <= c && c <= '9':
		return true
	case 'a' <= c && c <= 'z':
		return k != upper && (k != lowerHex && k != hexa || c <= 'f')
	case 'A' <= c && c <= 'Z':
		return k != lowerHex && (k != hexa || c <= 'F')
	case c == '-' || c == '_':
		return k >= url64 && k != std64
	case c == '.' || c == '~':
		return k == dotted
	case c == '+' || c == '/' || c == '=':
		return k >= std64
	}
	return false
}

// run returns where the bytes of class k that begin at i end, after at most limit.
func run(s string, i int, k class, limit int) int {
	for end := min(len(s), i+limit); i < end && k.holds(s[i]); i++ {
	}
	return i
}

func isAlnum(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' }
