package report

import "strings"

// A unittest reads what Python's unittest (and Django) writes of tests that failed, and
// tracebacks that are of no test.
type unittest struct {
	found *found
	rule  bool // the line before was one of "="
	test  *item
	trace *item
}

func (u *unittest) end() {
	u.endTest()
	if u.trace != nil {
		u.endTrace()
	}
}

func (u *unittest) endTest() {
	if u.test != nil {
		u.test.tell(u.found, sure)
		u.test = nil
	}
}

func (u *unittest) line(l *line) bool {
	rule := len(l.s) >= 70 && strings.Trim(l.s, "=") == ""
	after := u.rule
	u.rule = rule
	if rule {
		u.endTest()
		return true
	}
	if after {
		for _, word := range []string{"FAIL: ", "ERROR: "} {
			if rest, ok := strings.CutPrefix(l.s, word); ok {
				u.heading(l, rest)
				return true
			}
		}
	}
	if u.test != nil {
		return u.inTest(l)
	}
	if u.trace != nil {
		return u.inTrace(l)
	}
	if strings.HasSuffix(l.s, "Traceback (most recent call last):") {
		u.trace = open(l, "python", "", "")
		u.trace.Kind = Crash
		return true
	}
	return u.result(l)
}

// heading reads "test_eq (pkg.mod.T.test_eq) (i=2)".
func (u *unittest) heading(l *line, s string) {
	name, rest, _ := strings.Cut(s, " (")
	scope, sub, _ := strings.Cut(rest, ")")
	scope = strings.TrimSuffix(scope, "."+name)
	if sub = strings.TrimSpace(sub); sub != "" {
		name += " " + sub
	}
	u.test = open(l, "unittest", name, scope)
}

// inTest reads a line below the heading of a test.
func (u *unittest) inTest(l *line) bool {
	t := u.test
	t.seen++
	if strings.HasPrefix(l.s, "Ran ") && strings.Contains(l.s, " test") || t.seen > maxItem {
		u.endTest()
		u.ran(l)
		return true
	}
	if len(l.s) >= 70 && strings.Trim(l.s, "-") == "" {
		if t.seen > 2 { // the one that ends the last
			t.stack = true
		}
		return true
	}
	pythonLine(t, l)
	return true
}

// pythonLine reads a line of a traceback: the last frame of the project is the place, what
// stands without white space in front is the error.
func pythonLine(t *item, l *line) bool {
	if strings.HasPrefix(l.s, "Traceback (") || strings.HasPrefix(l.s, "During handling of ") || strings.HasPrefix(l.s, "The above exception ") {
		t.m.reset()
		if !strings.HasPrefix(l.s, "Traceback (") {
			t.File, t.Line = "", 0
		}
		return true
	}
	if rest, ok := strings.CutPrefix(l.s, `  File "`); ok {
		file, pos, _ := strings.Cut(rest, `", line `)
		n, _, ok := number(pos)
		if ok && (!foreignPython(file) || t.File == "") && file != "" {
			t.File, t.Line = keep(file, maxField), n
		}
		return true
	}
	if l.indent() > 0 && t.m.empty() {
		return true
	}
	t.say(l.n, l.s)
	return false
}

// inTrace reads a line of a traceback that is of no test.
func (u *unittest) inTrace(l *line) bool {
	t := u.trace
	t.seen++
	if t.seen > maxItem {
		u.endTrace()
		return false
	}
	if l.s == "" || !t.m.empty() && l.indent() == 0 {
		if t.m.empty() {
			return true
		}
		if strings.HasPrefix(l.s, "During handling of ") || strings.HasPrefix(l.s, "The above exception ") || strings.HasPrefix(l.s, "Traceback (") {
			pythonLine(t, l)
			return true
		}
		if l.s == "" && t.seen < maxItem {
			t.stack = true // another may follow
			return true
		}
		u.endTrace()
		return false
	}
	if t.m.empty() || !t.stack {
		pythonLine(t, l)
	}
	return true
}

func (u *unittest) endTrace() {
	t := u.trace
	u.trace = nil
	if !t.m.empty() {
		t.tell(u.found, trace)
	}
}

// ran reads "Ran 5 tests in 0.1s".
func (u *unittest) ran(l *line) bool {
	rest, ok := strings.CutPrefix(l.s, "Ran ")
	n, rest, num := number(rest)
	if !ok || !num || !strings.HasPrefix(rest, " test") || !strings.Contains(rest, " in ") {
		return false
	}
	u.found.count(n, 0, 0)
	return true
}

// result reads "FAILED (failures=2, errors=1, skipped=1)".
func (u *unittest) result(l *line) bool {
	if u.ran(l) {
		return true
	}
	in, ok := strings.CutPrefix(l.s, "FAILED (")
	if !ok {
		in, ok = strings.CutPrefix(l.s, "OK (")
	}
	if !ok || !strings.HasSuffix(in, ")") || !strings.Contains(in, "=") {
		return false
	}
	for part := range strings.SplitSeq(strings.TrimSuffix(in, ")"), ", ") {
		word, num, _ := strings.Cut(part, "=")
		n, _, _ := number(num)
		switch word {
		case "failures", "errors":
			u.found.count(0, n, 0)
			u.found.counts.Passed = max(u.found.counts.Passed-n, 0)
		case "skipped":
			u.found.count(0, 0, n)
			u.found.counts.Passed = max(u.found.counts.Passed-n, 0)
		}
	}
	return true
}
