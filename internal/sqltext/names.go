package sqltext

import (
	"strconv"
	"strings"

	"cleat/internal/fail"
)

// A Call is a name right before an opening parenthesis: a function's, or a type's, a
// table's, a keyword such as IN. Which it is, the caller decides.
type Call struct {
	Schema, Name string // Schema is "" for a bare name; in lower case where not quoted
	Quoted       bool   // whether Name was in quotes
}

// Calls returns every name right before "(", in order, with white space and comments in
// between. Of a name with more than two parts the last two are told. For SQLite, which
// takes strings for names where a function of tables is called, they are names too. It
// fails with fail.Denied for executable comments, and as Tokens does.
func Calls(d Dialect, sql string) ([]Call, error) {
	tokens, bad := code(d, sql)
	if bad != nil {
		return nil, bad.err
	}
	name := func(t Token) bool { return t.name() || d == SQLite && t.Kind == String }
	var calls []Call
	for i, t := range tokens {
		if !t.is("(") || i == 0 || !name(tokens[i-1]) {
			continue
		}
		c := Call{Name: tokens[i-1].Text, Quoted: tokens[i-1].Kind != Word}
		if i >= 3 && tokens[i-2].is(".") && name(tokens[i-3]) {
			c.Schema = tokens[i-3].Text
		}
		calls = append(calls, c)
	}
	return calls, nil
}

// Params returns how many values a statement needs: in MySQL the number of ?, in
// PostgreSQL the highest N of $N, and in SQLite the highest number that ?, ?N, :name, @name
// and $name get. It fails with fail.Invalid for a number out of range, with fail.Denied
// for executable comments, and as Tokens does.
func Params(d Dialect, sql string) (int, error) {
	tokens, bad := code(d, sql)
	if bad != nil {
		return 0, bad.err
	}
	highest := 0
	numbers := map[string]int{}
	for _, t := range tokens {
		if t.Kind != Param {
			continue
		}
		number := t.Text[1:]
		numbered := number != "" && strings.Trim(number, "0123456789") == "" && (d == PostgreSQL || t.Text[0] == '?')
		switch {
		case numbered:
			n, err := strconv.Atoi(number)
			if limit := d.params(); err != nil || n < 1 || n > limit {
				return 0, fail.Errorf(fail.Invalid, "there is no parameter %s: they have the numbers 1 to %d", t.Text[:min(len(t.Text), 20)], limit)
			}
			highest = max(highest, n)
		case t.Text == "?":
			highest++
		case numbers[t.Text] == 0:
			highest++
			numbers[t.Text] = highest
		}
	}
	return highest, nil
}

// params is the highest number of a parameter.
func (d Dialect) params() int {
	if d == SQLite {
		return 32766
	}
	return 65535
}
