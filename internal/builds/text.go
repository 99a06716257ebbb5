package builds

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"cleat/internal/archive/forge"
)

// MaxText is how much is taken of a text of a service's, in bytes.
const MaxText = 1 << 10

// Clip cuts a foreign text at MaxText bytes.
func Clip(s string) string { return Cut(s, MaxText) }

// Cut cuts s between characters so that it has at most n bytes, and says so by an ellipsis.
func Cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	n -= len("…")
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}

// IsNumber reports whether s is a positive number as services write one.
func IsNumber(s string) bool {
	n, err := strconv.ParseInt(s, 10, 64)
	return err == nil && n > 0 && strconv.FormatInt(n, 10) == s
}

// Hash returns s if it is the id of a commit, "" if not.
func Hash(s string) string {
	if forge.IsHash(s) {
		return s
	}
	return ""
}

// maxQuoted is how many names a sentence lists.
const maxQuoted = 20

// Quoted lists the names of things in quotes, the first 20 of them and each cut at 100 bytes.
func Quoted(names []string) string {
	var b strings.Builder
	for i, one := range names[:min(len(names), maxQuoted)] {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(strconv.Quote(Cut(one, 100)))
	}
	if n := len(names) - maxQuoted; n > 0 {
		fmt.Fprintf(&b, " and %d more", n)
	}
	return b.String()
}
