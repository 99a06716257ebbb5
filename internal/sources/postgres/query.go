package postgres

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"cleat/internal/sqltext"
	"cleat/internal/systems/databases"
)

// declare is what a statement of the model follows. In the grammar of the server, only
// SELECT, VALUES, TABLE and WITH … SELECT can.
const declare = "DECLARE cleat NO SCROLL CURSOR FOR "

// What stands before a statement whose plan is wanted: the plan with its costs, or with all
// that its steps hand up.
const (
	explainPlain = "EXPLAIN (FORMAT JSON) "
	explainFully = "EXPLAIN (VERBOSE, COSTS OFF, FORMAT JSON) "
)

// Query implements databases.DB.
func (s *Source) Query(ctx context.Context, q databases.Query) (*databases.Result, error) {
	st, err := read(q)
	if err != nil {
		return nil, err
	}
	return s.query(ctx, st)
}

func (s *Source) query(ctx context.Context, st *statement) (*databases.Result, error) {
	if err := s.closed(st.tokens); err != nil {
		return nil, err
	}
	began := time.Now()
	ctx, cancel, d := s.limit(ctx)
	defer cancel()
	var res *databases.Result
	err := s.with(ctx, func(c *conn) error {
		return s.guarding(ctx, c, st, func() (err error) {
			res, err = s.read(ctx, c, st, d, began)
			return err
		})
	})
	if err != nil {
		return nil, s.explain(ctx, st, err, began)
	}
	s.tell(ctx, res)
	return res, nil
}

// read runs a statement and gathers its rows.
func (s *Source) read(ctx context.Context, c *conn, st *statement, d time.Duration, began time.Time) (*databases.Result, error) {
	guard, err := s.guard(st)
	if err != nil {
		return nil, err
	}
	opening := append(s.begin(d), guard)
	var masks *positions
	if s.strict() {
		if masks, err = s.inspect(ctx, c, opening, st, declare); err != nil {
			return nil, err
		}
		opening = nil
	}
	g := &gatherer{source: s, st: st, masks: masks}
	group := append(opening, step{sql: declare + st.sql, args: st.args})
	// The server sends what a FETCH gets only when it has all of it: the first ones are
	// small, so that there is something to show of a slow statement whose time is over.
	for left, n := s.rows(st.limit)+1, 1; left > 0; n *= 4 {
		n = min(n, left)
		group = append(group, step{sql: "FETCH FORWARD " + strconv.Itoa(n) + " FROM cleat", rows: g.take})
		left -= n
	}
	err = c.run(ctx, append([][]step{group}, c.leave()...)...)
	if g.col != nil && (err == nil || errors.Is(err, errEnough)) {
		return g.result(ctx, c, d, ""), nil
	}
	if g.col != nil && g.col.Rows() > 0 && isTimeout(ctx, err) {
		// The session is given up: whatever ended the statement may still be under way.
		return g.result(ctx, c, d, whyEnded(ctx, began)), nil
	}
	if err == nil {
		err = errors.New("the server sent no rows")
	}
	return nil, err
}

// rows is how many rows an answer may have.
func (s *Source) rows(limit int) int {
	if limit <= 0 {
		limit = databases.DefaultRows
	}
	return min(limit, s.rules.MaxRows, databases.MaxRows)
}

// whyEnded says why a statement ended before its rows did.
func whyEnded(ctx context.Context, began time.Time) string {
	if errors.Is(ctx.Err(), context.Canceled) {
		return "the call was canceled"
	}
	return "deadline of " + time.Since(began).Round(100*time.Millisecond).String()
}

// A gatherer takes the rows of a cursor.
type gatherer struct {
	source *Source
	st     *statement
	masks  *positions
	fields []pgconn.FieldDescription
	col    *databases.Collector
	drain  bool // the statement writes, and is to come to its end
}

// take implements step.rows.
func (g *gatherer) take(r *pgconn.ResultReader) error {
	if g.col == nil {
		if err := g.begin(r.FieldDescriptions()); err != nil {
			return err
		}
	}
	for r.NextRow() {
		values := r.Values()
		row, sizes := make([]*string, len(values)), make([]int, len(values))
		for i, v := range values {
			row[i], sizes[i] = cell(g.fields[i].DataTypeOID, v)
		}
		if !g.col.Add(row, sizes) && g.col.Rows() < g.col.Limit() && !g.drain {
			return errEnough // of bytes: more rows are on their way
		}
	}
	return nil
}

// begin takes the columns.
func (g *gatherer) begin(fields []pgconn.FieldDescription) error {
	g.fields = slices.Clone(fields)
	if err := g.masks.agree(g.fields); err != nil {
		return err
	}
	columns := make([]databases.Column, len(g.fields))
	for i, f := range g.fields {
		columns[i] = databases.Column{Name: f.Name, Number: number(f.DataTypeOID), Mask: string(g.masks.at(i))}
		if g.masks.at(i) != databases.NoMask {
			columns[i].Number = false
		}
	}
	col, err := databases.NewCollector(g.source.rules, columns, g.st.limit)
	if err != nil {
		return err
	}
	g.col = col
	return nil
}

// result returns what was gathered, with the types and the origins of the columns.
func (g *gatherer) result(ctx context.Context, c *conn, d time.Duration, partial string) *databases.Result {
	res := g.col.Result(partial)
	if !c.pg.IsBusy() && !c.pg.IsClosed() && partial == "" {
		// Without them the answer lacks names of types that are not everybody's.
		if err := g.source.learn(ctx, c, d, g.fields); err != nil {
			g.source.host.Log.Warn("postgres: names of types and tables", "error", err)
		}
	}
	for i, f := range g.fields {
		g.source.describe(&res.Columns[i], f)
		if col := &res.Columns[i]; col.Key {
			_, table, err := databases.ParseTable(col.Table)
			col.Key = err == nil && sqltext.Once(sqltext.PostgreSQL, g.st.sql, table)
		}
	}
	return res
}

// isTimeout reports whether err is the end of the time.
func isTimeout(ctx context.Context, err error) bool {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code == "57014"
	}
	return err != nil && (ctx.Err() != nil || pgconn.Timeout(err))
}

// tell adds to the first answer of the source what was found out about its role, once.
func (s *Source) tell(ctx context.Context, res *databases.Result) {
	s.mu.Lock()
	said := s.said
	s.said = true
	s.mu.Unlock()
	if said {
		return
	}
	findings, err := s.Probe(ctx)
	if err != nil {
		s.mu.Lock()
		s.said = false // the next answer tries again
		s.mu.Unlock()
		return
	}
	res.Notes = append(res.Notes, findings...)
}
