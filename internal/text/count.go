package text

import (
	"strconv"
	"strings"
)

// Count writes a number of things, of which one is called what: "1 match", "2 matches",
// "3 entries", "4 files".
func Count(n int, what string) string {
	s := strconv.Itoa(n) + " "
	last := len(what) - 1
	switch {
	case n == 1:
		return s + what
	case strings.HasSuffix(what, "ch"):
		return s + what + "es"
	case last > 0 && what[last] == 'y' && !strings.ContainsRune("aeiou", rune(what[last-1])):
		return s + what[:last] + "ies"
	}
	return s + what + "s"
}
