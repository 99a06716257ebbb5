package sqlite

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"cleat/internal/fail"
	"cleat/internal/sqlite/engine"
	"cleat/internal/sqltext"
	"cleat/internal/systems/databases"
)

// deadline returns a context that ends when the time of a statement is over, a little
// before ctx does so that what was read can still be told.
func (s *Source) deadline(ctx context.Context) (context.Context, context.CancelFunc) {
	limit := s.rules.Timeout
	if end, ok := ctx.Deadline(); ok {
		left := time.Until(end)
		limit = min(limit, left-min(left/10, 200*time.Millisecond))
	}
	return context.WithTimeout(ctx, limit)
}

// single returns the one statement of a text.
func single(sql string) (string, error) {
	if len(sql) > databases.MaxSQL {
		return "", fail.Errorf(fail.TooLarge, "the SQL has %d bytes, the limit is %d", len(sql), databases.MaxSQL)
	}
	return sqltext.Single(sqltext.SQLite, sql)
}

// Query runs one statement that only reads, and returns its first rows.
func (s *Source) Query(ctx context.Context, q databases.Query) (*databases.Result, error) {
	sql, err := single(q.SQL)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	ctx, cancel := s.deadline(ctx)
	defer cancel()
	var res *databases.Result
	err = s.with(ctx, sql, func(c *conn, run string) error {
		st, err := c.compile(run)
		if err != nil {
			return s.failure(ctx, c, sql, err)
		}
		defer st.Close()
		if err := bind(st, q.Params); err != nil {
			return s.failure(ctx, c, sql, err)
		}
		res, err = c.collect(ctx, st, sql, q.Limit, began)
		return err
	})
	if err != nil {
		return nil, err
	}
	return res, nil
}

// compile compiles the caller's statement, which must only read and give columns.
func (c *conn) compile(sql string) (*engine.Stmt, error) {
	c.guard.phase, c.guard.refused, c.guard.viewed = compiled, nil, false
	c.guard.touched, c.guard.touches = map[string]databases.Mask{}, 0
	st, rest, err := c.db.Prepare(sql)
	switch {
	case err != nil:
		return nil, err
	case strings.TrimSpace(rest) != "":
		err = fail.Errorf(fail.Invalid, "one statement only: SQLite sees more behind the first")
	case st.Columns() == 0 || !st.ReadOnly():
		err = fail.Errorf(fail.Denied, "the statement is not one that reads: it gives no rows").
			Then("send a SELECT; db_write, if it is listed, takes what changes the database")
	default:
		c.guard.phase = running
		return st, nil
	}
	st.Close()
	return nil, err
}

// collect runs the caller's statement under the limits.
func (c *conn) collect(ctx context.Context, st *engine.Stmt, sql string, limit int, began time.Time) (*databases.Result, error) {
	columns, err := c.columns(st, sql)
	if err != nil {
		return nil, c.s.failure(ctx, c, sql, err)
	}
	masks := make([]databases.Mask, len(columns))
	plain := 0 // masked columns of a table, shown as they are
	for i := range columns {
		if columns[i].Mask != "" {
			plain++
		} else if columns[i].Table == "" && len(c.guard.touched) > 0 {
			// An expression, in a statement that uses masked columns.
			for _, m := range c.guard.touched {
				columns[i].Mask = string(databases.Stricter(databases.Mask(columns[i].Mask), m))
			}
		}
		// What is masked is covered already. It is said in the end: to say it here would
		// have it covered again.
		masks[i], columns[i].Mask = databases.Mask(columns[i].Mask), ""
	}
	g, err := newGatherer(c.s.rules, columns, limit)
	if err != nil {
		return nil, err
	}
	g.masks = masks
	if c.guard.strict() {
		g.clean = c.guard.plain
	}
	partial := ""
	for {
		more, err := st.Step()
		if err != nil {
			if over(err) && ctx.Err() != nil && g.rows > 0 {
				partial = fail.WhyEnded(ctx, began)
				break
			}
			return nil, c.s.failure(ctx, c, sql, err)
		}
		if !more || !g.add(st) {
			break
		}
	}
	notes := c.s.notes(c.cat)
	if len(c.guard.touched) > 0 && c.guard.touches > plain {
		notes = append(notes, fmt.Sprintf("%s: masked; conditions and expressions see what stands in for the values, such as [masked]",
			strings.Join(slices.Sorted(maps.Keys(c.guard.touched)), ", ")))
	}
	return g.result(partial, notes...), nil
}

func over(err error) bool {
	e, ok := err.(*engine.Error)
	return ok && e.Primary() == engine.Interrupted
}

// maxRow is how many bytes of one row are kept, about: the first row of an answer is taken
// whatever its length.
const maxRow = 4 * databases.MaxBytes

// A gatherer collects the rows of a statement, and learns from them what the columns hold.
type gatherer struct {
	*databases.Collector
	rows  int
	masks []databases.Mask
	kinds []map[engine.Type]bool
	wild  []bool // there was a number that is none in JSON
	clean func(string) string
}

func newGatherer(rules *databases.Rules, columns []databases.Column, limit int) (*gatherer, error) {
	c, err := databases.NewCollector(rules, columns, limit)
	if err != nil {
		return nil, err
	}
	g := &gatherer{Collector: c, kinds: make([]map[engine.Type]bool, len(columns)), wild: make([]bool, len(columns))}
	for i := range g.kinds {
		g.kinds[i] = map[engine.Type]bool{}
	}
	return g, nil
}

// add takes the row that a statement is at, and returns false when it is beyond a limit.
func (g *gatherer) add(st *engine.Stmt) bool {
	n := len(g.kinds)
	row, sizes := make([]*string, n), make([]int, n)
	kinds := make([]engine.Type, n)
	room := maxRow
	for i := range n {
		kinds[i] = st.Type(i)
		row[i], sizes[i] = cell(st, i, min(databases.MaxCell+8, room))
		if row[i] != nil {
			room = max(64, room-len(*row[i]))
		}
		if g.clean != nil && row[i] != nil {
			*row[i] = g.clean(*row[i])
		}
	}
	if !g.Collector.Add(row, sizes) {
		return false
	}
	g.rows++
	for i, k := range kinds {
		if row[i] != nil {
			g.kinds[i][k] = true
			g.wild[i] = g.wild[i] || k == engine.Float && strings.ContainsAny(*row[i], "IN")
		}
	}
	return true
}

// result returns the rows, with what is known of the columns now.
func (g *gatherer) result(partial string, notes ...string) *databases.Result {
	res := g.Collector.Result(partial, notes...)
	for i := range res.Columns {
		col, kinds := &res.Columns[i], g.kinds[i]
		col.Number = len(kinds) > 0 && !kinds[engine.Text] && !kinds[engine.Blob] && !g.wild[i]
		if col.Type == "" && len(kinds) == 1 {
			for k := range kinds {
				col.Type = typeName(k)
			}
		}
		if i < len(g.masks) && g.masks[i] != databases.NoMask {
			col.Mask = string(g.masks[i])
		}
	}
	return res
}

func typeName(t engine.Type) string {
	switch t {
	case engine.Integer:
		return "integer"
	case engine.Float:
		return "real"
	case engine.Blob:
		return "blob"
	}
	return "text"
}

// columns tells of the columns of a statement, as far as is known before it runs.
func (c *conn) columns(st *engine.Stmt, sql string) ([]databases.Column, error) {
	origins := st
	if bare := c.compileBare(sql); bare != nil {
		defer bare.Close()
		if bare.Columns() == st.Columns() {
			origins = bare
		}
	}
	out := make([]databases.Column, st.Columns())
	for i := range out {
		out[i] = databases.Column{Name: st.Name(i), Type: fold(origins.Declared(i))}
		schema, table, column := origins.Origin(i)
		if schema != "main" || table == "" {
			continue
		}
		o := c.cat.object(table)
		if o == nil {
			continue
		}
		out[i].Table = o.name
		for _, m := range o.masked {
			if fold(m.name) == fold(column) {
				out[i].Mask = string(m.mask)
			}
		}
		if !sqltext.Once(sqltext.SQLite, sql, o.name) {
			continue // the row of a key is not certain
		}
		key, err := c.key(o.name)
		if err != nil {
			return nil, err
		}
		for _, k := range key {
			out[i].Key = out[i].Key || fold(k) == fold(column)
		}
	}
	return out, nil
}

// compileBare compiles the statement, which was compiled as it is to run, without the
// covering views. What it returns is never run: it tells which masked columns the result
// is of. It returns nil where that is not known.
func (c *conn) compileBare(sql string) *engine.Stmt {
	if !c.s.rules.Masks() {
		return nil
	}
	if c.bare == nil {
		mode := "mode=ro"
		if c.immutable {
			mode += "&immutable=1"
		}
		db, err := engine.Open(uri(c.s.path, mode), false)
		if err != nil {
			return nil
		}
		c.bare = db
		if err := settle(db); err != nil {
			return nil
		}
		db.Authorize(func(a engine.Action) bool {
			return a.Op == engine.Select || a.Op == engine.Read || a.Op == engine.Function || a.Op == engine.Recursive || a.Op == engine.Pragma
		})
	}
	st, _, err := c.bare.Prepare(sql)
	if err != nil {
		return nil
	}
	return st
}
