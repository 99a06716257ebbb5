package symbols

// prefixJava skips annotations.
func prefixJava(p *parser, st []tok) int {
	i := 0
	for i+1 < len(st) && st[i].kind == '@' && st[i+1].kind == tokIdent && !p.is(st[i+1], "interface") {
		i += 2
		for i+1 < len(st) && st[i].kind == '.' {
			i += 2
		}
		if i < len(st) && st[i].kind == tokParens {
			i++
		}
	}
	return min(i, len(st))
}

// prefixCSharp skips attributes.
func prefixCSharp(_ *parser, st []tok) int {
	i := 0
	for i < len(st) && st[i].kind == tokBrackets {
		i++
	}
	return i
}

// openJava tells what a "{" of Java or C# begins.
func openJava(p *parser, st []tok) opening {
	f := p.top()
	body := opening{scope: scopeSkip, sym: -1}
	if f.scope != scopeFile && f.scope != scopeType {
		body.cont = f.scope == scopeEnum
		return body
	}
	st = st[p.prefix(p, st):]
	if len(st) == 0 {
		return body
	}
	if p.is(st[0], "namespace") {
		return p.openNamespace(st, 0)
	}
	if key, kind := p.typeKey(st); key >= 0 {
		at, ok := p.typeName(st, key)
		if !ok {
			// "record Point(int x, int y)": its parameters follow the name.
			if key+1 >= len(st) || st[key+1].kind != tokIdent {
				return body
			}
			at = key + 1
		}
		if kind == Class && key+1 < len(st) && (p.is(st[key], "class") || p.is(st[key], "record")) {
			at = key + 1
			if (p.is(st[at], "struct") || p.is(st[at], "class")) && at+1 < len(st) {
				at++
			}
		}
		if kind == Class && p.lang == "csharp" && p.is(st[key], "record") && p.is(st[key+1], "struct") {
			kind = Struct
		}
		o := opening{scope: scopeType, name: p.word(st[at])}
		if kind == Enum {
			o.scope = scopeEnum
		}
		o.sym = p.declare(kind, o.name, st[at], st)
		return o
	}
	if eq := find(st, '='); eq >= 0 && !p.is(st[max(0, eq-1)], "operator") {
		return opening{scope: scopeSkip, sym: -1, cont: true}
	}
	if fn, ok := p.findFunction(st); ok && f.scope == scopeType {
		return opening{scope: scopeSkip, sym: p.method(st, fn)}
	}
	if f.scope == scopeType && p.lang == "csharp" && find(st, tokParens) < 0 {
		return p.openProperty(st)
	}
	return body
}

func (p *parser) method(st []tok, fn function) int {
	if fn.name == "record" || fn.from == 0 && fn.name != p.top().name && fn.name[0] != '~' {
		return -1 // no type before it: a call, or a macro
	}
	container := p.top().path
	if fn.from < fn.at { // C#: int IList.Count()
		fn.from = fn.at
	}
	return p.declareIn(Method, fn.name, container, st[fn.at], st)
}

// openProperty declares a property or an indexer of C#: a type and a name before "{".
func (p *parser) openProperty(st []tok) opening {
	o := opening{scope: scopeSkip, sym: -1}
	last := len(st) - 1
	if last > 0 && st[last].kind == tokBrackets && p.is(st[last-1], "this") {
		o.sym = p.declare(Property, "this", st[last-1], st)
		return o
	}
	if last < 1 || st[last].kind != tokIdent || p.is(st[last], "static") || p.is(st[last], "unsafe") {
		return o
	}
	o.sym = p.declare(Property, p.word(st[last]), st[last], st)
	return o
}

// endJava declares what a statement of Java or C# defines that has no block.
func endJava(p *parser, st []tok, end uint8) {
	f := p.top()
	st = st[p.prefix(p, st):]
	if f.scope == scopeEnum {
		if len(st) > 0 && st[0].kind == tokIdent {
			p.declare(Const, p.word(st[0]), st[0], st[:1])
		}
		return
	}
	if end != ';' || len(st) < 2 || f.scope != scopeFile && f.scope != scopeType {
		return
	}
	switch p.word(st[0]) {
	case "using":
		if len(st) > 2 && st[1].kind == tokIdent && st[2].kind == '=' {
			p.declare(Type, p.word(st[1]), st[1], st)
		}
		return
	case "package", "import", "global", "extern", "return":
		return
	case "namespace": // of a whole C# file
		o := p.openNamespace(st, 0)
		f.path, f.name = o.name, o.name
		return
	}
	if key, kind := p.typeKey(st); key >= 0 && key+1 < len(st) { // record R(int X);
		at := key + 1
		if (p.is(st[at], "struct") || p.is(st[at], "class")) && at+1 < len(st) {
			at++
		}
		p.declare(kind, p.word(st[at]), st[at], st)
		return
	}
	fn, isFn := p.findFunction(st)
	delegate := false
	for _, t := range st {
		delegate = delegate || p.is(t, "delegate") && find(st, '=') < 0
	}
	switch {
	case delegate:
		if isFn {
			p.declare(Type, fn.name, st[fn.at], st)
		}
	case f.scope != scopeType:
	case isFn:
		p.method(st, fn)
	default:
		p.field(st)
	}
}

// field declares a constant of Java ("static final", or any field of an interface is
// not told apart), and of C# a constant, an event or a property with an arrow.
func (p *parser) field(st []tok) {
	at := -1
	var static, final, constant, event, property bool
loop:
	for i, t := range st {
		switch t.kind {
		case tokFatArrow:
			property = true
			break loop
		case '=', ',':
			break loop
		case tokIdent:
			switch p.word(t) {
			case "static":
				static = true
			case "final", "readonly":
				final = true
			case "const":
				constant = true
			case "event":
				event = true
			}
			at = i
		}
	}
	switch {
	case at < 1:
	case constant || static && final:
		p.declare(Const, p.word(st[at]), st[at], st[:at+1])
	case event, property && st[at+1].kind == tokFatArrow:
		p.declare(Property, p.word(st[at]), st[at], st[:at+1])
	}
}
