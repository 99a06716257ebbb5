// Package symbols finds the definitions in a source file: functions, types, constants,
// headings, targets, with the lines they span and a one-line signature.
//
// Go is read by go/parser. The other languages share one lexer, which knows their
// comments, strings and heredocs, and a few small state machines over its tokens; none
// of them needs a compiler, an index or a second file. They are meant to be right about
// what people write and harmless about the rest: a file that does not parse yields the
// definitions that can still be told, and no input makes Scan panic, recurse in
// proportion to its size, or take more than time linear in it.
package symbols

import (
	"bytes"
	"slices"
	"sort"
	"strings"
	"unicode/utf8"
)

// A Kind says what a symbol is.
type Kind string

// The kinds. A Prototype is a function that is declared and not defined, as in C
// headers; a search for definitions ranks it behind the others.
const (
	Function  Kind = "function"
	Method    Kind = "method"
	Prototype Kind = "prototype"
	Type      Kind = "type" // alias, typedef, or a named type that is nothing below
	Struct    Kind = "struct"
	Class     Kind = "class"
	Interface Kind = "interface" // also trait and protocol
	Enum      Kind = "enum"
	Const     Kind = "const" // also the values of an enum
	Var       Kind = "var"
	Property  Kind = "property"
	Module    Kind = "module"
	Namespace Kind = "namespace"
	Macro     Kind = "macro"
	Heading   Kind = "heading"
	Target    Kind = "target"
	Table     Kind = "table"
	View      Kind = "view"
	Index     Kind = "index"
	Trigger   Kind = "trigger"
	Message   Kind = "message"
	Service   Kind = "service"
	RPC       Kind = "rpc"
)

// A Symbol is one definition.
type Symbol struct {
	Name      string
	Kind      Kind
	Container string // names of what it is in, outermost first, joined by dots; may be empty
	Line      int    // line of the name, from 1
	EndLine   int    // last line of the definition as far as it could be told; never before Line
	Signature string // the head of the definition on one line, clipped, without the body
}

// Limits of what Scan returns.
const (
	MaxSymbols   = 50_000 // symbols of one file; the rest is left out
	MaxName      = 200    // bytes of a name; a longer one is clipped
	MaxSignature = 240    // bytes of a signature; a longer one is clipped
)

// Languages returns the names that Scan knows, sorted.
func Languages() []string {
	return []string{
		"c", "cpp", "csharp", "go", "java", "javascript", "kotlin", "make", "markdown", "php",
		"proto", "python", "ruby", "rust", "scala", "shell", "sql", "swift", "typescript",
	}
}

// Known reports whether Scan has a scanner for lang.
func Known(lang string) bool { return slices.Contains(Languages(), lang) }

// Scan returns the definitions in src, a file in the given language, by line. It
// returns nil for a language it does not know. It keeps no reference to src.
func Scan(lang string, src []byte) []Symbol {
	src = bytes.TrimPrefix(src, []byte("\ufeff"))
	var out []Symbol
	switch lang {
	case "go":
		out = scanGo(src)
	case "python":
		out = scanPython(src)
	case "ruby":
		out = scanRuby(src)
	case "sql":
		out = scanSQL(src)
	case "shell":
		out = scanShell(src)
	case "make":
		out = scanMake(src)
	case "markdown":
		out = scanMarkdown(src)
	default:
		d, ok := dialectOf(lang)
		if !ok {
			return nil
		}
		out = scanBraces(d, src)
	}
	for i := range out {
		s := &out[i]
		s.Name, s.Container, s.Signature = oneLine(s.Name), oneLine(s.Container), oneLine(s.Signature)
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].Line < out[j].Line })
	return out
}

// oneLine makes spaces of the control characters in a name: names in quotes can have any.
func oneLine(s string) string {
	control := func(r rune) bool { return r < ' ' || r == 0x7f }
	if strings.IndexFunc(s, control) < 0 {
		return s
	}
	return strings.Map(func(r rune) rune {
		if control(r) {
			return ' '
		}
		return r
	}, s)
}

// clip shortens s to at most n bytes at a character's boundary, and mends bytes that
// are not UTF-8.
func clip(s string, n int) string {
	cut := len(s) > n
	s = strings.ToValidUTF8(s[:min(len(s), n)], "\ufffd") // which may make it longer
	if !cut && len(s) <= n {
		return s
	}
	n = min(len(s), n-len("…"))
	for n > 0 && n < len(s) && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}

// headline makes one clipped line of the head of a definition: runs of white space and
// comments become one space. hash says that "#" begins a comment, otherwise "//" and
// "/*" do.
func headline(head []byte, hash bool) string {
	if len(head) > 8*MaxSignature {
		head = head[:8*MaxSignature]
	}
	out := make([]byte, 0, min(len(head), MaxSignature+8))
	space := false
	var quote byte
	for i := 0; i < len(head) && len(out) <= MaxSignature; i++ {
		c := head[i]
		switch {
		case quote != 0:
			if c == '\\' && i+1 < len(head) {
				out = append(out, c)
				i++
				c = head[i]
			} else if c == quote || c == '\n' {
				quote = 0
			}
		case c == '"':
			quote = c
		case hash && c == '#' && (space || i == 0),
			!hash && c == '/' && i+1 < len(head) && head[i+1] == '/':
			n := bytes.IndexByte(head[i:], '\n')
			if n < 0 {
				n = len(head) - i
			}
			i += n - 1
			space = true
			continue
		case !hash && c == '/' && i+1 < len(head) && head[i+1] == '*':
			n := bytes.Index(head[i+2:], []byte("*/"))
			if n < 0 {
				n = len(head)
			}
			i += n + 3
			space = true
			continue
		}
		if c <= ' ' {
			space = true
			continue
		}
		if space && len(out) > 0 && out[len(out)-1] != '(' && c != ')' {
			out = append(out, ' ')
		}
		space = false
		out = append(out, c)
	}
	return clip(strings.TrimRight(string(out), " {;=,|&"), MaxSignature)
}

// join appends name to a dotted container. It does not grow beyond a bound, so that
// deep nesting costs no more than its own length.
func join(container, name string) string {
	switch {
	case container == "" || len(container)+len(name) > 2*MaxName:
		return name
	case name == "":
		return container
	}
	return container + "." + name
}
