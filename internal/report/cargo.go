package report

import "strings"

// A cargo reads rustc's errors and what `cargo test` says of tests that failed. Ruff's long
// form has the same arrow below its messages.
type cargo struct {
	found *found
	err   *item // an error whose place comes below
	test  *item
}

func (c *cargo) end() {
	c.endError()
	c.endTest()
}

func (c *cargo) endError() {
	if c.err != nil && c.err.File != "" {
		c.err.tell(c.found, sure)
	}
	c.err = nil
}

func (c *cargo) endTest() {
	if c.test != nil {
		c.test.tell(c.found, sure)
		c.test = nil
	}
}

func (c *cargo) line(l *line) bool {
	if c.err != nil {
		if c.place(l) {
			return true
		}
	}
	if name, ok := strings.CutPrefix(l.s, "---- "); ok && strings.HasSuffix(name, " ----") {
		c.endTest()
		name = strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(name, " ----"), " stdout"), " stderr")
		c.test = open(l, "cargo", name, "")
		return true
	}
	if c.test != nil && c.inTest(l) {
		return true
	}
	switch {
	case strings.HasPrefix(l.s, "error[E") || strings.HasPrefix(l.s, "error: "):
		return c.error(l)
	case strings.HasPrefix(l.s, "test ") && strings.HasSuffix(l.s, " ... ok"):
		c.found.passed("cargo", "", strings.TrimSuffix(l.s[5:], " ... ok"))
		return true
	case strings.HasPrefix(l.s, "test ") && strings.HasSuffix(l.s, " ... FAILED"):
		name := strings.TrimSuffix(strings.TrimSuffix(l.s[5:], " ... FAILED"), " - should panic")
		c.found.add(sure, Failure{Kind: Test, Tool: "cargo", Name: name, At: l.n})
		return true
	case strings.HasPrefix(l.s, "test result: "):
		_, rest, _ := strings.Cut(l.s, ". ")
		counted(rest, func(n int, word string) {
			switch word {
			case "passed":
				c.found.count(n, 0, 0)
			case "failed":
				c.found.count(0, n, 0)
			case "ignored":
				c.found.count(0, 0, n)
			}
		})
		return true
	}
	if word, msg, ok := strings.Cut(l.s, " "); ok && isCode(word) {
		c.endError()
		c.err = open(l, "ruff", word, "")
		c.err.Kind = Finding
		c.err.say(l.n, strings.TrimPrefix(msg, "[*] "))
	}
	return false
}

// error reads the first line of an error.
func (c *cargo) error(l *line) bool {
	head, msg, ok := strings.Cut(l.s, ": ")
	if !ok {
		return false
	}
	c.endError()
	for _, start := range []string{"could not compile ", "aborting due to ", "test failed, ", "build failed", "doctest failed"} {
		if strings.HasPrefix(msg, start) {
			return true
		}
	}
	code, _ := between(head, "[", "]")
	c.err = open(l, "rustc", code, "")
	c.err.Kind = Build
	c.err.say(l.n, msg)
	return code != ""
}

// place reads the arrow below an error, and the labels below the code.
func (c *cargo) place(l *line) bool {
	c.err.seen++
	if c.err.seen > 40 {
		c.endError()
		return false
	}
	if rest, ok := strings.CutPrefix(l.t, "--> "); ok && c.err.File == "" {
		p, _, ok := placed(rest)
		if !ok {
			c.err = nil
			return false
		}
		c.err.File, c.err.Line, c.err.Column = keep(p.file, maxField), p.line, p.col
		return true
	}
	if c.err.File == "" {
		if c.err.seen > 3 {
			c.err = nil
		}
		return false
	}
	if l.t == "" {
		c.endError()
		return true
	}
	if _, label, ok := strings.Cut(l.s, "|"); ok && l.indent() > 0 || ok && len(l.s) > 0 && isDigit(l.s[0]) {
		if i := strings.LastIndex(label, "^ "); i >= 0 && strings.Trim(label[:i], " |^-_") == "" {
			c.err.say(l.n+1, label[i+2:])
			c.err.At = c.err.began
		}
		return true
	}
	return l.indent() > 0 || strings.HasPrefix(l.t, "...")
}

// inTest reads a line of what a test wrote.
func (c *cargo) inTest(l *line) bool {
	c.test.seen++
	switch {
	case l.s == "failures:" || strings.HasPrefix(l.s, "test result: ") || c.test.seen > maxItem:
		c.endTest()
		return l.s == "failures:"
	case strings.HasPrefix(l.s, "thread '") && strings.Contains(l.s, " panicked at "):
		_, where, _ := strings.Cut(l.s, " panicked at ")
		c.test.m.reset()
		c.test.stack = false
		if msg, old := strings.CutPrefix(where, "'"); old { // before Rust 1.73: 'message', src/lib.rs:3:5
			if i := strings.LastIndex(msg, "', "); i >= 0 {
				where = msg[i+3:]
				c.test.say(l.n, msg[:i])
			}
		}
		if p, _, ok := placed(where); ok {
			c.test.File, c.test.Line, c.test.Column = keep(p.file, maxField), p.line, p.col
		}
	case strings.HasPrefix(l.s, "note: run with ") || l.s == "stack backtrace:":
		c.test.stack = true
	default:
		c.test.say(l.n, strings.TrimPrefix(l.s, "note: "))
	}
	return true
}
