package postgres

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"cleat/internal/fail"
	"cleat/internal/sqltext"
	"cleat/internal/systems/databases"
)

// Masks follow the plan. Before a statement runs it is explained, in the same transaction,
// with settings under which every condition, order and key is to be seen: no indexes, no
// pruning, no constraints taken for conditions. In the plan a masked column may only be
// handed up, bare, from the scan of its table to the top; the columns of the result that
// it becomes are covered. It may stand in no expression, condition or key, and may not
// pass to where the plan gives it another name: subqueries that are not flattened, CTEs
// that are materialized, set operations, parts of UNION whose columns differ.

// positions are the masks of the columns of a result, by index.
type positions struct {
	masks  map[int]databases.Mask
	attnum map[string]databases.Mask // of the columns of tables, by oid and number
	width  int                       // of the plan's result, 0 if there was no need of a plan
}

func (p *positions) at(i int) databases.Mask {
	if p == nil {
		return databases.NoMask
	}
	return p.masks[i]
}

// agree checks the masks against the origins that the server tells of the columns.
func (p *positions) agree(fields []pgconn.FieldDescription) error {
	if p == nil || p.width == 0 {
		return nil
	}
	for i, f := range fields {
		origin := strconv.FormatUint(uint64(f.TableOID), 10) + " " + strconv.Itoa(int(f.TableAttributeNumber))
		if i >= p.width || p.attnum[origin] != databases.NoMask && p.masks[i] == databases.NoMask {
			return fail.Errorf(fail.Denied, "column %d of the answer holds values that are masked, in a way that is not understood", i+1).
				Then("select the columns plainly")
		}
	}
	return nil
}

// planSettings are the settings of the planner for a plan that shows all.
func planSettings() [][2]string {
	return [][2]string{{"enable_indexscan", "off"}, {"enable_indexonlyscan", "off"}, {"enable_bitmapscan", "off"}, {"enable_partition_pruning", "off"},
		{"constraint_exclusion", "off"}, {"max_parallel_workers_per_gather", "0"}, {"geqo", "off"}, {"jit", "off"}}
}

// setPlanner sets the planner, and hands out what was set before.
func setPlanner(before *[][]string) step {
	var old, set []string
	for _, p := range planSettings() {
		old = append(old, "pg_catalog.current_setting('"+p[0]+"')")
		set = append(set, "pg_catalog.set_config('"+p[0]+"', '"+p[1]+"', true)")
	}
	// The old values come from a subquery that is computed first.
	return step{sql: "WITH old AS MATERIALIZED (SELECT " + strings.Join(old, ", ") + ") SELECT * FROM old, (SELECT pg_catalog.count(*) FROM old) n, LATERAL (SELECT " +
		strings.Join(set, ", ") + " WHERE n.count > 0) s", rows: text(before)}
}

// resetPlanner undoes setPlanner.
func resetPlanner(before [][]string) step {
	st := step{}
	var set []string
	for i, p := range planSettings() {
		set = append(set, "pg_catalog.set_config('"+p[0]+"', $"+strconv.Itoa(i+1)+", true)")
		st.args = append(st.args, []byte(before[0][i]))
	}
	st.sql = "SELECT " + strings.Join(set, ", ")
	return st
}

// inspect begins the transaction, runs the guard, and decides on what the statement may
// touch and which columns of its result are masked. prefix is what the statement follows:
// a cursor, or nothing for one that writes. The transaction goes on.
func (s *Source) inspect(ctx context.Context, c *conn, opening []step, st *statement, prefix string) (*positions, error) {
	var before, plan [][]string
	var rows touchedRows
	explain := step{sql: explainFully + prefix + st.sql, args: st.args, rows: text(&plan)}
	group := append(append(opening, setPlanner(&before), explain), touch(lockedSQL, &rows)...)
	if err := c.run(ctx, group); err != nil {
		return nil, err
	}
	t := s.gather(&rows)
	if err := s.permitted(t, st.tokens); err != nil {
		return nil, err
	}
	pos := &positions{attnum: t.attnum}
	if s.rules.Masks() {
		if err := s.throughViews(ctx, c, t); err != nil {
			return nil, err
		}
		if err := s.safeToFollow(t, st.tokens); err != nil {
			return nil, err
		}
		if t.masked() {
			if err := t.unseen(st.tokens); err != nil {
				return nil, err
			}
			root, err := parsePlan(plan)
			if err != nil {
				return nil, err
			}
			l := newLineage(t, root)
			carried, err := l.follow(root)
			if err != nil {
				return nil, err
			}
			pos.masks, pos.width = carried, max(1, len(root.output))
		}
	}
	return pos, c.run(ctx, []step{resetPlanner(before)})
}

// masked reports whether a relation with masked columns is touched.
func (t *touched) masked() bool {
	for _, r := range t.relations {
		if len(r.masks) > 0 {
			return true
		}
	}
	return false
}

// unseen refuses the parts of statements that write which no plan shows: what ON CONFLICT
// and MERGE set.
func (t *touched) unseen(tokens []sqltext.Token) error {
	shown := true
	for i, tok := range tokens {
		if tok.Kind == sqltext.Word && (tok.Text == "merge" || tok.Text == "conflict" && i > 0 && tokens[i-1].Text == "on") {
			shown = false
		}
		if shown || tok.Kind != sqltext.Word && tok.Kind != sqltext.Quoted {
			continue
		}
		for _, r := range t.relations {
			if r.masks[tok.Text] != databases.NoMask {
				return maskedUse(r.address() + "." + tok.Text)
			}
		}
	}
	return nil
}

// safeToFollow refuses what plans do not show: values in materialized views and foreign
// tables, and columns with other names.
func (s *Source) safeToFollow(t *touched, tokens []sqltext.Token) error {
	tables := make(map[string]bool)
	for oid, r := range t.relations {
		switch {
		case r.kind == "m" && t.reaches(oid, func(d dependency) bool { return s.masksColumn(t, d) }):
			return fail.Errorf(fail.Denied, "the materialized view %s may not be read: it was made of masked columns", r.address()).
				Then("ask the tables that it was made of")
		case len(r.masks) == 0:
			continue
		case r.kind == "f":
			return fail.Errorf(fail.Denied, "the foreign table %s may not be read: it has masked columns, and another server decides on conditions", r.address())
		}
		tables[r.name] = true
		for _, top := range t.tops[oid] {
			for _, m := range t.members[top] {
				tables[m[3]] = true
			}
		}
	}
	if len(tables) == 0 {
		return nil
	}
	if renamed(tokens, tables) {
		return fail.Errorf(fail.Denied, "the columns of a table with masked columns cannot be given other names after its alias").
			Then("write FROM users u, without names in parentheses after it")
	}
	for oid, sql := range t.views {
		view, err := sqltext.Tokens(sqltext.PostgreSQL, sql)
		if err != nil || renamed(view, tables) {
			return fail.Errorf(fail.Denied, "the view %s may not be read: it gives other names to masked columns", t.relations[oid].address())
		}
	}
	return nil
}

// masksColumn reports whether what a view reads is masked. A view below it is looked at on
// its own.
func (s *Source) masksColumn(t *touched, d dependency) bool {
	if d.column == "" {
		return s.rules.MasksIn(d.schema, d.name) && len(t.below[d.oid]) == 0
	}
	if r := t.relations[d.oid]; r != nil && r.masks[d.column] != databases.NoMask {
		return true
	}
	return s.rules.Mask(d.schema, d.name, d.column) != databases.NoMask
}

// throughViews gives the masks of the columns of views to the columns of tables that they
// are: the plan of a statement does not show views. A view whose masked column is no plain
// column of a table is refused.
func (s *Source) throughViews(ctx context.Context, c *conn, t *touched) error {
	for _, oid := range slices.Sorted(maps.Keys(t.relations)) {
		view := t.relations[oid]
		if view.kind != "v" || len(view.masks) == 0 {
			continue
		}
		columns := slices.Sorted(maps.Keys(view.masks))
		var quoted []string
		for _, column := range columns {
			quoted = append(quoted, quote(column))
		}
		var plan [][]string
		err := c.run(ctx, []step{{sql: explainFully + "SELECT " + strings.Join(quoted, ", ") + " FROM " + quote(view.schema) + "." + quote(view.name), rows: text(&plan)}})
		if err != nil {
			return err
		}
		root, err := parsePlan(plan)
		if err != nil {
			return err
		}
		l := newLineage(t, root)
		for i, column := range columns {
			r, base := l.origin(root, i)
			if r == nil {
				return fail.Errorf(fail.Denied, "the view %s may not be read: its column %s is masked, and is no plain column of a table", view.address(), column).
					Then("ask the tables below it")
			}
			r.masks[base] = databases.Stricter(r.masks[base], view.masks[column])
		}
		clear(view.masks)
	}
	return nil
}
