package report

import (
	"slices"
	"strings"
)

// A Parser finds the failures in one log. It is given the lines in order and holds a bounded
// part of them, however long the log is. Use from one goroutine at a time.
type Parser struct {
	found   *found
	main    *stream
	streams map[string]*stream // by the prefix that the lines carry; a log may be of several programs at once
	last    int
	done    *Report
}

// maxStreams is how many programs are told apart; the lines of all others are read as one.
const maxStreams = 24

// NewParser returns a parser that has read nothing.
func NewParser() *Parser {
	f := newFound()
	return &Parser{found: f, main: newStream(f), streams: make(map[string]*stream)}
}

// Line reads one line without its end: n is its number in the log, text is cleaned of escapes
// and of what the service put in front (see buildlog.Clean). The parser keeps no reference to
// text. Lines after Report are left out.
func (p *Parser) Line(n int, text []byte) {
	if p.done != nil {
		return
	}
	p.last = max(p.last, n)
	l, key := unprefix(n, string(text))
	p.stream(key).line(l)
}

// stream returns the state of the program that writes lines with the prefix.
func (p *Parser) stream(key string) *stream {
	if key == "" {
		return p.main
	}
	s, ok := p.streams[key]
	if !ok {
		if len(p.streams) >= maxStreams {
			return p.main
		}
		s = newStream(p.found)
		p.streams[strings.Clone(key)] = s
	}
	return s
}

// Report returns what was found. It ends the log: calls after the first return the same.
func (p *Parser) Report() *Report {
	if p.done == nil {
		p.main.end()
		keys := make([]string, 0, len(p.streams))
		for key := range p.streams {
			keys = append(keys, key)
		}
		slices.Sort(keys)
		for _, key := range keys {
			p.streams[key].end()
		}
		p.done = p.found.report()
		p.found, p.main, p.streams = nil, nil, nil
	}
	return p.done
}

// A line is one line of a log, without the prefix of what ran the program.
type line struct {
	n     int
	s     string // right-trimmed
	t     string // trimmed on both sides
	level string // of a logger's "[ERROR] " in front, in upper case
}

// indent is the number of white bytes in front.
func (l *line) indent() int { return len(l.s) - len(l.t) }

// A family reads the formats of one kind of tool.
type family interface {
	// line reads a line and reports whether it is the tool's, so that nothing is guessed of it.
	line(l *line) bool
	// end tells that the log is over.
	end()
}

// A stream is the state of one program's output. The families of tools see all lines; those
// that guess see the lines that no tool's family knew.
type stream struct {
	tools   []family
	guesses []family
}

func newStream(f *found) *stream {
	return &stream{tools: tools(f), guesses: guesses(f)}
}

func (s *stream) line(l *line) {
	known := false
	for _, t := range s.tools {
		if t.line(l) {
			known = true
		}
	}
	for _, g := range s.guesses {
		if known {
			break
		}
		known = g.line(l)
	}
}

func (s *stream) end() {
	for _, t := range s.tools {
		t.end()
	}
	for _, g := range s.guesses {
		g.end()
	}
}
