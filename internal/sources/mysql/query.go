package mysql

import (
	"context"
	"database/sql/driver"
	"fmt"
	"io"
	"time"

	"cleat/internal/fail"
	"cleat/internal/systems/databases"
)

// A clock is how long a statement may take.
type clock struct {
	began time.Time
	soft  context.Context // ends when the time is over
	hard  context.Context // ends a little later: by then the server should have ended it
	stop  func()
}

// clock starts the time of a statement: that of the rules, and less than what ctx leaves.
func (s *Source) clock(ctx context.Context) clock {
	began := time.Now()
	end := began.Add(s.rules.Timeout)
	if d, ok := ctx.Deadline(); ok {
		left := time.Until(d)
		if mine := began.Add(left - min(2*grace, left/4)); mine.Before(end) {
			end = mine
		}
	}
	soft, cancel := context.WithDeadline(ctx, end)
	hard, cancelHard := context.WithDeadline(ctx, end.Add(grace))
	done := func() { cancel(); cancelHard() }
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		done()
		return clock{began, soft, hard, done}
	}
	s.work.Add(1) // Close waits for the call
	unhook := context.AfterFunc(s.ending, done)
	return clock{began, soft, hard, func() { unhook(); done(); s.work.Done() }}
}

// left is what the server gets of the time.
func (k clock) left() time.Duration {
	end, _ := k.soft.Deadline()
	return time.Until(end)
}

// why says why the time is over, for a partial answer.
func (k clock) why() string { return fail.WhyEnded(k.soft, k.began) }

// timeout is the error of a call whose time is over before it had anything to show.
func (k clock) timeout() error {
	return fail.Errorf(fail.Timeout, "the statement was ended: %s", k.why()).
		Because("the work at the server is ended too").Then("narrow the statement (explain=true shows where it spends its time), or raise timeout_ms")
}

// Query implements databases.DB.
func (s *Source) Query(ctx context.Context, q databases.Query) (*databases.Result, error) {
	st, err := accept(q.SQL)
	if err != nil {
		return nil, err
	}
	args, err := bind(q.Params)
	if err != nil {
		return nil, err
	}
	want, err := databases.NewCollector(s.rules, nil, q.Limit)
	if err != nil {
		return nil, err
	}
	k := s.clock(ctx)
	defer k.stop()
	c, err := s.take(k.soft, k.left, want.Limit()+1)
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
	res, err := r.read(args, q.Limit)
	s.finish(k, c, r.ended)
	s.refill()
	if err != nil {
		return nil, err
	}
	res.Notes = append(res.Notes, notes...)
	return res, nil
}

// late turns err into a timeout if the time is over.
func (s *Source) late(k clock, err error) error {
	if k.soft.Err() != nil && fail.From(err).Code == fail.Internal {
		return k.timeout()
	}
	return err
}

// finish gives a connection up after the caller's statement: with ROLLBACK where the
// statement has ended, and else by ending it at the server.
func (s *Source) finish(k clock, c *conn, ended bool) {
	if ended {
		if err := c.exec(k.hard, "ROLLBACK"); err == nil {
			s.discard(c)
			return
		}
	}
	s.abandon(c)
}

// A run is one statement of the caller's on its way.
type run struct {
	s     *Source
	k     clock
	c     *conn
	st    statement
	guard *guard
	ended bool // the server is done with it
}

// begin starts the transaction and prepares text in it.
func (r *run) begin(text string, nargs int) (driver.Stmt, error) {
	if err := r.c.exec(r.k.hard, "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"); err != nil {
		return nil, r.failed(err)
	}
	r.c.allow(mostRow)
	stmt, err := r.c.driver.PrepareContext(r.k.hard, text)
	if err != nil {
		return nil, r.failed(err)
	}
	if n := stmt.NumInput(); n != nargs {
		r.ended = true
		return nil, fail.Errorf(fail.Invalid, "the statement has %s, and %s", count(n, "parameter"), given(nargs)).
			Then("pass one value in params for each ?")
	}
	return stmt, nil
}

func count(n int, what string) string {
	switch n {
	case 0:
		return "no " + what
	case 1:
		return "one " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func given(n int) string {
	switch n {
	case 0:
		return "no value was given"
	case 1:
		return "one value was given"
	}
	return fmt.Sprintf("%d values were given", n)
}

// failed is the error of a step, and notes whether the server is done with the statement.
func (r *run) failed(err error) error {
	r.ended = answered(err)
	if overtime(err) || !r.ended && r.k.soft.Err() != nil {
		return r.k.timeout()
	}
	return r.s.statementError(r.k.hard, r.c, r.st, err)
}

// read runs the statement and collects its first rows.
func (r *run) read(args []driver.NamedValue, limit int) (*databases.Result, error) {
	stmt, err := r.begin(r.st.body, len(args))
	if err != nil {
		return nil, err
	}
	rows, err := query(r.k.hard, stmt, args)
	if err != nil {
		return nil, r.failed(err)
	}
	return r.collect(rows, limit)
}

// collect takes the rows up to the limits.
func (r *run) collect(rows driver.Rows, limit int) (*databases.Result, error) {
	columns := r.columns(rows)
	if len(columns) == 0 {
		r.ended = true
		return nil, fail.Errorf(fail.Invalid, "the statement returns no columns")
	}
	col, err := databases.NewCollector(r.s.rules, columns, limit)
	if err != nil {
		return nil, err
	}
	dest := make([]driver.Value, len(columns))
	partial := ""
	for {
		r.c.allow(mostRow)
		err := rows.Next(dest)
		if err == io.EOF {
			r.ended = rows.Close() == nil
			break
		}
		if err != nil {
			err = r.failed(err)
			if fail.From(err).Code != fail.Timeout || col.Rows() == 0 {
				return nil, err
			}
			partial = r.k.why()
			break
		}
		row, sizes := make([]*string, len(dest)), make([]int, len(dest))
		for i, v := range dest {
			row[i], sizes[i] = cell(v, columns[i].Type, columns[i].Mask != "")
		}
		if !col.Add(row, sizes) {
			// sql_select_limit has ended it, unless it has a limit of its own.
			r.ended = !r.st.limited && !r.st.show && col.Rows() == col.Limit() && rows.Close() == nil
			break
		}
	}
	return col.Result(partial), nil
}

// columns describes the columns of an answer, with the masks that cover them.
func (r *run) columns(rows driver.Rows) []databases.Column {
	names := rows.Columns()
	types, _ := rows.(driver.RowsColumnTypeDatabaseTypeName)
	out := make([]databases.Column, len(names))
	for i, name := range names {
		out[i] = databases.Column{Name: name, Mask: string(r.guard.cover(name))}
		if types != nil {
			out[i].Type = typeName(types.ColumnTypeDatabaseTypeName(i))
			out[i].Number = isNumber(out[i].Type) && out[i].Mask == ""
		}
	}
	return out
}
