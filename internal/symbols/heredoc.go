package symbols

import (
	"bytes"
)

// skipHTML moves to the next PHP script.
func (l *lexer) skipHTML() {
	n := bytes.Index(l.src[l.pos:], []byte("<?"))
	if n < 0 {
		l.jump(len(l.src))
		return
	}
	l.jump(l.pos + n + 2)
	for l.pos < len(l.src) && isLetter(l.src[l.pos]) { // <?php
		l.pos++
	}
}

// startHeredoc reads <<TAG, <<-TAG, <<~TAG, <<'TAG' or <<<TAG and remembers that its
// text begins on the next line.
func (l *lexer) startHeredoc() bool {
	if !l.has(l.syn.heredoc) || len(l.docs) >= 8 {
		return false
	}
	i := l.pos + len(l.syn.heredoc)
	if l.syn.heredoc == "<<" && l.at(i) == '<' {
		return false
	}
	indent := l.syn.php
	if c := l.at(i); c == '-' || c == '~' && l.syn.ruby {
		indent = true
		i++
	}
	if l.syn.php || l.syn.shell {
		for l.at(i) == ' ' || l.at(i) == '\t' {
			i++
		}
	}
	var quote byte
	if c := l.at(i); c == '\'' || c == '"' || c == '\\' {
		if quote = c; quote == '\\' {
			quote = 0
		}
		i++
	}
	from := i
	for i < len(l.src) && (isLetter(l.src[i]) || isDigit(l.src[i])) && i-from < MaxName {
		i++
	}
	if i == from || isDigit(l.src[from]) || l.syn.ruby && quote == 0 && (l.src[from]|0x20 == l.src[from] && !indent) {
		return false // a shift: 1<<2, list <<item
	}
	tag := string(l.src[from:i])
	if quote != 0 && l.at(i) == quote {
		i++
	}
	l.docs = append(l.docs, heredoc{tag, indent || l.syn.shell})
	l.pos = i
	return true
}

// skipHeredocs is called at the start of a line and moves past the texts whose tags were
// read on the line before.
func (l *lexer) skipHeredocs() {
	docs := l.docs
	l.docs = l.docs[:0]
	for _, d := range docs {
		start, found := l.pos, false
		for i := l.pos; i < len(l.src); {
			n := bytes.IndexByte(l.src[i:], '\n')
			if n < 0 {
				n = len(l.src) - i
			}
			line := l.src[i : i+n]
			trimmed := line
			if d.indent {
				trimmed = bytes.TrimLeft(line, " \t")
			}
			if bytes.HasPrefix(trimmed, []byte(d.tag)) {
				rest := trimmed[len(d.tag):]
				if len(rest) == 0 || !isLetter(rest[0]) && !isDigit(rest[0]) && (l.syn.php || len(bytes.TrimSpace(rest)) == 0) {
					l.jump(i + len(line) - len(rest))
					found = true
					break
				}
			}
			i += n + 1
		}
		if !found {
			l.pos = start
			l.unclosed(start)
		}
	}
}

// dollarQuote skips $tag$ … $tag$ of PostgreSQL.
func (l *lexer) dollarQuote() bool {
	i := l.pos + 1
	for i < len(l.src) && (isLetter(l.src[i]) || isDigit(l.src[i])) && i < l.pos+64 {
		i++
	}
	if l.at(i) != '$' || isDigit(l.at(l.pos+1)) {
		return false
	}
	tag := l.src[l.pos : i+1]
	l.skipLong(len(tag), tag, false)
	return true
}
