package report

import (
	"strings"
)

// A goOutput is what one test wrote, as far as it tells why the test failed.
type goOutput struct {
	entries []goEntry
	loose   []string // the last lines that are no entries
	looseAt int
	panic   *goTrace
}

// A goEntry is one t.Error or t.Log.
type goEntry struct {
	place
	at    int
	in    int // white space in front
	lines []string
}

// silent reports whether the test said nothing.
func (o *goOutput) silent() bool {
	return o == nil || o.panic == nil && len(o.entries) == 0 && len(o.loose) == 0
}

// line reads a line of the test.
func (o *goOutput) line(n int, s, t string) {
	if len(t) < len(s) {
		if p, rest, ok := placed(t); ok && p.col == 0 && strings.HasSuffix(p.file, ".go") && (rest == "" || rest[0] == ' ') {
			o.add(goEntry{place: p, at: n, in: len(s) - len(t), lines: []string{keep(strings.TrimPrefix(rest, " "), MaxMessage)}})
			return
		}
		if k := len(o.entries); k > 0 && (strings.HasPrefix(s, "        ") || strings.HasPrefix(s, "\t")) {
			if e := &o.entries[k-1]; len(e.lines) < 60 {
				e.lines = append(e.lines, keep(s, MaxMessage/2))
			}
			return
		}
	}
	if t == "" {
		return
	}
	if len(o.loose) >= 6 {
		o.loose = append(o.loose[:0], o.loose[1:]...)
	}
	o.loose = append(o.loose, keep(s, 400))
	o.looseAt = n
}

// add keeps an entry; of too many the first that is no failure goes.
func (o *goOutput) add(e goEntry) {
	if len(o.entries) >= maxGoEntries {
		drop := 0
		for drop < len(o.entries)-1 && o.entries[drop].fails() {
			drop++
		}
		o.entries = append(o.entries[:drop], o.entries[drop+1:]...)
	}
	o.entries = append(o.entries, e)
}

// fails reports whether the entry sounds like a failure. Logs and errors look alike.
func (e *goEntry) fails() bool {
	for i, s := range e.lines {
		if i > 3 {
			break
		}
		low := strings.ToLower(s)
		for _, word := range []string{"want", "expect", "error", "fail", "mismatch", "not equal", "unexpected", "got", "diff", "should", "must", "cannot", "missing", "panic", "race detected", "!=", "invalid", "wrong", "timed out", "timeout", "(-", "(+"} {
			if strings.Contains(low, word) {
				return true
			}
		}
	}
	return false
}

// fill writes the place and the message.
func (o *goOutput) fill(f *Failure) {
	if o.panic != nil {
		o.panic.fill(f)
		return
	}
	if len(o.entries) == 0 {
		if len(o.loose) > 0 {
			f.Message = strings.Join(o.loose, "\n")
			f.At = o.looseAt
		}
		return
	}
	first := len(o.entries) - 1
	for i := range o.entries {
		if o.entries[i].fails() {
			first = i
			break
		}
	}
	e := &o.entries[first]
	f.File, f.Line, f.At = e.file, e.line, e.at
	var m block
	e.say(&m)
	for i := first + 1; i < len(o.entries); i++ {
		next := &o.entries[i]
		if !next.fails() {
			continue
		}
		var more block
		next.say(&more)
		m.add(next.file + ":" + digits(next.line) + ": " + more.String())
	}
	f.Message = m.String()
}

// say writes the entry's text without testify's trace and the test's own name.
func (e *goEntry) say(m *block) {
	rest := e.lines[1:]
	if e.lines[0] != "" {
		m.add(e.lines[0])
	}
	skip := false
	for _, s := range rest {
		for cut := 0; cut < e.in+4 && s != "" && (s[0] == ' ' || s[0] == '\t'); cut++ {
			s = s[1:]
		}
		s = strings.TrimPrefix(s, "\t") // testify's
		label := strings.TrimSpace(s)
		switch {
		case strings.HasPrefix(label, "Error Trace:"):
			skip = true
			continue
		case strings.HasPrefix(label, "Test:") && skipLabel(s):
			continue
		case strings.HasPrefix(label, "Error:"), strings.HasPrefix(label, "Messages:"):
			skip = false
		}
		if !skip && (label != "" || !m.empty()) {
			m.add(strings.TrimRight(s, " \t"))
		}
	}
}

// skipLabel reports whether the line is testify's "Test:  TestA".
func skipLabel(s string) bool {
	_, name, _ := strings.Cut(s, "Test:")
	name = strings.TrimSpace(name)
	return strings.HasPrefix(name, "Test") && !strings.ContainsAny(name, " \t")
}
