// Package glob matches names against the globs of policies and configurations.
package glob

import "unicode/utf8"

// Match reports whether the whole of s matches glob, where * stands for any
// characters (none too, and also '/') and ? for exactly one. Case matters. It
// allocates nothing and takes at most len(glob)*len(s) steps.
func Match(glob, s string) bool {
	g, i := 0, 0
	star, mark := -1, 0 // after the last *, and where in s it was tried last
	for i < len(s) {
		if g < len(glob) {
			switch glob[g] {
			case '*':
				g++
				star, mark = g, i
				continue
			case '?':
				_, n := utf8.DecodeRuneInString(s[i:])
				g++
				i += n
				continue
			case s[i]:
				g++
				i++
				continue
			}
		}
		if star < 0 {
			return false
		}
		_, n := utf8.DecodeRuneInString(s[mark:])
		mark += n
		g, i = star, mark
	}
	for g < len(glob) && glob[g] == '*' {
		g++
	}
	return g == len(glob)
}

// All reports whether glob matches every string, even the absent one.
func All(glob string) bool {
	for i := range len(glob) {
		if glob[i] != '*' {
			return false
		}
	}
	return glob != ""
}
