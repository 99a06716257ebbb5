package sqlite

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io/fs"
	"time"

	"cleat/internal/fail"
	"cleat/internal/sqlite/engine"
	"cleat/internal/systems/databases"
)

// maxValue is the length, in bytes, of the longest value and row that a statement may make
// or read.
const maxValue = 16 << 20

// A conn is a connection for reading, with its catalog and its covering views.
type conn struct {
	s         *Source
	db        *engine.Conn
	guard     *guard
	cat       *catalog
	file      fs.FileInfo
	immutable bool // the file is taken for one that nobody changes
	broken    bool // it is not to be used again
	used      time.Time
	veiled    map[string]bool // closed tables that have a view in their place
	closed    *fail.Error     // why a table that the statement reads is closed

	beginStmt, endStmt, versionStmt *engine.Stmt
	patchStmt                       *engine.Stmt // see slow.go

	// bare sees the tables without the covering views. It never runs a statement: it
	// only tells which columns a statement's results come from.
	bare *engine.Conn
}

// connect opens the file for reading.
func (s *Source) connect(ctx context.Context, info fs.FileInfo) (*conn, error) {
	c, err := s.connectAs(ctx, info, "mode=ro")
	var e *engine.Error
	if errors.As(err, &e) && (e.Primary() == engine.CannotOpen || e.Primary() == engine.ReadOnly) && !s.logged() {
		// A database in WAL mode, in a folder without the right to write.
		c, err = s.connectAs(ctx, info, "mode=ro&immutable=1")
		if err == nil {
			c.immutable = true
		}
	}
	if err != nil {
		return nil, err
	}
	s.saw(c.cat, nil)
	return c, nil
}

func (s *Source) connectAs(ctx context.Context, info fs.FileInfo, mode string) (_ *conn, err error) {
	db, err := engine.Open(uri(s.path, mode), false)
	if err != nil {
		return nil, err
	}
	secret := make([]byte, 12)
	rand.Read(secret) // never fails
	c := &conn{s: s, db: db, file: info, veiled: map[string]bool{}}
	defer func() {
		if err != nil {
			c.close()
		}
	}()
	c.guard = &guard{rules: s.rules, secret: "cleat" + hex.EncodeToString(secret) + "_"}
	db.Authorize(c.guard.allow)
	c.watch(ctx)
	if err := settle(db); err != nil {
		return nil, err
	}
	for _, pragma := range []string{"query_only=1", "temp_store=memory"} {
		if err := db.Exec("PRAGMA " + pragma); err != nil {
			return nil, err
		}
	}
	if err := c.prepareOwn("BEGIN"); err != nil {
		return nil, err
	}
	if err := c.load(); err != nil {
		return nil, err
	}
	if !s.same(info) {
		return nil, fail.Errorf(fail.Unavailable, "the database file was replaced while it was opened").After(time.Second)
	}
	return c, nil
}

// prepareOwn compiles the statements that every call runs.
func (c *conn) prepareOwn(begin string) (err error) {
	for sql, stmt := range map[string]**engine.Stmt{begin: &c.beginStmt, "ROLLBACK": &c.endStmt, "PRAGMA main.schema_version": &c.versionStmt} {
		if *stmt, _, err = c.db.Prepare(sql); err != nil {
			return err
		}
	}
	return nil
}

// settle sets what every connection has, whether it reads or writes.
func settle(db *engine.Conn) error {
	db.Wait(lockWait)
	for _, l := range []struct {
		id    engine.Limit
		value int32
	}{
		{engine.LimitLength, maxValue}, {engine.LimitSQL, 4 << 20}, {engine.LimitColumns, databases.MaxColumns},
		{engine.LimitDepth, 500}, {engine.LimitCompound, 200}, {engine.LimitProgram, 2_000_000},
		{engine.LimitArguments, 127}, {engine.LimitAttached, 0}, {engine.LimitPattern, 1000},
		{engine.LimitParameters, 2000}, {engine.LimitTriggers, 50}, {engine.LimitThreads, 0},
	} {
		db.Limit(l.id, l.value)
	}
	for _, set := range []struct {
		setting engine.Setting
		on      bool
	}{
		{engine.Defensive, true}, {engine.Extensions, false}, {engine.TrustedSchema, false},
		{engine.QuotedTextDDL, false}, {engine.QuotedTextDML, false},
		{engine.AttachCreate, false}, {engine.AttachWrite, false},
	} {
		if err := db.Configure(set.setting, set.on); err != nil {
			return err
		}
	}
	for _, pragma := range []string{"cell_size_check=1", "mmap_size=0", "cache_size=-8000"} {
		if err := db.Exec("PRAGMA " + pragma); err != nil {
			return err
		}
	}
	return nil
}

// load reads the catalog and makes the views that cover.
func (c *conn) load() error {
	if err := run(c.beginStmt); err != nil {
		return err
	}
	cat, err := c.readCatalog()
	c.end()
	if err != nil {
		return err
	}
	c.cat, c.guard.cat = cat, cat
	if err := c.replaceSlow(); err != nil {
		return err
	}
	if err := c.makeCovers(); err != nil {
		return err
	}
	c.connectVirtual()
	return nil
}

// begin begins a read transaction, and reports whether the schema is still that of the
// catalog.
func (c *conn) begin() (bool, error) {
	c.guard.phase = own
	if err := run(c.beginStmt); err != nil {
		return false, err
	}
	version, err := c.version()
	if err != nil {
		c.end()
		return false, err
	}
	return version == c.cat.version, nil
}

func (c *conn) version() (int64, error) {
	defer c.versionStmt.Reset()
	if _, err := c.versionStmt.Step(); err != nil {
		return 0, err
	}
	return c.versionStmt.Int(0), nil
}

// end ends the transaction, and with it all locks on the file.
func (c *conn) end() {
	c.guard.phase = own
	c.db.Watch(nil)
	if c.db.InTransaction() && run(c.endStmt) != nil {
		c.broken = true
	}
}

func run(s *engine.Stmt) error {
	defer s.Reset()
	_, err := s.Step()
	return err
}

// watch has statements end with ctx.
func (c *conn) watch(ctx context.Context) { watch(ctx, c.db) }

func watch(ctx context.Context, db *engine.Conn) {
	db.Watch(func() bool { return ctx.Err() != nil })
	wait := lockWait
	if end, ok := ctx.Deadline(); ok {
		wait = min(wait, time.Until(end))
	}
	db.Wait(wait)
}

func (c *conn) close() {
	for _, s := range []*engine.Stmt{c.beginStmt, c.endStmt, c.versionStmt, c.patchStmt} {
		if s != nil {
			s.Close()
		}
	}
	if c.bare != nil {
		c.closing(c.bare.Close())
	}
	c.closing(c.db.Close())
}

func (c *conn) closing(err error) {
	if err != nil {
		c.s.host.Log.Warn("closing a SQLite file", "err", err)
	}
}

// each runs a statement of cleat's own with texts as its parameters, and calls do for each
// row.
func (c *conn) each(sql string, do func(*engine.Stmt) error, texts ...string) error {
	before := c.guard.phase
	c.guard.phase = own
	defer func() { c.guard.phase = before }()
	return each(c.db, sql, do, texts...)
}

func each(db *engine.Conn, sql string, do func(*engine.Stmt) error, texts ...string) error {
	s, _, err := db.Prepare(sql)
	if err != nil {
		return err
	}
	defer s.Close()
	return rows(s, do, texts...)
}

// rows runs a statement to its end.
func rows(s *engine.Stmt, do func(*engine.Stmt) error, texts ...string) error {
	defer s.Reset()
	for i, t := range texts {
		if err := s.BindText(i+1, t); err != nil {
			return err
		}
	}
	for {
		row, err := s.Step()
		if err != nil || !row {
			return err
		}
		if err := do(s); err != nil {
			return err
		}
	}
}

// text is a column of a row of cleat's own statements.
func text(s *engine.Stmt, i int) string {
	v, _ := s.Text(i, maxValue)
	return v
}
