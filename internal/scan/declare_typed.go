package scan

import "bytes"

// typed reports whether a type, or a modifier, stands before the name, and a parameter
// list after it: a function as languages after C have it.
func (d *declared) typed() bool {
	before := d.before
	if !d.next("(") || len(before) == 0 {
		return false
	}
	for bytes.HasSuffix(before, []byte("::")) { // Class::name
		before = trimRight(before[:wordStart(before[:len(before)-2])])
	}
	if len(before) == 0 {
		return true
	}
	c := before[len(before)-1]
	if !isNameByte(c) && c != '>' && c != ']' && c != '*' && c != '&' && c != '~' || bytes.ContainsAny(before, "=(\"'?") {
		return false
	}
	if bytes.HasSuffix(before, []byte("->")) || bytes.HasSuffix(before, []byte("&&")) {
		return false
	}
	switch string(before[wordStart(before):]) {
	case "return", "new", "else", "throw", "case", "delete", "await", "yield", "goto", "in", "is", "as", "not", "and", "or",
		"co_return", "co_await", "assert", "do", "sizeof", "throws", "extends", "implements", "define", "when", "instanceof":
		return false
	}
	return true
}

func (d *declared) c() bool {
	switch string(d.word) {
	case "define":
		return d.line[d.indent] == '#'
	case "struct", "union", "enum", "class", "namespace", "concept":
		return len(d.after) == 0 || d.next("{") || d.next(":") && !d.next("::") || d.next("final")
	case "using":
		return d.assigned()
	}
	if d.begins("typedef") && bytes.HasSuffix(d.before, []byte("(*")) {
		return d.next(")")
	}
	if d.begins("typedef") || len(d.before) == d.indent+1 && d.line[d.indent] == '}' {
		return d.next(";")
	}
	if d.begins("class") && isUpper(d.word) { // a macro about linking
		return len(d.after) == 0 || d.next("{") || d.next(":") && !d.next("::")
	}
	if d.ends(';') || len(d.line) > 0 && d.line[0] == '#' {
		return false // a prototype, a variable, a macro's use
	}
	if d.first && d.indent == 0 { // its type is on the line before
		return d.next("(") && !isUpper(d.name)
	}
	return (d.indent == 0 || d.ends('{') || d.ends('}')) && d.typed()
}

func (d *declared) javaLike() bool {
	switch string(d.word) {
	case "class", "interface", "enum", "record", "struct", "namespace", "event":
		return true
	}
	if d.typed() {
		return true
	}
	if len(d.before) <= d.indent {
		return false
	}
	head := d.before[d.indent:]
	n := 0
	for n < len(head) && isNameByte(head[n]) {
		n++
	}
	// A field or a property.
	return isModifier(head[:n]) && n < len(head) && (d.assigned() || d.next(";") || d.next("{") || d.next("=> ")) &&
		!bytes.ContainsAny(head, "=(")
}

func (d *declared) rust() bool {
	switch string(d.word) {
	case "fn", "struct", "enum", "trait", "type", "const", "static", "mod", "union":
		return true
	case "mut":
		return bytes.HasSuffix(d.before, []byte("static mut"))
	}
	return bytes.HasSuffix(d.before, []byte("macro_rules!"))
}

func (d *declared) ruby() bool {
	switch string(d.word) {
	case "def", "class", "module":
		return string(d.name) != "self"
	}
	if bytes.HasSuffix(d.before, []byte("def self.")) {
		return true
	}
	if n := len(d.before); n > 0 && d.before[n-1] == ':' {
		return d.begins("attr_accessor") || d.begins("attr_reader") || d.begins("attr_writer")
	}
	return d.first && 'A' <= d.name[0] && d.name[0] <= 'Z' && d.assigned()
}

func (d *declared) php() bool {
	before := d.before
	if n := len(before); n > 0 && (before[n-1] == '&' || before[n-1] == '$') {
		before = trimRight(before[:n-1])
	}
	switch word := before[wordStart(before):]; string(word) {
	case "function", "class", "interface", "trait", "enum", "const", "namespace":
		return true
	case "public", "private", "protected", "static", "var", "readonly":
		return len(before) != len(d.before) // a property
	}
	return d.begins("const") && d.assigned()
}

// modern is Kotlin, Scala and Swift: a keyword stands before every name.
func (d *declared) modern() bool {
	switch string(d.word) {
	case "fun", "func", "def", "class", "interface", "object", "trait", "struct", "enum", "protocol", "typealias", "actor",
		"type", "given", "macro":
		return true
	case "val", "var", "let":
		return d.indent <= 4
	case "case":
		return !d.next(":") && !d.next("=>") && !d.next("(") && d.indent > 0 && !bytes.Contains(d.after, []byte(":"))
	}
	// An extension: "fun String.name(", "fun <T> name(".
	if n := len(d.before); n == 0 || d.before[n-1] != '.' && d.before[n-1] != '>' {
		return false
	}
	_, rest, ok := bytes.Cut(d.before, []byte("fun "))
	return ok && !bytes.ContainsAny(rest, "(={")
}

func (d *declared) sql() bool {
	l := d.line[d.indent:]
	if len(l) < 6 || !bytes.EqualFold(l[:6], []byte("create")) || bytes.IndexByte(d.before, '(') >= 0 {
		return false
	}
	switch string(bytes.ToUpper(d.name)) {
	case "IF", "NOT", "EXISTS", "ON", "OR", "REPLACE", "CONCURRENTLY":
		return false
	}
	if d.next(".") || d.next("].") || d.next(`".`) { // a schema
		return false
	}
	words := bytes.ToUpper(d.before)
	for _, w := range [...]string{" ON ", " AS ", " BY ", " FROM ", " RETURNS "} {
		if bytes.Contains(words, []byte(w)) {
			return false
		}
	}
	word := bytes.TrimRight(words, "\"`[ ")
	for len(word) > 0 && word[len(word)-1] == '.' { // of a schema
		word = bytes.TrimRight(word[:wordStart(bytes.TrimRight(word[:len(word)-1], "\"`]"))], "\"`[ ")
	}
	switch string(word[wordStart(word):]) {
	case "TABLE", "VIEW", "INDEX", "FUNCTION", "PROCEDURE", "TRIGGER", "TYPE", "SEQUENCE", "SCHEMA", "DOMAIN", "DATABASE", "EXISTS",
		"EXTENSION", "ROLE", "CONCURRENTLY":
		return true
	}
	return false
}

func (d *declared) make() bool {
	if d.line[0] == '\t' {
		return false
	}
	switch string(d.word) {
	case "define", "override", "export":
		return string(d.word) == "define" || d.assigned() || d.next(":=") || d.next("?=")
	}
	if bytes.ContainsAny(d.before, ":=#$") {
		return false
	}
	if d.next("=") || d.next(":=") || d.next("::=") || d.next("?=") {
		return d.first
	}
	at := bytes.IndexByte(d.after, ':')
	return at >= 0 && !bytes.ContainsAny(d.after[:at], "=$(")
}
