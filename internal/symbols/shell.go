package symbols

// scanShell reads the functions of a POSIX shell or bash script.
func scanShell(src []byte) []Symbol {
	l := newLexer(shellSyntax(), src)
	var out []Symbol
	type body struct{ sym, depth int }
	var open []body
	depth := 0
	command := true // a command may begin at the next token
	pending := -1
	var before tok
	for t := l.next(); t.kind != tokEOF && len(out) < MaxSymbols; t = l.next() {
		starts := command || t.nl
		command = false
		switch t.kind {
		case '{':
			depth++
			if pending >= 0 && len(open) < maxDepth {
				if n := len(open); n > 0 {
					out[pending].Container = clip(join(out[open[n-1].sym].Container, out[open[n-1].sym].Name), 2*MaxName)
				}
				open = append(open, body{pending, depth})
			}
			pending = -1
			command = true
		case '}':
			if n := len(open); n > 0 && open[n-1].depth == depth {
				out[open[n-1].sym].EndLine = int(t.line)
				open = open[:n-1]
			}
			depth = max(0, depth-1)
		case ';', '&', '|', ')':
			command = true
		case '(':
			// name() {
			if before.kind == tokIdent && l.at(l.pos) == ')' || before.kind == tokIdent && l.has(" )") {
				pending = l.shellFunction(&out, before, before)
				l.next()
			} else {
				pending = -1
			}
			command = true
		case tokIdent:
			switch {
			case starts && l.is(t, "function"):
				name := l.next()
				if name.kind == tokIdent && !name.nl {
					pending = l.shellFunction(&out, name, t)
					if l.has("()") || l.has(" ()") {
						l.next()
						l.next()
					}
				}
			case l.is(t, "then"), l.is(t, "do"), l.is(t, "else"):
				command = true
			}
		}
		before = tok{}
		if starts && t.kind == tokIdent {
			before = t
		}
	}
	for _, b := range open {
		out[b.sym].EndLine = max(out[b.sym].EndLine, int(l.prev.line))
	}
	return out
}

func (l *lexer) shellFunction(out *[]Symbol, name, from tok) int {
	*out = append(*out, Symbol{Name: clip(string(l.text(name)), MaxName), Kind: Function, Line: int(name.line),
		EndLine: int(name.line), Signature: headline(l.src[from.start:name.end], true) + "()"})
	return len(*out) - 1
}
