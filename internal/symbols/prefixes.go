package symbols

// skipWords returns how many tokens of st are annotations, attributes and the modifiers
// that the function names. A modifier may be followed by parentheses or brackets if
// grouped says so: pub(crate), private(set), private[this].
func (p *parser) skipWords(st []tok, modifier, grouped func(string) bool) int {
	i := 0
	for i < len(st) {
		t := st[i]
		switch {
		case t.kind == '@' && i+1 < len(st) && st[i+1].kind == tokIdent:
			i += 2
			for i+1 < len(st) && (st[i].kind == '.' || st[i].kind == ':') && st[i+1].kind == tokIdent {
				i += 2
			}
			if i < len(st) && st[i].kind == '<' {
				i = angles(st, i)
			}
			// The parentheses of an annotation stand right behind it.
			if i < len(st) && (st[i].kind == tokParens || st[i].kind == tokBrackets) && st[i].start == st[i-1].end {
				i++
			}
		case t.kind == '#': // #[…], #![…]
			i++
			for i < len(st) && st[i].kind == '!' {
				i++
			}
			if i < len(st) && st[i].kind == tokBrackets {
				i++
			}
		case t.kind == tokIdent && modifier(p.word(t)):
			if i+1 < len(st) && grouped(p.word(t)) && (st[i+1].kind == tokParens || st[i+1].kind == tokBrackets) {
				i += 2
				continue
			}
			if i+1 < len(st) && st[i+1].kind != tokIdent && st[i+1].kind != '@' && st[i+1].kind != tokString {
				return i // the word is a name here
			}
			i++
		case t.kind == tokString && i > 0 && p.is(st[i-1], "extern"):
			i++
		default:
			return i
		}
	}
	return min(i, len(st))
}

func nothing(string) bool { return false }

func prefixKotlin(p *parser, st []tok) int {
	i := p.skipWords(st, func(w string) bool {
		switch w {
		case "public", "private", "protected", "internal", "open", "abstract", "final", "override", "data",
			"sealed", "inner", "value", "inline", "noinline", "crossinline", "tailrec", "suspend", "operator",
			"infix", "external", "expect", "actual", "const", "lateinit", "vararg", "annotation", "companion":
			return true
		}
		return false
	}, nothing)
	// "enum class", "fun interface": the first word says little or too much.
	if i+1 < len(st) && p.is(st[i], "fun") && p.is(st[i+1], "interface") {
		i++
	}
	return i
}

func prefixSwift(p *parser, st []tok) int {
	i := p.skipWords(st, func(w string) bool {
		switch w {
		case "public", "private", "fileprivate", "internal", "open", "package", "static", "final", "override",
			"mutating", "nonmutating", "lazy", "weak", "unowned", "required", "convenience", "dynamic",
			"optional", "indirect", "nonisolated", "isolated", "prefix", "postfix", "infix", "async", "distributed",
			"consuming", "borrowing", "inout", "rethrows":
			return true
		}
		return false
	}, func(w string) bool {
		return w == "private" || w == "public" || w == "internal" || w == "fileprivate" || w == "unowned" ||
			w == "nonisolated" || w == "open" || w == "package"
	})
	if i+1 < len(st) && p.is(st[i], "class") { // class func, class override var
		switch p.word(st[i+1]) {
		case "func", "var", "let", "subscript", "override", "final":
			return i + 1 + prefixSwift(p, st[i+1:])
		}
	}
	return i
}

func prefixScala(p *parser, st []tok) int {
	i := p.skipWords(st, func(w string) bool {
		switch w {
		case "private", "protected", "final", "sealed", "abstract", "override", "implicit", "lazy", "inline",
			"transparent", "opaque", "open", "infix", "erased":
			return true
		}
		return false
	}, func(w string) bool { return w == "private" || w == "protected" })
	if i+1 < len(st) && p.is(st[i], "case") && (p.is(st[i+1], "class") || p.is(st[i+1], "object")) {
		i++
	}
	return i
}

func prefixRust(p *parser, st []tok) int {
	i := p.skipWords(st, func(w string) bool {
		switch w {
		case "pub", "unsafe", "async", "extern", "default", "auto", "safe":
			return true
		}
		return false
	}, func(w string) bool { return w == "pub" })
	if i+1 < len(st) && p.is(st[i], "const") {
		for _, w := range []string{"fn", "unsafe", "async", "extern"} {
			if p.is(st[i+1], w) {
				return i + 1 + prefixRust(p, st[i+1:])
			}
		}
	}
	return i
}

func prefixPHP(p *parser, st []tok) int {
	i := p.skipWords(st, func(w string) bool {
		switch w {
		case "public", "private", "protected", "static", "abstract", "final", "readonly", "var":
			return true
		}
		return false
	}, func(w string) bool { return w == "public" || w == "private" || w == "protected" })
	return i
}

func prefixProto(*parser, []tok) int { return 0 }
