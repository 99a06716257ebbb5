package symbols

import (
	"bytes"
	"go/scanner"
	"go/token"
)

// A Use is a place where an identifier stands in code.
type Use struct {
	Line   int // from 1
	Col    int // bytes from the start of the line, from 1; a byte order mark does not count
	Offset int // bytes from the start of the text
}

// MaxUses is how many uses of one file are returned; the rest is left out.
const MaxUses = 100_000

// Uses returns the places where the identifier name stands in src, a file in the given
// language, outside comments and strings, in order. Code that is interpolated in a string
// counts as code. Which definition an occurrence refers to is not asked: all that are
// spelt like name count, the definition itself too. It returns nil for Markdown, for a
// language that Scan does not know, and for a name that is no identifier.
//
// The sigils of PHP and Ruby ($a, @a) need not be part of name. Like Scan, Uses never
// panics, and takes time linear in the size of src.
func Uses(lang string, src []byte, name string) []Use {
	if name == "" || !bytes.Contains(src, []byte(name)) {
		return nil
	}
	return UsesFunc(lang, src, func(id []byte) bool { return string(id) == name })
}

// UsesFunc is like Uses for the identifiers that is accepts. It does not keep its
// argument.
func UsesFunc(lang string, src []byte, is func(id []byte) bool) []Use {
	text := bytes.TrimPrefix(src, []byte("\ufeff"))
	const limit = 1 << 30 // offsets are kept in 32 bits
	f := &useFinder{lang: lang, src: text[:min(len(text), limit)], is: is, line: 1}
	switch lang {
	case "go":
		f.goFile()
	case "make":
		f.makefile()
	default:
		syn, ok := syntaxOf(lang)
		if !ok {
			return nil
		}
		f.syn = syn
		f.file()
	}
	if bom := len(src) - len(text); bom > 0 {
		for i := range f.out {
			f.out[i].Offset += bom
		}
	}
	return f.out
}

// A useFinder is what one call of UsesFunc knows.
type useFinder struct {
	lang string
	src  []byte
	syn  syntax
	is   func([]byte) bool
	out  []Use

	line, bol, seen int // the line and where it begins, as far as src has been counted

	// What the lexers of the text and of the code in its strings share, so that all of
	// them together take linear time.
	rescans, noRegex, noHash int
}

// add notes a use. Offsets come in ascending order.
func (f *useFinder) add(at int) {
	if len(f.out) >= MaxUses {
		return
	}
	if gap := f.src[f.seen:at]; len(gap) > 0 {
		if n := bytes.Count(gap, newline); n > 0 {
			f.line += n
			f.bol = f.seen + bytes.LastIndexByte(gap, '\n') + 1
		}
		f.seen = at
	}
	f.out = append(f.out, Use{Line: f.line, Col: at - f.bol + 1, Offset: at})
}

func (f *useFinder) goFile() {
	file := token.NewFileSet().AddFile("", -1, len(f.src))
	var s scanner.Scanner
	s.Init(file, f.src, func(token.Position, string) {}, 0) // what does not scan is passed over
	for len(f.out) < MaxUses {
		pos, t, lit := s.Scan()
		if t == token.EOF {
			return
		}
		if t != token.IDENT {
			continue
		}
		at := int(pos) - file.Base()
		if f.is(f.src[at : at+len(lit)]) {
			f.add(at)
		}
	}
}

// file reads the whole text.
func (f *useFinder) file() {
	l := newLexer(f.syn, f.src)
	if f.syn.ruby {
		l.skipRubyBlock()
	}
	f.code(l, 0, 0, false)
}

// maxInterp is how deep strings in code in strings are followed.
const maxInterp = 8

// inner reads the code in src[from:to] up to the bracket that closes it, if close is not
// 0, and returns where it ends. With format, a colon at its top ends it too.
func (f *useFinder) inner(syn syntax, from, to int, close byte, format bool, depth int) int {
	l := &lexer{src: f.src[:to], syn: syn, pos: from, line: 1}
	f.lend(l)
	end := f.code(l, depth, close, format)
	f.back(l)
	return end
}

// lend hands what lexers share to l, and back takes it back.
func (f *useFinder) lend(l *lexer) { l.rescans, l.noRegex, l.noHash = f.rescans, f.noRegex, f.noHash }

func (f *useFinder) back(l *lexer) {
	f.rescans, f.noRegex, f.noHash = l.rescans, max(f.noRegex, l.noRegex), max(f.noHash, l.noHash)
}

func (f *useFinder) code(l *lexer, depth int, close byte, format bool) int {
	open := 0
	for len(f.out) < MaxUses {
		t := l.next()
		switch t.kind {
		case tokEOF:
			return len(l.src)
		case tokIdent:
			f.ident(int(t.start), int(t.end))
		case tokString:
			if depth < maxInterp {
				f.back(l)
				f.text(int(t.start), int(t.end), depth+1)
				f.lend(l)
			}
		case tokDirective:
			f.directive(t, depth)
		case '(', '[', '{':
			open++
		case ')', ']', '}':
			if close != 0 && open == 0 && t.kind == close {
				return int(t.end)
			}
			open = max(0, open-1)
		case ':', '!', tokScope:
			if format && open == 0 {
				return int(t.end)
			}
		}
	}
	return len(l.src)
}

// ident notes the identifier src[start:end] if it is one that is looked for, with or
// without what its language allows to stand around a name.
func (f *useFinder) ident(start, end int) {
	id := f.src[start:end]
	before, after := byte(0), byte(0)
	if start > 0 {
		before = f.src[start-1]
	}
	if end < len(f.src) {
		after = f.src[end]
	}
	if f.lang == "python" && (after == '"' || after == '\'') && stringPrefix(id) {
		return
	}
	if f.is(id) {
		f.add(start)
		return
	}
	switch f.lang {
	case "php", "ruby":
		name := bytes.TrimLeft(id, "$@")
		if len(name) < len(id) && len(name) > 0 && f.is(name) {
			f.add(end - len(name))
		} else if f.lang == "ruby" && (after == '?' || after == '!') &&
			(end+1 == len(f.src) || f.src[end+1] != '=') && f.is(f.src[start:end+1]) {
			f.add(start)
		}
	case "shell": // ${name:-default}
		if n := bytes.IndexAny(id, ":-.@"); n > 0 && before == '{' && f.is(id[:n]) {
			f.add(start)
		}
	case "sql":
		if n := len(id); n > 2 && (id[0] == '"' || id[0] == '[') && f.is(id[1:n-1]) {
			f.add(start + 1)
		}
	case "javascript", "typescript", "cpp": // #private, ~Destructor
		if (before == '#' || before == '~') && f.is(f.src[start-1:end]) {
			f.add(start - 1)
		}
	}
}

// stringPrefix reports whether id is what stands before a quote in Python.
func stringPrefix(id []byte) bool {
	return len(id) <= 2 && len(bytes.Trim(id, "rRbBuUfFtT")) == 0
}

// directive looks into a preprocessor line: names in macros and conditions are uses.
func (f *useFinder) directive(t tok, depth int) {
	if depth >= maxInterp {
		return
	}
	i := int(t.start) + 1
	for i < int(t.end) && (f.src[i] == ' ' || f.src[i] == '\t') {
		i++
	}
	from := i
	for i < int(t.end) && isLetter(f.src[i]) {
		i++
	}
	switch string(f.src[from:i]) {
	case "define", "undef", "if", "ifdef", "ifndef", "elif", "elifdef", "elifndef":
		syn := f.syn
		syn.directives = false
		f.inner(syn, i, int(t.end), 0, false, depth+1)
	}
}

// makefile reads a Makefile, whose names are words of make: "all", "build-all", "CC".
func (f *useFinder) makefile() {
	word := func(c byte) bool { return isLetter(c) || isDigit(c) || indexByte(".-%/+", c) }
	for i := 0; i < len(f.src) && len(f.out) < MaxUses; {
		switch c := f.src[i]; {
		case c == '\\':
			i += 2
		case c == '#' && (i == 0 || f.src[i-1] <= ' '):
			n := bytes.IndexByte(f.src[i:], '\n')
			if n < 0 {
				return
			}
			i += n
		case word(c):
			from := i
			for i++; i < len(f.src) && word(f.src[i]); i++ {
			}
			if f.is(f.src[from:i]) {
				f.add(from)
			}
		default:
			i++
		}
	}
}
