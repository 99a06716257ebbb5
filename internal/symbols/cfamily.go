package symbols

import "strings"

// C, C++, Java and C#: a definition has no keyword of its own, a function is told by a
// name before parentheses in a place where only declarations stand.

func dialectOf(lang string) (dialect, bool) {
	slash := syntax{slash: true, double: quoteString, single: quoteChar}
	switch lang {
	case "c", "cpp":
		slash.directives, slash.rawCpp = true, lang == "cpp"
		return dialect{lang: lang, syntax: slash, opens: openC, ends: endC, prefix: prefixC, starts: never}, true
	case "java":
		slash.triple = true
		return dialect{lang: lang, syntax: slash, opens: openJava, ends: endJava, prefix: prefixJava, starts: never}, true
	case "csharp":
		slash.triple, slash.rawAt, slash.directives = true, true, true
		return dialect{lang: lang, syntax: slash, opens: openJava, ends: endJava, prefix: prefixCSharp, starts: never}, true
	case "javascript", "typescript":
		return javaScript(lang), true
	}
	return wordDialect(lang)
}

func never(*parser, tok) bool { return false }

// prefixC skips template heads, attributes and access labels.
func prefixC(p *parser, st []tok) int {
	i := 0
	for i < len(st) {
		switch t := st[i]; {
		case t.kind == tokBrackets, t.kind == ':':
			i++
		case t.kind == tokIdent && i+1 < len(st) && st[i+1].kind == ':':
			i += 2 // public:
		case t.kind == tokIdent && i+2 < len(st) && st[i+2].kind == ':' && p.is(st[i+1], "slots"):
			i += 3
		case p.is(t, "template") && i+1 < len(st) && st[i+1].kind == '<':
			j := angles(st, i+1)
			if j == i+1 {
				return i
			}
			i = j
		case i+2 < len(st) && st[i+1].kind == tokParens && declares(p.word(st[i+2])) && upper(p.word(t)):
			i += 2 // a macro that needs no semicolon
		default:
			return i
		}
	}
	return i
}

// labels returns how many tokens at the start of st are access labels.
func (p *parser) labels(st []tok) int {
	i := 0
	for i+2 < len(st) && st[i].kind == tokIdent && (st[i+1].kind == ':' || p.is(st[i+1], "slots") && st[i+2].kind == ':') {
		if st[i+1].kind == ':' {
			i += 2
		} else {
			i += 3
		}
	}
	return i
}

// declares reports whether w begins a declaration of C or C++.
func declares(w string) bool {
	switch w {
	case "class", "struct", "union", "enum", "namespace", "template", "typedef", "static", "extern", "using", "inline":
		return true
	}
	return false
}

// controls reports whether w begins a statement that only looks like a function.
func controls(w string) bool {
	switch w {
	case "if", "for", "while", "switch", "catch", "return", "else", "do", "sizeof", "defined", "new",
		"delete", "throw", "synchronized", "using", "lock", "fixed", "foreach", "when", "assert",
		"static_assert", "_Static_assert", "typeof", "__typeof__", "super", "this", "base", "case", "goto", "try":
		return true
	}
	return false
}

// attribute reports whether w is followed by parentheses that are not parameters.
func attribute(w string) bool {
	switch w {
	case "__attribute__", "__attribute", "__declspec", "alignas", "_Alignas", "decltype", "noexcept",
		"throw", "requires", "explicit", "__asm__", "asm", "__asm", "__extension__", "typeof", "__typeof__",
		"__nonnull", "__nonnull__", "__THROW", "__NTH", "__REDIRECT":
		return true
	}
	return false
}

// typeKey returns the index of the word in st that begins a type, and its kind. It looks
// only before the first parentheses and the first "=".
func (p *parser) typeKey(st []tok) (int, Kind) {
	for i, t := range st {
		if t.kind == '=' || t.kind == tokParens && (i == 0 || !attribute(p.word(st[i-1]))) {
			return -1, ""
		}
		next := i+1 < len(st) && (st[i+1].kind == tokIdent || st[i+1].kind == tokBrackets)
		switch p.word(t) {
		case "class":
			return i, Class
		case "struct", "union":
			return i, Struct
		case "interface":
			return i, Interface
		case "enum":
			return i, Enum
		case "record":
			if next {
				return i, Class
			}
		}
	}
	return -1, ""
}

func openC(p *parser, st []tok) opening {
	f := p.top()
	body := opening{scope: scopeSkip, sym: -1}
	if f.scope != scopeFile && f.scope != scopeType {
		return opening{scope: scopeSkip, sym: -1, cont: f.scope == scopeEnum}
	}
	all := st[p.labels(st):]
	st = st[prefixC(p, st):]
	if len(st) == 0 {
		return body
	}
	last := st[len(st)-1]
	if last.kind == tokString && p.is(st[0], "extern") {
		return opening{scope: scopeFile, sym: -1}
	}
	for i, t := range st[:min(2, len(st))] {
		if p.is(t, "namespace") {
			return p.openNamespace(st, i)
		}
	}
	if fn, ok := p.findFunction(st); ok {
		if key, _ := p.typeKey(st); key < 0 || find(st[key:], ':') < 0 || find(st[key:], ':')+key > fn.to {
			return p.openFunctionC(st, all, fn)
		}
	}
	if key, kind := p.typeKey(st); key >= 0 && find(st, '=') < 0 {
		typedef := false
		for _, t := range st[:key] {
			typedef = typedef || p.is(t, "typedef")
		}
		at, ok := p.typeName(st, key)
		o := opening{scope: scopeType, sym: -1, cont: true}
		if kind == Enum {
			o.scope = scopeEnum
		}
		if ok {
			from := st[key:]
			if !typedef {
				from = all
			}
			o.name = p.word(st[at])
			container := join(p.top().path, p.qualifier(st, p.qualified(st, at), at))
			o.sym = p.declareIn(kind, o.name, container, st[at], from)
		}
		return o
	}
	// An initializer, or a block that a macro without a semicolon brought here.
	return opening{scope: scopeSkip, sym: -1, cont: true}
}

func (p *parser) openNamespace(st []tok, i int) opening {
	o := opening{scope: scopeFile, sym: -1}
	last := -1
	for j := i + 1; j < len(st) && (last < 0 || st[j].kind != tokIdent || st[j-1].kind != tokIdent); j++ {
		if st[j].kind == tokParens { // namespace ATTRIBUTE(x) name
			o.name, last = "", -1
		} else if st[j].kind == tokIdent && (j+1 == len(st) || st[j+1].kind != tokParens) {
			o.name = join(o.name, p.word(st[j]))
			last = j
		}
	}
	if last >= 0 {
		o.sym = p.declare(Namespace, o.name, st[last], st)
	}
	return o
}

func (p *parser) openFunctionC(st, all []tok, fn function) opening {
	// In the initializers of a constructor "{" after a name is a value: a{1}.
	rest := st[fn.to+1:]
	if colon := find(rest, ':'); colon >= 0 {
		if k := rest[len(rest)-1].kind; k == tokIdent || k == '>' || k == ':' || k == ',' {
			return opening{scope: scopeSkip, sym: -1, cont: true}
		}
	} else if find(rest, '=') >= 0 {
		return opening{scope: scopeSkip, sym: -1, cont: true}
	}
	kind := Function
	container := p.top().path
	if fn.from < fn.at {
		container = join(container, p.qualifier(st, fn.from, fn.at))
	}
	if p.top().scope == scopeType || fn.from < fn.at && st[fn.from].kind == tokIdent {
		kind = Method
	}
	return opening{scope: scopeSkip, sym: p.declareIn(kind, fn.name, container, st[fn.at], all)}
}

// typeName returns the index of the name of the type whose keyword is st[key].
func (p *parser) typeName(st []tok, key int) (int, bool) {
	at := -1
	for i := key + 1; i < len(st); i++ {
		switch t := st[i]; {
		case t.kind == ':' || t.kind == '<' || t.kind == tokBraces:
			return at, at >= 0
		case t.kind == tokIdent && i+1 < len(st) && st[i+1].kind == tokParens:
			i++ // an attribute, or a macro in its place
		case p.is(t, "final") && at >= 0, p.is(t, "sealed") && at >= 0:
		case p.is(t, "class"), p.is(t, "struct"):
		case p.is(t, "extends"), p.is(t, "implements"), p.is(t, "permits"), p.is(t, "where"):
			return at, at >= 0
		case t.kind == tokIdent:
			at = i
		}
	}
	return at, at >= 0
}

func endC(p *parser, st []tok, end uint8) {
	f := p.top()
	if f.scope == scopeEnum {
		p.enumItem(st)
		return
	}
	if end != ';' || f.scope != scopeFile && f.scope != scopeType {
		return
	}
	all := st[p.labels(st):]
	st = st[prefixC(p, st):]
	for i := 1; i < min(len(st), 4); i++ { // BEGIN_DECLS typedef …
		if p.is(st[i], "typedef") {
			st = st[i:]
		}
	}
	if len(st) < 2 {
		return
	}
	switch p.word(st[0]) {
	case "typedef":
		p.typedef(st)
		return
	case "using":
		if len(st) > 2 && st[2].kind == '=' {
			p.declare(Type, p.word(st[1]), st[1], all)
		}
		return
	case "friend", "return", "goto", "namespace", "static_assert", "asm":
		return
	}
	if find(st, tokBraces) >= 0 && find(st, '=') < 0 {
		return // struct X { … } x;
	}
	if fn, ok := p.findFunction(st); ok {
		rest, last := st[fn.to+1:], st[len(st)-1].kind
		if find(rest, tokBraces) >= 0 || find(rest, '=') >= 0 && last != tokIdent && last != tokNumber {
			return // Type NAME(x) = {…};
		}
		for _, t := range st[:fn.from] {
			if p.is(t, "friend") {
				return
			}
		}
		declared := fn.from > 0 || f.scope == scopeType && strings.TrimPrefix(fn.name, "~") == f.name
		if declared && fn.from == fn.at {
			p.declare(Prototype, fn.name, st[fn.at], all)
		}
		return
	}
	if f.scope != scopeFile || p.is(st[0], "extern") {
		return
	}
	p.variable(st)
}

// variable declares what "static const int x[3] = …" defines.
func (p *parser) variable(st []tok) {
	at, constant := -1, false
	for i, t := range st {
		if t.kind == tokIdent {
			constant = constant || p.is(t, "const") || p.is(t, "constexpr")
			at = i
			continue
		}
		if t.kind == '*' || t.kind == '&' || t.kind == tokScope {
			continue
		}
		if t.kind == '<' {
			return // a template's arguments: not worth guessing
		}
		if t.kind != '=' && t.kind != tokBrackets && t.kind != ',' {
			return
		}
		break
	}
	words := 0
	for _, t := range st[:at+1] {
		switch p.word(t) {
		case "struct", "class", "union", "enum", "":
		default:
			words++
		}
	}
	if at < 1 || words < 2 {
		return
	}
	kind := Var
	if constant {
		kind = Const
	}
	p.declare(kind, p.word(st[at]), st[at], st[:at+1])
}

// typedef declares the last name of a typedef, or the one in "(*name)(…)".
func (p *parser) typedef(st []tok) {
	for i := 1; i+1 < len(st); i++ {
		if st[i].kind != tokParens || st[i+1].kind != tokParens {
			continue
		}
		inner := p.text(st[i])
		from := 1
		for from < len(inner) && !isLetter(inner[from]) {
			from++
		}
		end := from
		for end < len(inner) && (isLetter(inner[end]) || isDigit(inner[end])) {
			end++
		}
		if end > from && !attribute(p.word(st[i-1])) {
			// "(CALLBACK *name)", "(APIENTRYP name)": the name is the last word.
			for j := end; j < len(inner) && inner[j] != '(' && inner[j] != '['; j++ {
				if isLetter(inner[j]) {
					from = j
					for j < len(inner) && (isLetter(inner[j]) || isDigit(inner[j])) {
						j++
					}
					end = j
				}
			}
			p.declare(Type, string(inner[from:end]), st[i], st)
			return
		}
	}
	for i := len(st) - 1; i > 0; i-- {
		t := st[i]
		if t.kind == tokIdent && i+1 < len(st) && st[i+1].kind == tokParens && attribute(p.word(t)) {
			continue
		}
		if t.kind == tokIdent {
			p.declare(Type, p.word(t), t, st)
			return
		}
	}
}

// enumItem declares one value of an enum.
func (p *parser) enumItem(st []tok) {
	st = st[min(p.prefix(p, st), len(st)):]
	if len(st) > 0 && st[0].kind == tokIdent {
		p.declare(Const, p.word(st[0]), st[0], st[:1])
	}
}
