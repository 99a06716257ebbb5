package mysql

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"cleat/internal/fail"
	"cleat/internal/sqltext"
	"cleat/internal/systems/databases"
)

// Write implements databases.Writer. DML runs in a transaction; DDL commits by itself on
// this server and cannot be tried without doing it.
func (s *Source) Write(ctx context.Context, w databases.Write) (*databases.Written, error) {
	st, err := s.acceptWrite(w)
	if err != nil {
		return nil, err
	}
	args, err := bind(w.Params)
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
	r := &run{s: s, k: k, c: c, st: st}
	wr := &writing{run: r, w: w}
	out, err := wr.do(args)
	s.stale()
	if r.ended {
		s.finish(k, c, true)
	} else {
		s.abandon(c)
	}
	if err != nil {
		return nil, s.late(k, err)
	}
	out.Notes = append(out.Notes, notes...)
	return out, nil
}

// acceptWrite takes a statement of the class that policy allowed.
func (s *Source) acceptWrite(w databases.Write) (statement, error) {
	st, err := parse(w.SQL)
	if err != nil {
		return st, err
	}
	class, err := sqltext.Class(sqltext.MySQL, st.body)
	if err != nil {
		return st, err
	}
	if class != string(w.Class) || w.Class != databases.DML && w.Class != databases.DDL {
		return st, fail.Errorf(fail.Denied, "the statement is %s, and %s was allowed", class, string(w.Class))
	}
	if w.Class == databases.DDL && w.DryRun {
		return st, fail.Errorf(fail.Unsupported, "MySQL and MariaDB cannot try DDL: it commits at once").Then("read the table with db_schema, and repeat the call without dry_run")
	}
	for i := range st.tokens {
		if err := writeEffect(st, i, w.Class); err != nil {
			return st, err
		}
	}
	but := []string{"nextval", "lastval"}
	if w.DryRun {
		but = nil
	}
	return st, calls(st, but)
}

// writeEffect refuses a token by which a statement reaches beyond the tables.
func writeEffect(st statement, i int, class databases.Class) error {
	deny := func(what, why string) error {
		return fail.Errorf(fail.Denied, "%s is not accepted in a statement that writes", what).Because("%s", why)
	}
	switch {
	case st.word(i, "outfile", "dumpfile", "infile"):
		return deny(strings.ToUpper(st.at(i).Text), "it reaches files of the server")
	case st.word(i, "into") && st.op(i+1, "@", "@@"):
		return deny("INTO a variable", "nothing is kept in the session")
	case st.word(i, "procedure") && class == databases.DML:
		return deny("PROCEDURE", "it runs code on the rows")
	}
	if class != databases.DDL {
		return nil
	}
	switch {
	case st.word(i, "directory", "connection", "soname", "datafile", "tablespace"):
		return deny(strings.ToUpper(st.at(i).Text), "it reaches files, libraries or other servers")
	case st.word(i, "engine") && (st.named(i+1, "connect", "federated", "federatedx", "spider", "s3", "csv", "merge", "mrg_myisam", "oqgraph") ||
		st.op(i+1, "=") && st.named(i+2, "connect", "federated", "federatedx", "spider", "s3", "csv", "merge", "mrg_myisam", "oqgraph")):
		return deny("this ENGINE", "it reaches files or other servers")
	case i > 0 && i < 4 && st.word(i, "user", "role", "server", "event", "instance", "resource", "plugin", "definer", "procedure", "function", "package", "trigger") && !st.op(i+1, "."):
		return deny(strings.ToUpper(st.at(i).Text), "it changes who may do what, or leaves code behind that runs later")
	}
	return nil
}

// named reports whether token i is one of the names, however it is written.
func (st statement) named(i int, names ...string) bool {
	t := st.at(i)
	return t.Kind != sqltext.Op && slices.Contains(names, strings.ToLower(t.Text))
}

// A writing is one statement that writes on its way.
type writing struct {
	*run
	w     databases.Write
	notes []string
}

func (w *writing) do(args []driver.NamedValue) (*databases.Written, error) {
	w.ended = true // until the statement is sent
	touched, err := w.check()
	if err != nil {
		return nil, err
	}
	if err := w.engines(touched); err != nil {
		return nil, err
	}
	if err := w.c.exec(w.k.hard, "SET SESSION TRANSACTION READ WRITE"); err != nil {
		return nil, w.failed(err)
	}
	if w.w.Class == databases.DML {
		if err := w.c.exec(w.k.hard, "START TRANSACTION"); err != nil {
			return nil, w.failed(err)
		}
	}
	w.c.allow(mostRow)
	stmt, err := w.c.driver.PrepareContext(w.k.hard, w.st.body)
	if err != nil {
		return nil, w.failed(err)
	}
	if n := stmt.NumInput(); n != len(args) {
		return nil, fail.Errorf(fail.Invalid, "the statement has %s, and %s", count(n, "parameter"), given(len(args))).Then("pass one value in params for each ?")
	}
	out := &databases.Written{Class: w.w.Class, Rows: -1, DryRun: w.w.DryRun}
	w.ended = false
	if err := w.execute(stmt, args, out); err != nil {
		return nil, err
	}
	w.ended = true
	if w.w.DryRun {
		w.notes = append(w.notes, "what triggers and foreign keys change is not counted, and auto_increment numbers are used up")
	} else if w.w.Class == databases.DML {
		if err := w.commit(); err != nil {
			return nil, err
		}
	}
	out.Notes = w.notes
	return out, nil
}

// commit ends the transaction. Once it is sent the caller's time counts no more.
func (w *writing) commit() error {
	if w.k.soft.Err() != nil {
		return w.k.timeout() // nothing was committed: finish rolls back
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(w.k.hard), 10*time.Second)
	defer cancel()
	err := w.c.exec(ctx, "COMMIT")
	switch {
	case err == nil:
		return nil
	case answered(err):
		return w.failed(err)
	}
	w.ended = false
	return fail.Errorf(fail.UnknownOutcome, "the connection was lost at COMMIT: the statement may have been carried out or not").
		Then("look with db_query whether it was before repeating it")
}

// execute runs the prepared statement, and reads what RETURNING returns.
func (w *writing) execute(stmt driver.Stmt, args []driver.NamedValue, out *databases.Written) error {
	lost := func(err error) error {
		if !answered(err) && w.w.Class == databases.DDL {
			return fail.Errorf(fail.UnknownOutcome, "the statement was not answered: it may have been carried out or not").
				Because("DDL commits by itself on this server").Then("look with db_schema whether it was before repeating it")
		}
		return w.failed(err)
	}
	w.c.allow(mostRow)
	if !w.returning() {
		e, ok := stmt.(driver.StmtExecContext)
		if !ok {
			return fail.Errorf(fail.Internal, "the driver cannot run statements")
		}
		res, err := e.ExecContext(w.k.hard, args)
		if err != nil {
			return lost(err)
		}
		if w.w.Class == databases.DML {
			if out.Rows, err = res.RowsAffected(); err != nil {
				out.Rows = -1
			}
		}
		return nil
	}
	rows, err := query(w.k.hard, stmt, args)
	if err != nil {
		return lost(err)
	}
	columns := w.columns(rows)
	col, err := databases.NewCollector(w.s.rules, columns, 0)
	if err != nil {
		return err
	}
	dest := make([]driver.Value, len(columns))
	out.Rows = 0
	for {
		w.c.allow(mostRow)
		err := rows.Next(dest)
		if errors.Is(err, io.EOF) {
			if err := rows.Close(); err != nil {
				return w.failed(err)
			}
			break
		}
		if err != nil {
			return w.failed(err)
		}
		out.Rows++
		row, sizes := make([]*string, len(dest)), make([]int, len(dest))
		for i, v := range dest {
			row[i], sizes[i] = cell(v, columns[i].Type, columns[i].Mask != "")
		}
		col.Add(row, sizes) // the rest is counted
	}
	out.Result = col.Result("")
	return nil
}

// returning reports whether the statement answers with rows.
func (w *writing) returning() bool {
	for i := range w.st.tokens {
		if w.w.Class == databases.DML && w.st.word(i, "returning") {
			return true
		}
	}
	return false
}
