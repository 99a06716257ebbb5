package tree

import (
	"strings"
	"unicode/utf8"
)

// A glob is a compiled pattern over slash-separated paths. Matching takes time in the
// order of the square of the path's length at worst, whatever the pattern: only the
// last "*" and the last "**" can ever need a second try.
type glob struct {
	toks []token
}

type tokenKind uint8

const (
	tokLit   tokenKind = iota // the bytes of lit
	tokAny                    // "?": one byte, or one rune, that is not "/"
	tokClass                  // "[…]": one byte of set that is not "/"
	tokStar                   // "*": any number of bytes but "/"
	tokDeep                   // "**/": nothing, or anything that ends in "/"
	tokAll                    // "**" at the end: anything
	tokNever                  // what cannot match
)

type token struct {
	kind tokenKind
	rune bool // tokAny takes a rune
	lit  string
	set  *byteSet
}

// A byteSet is a set of bytes.
type byteSet [4]uint64

func (s *byteSet) add(c byte)      { s[c>>6] |= 1 << (c & 63) }
func (s *byteSet) has(c byte) bool { return s[c>>6]&(1<<(c&63)) != 0 }
func (s *byteSet) addRange(lo, hi byte) {
	for c := int(lo); c <= int(hi); c++ {
		s.add(byte(c))
	}
}
func (s *byteSet) invert() {
	for i := range s {
		s[i] = ^s[i]
	}
}

// compileGlob compiles one pattern in git's syntax: "*", "?", "[…]", "**" as a whole
// segment, "\" before a byte that stands for itself. With runes, "?" takes a whole
// character, as people expect; git takes a byte.
//
// As in git, a "**" that is the first wildcard of the pattern counts as a whole segment
// even right behind a letter: git compares what stands before the first wildcard apart.
func compileGlob(p string, runes bool) glob {
	var g glob
	var lit []byte
	wild := false // something before was no plain byte
	flush := func() {
		if len(lit) > 0 {
			g.toks = append(g.toks, token{kind: tokLit, lit: string(lit)})
			lit = lit[:0]
		}
	}
	for i := 0; i < len(p); {
		switch c := p[i]; c {
		case '\\':
			wild = true
			if i+1 == len(p) {
				return never()
			}
			lit = append(lit, p[i+1])
			i += 2
		case '?':
			wild = true
			flush()
			g.toks = append(g.toks, token{kind: tokAny, rune: runes})
			i++
		case '[':
			wild = true
			set, n, ok := parseClass(p[i:])
			if !ok {
				return never()
			}
			flush()
			g.toks = append(g.toks, token{kind: tokClass, set: set})
			i += n
		case '*':
			n := 1
			for i+n < len(p) && p[i+n] == '*' {
				n++
			}
			flush()
			whole := n >= 2 && (i == 0 || p[i-1] == '/' || !wild)
			wild = true
			switch {
			case whole && i+n == len(p):
				g.toks = append(g.toks, token{kind: tokAll})
			case whole && p[i+n] == '/':
				g.toks = append(g.toks, token{kind: tokDeep})
				n++
			default:
				g.toks = append(g.toks, token{kind: tokStar})
			}
			i += n
		default:
			lit = append(lit, c)
			i++
		}
	}
	flush()
	return g
}

func never() glob { return glob{[]token{{kind: tokNever}}} }

// literal returns the one string that g matches, if it is only one.
func (g glob) literal() (string, bool) {
	if len(g.toks) == 1 && g.toks[0].kind == tokLit {
		return g.toks[0].lit, true
	}
	return "", false
}

// suffix returns the end that alone decides a match of a name without slashes.
func (g glob) suffix() (string, bool) {
	if len(g.toks) == 2 && g.toks[0].kind == tokStar && g.toks[1].kind == tokLit {
		return g.toks[1].lit, true
	}
	return "", false
}

// match reports whether g matches all of s.
func (g glob) match(s string) bool {
	starTok, starAt := -1, 0 // where to go on when the last "*" takes one byte more
	deepTok, deepAt := -1, 0 // where to go on when the last "**" takes one segment more
	t, i := 0, 0
	for {
		if t == len(g.toks) {
			if i == len(s) {
				return true
			}
		} else {
			tok := &g.toks[t]
			switch tok.kind {
			case tokLit:
				if strings.HasPrefix(s[i:], tok.lit) {
					i += len(tok.lit)
					t++
					continue
				}
			case tokAny:
				if i < len(s) && s[i] != '/' {
					n := 1
					if tok.rune {
						_, n = utf8.DecodeRuneInString(s[i:])
					}
					i += n
					t++
					continue
				}
			case tokClass:
				if i < len(s) && s[i] != '/' && tok.set.has(s[i]) {
					i++
					t++
					continue
				}
			case tokStar:
				t++
				starTok, starAt = t, i
				continue
			case tokDeep:
				t++
				deepTok, deepAt = t, i
				starTok = -1
				continue
			case tokAll:
				return true
			case tokNever:
				return false
			}
		}
		if starTok >= 0 && starAt < len(s) && s[starAt] != '/' {
			starAt++
			t, i = starTok, starAt
			continue
		}
		starTok = -1
		if deepTok < 0 {
			return false
		}
		slash := strings.IndexByte(s[deepAt:], '/')
		if slash < 0 {
			return false
		}
		deepAt += slash + 1
		t, i = deepTok, deepAt
	}
}

// parseClass parses the bracket expression that p begins with, as git does, and
// returns its length. It is not ok where git matches nothing.
func parseClass(p string) (set *byteSet, n int, ok bool) {
	set = new(byteSet)
	i := 1
	at := func(j int) byte {
		if j < len(p) {
			return p[j]
		}
		return 0
	}
	negated := at(i) == '!' || at(i) == '^'
	if negated {
		i++
	}
	var prev byte
	for first := true; first || at(i) != ']'; first = false {
		c := at(i)
		switch {
		case c == 0:
			return nil, 0, false
		case c == '\\':
			i++
			if c = at(i); c == 0 {
				return nil, 0, false
			}
			set.add(c)
			prev = c
		case c == '-' && prev != 0 && at(i+1) != 0 && at(i+1) != ']':
			i++
			hi := at(i)
			if hi == '\\' {
				i++
				if hi = at(i); hi == 0 {
					return nil, 0, false
				}
			}
			set.addRange(prev, hi)
			prev = 0
		case c == '[' && at(i+1) == ':':
			end := strings.IndexByte(p[i+2:], ']')
			if end < 0 {
				return nil, 0, false
			}
			name := p[i+2 : i+2+end]
			if !strings.HasSuffix(name, ":") {
				set.add('[') // no class after all
				prev = '['
				break
			}
			if !addNamed(set, name[:len(name)-1]) {
				return nil, 0, false
			}
			i += 2 + end
			prev = 0
		default:
			set.add(c)
			prev = c
		}
		i++
	}
	if negated {
		set.invert()
	}
	return set, i + 1, true
}

// addNamed adds the POSIX class name.
func addNamed(set *byteSet, name string) bool {
	switch name {
	case "alnum":
		set.addRange('0', '9')
		set.addRange('A', 'Z')
		set.addRange('a', 'z')
	case "alpha":
		set.addRange('A', 'Z')
		set.addRange('a', 'z')
	case "blank":
		set.add(' ')
		set.add('\t')
	case "cntrl":
		set.addRange(0, 0x1f)
		set.add(0x7f)
	case "digit":
		set.addRange('0', '9')
	case "graph":
		set.addRange(0x21, 0x7e)
	case "lower":
		set.addRange('a', 'z')
	case "print":
		set.addRange(0x20, 0x7e)
	case "punct":
		set.addRange(0x21, 0x2f)
		set.addRange(0x3a, 0x40)
		set.addRange(0x5b, 0x60)
		set.addRange(0x7b, 0x7e)
	case "space":
		set.addRange('\t', '\r')
		set.add(' ')
	case "upper":
		set.addRange('A', 'Z')
	case "xdigit":
		set.addRange('0', '9')
		set.addRange('A', 'F')
		set.addRange('a', 'f')
	default:
		return false
	}
	return true
}
