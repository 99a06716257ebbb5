package report

import "strings"

// An others reads the lists of failures that dotnet test, RSpec and PHPUnit write: a number
// or a word, the test's name, the message, the place.
type others struct {
	found *found
	cur   *item
	list  string // of which tool the numbered list is: "rspec", "phpunit"
}

func (o *others) end() {
	if o.cur != nil {
		o.cur.tell(o.found, sure)
		o.cur = nil
	}
}

func (o *others) line(l *line) bool {
	s := l.s
	switch {
	case strings.HasPrefix(s, "An error occurred while loading ") && strings.HasSuffix(s, "."): // of RSpec
		o.end()
		o.cur = open(l, "rspec", strings.TrimSuffix(s[len("An error occurred while loading "):], "."), "")
		o.cur.Kind = Build
		return true
	case strings.HasPrefix(s, " \u2718 ") && len(s) < maxField: // PHPUnit with --testdox
		o.end()
		o.cur = open(l, "phpunit", s[len(" \u2718 "):], "")
		return true
	case s == "Failures:":
		o.end()
		o.list = "rspec"
		return true
	case strings.HasPrefix(s, "There w") && (strings.HasSuffix(s, " failure:") || strings.HasSuffix(s, " failures:") || strings.HasSuffix(s, " error:") || strings.HasSuffix(s, " errors:")):
		o.end()
		o.list = "phpunit"
		return true
	case strings.HasPrefix(s, "  Failed ") && strings.HasSuffix(s, "]"):
		o.end()
		name, _, _ := cutLast(strings.TrimSpace(s[len("  Failed "):]), " [")
		class, _, _ := strings.Cut(name, "(")
		scope, _, _ := cutLast(class, ".")
		o.cur = open(l, "dotnet", name, scope)
		return true
	case o.total(s):
		o.end()
		o.list = ""
		return true
	}
	if o.list != "" && o.heading(l) {
		return true
	}
	if o.cur == nil {
		return false
	}
	return o.inside(l)
}

// heading reads "  1) Foo adds" and "1) Ns\FooTest::testAdds".
func (o *others) heading(l *line) bool {
	n, rest, ok := number(l.t)
	name, ok2 := strings.CutPrefix(rest, ") ")
	if !ok || !ok2 || n == 0 || (o.list == "rspec") != (l.indent() == 2) || o.list == "phpunit" && !strings.Contains(name, "::") {
		return false
	}
	o.end()
	scope := ""
	if class, _, ok := strings.Cut(name, "::"); ok && o.list == "phpunit" {
		scope = class
	}
	o.cur = open(l, o.list, name, scope)
	return true
}

// inside reads the lines of a failure.
func (o *others) inside(l *line) bool {
	c := o.cur
	c.seen++
	if c.seen > maxItem {
		o.end()
		return false
	}
	switch c.Tool {
	case "dotnet":
		return o.dotnet(l)
	case "rspec":
		if rest, ok := strings.CutPrefix(l.t, "# "); ok {
			if p, _, ok := placed(rest); ok {
				c.at(p)
			}
			c.stack = true
			return true
		}
		if c.Kind == Build {
			return o.loading(l)
		}
		if l.t != "" && l.indent() < 4 {
			o.end()
			return false
		}
		c.say(l.n, strings.TrimPrefix(l.s, "     Failure/Error: "))
	case "phpunit":
		if o.list == "" {
			return o.testdox(l)
		}
		if l.t == "--" || l.t == "FAILURES!" || l.t == "ERRORS!" {
			o.end()
			return true
		}
		if p, rest, ok := placed(l.t); ok && rest == "" && extension(p.file) == "php" {
			c.at(p)
			c.stack = true
			return true
		}
		c.say(l.n, l.s)
	}
	return true
}

// loading reads why RSpec could not load a file.
func (o *others) loading(l *line) bool {
	switch c := o.cur; {
	case l.t == "" && c.stack, strings.HasPrefix(l.t, "Finished in "):
		o.end()
		return false
	case strings.HasPrefix(l.s, "Failure/Error: "): // code, which may be RSpec's own
	default:
		said := l.t
		if p, rest, ok := placed(said); ok && !foreignFile(p.file) { // of a syntax error
			c.at(p)
			said = strings.TrimSpace(rest)
		}
		c.say(l.n, said)
	}
	return true
}

// testdox reads the lines behind a bar, with the place at their end.
func (o *others) testdox(l *line) bool {
	rest, ok := strings.CutPrefix(l.t, "\u2502")
	if !ok {
		o.end()
		return false
	}
	rest = strings.TrimPrefix(rest, " ")
	if p, after, ok := placed(strings.TrimSpace(rest)); ok && after == "" && extension(p.file) == "php" {
		o.cur.at(p)
		o.cur.stack = true
		return true
	}
	o.cur.say(l.n, rest)
	return true
}

// dotnet reads the labelled parts of a failure.
func (o *others) dotnet(l *line) bool {
	c := o.cur
	switch l.t {
	case "Error Message:":
		return true
	case "Stack Trace:", "Standard Output Messages:", "Standard Error Messages:":
		c.stack = true
		return true
	}
	if c.stack && l.t != "" && l.indent() < 2 {
		o.end()
		return false
	}
	if _, in, ok := cutLast(l.t, " in "); ok && c.stack && strings.HasPrefix(l.t, "at ") {
		if file, pos, ok := cutLast(in, ":line "); ok {
			n, _, _ := number(pos)
			c.at(place{file: file, line: n})
		}
		return true
	}
	c.say(l.n, l.s)
	return true
}

// total reads the line that ends the run: "3 examples, 1 failure, 1 pending", "Tests: 3,
// Assertions: 3, Failures: 1." and "Failed!  - Failed:     1, Passed:     2, Skipped:     0".
func (o *others) total(s string) bool {
	rest, dotnet := strings.CutPrefix(s, "Failed!  - ")
	if !dotnet {
		rest, dotnet = strings.CutPrefix(s, "Passed!  - ")
	}
	if dotnet || strings.HasPrefix(s, "Tests: ") && strings.Contains(s, ", Assertions: ") {
		if !dotnet {
			rest = strings.TrimSuffix(s, ".")
		}
		var tests, passed, bad, skipped int
		for part := range strings.SplitSeq(rest, ", ") {
			word, num, _ := strings.Cut(part, ":")
			n, _, _ := number(strings.TrimSpace(num))
			switch strings.TrimSpace(word) {
			case "Tests":
				tests = n
			case "Passed":
				passed = n
			case "Failed", "Failures", "Errors":
				bad += n
			case "Skipped", "Incomplete":
				skipped += n
			}
		}
		if !dotnet {
			passed = tests - bad - skipped
		}
		o.found.count(passed, bad, skipped)
		return true
	}
	n, rest, ok := number(s)
	if !ok || !strings.HasPrefix(rest, " example") || !strings.Contains(rest, " failure") {
		return false
	}
	bad, skipped, broken := 0, 0, 0
	counted(rest, func(k int, word string) {
		switch word {
		case "failure", "failures":
			bad = k
		case "pending":
			skipped = k
		case "error", "errors": // outside of examples
			broken = k
		}
	})
	o.found.count(n-bad-skipped, bad+broken, skipped)
	return true
}
