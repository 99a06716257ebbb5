package report

import "strings"

// A java reads what Maven's Surefire and Failsafe and Gradle say of tests, and the traces of
// the JVM that are of no test.
type java struct {
	found *found
	cur   *item
	rank  rank
	class string // whose tests Surefire tells of
}

func (j *java) end() {
	if j.cur != nil {
		j.cur.tell(j.found, j.rank)
		j.cur = nil
	}
}

func (j *java) start(l *line, r rank, tool, name, scope string) bool {
	j.end()
	j.cur, j.rank = open(l, tool, name, scope), r
	return true
}

func (j *java) line(l *line) bool {
	if strings.Contains(l.t, "Tests run: ") {
		return j.counts(l)
	}
	if head, ok := cutAny(l.t, " <<< FAILURE!", " <<< ERROR!"); ok {
		return j.surefire(l, head)
	}
	if head, ok := strings.CutSuffix(l.s, " FAILED"); ok && l.indent() == 0 {
		if class, test, ok := strings.Cut(head, " > "); ok && !strings.Contains(class, " ") && strings.ContainsAny(class[:1], "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") {
			return j.start(l, sure, "gradle", strings.TrimSuffix(test, "()"), class)
		}
	}
	if rest, ok := strings.CutPrefix(l.s, "Exception in thread "); ok {
		j.start(l, trace, "java", "", "")
		j.cur.Kind = Crash
		_, msg, _ := strings.Cut(strings.TrimPrefix(rest, `"`), `" `)
		j.cur.say(l.n, msg)
		return true
	}
	if n, rest, ok := number(l.t); ok && strings.HasPrefix(rest, " tests completed, ") {
		j.end()
		failed, skipped := 0, 0
		counted(rest, func(k int, word string) {
			switch word {
			case "failed":
				failed = k
			case "skipped":
				skipped = k
			}
		})
		j.found.count(n-failed-skipped, failed, skipped)
		return true
	}
	if j.cur == nil {
		return false
	}
	return j.inside(l)
}

// cutAny cuts the first of the endings that s has.
func cutAny(s string, endings ...string) (string, bool) {
	for _, e := range endings {
		if before, ok := strings.CutSuffix(s, e); ok {
			return before, true
		}
	}
	return s, false
}

// surefire reads "com.acme.FooTest.adds -- Time elapsed: 0.01 s" and the older
// "adds(com.acme.FooTest)  Time elapsed: 0.01 sec" and "adds  Time elapsed: 0.01 s".
func (j *java) surefire(l *line, head string) bool {
	name, _, ok := strings.Cut(head, "Time elapsed:")
	if !ok {
		return false
	}
	name = strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(name), "--"))
	if test, class, ok := strings.Cut(name, "("); ok && strings.HasSuffix(class, ")") && len(class) > 1 {
		return j.start(l, sure, "surefire", test, strings.TrimSuffix(class, ")"))
	}
	name, params, _ := strings.Cut(name, "(")
	class, test, ok := cutLast(name, ".")
	switch {
	case name == j.class: // what is done before all tests
		class, test = name, name
	case !ok && j.class != "": // with JUnit 5, version 2 says no more
		class, test = j.class, name
	case !ok:
		class, test = name, name
	}
	if params != "" && params != ")" {
		test += "(" + params
	}
	return j.start(l, sure, "surefire", test, class)
}

// counts reads "Tests run: 3, Failures: 1, Errors: 0, Skipped: 0", the sum of a module.
func (j *java) counts(l *line) bool {
	j.end()
	_, rest, _ := strings.Cut(l.t, "Tests run: ")
	if strings.Contains(rest, "Time elapsed") { // of one class: "… <<< FAILURE! - in com.acme.FooTest"
		if _, class, ok := cutLast(rest, " in "); ok {
			j.class = keep(class, maxField)
		}
		return true
	}
	run, rest, ok := number(rest)
	if !ok {
		return false
	}
	bad, skipped := 0, 0
	for part := range strings.SplitSeq(rest, ", ") {
		word, num, _ := strings.Cut(part, ": ")
		n, _, _ := number(num)
		switch word {
		case "Failures", "Errors":
			bad += n
		case "Skipped":
			skipped = n
		}
	}
	j.found.count(run-bad-skipped, bad, skipped)
	return true
}

// inside reads the message and the trace. The cause that comes last is the one that counts.
func (j *java) inside(l *line) bool {
	c := j.cur
	c.seen++
	if c.seen > maxItem {
		j.end()
		return false
	}
	if frame, ok := strings.CutPrefix(l.t, "at "); ok && l.indent() > 0 || strings.HasPrefix(l.t, "at ") && strings.HasSuffix(l.t, ")") {
		c.stack = true
		j.frame(frame)
		return true
	}
	if cause, ok := strings.CutPrefix(l.t, "Caused by: "); ok {
		c.stack = false
		if c.m.lines < 6 {
			c.m.add("Caused by: " + cause)
		}
		if c.Kind == Crash {
			c.File, c.Line = "", 0
		}
		c.stack = true
		return true
	}
	if strings.HasPrefix(l.t, "... ") && strings.HasSuffix(l.t, " more") || strings.HasPrefix(l.t, "Suppressed: ") {
		return true
	}
	if c.stack || l.t == "" {
		if l.t == "" && (c.m.empty() || c.Tool == "gradle" && !c.stack) {
			return true
		}
		j.end()
		return false
	}
	if msg, at, ok := cutLast(l.t, " at "); ok && c.Tool == "gradle" { // "java.lang.X at FooTest.java:12"
		if p, _, ok := placed(at); ok {
			c.say(l.n, msg)
			c.at(p)
			return true
		}
	}
	c.say(l.n, l.t)
	return true
}

// frame takes the first frame of the project: "com.acme.FooTest.adds(FooTest.java:12)".
func (j *java) frame(s string) {
	c := j.cur
	if method, _, ok := strings.Cut(s, "("); ok && c.Tool == "surefire" { // of a class within that of the tests
		if class, name, ok := cutLast(method, "."); ok && name == c.Name && strings.HasPrefix(class, c.Scope+"$") {
			c.Scope = keep(class, maxField)
		}
	}
	if c.File != "" {
		return
	}
	if i := strings.LastIndexByte(s, '/'); i >= 0 && strings.IndexByte(s, '(') > i { // "java.base/", "app//"
		if strings.HasPrefix(s, "java.") || strings.HasPrefix(s, "jdk.") {
			return
		}
		s = s[i+1:]
	}
	for _, lib := range []string{"java.", "javax.", "jdk.", "sun.", "org.junit.", "junit.", "org.opentest4j.", "org.testng.", "org.assertj.", "org.hamcrest.", "org.mockito.", "org.gradle.", "org.apache.maven.", "org.springframework.", "kotlin.", "scala.", "com.google.common.truth."} {
		if strings.HasPrefix(s, lib) {
			return
		}
	}
	in, ok := between(s, "(", ")")
	if !ok {
		return
	}
	if p, _, ok := placed(in); ok {
		c.at(p)
		if c.Scope == "" {
			if class, _, ok := cutLast(s[:strings.IndexByte(s, '(')], "."); ok {
				c.Scope = keep(class, maxField)
			}
		}
	}
}
