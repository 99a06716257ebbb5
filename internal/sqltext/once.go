package sqltext

import "strings"

// Once reports whether the statement reads the table once, so that its key among the
// columns of a row is that of the row which the table's other columns are of: the name
// stands there once, not counting where it qualifies a column, and there is no CTE, which
// could be read more often. False says no more than that it cannot be told.
func Once(d Dialect, sql, table string) bool {
	tokens, err := Tokens(d, sql)
	if err != nil {
		return false
	}
	n := 0
	for i, t := range tokens {
		if t.Kind != Word && t.Kind != Quoted {
			continue
		}
		if t.Kind == Word && t.Text == "with" {
			return false
		}
		qualifies := i+1 < len(tokens) && tokens[i+1].Kind == Op && tokens[i+1].Text == "."
		if strings.EqualFold(t.Text, table) && !qualifies {
			n++
		}
	}
	return n == 1
}
