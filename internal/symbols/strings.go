package symbols

import "bytes"

// maxRescans is how often an unclosed string may be looked for to the end of the text
// before its opening quote is taken for the rest of the file.
const maxRescans = 8

// maxInterpLines is how many lines an interpolated expression may span in a string that
// itself stands on one line.
const maxInterpLines = 20

// quoted reads what begins with the quote c.
func (l *lexer) quoted(c byte, q quoting) uint8 {
	if q == quoteNone {
		l.pos++
		return c
	}
	if l.syn.triple && q != quoteChar && l.at(l.pos+1) == c && l.at(l.pos+2) == c {
		l.skipLong(3, []byte{c, c, c}, true)
		return tokString
	}
	switch q {
	case quoteChar:
		return l.character()
	case quoteIdent:
		line := l.src[l.pos+1 : min(len(l.src), l.pos+1+2*MaxName)]
		n := bytes.IndexByte(line, c)
		if n <= 0 || bytes.IndexByte(line[:n], '\n') >= 0 {
			l.pos++
			return '?'
		}
		l.pos += n + 2
		return tokIdent
	case quoteString:
		// In JSX text an apostrophe stands between two letters: "don't".
		if c == '\'' && l.syn.regex && !l.syn.ruby && l.pos > 0 && isLetter(l.src[l.pos-1]) &&
			isLetter(l.at(l.pos+1)) && l.prev.kind == tokIdent && !l.keywordBeforeValue() {
			l.pos++
			return '?'
		}
	}
	l.skipString(c, q)
	return tokString
}

// character reads 'x', '\n' or '\u{1F600}'; an apostrophe that is none of them, as in a
// Rust lifetime, is read alone.
func (l *lexer) character() uint8 {
	i := l.pos + 1
	if l.at(i) == '\\' {
		for i += 2; i < len(l.src) && i < l.pos+16 && l.src[i] != '\n'; i++ {
			if l.src[i] == '\'' {
				l.pos = i + 1
				return tokString
			}
		}
		l.pos++
		return '?'
	}
	// One character is up to four bytes; C has constants of several characters.
	for i++; i < len(l.src) && i <= l.pos+5; i++ {
		if l.src[i] == '\'' {
			if i == l.pos+2 || l.src[l.pos+1] >= 0x80 || l.syn.directives {
				l.pos = i + 1
				return tokString
			}
			break
		}
		if l.src[i] == '\n' {
			break
		}
	}
	l.pos++
	return '?'
}

// skipLong moves past a string that opens with n bytes and ends at the first end. If
// there is no end, only its opening is skipped, at most maxRescans times.
func (l *lexer) skipLong(n int, end []byte, escapes bool) {
	from := min(l.pos+n, len(l.src))
	for i := from; i < len(l.src); {
		m := bytes.Index(l.src[i:], end)
		if m < 0 {
			break
		}
		i += m
		if escapes && l.escaped(from, i) {
			i++
			continue
		}
		i += len(end)
		for escapes && i < len(l.src) && l.src[i] == end[len(end)-1] && i < from+m+8 {
			i++ // """" ends with the last of its quotes
		}
		l.jump(i)
		return
	}
	l.unclosed(from)
}

// unclosed is called for a string without an end, whose text begins at from.
func (l *lexer) unclosed(from int) {
	if l.rescans++; l.rescans > maxRescans {
		l.jump(len(l.src))
		return
	}
	l.jump(from)
}

// escaped reports whether an odd number of backslashes stands before i, not before from.
func (l *lexer) escaped(from, i int) bool {
	n := 0
	for ; i-1-n >= from && l.src[i-1-n] == '\\' && n < 64; n++ {
	}
	return n%2 == 1
}

// skipString moves past a string that begins with the quote c. Interpolated code and the
// strings in it are followed with a stack of bounded height. A string that should stand
// on one line and does not is cut at the end of that line.
func (l *lexer) skipString(c byte, q quoting) {
	const height = 16
	type level struct {
		quote byte // of the string, or 0 in interpolated code
		open  byte // what opens and closes the interpolation
		close byte
		depth int32
		plain bool // nothing is interpolated
	}
	var stack [height]level
	top := 0
	stack[0] = level{quote: c}
	long := q == quoteLong || q == quoteTemplate
	from := l.pos + 1
	lineEnd, lines := -1, 0
	for i := from; i < len(l.src); i++ {
		b := l.src[i]
		s := &stack[top]
		if b == '\n' {
			if lineEnd < 0 {
				lineEnd = i
			}
			if lines++; !long && (top == 0 || lines > maxInterpLines) {
				l.jump(lineEnd)
				return
			}
			continue
		}
		if s.quote == 0 { // code
			switch b {
			case s.open:
				s.depth++
			case s.close:
				if s.depth--; s.depth == 0 {
					top--
				}
			case '"', '\'', '`':
				if top+1 < height && l.quoteInCode(b, i) {
					top++
					stack[top] = level{quote: b, plain: l.syn.rawAt && l.src[i-1] != '$'}
				}
			}
			continue
		}
		switch {
		case b == s.quote:
			if l.syn.doubled && l.at(i+1) == b {
				i++
			} else if top == 0 {
				l.jump(i + 1)
				return
			} else {
				top--
			}
		case b == '\\' && !l.syn.doubled && (s.quote != '\'' || !l.syn.shell):
			if open := l.interpolates(s.quote, i); open != 0 && top+1 < height && !s.plain {
				top++
				stack[top] = level{open: open, close: closing(open), depth: 1}
			}
			i++
			if l.at(i) == '\n' {
				i-- // counts as a line
				if long || l.syn.slash {
					// A backslash continues the string on the next line.
					i++
				}
			}
		case b == '{' && l.syn.rawAt && l.at(i+1) == '{':
			i++ // a brace itself
		default:
			if open := l.interpolates(s.quote, i); open != 0 && top+1 < height && !s.plain {
				top++
				stack[top] = level{open: open, close: closing(open), depth: 1}
				for l.src[i] != open {
					i++
				}
			}
		}
	}
	if !long && lineEnd >= 0 {
		l.jump(lineEnd)
		return
	}
	l.unclosed(from)
}

func closing(open byte) byte {
	if open == '(' {
		return ')'
	}
	return '}'
}

// interpolates returns the bracket that begins interpolated code at i in a string with the
// given quote, or 0.
func (l *lexer) interpolates(quote byte, i int) byte {
	if quote == '\'' || quote == '`' && l.syn.tick != quoteTemplate {
		return 0
	}
	if quote == '"' && l.syn.tick == quoteTemplate {
		return 0 // JavaScript interpolates in templates only
	}
	for _, s := range l.syn.interp {
		if s != "" && len(l.src)-i >= len(s) && string(l.src[i:i+len(s)]) == s {
			if s[0] == '{' {
				return '{'
			}
			return s[len(s)-1]
		}
	}
	return 0
}

// quoteInCode reports whether the quote at i, in interpolated code, begins a string.
func (l *lexer) quoteInCode(b byte, i int) bool {
	if b == '\'' {
		switch l.syn.single {
		case quoteNone:
			return false
		case quoteChar:
			return l.at(i+2) == '\'' || l.at(i+1) == '\\'
		}
		return l.syn.shell || i == 0 || !isLetter(l.src[i-1])
	}
	return b == '"' || l.syn.tick == quoteTemplate
}

// rawString skips a raw or prefixed string that begins here with c, and reports whether
// there was one.
func (l *lexer) rawString(c byte) bool {
	s := l.src[l.pos:]
	switch {
	case l.syn.rawRust && (c == 'r' || c == 'b' || c == 'c'):
		i := 1
		if c != 'r' && l.at(l.pos+1) == 'r' {
			i = 2
		} else if c != 'r' {
			if l.at(l.pos+1) == '"' {
				l.pos++
				l.skipString('"', quoteLong)
				return true
			}
			return false
		}
		return l.hashString(i, '"')
	case l.syn.rawHash && c == '#':
		return l.hashString(0, '"')
	case l.syn.rawCpp && indexByte("RuUL", c):
		n := 0
		for n < 3 && n < len(s) && s[n] != 'R' && isLetter(s[n]) || n < 3 && n < len(s) && s[n] == '8' {
			n++
		}
		if n+1 >= len(s) || s[n] != 'R' || s[n+1] != '"' {
			return false
		}
		open := bytes.IndexByte(s[n+2:min(len(s), n+2+17)], '(')
		if open < 0 {
			return false
		}
		end := append(append([]byte{')'}, s[n+2:n+2+open]...), '"')
		l.skipLong(n+2+open+1, end, false)
		return true
	case l.syn.rawAt && (c == '@' || c == '$'):
		n := 0
		at := false
		for n < len(s) && n < 8 && (s[n] == '@' || s[n] == '$') {
			at = at || s[n] == '@'
			n++
		}
		if n >= len(s) || s[n] != '"' {
			return false
		}
		l.pos += n
		if !at && bytes.HasPrefix(s[n:], []byte(`"""`)) {
			l.quoted('"', quoteString)
			return true
		}
		syn := l.syn
		if c == '$' || n > 1 && s[1] == '$' {
			l.syn.interp[0] = "{"
		}
		l.syn.doubled = at
		q := quoteString
		if at {
			q = quoteLong
		}
		l.skipString('"', q)
		l.syn = syn
		return true
	}
	return false
}

// hashString skips "…" with as many "#" before as after it; i bytes of prefix are read.
func (l *lexer) hashString(i int, quote byte) bool {
	if l.pos+i < l.noHash {
		return false
	}
	n := 0
	for l.at(l.pos+i+n) == '#' && n < 255 {
		n++
	}
	if l.at(l.pos+i+n) != quote {
		l.noHash = l.pos + i + n
		return false
	}
	if n == 0 && i == 0 {
		return false
	}
	end := append([]byte{quote}, bytes.Repeat([]byte{'#'}, n)...)
	l.skipLong(i+n+1, end, false)
	return true
}
