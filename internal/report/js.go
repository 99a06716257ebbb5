package report

import "strings"

// A js reads Jest, Vitest, Mocha, and the spec reporter of node --test.
type js struct {
	found  *found
	cur    *item
	scope  string // Jest's "FAIL file"
	state  byte   // m: in Mocha's list, n: in node's list
	where  place  // node's "test at file:1:2"
	naming bool   // the lines are Mocha's titles
	framed bool   // the place is that of a frame
}

func (j *js) end() {
	if j.cur != nil {
		j.cur.tell(j.found, sure)
		j.cur = nil
	}
}

func (j *js) start(l *line, tool, name, scope string) bool {
	j.end()
	j.naming, j.framed = false, false
	j.cur = open(l, tool, name, scope)
	return true
}

func (j *js) line(l *line) bool {
	s := l.s
	switch {
	case strings.HasPrefix(s, "FAIL ") || strings.HasPrefix(s, "PASS ") && strings.Contains(s, "."):
		return j.file(l, s)
	case strings.HasPrefix(s, "  ● "):
		return j.jest(l, s[len("  ● "):])
	case strings.HasPrefix(s, "✖ failing tests:"):
		j.end()
		j.state = 'n'
		return true
	case strings.HasPrefix(s, "ℹ "):
		return j.nodeCount(s[len("ℹ "):])
	case strings.HasPrefix(s, "Tests: ") || strings.HasPrefix(s, "      Tests  "):
		return j.tests(s)
	case strings.HasPrefix(s, "⎯⎯⎯"):
		j.end()
		return true
	case strings.HasPrefix(s, " FAIL  "):
		return j.vitest(l, s[len(" FAIL  "):])
	}
	if j.state != 'n' && strings.HasPrefix(s, "  ") && s[2] != ' ' && j.mocha(l) {
		return true
	}
	if j.state == 'n' && j.node(l) {
		return true
	}
	if j.cur == nil {
		return false
	}
	return j.inside(l)
}

// file reads Jest's "FAIL src/sum.test.js (5.2 s)".
func (j *js) file(l *line, s string) bool {
	name, _, _ := strings.Cut(strings.TrimSpace(s[5:]), " (")
	if i := strings.LastIndexByte(name, ' '); i >= 0 { // the name of a project in front
		name = name[i+1:]
	}
	switch extension(name) {
	case "js", "ts", "jsx", "tsx", "mjs", "cjs", "mts", "cts", "vue":
	default:
		return false
	}
	if !isPath(name) {
		return false
	}
	j.end()
	j.scope = ""
	if s[0] == 'F' {
		j.scope = strings.TrimPrefix(keep(name, maxField), "./")
	}
	return true
}

// jest reads "sum › nested › is equal" after the bullet.
func (j *js) jest(l *line, name string) bool {
	if j.scope == "" || name == "Console" || strings.HasPrefix(name, "Deprecation") {
		j.end()
		return j.scope != ""
	}
	if name == "Test suite failed to run" {
		j.start(l, "jest", "", j.scope)
		j.cur.Kind, j.cur.File = Build, j.scope
		return true
	}
	return j.start(l, "jest", strings.ReplaceAll(name, " › ", " > "), j.scope)
}

// vitest reads "sum.test.mjs > sum > adds".
func (j *js) vitest(l *line, s string) bool {
	file, name, _ := strings.Cut(strings.TrimSpace(s), " > ")
	file, _, _ = strings.Cut(strings.TrimSpace(strings.TrimPrefix(file, "|")), " [")
	if !isFile(file) {
		return false
	}
	j.start(l, "vitest", name, file)
	if name == "" {
		j.cur.Kind, j.cur.File = Build, keep(file, maxField)
	}
	return true
}

// mocha reads "  2 failing" and, below it, "  1) outer".
func (j *js) mocha(l *line) bool {
	n, rest, ok := number(l.t)
	if !ok {
		return false
	}
	switch word, _, _ := strings.Cut(strings.TrimSpace(rest), " "); {
	case word == "passing" && strings.HasPrefix(rest, " "):
		j.found.count(n, 0, 0)
	case word == "pending" && rest == " pending":
		j.found.count(0, 0, n)
	case word == "failing" && rest == " failing":
		j.found.count(0, n, 0)
		j.state = 'm'
	case j.state == 'm' && strings.HasPrefix(rest, ") "):
		title, last := strings.CutSuffix(rest[2:], ":")
		j.start(l, "mocha", title, "")
		j.naming = !last
	default:
		return false
	}
	return true
}

// node reads the list of failing tests at the end of node's spec reporter.
func (j *js) node(l *line) bool {
	if rest, ok := strings.CutPrefix(l.s, "test at "); ok {
		j.end()
		j.where, _, _ = placed(rest)
		return true
	}
	if rest, ok := strings.CutPrefix(l.s, "✖ "); ok {
		name, dur, _ := cutLast(rest, " (")
		if !strings.HasSuffix(dur, "ms)") {
			name = rest
		}
		j.start(l, "node", name, j.where.file)
		j.cur.at(j.where)
		return true
	}
	return false
}

// inside reads the lines of a failure.
func (j *js) inside(l *line) bool {
	c := j.cur
	c.seen++
	out := l.t != "" && l.indent() < 2
	if c.seen > maxItem || out && (c.Tool == "jest" || c.Tool == "node" || c.Tool == "mocha" && c.stack) {
		j.end()
		return false
	}
	if j.naming { // Mocha's titles stand one below the other; the last has a colon
		title, last := strings.CutSuffix(l.t, ":")
		c.Name = keep(c.Name+" > "+title, maxField)
		j.naming = !last && c.seen < 12
		return true
	}
	if p, ok := jsFrame(l.t); ok && l.indent() > 0 {
		c.stack = true
		if c.Tool == "node" && !j.framed && p.file != "" && !foreignFile(p.file) {
			c.File, j.framed = "", true // the frame says more than where the test begins
		}
		c.at(p)
		return true
	}
	if shownCode(l.t) {
		c.stack = c.stack || !c.m.empty()
		return true
	}
	c.say(l.n, l.s)
	return true
}

// shownCode reports whether the line shows code: "> 3 | foo()" or "    | ^".
func shownCode(t string) bool {
	t = strings.TrimSpace(strings.TrimPrefix(t, ">"))
	_, rest, ok := number(t)
	if !ok {
		return strings.HasPrefix(t, "| ") && strings.Trim(t, "| ^") == ""
	}
	rest = strings.TrimLeft(rest, " ")
	return strings.HasPrefix(rest, "|")
}

// tests reads Jest's and Vitest's "Tests: 1 failed, 2 passed, 3 total".
func (j *js) tests(s string) bool {
	j.end()
	known := false
	counted(strings.TrimPrefix(strings.TrimPrefix(strings.TrimSpace(s), "Tests"), ":"), func(n int, word string) {
		known = true
		switch word {
		case "passed":
			j.found.count(n, 0, 0)
		case "failed":
			j.found.count(0, n, 0)
		case "skipped", "todo", "pending":
			j.found.count(0, 0, n)
		}
	})
	return known
}

// nodeCount reads "pass 3".
func (j *js) nodeCount(s string) bool {
	j.end()
	word, num, _ := strings.Cut(s, " ")
	n, rest, ok := number(num)
	if !ok || rest != "" {
		return false
	}
	switch word {
	case "pass":
		j.found.count(n, 0, 0)
	case "fail", "cancelled":
		j.found.count(0, n, 0)
	case "skipped":
		j.found.count(0, 0, n)
	}
	return true
}
