package symbols

import "strings"

// scanSQL reads what CREATE makes: tables, views, indexes, functions, procedures,
// triggers, types, schemas.
func scanSQL(src []byte) []Symbol {
	l := newLexer(sqlSyntax(), src)
	var out []Symbol
	open := -1 // the symbol whose statement has not ended
	depth, begins := 0, 0
	for t := l.next(); t.kind != tokEOF && len(out) < MaxSymbols; t = l.next() {
		switch t.kind {
		case '(':
			depth++
		case ')':
			depth = max(0, depth-1)
		case ';':
			if depth == 0 && begins == 0 && open >= 0 {
				out[open].EndLine = int(t.line)
				open = -1
			}
		case tokIdent:
			word := strings.ToLower(string(l.text(t)[:min(16, t.end-t.start)]))
			switch {
			case word == "create" && (open < 0 || t.nl):
				if sym, ok := l.create(t); ok {
					if open >= 0 {
						out[open].EndLine = max(out[open].EndLine, int(t.line)-1)
					}
					out = append(out, sym)
					open, depth, begins = len(out)-1, 0, 0
				}
			case open >= 0 && routine(out[open].Kind) && (word == "begin" || word == "case" && begins > 0):
				begins++
			case word == "end" && begins > 0:
				if n := l.peekWord(); n != "if" && n != "loop" && n != "while" && n != "repeat" {
					begins--
				}
			}
		}
	}
	if open >= 0 {
		out[open].EndLine = max(out[open].EndLine, int(l.prev.line))
	}
	return out
}

// routine reports whether a definition of this kind has a body of statements.
func routine(k Kind) bool { return k == Function || k == Trigger }

// beforeName reports whether w may stand between the kind and the name in CREATE.
func beforeName(w string) bool {
	switch w {
	case "if", "not", "exists", "concurrently", "body":
		return true
	}
	return false
}

// peekWord returns the next word in lower case, without reading it.
func (l *lexer) peekWord() string {
	i := l.pos
	for i < len(l.src) && i < l.pos+64 && l.src[i] <= ' ' {
		i++
	}
	from := i
	for i < len(l.src) && i < from+16 && isLetter(l.src[i]) {
		i++
	}
	return strings.ToLower(string(l.src[from:i]))
}

// create reads what stands after CREATE, up to the name.
func (l *lexer) create(first tok) (Symbol, bool) {
	var kind Kind
	for range 12 {
		t := l.next()
		if t.kind != tokIdent {
			return Symbol{}, false
		}
		switch strings.ToLower(string(l.text(t)[:min(16, t.end-t.start)])) {
		case "or", "replace", "global", "local", "temp", "temporary", "unique", "unlogged", "materialized",
			"recursive", "external", "foreign", "virtual", "constraint", "force", "public", "private",
			"fulltext", "spatial", "clustered", "nonclustered", "aggregate", "alter", "editionable",
			"noneditionable", "definer":
			continue
		case "table":
			kind = Table
		case "view":
			kind = View
		case "index":
			kind = Index
		case "function", "procedure", "proc":
			kind = Function
		case "trigger":
			kind = Trigger
		case "type", "domain":
			kind = Type
		case "schema", "database":
			kind = Namespace
		case "package":
			kind = Module
		case "sequence":
			kind = Var
		default:
			return Symbol{}, false
		}
		break
	}
	if kind == "" {
		return Symbol{}, false
	}
	t := l.next()
	for range 8 { // IF NOT EXISTS, CONCURRENTLY, BODY
		if t.kind != tokIdent || !beforeName(strings.ToLower(string(l.text(t)))) {
			break
		}
		t = l.next()
	}
	container, at, stop := "", t, t
	name := ""
	for t.kind == tokIdent {
		container = join(container, name)
		name = strings.Trim(string(l.text(t)), "\"`[]")
		at, stop = t, t
		if l.at(l.pos) != '.' {
			break
		}
		l.next()
		t = l.next()
	}
	if name == "" || kind == Index && strings.EqualFold(name, "on") {
		return Symbol{}, false
	}
	head := l.restOfLine(first)
	if int(stop.end)-int(first.start) > len(head) {
		head = l.src[first.start:stop.end]
	}
	return Symbol{Name: clip(name, MaxName), Kind: kind, Container: clip(container, 2*MaxName),
		Line: int(at.line), EndLine: int(at.line), Signature: strings.TrimRight(headline(head, false), "( ")}, true
}
