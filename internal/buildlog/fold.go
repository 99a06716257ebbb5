package buildlog

import (
	"strings"
	"unicode/utf8"
)

// minAlike is how many successive lines that differ in numbers alone become one.
const minAlike = 3

// Fold makes one of successive lines that are equal, and of three or more that are alike
// but for numbers, times, hashes and the length of bars; the first of them stays, with how
// many were folded into it. Lines that may tell of something that went wrong are folded
// only if they are equal, and hits of a search never. The argument stays as it is.
func Fold(lines []Line) []Line {
	lines = foldEqual(lines)
	out := make([]Line, 0, len(lines))
	shapes := make([]string, len(lines))
	for i, l := range lines {
		shapes[i] = shape(l)
	}
	for i := 0; i < len(lines); {
		end := i + 1
		for end < len(lines) && shapes[i] != "" && shapes[end] == shapes[i] && follows(lines[end-1], lines[end]) {
			end++
		}
		all := 0
		for _, l := range lines[i:end] {
			all += 1 + l.Repeat
		}
		if end-i == 1 || all >= minAlike {
			l := lines[i]
			l.Repeat = all - 1
			out = append(out, l)
		} else {
			out = append(out, lines[i:end]...)
		}
		i = end
	}
	return out
}

// foldEqual makes one of successive lines that are equal. Hits stay apart.
func foldEqual(lines []Line) []Line {
	out := make([]Line, 0, len(lines))
	for _, l := range lines {
		if k := len(out) - 1; k >= 0 && !l.Hit && !out[k].Hit && l.Text == out[k].Text && follows(out[k], l) {
			out[k].Repeat += 1 + l.Repeat
			continue
		}
		out = append(out, l)
	}
	return out
}

// follows reports whether l is the line after those that before stands for.
func follows(before, l Line) bool { return l.N == before.N+before.Repeat+1 }

// shape returns what lines that are alike have in common, or "" for a line that is alike to
// none.
func shape(l Line) string {
	if l.Hit || isTelling(l.Text) {
		return ""
	}
	s := l.Text
	var b strings.Builder
	b.Grow(len(s))
	var last rune
	put := func(r rune) {
		if r != last || isWord(r) {
			b.WriteRune(r)
		}
		last = r
	}
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if !isWord(r) {
			// 1.5, 12:30, 1,000 and 2026-01-02 are one number.
			joins := last == '0' && i+n < len(s) && s[i+n] >= '0' && s[i+n] <= '9' && strings.ContainsRune(".,:-/", r)
			i += n
			// Spaces count between words alone: a bar that is full has none.
			if !joins && (r != ' ' || isWord(last) && i < len(s) && isWord(rune(s[i]))) {
				put(r)
			}
			continue
		}
		if i+uuid <= len(s) && isUUID(s[i:i+uuid]) {
			put('0')
			i += uuid
			continue
		}
		end := i
		for end < len(s) && isWord(rune(s[end])) {
			end++
		}
		word := s[i:end]
		i = end
		if isHash(word) {
			word = "0"
		}
		for k := 0; k < len(word); k++ {
			c := word[k]
			if c < '0' || c > '9' {
				put(rune(c))
				continue
			}
			if last != '0' {
				put('0')
			}
		}
	}
	return b.String()
}

// isWord reports whether r is a letter or a digit of ASCII.
func isWord(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
}

// uuid is the length of a UUID.
const uuid = len("01234567-89ab-cdef-0123-456789abcdef")

// isUUID reports whether s, of that length, is one.
func isUUID(s string) bool {
	for i := range len(s) {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if s[i] != '-' {
				return false
			}
		} else if !isHex(s[i]) {
			return false
		}
	}
	return true
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f'
}

// isHash reports whether a word is a number in hexadecimal that is long enough to be one.
func isHash(word string) bool {
	if len(word) < 7 || !strings.ContainsAny(word, "0123456789") {
		return false
	}
	for i := range len(word) {
		if !isHex(word[i]) {
			return false
		}
	}
	return true
}

// isTelling reports whether a line may tell of something that went wrong, or where: then
// its numbers matter.
func isTelling(s string) bool {
	for i := 0; i+1 < len(s); i++ { // a place: name.go:12, a.cs(12,3), line 12
		if (s[i] == ':' || s[i] == '(') && s[i+1] >= '0' && s[i+1] <= '9' && endsInName(s[:i]) {
			return true
		}
	}
	lower := strings.ToLower(s)
	for _, word := range [...]string{
		"error", "fail", "fatal", "panic", "exception", "traceback", "assert", "expect", "actual", "want", "got ",
		"undefined", "cannot", "can't", "not ok", "not found", "no such", "denied", "refused", "killed", "abort",
		"segmentation", "signal", "exit code", "exit status", "timed out", "timeout", "warn", "mismatch", "missing",
		"invalid", "unexpected", "unresolved", "leak", "race", "crash", "oom", " line ", "\u2717", "\u2718", "\u2715", "\u00d7", "\u274c",
	} {
		if strings.Contains(lower, word) {
			return true
		}
	}
	return strings.HasPrefix(s, "E ") || strings.HasPrefix(s, "+") || strings.HasPrefix(s, "-") || strings.HasPrefix(s, ">")
}

// endsInName reports whether s ends in the name of a file with an extension that begins
// with a letter.
func endsInName(s string) bool {
	n := len(s)
	for n > 0 && isWord(rune(s[n-1])) {
		n--
	}
	return n < len(s) && n > 1 && s[n-1] == '.' && s[n-2] > ' ' && (s[n] > '9') && len(s)-n <= 8
}
