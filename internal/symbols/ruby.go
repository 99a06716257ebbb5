package symbols

import "strings"

// scanRuby reads classes, modules and methods. Which "end" ends what is told by its
// column, as people indent it; an "end" on the line of its definition ends it there.
func scanRuby(src []byte) []Symbol {
	r := &rubyScan{lexer: *newLexer(rubySyntax(), src)}
	r.skipRubyBlock()
	t := r.next()
	for t.kind != tokEOF && len(r.out) < MaxSymbols {
		if t.nl || r.fresh {
			r.fresh = false
			t = r.statement(t)
			continue
		}
		switch {
		case r.is(t, "end"):
			if n := len(r.stack); n > 0 && r.stack[n-1].line == t.line {
				r.pop(t.line)
			}
		case t.kind == ';':
			r.fresh = true
		}
		t = r.next()
	}
	for len(r.stack) > 0 {
		r.pop(r.line)
	}
	return r.out
}

type rubyScan struct {
	lexer
	out   []Symbol
	stack []indented
	fresh bool // a statement begins at the next token
	col   int  // column of the line that the current statement stands on
}

func (r *rubyScan) pop(line int32) {
	end(r.out, r.stack[len(r.stack)-1], line)
	r.stack = r.stack[:len(r.stack)-1]
}

func (r *rubyScan) top() indented {
	if n := len(r.stack); n > 0 {
		return r.stack[n-1]
	}
	return indented{sym: -1}
}

func (r *rubyScan) add(kind Kind, name string, at tok, from tok) int {
	if name == "" || len(r.out) >= MaxSymbols {
		return -1
	}
	r.out = append(r.out, Symbol{Name: clip(name, MaxName), Kind: kind, Container: clip(r.top().path, 2*MaxName),
		Line: int(at.line), EndLine: int(at.line), Signature: headline(r.restOfLine(from), true)})
	return len(r.out) - 1
}

// statement reads a statement that begins with t, as far as it defines something, and
// returns the token after that.
func (r *rubyScan) statement(t tok) tok {
	if t.nl {
		r.col = r.column(t)
	}
	if r.is(t, "end") {
		for n := len(r.stack); n > 0 && r.stack[n-1].column >= r.col; n = len(r.stack) {
			same := r.stack[n-1].column == r.col
			r.pop(t.line)
			if same {
				break
			}
		}
		return r.next()
	}
	first := t
	// "private def x", "memoize def x"
	for i := 0; i < 2 && t.kind == tokIdent && !r.opens(t); i++ {
		word := string(r.text(t))
		switch word {
		case "attr_accessor", "attr_reader", "attr_writer":
			return r.attributes(first)
		case "alias", "alias_method", "define_method":
			return r.alias(first, word)
		}
		name := t
		t = r.next()
		if t.nl {
			return t
		}
		if t.kind == '=' && i == 0 && isUpper(word[0]) {
			r.add(Const, word, name, name)
			return r.next()
		}
		if t.kind == '(' { // private(def x)
			t = r.next()
		}
	}
	switch {
	case r.is(t, "class"), r.is(t, "module"):
		return r.class(t, first)
	case r.is(t, "def"):
		return r.method(first)
	}
	if t.nl && t != first {
		return t
	}
	return r.skip(t)
}

// skip returns the token after t, and notes where a statement begins.
func (r *rubyScan) skip(t tok) tok {
	r.fresh = t.kind == ';'
	return r.next()
}

func (r *rubyScan) opens(t tok) bool {
	return r.is(t, "class") || r.is(t, "module") || r.is(t, "def")
}

func isUpper(c byte) bool { return c >= 'A' && c <= 'Z' }

func (r *rubyScan) class(t, first tok) tok {
	kind := Class
	if r.is(t, "module") {
		kind = Module
	}
	t = r.next()
	if string(r.text(t)) == "<" || t.kind == tokString { // class << self
		r.close()
		r.stack = append(r.stack, indented{r.col, -1, r.top().path, true, first.line})
		return r.next()
	}
	if t.kind != tokIdent || !isUpper(r.src[t.start]) || t.nl {
		return t
	}
	at, name := t, string(r.text(t))
	for t = r.next(); t.kind == tokScope; {
		t = r.next()
		if t.kind != tokIdent {
			break
		}
		name = join(name, string(r.text(t)))
		t = r.next()
	}
	r.close()
	sym := r.add(kind, name, at, first)
	r.stack = append(r.stack, indented{r.col, sym, join(r.top().path, name), true, first.line})
	return t
}

// close ends what is indented as much as the statement that begins: its "end" is missing.
func (r *rubyScan) close() {
	for n := len(r.stack); n > 0 && r.stack[n-1].column >= r.col && r.stack[n-1].line != r.line; n = len(r.stack) {
		r.pop(r.line)
	}
}

func (r *rubyScan) method(first tok) tok {
	t := r.next()
	if t.nl || t.kind == tokEOF {
		return t
	}
	at := t
	from := int(t.start)
	// def self.name, def Const.name
	next := r.pos
	for r.at(next) == '.' && t.kind == tokIdent {
		r.next()
		t = r.next()
		from, at, next = int(t.start), t, r.pos
	}
	name := ""
	if t.kind == tokIdent {
		stop := int(t.end)
		if c := r.at(stop); c == '?' || c == '!' || c == '=' && r.at(stop+1) != '=' && r.at(stop+1) != '~' &&
			(r.at(stop+1) == '(' || isLetter(r.at(stop+1))) {
			stop++
		}
		name = string(r.src[from:stop])
		r.pos = max(r.pos, stop)
	} else {
		stop := from
		for stop < len(r.src) && stop < from+4 && indexByte("+-*/%<>=!~^&|[]`", r.src[stop]) {
			stop++
		}
		name = string(r.src[from:stop])
		if stop > r.pos {
			r.pos = stop
		}
	}
	r.close()
	kind := Method
	if len(r.stack) == 0 {
		kind = Function
	}
	sym := r.add(kind, name, at, first)
	if sym < 0 {
		return r.next()
	}
	// Read the parameters; "=" after them makes a definition without "end".
	depth := 0
	for t = r.next(); t.kind != tokEOF && (depth > 0 || !t.nl && t.kind != ';'); t = r.next() {
		if t.kind == '=' && depth == 0 {
			return r.next()
		}
		if depth == 0 && t.kind != '(' && t.kind != tokIdent {
			break
		}
		depth = nest(depth, t.kind)
		if t.nl && (r.is(t, "def") || r.is(t, "class") || r.is(t, "end")) {
			break
		}
	}
	r.stack = append(r.stack, indented{r.col, sym, join(r.top().path, name), false, first.line})
	if t.kind == ';' {
		r.fresh = true
		return r.next()
	}
	return t
}

// attributes declares the names after attr_accessor.
func (r *rubyScan) attributes(first tok) tok {
	t := r.next()
	for ; t.kind != tokEOF; t = r.next() {
		if t.kind == '(' || t.kind == ',' {
			continue
		}
		if t.kind != ':' || t.nl && r.prev.kind == ':' && t.line != first.line && r.line != t.line {
			break
		}
		name := r.next()
		if name.kind != tokIdent {
			return name
		}
		r.add(Property, string(r.text(name)), name, first)
	}
	return t
}

// alias declares the new name of "alias new old", "alias_method :new, :old" and
// "define_method(:name)".
func (r *rubyScan) alias(first tok, word string) tok {
	t := r.next()
	for t.kind == '(' || t.kind == ':' {
		t = r.next()
	}
	if t.kind == tokIdent && !t.nl {
		stop := int(t.end)
		if c := r.at(stop); c == '?' || c == '!' {
			stop++
		}
		r.add(Method, string(r.src[t.start:stop]), t, first)
	} else if t.kind == tokString && word == "define_method" {
		r.add(Method, strings.Trim(string(r.text(t)), `"'`), t, first)
	}
	return r.skip(t)
}
