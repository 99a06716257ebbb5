package mysql

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"strings"

	"cleat/internal/fail"
	"cleat/internal/systems/databases"
)

// Explain implements databases.DB. The statement is run only where the rules say so.
func (s *Source) Explain(ctx context.Context, q databases.Query) (*databases.Plan, error) {
	st, err := accept(q.SQL)
	if err != nil {
		return nil, err
	}
	if st.show {
		return nil, fail.Errorf(fail.Invalid, "%s has no plan", st.verb).Then("pass a SELECT")
	}
	args, err := bind(q.Params)
	if err != nil {
		return nil, err
	}
	k := s.clock(ctx)
	defer k.stop()
	c, err := s.take(k.soft, k.left, 0)
	if err != nil {
		return nil, s.late(k, err)
	}
	notes := s.notes(k.soft, c)
	g, err := s.guard(k.soft, c, st)
	if err != nil {
		s.release(c, err)
		return nil, s.late(k, err)
	}
	r := &run{s: s, k: k, c: c, st: st, guard: g}
	how := "EXPLAIN FORMAT=JSON "
	if s.rules.Analyze {
		how = "EXPLAIN ANALYZE "
		if c.maria {
			how = "ANALYZE FORMAT=JSON "
		}
	}
	stmt, err := r.begin(how+st.body, len(args))
	var text string
	if err == nil {
		text, err = r.text(stmt, args)
	}
	s.finish(k, c, r.ended)
	s.refill()
	if err != nil {
		return nil, err
	}
	plan, err := parsePlan(text, g.masked)
	if err != nil {
		return nil, err
	}
	plan.Ran = s.rules.Analyze
	plan.Notes = append(plan.Notes, notes...)
	return plan, nil
}

// text runs a statement that explains, and returns what it says.
func (r *run) text(stmt driver.Stmt, args []driver.NamedValue) (string, error) {
	rows, err := query(r.k.hard, stmt, args)
	if err != nil {
		return "", r.failed(err)
	}
	var b strings.Builder
	dest := make([]driver.Value, len(rows.Columns()))
	for {
		r.c.allow(mostRow)
		err := rows.Next(dest)
		if errors.Is(err, io.EOF) {
			r.ended = rows.Close() == nil
			return b.String(), nil
		}
		if err != nil {
			return "", r.failed(err)
		}
		if len(dest) > 0 {
			b.WriteString(plain(dest[len(dest)-1]))
			b.WriteString("\n")
		}
	}
}
