package symbols

import (
	"strings"
)

// memberJS reads a member of a class or an interface up to "{".
func (p *parser) memberJS(all, st []tok) opening {
	expr := opening{scope: scopeObject, sym: -1, cont: true}
	if len(st) == 0 {
		return opening{scope: scopeBody, sym: -1} // static {
	}
	if p.typeBrace(st) {
		return opening{scope: scopeSkip, sym: -1, cont: true}
	}
	at, params := p.memberName(st)
	if at < 0 {
		return opening{scope: scopeExpr, sym: -1, cont: true}
	}
	if eq := assignment(st); eq >= 0 && (params < 0 || eq < params) {
		switch p.valueKind(st[eq+1:]) {
		case Function:
			return opening{scope: scopeBody, sym: p.memberAt(st[at], all, Method), name: p.name(st[at])}
		case Class:
			return opening{scope: scopeType, sym: p.memberAt(st[at], all, Class), name: p.name(st[at])}
		}
		if eq+1 == len(st) {
			return expr
		}
		return p.valueJS(st)
	}
	if params < 0 {
		return expr
	}
	return opening{scope: scopeBody, sym: p.memberAt(st[at], all, Method), name: p.name(st[at])}
}

// name is the name that a member's token stands for: quotes and brackets taken off.
func (p *parser) name(t tok) string {
	if t.kind == tokString {
		return strings.Trim(string(p.text(t)), "\"'`")
	}
	if t.kind == tokBrackets {
		return string(p.text(t))
	}
	return p.word(t)
}

func (p *parser) memberAt(t tok, all []tok, kind Kind) int {
	return p.declare(kind, p.name(t), t, all)
}

// memberName returns the indices of a member's name and of its parameters, or -1.
func (p *parser) memberName(st []tok) (at, params int) {
	i := 0
	accessor := func(t tok) bool {
		return p.is(t, "get") || p.is(t, "set") || p.is(t, "async") || t.kind == '*' || t.kind == '#'
	}
	for i < len(st) && accessor(st[i]) {
		if i+1 < len(st) && st[i].kind == tokIdent {
			if k := st[i+1].kind; k == tokParens || k == '=' || k == ':' || k == '?' || k == '<' {
				break
			}
		}
		i++
	}
	if i >= len(st) {
		return -1, -1
	}
	switch st[i].kind {
	case tokIdent, tokString, tokNumber, tokBrackets:
	default:
		return -1, -1
	}
	at = i
	i++
	for i < len(st) && (st[i].kind == '?' || st[i].kind == '!') {
		i++
	}
	if i < len(st) && st[i].kind == '<' {
		for i < len(st) && st[i].kind != tokParens {
			i++
		}
	}
	if i < len(st) && st[i].kind == tokParens {
		return at, i
	}
	return at, -1
}

// propertyJS reads a property of an object literal up to "{".
func (p *parser) propertyJS(st []tok) opening {
	expr := opening{scope: p.top().scope, sym: -1, cont: true}
	if len(st) == 0 {
		return expr
	}
	named := p.top().scope == scopeObject
	at, params := p.memberName(st)
	if at < 0 {
		return opening{scope: scopeExpr, sym: -1, cont: true}
	}
	if params >= 0 {
		if controls(p.word(st[at])) {
			return opening{scope: scopeBody, sym: -1}
		}
		if last := st[len(st)-1]; last.kind == tokFatArrow {
			return opening{scope: scopeBody, sym: -1, cont: true}
		}
		o := opening{scope: scopeBody, sym: -1, name: p.name(st[at])}
		if named {
			o.sym = p.memberAt(st[at], st, Method)
		}
		return o
	}
	if at+1 < len(st) && st[at+1].kind == ':' {
		switch p.valueKind(st[at+2:]) {
		case Function:
			o := opening{scope: scopeBody, sym: -1, name: p.name(st[at])}
			if named {
				o.sym = p.memberAt(st[at], st, Method)
			}
			return o
		case Class:
			return opening{scope: scopeType, sym: -1, name: p.name(st[at])}
		}
		if at+2 == len(st) {
			expr.name = p.name(st[at])
			return expr
		}
	}
	return p.valueJS(st)
}

// endJS declares what a statement defines that has no block of its own.
func endJS(p *parser, st []tok, end uint8) {
	all := st
	st = st[prefixJS(p, st):]
	if len(st) == 0 {
		return
	}
	f := p.top()
	switch f.scope {
	case scopeEnum:
		if st[0].kind == tokIdent || st[0].kind == tokString {
			p.declare(Const, p.name(st[0]), st[0], st[:1])
		}
	case scopeType:
		p.endMember(all, st)
	case scopeFile, scopeBody:
		p.endTop(all, st)
	case scopeObject:
		// name: x => x + 1
		if len(st) > 3 && st[0].kind == tokIdent && st[1].kind == ':' && p.arrow(st[2:]) {
			p.declare(Method, p.word(st[0]), st[0], st)
		}
	}
}

// arrow reports whether st is an arrow function: (…) => …, x => …, async x => ….
func (p *parser) arrow(st []tok) bool {
	if len(st) > 1 && p.is(st[0], "async") && st[1].kind != tokFatArrow {
		st = st[1:]
	}
	if len(st) > 0 && p.is(st[0], "function") {
		return true
	}
	i := find(st, tokFatArrow)
	return i > 0 && (i == 1 && st[0].kind == tokIdent || st[0].kind == tokParens || st[0].kind == '<')
}

func (p *parser) endMember(all, st []tok) {
	at, params := p.memberName(st)
	if at < 0 {
		return
	}
	eq := assignment(st)
	if eq >= 0 && (params < 0 || eq < params) {
		if p.arrow(st[eq+1:]) {
			p.memberAt(st[at], all, Method)
		}
		return
	}
	if params >= 0 && st[at].kind == tokIdent && !p.is(st[at], "new") {
		p.memberAt(st[at], all, Method)
	}
}

func (p *parser) endTop(all, st []tok) {
	if len(st) < 2 {
		return
	}
	switch p.word(st[0]) {
	case "function":
		i := 1
		if st[i].kind == '*' && len(st) > 2 {
			i++
		}
		if st[i].kind == tokIdent {
			p.declare(Prototype, p.word(st[i]), st[i], all)
		}
		return
	case "type":
		if st[1].kind == tokIdent && len(st) > 2 && (st[2].kind == '=' || st[2].kind == '<') {
			p.declareScoped(Type, st[1], all)
		}
		return
	case "const", "let", "var":
		at := st[1]
		if at.kind != tokIdent {
			return
		}
		if eq := assignment(st); eq >= 0 && p.arrow(st[eq+1:]) {
			p.declare(Function, p.word(at), at, all)
			return
		}
		if p.top().scope == scopeFile {
			p.constant(st, all, at)
		}
		return
	}
	// a.b = (x) => x
	if eq := find(st, '='); eq > 1 && chain(st[:eq]) && p.arrow(st[eq+1:]) {
		container := p.top().path
		for _, t := range st[:eq-1] {
			switch w := p.word(t); w {
			case "", "exports", "module", "this", "window", "prototype":
			default:
				container = join(container, w)
			}
		}
		if !p.is(st[eq-1], "exports") {
			p.declareIn(Function, p.word(st[eq-1]), container, st[eq-1], all)
		}
	}
}
