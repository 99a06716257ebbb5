package report

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"cleat/internal/sorting"
)

// A rank says how sure a failure is. Of the lower ones only the first that has any is told.
type rank int

const (
	sure  rank = iota // told by a tool in its format
	trace             // a trace of a program; told beside findings, but not beside tests and builds
	step              // of what ran the tool: "make: *** [x] Error 2"
	guess             // a line that looks like an error
	exit              // "Process completed with exit code 1"
	ranks
)

// Limits of what is held.
const (
	maxSeen   = 20_000 // failures that are told apart, beyond those that are kept
	maxField  = 1000   // bytes of a name, a scope or a path
	maxGuess  = 3
	maxTraces = 5
)

// found collects failures, each once.
type found struct {
	kept   [ranks][]*Failure
	more   [ranks]int
	byName map[string][]*Failure // tests by tool and name: kept ones
	seen   map[string]*Failure   // all others by what they say; nil for one that is counted only
	counts Counts
}

func newFound() *found {
	return &found{byName: make(map[string][]*Failure), seen: make(map[string]*Failure)}
}

// limit returns how many failures of a rank are kept.
func (r rank) limit() int {
	switch r {
	case guess, step:
		return maxGuess
	case exit:
		return 1
	case trace:
		return maxTraces
	}
	return MaxFailures
}

// add keeps the failure, or what it adds to the same one told before.
func (c *found) add(r rank, f Failure) {
	bound(&f)
	if f.Kind == Test && f.Name != "" {
		c.addTest(r, f)
		return
	}
	key := f.key()
	if old, ok := c.seen[key]; ok {
		if old != nil {
			old.merge(f)
		}
		return
	}
	if len(c.kept[r]) >= r.limit() {
		c.more[r]++
		if len(c.seen) < maxSeen {
			c.seen[key] = nil
		}
		return
	}
	kept := &f
	c.kept[r] = append(c.kept[r], kept)
	c.seen[key] = kept
}

// key tells failures that are no tests apart.
func (f *Failure) key() string {
	first, _, _ := strings.Cut(f.Message, "\n")
	var b strings.Builder
	for _, part := range []string{string(f.Kind), f.Name, f.Scope, strings.TrimPrefix(f.File, "./"), first} {
		b.WriteString(part)
		b.WriteByte(0)
	}
	if f.File == "" {
		return b.String()
	}
	return b.String() + digits(f.Line) + ":" + digits(f.Column)
}

func (c *found) addTest(r rank, f Failure) {
	name := f.Tool + "\x00" + f.Name
	for _, old := range c.byName[name] {
		if sameScope(old.Scope, f.Scope) {
			old.merge(f)
			return
		}
	}
	key := name + "\x00" + f.Scope
	if _, ok := c.seen[key]; ok {
		return
	}
	if len(c.kept[r]) >= r.limit() {
		c.more[r]++
		if len(c.seen) < maxSeen {
			c.seen[key] = nil
		}
		return
	}
	kept := &f
	c.kept[r] = append(c.kept[r], kept)
	c.byName[name] = append(c.byName[name], kept)
}

// passed tells that the test passed, so that it is left out if it failed before.
func (c *found) passed(tool, scope, name string) {
	if len(c.byName) == 0 {
		return
	}
	key := tool + "\x00" + name
	for i, old := range c.byName[key] {
		if !sameScope(old.Scope, scope) {
			continue
		}
		c.byName[key] = slices.Delete(c.byName[key], i, i+1)
		for r := range c.kept {
			c.kept[r] = slices.DeleteFunc(c.kept[r], func(f *Failure) bool { return f == old })
		}
		if c.counts.Failed > 0 {
			c.counts.Failed--
		}
		return
	}
}

// sameScope reports whether two scopes of tests with one name can be the same: a summary may
// leave the scope out, or say it from another folder.
func sameScope(a, b string) bool {
	if a == b || a == "" || b == "" || a == "." || b == "." {
		return true
	}
	return strings.HasSuffix(a, "/"+b) || strings.HasSuffix(b, "/"+a)
}

// merge takes from the same failure, told again, what was missing.
func (f *Failure) merge(again Failure) {
	if f.Message == "" && again.Message != "" {
		f.Message = again.Message
		f.At = again.At
	}
	if f.File == "" {
		f.File, f.Line, f.Column = again.File, again.Line, again.Column
	}
	if len(again.Scope) > len(f.Scope) {
		f.Scope = again.Scope
	}
}

// count adds results of tests.
func (c *found) count(passed, failed, skipped int) {
	const most = 1 << 40 // a log can say any number
	add := func(to *int, n int) { *to = min(*to+min(max(n, 0), most), most) }
	add(&c.counts.Passed, passed)
	add(&c.counts.Failed, failed)
	add(&c.counts.Skipped, skipped)
}

// report returns the failures of the surest ranks, in the order of the log.
func (c *found) report() *Report {
	r := &Report{Counts: c.counts}
	take := func(k rank) {
		for _, f := range c.kept[k] {
			r.Failures = append(r.Failures, *f)
		}
		r.More += c.more[k]
	}
	take(sure)
	main := slices.ContainsFunc(r.Failures, func(f Failure) bool { return f.Kind != Finding })
	if !main {
		take(trace)
	}
	for k := step; k < ranks && len(r.Failures) == 0; k++ {
		take(k)
		r.More = 0 // of guesses only the first count
	}
	sorting.Sort(r.Failures, func(a, b Failure) int { return cmp.Compare(a.At, b.At) })
	if over := len(r.Failures) - MaxFailures; over > 0 {
		r.Failures, r.More = r.Failures[:MaxFailures], r.More+over
	}
	return r
}

// bound limits what a failure holds, and frees the lines it was cut from.
func bound(f *Failure) {
	f.Name = keep(strings.TrimSpace(f.Name), maxField)
	f.Scope = keep(strings.TrimSpace(f.Scope), maxField)
	f.File = keep(f.File, maxField)
	f.Message = keep(strings.TrimRight(strings.Trim(f.Message, "\r\n"), " \t\r\n"), MaxMessage)
	f.Line, f.Column, f.At = max(f.Line, 0), max(f.Column, 0), max(f.At, 0)
	if f.File == "" {
		f.Line, f.Column = 0, 0
	}
}

// keep returns a copy of s of at most limit bytes, cut between characters.
func keep(s string, limit int) string {
	if len(s) > limit {
		s = s[:limit-len("…")]
		for len(s) > 0 {
			if r, size := utf8.DecodeLastRuneInString(s); r != utf8.RuneError || size > 1 {
				break
			}
			s = s[:len(s)-1]
		}
		s += "…"
	}
	return strings.Clone(s)
}

// A block collects the lines of a message, as many as fit.
type block struct {
	b     strings.Builder
	lines int
}

// add appends a line unless the message is full.
func (m *block) add(s string) {
	if m.b.Len() >= MaxMessage {
		return
	}
	if m.lines > 0 {
		m.b.WriteByte('\n')
	}
	m.b.WriteString(keep(s, MaxMessage))
	m.lines++
}

func (m *block) String() string { return m.b.String() }
func (m *block) empty() bool    { return m.lines == 0 }
func (m *block) reset()         { *m = block{} }
