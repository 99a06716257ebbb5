package report

import "strings"

// A goTrace is a panic or a fatal error of Go with the trace of the first goroutine.
type goTrace struct {
	at      int
	test    string // whose output it interrupts
	msg     block
	lines   int
	running []string // tests, if the time is over
	timeout bool
	frames  bool // the first goroutine's frames have begun
	over    bool // and ended
	fn      string
	place   place
	named   string // the test that a frame names
	pkg     string
}

// maxTrace is how many lines a trace has at most before it is taken for something else.
const maxTrace = 20_000

// head reads the first line.
func (t *goTrace) head(s string) {
	msg := strings.TrimPrefix(s, "panic: ")
	for _, again := range []string{" [recovered]", " [recovered, repanicked]"} {
		msg = strings.TrimSuffix(msg, again)
	}
	t.timeout = strings.HasPrefix(msg, "test timed out after ")
	if !t.timeout && !strings.HasPrefix(msg, "fatal error: ") {
		msg = "panic: " + msg
	}
	t.msg.add(msg)
}

// line reads a further line of the trace and reports whether it is one.
func (t *goTrace) line(n int, s string) bool {
	t.lines++
	if t.lines > maxTrace || n-t.at > maxTrace {
		return false
	}
	if strings.HasPrefix(s, "goroutine ") && strings.HasSuffix(s, ":") {
		if t.frames {
			t.over = true
		}
		t.frames = true
		return true
	}
	if !t.frames {
		t.before(s)
		return true
	}
	if s == "" {
		t.over = t.over || t.fn != "" || t.place.file != ""
		t.fn = ""
		return true
	}
	t.frame(s)
	return true
}

// before reads the lines between the panic and the first goroutine.
func (t *goTrace) before(s string) {
	trimmed := strings.TrimSpace(s)
	switch {
	case trimmed == "running tests:" || trimmed == "":
	case t.timeout && strings.HasPrefix(trimmed, "Test") || t.timeout && strings.HasPrefix(trimmed, "Fuzz"):
		if len(t.running) < 50 {
			t.running = append(t.running, keep(cutDuration(trimmed), maxField))
		}
	case strings.HasPrefix(trimmed, "panic: "):
		// the same again, or a second one while the first was on its way
	default:
		if t.msg.lines < 20 {
			t.msg.add(s)
		}
	}
}

// frame reads a line of a goroutine: a function, or the place where it stands.
func (t *goTrace) frame(s string) {
	trimmed := strings.TrimSpace(s)
	if !strings.HasPrefix(s, "\t") && !strings.HasPrefix(s, "  ") {
		t.fn = strings.TrimPrefix(trimmed, "created by ")
		if name := testOf(t.fn); name != "" && t.named == "" {
			t.named = name
			t.pkg = packageOf(t.fn)
		}
		return
	}
	p, _, ok := placed(trimmed)
	if !ok || t.place.file != "" && t.place.file != "?" || standard(t.fn, p.file) || t.over {
		return
	}
	p.col = 0
	t.place = p
	if t.pkg == "" {
		t.pkg = packageOf(t.fn)
	}
}

// fill writes place and message.
func (t *goTrace) fill(f *Failure) {
	f.File, f.Line = t.place.file, t.place.line
	f.Message, f.At = t.msg.String(), t.at
}

// testOf returns the name of the test that a function of a trace is of: "m/pkg.TestA.func1".
func testOf(fn string) string {
	_, after, ok := strings.Cut(fn[strings.LastIndexByte(beforeArgs(fn), '/')+1:], ".")
	if !ok {
		return ""
	}
	end := strings.IndexAny(after, ".( ")
	if end >= 0 {
		after = after[:end]
	}
	if (strings.HasPrefix(after, "Test") || strings.HasPrefix(after, "Fuzz")) && len(after) > 4 && !isLower(after[4]) {
		return keep(after, maxField)
	}
	return ""
}

// beforeArgs cuts the arguments off a function of a trace.
func beforeArgs(fn string) string {
	if i := strings.IndexByte(fn, '('); i > 0 && !strings.HasPrefix(fn[i:], "(*") {
		fn = fn[:i]
	}
	return fn
}

// packageOf returns the import path of a function of a trace.
func packageOf(fn string) string {
	fn = beforeArgs(fn)
	slash := strings.LastIndexByte(fn, '/')
	if i := strings.IndexByte(fn[slash+1:], '.'); i >= 0 {
		return keep(fn[:slash+1+i], maxField)
	}
	return ""
}

// standard reports whether the function in the file is of Go's own library, or of a module
// that is not the project.
func standard(fn, file string) bool {
	file = strings.ReplaceAll(file, `\`, "/")
	if strings.HasPrefix(fn, "panic(") || fn == "" || strings.Contains(file, "/pkg/mod/") || strings.Contains(file, "/vendor/") {
		return true
	}
	if fn == "main.main()" {
		return strings.HasPrefix(file, "_testmain")
	}
	pkg := packageOf(fn)
	dir, _, _ := cutLast(file, "/")
	return strings.HasSuffix(dir, "/src/"+pkg) && !strings.Contains(strings.SplitN(pkg, "/", 2)[0], ".")
}

// cutLast cuts s at the last sep.
func cutLast(s, sep string) (before, after string, ok bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// endTrace gives the panic to the test that it is of.
func (p *goPackage) endTrace() {
	t := p.trace
	if t == nil {
		return
	}
	p.trace = nil
	if t.timeout {
		if len(t.running) == 0 && t.test != "" {
			t.running = []string{t.test}
		}
		for _, name := range t.running {
			p.fail(name, "", t.at)
			p.panicked(name, t)
			p.tally(name, 'f')
		}
		if len(t.running) > 0 {
			return
		}
	}
	name := t.test
	if name == "" || t.named != "" && !strings.HasPrefix(name+"/", t.named+"/") {
		name = t.named
	}
	if name == "" {
		f := Failure{Kind: Crash, Tool: "go", Scope: t.pkg}
		t.fill(&f)
		p.found.add(trace, f)
		return
	}
	if p.class[name] == 0 {
		p.tally(name, 'f')
	}
	p.fail(name, "", t.at)
	p.panicked(name, t)
}

// panicked keeps the panic as what the test says.
func (p *goPackage) panicked(name string, t *goTrace) {
	o := p.buffers[name]
	if o == nil {
		o = &goOutput{}
		p.buffers[name] = o
	}
	o.panic = t
}

// A goRace is a report of the race detector.
type goRace struct {
	at    int
	lines int
	what  string // of the access whose frames come
	fn    string
	msg   block
	place place
	told  bool
}

// line reads a line of the report and reports whether it is one.
func (r *goRace) line(s string) bool {
	r.lines++
	if strings.HasPrefix(s, "=====") || r.lines > 500 {
		return false
	}
	if s == "" {
		return true
	}
	if !strings.HasPrefix(s, " ") {
		what, _, ok := strings.Cut(s, " at 0x")
		r.what = ""
		if ok {
			r.what = strings.ToLower(keep(what, 80))
		}
		return true
	}
	if !strings.HasPrefix(s, "      ") {
		r.fn = strings.TrimSpace(s)
		return true
	}
	p, _, ok := placed(strings.TrimSpace(s))
	if !ok || r.what == "" || standard(r.fn, p.file) {
		return true
	}
	if r.place.file == "" {
		r.place = place{file: p.file, line: p.line}
		r.msg.add("data race")
	}
	r.msg.add(r.what + " at " + p.file + ":" + digits(p.line) + " in " + keep(r.fn, 200))
	r.what = ""
	return true
}

// failure returns the race as a failure of the test, or a crash if there is none.
func (r *goRace) failure(test, scope string) Failure {
	f := Failure{Kind: Test, Tool: "go", Name: test, Scope: scope, Message: r.msg.String(), At: r.at, File: r.place.file, Line: r.place.line}
	if test == "" {
		f.Kind = Crash
	}
	if f.Message == "" {
		f.Message = "data race"
	}
	return f
}

// endRace keeps the report for the test that fails next.
func (p *goPackage) endRace() {
	if p.race != nil {
		if len(p.races) < 50 {
			p.races = append(p.races, p.race)
		}
		p.race = nil
	}
}
