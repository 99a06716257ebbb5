package symbols

import "strings"

// javaScript is the dialect of JavaScript and TypeScript, JSX included.
func javaScript(lang string) dialect {
	return dialect{
		lang: lang,
		syntax: syntax{slash: true, double: quoteString, single: quoteString, tick: quoteTemplate,
			interp: [2]string{"${"}, ident: "$", regex: true},
		newlines: true, opens: openJS, ends: endJS, starts: startsJS, prefix: prefixJS,
	}
}

func modifierJS(w string) bool {
	switch w {
	case "export", "default", "declare", "async", "abstract", "public", "private", "protected",
		"readonly", "override", "static", "accessor":
		return true
	}
	return false
}

// prefixJS skips decorators and modifiers. A modifier that is itself the name, as in
// "static() {", is not skipped.
func prefixJS(p *parser, st []tok) int {
	i := 0
	for i < len(st) {
		t := st[i]
		switch {
		case t.kind == '@' && i+1 < len(st) && st[i+1].kind == tokIdent:
			i += 2
			for i+1 < len(st) && st[i].kind == '.' {
				i += 2
			}
			if i < len(st) && st[i].kind == tokParens {
				i++
			}
		case t.kind == tokIdent && modifierJS(p.word(t)) &&
			(i+1 == len(st) || st[i+1].kind == tokIdent || st[i+1].kind == '*' || st[i+1].kind == '#' ||
				st[i+1].kind == tokBrackets || st[i+1].kind == '@' || st[i+1].kind == tokString):
			i++
		default:
			return min(i, len(st))
		}
	}
	return min(i, len(st))
}

// startsJS reports whether t begins a declaration whatever stands before it.
func startsJS(p *parser, t tok) bool {
	switch p.word(t) {
	case "export", "function", "class", "interface", "const", "let", "var", "import", "return", "if", "for", "while":
		f := p.top()
		if f.scope != scopeFile && f.scope != scopeBody {
			return false
		}
		st := p.statement()
		switch last := st[len(st)-1]; last.kind {
		case '=', tokFatArrow, ',', '?', ':', '|', '&', '(':
			return false
		case tokIdent:
			return !p.is(last, "default") && !p.is(last, "async") && !p.is(last, "new")
		}
		return true
	}
	return false
}

func openJS(p *parser, st []tok) opening {
	f := p.top()
	all := st
	st = st[prefixJS(p, st):]
	switch f.scope {
	case scopeEnum, scopeSkip:
		return opening{scope: scopeSkip, sym: -1, cont: true}
	case scopeType:
		return p.memberJS(all, st)
	case scopeObject, scopeLiteral:
		return p.propertyJS(st)
	}
	if len(st) == 0 {
		if f.scope == scopeExpr { // ({…})
			return literal()
		}
		if len(all) > 0 { // export {…}, export default {…}
			return opening{scope: scopeObject, sym: -1, cont: true}
		}
		return opening{scope: scopeBody, sym: -1}
	}
	switch p.word(st[0]) {
	case "function":
		return p.functionJS(st, all, Function)
	case "class", "interface":
		return p.classJS(st, all)
	case "enum", "namespace", "module", "global":
		if len(st) > 1 && (st[1].kind == tokIdent || st[1].kind == tokString) || p.is(st[0], "global") {
			return p.blockJS(st, all)
		}
	case "const", "let", "var":
		if len(st) > 2 && p.is(st[1], "enum") {
			return p.blockJS(st[1:], all)
		}
		if len(st) > 1 && st[1].kind == tokIdent {
			return p.assignJS(st, all, st[1:2])
		}
		return opening{scope: scopeExpr, sym: -1, cont: true}
	case "type":
		if len(st) > 2 && st[1].kind == tokIdent && st[2].kind != '.' {
			return opening{scope: scopeSkip, sym: p.declareScoped(Type, st[1], all), cont: true, whole: true}
		}
	case "import":
		return opening{scope: scopeSkip, sym: -1, cont: true}
	case "if", "for", "while", "switch", "try", "catch", "finally", "else", "do", "with":
		return opening{scope: scopeBody, sym: -1}
	}
	// a.b.c = function () {
	if eq := find(st, '='); eq > 0 && chain(st[:eq]) {
		return p.assignJS(st, all, st[:eq])
	}
	return p.valueJS(st)
}

// chain reports whether st is a name, or names joined by dots.
func chain(st []tok) bool {
	for i, t := range st {
		if i%2 == 0 && t.kind != tokIdent || i%2 == 1 && t.kind != '.' {
			return false
		}
	}
	return len(st)%2 == 1
}

// declareScoped declares at the level of a file or a class only: the constants and types
// of a function's body are its own.
func (p *parser) declareScoped(kind Kind, at tok, st []tok) int {
	if s := p.top().scope; s == scopeBody || s == scopeExpr {
		return -1
	}
	return p.declare(kind, p.word(at), at, st)
}

// functionJS reads "function name(…): T".
func (p *parser) functionJS(st, all []tok, kind Kind) opening {
	o := opening{scope: scopeBody, sym: -1}
	i := 1
	if i < len(st) && st[i].kind == '*' {
		i++
	}
	if p.typeBrace(st) {
		return opening{scope: scopeSkip, sym: -1, cont: true}
	}
	if i < len(st) && st[i].kind == tokIdent {
		o.name = p.word(st[i])
		o.sym = p.declare(kind, o.name, st[i], all)
	}
	return o
}

// typeBrace reports whether "{" after st begins an object type: f(): {…}.
func (p *parser) typeBrace(st []tok) bool {
	switch last := st[len(st)-1]; last.kind {
	case ':', '|', '&', '<':
		return true
	case tokIdent:
		return p.is(last, "extends") || p.is(last, "is") || p.is(last, "keyof")
	}
	return false
}

func (p *parser) classJS(st, all []tok) opening {
	o := opening{scope: scopeType, sym: -1}
	if len(st) > 1 && st[1].kind == tokIdent && !p.is(st[1], "extends") && !p.is(st[1], "implements") {
		// "extends Base<{…}>": the body is yet to come.
		if last := st[len(st)-1]; last.kind == ',' || last.kind == '=' || p.typeBrace(st) {
			return opening{scope: scopeSkip, sym: -1, cont: true}
		}
		kind := Class
		if p.is(st[0], "interface") {
			kind = Interface
		}
		o.name = p.word(st[1])
		o.sym = p.declare(kind, o.name, st[1], all)
	}
	return o
}

func (p *parser) blockJS(st, all []tok) opening {
	o := opening{scope: scopeFile, sym: -1}
	if p.is(st[0], "global") {
		return o
	}
	kind := Namespace
	if p.is(st[0], "enum") {
		kind, o.scope = Enum, scopeEnum
	}
	switch {
	case st[1].kind == tokString:
		o.name = strings.Trim(string(p.text(st[1])), `"'`)
		o.sym = p.declare(kind, o.name, st[1], all)
	case st[1].kind == tokIdent && chain(st[1:]):
		o.name = p.qualifier(st, 1, len(st))
		o.sym = p.declare(kind, o.name, st[1], all)
	default:
		return opening{scope: scopeBody, sym: -1}
	}
	return o
}

// assignJS reads a value that is given to target: a function, a class or an object.
func (p *parser) assignJS(st, all, target []tok) opening {
	at := target[len(target)-1]
	eq := assignment(st)
	if eq < 0 || eq+1 > len(st) || eq > 1 && p.typeBrace(st[:eq]) {
		return opening{scope: scopeExpr, sym: -1, cont: true}
	}
	container := p.top().path
	kind := Function
	for _, t := range target[:len(target)-1] {
		switch w := p.word(t); w {
		case "", "exports", "module", "this", "window", "self", "globalThis", "global":
		case "prototype":
			kind = Method
		default:
			container = join(container, w)
			kind = Method
		}
	}
	name := p.word(at)
	if kind == Method || len(target) == 1 || !p.is(at, "exports") && !p.is(at, "prototype") {
		switch value := p.valueKind(st[eq+1:]); value {
		case Function:
			return opening{scope: scopeBody, sym: p.declareIn(kind, name, container, at, all), name: name}
		case Class:
			return opening{scope: scopeType, sym: p.declareIn(Class, name, container, at, all), name: name}
		}
	}
	if eq+1 == len(st) { // name = {
		o := opening{scope: scopeObject, sym: -1, cont: true}
		if p.top().scope == scopeFile && len(target) == 1 {
			o.sym, o.whole = p.constant(st, all, at), true
		}
		if name != "exports" {
			o.name = name
		}
		if len(target) == 1 && p.word(st[0]) == name { // x = {…}, not the first of x
			o.scope = scopeLiteral
		}
		if name == "prototype" {
			o.name = container
		}
		return o
	}
	return p.valueJS(st)
}

// assignment returns the index of the first "=" outside "<…>", or -1.
func assignment(st []tok) int {
	depth := 0
	for i, t := range st {
		switch t.kind {
		case '<':
			depth++
		case '>':
			depth--
		case '=':
			if depth <= 0 {
				return i
			}
		}
	}
	return -1
}

// constant declares what const, let or var names.
func (p *parser) constant(st, all []tok, at tok) int {
	kind := Var
	switch p.word(st[0]) {
	case "const":
		kind = Const
	case "let", "var":
	default:
		return -1
	}
	return p.declare(kind, p.word(at), at, all)
}

// valueKind tells whether st is the head of a function or a class, up to its "{".
func (p *parser) valueKind(st []tok) Kind {
	if len(st) > 0 && p.is(st[0], "async") {
		st = st[1:]
	}
	if len(st) == 0 {
		return ""
	}
	switch last := st[len(st)-1]; {
	case p.is(st[0], "function"):
		if !p.typeBrace(st) {
			return Function
		}
	case p.is(st[0], "class"):
		return Class
	case last.kind == tokFatArrow && (st[0].kind == tokParens || st[0].kind == '<' || len(st) == 2):
		return Function
	}
	return ""
}

// functionValue reads a function that stands as a value, and may have a name.
func (p *parser) functionValue(st []tok) opening {
	o := p.functionJS(st, st, Function)
	o.cont = true
	return o
}

// valueJS tells what "{" begins after an expression.
func (p *parser) valueJS(st []tok) opening {
	last := st[len(st)-1]
	switch last.kind {
	case tokFatArrow, tokParens:
		// An arrow function, or a block after (…): statements of a function either way.
		for i, t := range st {
			if p.is(t, "function") {
				return p.functionValue(st[i:])
			}
			if p.is(t, "class") || t.kind == tokFatArrow {
				return opening{scope: scopeBody, sym: -1, cont: true}
			}
		}
		return opening{scope: scopeBody, sym: -1, cont: p.top().scope == scopeExpr}
	case tokIdent:
		if p.is(last, "return") {
			return literal()
		}
		for i, t := range st {
			if p.is(t, "class") {
				o := p.classJS(st[i:], st)
				o.cont = true
				return o
			}
		}
		return opening{scope: scopeBody, sym: -1}
	}
	return literal()
}

// literal opens an object that has no name: its members are of no interest.
func literal() opening { return opening{scope: scopeLiteral, sym: -1, cont: true} }
