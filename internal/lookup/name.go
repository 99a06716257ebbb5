package lookup

import (
	"bytes"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"cleat/internal/fail"
	"cleat/internal/sorting"
	"cleat/internal/symbols"
)

// A name is what is looked for: "Resolve", "Repo.Resolve", "git.Repo.Resolve",
// "Class#name", "Class::name", "internal/git.Resolve", "New*".
type name struct {
	full   string   // as it was given
	last   string   // the name itself
	outer  []string // what it is in, outermost first
	module bool     // outer begins with a path, which may begin with what no folder is called
	glob   bool     // "*" stands for anything
	fold   bool     // letter case does not count
	need   string   // ASCII, in every file that has the name; in lower case with fold

	low, squashed string   // last in lower case, and without separators
	parts         []string // of last
}

// parseName reads a pattern. It fails with fail.Invalid where no name is left of it.
func parseName(pattern string, fold bool) (name, error) {
	s := strings.TrimSpace(pattern)
	s = strings.TrimSuffix(s, "()")
	if strings.Contains(s, "(*") { // as Go's stack traces have it
		s = strings.NewReplacer("(*", "", ")", "").Replace(s)
	}
	n := name{full: s, last: s, fold: fold, glob: strings.Contains(s, "*") && !strings.HasPrefix(s, "operator")}
	if !strings.ContainsAny(s, " \t") { // a heading is not taken apart
		var parts []string
		rest := s
		if i := strings.LastIndexByte(s, '/'); i >= 0 && i+1 < len(s) && !strings.HasPrefix(s, "operator") {
			parts, rest, n.module = strings.Split(s[:i], "/"), s[i+1:], true
		}
		parts = append(parts, strings.FieldsFunc(strings.NewReplacer("::", "\x00", "->", "\x00", ".", "\x00", "#", "\x00").Replace(rest),
			func(r rune) bool { return r == 0 })...)
		for i := 0; i < len(parts); {
			if parts[i] == "" || parts[i] == "." {
				parts = append(parts[:i], parts[i+1:]...)
				continue
			}
			i++
		}
		if len(parts) > 0 {
			n.last, n.outer = parts[len(parts)-1], parts[:len(parts)-1]
		}
	}
	if strings.Trim(n.last, "*") == "" && len(n.outer) == 0 {
		return n, fail.Errorf(fail.Invalid, "the pattern %q has no name in it", pattern).
			Then("give a name such as Resolve, Repo.Resolve or New*")
	}
	n.need = longestRun(n.last)
	n.low = strings.ToLower(n.last)
	n.squashed, n.parts = squash(n.low), partsOf(n.last)
	if fold {
		n.need = strings.ToLower(n.need)
	}
	return n, nil
}

// longestRun returns the longest run of ASCII letters, digits and underscores in s: what
// must stand in a file as it is, however its language writes the rest of the name.
func longestRun(s string) string {
	best, from := "", -1
	for i := 0; i <= len(s); i++ {
		if i < len(s) && wordByte(s[i]) {
			if from < 0 {
				from = i
			}
			continue
		}
		if from >= 0 && i-from > len(best) {
			best = s[from:i]
		}
		from = -1
	}
	return best
}

func wordByte(c byte) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || c == '_'
}

// is reports whether s is the pattern p, as n reads patterns.
func (n *name) is(s, p string) bool {
	switch {
	case n.glob && n.fold:
		return wild(strings.ToLower(p), strings.ToLower(s))
	case n.glob:
		return wild(p, s)
	case n.fold:
		return strings.EqualFold(s, p)
	}
	return s == p
}

// wild reports whether s matches the pattern p, in which "*" stands for anything.
func wild(p, s string) bool {
	star, back := -1, 0
	i, j := 0, 0
	for j < len(s) {
		switch {
		case i < len(p) && p[i] == '*':
			star, back = i, j
			i++
		case i < len(p) && p[i] == s[j]:
			i++
			j++
		case star >= 0:
			back++
			i, j = star+1, back
		default:
			return false
		}
	}
	return strings.Trim(p[i:], "*") == ""
}

// A home is where a symbol stands, as far as names may tell it.
type home struct {
	dirs []string // of the file
	stem string   // its name without ending; empty where that says nothing
	pkg  string   // Go's package clause
}

func homeOf(file, lang string, text []byte) home {
	dir, base := path.Split(file)
	h := home{dirs: strings.FieldsFunc(dir, func(r rune) bool { return r == '/' })}
	h.stem, _, _ = strings.Cut(base, ".")
	switch h.stem {
	case "index", "__init__", "mod", "lib", "main":
		h.stem = ""
	}
	if lang == "go" {
		h.stem, h.pkg = "", packageOf(text)
	}
	return h
}

// packageOf returns the name in Go's package clause, or "".
func packageOf(text []byte) string {
	const far = 16 << 10 // bytes of comments before it
	block := false
	for line := range bytes.Lines(text[:min(len(text), far)]) {
		line = bytes.TrimSpace(line)
		rest, ok := bytes.CutPrefix(line, []byte("package "))
		switch {
		case block || bytes.HasPrefix(line, []byte("/*")):
			block = !bytes.Contains(line, []byte("*/"))
		case ok:
			rest = bytes.TrimLeft(rest, " \t")
			if i := bytes.IndexFunc(rest, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_' }); i >= 0 {
				rest = rest[:i]
			}
			return string(rest)
		}
	}
	return ""
}

// in reports whether a symbol in the container, dotted, at home h is in what n names.
func (n *name) in(container string, h home) bool {
	want := n.outer
	have := strings.Split(container, ".")
	if container == "" {
		have = nil
	}
	for len(want) > 0 && len(have) > 0 {
		if !n.is(have[len(have)-1], want[len(want)-1]) {
			return false
		}
		want, have = want[:len(want)-1], have[:len(have)-1]
	}
	if len(want) == 0 {
		return true
	}
	// What is left names the module, the package or folders.
	if h.pkg != "" && (len(want) == 1 || n.module && len(h.dirs) == 0) && n.is(h.pkg, want[len(want)-1]) {
		return true
	}
	if h.stem != "" && n.is(h.stem, want[len(want)-1]) && n.under(h.dirs, want[:len(want)-1]) {
		return true
	}
	return n.under(h.dirs, want)
}

// under reports whether dirs end in want, or, where want begins outside the tree, want
// ends in dirs.
func (n *name) under(dirs, want []string) bool {
	for some := false; len(want) > 0; some = true {
		if len(dirs) == 0 {
			return n.module && some
		}
		if !n.is(dirs[len(dirs)-1], want[len(want)-1]) {
			return false
		}
		dirs, want = dirs[:len(dirs)-1], want[:len(want)-1]
	}
	return true
}

// exact reports whether s is what is looked for.
func (n *name) exact(s symbols.Symbol, h home) bool {
	if n.is(s.Name, n.full) {
		return true
	}
	return n.is(s.Name, n.last) && n.in(s.Container, h)
}

// How names are similar, the nearest first.
const (
	elsewhere = iota // the name itself, in something else
	sameLetters
	sameParts // parseHTTP, parse_http
	begins
	contains
	someParts // parse_url for parseRequestURL
	notSimilar
	strange = 8 // added for what is in something else
)

const minPart = 3 // letters of a part that may stand in the midst of a name

// similar returns how near the name of s is to what is looked for.
func (n *name) similar(s symbols.Symbol, h home) int {
	near := notSimilar
	low := strings.ToLower(s.Name)
	switch {
	case n.glob:
		if wild(n.low, low) {
			near = sameLetters
		}
	case s.Name == n.last:
		return elsewhere
	case low == n.low:
		near = sameLetters
	case strings.HasPrefix(low, n.low) && len(n.low) > 1:
		near = begins
	case strings.Contains(low, n.low) && len(n.low) >= minPart:
		near = contains
	case len(low) >= len(n.squashed) && squash(low) == n.squashed:
		near = sameParts
	case n.allIn(low) && partsIn(n.parts, partsOf(s.Name)):
		near = someParts
	}
	if near < notSimilar && !n.in(s.Container, h) {
		near += strange
	}
	return near
}

// allIn reports whether all parts of the name are somewhere in low.
func (n *name) allIn(low string) bool {
	for _, p := range n.parts {
		if !strings.Contains(low, p) {
			return false
		}
	}
	return true
}

// squash leaves out what separates the parts of a name.
func squash(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "_", ""), "-", "")
}

// partsOf returns the parts of a name in camelCase or snake_case, in lower case.
func partsOf(s string) []string {
	var parts []string
	from := 0
	cut := func(to int) {
		if to > from {
			parts = append(parts, strings.ToLower(s[from:to]))
		}
		from = to
	}
	var before rune
	for i, r := range s {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			cut(i)
			from = i + utf8.RuneLen(r)
		} else if unicode.IsUpper(r) {
			// A capital begins a part after a small letter, and before one: parse|HTTP|Server.
			next, _ := utf8.DecodeRuneInString(s[i+utf8.RuneLen(r):])
			if !unicode.IsUpper(before) || unicode.IsLower(next) {
				cut(i)
			}
		}
		before = r
	}
	cut(len(s))
	return parts
}

// partsIn reports whether every part of want, which has several, begins one of have, in
// order.
func partsIn(want, have []string) bool {
	if len(want) < 2 {
		return false
	}
	for _, h := range have {
		if len(want) > 0 && strings.HasPrefix(h, want[0]) {
			want = want[1:]
		}
	}
	return len(want) == 0
}

// similarNeeds returns what is, in any case, in every file that has a similar name.
func (n *name) similarNeeds() []string {
	if n.glob {
		return []string{strings.ToLower(n.need)}
	}
	var out []string
	for _, p := range n.parts {
		if p = longestRun(p); p != "" {
			out = append(out, p)
		}
	}
	// What is long is rare.
	sorting.Sort(out, func(a, b string) int { return len(b) - len(a) })
	return out
}
