package report

import "strings"

// A goPackage is the state of one package's tests.
type goPackage struct {
	found    *found
	scope    string // if it is known before its end
	cur      string // the test whose output the lines are
	last     string // the test that was started last
	buffers  map[string]*goOutput
	failed   []goFailed
	class    map[string]byte // of tests by name: p, f, s; their parents are P
	counts   [3]int
	trace    *goTrace
	race     *goRace
	races    []*goRace
	compiled bool // what comes may be of the compiler
	results  int  // of tests that were told one by one
}

// A goFailed is a test that failed.
type goFailed struct {
	name, scope string
	at          int
	race        *goRace
}

func newGoPackage(f *found) *goPackage {
	return &goPackage{found: f, buffers: make(map[string]*goOutput), class: make(map[string]byte), compiled: true}
}

// line reads one line; test is the test it is known to be of, "" if that is not known.
func (p *goPackage) line(n int, s, test string) bool {
	t := strings.TrimLeft(s, " \t")
	if test != "" {
		p.cur = test
	}
	switch {
	case strings.HasPrefix(t, "=== ") && len(t) == len(s):
		return p.marker(n, t)
	case strings.HasPrefix(t, "--- "):
		if p.result(n, t) {
			return true
		}
	case strings.HasPrefix(s, "FAIL") || strings.HasPrefix(s, "ok  \t") || strings.HasPrefix(s, "?   \t") || s == "PASS":
		if p.ending(n, s) {
			return true
		}
	}
	if p.trace != nil {
		if p.trace.line(n, s) {
			return true
		}
		p.endTrace()
	}
	if p.race != nil {
		if p.race.line(s) {
			return true
		}
		p.endRace()
	}
	switch {
	case strings.HasPrefix(s, "panic: ") || strings.HasPrefix(s, "fatal error: "):
		p.trace = &goTrace{at: n, test: p.cur}
		p.trace.head(s)
		return true
	case s == "WARNING: DATA RACE":
		p.race = &goRace{at: n}
		return true
	case strings.HasPrefix(s, "DONE ") && strings.Contains(s, " test"):
		p.done(s[len("DONE "):])
		return true
	}
	return p.output(n, s, t)
}

// done reads gotestsum's "DONE 13 tests, 1 skipped, 9 failures in 0.1s", which counts where
// the tests were not told one by one.
func (p *goPackage) done(s string) {
	p.flush("")
	if p.results > 0 {
		return
	}
	s, _, _ = strings.Cut(s, " in ")
	all, failed, skipped := 0, 0, 0
	counted(s, func(n int, word string) {
		switch word {
		case "test", "tests":
			all = n
		case "failure", "failures":
			failed = n
		case "skipped":
			skipped = n
		}
	})
	p.found.count(all-failed-skipped, failed-p.found.counts.Failed, skipped)
}

// output keeps a line that a test wrote.
func (p *goPackage) output(n int, s, t string) bool {
	if p.cur == "" {
		return false
	}
	o := p.buffers[p.cur]
	if o == nil {
		if len(p.buffers) >= maxGoBuffers {
			return true
		}
		o = &goOutput{}
		p.buffers[p.cur] = o
	}
	o.line(n, s, t)
	return true
}

// marker reads "=== RUN   TestA" and its like, and gotestsum's headings.
func (p *goPackage) marker(n int, t string) bool {
	word, name, _ := strings.Cut(t[len("=== "):], " ")
	name = strings.TrimSpace(name)
	switch word {
	case "RUN":
		p.last = keep(name, maxField)
		p.cur = p.last
	case "CONT", "NAME":
		p.cur = keep(name, maxField)
	case "PAUSE":
		p.cur = ""
	case "FAIL:": // gotestsum: "=== FAIL: pkg/path TestA/sub (0.00s)"
		scope, test, ok := strings.Cut(name, " ")
		if !ok {
			p.cur = ""
			return true
		}
		if len(p.failed) > 0 && p.failed[len(p.failed)-1].scope != scope {
			p.flush("") // another package may have a test of the same name
		}
		p.cur = keep(cutDuration(" "+test), maxField)
		delete(p.buffers, p.cur)
		if p.cur != "" {
			p.fail(p.cur, keep(scope, maxField), n)
		}
	case "SKIP:", "Failed", "Skipped", "Errors":
		p.cur = ""
	default:
		return false
	}
	p.endTrace()
	p.endRace()
	p.compiled = false
	return true
}

// cutDuration cuts " (0.00s)" off, and gotestsum's " (re-run 1)".
func cutDuration(s string) string {
	if i := strings.LastIndex(s, " ("); i > 0 && strings.HasSuffix(s, ")") {
		s = s[:i]
	}
	return strings.TrimSpace(s)
}

// result reads "--- FAIL: TestA (0.00s)".
func (p *goPackage) result(n int, t string) bool {
	var class byte
	switch {
	case strings.HasPrefix(t, "--- FAIL: "):
		class = 'f'
	case strings.HasPrefix(t, "--- PASS: "):
		class = 'p'
	case strings.HasPrefix(t, "--- SKIP: "):
		class = 's'
	default:
		return false
	}
	if !strings.HasSuffix(t, "s)") {
		return false
	}
	name := keep(cutDuration(t[len("--- FAIL: "):]), maxField)
	if name == "" {
		return false
	}
	p.endTrace()
	p.endRace()
	p.compiled = false
	p.cur = name
	switch class {
	case 'f':
		p.fail(name, "", n)
	case 'p':
		delete(p.buffers, name)
		p.found.passed("go", p.scope, name)
	case 's':
		delete(p.buffers, name)
	}
	p.tally(name, class)
	p.results++
	return true
}

// tally counts the test, and its parents no more.
func (p *goPackage) tally(name string, class byte) {
	if p.class[name] == 'P' {
		return
	}
	index := func(c byte) int { return strings.IndexByte("pfs", c) }
	for parent := name; ; {
		i := strings.LastIndexByte(parent, '/')
		if i < 0 {
			break
		}
		parent = parent[:i]
		old := p.class[parent]
		if old == 'P' {
			break
		}
		if k := index(old); old != 0 && k >= 0 {
			p.counts[k]--
		}
		if len(p.class) < maxGoTests {
			p.class[parent] = 'P'
		}
	}
	if old := p.class[name]; old != 0 {
		if k := index(old); k >= 0 {
			p.counts[k]--
		}
	}
	if len(p.class) < maxGoTests {
		p.class[name] = class
	}
	p.counts[index(class)]++
}

// fail notes a test that failed.
func (p *goPackage) fail(name, scope string, n int) {
	for i := range p.failed {
		f := &p.failed[i]
		if f.name == name && sameScope(f.scope, scope) {
			return
		}
	}
	if len(p.failed) < maxGoTests {
		f := goFailed{name: name, scope: scope, at: n}
		if len(p.races) > 0 {
			f.race = p.races[len(p.races)-1]
		}
		p.failed = append(p.failed, f)
	}
}

// ending reads the lines that end a package: "FAIL", "FAIL\tpkg\t0.1s", "ok  \tpkg\t0.1s".
func (p *goPackage) ending(n int, s string) bool {
	if s == "FAIL" || s == "PASS" {
		p.endTrace()
		p.endRace()
		p.cur = ""
		p.compiled = true
		return true
	}
	if len(s) < 6 || s[4] != '\t' && s[4] != ' ' {
		return false
	}
	scope, rest, ok := strings.Cut(strings.TrimSpace(s[4:]), "\t")
	if !ok {
		var why string
		scope, why, ok = strings.Cut(scope, " ")
		rest, ok = why, ok && strings.HasPrefix(why, "[")
	}
	if !ok || scope == "" || strings.ContainsAny(scope, " :") {
		return false
	}
	scope, bracket, _ := strings.Cut(scope, " ")
	rest = strings.TrimSpace(bracket + rest)
	p.flush(scope)
	if s[0] == 'F' && strings.HasPrefix(rest, "[") {
		why := strings.Trim(rest, "[]")
		p.found.add(step, Failure{Kind: Build, Tool: "go", Scope: scope, Message: why, At: n})
	}
	return true
}

// flush ends the package and tells its failures.
func (p *goPackage) flush(scope string) {
	p.endTrace()
	p.endRace()
	if scope == "" {
		scope = p.scope
	}
	for i := range p.failed {
		p.pass(&p.failed[i])
	}
	for i := range p.failed {
		f := &p.failed[i]
		if p.hasFailedChild(f) {
			continue
		}
		p.tell(f, scope)
	}
	for _, r := range p.races {
		if !r.told {
			p.found.add(sure, r.failure("", scope))
		}
	}
	p.found.count(p.counts[0], p.counts[1], p.counts[2])
	*p = goPackage{found: p.found, scope: p.scope, results: p.results, buffers: make(map[string]*goOutput), class: make(map[string]byte), compiled: true}
}

// pass gives the panic of a parent to the test in it that panicked, for which some runners
// show nothing.
func (p *goPackage) pass(f *goFailed) {
	o := p.buffers[f.name]
	if o == nil || o.panic == nil {
		return
	}
	for i := range p.failed {
		g := &p.failed[i]
		if strings.HasPrefix(g.name, f.name+"/") && p.buffers[g.name].silent() && sameScope(f.scope, g.scope) {
			p.buffers[g.name] = o
		}
	}
}

func (p *goPackage) hasFailedChild(f *goFailed) bool {
	for i := range p.failed {
		g := &p.failed[i]
		if len(g.name) > len(f.name) && g.name[len(f.name)] == '/' && strings.HasPrefix(g.name, f.name) && sameScope(f.scope, g.scope) {
			return true
		}
	}
	return false
}

// tell adds the failure of one test.
func (p *goPackage) tell(f *goFailed, scope string) {
	out := Failure{Kind: Test, Tool: "go", Name: f.name, Scope: cmpOr(f.scope, scope), At: f.at}
	if o := p.buffers[f.name]; o != nil {
		o.fill(&out)
	}
	if f.race != nil && (out.Message == "" || strings.Contains(out.Message, "race detected")) {
		f.race.told = true
		out = f.race.failure(f.name, out.Scope)
	}
	p.found.add(sure, out)
}

// cmpOr returns the scope that a summary gave, if it says more than ".".
func cmpOr(own, whole string) string {
	if own == "" || own == "." && whole != "" {
		return whole
	}
	return own
}
