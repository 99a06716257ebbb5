package mysql

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-sql-driver/mysql"

	"cleat/internal/fail"
	"cleat/internal/systems/databases"
	"cleat/internal/tunnel"
)

// A budget is how many bytes may still be read. It bounds what a server can make us hold.
type budget struct {
	left atomic.Int64
	over atomic.Bool // more was sent
	net  net.Conn    // what is read from, once it is dialed
}

type budgetKey struct{}

var errTooMuch = errors.New("the server sent more than is read at once")

// A meter is a connection that reads no more than its budget has.
type meter struct {
	net.Conn
	budget *budget
}

func (m *meter) Read(p []byte) (int, error) {
	if m.budget.left.Load() <= 0 {
		m.budget.over.Store(true) // the driver forgets the error
		return 0, errTooMuch
	}
	n, err := m.Conn.Read(p)
	m.budget.left.Add(-int64(n))
	return n, err
}

// A conn is a connection whose session is ours.
type conn struct {
	driver interface {
		driver.Conn
		driver.ConnPrepareContext
		driver.ExecerContext
		driver.QueryerContext
	}
	budget  *budget
	id      string // the server's number of it, to kill it by
	maria   bool
	version string
	db      string // the default database, "" if there is none
	user    string
	fresh   bool // it was not used before
	timer   *time.Timer
}

// allow sets the budget for what comes next.
func (c *conn) allow(bytes int64) { c.budget.left.Store(bytes) }

func (c *conn) exec(ctx context.Context, sql string) error {
	c.allow(mostRow)
	_, err := c.driver.ExecContext(ctx, sql, nil)
	return err
}

// all returns the rows of one of our own questions, the arguments bound.
func (c *conn) all(ctx context.Context, sql string, args ...string) ([][]*string, error) {
	var rows driver.Rows
	var err error
	c.allow(mostRow)
	if len(args) == 0 {
		rows, err = c.driver.QueryContext(ctx, sql, nil)
	} else {
		var stmt driver.Stmt
		if stmt, err = c.driver.PrepareContext(ctx, sql); err != nil {
			return nil, err
		}
		defer stmt.Close()
		rows, err = query(ctx, stmt, texts(args))
	}
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out [][]*string
	dest := make([]driver.Value, len(rows.Columns()))
	for {
		c.allow(mostRow)
		if err := rows.Next(dest); err == io.EOF {
			return out, nil
		} else if err != nil {
			return nil, err
		}
		row := make([]*string, len(dest))
		for i, v := range dest {
			if v != nil {
				text := plain(v)
				row[i] = &text
			}
		}
		if out = append(out, row); len(out) >= catalogMost {
			return nil, fail.Errorf(fail.TooLarge, "the catalog has more than %d entries", catalogMost)
		}
	}
}

func texts(args []string) []driver.NamedValue {
	out := make([]driver.NamedValue, len(args))
	for i, a := range args {
		out[i] = driver.NamedValue{Ordinal: i + 1, Value: a}
	}
	return out
}

func query(ctx context.Context, stmt driver.Stmt, args []driver.NamedValue) (driver.Rows, error) {
	q, ok := stmt.(driver.StmtQueryContext)
	if !ok {
		return nil, fail.Errorf(fail.Internal, "the driver cannot run statements")
	}
	return q.QueryContext(ctx, args)
}

// plain is the text of a value of the catalog.
func plain(v driver.Value) string {
	switch v := v.(type) {
	case []byte:
		return string(v)
	case string:
		return v
	case int64:
		return strconv.FormatInt(v, 10)
	case uint64:
		return strconv.FormatUint(v, 10)
	}
	return fmt.Sprint(v)
}

func str(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}

// dial connects, as the role, within connectTime.
func (s *Source) dial(ctx context.Context) (*conn, error) {
	t, err := s.resolve(ctx)
	if err != nil {
		return nil, err
	}
	c := &conn{budget: &budget{}}
	c.allow(1 << 20)
	parent, began := ctx, time.Now()
	ctx, cancel := context.WithTimeout(context.WithValue(ctx, budgetKey{}, c.budget), connectTime)
	defer cancel()
	connector, err := mysql.NewConnector(t.config)
	if err != nil {
		return nil, fail.Errorf(fail.Unavailable, "the dsn of the source cannot be used").Then("ask the user to correct dsn")
	}
	d, err := connector.Connect(ctx)
	if err != nil {
		if s.hurried(parent, began) {
			<-parent.Done()
			return nil, parent.Err()
		}
		if c.budget.net != nil {
			if why := tunnel.Reason(c.budget.net); why != nil {
				err = why
			}
		}
		return nil, s.connectError(ctx, t, err)
	}
	var ok bool
	if c.driver, ok = d.(interface {
		driver.Conn
		driver.ConnPrepareContext
		driver.ExecerContext
		driver.QueryerContext
	}); !ok {
		_ = d.Close() // it is of no use
		return nil, fail.Errorf(fail.Internal, "the driver cannot run statements")
	}
	return c, nil
}

// connect makes a session that is ready for a call.
func (s *Source) connect(ctx context.Context) (*conn, error) {
	c, err := s.dial(ctx)
	if err != nil {
		return nil, err
	}
	parent, began := ctx, time.Now()
	ctx, cancel := context.WithTimeout(ctx, connectTime)
	defer cancel()
	if err := s.prepare(ctx, c); err != nil {
		_ = c.driver.Close() // it failed already
		if s.hurried(parent, began) {
			<-parent.Done()
			return nil, parent.Err()
		}
		t, rerr := s.resolve(ctx)
		if rerr != nil {
			return nil, rerr
		}
		return nil, s.connectError(ctx, t, err)
	}
	c.fresh = true
	s.setHealth("")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reached = true
	if c.maria {
		s.dialect = databases.MariaDB
	}
	return c, nil
}

// hurried reports whether a connection was not made because the call had no time, and not
// for want of a server: it was canceled, or its time is over and it was too short to tell, or
// the server was there before. A connection may notice the end a moment before ctx does.
func (s *Source) hurried(ctx context.Context, began time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if errors.Is(ctx.Err(), context.Canceled) {
		return true
	}
	end, ok := ctx.Deadline()
	return ok && time.Until(end) < 50*time.Millisecond && (s.reached || end.Sub(began) < time.Second)
}

// foreign are the modes in which text means something else than the lexer reads.
func foreign(mode string) bool {
	switch strings.ToUpper(mode) {
	case "ANSI", "ANSI_QUOTES", "NO_BACKSLASH_ESCAPES", "ORACLE", "MSSQL", "DB2", "MAXDB", "POSTGRESQL", "MYSQL323", "MYSQL40", "":
		return true
	}
	return false
}

// prepare sets the session up.
func (s *Source) prepare(ctx context.Context, c *conn) error {
	rows, err := c.all(ctx, "SELECT CONNECTION_ID(), VERSION(), @@SESSION.sql_mode, DATABASE(), CURRENT_USER()")
	if err != nil {
		return err
	}
	if len(rows) != 1 || len(rows[0]) != 5 {
		return errors.New("the server does not say who it is")
	}
	c.id, c.version, c.db = str(rows[0][0]), str(rows[0][1]), str(rows[0][3])
	c.user = str(rows[0][4])
	if i := strings.LastIndexByte(c.user, '@'); i >= 0 {
		c.user = c.user[:i]
	}
	c.maria = strings.Contains(strings.ToLower(c.version), "mariadb")
	if _, err := strconv.ParseUint(c.id, 10, 64); err != nil {
		return errors.New("the server does not number its connections")
	}
	var modes []string
	for m := range strings.SplitSeq(str(rows[0][2]), ",") {
		if !foreign(m) && strings.Trim(m, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789") == "" {
			modes = append(modes, m)
		}
	}
	if err := c.exec(ctx, fmt.Sprintf("SET SESSION sql_mode = '%s', time_zone = '+00:00', lock_wait_timeout = %d, innodb_lock_wait_timeout = %d",
		strings.Join(modes, ","), lockWaitSecond, lockWaitSecond)); err != nil {
		return err
	}
	return c.exec(ctx, "SET SESSION TRANSACTION READ ONLY")
}

// limits sets the time and the number of rows that the server itself ends a statement at;
// rows is 0 for no limit.
func (c *conn) limits(ctx context.Context, left time.Duration, rows int) error {
	left = max(left, time.Millisecond)
	limit := "DEFAULT"
	if rows > 0 {
		limit = strconv.Itoa(rows)
	}
	if c.maria {
		return c.exec(ctx, fmt.Sprintf("SET SESSION max_statement_time = %.6f, sql_select_limit = %s", left.Seconds(), limit))
	}
	return c.exec(ctx, fmt.Sprintf("SET SESSION max_execution_time = %d, sql_select_limit = %s", max(left.Milliseconds(), 1), limit))
}

// take returns a connection that is set up with limits, waiting for one while there are
// too many. The caller gives it to keep, discard or abandon.
func (s *Source) take(ctx context.Context, left func() time.Duration, rows int) (*conn, error) {
	if err := s.ending.Err(); err != nil {
		return nil, fail.Errorf(fail.Unavailable, "the source is closed")
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case c := <-s.spare:
		c.timer.Stop()
		if err := c.limits(ctx, left(), rows); err == nil {
			return c, nil
		}
		s.discard(c) // the server has closed it meanwhile
	default:
	}
	select {
	case c := <-s.spare:
		c.timer.Stop()
		if err := c.limits(ctx, left(), rows); err == nil {
			return c, nil
		}
		_ = c.driver.Close() // the server has closed it; its slot is ours now
	case s.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err() // all connections are in use
	}
	c, err := s.connect(ctx)
	if err == nil {
		if err = c.limits(ctx, left(), rows); err != nil {
			_ = c.driver.Close() // it failed
			err = s.statementError(ctx, c, statement{}, err)
		}
	}
	if err != nil {
		<-s.slots
		return nil, err
	}
	return c, nil
}

// discard closes a connection on which nothing runs.
func (s *Source) discard(c *conn) {
	_ = c.driver.Close() // the server notices, whatever this says
	<-s.slots
}

// keep makes a connection on which only our own questions were asked the spare one.
func (s *Source) keep(c *conn) {
	if s.ending.Err() != nil {
		s.discard(c)
		return
	}
	c.timer = time.AfterFunc(spareTime, func() {
		select {
		case old := <-s.spare:
			s.discard(old)
		default:
		}
	})
	select {
	case s.spare <- c:
	default:
		c.timer.Stop()
		s.discard(c)
	}
}

// refill opens a spare connection in the background, if there is none and a slot is free.
func (s *Source) refill() {
	if len(s.spare) > 0 || s.ending.Err() != nil {
		return
	}
	select {
	case s.slots <- struct{}{}:
	default:
		return
	}
	s.work.Go(func() {
		c, err := s.connect(s.ending)
		if err != nil {
			<-s.slots
			return
		}
		s.keep(c)
	})
}

// abandon gives a connection up on which a statement may still run, and ends that at the
// server in the background.
func (s *Source) abandon(c *conn) {
	s.discard(c)
	s.work.Go(func() {
		for range 2 {
			// Close waits for us: what was started has to be ended.
			ctx, cancel := context.WithTimeout(context.Background(), connectTime)
			err := s.kill(ctx, c.id)
			cancel()
			var e *mysql.MySQLError
			if err == nil || errors.As(err, &e) && e.Number == 1094 { // there is no such thread any more
				return
			}
			s.host.Log.Warn("mysql: a statement could not be ended at the server", "connection", c.id)
		}
	})
}

func (s *Source) kill(ctx context.Context, id string) error {
	k, err := s.dial(ctx)
	if err != nil {
		return err
	}
	defer k.driver.Close()
	return k.exec(ctx, "KILL CONNECTION "+id)
}
