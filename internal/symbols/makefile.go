package symbols

import "bytes"

// scanMake reads the targets, variables and definitions of a Makefile.
func scanMake(src []byte) []Symbol {
	var out []Symbol
	target := -1 // first symbol of the rule whose recipe is read
	define := -1
	for n := 1; len(src) > 0 && len(out) < MaxSymbols; {
		line, lines := makeLine(src)
		src = src[min(len(src), len(line)+1):]
		first := n
		n += lines
		switch {
		case define >= 0:
			if bytes.HasPrefix(bytes.TrimSpace(line), []byte("endef")) {
				out[define].EndLine = first
				define = -1
			}
			continue
		case len(line) > 0 && line[0] == '\t' && target >= 0:
			for i := target; i >= 0 && i < len(out); i++ {
				out[i].EndLine = first + lines - 1
			}
			continue
		}
		text := bytes.TrimSpace(line)
		if len(text) == 0 || text[0] == '#' {
			continue
		}
		sym := func(kind Kind, name []byte) {
			if len(name) > 0 && len(out) < MaxSymbols {
				out = append(out, Symbol{Name: clip(string(name), MaxName), Kind: kind, Line: first,
					EndLine: first + lines - 1, Signature: headline(text, true)})
			}
		}
		word, rest := makeWord(text)
		for makeModifier(word) {
			word, rest = makeWord(rest)
		}
		switch string(word) {
		case "define":
			name, _ := makeWord(rest)
			name = bytes.TrimRight(name, "=")
			if len(name) > 0 {
				sym(Macro, name)
				define = len(out) - 1
			}
			continue
		case "ifeq", "ifneq", "ifdef", "ifndef", "else", "endif", "include", "-include", "sinclude", "vpath", "undefine":
			continue // the recipe of a rule may go on within
		}
		target = -1
		if name, ok := makeVariable(word, rest); ok {
			sym(Var, name)
			continue
		}
		colon := makeColon(text)
		if colon <= 0 {
			continue
		}
		before := len(out)
		for i, name := range bytes.Fields(text[:colon]) {
			if i >= 100 {
				break
			}
			if name[0] == '.' && upper(string(name)) || name[0] == '&' {
				continue // .PHONY and its like; the mark of grouped targets
			}
			sym(Target, name)
		}
		if len(out) > before {
			target = before
		}
	}
	return out
}

// makeLine returns the first logical line of src, without its end, and how many lines of
// text it spans.
func makeLine(src []byte) ([]byte, int) {
	lines := 1
	for i := 0; i < len(src); lines++ {
		n := bytes.IndexByte(src[i:], '\n')
		if n < 0 {
			return src, lines
		}
		i += n
		if end := bytes.TrimSuffix(src[:i], []byte("\r")); len(end) == 0 || end[len(end)-1] != '\\' {
			return src[:i], lines
		}
		i++
	}
	return src, max(1, lines-1)
}

func makeModifier(word []byte) bool {
	switch string(word) {
	case "export", "unexport", "override", "private":
		return true
	}
	return false
}

func makeWord(s []byte) (word, rest []byte) {
	s = bytes.TrimLeft(s, " \t")
	i := bytes.IndexAny(s, " \t")
	if i < 0 {
		return s, nil
	}
	return s[:i], bytes.TrimLeft(s[i:], " \t")
}

// makeVariable reads "NAME = …", "NAME := …", "NAME+=…" from its first word and the rest.
func makeVariable(word, rest []byte) ([]byte, bool) {
	marks := ":?+!"
	if i := bytes.IndexByte(word, '='); i > 0 {
		return bytes.TrimRight(word[:i], marks), true
	}
	op := bytes.TrimLeft(rest, marks)
	if len(rest)-len(op) <= 3 && len(op) > 0 && op[0] == '=' {
		name := bytes.TrimRight(word, marks)
		if bytes.IndexByte(name, ':') >= 0 {
			return nil, false
		}
		return name, true
	}
	return nil, false
}

// makeColon returns where the colon of a rule stands in s, outside $(…), or -1.
func makeColon(s []byte) int {
	depth := 0
	for i, c := range s {
		switch c {
		case '(', '{':
			depth++
		case ')', '}':
			depth--
		case '#', '=':
			if depth <= 0 {
				return -1
			}
		case ':':
			if depth <= 0 {
				if i+1 < len(s) && s[i+1] == '=' || i+2 < len(s) && s[i+1] == ':' && s[i+2] == '=' {
					return -1
				}
				return i
			}
		}
	}
	return -1
}
