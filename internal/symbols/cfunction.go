package symbols

// A function found in a statement: the token of its name, the first of its qualified
// name, and the parentheses of its parameters.
type function struct {
	name         string
	at, from, to int // indices of the name, of its qualification, of the parameters
}

// findFunction finds the name and the parameters of a function in st. An assignment
// before them means that there is none.
func (p *parser) findFunction(st []tok) (function, bool) {
	var best function
	ok := false
	for i := range st {
		switch t := st[i]; t.kind {
		case '=', tokFatArrow:
			if (i == 0 || !p.is(st[i-1], "operator")) && (i < 2 || !p.is(st[i-2], "operator")) {
				return best, ok
			}
		case tokThinArrow, ':', tokBraces:
			if ok {
				return best, true // a trailing return type, the initializers of a constructor
			}
		case tokParens:
			if i > 0 && p.is(st[i-1], "operator") && i+1 < len(st) && st[i+1].kind == tokParens {
				continue // operator()(…)
			}
			f, found := p.functionAt(st, i)
			switch {
			case !found:
			case !ok:
				best, ok = f, true
			case p.macroCall(st, best, f):
				best = f
			}
		}
	}
	return best, ok
}

// macroCall reports whether f, and not best before it, is the function that st defines:
// "API(int) f(int a)", "GENERATE(x) static int f()", "int ATTR(1) f()".
func (p *parser) macroCall(st []tok, best, f function) bool {
	if best.from < best.at || best.name == p.top().name && best.name != "" || p.is(st[best.at], "operator") {
		return false
	}
	if best.from == 0 {
		return !p.qualifiers(st[best.to+1 : f.from])
	}
	return upper(best.name) && !upper(f.name)
}

// qualifiers reports whether st is what may follow a function's parameters.
func (p *parser) qualifiers(st []tok) bool {
	if len(st) == 0 {
		return false
	}
	switch p.word(st[0]) {
	case "const", "volatile", "noexcept", "override", "final", "throws", "where", "throw", "requires":
		return true
	}
	return false
}

// functionAt reads backwards from the parameters at st[i] to the name of the function.
func (p *parser) functionAt(st []tok, i int) (function, bool) {
	for j := i - 1; j >= 0 && j >= i-24; j-- {
		if p.is(st[j], "operator") {
			name := "operator"
			sep := ""
			if st[j+1].kind == tokIdent {
				sep = " "
			}
			for _, t := range st[j+1 : i] {
				name += sep + string(p.text(t))
			}
			return function{name, j, p.qualified(st, j), i}, true
		}
	}
	j := i - 1
	if j >= 0 && st[j].kind == '>' { // f<int>()
		depth := 0
		for ; j >= 0; j-- {
			if st[j].kind == '>' {
				depth++
			} else if st[j].kind == '<' {
				if depth--; depth == 0 {
					j--
					break
				}
			}
		}
	}
	if j < 0 || st[j].kind != tokIdent {
		return function{}, false
	}
	name := p.word(st[j])
	if i+1 < len(st) && st[i+1].kind == tokParens && pointer(p.text(st[i])) {
		// "void (*name)(…)" is a variable, "void (*name(…))(…)" a function.
		if inner, ok := innerFunction(p.text(st[i])); ok {
			return function{inner, i, i, i + 1}, true
		}
		return function{}, false
	}
	if builtin(name) {
		return function{}, false
	}
	if attribute(name) || controls(name) && !method(name) {
		return function{}, false
	}
	if j > 0 && st[j-1].kind == '~' {
		return function{"~" + name, j - 1, p.qualified(st, j-1), i}, true
	}
	if j > 0 && (p.is(st[j-1], "new") || p.is(st[j-1], "return") || st[j-1].kind == '@') {
		return function{}, false
	}
	return function{name, j, p.qualified(st, j), i}, true
}

// method reports whether a word that begins a statement in one language is as good a name
// as any in another.
func method(w string) bool {
	switch w {
	case "this", "lock", "using", "when", "fixed":
		return true
	}
	return false
}

// pointer reports whether the text of parentheses begins as that of a pointer does.
func pointer(text []byte) bool {
	for _, c := range text[1:] {
		if c > ' ' {
			return c == '*' || c == '^'
		}
	}
	return false
}

// innerFunction returns the name of a function in "(*name(…))" or "(*(name(…)))".
func innerFunction(text []byte) (string, bool) {
	i := 1
	for i < len(text) && !isLetter(text[i]) {
		i++
	}
	from := i
	for i < len(text) && (isLetter(text[i]) || isDigit(text[i])) {
		i++
	}
	for j := i; j < len(text) && j < i+8; j++ {
		if text[j] > ' ' {
			return string(text[from:i]), text[j] == '(' && i > from
		}
	}
	return "", false
}

// builtin reports whether w is a type's word that can name no function.
func builtin(w string) bool {
	switch w {
	case "void", "int", "char", "short", "long", "float", "double", "signed", "unsigned", "bool", "const", "auto":
		return true
	}
	return false
}

// qualified returns where the qualified name that ends before st[i] begins: A<T>::B::f.
func (p *parser) qualified(st []tok, i int) int {
	for i >= 2 && (st[i-1].kind == tokScope || st[i-1].kind == '.') {
		j := i - 2
		if st[j].kind == '>' {
			depth := 0
			for ; j >= 0; j-- {
				if st[j].kind == '>' {
					depth++
				} else if st[j].kind == '<' {
					if depth--; depth == 0 {
						j--
						break
					}
				}
			}
		}
		if j < 0 || st[j].kind != tokIdent {
			break
		}
		i = j
	}
	return i
}

// qualifier returns the names before st[at] from st[from], joined by dots.
func (p *parser) qualifier(st []tok, from, at int) string {
	out, depth := "", 0
	for _, t := range st[from:at] {
		switch t.kind {
		case '<':
			depth++
		case '>':
			depth--
		case tokIdent:
			if depth == 0 {
				out = join(out, p.word(t))
			}
		}
	}
	return out
}
