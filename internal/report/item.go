package report

import "strings"

// An item is a failure that is read line by line: its heading, then a message, then a trace
// of which only the first place in the project counts.
type item struct {
	Failure
	m     block
	began int  // number of the heading's line
	stack bool // the message is over
	seen  int  // lines
}

// maxItem is how many lines one failure has at most.
const maxItem = 400

// say adds a line to the message, if it is not over.
func (i *item) say(n int, s string) {
	if i.stack || i.m.empty() && strings.TrimSpace(s) == "" {
		return
	}
	if i.m.empty() {
		i.At = n
	}
	i.m.add(s)
}

// at notes a place, the first that is of the project.
func (i *item) at(p place) {
	if i.File == "" && p.file != "" && !foreignFile(p.file) {
		i.File, i.Line, i.Column = keep(p.file, maxField), p.line, p.col
	}
}

// tell adds the failure.
func (i *item) tell(c *found, r rank) {
	if i.Message == "" {
		lines := dedent(strings.Split(strings.TrimRight(i.m.String(), "\n "), "\n"))
		lines[0] = strings.TrimLeft(lines[0], " \t")
		i.Message = strings.Join(lines, "\n")
	}
	if i.At == 0 {
		i.At = i.began
	}
	c.add(r, i.Failure)
}

// open starts an item.
func open(l *line, tool, name, scope string) *item {
	return &item{Failure: Failure{Kind: Test, Tool: tool, Name: keep(name, maxField), Scope: keep(scope, maxField)}, began: l.n}
}

// foreignFile reports whether the file is of a runtime or a library.
func foreignFile(file string) bool {
	for _, part := range []string{"node_modules/", "node:", "internal/process", "site-packages/", "dist-packages/", "/lib/python", "/rustc/", "/.cargo/registry/", "/pkg/mod/", "vendor/bundle/", "/gems/", "/vendor/", "/perl5/", "/share/perl"} {
		if strings.Contains(file, part) {
			return true
		}
	}
	return strings.HasPrefix(file, "<")
}

// jsFrame reads "at f (file:///x.js:3:5)", "at x.js:3:5" and Vitest's "❯ x.ts:3:5".
func jsFrame(t string) (place, bool) {
	rest, ok := strings.CutPrefix(t, "at ")
	if !ok {
		if rest, ok = strings.CutPrefix(t, "❯ "); !ok {
			return place{}, false
		}
	}
	if in, ok := between(rest, "(", ")"); ok && strings.HasSuffix(rest, ")") {
		if i := strings.LastIndexByte(rest, '('); i >= 0 {
			in = rest[i+1 : len(rest)-1]
		}
		rest = in
	} else if i := strings.LastIndexByte(rest, ' '); i >= 0 {
		rest = rest[i+1:]
	}
	p, _, ok := placed(rest)
	if !ok {
		return place{}, true
	}
	p.file = strings.TrimPrefix(p.file, "file://")
	return p, true
}

// counted reads the numbers before words, as in "1 failed | 2 passed (3)": n, word.
func counted(s string, each func(n int, word string)) {
	for part := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == ',' || r == '|' || r == ';' || r == '.' }) {
		n, rest, ok := number(strings.TrimSpace(part))
		word := strings.Fields(rest)
		if ok && len(word) > 0 {
			each(n, word[0])
		}
	}
}
