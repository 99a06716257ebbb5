package report

import "strings"

// A pytest reads pytest's output: the sections of failures and errors, and the summary.
type pytest struct {
	found   *found
	section string // "FAILURES", "ERRORS", "short test summary info", "" outside
	began   int
	test    string // heading of the block that is read
	at      int
	e       block // its "E   " lines
	eAt     int
	place   place
	error   string // "AssertionError" of the place's line
	last    string // the last line of code, for a failure without E lines
	told    []pytestFailure
	live    bool // pytest's header was seen
	counted bool
	places  []place // of failures that are told in one line, in their order
	errors  []string
}

// A pytestFailure is one block of the sections; the summary has its whole name.
type pytestFailure struct {
	Failure
	heading string
	named   bool
}

func newPytest(f *found) *pytest { return &pytest{found: f} }

// maxSection is how many lines a section of failures has at most.
const maxSection = 50_000

func (p *pytest) end() {
	p.endBlock()
	for _, f := range p.told {
		p.found.add(sure, f.Failure)
	}
	p.told = nil
	p.section = ""
}

func (p *pytest) line(l *line) bool {
	if title, ok := ruled(l.s, '='); ok {
		return p.rule(l, title)
	}
	switch p.section {
	case "FAILURES", "ERRORS":
		if l.n-p.began > maxSection {
			p.end()
			return false
		}
		p.inBlock(l)
		return true
	case "short test summary info":
		if len(l.s) > 0 && isDigit(l.s[0]) && p.counts(l.s) {
			p.end()
			return true
		}
		return p.summary(l)
	}
	return p.progress(l)
}

// ruled returns the title of a line such as "=== title ===".
func ruled(s string, c byte) (string, bool) {
	if len(s) < 8 || s[0] != c || s[1] != c || s[len(s)-1] != c {
		return "", false
	}
	title := strings.Trim(s, string(c))
	if len(title) < 3 || title[0] != ' ' || title[len(title)-1] != ' ' {
		return "", false
	}
	return strings.TrimSpace(title), true
}

// rule reads a line of "=".
func (p *pytest) rule(l *line, title string) bool {
	switch {
	case title == "test session starts":
		p.end()
		p.live, p.counted = true, false
		p.places, p.errors = nil, nil
		return true
	case title == "FAILURES" || title == "ERRORS":
		p.endBlock()
		p.section, p.began = title, l.n
		return true
	case title == "short test summary info":
		p.endBlock()
		p.section = title
		return true
	case p.counts(title):
		p.end()
		p.live = false
		return true
	case p.section != "" || p.live:
		p.endBlock()
		p.section = ""
		return true
	}
	return false
}

// counts reads "1 failed, 2 passed, 1 skipped in 0.10s".
func (p *pytest) counts(title string) bool {
	results, _, ok := strings.Cut(title, " in ")
	if !ok {
		return false
	}
	var passed, failed, skipped int
	for part := range strings.SplitSeq(results, ", ") {
		n, word, ok := number(part)
		if !ok {
			return results == "no tests ran"
		}
		switch strings.TrimSpace(word) {
		case "passed", "xpassed":
			passed += n
		case "failed", "error", "errors":
			failed += n
		case "skipped", "xfailed", "deselected":
			skipped += n
		}
	}
	if !p.counted {
		p.found.count(passed, failed, skipped)
	}
	p.counted = true
	return true
}

// inBlock reads a line of a section of failures.
func (p *pytest) inBlock(l *line) {
	if title, ok := ruled(l.s, '_'); ok {
		if title != "" && title != "_" && strings.Trim(title, "_ ") != "" {
			p.endBlock()
			p.test, p.at = keep(title, maxField), l.n
		}
		return
	}
	if p.test == "" {
		if pl, rest, ok := placed(l.s); ok && len(p.places) < MaxFailures {
			pl.file = keep(pl.file, maxField)
			p.places, p.errors = append(p.places, pl), append(p.errors, keep(strings.TrimSpace(rest), maxField))
		}
		return
	}
	if rest, ok := strings.CutPrefix(l.s, "E "); ok || l.s == "E" {
		if p.e.empty() {
			p.eAt = l.n
		}
		p.e.add(strings.TrimPrefix(rest, "  "))
		return
	}
	if strings.HasPrefix(l.s, "> ") {
		p.last = keep(strings.TrimSpace(l.s[2:]), MaxMessage)
		return
	}
	if l.indent() == 0 {
		if pl, rest, ok := placed(l.s); ok && (extension(pl.file) == "py" || p.place.file == "") {
			rest = strings.TrimSpace(rest)
			if !foreignPython(pl.file) || p.place.file == "" {
				if p.error == "" || p.place.file == "" || !foreignPython(pl.file) {
					p.place = place{file: keep(pl.file, maxField), line: pl.line}
				}
			}
			if rest != "" {
				p.error = keep(strings.TrimPrefix(rest, "in "), maxField)
			}
		}
	}
}

// foreignPython reports whether the file belongs to a library.
func foreignPython(file string) bool {
	return strings.Contains(file, "site-packages/") || strings.Contains(file, "dist-packages/") || strings.Contains(file, "/lib/python") || strings.HasPrefix(file, "<") ||
		strings.Contains(file, `\site-packages\`) || strings.Contains(file, `\Lib\`)
}

// endBlock keeps the failure that was read.
func (p *pytest) endBlock() {
	if p.test == "" {
		return
	}
	f := pytestFailure{heading: p.test}
	f.Kind, f.Tool, f.At = Test, "pytest", p.at
	f.Name = p.test
	f.File, f.Line = p.place.file, p.place.line
	f.Message = strings.Join(dedent(strings.Split(p.e.String(), "\n")), "\n")
	if !p.e.empty() {
		f.At = p.eAt
	} else if p.error != "" {
		f.Message = p.error
		if p.last != "" {
			f.Message += ": " + p.last
		}
	}
	if when, name, ok := strings.Cut(p.test, " of "); ok && strings.HasPrefix(when, "ERROR at ") {
		f.heading, f.Name = name, name
		f.Message = strings.ToLower(when[len("ERROR at "):]) + ": " + f.Message
	} else if name, ok := strings.CutPrefix(p.test, "ERROR collecting "); ok {
		f.heading, f.Name = name, name
		f.Kind = Build
		if f.File == "" {
			f.File = name
		}
	}
	if f.File != "" && f.Kind == Test && !foreignPython(f.File) && extension(f.File) == "py" {
		f.Scope = f.File
	}
	p.test, p.at, p.eAt, p.place, p.error, p.last = "", 0, 0, place{}, "", ""
	p.e.reset()
	if len(p.told) < MaxFailures*2 {
		p.told = append(p.told, f)
	}
}

// summary reads "FAILED a/test_x.py::TestC::test_y[1] - AssertionError: …".
func (p *pytest) summary(l *line) bool {
	word, rest, ok := strings.Cut(l.s, " ")
	if !ok || word != "FAILED" && word != "ERROR" && word != "SUBFAIL" {
		if l.s == "" || word == "SKIPPED" || word == "XFAIL" || word == "XPASS" || word == "PASSED" || word == "SUBPASS" {
			return true
		}
		return strings.HasPrefix(l.s, " ") || strings.HasPrefix(l.s, "!!!")
	}
	id, msg, _ := strings.Cut(rest, " - ")
	p.name(l.n, word, strings.TrimSpace(id), msg)
	return true
}

// name gives the failure of a block its whole name, or adds one that had no block.
func (p *pytest) name(n int, word, id, msg string) {
	file, test, _ := strings.Cut(id, "::")
	heading := strings.ReplaceAll(test, "::", ".")
	for i := range p.told {
		f := &p.told[i]
		if f.named || f.heading != heading && !(test == "" && f.heading == file) {
			continue
		}
		if f.Scope != "" && f.Scope != file && test != "" && p.other(i, heading, file) {
			continue
		}
		f.named = true
		f.Name = keep(id, maxField)
		f.Scope = ""
		if f.File == "" {
			f.File = keep(file, maxField)
		}
		if f.Message == "" {
			f.Message = keep(msg, MaxMessage)
		}
		return
	}
	f := Failure{Kind: Test, Tool: "pytest", Name: id, File: file, Message: msg, At: n}
	if test == "" && word == "ERROR" {
		f.Kind = Build
	}
	bound(&f)
	for i := range p.places { // with --tb=line the place stands apart
		if p.errors[i] == f.Message && strings.HasSuffix(p.places[i].file, f.File) {
			f.Line = p.places[i].line
			p.errors[i] = "\x00"
			break
		}
	}
	if len(p.told) < MaxFailures*2 {
		p.told = append(p.told, pytestFailure{Failure: f, heading: heading, named: true})
	}
}

// other reports whether a later block has the same heading and is of the file.
func (p *pytest) other(i int, heading, file string) bool {
	for _, f := range p.told[i+1:] {
		if !f.named && f.heading == heading && f.Scope == file {
			return true
		}
	}
	return false
}

// progress reads what is written while tests run: "a/test_x.py::test_y FAILED [ 50%]".
func (p *pytest) progress(l *line) bool {
	if !p.live || !strings.Contains(l.s, "%]") {
		return false
	}
	i := strings.Index(l.s, "::")
	if i < 0 {
		return strings.HasSuffix(l.s, "%]")
	}
	if id, rest, ok := strings.Cut(l.t, " "); ok && strings.HasPrefix(strings.TrimSpace(rest), "PASSED") {
		p.found.passed("pytest", "", id)
	}
	return true
}
