package sqltext

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"cleat/internal/fail"
)

// A MaskQuery says what is masked, in lower case.
type MaskQuery struct {
	Tables  []string // masked tables and the views over them, without schemas
	Columns []string // the names of masked columns
}

// Masked reports whether a statement of MySQL or MariaDB shows masked columns only where
// the names of the result tell them. They may be mentioned as items of the outermost list of
// what is selected, or behind RETURNING, each as a name with or without an alias, and a
// * may stand there; nowhere else, nor may what compares or moves all columns of a table.
// Its aliases are returned in lower case: columns of the result that have one of these
// names are masked too. A text that names none of the tables is not looked at.
//
// It fails with fail.Denied, as Single does, and as Tokens does. Names of columns that are
// other words too, such as date, are in doubt columns.
func Masked(sql string, q MaskQuery) (aliases []string, err error) {
	tokens, bad := statement(MySQL, sql)
	if bad != nil {
		return nil, bad.err
	}
	l := &lineage{src: sql, tokens: tokens, columns: newNames(q.Columns), allowed: make([]bool, len(tokens))}
	tables := newNames(q.Tables)
	mentioned := false
	for _, t := range tokens {
		if t.Kind == Quoted && strings.HasPrefix(lower(t.Text), "#mysql50#") {
			return nil, fail.Errorf(fail.Denied, "names that begin with #mysql50# are not accepted").Then("write the name of the table itself")
		}
		mentioned = mentioned || t.name() && tables.like(t.Text)
	}
	if !mentioned {
		return nil, nil
	}
	if err := l.check(); err != nil {
		return nil, err
	}
	return l.aliases, nil
}

// A lineage follows masked columns through a statement.
type lineage struct {
	src     string
	tokens  []Token
	columns names
	allowed []bool // of tokens: mentions and stars that were found where they may be

	items    []item // of the outermost list
	star     bool   // one of the items is a star
	distinct bool
	aliases  []string // of masked columns
}

// An item is an item of the outermost list.
type item struct{ masked bool }

func (l *lineage) check() *fail.Error {
	from, to, err := l.outermost()
	if err != nil {
		return err
	}
	if err := l.list(from, to); err != nil {
		return err
	}
	if err := l.mentions(); err != nil {
		return err
	}
	if !l.shows() {
		return nil
	}
	if l.distinct {
		return fail.Errorf(fail.Denied, "DISTINCT compares a masked column").Then(plainly)
	}
	return l.ordinals(to)
}

const plainly = "select masked columns plainly, without an expression, condition or order"

// shows reports whether the outermost list holds masked columns.
func (l *lineage) shows() bool {
	for _, i := range l.items {
		if i.masked {
			return true
		}
	}
	return l.star
}

// mentions fails for every mention of a masked column, an alias of one, or all columns,
// that was not found where it may be.
func (l *lineage) mentions() *fail.Error {
	tainted := newNames(l.aliases)
	for i, t := range l.tokens {
		switch {
		case l.allowed[i]:
		case t.is("*") && l.isStar(i):
			return fail.Errorf(fail.Denied, "a * of a table with masked columns stands where its values cannot be followed").
				Then("name the columns, or write * in the outermost list alone")
		case !t.name():
		case l.columns.like(t.Text) && !l.function(i):
			return fail.Errorf(fail.Denied, "the masked column %q is used in a way in which its values cannot be followed", short(t.Text)).
				Then(plainly)
		case tainted.like(t.Text):
			return fail.Errorf(fail.Denied, "%q names a masked column, and is mentioned elsewhere too", short(t.Text)).
				Then(plainly)
		}
	}
	return nil
}

func short(name string) string {
	if len(name) <= 64 {
		return name
	}
	return strings.ToValidUTF8(name[:64], "") + "…"
}

// function reports whether the word is that of a function or keyword, as one without
// quotes right before a parenthesis is.
func (l *lineage) function(i int) bool {
	return l.tokens[i].Kind == Word && i+1 < len(l.tokens) && l.tokens[i+1].is("(") && (i == 0 || !l.tokens[i-1].is("."))
}

// isStar reports whether the * stands for columns: it is no operator, and not that of
// count(*).
func (l *lineage) isStar(i int) bool {
	if i == 0 {
		return true
	}
	switch before := l.tokens[i-1]; {
	case before.is("."), before.is(","):
		return true
	case before.is("("):
		return i+1 == len(l.tokens) || !l.tokens[i+1].is(")") || i < 2 || !l.tokens[i-2].name()
	}
	return l.keyword(i-1, "select", "returning") || l.keyword(i-1, modifiers()...)
}

// keyword reports whether the token is one of the keywords, which no word is behind a dot
// or an @.
func (l *lineage) keyword(i int, words ...string) bool {
	if !l.tokens[i].word(words...) {
		return false
	}
	if i == 0 {
		return true
	}
	before := l.tokens[i-1]
	return !before.is(".") && !((before.is("@") || before.is("@@")) && before.End == l.tokens[i].Start)
}

// list reads the items of the outermost list, which is tokens from up to to.
func (l *lineage) list(from, to int) *fail.Error {
	for from < to && (l.keyword(from, modifiers()...)) {
		l.distinct = l.distinct || l.keyword(from, "distinct", "distinctrow")
		from++
	}
	for from < to {
		end := l.next(from, to)
		if err := l.item(from, end); err != nil {
			return err
		}
		from = end + 1
	}
	return nil
}

func modifiers() []string {
	return []string{"all", "distinct", "distinctrow", "high_priority", "straight_join", "sql_small_result",
		"sql_big_result", "sql_buffer_result", "sql_cache", "sql_no_cache", "sql_calc_found_rows"}
}

// next returns where the next comma outside parentheses is, or to.
func (l *lineage) next(from, to int) int {
	depth := 0
	for i := from; i < to; i++ {
		switch t := l.tokens[i]; {
		case t.is("("):
			depth++
		case t.is(")"):
			depth--
		case depth == 0 && t.is(","):
			return i
		}
	}
	return to
}

// item reads one item. One that mentions a masked column is a name of up to three parts,
// the last of them the column's, and perhaps an alias; others are left to mentions.
func (l *lineage) item(from, to int) *fail.Error {
	column := from
	for range 2 {
		if column+2 < to && l.tokens[column].name() && l.tokens[column+1].is(".") {
			column += 2
		}
	}
	if column >= to {
		l.items = append(l.items, item{})
		return nil
	}
	t := l.tokens[column]
	if t.is("*") && column+1 == to {
		l.allowed[column], l.star = true, true
		l.items = append(l.items, item{masked: true})
		return nil
	}
	masked := t.name() && l.columns.exact(t.Text)
	alias, ok := l.alias(column+1, to)
	if !masked || !ok {
		l.items = append(l.items, item{})
		return nil
	}
	l.allowed[column] = true
	l.items = append(l.items, item{masked: true})
	if alias < 0 {
		return nil
	}
	a := l.tokens[alias]
	// As the caller compares names with those of the answer; EqualFold takes more for equal.
	if name := strings.ToLower(t.Text); strings.ToLower(a.Text) == name {
		l.allowed[alias] = true
		return nil
	}
	if l.columns.like(a.Text) || l.odd(a) {
		return fail.Errorf(fail.Denied, "the alias of the masked column %q is not accepted", short(t.Text)).
			Then("use an alias of letters and digits that is no masked column's name, or none")
	}
	name := strings.ToLower(a.Text)
	l.allowed[alias] = !slices.Contains(l.aliases, name)
	l.aliases = append(l.aliases, name)
	return nil
}

// odd reports whether the server may change the alias, so that the column of the result
// has another name.
func (l *lineage) odd(alias Token) bool {
	s := alias.Text
	return alias.Kind == String && (strings.ContainsRune(s, '\\') || strings.IndexByte(`'"`, l.src[alias.Start]) < 0) ||
		s == "" || utf8.RuneCountInString(s) > 64 || strings.TrimSpace(s) != s ||
		strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

// alias returns the token that is the alias in tokens from up to to, which hold nothing
// else but perhaps AS, or -1 if there are none.
func (l *lineage) alias(from, to int) (int, bool) {
	if from == to {
		return -1, true
	}
	if l.tokens[from].word("as") {
		from++
	}
	if from+1 != to {
		return 0, false
	}
	t := l.tokens[from]
	return from, t.name() || t.Kind == String
}
