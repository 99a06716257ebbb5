package sqltext

// A parser takes tokens from the front.
type parser struct{ tokens []Token }

//
//go:noinline
func (p *parser) at(words ...string) bool { return len(p.tokens) > 0 && p.tokens[0].word(words...) }
func (p *parser) is(op string) bool       { return len(p.tokens) > 0 && p.tokens[0].is(op) }

// take takes one of the keywords if it is next.
//
//go:noinline
func (p *parser) take(words ...string) bool {
	if p.at(words...) {
		p.tokens = p.tokens[1:]
		return true
	}
	return false
}

// mark takes a mark if it is next.
func (p *parser) mark(op string) bool {
	if p.is(op) {
		p.tokens = p.tokens[1:]
		return true
	}
	return false
}

// name takes a name if it is next.
func (p *parser) name() bool {
	if len(p.tokens) > 0 && p.tokens[0].name() {
		p.tokens = p.tokens[1:]
		return true
	}
	return false
}

// path takes a name of several parts, with dots between them.
func (p *parser) path() bool {
	if !p.name() {
		return false
	}
	for p.mark(".") {
		if !p.name() {
			return false
		}
	}
	return true
}

// names takes names with commas between them.
func (p *parser) names() bool {
	for p.name() {
		if !p.mark(",") {
			return true
		}
	}
	return false
}

// parens takes what is in parentheses, with them.
func (p *parser) parens() bool {
	depth := 0
	for i, t := range p.tokens {
		switch {
		case t.is("("):
			depth++
		case t.is(")"):
			depth--
		}
		if depth == 0 {
			p.tokens = p.tokens[i+1:]
			return i > 0
		}
	}
	return false
}

// search takes SEARCH BREADTH FIRST BY a, b SET c, if it is next.
func (p *parser) search() bool {
	if !p.take("search") {
		return true
	}
	return p.take("breadth", "depth") && p.take("first") && p.take("by") && p.names() && p.take("set") && p.name()
}

// cycle takes CYCLE a, b SET c [TO v DEFAULT w] USING d, or MariaDB's CYCLE a, b RESTRICT,
// if it is next.
func (p *parser) cycle() bool {
	if !p.take("cycle") {
		return true
	}
	if !p.names() {
		return false
	}
	if p.take("restrict") {
		return true
	}
	if !p.take("set") || !p.name() {
		return false
	}
	if p.take("to") && (!p.constant() || !p.take("default") || !p.constant()) {
		return false
	}
	return p.take("using") && p.name()
}

// constant takes a number, a string, or a word such as true, with a string behind it for
// those of a type.
func (p *parser) constant() bool {
	if len(p.tokens) == 0 {
		return false
	}
	switch t := p.tokens[0]; {
	case t.Kind == Number || t.Kind == String:
		p.tokens = p.tokens[1:]
		return true
	case t.Kind == Word && !t.word("default", "using"):
		p.tokens = p.tokens[1:]
		if len(p.tokens) > 0 && p.tokens[0].Kind == String {
			p.tokens = p.tokens[1:]
		}
		return true
	}
	return false
}
