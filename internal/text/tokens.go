package text

import "unicode/utf8"

// The costs of Tokens, in sixtieths of a token.
const (
	token = 60

	costWord  = 54  // the first letter of a word, with a space before it
	costLong  = 14  // each letter of a word from the sixth on
	costCase  = 46  // a capital after a lower-case letter
	costCaps  = 34  // a capital after a capital
	costMixed = 60  // a lower-case letter after a capital that does not begin the word
	costDigit = 40  // each digit
	costPunct = 52  // the first of a run of one mark
	costSame  = 12  // each repetition of that mark
	costBreak = 42  // a line feed
	costBlank = 5   // each further space or tab of a run
	costLatin = 30  // an accented letter and the like
	costOther = 36  // a letter of another alphabet
	costWide  = 66  // an ideograph, kana, Hangul
	costSign  = 130 // emoji and the rest
)

// Tokens estimates how many tokens a model reads in s, rounded up. It knows no
// vocabulary: it adds up costs by class of content (words, digits, punctuation,
// white space, scripts), which were set against two public vocabularies so that the result is
// as a rule 0 to 30 % above theirs (base64 and emoji may come out 20 % below, letters
// beyond ASCII far above). English comes to about 4 characters a token, source
// code to 2.8, hexadecimal and base64 to 1.6, ideographs to 0.9. Budgets may rely on it, bills
// may not. It never shrinks when text is appended. One pass, no allocation.
func Tokens(s string) int {
	cost := 0
	word := 0         // letters of the present word so far
	prev := byte('a') // the last byte of a class that cares; 0 after a rune beyond ASCII
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z':
			word++
			switch {
			case word == 1:
				cost += costWord
			case word > 5:
				cost += costLong
			case word > 2 && 'A' <= prev && prev <= 'Z': // more than one capital: no word
				cost += costMixed
			}
		case 'A' <= c && c <= 'Z':
			word++
			switch {
			case word == 1:
				cost += costWord
			case 'A' <= prev && prev <= 'Z':
				cost += costCaps
			default:
				cost += costCase
			}
		case c == ' ' || c == '\t':
			if word == 0 || prev == ' ' || prev == '\t' {
				cost += costBlank
			}
			word = 0
		case '0' <= c && c <= '9':
			cost += costDigit
			word = 0
		case c >= utf8.RuneSelf:
			r, n := utf8.DecodeRuneInString(s[i:])
			cost += runeCost(r)
			word, prev = 0, 0
			i += n
			continue
		case c == '\n':
			if prev == '\n' {
				cost += costBlank
			} else {
				cost += costBreak
			}
			word = 0
		default:
			if c == prev {
				cost += costSame
			} else {
				cost += costPunct
			}
			word = 0
		}
		prev = c
		i++
	}
	return (cost + token - 1) / token
}

// runeCost returns what one rune beyond ASCII costs.
func runeCost(r rune) int {
	switch {
	case r < 0x250:
		return costLatin
	case r < 0x1100:
		return costOther
	case r >= 0x1100 && r < 0x1200, r >= 0x3000 && r < 0xA4D0, r >= 0xAC00 && r < 0xD7B0,
		r >= 0xF900 && r < 0xFB00, r >= 0xFF00 && r < 0xFFF0, r >= 0x20000 && r < 0x40000:
		return costWide
	}
	return costSign
}
