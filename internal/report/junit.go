package report

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Limits of files of reports.
const (
	MaxFile  = 64 << 20 // bytes of a file that are read; a longer one is refused
	maxDepth = 64       // elements inside each other
	maxBody  = 64 << 10 // bytes of the text of one failure
)

// errTooLarge is a file of more than MaxFile bytes.
var errTooLarge = errors.New("the report has more than 64 MB")

// limited reads at most MaxFile bytes and fails on the next, so that no half is read as a whole.
type limited struct {
	r    io.Reader
	left int64
}

func (l *limited) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, errTooLarge
	}
	if int64(len(p)) > l.left {
		p = p[:l.left]
	}
	n, err := l.r.Read(p)
	l.left -= int64(n)
	return n, err
}

// JUnit reads a report in JUnit's XML, as Surefire, Gradle, pytest, gotestsum, Jest and others
// write it. It reads a stream, holds the failures alone, and refuses documents of more than
// MaxFile bytes, with a document type (entities), or with elements too deep inside each other.
// What was read before an error is lost: a report that ends early says nothing sure.
func JUnit(r io.Reader) (*Report, error) {
	d := xml.NewDecoder(&limited{r, MaxFile + 1})
	d.CharsetReader = charset
	j := junit{found: newFound()}
	for {
		token, err := d.RawToken()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("reading JUnit XML: %w", err)
		}
		if err := j.token(token); err != nil {
			return nil, fmt.Errorf("reading JUnit XML: %w", err)
		}
	}
	if len(j.open) > 0 {
		return nil, fmt.Errorf("reading JUnit XML: %w", io.ErrUnexpectedEOF)
	}
	j.endGo()
	if !j.known {
		return nil, errors.New("reading JUnit XML: there is no testsuite")
	}
	return j.found.report(), nil
}

// charset reads the encodings that reports are written in; ASCII of all of them is the same.
func charset(name string, r io.Reader) (io.Reader, error) {
	switch strings.ToLower(name) {
	case "utf-8", "us-ascii", "ascii":
		return r, nil
	case "iso-8859-1", "latin1", "windows-1252":
		return &latin{r: r}, nil
	}
	return nil, fmt.Errorf("unknown encoding %.40q", name)
}

// latin turns ISO 8859-1 into UTF-8.
type latin struct {
	r    io.Reader
	rest []byte
}

func (l *latin) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if len(l.rest) == 0 {
		var raw [512]byte
		n, err := l.r.Read(raw[:])
		for _, c := range raw[:n] {
			l.rest = append(l.rest, string(rune(c))...)
		}
		if n == 0 {
			return 0, err
		}
	}
	n := copy(p, l.rest)
	l.rest = l.rest[n:]
	return n, nil
}

// A junit is the state of one document.
type junit struct {
	found  *found
	open   []string // names of the elements
	suites []string
	test   *item // the case that is read
	failed bool
	skip   bool
	text   *strings.Builder
	kind   string // of the failure, if it says nothing else
	known  bool
	tests  *goPackage // of a suite whose texts are those of go test
}

func (j *junit) token(token xml.Token) error {
	switch t := token.(type) {
	case xml.StartElement:
		if len(j.open) >= maxDepth {
			return errors.New("elements are too deep inside each other")
		}
		j.open = append(j.open, t.Name.Local)
		j.start(t)
	case xml.EndElement:
		if len(j.open) == 0 || j.open[len(j.open)-1] != t.Name.Local {
			return fmt.Errorf("the end of %.40q has no start", t.Name.Local)
		}
		j.open = j.open[:len(j.open)-1]
		j.close(t.Name.Local)
	case xml.CharData:
		if j.text != nil {
			j.text.Write(t[:min(len(t), max(0, maxBody-j.text.Len()))])
		}
	case xml.Directive:
		return errors.New("a document type is refused")
	}
	return nil
}

// attr returns an attribute.
func attr(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

func (j *junit) start(e xml.StartElement) {
	switch e.Name.Local {
	case "testsuites", "testsuite":
		j.known = true
		if e.Name.Local == "testsuite" {
			j.suites = append(j.suites, keep(attr(e, "name"), maxField))
		}
	case "testcase":
		j.test = &item{Failure: Failure{Kind: Test, Tool: "junit", Name: keep(attr(e, "name"), maxField), Scope: keep(attr(e, "classname"), maxField)}}
		if j.test.Scope == "" && len(j.suites) > 0 {
			j.test.Scope = j.suites[len(j.suites)-1]
		}
		if file := attr(e, "file"); file != "" {
			j.test.File = keep(file, maxField)
			j.test.Line, _, _ = number(attr(e, "line"))
		}
		j.failed, j.skip = false, false
	case "failure", "error":
		if j.test == nil {
			break
		}
		if !j.failed {
			j.test.Message, j.kind = keep(attr(e, "message"), MaxMessage), keep(attr(e, "type"), maxField)
			j.text = &strings.Builder{}
		}
		j.failed = true
	case "skipped", "disabled":
		j.skip = true
	}
}

func (j *junit) close(name string) {
	switch name {
	case "testsuite":
		j.endGo()
		if len(j.suites) > 0 {
			j.suites = j.suites[:len(j.suites)-1]
		}
	case "failure", "error":
		if j.test != nil && j.text != nil {
			if j.body(j.text.String()); j.test.Message == "" {
				j.test.Message = j.kind
			}
		}
		j.text = nil
	case "testcase":
		if j.test == nil {
			break
		}
		switch {
		case j.failed:
			j.found.count(0, 1, 0)
			if j.test.Tool == "junit" {
				j.test.tell(j.found, sure)
			}
		case j.skip:
			j.found.count(0, 0, 1)
		default:
			j.found.count(1, 0, 0)
			j.found.passed("junit", j.test.Scope, j.test.Name) // a retry
		}
		j.test = nil
	}
}

// body reads the text of a failure: what the tool itself would have written to the log, with
// a trace. It says the place, and the message where the attribute says nothing.
func (j *junit) body(text string) {
	t := j.test
	if strings.Contains(text, "--- FAIL: "+t.Name+" (") {
		j.goBody(text)
		return
	}
	if general := t.Message; general == "" || general == "Failed" || general == "failed" || strings.HasPrefix(text, general) {
		var m block
		for s := range strings.SplitSeq(text, "\n") {
			trimmed := strings.TrimSpace(s)
			if strings.HasPrefix(trimmed, "at ") && m.lines > 0 || strings.HasPrefix(trimmed, "=== RUN") {
				continue
			}
			if m.lines == 0 && strings.HasPrefix(trimmed, t.Scope+"::"+t.Name) { // as PHPUnit begins
				continue
			}
			if p, rest, ok := placed(trimmed); ok && p.line > 0 && rest == "" && t.File != "" && p.file == t.File { // and ends
				continue
			}
			if trimmed != "" || m.lines > 0 {
				m.add(s)
			}
		}
		t.Message = strings.Join(dedent(strings.Split(m.String(), "\n")), "\n")
	}
	if p, ok := placeIn(text); ok && (t.Line == 0 || p.file == t.File) {
		t.File, t.Line, t.Column = keep(p.file, maxField), p.line, p.col
	}
}

// goBody gives the text to the reader of go test, which knows subtests, panics and places.
func (j *junit) goBody(text string) {
	t := j.test
	t.Tool = "go"
	if j.tests != nil && j.tests.scope != t.Scope {
		j.endGo()
	}
	if j.tests == nil {
		j.tests = newGoPackage(j.found)
		j.tests.scope = t.Scope
	}
	for s := range strings.SplitSeq(text, "\n") {
		j.tests.line(0, strings.TrimRight(s, " \t\r"), t.Name)
	}
}

// endGo tells the failures of the suite.
func (j *junit) endGo() {
	if j.tests != nil {
		j.tests.endTrace()
		j.tests.endRace()
		j.tests.counts = [3]int{} // each case is counted by itself
		j.tests.flush("")
		j.tests = nil
	}
}

// placeIn finds the first place in the project in a text with a trace.
func placeIn(text string) (place, bool) {
	var best place
	for s := range strings.SplitSeq(text, "\n") {
		s = strings.TrimSpace(s)
		if p, ok := jsFrame(s); ok {
			ext := extension(p.file)
			if ext != "java" && ext != "kt" && ext != "scala" && ext != "groovy" && p.file != "" && !foreignFile(p.file) {
				return p, true
			}
			j := java{cur: &item{}}
			if frame, ok := strings.CutPrefix(s, "at "); ok {
				j.frame(frame)
			}
			if j.cur.File != "" {
				return place{file: j.cur.File, line: j.cur.Line}, true
			}
			continue
		}
		if p, _, ok := placed(s); ok && !foreignFile(p.file) && !foreignPython(p.file) {
			if extension(p.file) != "py" {
				return p, true
			}
			best = p // the innermost frame of pytest is the last
		}
	}
	return best, best.file != ""
}
