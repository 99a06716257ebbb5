package symbols

// An indented is a definition whose body is told by indentation.
type indented struct {
	column int
	sym    int // index of its symbol, or -1
	path   string
	class  bool
	line   int32
}

func scanPython(src []byte) []Symbol {
	l := newLexer(pythonSyntax(), src)
	var out []Symbol
	var stack []indented
	depth, last := 0, int32(1)
	t := l.next()
	for t.kind != tokEOF && len(out) < MaxSymbols {
		begins := t.nl && (depth == 0 || l.is(t, "def") || l.is(t, "class"))
		if !begins {
			depth = nest(depth, t.kind)
			last = l.line
			t = l.next()
			continue
		}
		// A statement begins. What is indented as much or more has ended.
		depth = 0
		column := l.column(t)
		for len(stack) > 0 && stack[len(stack)-1].column >= column {
			end(out, stack[len(stack)-1], last)
			stack = stack[:len(stack)-1]
		}
		var in indented
		if len(stack) > 0 {
			in = stack[len(stack)-1]
		}
		first := t
		if l.is(t, "async") {
			last, t = l.line, l.next()
		}
		switch {
		case l.is(t, "def") || l.is(t, "class"):
			class := l.is(t, "class")
			name := l.next()
			if name.kind != tokIdent || name.nl {
				t = name
				continue
			}
			stop := name
			t = l.next()
			for t.kind != tokEOF && (depth > 0 || t.kind != ':' && !t.nl) {
				if t.nl && (l.is(t, "def") || l.is(t, "class")) {
					break
				}
				depth = nest(depth, t.kind)
				stop = t
				t = l.next()
			}
			depth = 0
			kind := Function
			switch {
			case class:
				kind = Class
			case len(stack) > 0 && in.class:
				kind = Method
			}
			text := clip(string(l.text(name)), MaxName)
			out = append(out, Symbol{Name: text, Kind: kind, Container: clip(in.path, 2*MaxName), Line: int(name.line),
				EndLine: int(l.line), Signature: headline(src[first.start:stop.end], true)})
			stack = append(stack, indented{column, len(out) - 1, join(in.path, text), class, name.line})
			last = l.line
		case t.kind == tokIdent && (len(stack) == 0 || in.class):
			name := t
			last, t = l.line, l.next()
			if t.nl || t.kind != '=' && t.kind != ':' {
				continue
			}
			word := string(l.text(name))
			constant := upper(word)
			if len(stack) > 0 && !constant || statementPython(word) {
				continue
			}
			kind := Var
			if constant {
				kind = Const
			}
			out = append(out, Symbol{Name: clip(word, MaxName), Kind: kind, Container: clip(in.path, 2*MaxName),
				Line: int(name.line), EndLine: int(name.line), Signature: headline(l.restOfLine(name), true)})
		default:
			depth = nest(depth, t.kind)
			last = l.line
			t = l.next()
		}
	}
	for _, s := range stack {
		end(out, s, last)
	}
	return out
}

// end sets where the definition of s ends.
func end(out []Symbol, s indented, line int32) {
	if s.sym >= 0 {
		out[s.sym].EndLine = max(out[s.sym].EndLine, int(line))
	}
}

// nest counts brackets.
func nest(depth int, kind uint8) int {
	switch kind {
	case '(', '[', '{':
		return depth + 1
	case ')', ']', '}':
		return max(0, depth-1)
	}
	return depth
}

// statementPython reports whether w is a statement that a colon follows.
func statementPython(w string) bool {
	switch w {
	case "else", "try", "finally", "except", "lambda", "with", "match", "case", "if", "while", "for":
		return true
	}
	return false
}

// upper reports whether w is spelt as a constant.
func upper(w string) bool {
	some := false
	for i := range len(w) {
		if w[i] >= 'a' && w[i] <= 'z' {
			return false
		}
		some = some || w[i] >= 'A' && w[i] <= 'Z'
	}
	return some
}

// restOfLine returns the text from t to the end of its line.
func (l *lexer) restOfLine(t tok) []byte {
	s := l.src[t.start:]
	s = s[:min(len(s), 2*MaxSignature)]
	for i, c := range s {
		if c == '\n' {
			return s[:i]
		}
	}
	return s
}
