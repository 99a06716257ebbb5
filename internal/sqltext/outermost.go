package sqltext

import (
	"strconv"

	"cleat/internal/fail"
)

// outermost returns where the outermost list of what is selected or returned is, an empty
// range if there is none in which columns can be followed. It fails for statements and
// clauses that reach masked columns without naming them.
func (l *lineage) outermost() (from, to int, err *fail.Error) {
	main := 0
	if l.tokens[0].word("with") {
		rest, ok := afterWith(l.tokens)
		if !ok {
			return 0, 0, fail.Errorf(fail.Denied, "the common table expressions cannot be followed to a masked table").
				Then("write the statement without WITH")
		}
		main = len(l.tokens) - len(rest)
	}
	into, table := 0, 0
	verb := l.tokens[main]
	switch {
	case verb.word("select"):
		from, to = l.selected(main)
	case verb.is("("), verb.word("values"):
	case verb.word("table") && main == 0:
		return 0, 0, l.whole()
	case verb.word("insert", "replace"):
		into = 1
		from, to = l.returned(main)
	case verb.word("update", "delete"):
		from, to = l.returned(main)
	case verb.word("create", "alter", "drop", "truncate"):
		table = 1
		if err := l.refuse("rename", "exchange", "union"); err != nil {
			return 0, 0, err
		}
	default:
		return 0, 0, fail.Errorf(fail.Denied, "this kind of statement is not accepted for tables with masked columns").
			Then(plainly)
	}
	if err := l.refuse("natural", "procedure"); err != nil {
		return 0, 0, err
	}
	for i, t := range l.tokens {
		switch {
		case t.is(":="), t.is("{"):
			return 0, 0, fail.Errorf(fail.Denied, "%s is not accepted together with tables that have masked columns", t.Text).Then(plainly)
		case l.keyword(i, "into"):
			into--
		case l.keyword(i, "table", "tables"):
			table--
		}
	}
	if into < 0 || table < 0 {
		return 0, 0, fail.Errorf(fail.Denied, "INTO and TABLE move all columns of a table, and one that is mentioned has masked columns").
			Then(plainly)
	}
	return from, to, nil
}

// refuse fails if one of the keywords is in the statement.
func (l *lineage) refuse(words ...string) *fail.Error {
	for i, t := range l.tokens {
		if l.keyword(i, words...) {
			return fail.Errorf(fail.Denied, "%q is not accepted together with tables that have masked columns", t.Text).Then(plainly)
		}
	}
	return nil
}

// selected returns where the list of the SELECT at main is, an empty range if it is a part
// of a set operation, which gives the columns of one list the names of another.
func (l *lineage) selected(main int) (from, to int) {
	if l.outside(main, "union", "intersect", "except", "minus") < len(l.tokens) {
		return 0, 0
	}
	return main + 1, l.outside(main+1, "from", "where", "group", "having", "window", "order", "limit", "offset", "fetch", "procedure", "into", "for", "lock")
}

// returned returns where the list behind RETURNING is.
func (l *lineage) returned(main int) (from, to int) {
	if from = l.outside(main, "returning"); from == len(l.tokens) {
		return 0, 0
	}
	return from + 1, len(l.tokens)
}

// outside returns where the first of the keywords is from i on outside parentheses, or
// where the tokens end.
func (l *lineage) outside(i int, words ...string) int {
	depth := 0
	for ; i < len(l.tokens); i++ {
		switch t := l.tokens[i]; {
		case t.is("("):
			depth++
		case t.is(")"):
			depth--
		case depth == 0 && l.keyword(i, words...):
			return i
		}
	}
	return i
}

// whole accepts TABLE name [LIMIT n [OFFSET n]].
func (l *lineage) whole() *fail.Error {
	p := parser{tokens: l.tokens[1:]}
	ok := p.path()
	for ok && len(p.tokens) > 0 {
		t := p.tokens[0]
		ok = t.word("limit", "offset") || t.Kind == Number || t.Kind == Param || t.is(",")
		p.tokens = p.tokens[1:]
	}
	if !ok {
		return fail.Errorf(fail.Denied, "TABLE is accepted with LIMIT alone for a table with masked columns").Then(plainly)
	}
	for i := range l.allowed {
		l.allowed[i] = true
	}
	return nil
}

// ordinals fails for numbers behind ORDER BY and GROUP BY that stand for a masked column of
// the list, from token i on.
func (l *lineage) ordinals(i int) *fail.Error {
	for {
		i = l.outside(i, "order", "group")
		if i+1 >= len(l.tokens) {
			return nil
		}
		if i++; !l.tokens[i].word("by") {
			continue
		}
		end := l.outside(i+1, "having", "order", "group", "limit", "with", "for", "lock", "window", "procedure", "into", "returning", "offset", "fetch", "rows", "union", "intersect", "except")
		for i++; i < end; i++ {
			next := l.next(i, end)
			if l.ordinal(l.tokens[i:next]) {
				return fail.Errorf(fail.Denied, "a number behind ORDER BY or GROUP BY may stand for a masked column").
					Then("write names there: " + plainly)
			}
			i = next
		}
		i = end
	}
}

// ordinal reports whether what the result is ordered or grouped by may be a masked column,
// by its number: 2, but to MariaDB also (2), +2, -(-2), TRUE for 1, and a parameter.
func (l *lineage) ordinal(by []Token) bool {
	bare := by
	for len(bare) > 0 && (bare[0].is("(") || bare[0].is("+") || bare[0].is("-")) {
		bare = bare[1:]
	}
	if len(bare) == 0 {
		return false
	}
	switch first := bare[0]; {
	case first.Kind == Op:
		return !first.is("~") && !first.is("!") && !first.is("@") && !first.is("@@")
	case first.Kind == Number, first.Kind == Param, first.word("true", "false", "null", "rollup", "cube", "grouping"):
	default:
		return false
	}
	if len(bare) > 1 && bare[1].Kind == Op && !bare[1].is("(") && !bare[1].is(")") {
		return false // 2 * price
	}
	plain := len(by) == 1 || len(by) == 2 && by[1].word("asc", "desc")
	if !plain || by[0].Kind != Number || l.star {
		return true
	}
	n, err := strconv.Atoi(by[0].Text)
	return err != nil || n >= 1 && n <= len(l.items) && l.items[n-1].masked
}
