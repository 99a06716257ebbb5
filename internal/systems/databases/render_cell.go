package databases

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"cleat/internal/text"
)

// The marks that stand in a cell for what is no text.
const (
	markNull  = "∅"
	markEmpty = `""`
)

// writeCell writes a value as a cell of a line: a line feed, tab, carriage return or
// backslash as \n, \t, \r, \\, so that no value holds the end of a line or of a cell; NULL
// as ∅ and the empty text as "". A text that could be taken for one of these marks, or for
// the end of a clipped cell, is put in quotes, and so is a text that is such a one in
// quotes. Thus every cell is that of one value only. Of a value longer than width
// characters, the first ones are written, and …(+N) where N counts what is not, more bytes
// that are not in s included.
func writeCell(b *strings.Builder, s *string, width, more int) {
	if s == nil {
		b.WriteString(markNull)
		return
	}
	head, left := clip(*s, width)
	left += more
	switch {
	case left > 0:
		escapeCell(b, head)
		fmt.Fprintf(b, "…(+%d)", left)
	case *s == "":
		b.WriteString(markEmpty)
	case looksMarked(*s):
		b.WriteByte('"')
		escapeCell(b, *s)
		b.WriteByte('"')
	default:
		escapeCell(b, *s)
	}
}

// clip returns the first width characters of s, and how many there are after them. What is
// hardly longer than width is left whole: the mark would be as long as what it stands for.
func clip(s string, width int) (head string, left int) {
	if len(s) <= width+clipSlack {
		return s, 0
	}
	at, n := 0, 0
	for at < len(s) && n < width {
		_, size := utf8.DecodeRuneInString(s[at:])
		at += size
		n++
	}
	if left = utf8.RuneCountInString(s[at:]); left <= clipSlack {
		return s, 0
	}
	return s[:at], left
}

// clipSlack is how many characters beyond the width are shown rather than counted.
const clipSlack = 8

func escapeCell(b *strings.Builder, s string) {
	for {
		i := strings.IndexAny(s, "\n\t\r\\")
		if i < 0 {
			b.WriteString(s)
			return
		}
		b.WriteString(s[:i])
		switch s[i] {
		case '\n':
			b.WriteString(`\n`)
		case '\t':
			b.WriteString(`\t`)
		case '\r':
			b.WriteString(`\r`)
		default:
			b.WriteString(`\\`)
		}
		s = s[i+1:]
	}
}

// looksMarked reports whether a text is a mark, or is one in quotes.
func looksMarked(s string) bool {
	for len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"' {
		if s = s[1 : len(s)-1]; s == "" {
			return true
		}
	}
	return s == markNull || looksClipped(s)
}

// looksClipped reports whether s ends as a clipped cell does.
func looksClipped(s string) bool {
	s, ok := strings.CutSuffix(s, ")")
	if !ok {
		return false
	}
	digits := strings.TrimRight(s, "0123456789")
	return len(digits) < len(s) && strings.HasSuffix(digits, "…(+")
}

// said returns a name that others chose as a part of what cleat says: one line, in quotes,
// and not long.
func said(name string) string {
	head, left := clip(strings.ReplaceAll(name, `"`, "'"), nameWidth)
	if left > 0 {
		head += fmt.Sprintf("…(+%d)", left)
	}
	return `"` + text.Line(head) + `"`
}

// nameWidth is how many characters of a name are shown.
const nameWidth = 80

// number writes an estimate in few characters: 0.5, 950, 1200, 12k, 3.4M.
func number(f float64) string {
	switch {
	case f < 0:
		return "-" + number(-f)
	case f < 9.95:
		return strings.TrimSuffix(fmt.Sprintf("%.1f", f), ".0")
	case f < 9999.5:
		return fmt.Sprintf("%.0f", f)
	}
	return scaled(f, "kMGT", "")
}

// size writes a number of bytes in few characters: 950 B, 12 kB, 3.4 MB.
func size(n int64) string {
	if n < 1000 {
		return fmt.Sprintf("%d B", n)
	}
	return scaled(float64(n), "kMGT", " ") + "B"
}

// scaled writes f, which is not small, in the largest of the units it has at least one of.
func scaled(f float64, units, space string) string {
	unit := 0
	for f /= 1000; f >= 999.5 && unit < len(units)-1; unit++ {
		f /= 1000
	}
	digits := "%.0f"
	if f < 9.95 {
		digits = "%.1f"
	}
	return strings.TrimSuffix(fmt.Sprintf(digits, f), ".0") + space + units[unit:unit+1]
}
