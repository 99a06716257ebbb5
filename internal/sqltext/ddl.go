package sqltext

// ddlClass is DDL for a statement that begins with one of its verbs and concerns only
// tables, indexes, views and the like of the database itself, else Other.
func ddlClass(tokens []Token) string {
	p := parser{tokens: tokens[1:]}
	known := false
	switch tokens[0].Text {
	case "truncate":
		known = true
	case "rename":
		known = p.take("table", "tables")
	case "comment":
		known = p.take("on") && (p.object() || p.take("column", "constraint"))
	case "create":
		if p.take("or") && !p.take("replace") {
			return Other
		}
		known = p.object()
	default:
		known = p.object()
	}
	if !known || beyond(tokens) {
		return Other
	}
	return DDL
}

// object takes the kind of thing that is created, altered or dropped, and reports whether
// it is one that holds data or describes it.
func (p *parser) object() bool {
	for p.take("temp", "temporary", "global", "local", "unlogged", "unique", "fulltext", "spatial", "recursive", "materialized",
		"online", "offline", "ignore") {
	}
	if p.take("algorithm") && (!p.mark("=") || !p.name()) {
		return false
	}
	if p.take("sql") && (!p.take("security") || !p.take("invoker")) {
		return false
	}
	if p.take("type") {
		return p.dataType()
	}
	return p.take("table", "tables", "index", "view", "sequence", "statistics", "domain")
}

// dataType reports whether what is next names a type without code of its own: not
// CREATE TYPE x (INPUT = f) and not AS RANGE, which name functions to be run.
func (p *parser) dataType() bool {
	if p.take("if") {
		p.take("exists")
	}
	if !p.path() {
		return false
	}
	if p.take("as") {
		return p.at("enum") || p.is("(")
	}
	return len(p.tokens) == 0 || p.is(",") || p.at("add", "rename", "alter", "drop", "is", "cascade", "restrict")
}

// beyond reports whether a statement reaches beyond the data it names: to owners and
// rights, to code that runs later, to files, to other servers.
func beyond(tokens []Token) bool {
	at := func(i int) Token {
		if i < len(tokens) {
			return tokens[i]
		}
		return Token{Kind: Op}
	}
	for i := 1; i < len(tokens); i++ {
		t, before, next, third := tokens[i], tokens[i-1], at(i+1), at(i+2)
		if t.Kind != Word || before.is(".") {
			continue
		}
		switch {
		case t.word("tablespace", "secondary_engine", "secondary_load", "secondary_unload"),
			t.word("into"),
			t.word("owner") && next.word("to"),
			t.word("set") && next.word("schema"),
			t.word("enable", "disable", "always", "replica") && next.word("trigger", "rule"),
			t.word("row") && next.word("level") && third.word("security"),
			t.word("data", "index") && next.word("directory"),
			t.word("connection") && (next.is("=") || next.Kind == String),
			t.word("union") && (next.is("=") || next.is("(") && tokens[0].word("alter")),
			t.word("as") && next.word("execute"),
			t.word("engine") && !harmlessEngine(before, next, third):
			return true
		}
	}
	return false
}

// harmlessEngine reports whether the word ENGINE after before is the name of a column, or
// the option ENGINE [=] NAME of a storage engine that keeps its rows in files of its own.
func harmlessEngine(before, next, third Token) bool {
	name := next
	switch {
	case next.is("="):
		name = third
	case next.Kind == Op, next.word("from", "as", "and", "or", "is", "in", "not", "like", "asc", "desc", "collate", "where", "order", "group"),
		before.is("("), before.is(","), before.word("add", "column", "modify", "exists"):
		return true
	}
	switch lower(name.Text) {
	case "innodb", "myisam", "aria", "memory", "heap", "rocksdb", "archive", "ndb", "ndbcluster", "columnstore", "mroonga":
		return true
	}
	return false
}
