package text

import (
	"crypto/rand"
	"strconv"
	"strings"
	"unicode/utf8"
)

// noteAfter is the length from which a run of escaped characters is counted in a
// note rather than spelled out. Spelling out a run of tag characters would hand the
// reader the very letters that somebody hid in it.
const noteAfter = 4

// Clean makes text that others wrote safe to show, and returns how many characters
// it had to escape or remove. The result is valid UTF-8 without anything that moves
// the cursor, changes the direction of the text or cannot be seen:
//
//   - control characters other than line feed and tab, DEL, the C1 controls (so no
//     terminal sequence survives), line and paragraph separators;
//   - bidirectional marks, embeddings, overrides and isolates;
//   - zero-width and invisible characters, fillers, soft hyphens, tag characters,
//     variation selectors, interlinear annotation marks, noncharacters;
//   - bytes that are not UTF-8.
//
// Each is shown as \u{202e} (a byte that is not UTF-8 as \x{ff}); four or more in a row become
// "[12 invisible characters removed]". The number of line feeds never changes. The
// carriage return of a CRLF line end is dropped and not counted, any other is escaped.
//
// Kept because writing needs them, and only where they cannot hide anything: the
// zero-width joiner between two emoji, the emoji and text variation selectors directly
// after a character that has both forms, and the joiner and non-joiner between two
// letters of a script that is written with them (Arabic, Indic, Khmer and their like).
// Everything else of this kind is escaped, even where a language has a use for it:
// Latin text and source code have none.
//
// Text that looks like an escape or like a boundary of an answer stays as it is: the
// escapes are for people and models to see, not for programs to undo, and a boundary
// carries a Nonce that the text's author cannot know. Clean of its own result is that result with
// count 0. It does not allocate if there is nothing to do.
func Clean(s string) (string, int) {
	i := skipASCII(s, 0)
	if i == len(s) {
		return s, 0
	}
	return clean(s, i, false)
}

// Line is Clean for a value that must stay on one line, such as a file name, a title
// or a key: line feeds, tabs and carriage returns become \n, \t and \r. A backslash in s
// stays single, so the two characters \n in a result may have been either; whoever needs
// the exact value takes it from where it was not cleaned. The length is not limited.
func Line(s string) string {
	if i := skipASCII(s, 0); i == len(s) && strings.IndexByte(s, '\n') < 0 && strings.IndexByte(s, '\t') < 0 {
		return s
	}
	s, _ = clean(s, 0, true)
	return s
}

// Attr returns s in the form that a boundary's attributes have, source=NAME: bare if
// it is made of letters, digits and ._/@:+- only, otherwise as a quoted line in which
// quotes and backslashes are escaped and < and > are \u{3c} and \u{3e}. So no value can
// end the attribute, or the tag, that it stands in.
func Attr(s string) string {
	bare := s != ""
	for i := 0; i < len(s) && bare; i++ {
		switch c := s[i]; {
		case '0' <= c && c <= '9', 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z':
		default:
			bare = strings.IndexByte("._/@:+-", c) >= 0
		}
	}
	if bare {
		return s
	}
	// Backslashes are doubled before Line adds its own.
	s = Line(strings.ReplaceAll(s, `\`, `\\`))
	return `"` + strings.NewReplacer(`"`, `\"`, `<`, `\u{3c}`, `>`, `\u{3e}`).Replace(s) + `"`
}

// Nonce returns 8 random lower-case letters or digits (40 bits), for the boundary of
// one answer.
func Nonce() string { return strings.ToLower(rand.Text()[:8]) }

// skipASCII returns the index of the first byte of s, from i on, that is not
// printable ASCII, line feed or tab, or len(s).
func skipASCII(s string, i int) int {
	for ; i < len(s); i++ {
		if c := s[i]; c-0x20 >= 0x5f && c != '\n' && c != '\t' {
			break
		}
	}
	return i
}

// A joint says what the last rune was, for the joiners and selectors that may follow.
type joint uint8

const (
	jointNone   joint = iota
	jointEmoji        // an emoji: a selector or a joiner may follow
	jointStyled       // an emoji with its selector: a joiner may follow
	jointScript       // a letter of a script that is written with joiners
)

// clean does the work of Clean and Line from index i on; what comes before needs none.
func clean(s string, i int, line bool) (string, int) {
	var (
		out    strings.Builder
		num    [8]byte
		count  = 0 // characters escaped
		copied = 0 // s[:copied] is in out
		run    = 0 // length of the present run of escaped characters
		runAt  = 0 // where it begins in s
		last   = jointNone
	)
	flush := func(end int) { // s[runAt:end] is a complete run
		out.WriteString(s[copied:runAt])
		copied = end
		count += run
		if run >= noteAfter {
			out.WriteByte('[')
			out.WriteString(strconv.Itoa(run))
			out.WriteString(" invisible characters removed]")
			run = 0
			return
		}
		for run = 0; runAt < end; {
			r, n := utf8.DecodeRuneInString(s[runAt:])
			if r == utf8.RuneError && n == 1 {
				out.WriteString(`\x{`)
				r = rune(s[runAt])
			} else {
				out.WriteString(`\u{`)
			}
			out.Write(strconv.AppendUint(num[:0], uint64(r), 16))
			out.WriteByte('}')
			runAt += n
		}
	}
	for i < len(s) {
		if run == 0 && !line {
			if j := skipASCII(s, i); j > i {
				i, last = j, jointOf(rune(s[j-1]))
				if i == len(s) {
					break
				}
			}
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		var plain string // what stands for r if it is neither kept nor hidden
		hide := false
		switch {
		case r == utf8.RuneError && n == 1:
			hide = true
		case line && r == '\n':
			plain = `\n`
		case line && r == '\t':
			plain = `\t`
		case line && r == '\r':
			plain = `\r`
		case r == '\r' && i+1 < len(s) && s[i+1] == '\n':
			if run > 0 {
				flush(i)
			}
			if out.Cap() == 0 {
				out.Grow(len(s) + 16)
			}
			out.WriteString(s[copied:i])
			i++
			copied, last = i, jointNone
			continue
		default:
			hide = hidden(r) && !(joins(r) && joinable(r, last, s[i+n:]))
		}
		if hide {
			if run == 0 {
				runAt = i
			}
			run++
			i += n
			last = jointNone
			continue
		}
		if run > 0 {
			flush(i)
		}
		if plain != "" {
			out.WriteString(s[copied:i])
			out.WriteString(plain)
			copied = i + n
		}
		last = after(last, r)
		i += n
	}
	if run > 0 {
		flush(i)
	}
	if copied == 0 {
		return s, 0
	}
	out.WriteString(s[copied:])
	return out.String(), count
}

// after returns the joint that r leaves behind.
func after(last joint, r rune) joint {
	if joins(r) {
		if last == jointEmoji && r != zwj && r != zwnj {
			return jointStyled
		}
		return jointNone
	}
	return jointOf(r)
}

const (
	zwnj = 0x200C
	zwj  = 0x200D
)

// joins reports whether r is one of the invisible characters that may be kept.
func joins(r rune) bool { return r == zwj || r == zwnj || r == 0xFE0E || r == 0xFE0F }

// joinable reports whether r, for which joins holds, has its proper place between
// what came last and rest.
func joinable(r rune, last joint, rest string) bool {
	next, _ := utf8.DecodeRuneInString(rest)
	switch {
	case r == 0xFE0E || r == 0xFE0F:
		const keycap = 0x20E3 // as in the digit one, U+FE0F, U+20E3
		return last == jointEmoji || r == 0xFE0F && next == keycap
	case last == jointScript:
		return jointOf(next) == jointScript
	case r == zwj && (last == jointEmoji || last == jointStyled):
		return jointOf(next) == jointEmoji
	}
	return false
}

// jointOf classes a visible rune. The ranges are wider than the emoji and joining
// properties of Unicode; what they add is visible on its own.
func jointOf(r rune) joint {
	switch {
	case r < 0xA9:
		return jointNone
	case r == 0xA9, r == 0xAE, r == 0x203C, r == 0x2049, r == 0x2122, r == 0x2139,
		r >= 0x2190 && r <= 0x21FF, r >= 0x2300 && r <= 0x23FF, r >= 0x2460 && r <= 0x24FF,
		r >= 0x25A0 && r <= 0x27BF, r >= 0x2900 && r <= 0x297F, r >= 0x2B00 && r <= 0x2BFF,
		r == 0x3030, r == 0x303D, r == 0x3297, r == 0x3299, r >= 0x1F000 && r <= 0x1FAFF:
		return jointEmoji
	case hidden(r):
		return jointNone
	case r >= 0x0620 && r <= 0x08FF, // Arabic, Syriac, Thaana, N'Ko, Mandaic
		r >= 0x0900 && r <= 0x0DFF, // the Indic scripts
		r >= 0x1000 && r <= 0x109F, // Myanmar
		r >= 0x1780 && r <= 0x18AF, // Khmer, Mongolian
		r >= 0xFB50 && r <= 0xFDCF, // Arabic presentation forms
		r >= 0xFE70 && r <= 0xFEFC,
		r >= 0x11000 && r <= 0x11FFF: // Brahmi and its descendants
		return jointScript
	}
	return jointNone
}

// hidden reports whether r must not be shown raw. It is true for joiners and
// selectors too.
func hidden(r rune) bool {
	switch {
	case r < 0x20:
		return r != '\n' && r != '\t'
	case r < 0x7F:
		return false
	case r < 0xA0: // DEL and the C1 controls
		return true
	case r < 0x034F:
		return r == 0xAD
	case r < 0x2000:
		return r == 0x034F || r == 0x061C || r == 0x115F || r == 0x1160 ||
			r == 0x17B4 || r == 0x17B5 || r >= 0x180B && r <= 0x180F
	case r < 0x2070:
		return r >= 0x200B && r <= 0x200F || r >= 0x2028 && r <= 0x202E || r >= 0x2060
	case r < 0xFDD0:
		return r == 0x3164
	case r < 0x10000:
		return r <= 0xFDEF || r >= 0xFE00 && r <= 0xFE0F || r == 0xFEFF || r == 0xFFA0 ||
			r >= 0xFFF0 && r <= 0xFFFB || r >= 0xFFFE
	}
	return r&0xFFFE == 0xFFFE || // noncharacters
		r >= 0x13430 && r <= 0x1345F || // Egyptian hieroglyph format controls
		r >= 0x1BCA0 && r <= 0x1BCA3 || // shorthand format controls
		r >= 0x1D173 && r <= 0x1D17A || // musical format controls
		r >= 0xE0000 && r <= 0xE0FFF // tags, variation selectors, reserved invisibles
}
