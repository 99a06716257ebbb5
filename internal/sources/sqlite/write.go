package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"cleat/internal/fail"
	"cleat/internal/sqlite/engine"
	"cleat/internal/sqltext"
	"cleat/internal/systems/databases"
)

// Write runs one statement of the class in a transaction of a connection of its own, and
// commits it unless it is a dry run. Foreign keys are enforced, and triggers run as the
// schema has them.
func (s *Source) Write(ctx context.Context, w databases.Write) (*databases.Written, error) {
	sql, err := single(w.SQL)
	if err != nil {
		return nil, err
	}
	class, err := sqltext.Class(sqltext.SQLite, sql)
	if err != nil {
		return nil, err
	}
	if w.Class != databases.DML && w.Class != databases.DDL || class != string(w.Class) {
		return nil, fail.Errorf(fail.Denied, "the statement is of the class %s, and %s is allowed here", class, w.Class)
	}
	if !s.pool.open() {
		return nil, fail.Errorf(fail.Unavailable, "the source is closed")
	}
	began := time.Now()
	ctx, cancel := s.deadline(ctx)
	defer cancel()
	if err := s.pool.slot(ctx); err != nil {
		return nil, err
	}
	defer func() { <-s.pool.slots }()
	info, err := s.stat()
	if err != nil {
		return nil, err
	}
	c, err := s.connectWriter(ctx, info, w.Class)
	if err != nil {
		return nil, s.failure(ctx, nil, sql, err)
	}
	defer c.close()
	out, err := c.write(ctx, w, sql, began)
	c.end()
	return out, err
}

// connectWriter opens the file for writing and begins a transaction that alone may write.
func (s *Source) connectWriter(ctx context.Context, info fs.FileInfo, class databases.Class) (_ *conn, err error) {
	db, err := engine.Open(uri(s.path, "mode=rw"), true)
	if err != nil {
		return nil, err
	}
	c := &conn{s: s, db: db, file: info}
	defer func() {
		if err != nil {
			c.end()
			c.close()
		}
	}()
	c.guard = &guard{rules: s.rules, secret: "cleat_", class: class, triggers: map[string]string{}, fired: map[string]bool{}}
	db.Authorize(c.guard.allow)
	if err := settle(db); err != nil {
		return nil, err
	}
	for _, pragma := range []string{"foreign_keys=1", "temp_store=memory"} {
		if err := db.Exec("PRAGMA " + pragma); err != nil {
			return nil, err
		}
	}
	if err := c.prepareOwn("BEGIN IMMEDIATE"); err != nil {
		return nil, err
	}
	c.watch(ctx)
	if err := run(c.beginStmt); err != nil {
		return nil, err
	}
	if c.cat, err = c.readCatalog(); err != nil {
		return nil, err
	}
	c.guard.cat = c.cat
	err = c.each("SELECT name FROM main.sqlite_schema WHERE type = 'trigger'", func(st *engine.Stmt) error {
		c.guard.triggers[fold(text(st, 0))] = text(st, 0)
		return nil
	})
	if err == nil && !s.same(info) {
		err = fail.Errorf(fail.Unavailable, "the database file was replaced while it was opened").After(time.Second)
	}
	c.connectVirtual()
	return c, err
}

func (c *conn) write(ctx context.Context, w databases.Write, sql string, began time.Time) (*databases.Written, error) {
	if err := c.checkJoins(sql); err != nil {
		return nil, err
	}
	if err := c.checkView(sql); err != nil {
		return nil, err
	}
	for _, t := range plainTokens(sql) {
		c.guard.renames = c.guard.renames || t.Kind == sqltext.Word && t.Text == "rename"
	}
	c.guard.phase = compiled
	st, rest, err := c.db.Prepare(sql)
	if err != nil {
		return nil, c.s.failure(ctx, c, sql, err)
	}
	defer st.Close()
	if strings.TrimSpace(rest) != "" {
		return nil, fail.Errorf(fail.Invalid, "one statement only: SQLite sees more behind the first")
	}
	c.guard.phase = running
	if err := bind(st, w.Params); err != nil {
		return nil, c.s.failure(ctx, c, sql, err)
	}
	total := c.db.TotalChanges()
	returned, err := c.returned(st, began)
	if err != nil {
		if over(err) {
			return nil, fail.Errorf(fail.Timeout, "the time for the statement was over").Because("nothing was changed").
				Then("change fewer rows at once")
		}
		return nil, c.s.failure(ctx, c, sql, err)
	}
	out := &databases.Written{Class: w.Class, Rows: -1, DryRun: w.DryRun, Result: returned}
	if w.Class == databases.DML {
		out.Rows = c.db.Changes()
		if more := c.db.TotalChanges() - total - out.Rows; more > 0 {
			out.Notes = append(out.Notes, fmt.Sprintf("triggers and foreign keys changed %s beyond these", counted(int(more), "row")))
		}
	}
	if fired := slices.Sorted(maps.Keys(c.guard.fired)); len(fired) > 0 {
		out.Notes = append(out.Notes, "triggers that belong to it: "+strings.Join(fired, ", "))
	}
	st.Reset()
	if w.DryRun {
		out.Notes = append(out.Notes, "a dry run: everything was rolled back")
		return out, nil
	}
	return out, c.commit()
}

// returned runs a statement that writes to its end, and returns the first of the rows that
// RETURNING gives, nil if it has none.
func (c *conn) returned(st *engine.Stmt, began time.Time) (*databases.Result, error) {
	var g *gatherer
	if n := st.Columns(); n > 0 {
		columns := make([]databases.Column, n)
		for i := range columns {
			columns[i] = databases.Column{Name: st.Name(i), Type: fold(st.Declared(i))}
		}
		var err error
		if g, err = newGatherer(c.s.rules, columns, 0); err != nil {
			return nil, err
		}
	}
	for {
		more, err := st.Step()
		if err != nil {
			return nil, err
		}
		if !more {
			break
		}
		if g != nil && !g.Full() {
			g.add(st)
		}
	}
	if g == nil {
		return nil, nil
	}
	return g.result(""), nil
}

// commit makes the change last. It is not ended by the time.
func (c *conn) commit() error {
	c.guard.phase = own
	c.db.Watch(nil)
	c.db.Wait(lockWait)
	err := c.db.Exec("COMMIT")
	if err == nil {
		return nil
	}
	var e *engine.Error
	if errors.As(err, &e) && e.Primary() == engine.IO {
		return fail.Errorf(fail.UnknownOutcome, "whether the change was made is not known: SQLite: %s", e.Message).
			Then("read the rows again before repeating it")
	}
	return c.s.failure(context.Background(), c, "", err)
}

// checkJoins refuses, while some of the database is closed, joins whose columns SQLite
// compares without asking whether they may be read.
func (c *conn) checkJoins(sql string) error {
	if !c.guard.strict() {
		return nil
	}
	tokens := plainTokens(sql)
	for i, t := range tokens {
		if t.Kind != sqltext.Word || t.Text != "natural" && t.Text != "using" {
			continue
		}
		if t.Text == "natural" || i+1 < len(tokens) && tokens[i+1].Text == "(" {
			return fail.Errorf(fail.Denied, "a statement that writes cannot join with %s while some columns or tables are closed", strings.ToUpper(t.Text)).
				Then("write the join with ON")
		}
	}
	return nil
}

// checkView refuses to make views of what is closed: whoever else reads them would see it.
func (c *conn) checkView(sql string) error {
	tokens := plainTokens(sql)
	view := slices.IndexFunc(tokens, func(t sqltext.Token) bool { return t.Kind == sqltext.Word && t.Text == "view" })
	if len(tokens) == 0 || tokens[0].Text != "create" || view < 0 || view > 2 {
		return nil
	}
	for _, o := range c.mentioned(sql) {
		if err := c.guard.closes(o); err != nil {
			return err
		}
		if o.covered() {
			return fail.Errorf(fail.Denied, "a view cannot take from %s: it has masked columns, and masks go by names", o.name)
		}
	}
	return nil
}
