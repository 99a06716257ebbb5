package report

import (
	"encoding/json"
	"strings"
)

// Limits of what is held of one package's tests.
const (
	maxGoPackages = 256  // that run at the same time, in JSON
	maxGoTests    = 5000 // of one package that are told apart
	maxGoBuffers  = 512  // tests that run at the same time
	maxGoEntries  = 24   // lines of one test
)

// A goTest reads `go test` in its forms, plain, -v and -json, and gotestsum's.
type goTest struct {
	found   *found
	text    *goPackage            // of output that is not JSON
	json    map[string]*goPackage // by import path
	compile goCompile
}

func newGoTest(f *found) *goTest {
	return &goTest{found: f, text: newGoPackage(f), json: make(map[string]*goPackage), compile: goCompile{found: f}}
}

// A goEvent is a line of `go test -json` (see `go doc test2json`).
type goEvent struct {
	Action      string
	Package     string
	ImportPath  string
	Test        string
	Output      string
	FailedBuild string
}

func (g *goTest) line(l *line) bool {
	if strings.HasPrefix(l.t, `{"`) {
		return g.event(l)
	}
	if g.text.line(l.n, l.s, "") {
		return true
	}
	return g.compile.line(l)
}

func (g *goTest) end() {
	g.text.flush("")
	for name, p := range g.json {
		p.flush(name)
	}
	clear(g.json)
	g.compile.end()
}

// event reads a line of JSON.
func (g *goTest) event(l *line) bool {
	if !strings.Contains(l.t, `"Action":"`) {
		return false
	}
	var e goEvent
	if json.Unmarshal([]byte(l.t), &e) != nil || e.Action == "" {
		return false
	}
	out := strings.TrimRight(e.Output, " \t\r\n")
	if e.ImportPath != "" {
		if e.Action == "build-output" {
			b := &line{n: l.n, s: out, t: strings.TrimLeft(out, " \t")}
			g.compile.line(b)
		}
		return true
	}
	if e.Package == "" {
		return false
	}
	p := g.json[e.Package]
	switch e.Action {
	case "output":
		if p == nil {
			if len(g.json) >= maxGoPackages {
				return true
			}
			p = newGoPackage(g.found)
			p.scope = keep(e.Package, maxField)
			g.json[p.scope] = p
		}
		for part := range strings.SplitSeq(out, "\n") {
			if !p.line(l.n, part, e.Test) && p.compiled {
				b := &line{n: l.n, s: part, t: strings.TrimLeft(part, " \t")}
				g.compile.line(b)
			}
		}
	case "pass", "fail", "skip":
		if e.Test == "" && p != nil {
			p.flush(e.Package)
			delete(g.json, p.scope)
		}
	}
	return true
}
