package scan

import "bytes"

// A declared is an identifier in a line and what stands around it.
type declared struct {
	line   []byte
	name   []byte
	before []byte // up to the name, white space trimmed at its end
	word   []byte // the identifier that before ends with
	after  []byte // from the end of the name, white space trimmed on both sides
	indent int    // bytes of white space that begin the line
	first  bool   // the name is the first thing on the line
}

// declares reports whether line[start:end], an identifier, looks like what the line
// defines, in one of the languages of package symbols. It looks at this one line only:
// a few bytes before and after the name, so that it can be asked of every line found.
func declares(lang string, line []byte, start, end int) bool {
	d := declared{line: line, name: line[start:end]}
	d.before = trimRight(line[:start])
	d.word = d.before[wordStart(d.before):]
	d.after = trimRight(line[end:])
	for len(d.after) > 0 && isBlank(d.after[0]) {
		d.after = d.after[1:]
	}
	for d.indent < start && isBlank(line[d.indent]) {
		d.indent++
	}
	d.first = len(d.before) == 0
	if d.inComment(lang) {
		return false
	}
	switch lang {
	case "go":
		return d.golang()
	case "python":
		return d.python()
	case "javascript", "typescript":
		return d.script()
	case "c", "cpp":
		return d.c()
	case "java", "csharp":
		return d.javaLike()
	case "rust":
		return d.rust()
	case "ruby":
		return d.ruby()
	case "php":
		return d.php()
	case "kotlin", "scala", "swift":
		return d.modern()
	case "sql":
		return d.sql()
	case "proto":
		switch string(d.word) {
		case "message", "service", "rpc", "enum":
			return true
		}
	case "shell":
		return string(d.word) == "function" || d.first && (d.next("()") || d.next("( )"))
	case "make":
		return d.make()
	case "markdown":
		return d.indent <= 3 && len(d.before) > 0 && line[d.indent] == '#'
	}
	return false
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' }

func trimRight(b []byte) []byte {
	for len(b) > 0 && isBlank(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	return b
}

// isNameByte reports whether c is part of an identifier; all beyond ASCII counts.
func isNameByte(c byte) bool { return isWordByte(c) || c >= 0x80 }

// wordStart returns where the identifier begins that b ends with.
func wordStart(b []byte) int {
	i := len(b)
	for i > 0 && isNameByte(b[i-1]) {
		i--
	}
	return i
}

// next reports whether s follows the name.
func (d *declared) next(s string) bool {
	return len(d.after) >= len(s) && string(d.after[:len(s)]) == s
}

// ends reports whether the line ends with c.
func (d *declared) ends(c byte) bool { return len(d.after) > 0 && d.after[len(d.after)-1] == c }

// assigned reports whether the name is given a value.
func (d *declared) assigned() bool {
	return d.next("=") && !d.next("==") && !d.next("=>") && !d.next("=~")
}

// begins reports whether the line begins with the word s.
func (d *declared) begins(s string) bool {
	l := d.line[d.indent:]
	return len(l) > len(s) && string(l[:len(s)]) == s && !isNameByte(l[len(s)])
}

func (d *declared) inComment(lang string) bool {
	l := d.line[d.indent:]
	if len(l) < 2 {
		return false
	}
	switch l[0] {
	case '/':
		return l[1] == '/' || l[1] == '*'
	case '*':
		return true
	case '-':
		return lang == "sql" && l[1] == '-'
	case '#':
		switch lang {
		case "python", "ruby", "shell", "make", "php":
			return true
		}
	}
	return false
}

func (d *declared) golang() bool {
	switch string(d.word) {
	case "func":
		return true
	case "type", "var", "const":
		return len(d.before) == len(d.word) // not inside a function
	}
	if n := len(d.before); n > 0 && d.before[n-1] == ')' {
		return bytes.HasPrefix(d.before, []byte("func (")) && bytes.IndexByte(d.before, ')') == n-1
	}
	if !d.first || d.indent != 1 || len(d.after) == 0 || !isBlank(d.line[d.indent+len(d.name)]) {
		return false
	}
	switch string(d.name) {
	case "const", "var", "type", "return":
		return false
	}
	// In a group: "Name struct {", "Name = iota", "Name Type = value".
	if d.next("struct {") || d.next("struct{") || d.next("interface {") || d.next("interface{") || d.next("= iota") {
		return true
	}
	i := 0
	for i < len(d.after) && (isNameByte(d.after[i]) || d.after[i] == '.') {
		i++
	}
	return i > 0 && bytes.HasPrefix(d.after[i:], []byte(" = "))
}

func (d *declared) python() bool {
	switch string(d.word) {
	case "def", "class":
		return true
	}
	if !d.first {
		return false
	}
	if d.indent == 0 && d.next(": ") {
		return bytes.Contains(d.after, []byte(" = "))
	}
	return d.assigned() && (d.indent == 0 || isUpper(d.name))
}

// isUpper reports whether name is one of a constant, such as MAX_SIZE.
func isUpper(name []byte) bool {
	for _, c := range name {
		if 'a' <= c && c <= 'z' || c >= 0x80 {
			return false
		}
	}
	return true
}

func (d *declared) script() bool {
	switch string(d.word) {
	case "function", "class", "interface", "enum", "namespace", "module":
		return true
	case "type":
		return d.next("=") || d.next("<")
	case "const", "let", "var":
		return d.indent == 0 || d.assigned() && isFunction(d.after[1:])
	}
	switch string(d.name) {
	case "if", "for", "while", "switch", "catch", "function", "return", "with", "constructor", "await", "super":
		return false
	}
	head := d.before[min(d.indent, len(d.before)):]
	for len(head) > 0 { // words that may stand before a member
		n := 0
		for n < len(head) && (isNameByte(head[n]) || head[n] == '*' || head[n] == '#') {
			n++
		}
		if n == 0 || !isModifier(head[:n]) {
			break
		}
		for n < len(head) && isBlank(head[n]) {
			n++
		}
		head = head[n:]
	}
	member := len(head) == 0 || bytes.HasSuffix(head, []byte("exports.")) || bytes.HasSuffix(head, []byte(".prototype."))
	if !member {
		return false
	}
	if d.next("(") || d.next("<") {
		return len(head) == 0 && d.scriptMethod()
	}
	if !d.next(":") && !d.assigned() {
		return false
	}
	return isFunction(d.after[1:]) || len(head) > 0 && bytes.HasPrefix(bytes.TrimLeft(d.after[1:], " "), []byte("class"))
}

// isFunction reports whether a value in JavaScript is a function.
func isFunction(value []byte) bool {
	value = bytes.TrimLeft(value, " ")
	return bytes.HasPrefix(value, []byte("function")) || bytes.HasPrefix(value, []byte("async ")) || bytes.Contains(value, []byte("=> {"))
}

// scriptMethod reports whether what follows the name are parameters and a body, and not
// the arguments of a call.
func (d *declared) scriptMethod() bool {
	a := d.after
	if !d.ends('{') && !(d.ends('}') && bytes.Contains(a, []byte(") {"))) || bytes.IndexByte(a, ')') < 0 ||
		bytes.HasSuffix(a, []byte("=> {")) || len(a) < 2 {
		return false
	}
	switch a[1] {
	case '\'', '"', '`', '(':
		return a[0] == '<'
	}
	return !bytes.HasPrefix(a, []byte("(function")) && !bytes.HasPrefix(a, []byte("(async "))
}

// isModifier reports whether word may stand before the type or the name of a member.
func isModifier(word []byte) bool {
	switch string(word) {
	case "public", "private", "protected", "internal", "static", "final", "abstract", "override", "virtual", "async",
		"readonly", "const", "sealed", "synchronized", "native", "default", "get", "set", "*", "#", "declare", "export",
		"extern", "unsafe", "partial", "new", "volatile", "transient", "inline", "constexpr":
		return true
	}
	return false
}
