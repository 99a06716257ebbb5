package symbols

import "bytes"

// An interpolation says how code stands in a string.
type interpolation struct {
	open, open2   string // what begins code
	close, close2 byte   // what ends it
	dollar        bool   // $name is code as well
	escape        bool   // a backslash takes the next character
	double        byte   // this byte, doubled, stands for itself
	format        bool   // a colon ends the code
}

// text looks for code in the string src[start:end].
func (f *useFinder) text(start, end, depth int) {
	in, ok := f.interpolation(start, end)
	if !ok {
		return
	}
	s := f.src[:end]
	for i := start; i < end && len(f.out) < MaxUses; {
		c := s[i]
		switch {
		case in.double != 0 && c == in.double && i+1 < end && s[i+1] == c:
			i += 2
		case c == in.open[0] && bytes.HasPrefix(s[i:], []byte(in.open)):
			from := i + len(in.open)
			if f.lang == "php" {
				from = i + 1 // the sigil is part of the name
			}
			i = f.inner(f.syn, from, end, in.close, in.format, depth)
		case in.open2 != "" && c == in.open2[0] && bytes.HasPrefix(s[i:], []byte(in.open2)):
			i = f.inner(f.syn, i+len(in.open2), end, in.close2, in.format, depth)
		case in.dollar && c == '$' && i+1 < end && isLetter(s[i+1]):
			from := i + 1
			for i = from; i < end && (isLetter(s[i]) || isDigit(s[i])); i++ {
			}
			if f.lang == "php" {
				from--
			}
			f.ident(from, i)
		case in.escape && c == '\\':
			i += 2
		default:
			i++
		}
	}
}

// interpolation returns how code stands in the string src[start:end], if it may.
func (f *useFinder) interpolation(start, end int) (interpolation, bool) {
	s := f.src[start:end]
	if len(s) < 2 {
		return interpolation{}, false
	}
	triple := bytes.HasPrefix(s, []byte(`"""`))
	switch f.lang {
	case "javascript", "typescript":
		return interpolation{open: "${", close: '}', escape: true}, s[0] == '`'
	case "kotlin":
		return interpolation{open: "${", close: '}', dollar: true, escape: !triple}, s[0] == '"'
	case "scala":
		prefixed := start > 0 && isLetter(f.src[start-1])
		return interpolation{open: "${", close: '}', dollar: true, escape: !triple, double: '$'}, s[0] == '"' && prefixed
	case "php":
		return interpolation{open: "{$", close: '}', open2: "${", close2: '}', dollar: true, escape: true},
			s[0] == '"' || s[0] == '`'
	case "shell":
		return interpolation{open: "$(", close: ')', open2: "${", close2: '}', dollar: true, escape: true}, s[0] == '"'
	case "ruby":
		plain := s[0] == '\'' || s[0] == '?' || s[0] == '<' || s[0] == '%' && indexByte("qwis", s[1])
		return interpolation{open: "#{", close: '}', escape: true}, !plain
	case "swift":
		n := 0
		for n < len(s) && s[n] == '#' {
			n++
		}
		return interpolation{open: `\` + string(s[:n]) + "(", close: ')', escape: n == 0}, n < 16
	case "csharp":
		n, at := 0, false
		for i := 0; i < len(s) && (s[i] == '$' || s[i] == '@'); i++ {
			if s[i] == '$' {
				n++
			} else {
				at = true
			}
		}
		if n == 0 || n > 8 {
			return interpolation{}, false
		}
		in := interpolation{open: "{{{{{{{{"[:n], close: '}', escape: !at && n == 1}
		if n == 1 {
			in.double = '{'
		}
		return in, true
	case "python":
		from := start
		for from > 0 && start-from < 3 && (isLetter(f.src[from-1]) || isDigit(f.src[from-1])) {
			from--
		}
		prefix := f.src[from:start]
		return interpolation{open: "{", close: '}', double: '{', format: true},
			stringPrefix(prefix) && bytes.ContainsAny(prefix, "fFtT")
	}
	return interpolation{}, false
}
