package symbols

import "bytes"

// regexHere reports whether a slash here begins a regular expression and not a
// division, by what stands before it.
func (l *lexer) regexHere() bool {
	switch l.prev.kind {
	case tokNumber, tokString, ')', ']', tokParens, tokBrackets:
		return false
	case tokIdent:
		if l.keywordBeforeValue() {
			return true
		}
		// Ruby calls without parentheses: "puts /x/", but "a / b".
		return l.syn.ruby && l.pos > 0 && l.src[l.pos-1] == ' ' && l.at(l.pos+1) != ' ' && l.at(l.pos+1) != '='
	}
	return true
}

// keywordBeforeValue reports whether the last token is a word after which a value
// stands, so that a slash or an apostrophe there begins a literal.
func (l *lexer) keywordBeforeValue() bool {
	switch string(l.text(l.prev)) {
	case "return", "typeof", "case", "in", "of", "delete", "void", "throw", "new", "do", "else",
		"instanceof", "yield", "await", "from", "import", "default",
		"if", "unless", "while", "until", "when", "and", "or", "not", "then", "elsif":
		return true
	}
	return false
}

// skipRegex moves past a regular expression that ends on this line, with its flags.
func (l *lexer) skipRegex() bool {
	if l.pos < l.noRegex {
		return false
	}
	class := false
	i := l.pos + 1
	for ; i < len(l.src) && l.src[i] != '\n'; i++ {
		switch l.src[i] {
		case '\\':
			i++
			if l.at(i) == '\n' {
				i--
			}
		case '[':
			class = true
		case ']':
			class = false
		case '/':
			if class && !l.syn.ruby {
				continue
			}
			for i++; isLetter(l.at(i)); i++ {
			}
			l.pos = min(i, len(l.src))
			return true
		}
	}
	l.noRegex = i // the rest of the line has been looked at once; that is enough
	return false
}

// rubyLiteral skips %w[…] and its like, ?c, and symbols such as :"x y".
func (l *lexer) rubyLiteral(c byte) bool {
	d := l.at(l.pos + 1)
	switch c {
	case '?':
		if d <= ' ' || isLetter(l.at(l.pos+2)) || isDigit(l.at(l.pos+2)) || l.afterValue() {
			return false
		}
		l.pos += 2
		return true
	case ':':
		if d != '"' || l.prev.end == int32(l.pos) && l.prev.kind == tokIdent {
			return false
		}
		l.pos++
		l.skipString('"', quoteString)
		return true
	}
	i := l.pos + 1
	if isLetter(d) {
		if !indexByte("wWiIqQrxs", d) {
			return false
		}
		i++
		d = l.at(i)
	} else if l.afterValue() {
		return false
	}
	if isLetter(d) || isDigit(d) || d <= ' ' || d == '=' {
		return false
	}
	if l.afterValue() && (l.pos == 0 || l.src[l.pos-1] != ' ' || l.prev.kind != tokIdent) {
		return false
	}
	end := d
	switch d {
	case '(':
		end = ')'
	case '[':
		end = ']'
	case '{':
		end = '}'
	case '<':
		end = '>'
	}
	depth := 0
	for from := i + 1; i < len(l.src); i++ {
		switch b := l.src[i]; {
		case b == '\\':
			i++
		case b == d && end != d:
			depth++
		case b == end && i >= from:
			if depth--; depth <= 0 {
				l.jump(i + 1)
				return true
			}
		}
	}
	l.unclosed(l.pos + 2)
	return true
}

// afterValue reports whether the last token is the end of a value.
func (l *lexer) afterValue() bool {
	switch l.prev.kind {
	case tokNumber, tokString, ')', ']', '}':
		return true
	case tokIdent:
		return !l.keywordBeforeValue()
	}
	return false
}

// skipRubyBlock is called at the start of a line and moves past =begin … =end, and past
// all that follows __END__.
func (l *lexer) skipRubyBlock() {
	if l.has("__END__") && l.at(l.pos+len("__END__")) < ' ' {
		l.jump(len(l.src))
		return
	}
	if !l.has("=begin") {
		return
	}
	n := bytes.Index(l.src[l.pos:], []byte("\n=end"))
	if n < 0 {
		l.jump(len(l.src))
		return
	}
	l.jump(l.pos + n + len("\n=end"))
	l.toLineEnd()
}
