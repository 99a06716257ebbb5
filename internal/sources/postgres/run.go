package postgres

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"cleat/internal/fail"
)

// A step is one statement of a batch. Its text is ours, or follows a prefix of ours that
// admits nothing but a read.
type step struct {
	sql  string
	args [][]byte
	rows func(*pgconn.ResultReader) error // takes the rows; nil to pass over them
	done func(pgconn.CommandTag)          // is called when it succeeded
}

// errEnough is what step.rows returns when it wants no more of them: the connection is
// given up, since what is left to send may be without end.
var errEnough = errors.New("enough")

// run sends groups of steps at once, in the extended protocol, and reads what comes back.
// An error ends its group; the following groups run nevertheless. It returns the first
// error. After errEnough and after errors that are no *pgconn.PgError the connection is
// of no more use.
func (c *conn) run(ctx context.Context, groups ...[]step) error {
	p := c.pg.StartPipeline(ctx)
	var steps []step
	for _, g := range groups {
		for _, s := range g {
			p.SendQueryParams(s.sql, s.args, nil, nil, nil)
		}
		p.SendPipelineSync()
		steps = append(steps, g...)
	}
	if err := p.Flush(); err != nil {
		return err
	}
	var failed error
	next, end, group := 0, len(groups[0]), 0
	for group < len(groups) {
		res, err := p.GetResults()
		var pgErr *pgconn.PgError
		switch r := res.(type) {
		case *pgconn.ResultReader:
			s := steps[next]
			next++
			if s.rows != nil {
				if err := s.rows(r); err != nil {
					return err
				}
			}
			var tag pgconn.CommandTag
			if tag, err = r.Close(); err == nil && s.done != nil {
				s.done(tag)
			}
		case *pgconn.PipelineSync:
			next = end
			group++
			if group < len(groups) {
				end += len(groups[group])
			}
		default:
			if err == nil {
				err = errors.New("the server answered less than it was asked")
			}
		}
		switch {
		case err == nil:
		case errors.As(err, &pgErr) && !c.pg.IsClosed():
			failed = firstError(failed, err)
			next = end
		default:
			return firstError(failed, err)
		}
	}
	return firstError(failed, p.Close())
}

// firstError returns the first error.
func firstError(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// begin opens the transaction in which everything is read, with settings that end with it.
func (s *Source) begin(d time.Duration) []step {
	return []step{{sql: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"}, s.settings(d)}
}

// settings is the step that limits the transaction to d and fixes how values are written.
func (s *Source) settings(d time.Duration) step {
	ms := []byte(strconv.FormatInt(max(1, d.Milliseconds()), 10))
	idle := []byte(strconv.FormatInt(d.Milliseconds()+10_000, 10))
	st := step{
		sql: `SELECT pg_catalog.set_config('statement_timeout', $1, true), pg_catalog.set_config('lock_timeout', $1, true),
pg_catalog.set_config('idle_in_transaction_session_timeout', $2, true), pg_catalog.set_config('bytea_output', 'hex', true),
pg_catalog.set_config('extra_float_digits', '1', true), pg_catalog.set_config('intervalstyle', 'postgres', true),
pg_catalog.set_config('standard_conforming_strings', 'on', true)`,
		args: [][]byte{ms, idle},
	}
	if len(s.cfg.SearchPath) > 0 {
		quoted := make([]string, len(s.cfg.SearchPath))
		for i, name := range s.cfg.SearchPath {
			quoted[i] = quote(name)
		}
		st.sql += ", pg_catalog.set_config('search_path', $3, true)"
		st.args = append(st.args, []byte(strings.Join(quoted, ", ")))
	}
	return st
}

// leave returns the groups that end the transaction and make the session as new: settings,
// locks, cursors, prepared statements, temporary tables and listeners are gone.
func (c *conn) leave() [][]step {
	c.clean = false
	return [][]step{{{sql: "ROLLBACK"}}, {{sql: "DISCARD ALL", done: func(pgconn.CommandTag) { c.clean = true }}}}
}

// with calls f with a connection. If the connection was an old one and turns out to be
// broken before it answered anything, f is called once more with a new one: f only reads.
func (s *Source) with(ctx context.Context, f func(*conn) error) error {
	for fresh := false; ; fresh = true {
		c, err := s.pool.get(ctx, fresh)
		if err != nil {
			return err
		}
		used := c.used
		err = f(c)
		s.pool.put(c, c.reset(ctx, err)) // from now on it is another caller's
		if err == nil || fresh || !used || !lost(err) || ctx.Err() != nil {
			return err
		}
	}
}

// reset reports whether the session is as new after a call that ended with err, and makes
// it so where it is in a transaction still.
func (c *conn) reset(ctx context.Context, err error) bool {
	if c.spoiled || ctx.Err() != nil || err != nil && !isServer(err) || c.pg.IsClosed() || c.pg.IsBusy() {
		return false // what was canceled may still be under way
	}
	if c.pg.TxStatus() != 'I' && c.run(ctx, c.leave()...) != nil {
		return false
	}
	return c.clean
}

// isServer reports whether err is an answer of the server.
func isServer(err error) bool {
	var e *pgconn.PgError
	var f *fail.Error
	return errors.As(err, &e) || errors.As(err, &f)
}

// lost reports whether err says that the server is gone.
func lost(err error) bool {
	var f *fail.Error
	if errors.As(err, &f) {
		return false
	}
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return strings.HasPrefix(e.Code, "57P") // it is shutting down, or was told to end us
	}
	return !errors.Is(err, errEnough)
}

// text takes the first row of a result, as texts; NULL is "".
func text(dst *[][]string) func(*pgconn.ResultReader) error {
	return func(r *pgconn.ResultReader) error {
		for r.NextRow() {
			row := make([]string, len(r.Values()))
			for i, v := range r.Values() {
				row[i] = string(v)
			}
			*dst = append(*dst, row)
		}
		return nil
	}
}

// catalog runs queries of ours in a transaction of their own.
func (s *Source) catalog(ctx context.Context, c *conn, d time.Duration, steps ...step) error {
	return c.run(ctx, append([][]step{append(s.begin(d), steps...)}, c.leave()...)...)
}

// array returns the text of a PostgreSQL array of texts.
func array(items []string) []byte {
	var b strings.Builder
	b.WriteByte('{')
	for i, s := range items {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('"')
		for j := range len(s) {
			if s[j] == '"' || s[j] == '\\' {
				b.WriteByte('\\')
			}
			b.WriteByte(s[j])
		}
		b.WriteByte('"')
	}
	b.WriteByte('}')
	return []byte(b.String())
}
