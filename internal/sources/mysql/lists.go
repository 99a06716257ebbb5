package mysql

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"cleat/internal/fail"
)

// A place is a name where a table stands.
type place struct {
	schema, name string
	at           int  // the token
	perhaps      bool // it may be a column as well
}

// places returns the names that stand where a table can: after FROM, JOIN and the like,
// and behind commas and parentheses there. A word such as WHERE may be an alias or a
// function to some servers, so what follows a comma behind it is perhaps a table.
func places(st statement) []place {
	const (
		elsewhere = iota
		tables    // in a list of tables
		behind    // behind one
	)
	type frame struct {
		in       int
		argument bool // of a function, where FROM is a mere word
	}
	var out []place
	frames := []frame{{}}
	for i := range st.tokens {
		f := &frames[len(frames)-1]
		here := f.in != elsewhere && (starts(st, i-1) || st.op(i-1, ",", "(") || st.op(i-2, "{"))
		switch {
		case st.op(i, "("):
			n := frame{argument: st.word(i-1, "extract", "trim", "substring", "substr", "mid") && !st.word(i+1, "select", "with", "table", "values")}
			if here {
				n.in = f.in
			}
			frames = append(frames, n)
		case st.op(i, ")"):
			if len(frames) > 1 {
				frames = frames[:len(frames)-1]
			}
		case f.argument && st.word(i, "from"):
		case st.word(i, "from", "join", "straight_join", "table", "tables", "update", "into", "delete"):
			f.in = tables
		case st.word(i, "select", "with"):
			f.in = elsewhere
		case here && st.name(i) && !st.op(i+1, "(") && !st.op(i-1, ".") && !st.word(i, "dual", "lateral"):
			p := place{name: st.at(i).Text, at: i, perhaps: f.in == behind}
			if st.op(i+1, ".") && st.name(i+2) {
				p.schema, p.name = p.name, st.at(i+2).Text
			}
			out = append(out, p)
		case f.in == tables && st.word(i, "where", "group", "having", "order", "limit", "window", "union", "except", "intersect", "values", "set", "returning", "minus"):
			f.in = behind
		}
	}
	return out
}

// starts reports whether a table stands behind token i.
func starts(st statement, i int) bool {
	return st.word(i, "from", "join", "straight_join", "table")
}

// A with is the name that WITH gives to a query, in small letters, and the tokens among
// which it means that query.
type with struct {
	name     string
	from, to int
}

// withs returns the names that WITH gives to queries. Such a name is known behind the query,
// and in it if it is recursive, up to the end of the parentheses around WITH.
func withs(st statement) []with {
	var out []with
	closes := matches(st)
	for i := range st.tokens {
		// name [(columns)] AS (
		if !st.word(i, "as") || !st.op(i+1, "(") {
			continue
		}
		k := i - 1
		if st.op(k, ")") {
			for k >= 0 && closes[k] != i-1 {
				k--
			}
			k--
		}
		if !st.name(k) || !st.word(k-1, "with", "recursive") && !st.op(k-1, ",") {
			continue
		}
		w := with{strings.ToLower(st.at(k).Text), closes[i+1], len(st.tokens)}
		for open, end := range closes {
			if open < k && end > k && end < w.to {
				w.to = end
			}
		}
		if recursive(st, k, closes) {
			w.from = i
		}
		out = append(out, w)
	}
	return out
}

// matches returns for each opening parenthesis where it is closed.
func matches(st statement) map[int]int {
	out := make(map[int]int)
	var open []int
	for i := range st.tokens {
		switch {
		case st.op(i, "("):
			open = append(open, i)
		case st.op(i, ")") && len(open) > 0:
			out[open[len(open)-1]] = i
			open = open[:len(open)-1]
		}
	}
	return out
}

// recursive reports whether the WITH before token k says RECURSIVE: the nearest one outside
// of the parentheses between.
func recursive(st statement, k int, closes map[int]int) bool {
	opens := make(map[int]int, len(closes))
	for open, end := range closes {
		opens[end] = open
	}
	for i := k; i >= 0; i-- {
		if st.op(i, ")") {
			if open, ok := opens[i]; ok {
				i = open
				continue
			}
		}
		if st.word(i, "with") {
			return st.word(i+1, "recursive")
		}
	}
	return false
}

// checkTables refuses a statement that reads a table that is not listed.
func (s *Source) checkTables(ctx context.Context, c *conn, st statement) error {
	deny := func(name string) error {
		return fail.Errorf(fail.Denied, "the table %s is not among those that may be read", line(name)).Then("db_schema lists those that may")
	}
	tables, err := s.tables(ctx, c)
	if err != nil {
		return err
	}
	named := withs(st)
	in := func(p place) string { return cmp.Or(p.schema, c.db) }
	for _, p := range places(st) {
		schema := in(p)
		if s.rules.Allows(schema, p.name, schema == c.db) {
			continue
		}
		if p.schema == "" && slices.ContainsFunc(named, func(w with) bool {
			return w.name == strings.ToLower(p.name) && w.from < p.at && p.at < w.to
		}) {
			continue
		}
		exists := func(r ref) bool { return strings.EqualFold(r.schema, schema) }
		if p.perhaps && !slices.ContainsFunc(tables[strings.ToLower(p.name)], exists) {
			continue
		}
		return deny(p.name)
	}
	// The same once more without trust in the places: a name behind the name of its schema
	// is a table, wherever it stands.
	schemas := make(map[string]bool)
	for _, refs := range tables {
		for _, r := range refs {
			schemas[strings.ToLower(r.schema)] = true
		}
	}
	for i := range st.tokens {
		if !st.name(i) || !st.op(i-1, ".") || !st.name(i-2) || !schemas[strings.ToLower(st.at(i-2).Text)] {
			continue
		}
		for _, r := range tables[strings.ToLower(st.at(i).Text)] {
			if strings.EqualFold(r.schema, st.at(i-2).Text) && !s.rules.Allows(r.schema, r.name, r.schema == c.db) {
				return deny(r.name)
			}
		}
	}
	return nil
}
