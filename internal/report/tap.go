package report

import "strings"

// A tap reads the Test Anything Protocol, with subtests and YAML blocks, and the diagnostics
// of Perl's tests.
type tap struct {
	found  *found
	names  []tapName // of the subtests that are open
	cur    *item     // the last that failed, whose block may follow
	indent int
	yaml   int // 1: expected, 2: inside
	key    string
	keyIn  int
	deep   int // indent of the last failure, -1 after a line further out
	diag   *item
	more   bool // the message is of several lines
}

// A tapName is a "# Subtest: name".
type tapName struct {
	indent int
	name   string
}

func (p *tap) end() {
	p.endCur()
	p.endDiag()
}

func (p *tap) endCur() {
	if p.cur != nil {
		p.cur.tell(p.found, sure)
		p.cur = nil
	}
	p.yaml = 0
}

func (p *tap) endDiag() {
	if p.diag != nil {
		p.diag.tell(p.found, sure)
		p.diag = nil
	}
}

func (p *tap) line(l *line) bool {
	if p.yaml > 0 && p.inYAML(l) {
		return true
	}
	t := l.t
	switch {
	case strings.HasPrefix(t, "not ok ") || strings.HasPrefix(t, "ok "):
		return p.result(l)
	case strings.HasPrefix(t, "#"):
		return p.comment(l)
	}
	if p.diag != nil && t != "" {
		p.endDiag()
	}
	return false
}

// result reads "not ok 2 - name # TODO reason".
func (p *tap) result(l *line) bool {
	rest, failed := strings.CutPrefix(l.t, "not ok ")
	if !failed {
		rest = strings.TrimPrefix(l.t, "ok ")
	}
	n, rest, ok := number(rest)
	if !ok || n == 0 || rest != "" && rest[0] != ' ' {
		return false
	}
	p.endCur()
	name, directive, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(rest, " "), "- "), " # ")
	directive = strings.ToUpper(directive)
	in := l.indent()
	for len(p.names) > 0 && p.names[len(p.names)-1].indent > in {
		p.names = p.names[:len(p.names)-1]
	}
	parent := failed && p.deep > in
	if p.deep > in {
		p.deep = -1
	}
	if k := len(p.names); k > 0 && p.names[k-1].indent == in {
		p.names = p.names[:k-1] // this is its own end
	}
	switch {
	case strings.HasPrefix(directive, "SKIP"):
		p.found.count(0, 0, 1)
		return true
	case strings.HasPrefix(directive, "TODO"):
		return true
	case !failed:
		p.found.count(1, 0, 0)
		return true
	}
	p.deep = in
	if parent {
		p.yaml, p.indent, p.cur = 1, in, nil
		return true
	}
	whole := ""
	for _, up := range p.names {
		if up.indent < in {
			whole += up.name + " > "
		}
	}
	name = strings.TrimSpace(name)
	if name == "" {
		name = "test " + digits(n)
	}
	p.found.count(0, 1, 0)
	p.cur = open(l, "tap", whole+name, "")
	p.yaml, p.indent = 1, in
	return true
}

// inYAML reads the block below a result.
func (p *tap) inYAML(l *line) bool {
	if p.yaml == 1 {
		if l.t == "---" && l.indent() > p.indent {
			p.yaml, p.key = 2, ""
			return true
		}
		if p.cur != nil && l.indent() > p.indent && !strings.HasPrefix(l.t, "#") && p.cur.seen < maxItem {
			p.cur.seen++ // a message without a block, as Mocha writes it
			if pl, ok := jsFrame(l.t); ok {
				p.cur.stack = true
				p.cur.at(pl)
			}
			p.cur.say(l.n, l.s)
			return true
		}
		if l.t == "" && p.cur != nil && !p.cur.m.empty() {
			p.cur.say(l.n, "")
			return true
		}
		p.yaml = 0
		if !strings.HasPrefix(l.t, "#") {
			p.endCur()
		}
		return false
	}
	if l.t == "..." || l.t != "" && l.indent() <= p.indent {
		p.endCur()
		return l.t == "..."
	}
	if p.cur == nil {
		return true
	}
	p.cur.seen++
	if key, value, ok := strings.Cut(l.t, ":"); ok && (p.key == "" || l.indent() <= p.keyIn) && isRule(key) {
		p.key, p.keyIn = key, l.indent()
		p.field(l, key, strings.TrimSpace(value))
		return true
	}
	switch p.key {
	case "error", "message":
		if p.cur.seen < maxItem {
			p.cur.say(l.n, l.s)
		}
	case "stack":
		if pl, ok := jsFrame("at " + strings.TrimPrefix(l.t, "at ")); ok && pl.file != "" {
			p.cur.File = strings.TrimPrefix(p.cur.File, "?")
			p.stack(pl)
		}
	case "at":
		if key, value, ok := strings.Cut(l.t, ":"); ok {
			p.field(l, "at."+key, strings.TrimSpace(value))
		}
	}
	return true
}

// stack takes the first frame of the project, which says more than where the test begins.
func (p *tap) stack(pl place) {
	if !foreignFile(pl.file) && !p.more {
		p.cur.File, p.cur.Line, p.cur.Column = keep(pl.file, maxField), pl.line, pl.col
		p.more = true
	}
}

// field reads one key of the block.
func (p *tap) field(l *line, key, value string) {
	value = strings.Trim(value, `'"`)
	switch key {
	case "error", "message":
		if value != "" && value != "|-" && value != "|" && value != ">-" && value != ">" {
			p.cur.say(l.n, value)
		}
	case "location":
		p.more = false
		if pl, _, ok := placed(value); ok {
			p.cur.at(pl)
		}
	case "at.file", "file":
		p.cur.File = keep(value, maxField)
	case "at.line", "at.lineNumber", "line":
		p.cur.Line, _, _ = number(value)
	case "expected", "actual", "got", "wanted":
		if value != "" && value != "|-" && value != "|" && p.cur.m.lines < 3 {
			p.cur.say(l.n, key+": "+value)
		}
	}
}

// comment reads "# Subtest: name" and Perl's "#   Failed test 'x'".
func (p *tap) comment(l *line) bool {
	text := strings.TrimLeft(l.t[1:], " ")
	if name, ok := strings.CutPrefix(text, "Subtest: "); ok {
		in := l.indent()
		for len(p.names) > 0 && p.names[len(p.names)-1].indent >= in {
			p.names = p.names[:len(p.names)-1]
		}
		if len(p.names) < 20 {
			p.names = append(p.names, tapName{in, keep(name, maxField)})
		}
		p.endCur()
		return true
	}
	if name, ok := strings.CutPrefix(text, "Failed test "); ok {
		p.endDiag()
		name, _, _ = strings.Cut(name, " at ")
		p.diag = open(l, "tap", strings.Trim(name, "'. "), "")
		return true
	}
	if p.diag == nil {
		return false
	}
	if rest, ok := strings.CutPrefix(text, "at "); ok && strings.HasSuffix(rest, ".") && p.diag.File == "" {
		if file, pos, ok := strings.Cut(rest, " line "); ok {
			n, _, _ := number(pos)
			p.diag.File, p.diag.Line = keep(file, maxField), n
			return true
		}
	}
	if strings.HasPrefix(text, "Looks like you failed ") {
		p.endDiag()
		return true
	}
	if p.diag.seen++; p.diag.seen < 60 {
		p.diag.say(l.n, l.t[1:])
	}
	return true
}
