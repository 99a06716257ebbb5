package sqltext

import (
	"strings"

	"cleat/internal/fail"
)

// The classes of statements.
const (
	Read  = "read"
	DML   = "dml"
	DDL   = "ddl"
	Other = "other"
)

// Verb returns the first keyword of the one statement in upper case, behind comments and
// opening parentheses, or "" if a name in quotes or a mark is there. It fails as Class does.
func Verb(d Dialect, sql string) (string, error) {
	tokens, bad := statement(d, sql)
	if bad != nil {
		return "", bad.err
	}
	tokens = inside(tokens)
	if len(tokens) == 0 || tokens[0].Kind != Word {
		return "", nil
	}
	return strings.ToUpper(tokens[0].Text), nil
}

// Class returns what kind of statement the one statement is:
//
//	read   SELECT, VALUES, TABLE, also behind WITH, if no part of it writes
//	dml    INSERT, UPDATE, DELETE, MERGE, REPLACE, also behind WITH and within it
//	ddl    CREATE, ALTER, DROP of tables, indexes, views, sequences, domains, enumerations
//	       and extended statistics; COMMENT of these and their columns; RENAME TABLE; TRUNCATE
//	other  all else, also SELECT INTO and SELECT FOR UPDATE, and what grants rights, runs
//	       code later, or reaches files and other servers: users, roles, schemas, databases,
//	       functions, triggers, rules, policies, events, extensions, owners, tablespaces,
//	       foreign tables, data directories, unknown storage engines
//
// It does not depend on which of these the dialect has: what a server does not know, it
// refuses. It fails with fail.Invalid where there is no statement or more than one, with
// fail.Denied for executable comments, and as Tokens does.
func Class(d Dialect, sql string) (string, error) {
	tokens, bad := statement(d, sql)
	if bad != nil {
		return "", bad.err
	}
	return classify(tokens), nil
}

// AnyClass returns the class of a statement whose dialect is not known. A dialect that
// takes a character of the text for none of its own has no say, as no server of it runs the
// text. Of the others the strictest counts, which is Other; if they differ otherwise, or
// one takes the text for several statements or for one without an end, it fails with
// fail.Invalid. It fails with fail.Denied for executable comments.
func AnyClass(sql string) (string, error) {
	class := ""
	var foreign *fail.Error
	for _, d := range []Dialect{PostgreSQL, MySQL, SQLite} {
		tokens, bad := statement(d, sql)
		if bad != nil && bad.foreign {
			foreign = bad.err
			continue
		}
		if bad != nil {
			return "", bad.err.Then("write it so that it means the same in every dialect: strings in '…' without backslashes, values as parameters, no comments")
		}
		switch c := classify(tokens); {
		case class == "" || c == Other:
			class = c
		case class != Other && class != c:
			return "", fail.Errorf(fail.Invalid, "the statement is %s to some databases and %s to others", class, c).
				Then("write it plainly, without comments and without backslashes in strings")
		}
	}
	if class == "" {
		return "", foreign
	}
	return class, nil
}

// inside returns tokens behind the opening parentheses at the beginning.
func inside(tokens []Token) []Token {
	for len(tokens) > 0 && tokens[0].is("(") {
		tokens = tokens[1:]
	}
	return tokens
}

func classify(tokens []Token) string {
	class := mainClass(tokens)
	if class == Other {
		return Other
	}
	writes := writesInside(tokens)
	switch {
	case class != DDL && reaches(tokens, class), class == DDL && writes:
		return Other
	case class == Read && writes:
		return DML
	}
	return class
}

// mainClass returns the class that the main verb gives.
func mainClass(tokens []Token) string {
	bare := inside(tokens)
	parens := len(bare) < len(tokens)
	if len(bare) == 0 {
		return Other
	}
	switch verb := bare[0]; {
	case verb.word("select", "values", "table"):
		return Read
	case verb.word("with"):
		main, ok := afterWith(bare)
		if !ok {
			return Other
		}
		if main[0].is("(") {
			parens = true
			main = inside(main)
		}
		return queryClass(main, parens)
	case parens:
		return Other
	case verb.word("create", "alter", "drop", "truncate", "comment", "rename"):
		return ddlClass(bare)
	}
	return queryClass(bare, false)
}

// queryClass is the class of a statement that can stand behind WITH. In parentheses it is
// one that reads.
func queryClass(tokens []Token, parens bool) string {
	switch {
	case len(tokens) == 0:
	case tokens[0].word("select", "values", "table"):
		return Read
	case parens:
	case tokens[0].word("insert", "update", "delete", "merge", "replace"):
		return DML
	}
	return Other
}

// afterWith returns what follows the common table expressions at the beginning of tokens.
func afterWith(tokens []Token) ([]Token, bool) {
	p := parser{tokens: tokens[1:]}
	p.take("recursive")
	for {
		if !p.name() {
			return nil, false
		}
		if p.is("(") && !p.parens() {
			return nil, false
		}
		if !p.take("as") {
			return nil, false
		}
		if p.take("not") && !p.at("materialized") {
			return nil, false
		}
		p.take("materialized")
		if !p.parens() || !p.search() || !p.cycle() {
			return nil, false
		}
		if !p.mark(",") {
			return p.tokens, len(p.tokens) > 0
		}
	}
}

// writesInside reports whether a common table expression anywhere writes. Of one that has
// others within it, the verb is not looked for where it should be, but anywhere.
func writesInside(tokens []Token) bool {
	nested := false
	for i, t := range tokens {
		if i == 0 || i+1 == len(tokens) {
			continue
		}
		before, next := tokens[i-1], tokens[i+1]
		switch {
		case t.is("(") && next.word("with"):
			nested = true
		case !t.word("insert", "update", "delete", "merge", "replace") || next.is("("):
		case nested && next.name() && !before.is(".") && !before.word("as"):
			return true
		case before.is("(") && opens(tokens[:i]):
			return true
		}
	}
	return false
}

// opens reports whether tokens end with AS [MATERIALIZED] and parentheses.
func opens(tokens []Token) bool {
	for len(tokens) > 0 && tokens[len(tokens)-1].is("(") {
		tokens = tokens[:len(tokens)-1]
	}
	return len(tokens) > 0 && tokens[len(tokens)-1].word("as", "materialized")
}

// reaches reports whether a statement that reads, or changes rows, does more than that: it
// writes what it found to a table, a file or a variable, or locks rows.
func reaches(tokens []Token, class string) bool {
	at := func(i int) Token {
		if i >= 0 && i < len(tokens) {
			return tokens[i]
		}
		return Token{Kind: Op}
	}
	for i, t := range tokens {
		if t.Kind != Word || at(i-1).is(".") || at(i-1).word("as") {
			continue
		}
		next, third := at(i+1), at(i+2)
		switch {
		case t.word("into"):
			// In a read, only INSERT INTO and MERGE INTO at the beginning of a common
			// table expression are others.
			insert := at(i-1).word("insert", "merge", "replace") && at(i-2).is("(")
			if class == Read && !insert || next.word("outfile", "dumpfile") || next.is("@") {
				return true
			}
		case class != Read:
		case t.word("for") && (next.word("update", "share") || next.word("no", "key") && third.word("key", "share")),
			t.word("lock") && next.word("in") && third.word("share"):
			return true
		}
	}
	return false
}
