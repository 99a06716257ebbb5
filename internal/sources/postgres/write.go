package postgres

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"cleat/internal/fail"
	"cleat/internal/sqltext"
	"cleat/internal/systems/databases"
)

// commitTime bounds the wait for the outcome of a commit.
const commitTime = 10 * time.Second

// Write implements databases.Writer.
func (s *Source) Write(ctx context.Context, w databases.Write) (*databases.Written, error) {
	st, err := check(w.SQL, w.Params)
	if err != nil {
		return nil, err
	}
	class, err := sqltext.Class(sqltext.PostgreSQL, st.sql)
	if err != nil {
		return nil, err
	}
	if class != string(w.Class) || w.Class != databases.DML && w.Class != databases.DDL {
		return nil, fail.Errorf(fail.Denied, "the statement is of the class %s, not %s", class, w.Class)
	}
	if err := s.closed(st.tokens); err != nil {
		return nil, err
	}
	st.limit = databases.MaxRows
	began := time.Now()
	ctx, cancel, d := s.limit(ctx)
	defer cancel()
	var out *databases.Written
	err = s.with(ctx, func(c *conn) error {
		return s.guarding(ctx, c, st, func() (err error) {
			out, err = s.write(ctx, c, st, w, d)
			return err
		})
	})
	if err != nil {
		return nil, s.explain(ctx, st, err, began)
	}
	return out, nil
}

func (s *Source) write(ctx context.Context, c *conn, st *statement, w databases.Write, d time.Duration) (*databases.Written, error) {
	guard, err := s.guard(st, "nextval")
	if err != nil {
		return nil, err
	}
	opening := []step{{sql: "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"}, s.settings(d), guard}
	g := &gatherer{source: s, st: st, drain: true}
	switch {
	case s.strict() && w.Class == databases.DML:
		if g.masks, err = s.inspect(ctx, c, opening, st, ""); err != nil {
			return nil, err
		}
	case s.strict():
		if err := c.run(ctx, opening); err != nil {
			return nil, err
		}
		if err := s.untouched(ctx, c, touchNamed, st); err != nil {
			return nil, err
		}
	default:
		if err := c.run(ctx, opening); err != nil {
			return nil, err
		}
	}
	out := &databases.Written{Class: w.Class, Rows: -1, DryRun: w.DryRun}
	run := step{sql: st.sql, args: st.args, done: func(tag pgconn.CommandTag) {
		if w.Class == databases.DML {
			out.Rows = tag.RowsAffected()
		}
	}}
	run.rows = func(r *pgconn.ResultReader) error {
		if len(r.FieldDescriptions()) == 0 {
			return nil // without RETURNING
		}
		return g.take(r)
	}
	if err := c.run(ctx, []step{run}); err != nil {
		return nil, err
	}
	if s.strict() && w.Class == databases.DDL {
		if err := s.untouched(ctx, c, touchLocked, st); err != nil {
			return nil, err
		}
	}
	if w.DryRun {
		err = c.run(ctx, c.leave()...)
	} else {
		err = s.commit(ctx, c)
	}
	if err != nil {
		return nil, err
	}
	if g.col != nil {
		out.Result = g.result(ctx, c, d, "")
	}
	return out, nil
}

// commit ends the transaction. Once it is sent, the end of the call does not stop it.
func (s *Source) commit(ctx context.Context, c *conn) error {
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitTime)
	defer cancel()
	done := ""
	err := c.run(limited, []step{{sql: "COMMIT", done: func(tag pgconn.CommandTag) { done = tag.String() }}})
	var refused *pgconn.PgError
	switch {
	case done == "COMMIT":
		if c.run(limited, c.leave()[1:]...) != nil {
			c.clean = false // it is committed all the same
		}
		return nil
	case done != "":
		return fail.Errorf(fail.Invalid, "PostgreSQL rolled the transaction back")
	case errors.As(err, &refused) && !strings.HasPrefix(refused.Code, "57") && !c.pg.IsClosed():
		return err // a constraint that is checked at the end
	}
	return fail.Errorf(fail.UnknownOutcome, "the connection broke while the change was committed: it may or may not have happened")
}

// What untouched looks at.
type touching int

const (
	touchNamed  touching = iota // relations whose names stand in the statement
	touchLocked                 // relations that the statement, which has run, touched
)

// untouched refuses a statement of DDL that has to do with tables that are not listed, or
// with masked columns: it could give them other names, or make a table of their values.
func (s *Source) untouched(ctx context.Context, c *conn, how touching, st *statement) error {
	var rows touchedRows
	steps := touch(lockedSQL, &rows)
	if how == touchNamed {
		var names []string
		for _, t := range st.tokens {
			if t.Kind == sqltext.Word || t.Kind == sqltext.Quoted {
				names = append(names, cut(t.Text))
			}
		}
		steps = touch(namedSQL, &rows, array(names))
	}
	if err := c.run(ctx, steps); err != nil {
		return err
	}
	t := s.gather(&rows)
	if err := s.permitted(t, st.tokens); err != nil {
		return err
	}
	for _, r := range t.relations {
		if len(r.masks) > 0 {
			return fail.Errorf(fail.Denied, "%s has masked columns: its definition may not be changed, nor anything be made of it", r.address())
		}
	}
	return nil
}
