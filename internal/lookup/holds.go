package lookup

import "bytes"

// An occurrences finds a string in a text, one place after the other.
type occurrences struct {
	text            []byte
	need            string // in lower case, if fold
	fold            bool   // in any case
	at              int    // the place of its rarest byte
	nextLow, nextUp int    // where that byte is next, in either case
}

func occur(text []byte, need string, fold bool) occurrences {
	o := occurrences{text: text, need: need, fold: fold, nextLow: -1, nextUp: -1}
	for i := range len(need) {
		if commonness(need[i]) < commonness(need[o.at]) {
			o.at = i
		}
	}
	return o
}

// next returns the first place at or after from, or -1. from must not go back.
func (o *occurrences) next(from int) int {
	if !o.fold || o.need == "" {
		n := bytes.Index(o.text[min(from, len(o.text)):], []byte(o.need))
		if n < 0 {
			return -1
		}
		return from + n
	}
	// The rarest byte, in both its cases, leads to the places worth a look.
	low, up := o.need[o.at], o.need[o.at]
	if low >= 'a' && low <= 'z' {
		up -= 'a' - 'A'
	}
	for from += o.at; from < len(o.text); {
		o.nextLow = nextByte(o.text, o.nextLow, from, low)
		if up != low {
			o.nextUp = nextByte(o.text, o.nextUp, from, up)
		} else {
			o.nextUp = o.nextLow
		}
		i := min(o.nextLow, o.nextUp)
		if i == len(o.text) {
			return -1
		}
		if sameAt(o.text, i-o.at, o.need) {
			return i - o.at
		}
		from = i + 1
	}
	return -1
}

// holds reports whether text has need in it, in any case if fold, need being in lower
// case then.
func holds(text []byte, need string, fold bool) bool {
	o := occur(text, need, fold)
	return o.next(0) >= 0
}

// holdsWord is like holds for what stands between bytes that are no part of an ASCII word.
func holdsWord(text []byte, need string, fold bool) bool {
	if need == "" {
		return true
	}
	o := occur(text, need, fold)
	for i := o.next(0); i >= 0; i = o.next(i + 1) {
		if end := i + len(need); (i == 0 || !wordByte(text[i-1])) && (end == len(text) || !wordByte(text[end])) {
			return true
		}
	}
	return false
}

// nextByte returns the place of c in text from on, or its length; known is an earlier
// answer.
func nextByte(text []byte, known, from int, c byte) int {
	if known >= from {
		return known
	}
	if n := bytes.IndexByte(text[from:], c); n >= 0 {
		return from + n
	}
	return len(text)
}

func sameAt(text []byte, at int, need string) bool {
	if at < 0 || at+len(need) > len(text) {
		return false
	}
	for i := range len(need) {
		c := text[at+i]
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != need[i] {
			return false
		}
	}
	return true
}

// commonness says how often a letter is met in code; the larger the more often.
func commonness(c byte) int {
	return bytes.IndexByte([]byte("qzxj9876543kwvy2bgf1h_pmud0clsonairte"), c)
}

// mayDefine reports whether text may define the Go name need at one of its occurrences,
// by the bytes around it: nothing is defined after a dot, and nothing in a longer word.
func mayDefine(text []byte, need string) bool {
	for from := 0; ; {
		i := bytes.Index(text[from:], []byte(need))
		if i < 0 {
			return false
		}
		i += from
		from = i + 1
		if end := i + len(need); end < len(text) && wordByte(text[end]) {
			continue
		}
		if i == 0 {
			continue
		}
		switch text[i-1] {
		case ' ', '\t', '\n', '\r', ',', '(', ')', ';', '{', '/':
			return true
		}
	}
}

// words calls fn with the line, from 1, of every occurrence of need in text as a whole word.
// With fold, need is in lower case.
func words(text []byte, need string, fold bool, fn func(line int)) {
	number := 0
	for line := range bytes.Lines(text) {
		number++
		if !holds(line, need, fold) {
			continue
		}
		for i := 0; i+len(need) <= len(line); i++ {
			if (fold && sameAt(line, i, need) || !fold && string(line[i:i+len(need)]) == need) &&
				(i == 0 || !partOfWord(line[i-1])) && (i+len(need) == len(line) || !partOfWord(line[i+len(need)])) {
				fn(number)
				break
			}
		}
	}
}

func partOfWord(c byte) bool { return wordByte(c) || c >= 0x80 }
