package sqltext

import (
	"strings"
	"unicode/utf8"
)

// names is a set of names of columns or tables.
type names struct {
	set  map[string]bool
	wide map[int][]string // those of other than ASCII characters, by their number of characters
	all  map[int][]string // likewise all of them
}

func newNames(list []string) names {
	n := names{set: map[string]bool{}, wide: map[int][]string{}, all: map[int][]string{}}
	for _, s := range list {
		s = strings.ToLower(s)
		if n.set[s] {
			continue
		}
		n.set[s] = true
		c := utf8.RuneCountInString(s)
		n.all[c] = append(n.all[c], s)
		if len(s) != c {
			n.wide[c] = append(n.wide[c], s)
		}
	}
	return n
}

// exact reports whether the name is in the set, case aside. The Kelvin sign is no K here,
// as it is to MariaDB: who looks for the name in the result must find it.
func (n names) exact(name string) bool {
	s := strings.ToLower(name)
	return len(s) == len(name) && n.set[s]
}

// like reports whether a server may take the name for one of the set. Which characters are
// the same to it depends on its collations, some of which tell neither case nor accents
// apart, so that every character beyond ASCII is taken for any other.
func (n names) like(name string) bool {
	name = lower(strings.TrimRight(name, " "))
	if n.set[name] {
		return true
	}
	c := utf8.RuneCountInString(name)
	candidates := n.wide[c]
	if c != len(name) {
		candidates = n.all[c]
	}
	for _, s := range candidates {
		if similar(name, s) {
			return true
		}
	}
	return false
}

// similar compares character by character; what is not ASCII on either side is the same.
func similar(a, b string) bool {
	for a != "" && b != "" {
		r, m := utf8.DecodeRuneInString(a)
		q, n := utf8.DecodeRuneInString(b)
		if r != q && r < utf8.RuneSelf && q < utf8.RuneSelf {
			return false
		}
		a, b = a[m:], b[n:]
	}
	return a == b
}
