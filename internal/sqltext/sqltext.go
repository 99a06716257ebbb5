// Package sqltext reads SQL text as far as safety needs it: its tokens, the one statement
// in it, what kind of statement that is, the functions it calls and the parameters it has.
//
// It knows how three families of servers take a text apart, not their grammars, and is
// never the only barrier: PostgreSQL's cursor, SQLite's authorizer and MySQL's read-only
// transaction stand behind it. It fails closed: what a server might read in two ways is an
// error, and a statement that it does not know is of the class Other. All functions take
// time proportional to the length of the text.
//
// PostgreSQL is read with standard_conforming_strings on, MySQL and MariaDB in the
// character set utf8mb4 without the SQL modes ANSI_QUOTES, NO_BACKSLASH_ESCAPES and
// ORACLE: a session that is set otherwise reads texts differently.
package sqltext

import (
	"strings"
	"unicode/utf8"

	"cleat/internal/fail"
)

// A Dialect is a family of servers that take texts apart in the same way.
type Dialect int

// The dialects. MySQL is MariaDB too: where they differ, what either takes for code is
// taken for code.
const (
	PostgreSQL Dialect = iota
	MySQL
	SQLite
)

// String returns the name of the dialect for a reader.
func (d Dialect) String() string {
	switch d {
	case PostgreSQL:
		return "PostgreSQL"
	case MySQL:
		return "MySQL"
	}
	return "SQLite"
}

// A Kind is the kind of a token.
type Kind int

// The kinds of tokens.
const (
	Word       Kind = iota // an identifier or keyword without quotes; Text is in lower case (A-Z only)
	Quoted                 // an identifier in quotes; Text is the name
	String                 // a literal in quotes, of whatever kind; Text is its value where it has no prefix, else what stands between the quotes
	Number                 // Text is as written
	Param                  // a placeholder; Text is as written
	Op                     // an operator or a mark such as ( , ; and in MySQL the @ or @@ before a variable's name
	Comment                // Text is as written
	Executable             // MySQL: /*! or /*M!, code to some servers; it reaches to the end of the text, since where it ends depends on the server
	Hint                   // MySQL: /*+ */
)

// A Token is a piece of a text. Between tokens there is only white space.
type Token struct {
	Kind       Kind
	Text       string
	Start, End int // of its bytes in the text

	open bool // PostgreSQL: a U&"" or U&'' whose escapes are not decoded yet
}

// Limits of a text.
const (
	MaxBytes = 100_000 // of a text
	MaxDepth = 1000    // of parentheses in parentheses
)

// A lexError says why a text has no tokens in a dialect.
type lexError struct {
	err *fail.Error
	// foreign says that the text holds a character that is no part of the dialect: it was
	// written for another, as opposed to one that has no end, or several statements, because
	// it is read otherwise here.
	foreign bool
}

// Tokens takes a text apart, comments included. It fails with fail.Invalid for a string,
// quoted name or comment without an end, characters that are no part of the dialect, NUL,
// bytes that are not UTF-8, and more than MaxDepth parentheses in each other, and with
// fail.TooLarge for more than MaxBytes.
func Tokens(d Dialect, sql string) ([]Token, error) {
	tokens, bad := lex(d, sql)
	if bad != nil {
		return nil, bad.err
	}
	return tokens, nil
}

func lex(d Dialect, sql string) ([]Token, *lexError) {
	switch {
	case len(sql) > MaxBytes:
		return nil, &lexError{err: fail.Errorf(fail.TooLarge, "the SQL has %d bytes, the limit is %d", len(sql), MaxBytes)}
	case strings.IndexByte(sql, 0) >= 0:
		return nil, &lexError{err: fail.Errorf(fail.Invalid, "the SQL holds a NUL character")}
	case !utf8.ValidString(sql):
		return nil, &lexError{err: fail.Errorf(fail.Invalid, "the SQL is not valid UTF-8")}
	}
	s := &scanner{src: sql}
	s.tokens = make([]Token, 0, len(sql)/5+4)
	next := s.postgres
	switch d {
	case MySQL:
		next = s.mysql
	case SQLite:
		next = s.sqlite
	}
	for s.pos < len(sql) && s.bad == nil {
		next()
	}
	if s.bad == nil && d == PostgreSQL {
		s.unescape()
	}
	if s.bad != nil {
		return nil, s.bad
	}
	return s.tokens, nil
}

// code returns the tokens of a text that a server may act on: all but comments. It fails
// with fail.Denied for executable comments.
func code(d Dialect, sql string) ([]Token, *lexError) {
	tokens, bad := lex(d, sql)
	if bad != nil {
		return nil, bad
	}
	kept := tokens[:0]
	for _, t := range tokens {
		switch t.Kind {
		case Executable:
			return nil, &lexError{err: executable()}
		case Comment, Hint:
		default:
			kept = append(kept, t)
		}
	}
	return kept, nil
}

func executable() *fail.Error {
	return fail.Errorf(fail.Denied, "comments that some servers execute, /*! and /*M!, are not accepted").
		Then("write the statement without /*! */")
}

// is reports whether t is the mark or operator op.
//
//go:noinline
func (t Token) is(op string) bool { return t.Kind == Op && t.Text == op }

// word reports whether t is one of the keywords, in lower case.
//
//go:noinline
func (t Token) word(words ...string) bool {
	if t.Kind != Word {
		return false
	}
	for _, w := range words {
		if t.Text == w {
			return true
		}
	}
	return false
}

// name reports whether t can be the name of something.
//
//go:noinline
func (t Token) name() bool { return t.Kind == Word || t.Kind == Quoted }
