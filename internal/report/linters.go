package report

import "strings"

// A linters reads ESLint's lists below the name of a file, and Node's traces.
type linters struct {
	found *found
	file  string
	at    int
	trace *item
}

func (e *linters) end() {
	if e.trace != nil {
		if !e.trace.m.empty() {
			e.trace.tell(e.found, trace)
		}
		e.trace = nil
	}
}

func (e *linters) line(l *line) bool {
	if e.trace != nil && e.inTrace(l) {
		return true
	}
	if l.indent() == 0 {
		if l.t != "" && l.level == "" && len(l.t) < maxField && isFile(l.t) && strings.ContainsAny(l.t, `/\.`) && !strings.ContainsAny(l.t, "<>|*?\"'") {
			e.file, e.at = keep(l.t, maxField), l.n
			return false
		}
		if l.t == "" {
			e.file = ""
		}
		return e.thrown(l)
	}
	if e.file == "" || l.n-e.at > 2000 {
		return false
	}
	n, rest, ok := number(l.t)
	if !ok || !strings.HasPrefix(rest, ":") {
		return false
	}
	col, rest, ok := number(rest[1:])
	word, rest, cut := strings.Cut(strings.TrimSpace(rest), " ")
	if !ok || !cut || word != "error" {
		return ok && word == "warning"
	}
	msg, rule, found := cutLast(strings.TrimSpace(rest), "  ")
	if !found || !isRule(rule) {
		msg, rule = strings.TrimSpace(rest), ""
	}
	e.found.add(sure, Failure{Kind: Finding, Tool: "eslint", Name: rule, File: e.file, Line: n, Column: col, Message: strings.TrimSpace(msg), At: l.n})
	return true
}

// thrown reads the first line of an error of Node: "TypeError: x is not a function". Only the
// frames below make it one.
func (e *linters) thrown(l *line) bool {
	s := strings.TrimPrefix(l.s, "Uncaught ")
	name, _, ok := strings.Cut(s, ": ")
	name, _, _ = strings.Cut(name, " [")
	if !ok || !strings.HasSuffix(name, "Error") || !isUpper(s[0]) || strings.ContainsAny(name, " \t/.") {
		return false
	}
	e.end()
	e.trace = open(l, "node", "", "")
	e.trace.Kind = Crash
	e.trace.say(l.n, s)
	return false
}

// inTrace reads the frames.
func (e *linters) inTrace(l *line) bool {
	e.trace.seen++
	if p, ok := jsFrame(l.t); ok && l.indent() > 0 && e.trace.seen <= maxItem {
		e.trace.stack = true
		e.trace.at(p)
		return true
	}
	if e.trace.stack {
		e.end()
		return false
	}
	if l.t == "" || e.trace.seen > 8 || l.indent() == 0 {
		e.trace = nil
		return false
	}
	e.trace.say(l.n, l.s)
	return false
}
