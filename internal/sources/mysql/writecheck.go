package mysql

import (
	"context"
	"slices"
	"strings"

	"cleat/internal/fail"
	"cleat/internal/sqltext"
	"cleat/internal/systems/databases"
)

// check holds the statement against the rules, and returns the tables that it names.
func (w *writing) check() ([]ref, error) {
	s, c, ctx, st := w.s, w.c, w.k.soft, w.st
	strict := s.rules.Masks() || s.rules.Limited()
	if err := s.checkFunctions(ctx, c, st, strict); err != nil {
		return nil, err
	}
	for i := range st.tokens {
		if st.name(i) && system(st.at(i).Text) && st.op(i+1, ".") {
			return nil, fail.Errorf(fail.Denied, "tables of the server's own are not written to, nor read while writing")
		}
	}
	if system(c.db) {
		return nil, fail.Errorf(fail.Denied, "tables of the server's own are not written to")
	}
	touched, err := s.touched(ctx, c, st)
	if err != nil || !strict {
		return touched, err
	}
	if err := strange(st); err != nil {
		return nil, err
	}
	if s.rules.Limited() {
		if err := w.checkLists(touched); err != nil {
			return nil, err
		}
	}
	if !s.rules.Masks() {
		return touched, nil
	}
	hidden, targets := st, writtenColumns(st)
	hidden.body = without(st, targets)
	w.guard, err = s.checkMasks(ctx, c, hidden)
	if err != nil {
		return nil, err
	}
	if w.guard.masked && w.w.Class == databases.DDL {
		return nil, fail.Errorf(fail.Denied, "a table with masked columns is not changed, nor are views and copies made of it").
			Because("its columns would be shown under other names").Then("ask the user to do it")
	}
	return touched, nil
}

// checkLists refuses a write that names a table that is not listed. Any name of a table
// counts, wherever it stands, and a table that is made has to be listed too.
func (w *writing) checkLists(touched []ref) error {
	deny := func(name string) error {
		return fail.Errorf(fail.Denied, "the table %s is not among those that are listed", line(name)).Then("ask the user to add it to tables")
	}
	for _, r := range touched {
		if !w.s.rules.Allows(r.schema, r.name, r.schema == w.c.db) {
			return deny(r.name)
		}
	}
	if err := w.s.checkTables(w.k.soft, w.c, w.st); err != nil {
		return err
	}
	if w.w.Class != databases.DDL {
		return nil
	}
	for i := range w.st.tokens {
		// CREATE TABLE name, CREATE VIEW name, ALTER … RENAME TO name, ON name.
		if !w.st.word(i, "table", "view", "exists", "to", "sequence", "on") || !w.st.name(i+1) || w.st.word(i+1, "if", "delete", "update") {
			continue
		}
		p := place{name: w.st.at(i + 1).Text}
		if w.st.op(i+2, ".") && w.st.name(i+3) {
			p.schema, p.name = p.name, w.st.at(i+3).Text
		}
		schema := p.schema
		if schema == "" {
			schema = w.c.db
		}
		if !w.s.rules.Allows(schema, p.name, schema == w.c.db) {
			return deny(p.name)
		}
	}
	return nil
}

// writtenColumns returns the tokens that name columns which are only written to: the list
// behind INSERT INTO table, and what stands before = in SET.
func writtenColumns(st statement) []int {
	var out []int
	if st.verb == "INSERT" || st.verb == "REPLACE" {
		i := 1
		for st.word(i, "low_priority", "delayed", "high_priority", "ignore", "into") {
			i++
		}
		i++
		if st.op(i, ".") {
			i += 2
		}
		if st.op(i, "(") && !st.word(i+1, "select", "with", "values", "table") {
			for i++; st.name(i); i += 2 {
				out = append(out, i)
				if !st.op(i+1, ",") {
					break
				}
			}
		}
	}
	set, depth := false, 0
	for i := range st.tokens {
		switch {
		case st.op(i, "("):
			depth++
		case st.op(i, ")"):
			depth--
		case depth != 0:
		case st.word(i, "set"), st.word(i, "update") && st.word(i-1, "key"):
			set = true
		case st.word(i, "where", "order", "limit", "returning", "select"):
			set = false
		case set && st.name(i) && st.op(i+1, "=") && (st.op(i-1, ",") || st.word(i-1, "set", "update") || st.op(i-1, ".")):
			out = append(out, i)
		}
	}
	return out
}

// without returns the text of a statement in which tokens have another name.
func without(st statement, tokens []int) string {
	var b strings.Builder
	at := 0
	slices.Sort(tokens)
	for _, i := range slices.Compact(tokens) {
		t := st.tokens[i]
		b.WriteString(st.body[at:t.Start])
		b.WriteString("`_`")
		at = t.End
	}
	b.WriteString(st.body[at:])
	return b.String()
}

// engines refuses to try a statement on tables that cannot be rolled back, and says so of
// one that is carried out. Tables that triggers write to count too.
func (w *writing) engines(touched []ref) error {
	if w.w.Class != databases.DML {
		return nil
	}
	bad, triggers, err := w.s.lasting(w.k.soft, w.c, touched)
	if err != nil {
		return err
	}
	if len(bad) > 0 {
		names := line(strings.Join(bad, ", "))
		if w.w.DryRun {
			return fail.Errorf(fail.Unsupported, "the statement cannot be tried: the engine of %s has no transactions", names).
				Because("what is written there cannot be rolled back").Then("count the rows with db_query")
		}
		w.notes = append(w.notes, "the engine of "+names+" has no transactions: a statement that fails halfway leaves a part behind")
	}
	if triggers && !w.w.DryRun {
		w.notes = append(w.notes, "what triggers changed is not counted")
	}
	return nil
}

// lasting returns those of the tables, and of what their views read and their triggers
// write to, whose engine has no transactions, and whether there are triggers.
func (s *Source) lasting(ctx context.Context, c *conn, touched []ref) (bad []string, triggers bool, err error) {
	queue, seen := slices.Clone(touched), make(map[ref]bool)
	for len(queue) > 0 && len(seen) < 200 {
		r := queue[0]
		queue = queue[1:]
		if seen[r] || system(r.schema) {
			continue
		}
		seen[r] = true
		rows, err := c.all(ctx, `SELECT t.table_type, e.transactions FROM information_schema.tables AS t LEFT JOIN information_schema.engines AS e ON e.engine = t.engine
			WHERE t.table_schema = ? AND t.table_name = ?`, r.schema, r.name)
		if err != nil {
			return nil, false, s.statementError(ctx, c, statement{}, err)
		}
		if len(rows) == 1 && kind(str(rows[0][0])) == "table" && str(rows[0][1]) != "YES" {
			bad = append(bad, address(c, r))
		}
		rows, err = c.all(ctx, `SELECT action_statement FROM information_schema.triggers WHERE event_object_schema = ? AND event_object_table = ?
			UNION ALL SELECT view_definition FROM information_schema.views WHERE table_schema = ? AND table_name = ?`, r.schema, r.name, r.schema, r.name)
		if err != nil {
			return nil, false, s.statementError(ctx, c, statement{}, err)
		}
		for _, row := range rows {
			triggers = true
			tokens, err := sqltext.Tokens(sqltext.MySQL, str(row[0]))
			if err != nil {
				return nil, false, fail.Errorf(fail.Unsupported, "what a trigger or view of %s does cannot be followed", line(r.name))
			}
			more, err := s.touched(ctx, c, statement{tokens: tokens})
			if err != nil {
				return nil, false, err
			}
			queue = append(queue, more...)
		}
	}
	return bad, triggers, nil
}
