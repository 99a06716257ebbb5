package symbols

// The languages whose definitions begin with a word: Kotlin, Swift, Scala, Rust, PHP
// and protobuf.

func wordDialect(lang string) (dialect, bool) {
	d := dialect{lang: lang, opens: openWord, ends: endWord, starts: startsWord}
	s := syntax{slash: true, nested: true, double: quoteString, single: quoteChar}
	switch lang {
	case "kotlin":
		s.triple, s.tick, s.interp = true, quoteIdent, [2]string{"${"}
		d.newlines, d.prefix = true, prefixKotlin
	case "swift":
		s.single, s.triple, s.rawHash, s.tick, s.interp = quoteNone, true, true, quoteIdent, [2]string{`\(`}
		d.newlines, d.prefix = true, prefixSwift
	case "scala":
		s.triple, s.tick, s.interp = true, quoteIdent, [2]string{"${"}
		d.newlines, d.prefix = true, prefixScala
	case "rust":
		s.double, s.rawRust = quoteLong, true
		d.prefix = prefixRust
	case "php":
		s = syntax{slash: true, hash: true, php: true, double: quoteLong, single: quoteLong, tick: quoteLong,
			interp: [2]string{"{$", "${"}, ident: "$", heredoc: "<<<"}
		d.prefix = prefixPHP
	case "proto":
		s.nested, s.single = false, quoteString
		d.prefix = prefixProto
	default:
		return dialect{}, false
	}
	d.syntax = s
	return d, true
}

// startsWord reports whether t, first on its line, begins a declaration.
func startsWord(p *parser, t tok) bool {
	if t.kind == '@' {
		return true
	}
	if t.kind != tokIdent {
		return false
	}
	if p.prefix(p, []tok{t}) == 1 {
		switch p.word(t) {
		case "value", "data", "open", "inner", "optional", "default", "infix", "prefix",
			"async", "inline", "package", "internal":
			return false // as often a name
		}
		return true
	}
	switch p.word(t) {
	case "class", "interface", "object", "fun", "val", "var", "typealias", "func", "struct", "enum", "protocol",
		"extension", "let", "init", "deinit", "def", "trait", "import", "given", "case", "type", "subscript",
		"associatedtype", "actor", "return", "if", "for", "while":
		return p.top().scope != scopeExpr
	}
	return false
}

// A keyword is a word that begins a definition.
type keyword struct {
	kind  Kind // empty for one that opens a scope and defines nothing by itself
	scope scope
	local bool // of interest in the body of a function too
}

// keywordOf returns what the word w begins in this language.
func (p *parser) keywordOf(w string) (keyword, bool) {
	switch p.lang + " " + w {
	case "kotlin fun", "swift func", "scala def", "rust fn", "php function":
		return keyword{Function, scopeBody, true}, true
	case "kotlin class", "swift class", "swift actor", "scala class", "php class", "kotlin object", "scala object":
		return keyword{Class, scopeType, true}, true
	case "kotlin interface", "php interface", "php trait", "scala trait", "rust trait", "swift protocol":
		return keyword{Interface, scopeType, true}, true
	case "swift struct", "rust struct", "rust union":
		return keyword{Struct, scopeType, true}, true
	case "rust enum", "proto enum":
		return keyword{Enum, scopeEnum, true}, true
	case "swift enum", "scala enum", "php enum":
		return keyword{Enum, scopeType, true}, true
	case "rust mod":
		return keyword{Module, scopeFile, true}, true
	case "php namespace":
		return keyword{Namespace, scopeFile, false}, true
	case "rust impl", "swift extension", "scala extension", "proto extend":
		return keyword{"", scopeType, true}, true
	case "kotlin val", "scala val", "swift let", "rust const", "php const":
		return keyword{Const, scopeBody, false}, true
	case "kotlin var", "scala var", "swift var", "rust static":
		return keyword{Var, scopeBody, false}, true
	case "kotlin typealias", "swift typealias", "swift associatedtype", "scala type", "rust type":
		return keyword{Type, scopeBody, false}, true
	case "scala given":
		return keyword{Const, scopeType, false}, true
	case "proto message":
		return keyword{Message, scopeType, false}, true
	case "proto service":
		return keyword{Service, scopeType, false}, true
	case "proto rpc":
		return keyword{RPC, scopeSkip, false}, true
	}
	return keyword{}, false
}

func openWord(p *parser, st []tok) opening {
	f := p.top()
	if f.scope == scopeSkip {
		return opening{scope: scopeSkip, sym: -1}
	}
	if f.scope == scopeEnum {
		st = st[min(len(st), p.prefix(p, st)):]
		if len(st) > 0 && st[0].kind == tokIdent && !p.is(st[0], "fun") {
			p.enumItem(st)
			p.reset()
			return opening{scope: scopeSkip, sym: -1, cont: true}
		}
	}
	if sym, o, ok := p.define(st, true); ok {
		o.sym = sym
		return o
	}
	rest := st[min(len(st), p.prefix(p, st)):]
	if p.lang == "rust" && f.scope == scopeFile && len(rest) == 0 {
		return opening{scope: scopeFile, sym: -1} // extern "C" {
	}
	return opening{scope: scopeBody, sym: -1, cont: f.scope == scopeExpr}
}

func endWord(p *parser, st []tok, end uint8) {
	f := p.top()
	switch {
	case f.scope == scopeEnum && p.lang == "proto":
		if len(st) > 1 && st[1].kind == '=' {
			p.enumItem(st)
		}
		return
	case f.scope == scopeEnum:
		if k, ok := p.keywordOf(p.word(st[min(len(st)-1, p.prefix(p, st))])); !ok || k.kind != Function {
			p.enumItem(st)
		}
		return
	case end == ',', f.scope == scopeObject:
		return
	}
	if p.lang == "php" && p.is(st[0], "namespace") && end == ';' && len(st) > 1 {
		f.path = ""
		name := ""
		for _, t := range st[1:] {
			if t.kind == tokIdent {
				name = join(name, p.word(t))
			}
		}
		p.declare(Namespace, name, st[1], st)
		f.path, f.name = name, name
		return
	}
	p.define(st, false)
}

// define declares what the statement st defines, if anything. open says that a "{"
// follows it.
func (p *parser) define(st []tok, open bool) (int, opening, bool) {
	all := st
	i := min(len(st), p.prefix(p, st))
	st = st[i:]
	if len(st) == 0 {
		return -1, opening{}, false
	}
	f := p.top()
	members := f.scope == scopeFile || f.scope == scopeType
	w := p.word(st[0])
	switch {
	case w == "init" || w == "deinit" || w == "subscript":
		if p.lang == "swift" && f.scope == scopeType && (open || w == "init" && len(st) > 1) {
			return p.declare(Method, w, st[0], all), opening{scope: scopeBody}, true
		}
	case w == "constructor" && f.scope == scopeType && len(st) > 1 && st[1].kind == tokParens:
		return p.declare(Method, w, st[0], all), opening{scope: scopeBody}, true
	case w == "case" && f.scope == scopeType:
		p.cases(st)
		return -1, opening{scope: scopeSkip, sym: -1}, true
	case w == "enum" && len(st) > 1 && p.is(st[1], "class"): // Kotlin
		if at := p.nameAt(st, 1); at > 0 {
			name := p.word(st[at])
			return p.declare(Enum, name, st[at], all), opening{scope: scopeEnum, name: name}, true
		}
	case w == "macro_rules" && len(st) > 2 && st[1].kind == '!' && st[2].kind == tokIdent:
		return p.declare(Macro, p.word(st[2]), st[2], all), opening{scope: scopeSkip}, true
	case w == "static" && len(st) > 1 && p.is(st[1], "mut"):
		st = st[1:]
	case w == "package" && p.lang == "scala" && open: // Scala: package a { … }
		return -1, opening{scope: scopeFile, name: p.qualifier(st, 1, len(st))}, true
	}
	k, ok := p.keywordOf(w)
	if w == "static" && p.is(st[0], "mut") {
		k, ok = keyword{Var, scopeBody, false}, true
	}
	if !ok || !members && !k.local || f.scope == scopeExpr && k.kind != Function && k.kind != Class {
		return -1, opening{}, false
	}
	return p.defineWord(st, all, k, open)
}

func (p *parser) defineWord(st, all []tok, k keyword, open bool) (int, opening, bool) {
	f := p.top()
	o := opening{scope: k.scope, sym: -1}
	if k.kind == "" {
		if !open {
			return -1, o, false
		}
		o.name = p.extended(st)
		return -1, o, true
	}
	kind := k.kind
	if kind == Function {
		at, name := p.functionName(st)
		if at < 0 {
			return -1, o, open // a closure
		}
		if f.scope == scopeType {
			kind = Method
		}
		o.name = name
		return p.declare(kind, name, st[at], all), o, true
	}
	at := p.nameAt(st, 0)
	if at < 0 {
		if n := len(all) - len(st); open && p.is(st[0], "object") && n > 0 && p.is(all[n-1], "companion") {
			return p.declare(Class, "Companion", st[0], all), opening{scope: scopeType, name: "Companion"}, true
		}
		return -1, o, open && o.scope == scopeType
	}
	if !open && (kind == Class || kind == Struct || kind == Interface || kind == Enum) && p.lang == "swift" {
		return -1, o, false
	}
	properties := p.lang == "kotlin" || p.lang == "swift" || p.lang == "scala"
	if (kind == Var || kind == Const) && f.scope == scopeType && properties {
		kind = Property
	}
	name := p.word(st[at])
	o.name = name
	return p.declare(kind, name, st[at], all), o, true
}

// nameAt returns the index of the name after the keyword at st[i]: past the type
// parameters and the receiver of a Kotlin property.
func (p *parser) nameAt(st []tok, i int) int {
	i++
	if i < len(st) && st[i].kind == '<' {
		i = angles(st, i)
	}
	for i < len(st) && st[i].kind != tokIdent {
		if st[i].kind != '(' {
			return -1
		}
		i++
	}
	if i >= len(st) {
		return -1
	}
	for i+2 < len(st) && st[i+1].kind == '.' && st[i+2].kind == tokIdent {
		i += 2
	}
	if i+1 < len(st) && st[i+1].kind == '<' { // List<T>.last
		if j := angles(st, i+1); j+1 < len(st) && j > i+1 && st[j].kind == '.' && st[j+1].kind == tokIdent {
			i = j + 1
		}
	}
	switch p.word(st[i]) {
	case "extends", "implements", "where", "_":
		return -1
	}
	return i
}

// group reports whether a kind is that of a pair of brackets and what is in it.
func group(kind uint8) bool { return kind >= tokParens && kind <= tokBraces }

// functionName returns the index of the token and the name of a function whose keyword
// is st[0]. Operators have names made of punctuation.
func (p *parser) functionName(st []tok) (int, string) {
	i := 1
	if i < len(st) && st[i].kind == '&' && p.lang == "php" {
		i++
	}
	if i < len(st) && st[i].kind == '<' && (i+1 >= len(st) || st[i+1].kind == tokIdent) {
		i = angles(st, i)
	}
	if i >= len(st) {
		return -1, ""
	}
	if st[i].kind != tokIdent {
		if group(st[i].kind) || st[i].kind == tokString {
			// "fun (String).f()" is rare, "fun(x) {" a closure.
			return -1, ""
		}
		end := i
		for end < min(len(st), i+4) && st[end].kind != tokIdent && !group(st[end].kind) {
			end++
		}
		if p.lang == "rust" || p.lang == "php" || end == i {
			return -1, ""
		}
		return i, string(p.src[st[i].start:st[end-1].end])
	}
	at := i
	// Kotlin: fun Map<K, V>.get(…), fun String?.orEmpty().
	for j := i + 1; j+1 < len(st); {
		switch st[j].kind {
		case '<':
			k := angles(st, j)
			if k == j {
				return at, p.word(st[at])
			}
			j = k
			continue
		case '?':
			j++
			continue
		case '.':
			if st[j+1].kind != tokIdent {
				return at, p.word(st[at])
			}
			at = j + 1
			j += 2
			continue
		}
		break
	}
	// Scala: def name_= (x), def +(x): the name may go on in punctuation.
	return at, p.word(st[at])
}

// extended returns the name of the type that "impl … for T" or "extension T" adds to.
func (p *parser) extended(st []tok) string {
	i := 1
	if i < len(st) && st[i].kind == '<' {
		i = angles(st, i)
	}
	name, depth := "", 0
	for ; i < len(st); i++ {
		t := st[i]
		switch {
		case t.kind == '<':
			depth++
		case t.kind == '>':
			depth--
		case depth > 0:
		case p.is(t, "for"):
			name = ""
		case p.is(t, "where"), t.kind == ':':
			return name
		case t.kind == tokIdent && !p.is(t, "dyn") && !p.is(t, "mut"):
			name = p.word(t)
		case t.kind == tokParens && name == "":
			name = p.receiverType(t)
		}
	}
	return name
}

// receiverType returns the type in Scala's "extension (x: T)".
func (p *parser) receiverType(t tok) string {
	text := p.text(t)
	i := 0
	for i < len(text) && text[i] != ':' {
		i++
	}
	for i < len(text) && !isLetter(text[i]) {
		i++
	}
	from := i
	for i < len(text) && (isLetter(text[i]) || isDigit(text[i])) {
		i++
	}
	return string(text[from:i])
}

// cases declares the values of "case a, b(Int)" in a Swift, Scala or PHP enum.
func (p *parser) cases(st []tok) {
	expect := true
	for _, t := range st[1:] {
		switch {
		case t.kind == ',':
			expect = true
		case t.kind == tokIdent && expect:
			p.declare(Const, p.word(t), t, st)
			expect = false
		case t.kind == '=' || t.kind == tokFatArrow || t.kind == ':':
			return
		case expect:
			return
		}
	}
}
