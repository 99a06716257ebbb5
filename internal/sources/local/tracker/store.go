package tracker

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"cleat/internal/fail"
	"cleat/internal/sqlite/engine"
)

const (
	maxReaders = 4
	version    = 1 // of the schema
	maxText    = 64 << 20
)

// errNone means that nothing has been written yet.
var errNone = errors.New("there is no store yet")

// A conn is a connection to the file.
type conn struct {
	db    *engine.Conn
	file  fs.FileInfo
	stmts map[string]*engine.Stmt
}

// A value is a parameter of a statement.
type value struct {
	text  string
	n     int64
	isInt bool
}

func str(s string) value { return value{text: s} }
func num(n int64) value  { return value{n: n, isInt: true} }

// A row is one of a result. Its methods return columns, from 0.
type row struct{ s *engine.Stmt }

func (r row) int(i int) int64 { return r.s.Int(i) }
func (r row) text(i int) string {
	s, _ := r.s.Text(i, maxText)
	return s
}

// each runs a statement to its end, and calls do for each row.
func (c *conn) each(sql string, do func(row) error, args ...value) error {
	s := c.stmts[sql]
	if s == nil {
		var err error
		if s, _, err = c.db.Prepare(sql); err != nil {
			return err
		}
		c.stmts[sql] = s
	}
	defer s.Reset()
	for i, a := range args {
		var err error
		if a.isInt {
			err = s.BindInt(i+1, a.n)
		} else {
			err = s.BindText(i+1, a.text)
		}
		if err != nil {
			return err
		}
	}
	for {
		more, err := s.Step()
		if err != nil || !more {
			return err
		}
		if do == nil {
			continue
		}
		if err := do(row{s}); err != nil {
			return err
		}
	}
}

// run runs a statement that has no rows.
func (c *conn) run(sql string, args ...value) error { return c.each(sql, nil, args...) }

func (c *conn) close() error {
	for _, s := range c.stmts {
		s.Close()
	}
	return c.db.Close()
}

func closeAll(list []*conn) error {
	var errs []error
	for _, c := range list {
		errs = append(errs, c.close())
	}
	return errors.Join(errs...)
}

// look returns the file that the path names now. It is not opened for that: closing it again
// would drop the locks that this process holds on it through SQLite. Unless it is to be made,
// it fails with errNone where there is none.
func (t *Tracker) look(create bool) (fs.FileInfo, string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return nil, "", fail.Errorf(fail.Unavailable, "the local tracker is closed")
	}
	if t.path != "" {
		if info, err := os.Lstat(t.path); err == nil && info.Mode().IsRegular() {
			return info, t.path, nil
		}
	}
	root, err := t.h.State()
	if err != nil {
		return nil, "", err
	}
	info, err := root.Lstat(fileName)
	if errors.Is(err, fs.ErrNotExist) && create {
		var f *os.File
		if f, err = root.OpenFile(fileName, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600); err == nil {
			err = f.Close()
		}
		if err == nil || errors.Is(err, fs.ErrExist) {
			info, err = root.Lstat(fileName)
		}
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, "", errNone
	case err != nil:
		return nil, "", fail.Errorf(fail.Unavailable, "the file of the local tracker cannot be opened: %w", err)
	case !info.Mode().IsRegular():
		return nil, "", fail.Errorf(fail.Unavailable, "%s in the state folder is not a regular file", fileName)
	}
	t.path = filepath.Join(root.Name(), fileName)
	return info, t.path, nil
}

// get returns a connection to the file as it is now.
func (t *Tracker) get(ctx context.Context, create bool) (*conn, error) {
	info, path, err := t.look(create)
	if err != nil {
		return nil, err
	}
	for {
		t.mu.Lock()
		var c *conn
		if n := len(t.idle); n > 0 {
			c, t.idle = t.idle[n-1], t.idle[:n-1]
		}
		t.mu.Unlock()
		if c == nil {
			return connect(ctx, path, info)
		}
		if os.SameFile(c.file, info) {
			return c, nil
		}
		if err := c.close(); err != nil {
			return nil, err
		}
	}
}

// put takes a connection back.
func (t *Tracker) put(c *conn) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed || len(t.idle) > maxReaders || c.db.InTransaction() {
		return c.close()
	}
	t.idle = append(t.idle, c)
	return nil
}

// connect opens the file, whose path is p.
func connect(ctx context.Context, p string, info fs.FileInfo) (_ *conn, err error) {
	db, err := engine.Open(uri(p), true)
	if err != nil {
		return nil, err
	}
	c := &conn{db: db, file: info, stmts: map[string]*engine.Stmt{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.close())
		}
	}()
	for _, set := range []struct {
		s  engine.Setting
		on bool
	}{{engine.Defensive, true}, {engine.Extensions, false}, {engine.TrustedSchema, false}, {engine.ForeignKeys, true},
		{engine.QuotedTextDDL, false}, {engine.QuotedTextDML, false}} {
		if err := db.Configure(set.s, set.on); err != nil {
			return nil, err
		}
	}
	db.Limit(engine.LimitAttached, 0)
	err = patiently(ctx, func() error {
		for _, sql := range []string{"journal_mode=WAL", "synchronous=FULL", "cache_size=-8000", "temp_store=memory", "mmap_size=0", "cell_size_check=1"} {
			if err := db.Exec("PRAGMA " + sql); err != nil {
				return err
			}
		}
		return nil
	})
	return c, err
}

// uri returns the URI of a file. No character of the path has a meaning in it.
func uri(path string) string {
	path = filepath.ToSlash(path)
	if runtime.GOOS == "windows" {
		path = "/" + path // file:///C:/…
	}
	var b []byte
	for i := range len(path) {
		switch c := path[i]; c {
		case '%', '?', '#':
			b = fmt.Appendf(b, "%%%02X", c)
		default:
			b = append(b, c)
		}
	}
	return "file://" + string(b) + "?mode=rw"
}

// patiently repeats do while another process holds the lock that it needs, for maxWait at
// most.
func patiently(ctx context.Context, do func() error) error {
	began := time.Now()
	for pause := time.Millisecond; ; pause = min(2*pause, 25*time.Millisecond) {
		err := do()
		var e *engine.Error
		if !errors.As(err, &e) {
			return err
		}
		switch e.Primary() {
		case engine.Busy, engine.Locked, engine.Protocol:
		default:
			return err
		}
		if time.Since(began) > maxWait {
			return fail.Errorf(fail.Busy, "another process has held the file of the local tracker for %s", maxWait).
				Then("repeat the call").After(5 * time.Second)
		}
		wait := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			wait.Stop()
			return context.Cause(ctx)
		case <-wait.C:
		}
	}
}

// within runs do in a transaction: one that alone may write, or one in which nothing changes.
// Without a file to read do is not called, and the error is errNone.
func (t *Tracker) within(ctx context.Context, write bool, do func(*conn) error) (err error) {
	slots := t.read
	if write {
		slots = t.turn
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	select {
	case slots <- struct{}{}:
		defer func() { <-slots }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	c, err := t.get(ctx, write)
	if err != nil {
		return failure(ctx, err)
	}
	defer func() {
		if e := t.put(c); e != nil && err == nil {
			t.h.Log.Warn("closing the local tracker's file", "err", e)
		}
	}()
	c.db.Watch(func() bool { return ctx.Err() != nil })
	defer c.db.Watch(nil)
	begin := "BEGIN"
	if write {
		begin = "BEGIN IMMEDIATE"
	}
	empty := false
	err = patiently(ctx, func() error {
		if err := c.run(begin); err != nil {
			return err
		}
		v, err := c.version()
		if err != nil {
			return errors.Join(err, c.rollback())
		}
		empty = v == 0
		return nil
	})
	if err == nil && empty {
		err = errNone
		if write {
			err = c.makeSchema()
		}
	}
	if err == nil {
		err = do(c)
	}
	c.db.Watch(nil) // what follows is not to be ended half way
	if err == nil && write {
		err = c.run("COMMIT")
	}
	if c.db.InTransaction() {
		err = errors.Join(err, c.rollback())
	}
	if err == nil && write {
		if now, e := os.Lstat(t.where()); e != nil || !os.SameFile(now, c.file) {
			err = fail.Errorf(fail.Unavailable, "the file of the local tracker was removed while it was written").Then("repeat the call")
		}
	}
	return failure(ctx, err)
}

func (t *Tracker) where() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.path
}

func (c *conn) rollback() error {
	if !c.db.InTransaction() {
		return nil
	}
	return c.run("ROLLBACK")
}

// failure is err as an error for the model.
func failure(ctx context.Context, err error) error {
	var known *fail.Error
	var e *engine.Error
	if err == nil || errors.As(err, &known) || !errors.As(err, &e) {
		return err
	}
	switch e.Primary() {
	case engine.Interrupted:
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	case engine.Busy, engine.Locked, engine.Protocol, engine.Schema:
		return fail.Errorf(fail.Busy, "another process uses the file of the local tracker").Then("repeat the call").After(time.Second)
	case engine.Corrupt, engine.NotDatabase:
		return fail.Errorf(fail.Unavailable, "the file of the local tracker is damaged").Because("cleat does not repair or delete it").
			Then("tell the user to put a copy of %s in its place, or to move it away", fileName)
	case engine.Full, engine.IO:
		return fail.Errorf(fail.Unavailable, "the file of the local tracker cannot be read or written").Because("the disk may be full")
	case engine.ReadOnly, engine.CannotOpen, engine.Permission:
		return fail.Errorf(fail.Unavailable, "the file of the local tracker cannot be opened for writing")
	case engine.NoMemory, engine.TooBig:
		return fail.Errorf(fail.TooLarge, "that is more than the local tracker can take at once")
	}
	return fmt.Errorf("the local tracker's file: %w", err)
}
