// Package mysqltest starts a real MariaDB for tests, on this machine's loopback and in a
// temporary folder, as a user without rights.
//
// A test package has
//
//	func TestMain(m *testing.M) { os.Exit(mysqltest.Main(m)) }
//
// and its tests share one server, each with a database of its own:
//
//	srv := mysqltest.Start(t)
//	db := srv.Database(t)
//	dsn := srv.DSN(db, "ro")
//
// Where MariaDB is not installed the tests are skipped, unless CLEAT_E2E_REQUIRED=1.
package mysqltest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
)

// Password is that of every role on a test server.
const Password = "Kx-9 p@ss:w/rd?"

// A Server is a running MariaDB.
type Server struct {
	Dir  string // the server's folder, which the server's user may write to
	Addr string // host:port on loopback

	args []string
	cmd  *exec.Cmd
	done chan struct{} // closed when cmd has ended

	mu   sync.Mutex
	next int
	root *sql.DB
}

// shared is the server that the tests of one process have in common, and template the
// data folder that others start from.
var shared struct {
	mu       sync.Mutex
	main     bool
	dir      string
	template string
	server   *Server
	err      error
}

// Main runs the tests and then stops what they started. It returns the exit code.
func Main(m interface{ Run() int }) int {
	shared.mu.Lock()
	shared.main = true
	shared.mu.Unlock()
	code := m.Run()
	shared.mu.Lock()
	defer shared.mu.Unlock()
	if shared.server != nil {
		shared.server.kill()
	}
	if shared.dir != "" {
		if err := os.RemoveAll(shared.dir); err != nil {
			fmt.Fprintln(os.Stderr, "mysqltest:", err)
			code = max(code, 1)
		}
	}
	return code
}

// Start returns the server of this process, which it starts on the first call.
func Start(t testing.TB) *Server {
	t.Helper()
	shared.mu.Lock()
	defer shared.mu.Unlock()
	prepare(t)
	if shared.server == nil && shared.err == nil {
		shared.server, shared.err = start(filepath.Join(shared.dir, "shared"), nil)
	}
	if shared.err != nil {
		t.Fatalf("MariaDB does not start: %v", shared.err)
	}
	return shared.server
}

// New starts a server for one test, with more arguments for mariadbd, and stops it when the
// test ends.
func New(t testing.TB, args ...string) *Server {
	t.Helper()
	shared.mu.Lock()
	prepare(t)
	dir, err := os.MkdirTemp(shared.dir, "own")
	shared.mu.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	s, err := start(dir, args)
	if err != nil {
		t.Fatalf("MariaDB does not start: %v", err)
	}
	t.Cleanup(func() {
		s.kill()
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return s
}

// prepare makes the template once, or ends the test. The lock is held.
func prepare(t testing.TB) {
	t.Helper()
	if !shared.main {
		t.Fatal("TestMain has to call mysqltest.Main")
	}
	if shared.template != "" || shared.err != nil {
		return
	}
	install, err := program("mariadb-install-db")
	if err == nil {
		_, err = program("mariadbd")
	}
	if err == nil {
		err = identity()
	}
	if err != nil {
		if os.Getenv("CLEAT_E2E_REQUIRED") == "1" {
			t.Fatalf("MariaDB cannot be started: %v", err)
		}
		t.Skipf("MariaDB cannot be started: %v", err)
	}
	shared.dir, shared.err = os.MkdirTemp("", "mysqltest")
	if shared.err != nil {
		return
	}
	data := filepath.Join(shared.dir, "template")
	if shared.err = errors.Join(os.Mkdir(data, 0o700), os.Chmod(shared.dir, 0o755), own(data)); shared.err != nil {
		return
	}
	cmd := exec.Command(install, "--no-defaults", "--datadir="+data, "--auth-root-authentication-method=normal",
		"--skip-test-db", "--innodb-log-file-size=4M", "--innodb-data-file-path=ibdata1:8M:autoextend")
	cmd.SysProcAttr = attributes()
	runtime.LockOSThread() // as in launch
	out, err := cmd.CombinedOutput()
	runtime.UnlockOSThread()
	if err != nil {
		shared.err = fmt.Errorf("mariadb-install-db: %w: %s", err, out)
		return
	}
	shared.template = data
}

// program finds a program of MariaDB, also where a user's PATH does not lead.
func program(name string) (string, error) {
	path, err := exec.LookPath(name)
	if err == nil {
		return path, nil
	}
	for _, dir := range []string{"/usr/sbin", "/usr/local/sbin", "/usr/local/bin", "/opt/homebrew/bin"} {
		if path, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return path, nil
		}
	}
	return "", err
}

// start copies the template to dir/data and starts a server on it.
func start(dir string, args []string) (*Server, error) {
	data := filepath.Join(dir, "data")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	if err := os.CopyFS(data, os.DirFS(shared.template)); err != nil {
		return nil, err
	}
	out := filepath.Join(dir, "out")
	if err := os.Mkdir(out, 0o755); err != nil {
		return nil, err
	}
	if err := certificate(dir); err != nil {
		return nil, err
	}
	if err := own(dir); err != nil {
		return nil, err
	}
	s := &Server{Dir: out, args: args}
	var err error
	if s.Addr, err = freeAddress(); err != nil {
		return nil, err
	}
	if err := s.run(); err != nil {
		return nil, err
	}
	if s.root, err = s.rootDB(""); err != nil {
		return nil, err
	}
	_, err = s.root.Exec("ALTER USER root@localhost IDENTIFIED BY '" + Password + "'")
	if err = errors.Join(err, s.root.Close()); err != nil {
		s.kill()
		return nil, err
	}
	if s.root, err = s.rootDB(Password); err != nil {
		s.kill()
		return nil, err
	}
	return s, nil
}

// rootDB is the way to the server as root, through its socket.
func (s *Server) rootDB(password string) (*sql.DB, error) {
	c := mysql.NewConfig()
	c.User, c.Passwd, c.Net, c.Addr, c.Logger = "root", password, "unix", s.Socket(), &mysql.NopLogger{}
	connector, err := mysql.NewConnector(c)
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(connector)
	db.SetMaxIdleConns(1)
	return db, nil
}

// freeAddress is a port on loopback that nobody listens on.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// Socket is the path of the server's socket.
func (s *Server) Socket() string { return filepath.Join(filepath.Dir(s.Dir), "s") }

// run starts the process and waits until it answers.
func (s *Server) run() error {
	path, err := program("mariadbd")
	if err != nil {
		return err
	}
	dir := filepath.Dir(s.Dir)
	_, port, err := net.SplitHostPort(s.Addr)
	if err != nil {
		return err
	}
	log, err := os.OpenFile(filepath.Join(dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	args := append([]string{"--no-defaults", "--datadir=" + filepath.Join(dir, "data"), "--socket=" + s.Socket(),
		"--pid-file=" + filepath.Join(dir, "pid"), "--tmpdir=" + dir, "--bind-address=127.0.0.1", "--port=" + port,
		"--innodb-buffer-pool-size=32M", "--innodb-log-file-size=4M", "--innodb-data-file-path=ibdata1:8M:autoextend",
		"--innodb-flush-log-at-trx-commit=0", "--skip-log-bin", "--skip-name-resolve", "--max-connections=100",
		"--ssl-cert=" + filepath.Join(dir, "cert.pem"), "--ssl-key=" + filepath.Join(dir, "key.pem")}, s.args...)
	s.cmd = exec.Command(path, args...)
	s.cmd.Stdout, s.cmd.Stderr, s.cmd.Dir = log, log, dir
	s.cmd.SysProcAttr = attributes()
	s.done = make(chan struct{})
	if err := launch(s.cmd, s.done); err != nil {
		return err
	}
	return s.await()
}

// await returns when the server greets those who connect.
func (s *Server) await() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if c, err := net.Dial("tcp", s.Addr); err == nil {
			err = c.SetReadDeadline(time.Now().Add(5 * time.Second))
			if err == nil {
				_, err = io.ReadFull(c, make([]byte, 5))
			}
			_ = c.Close()
			if err == nil {
				return nil
			}
		}
		select {
		case <-tick.C:
		case <-s.done:
			b, err := os.ReadFile(filepath.Join(filepath.Dir(s.Dir), "log"))
			return errors.Join(fmt.Errorf("mariadbd ended: %s", b), err)
		case <-ctx.Done():
			s.kill()
			return ctx.Err()
		}
	}
}

// kill ends the process at once and waits for its end.
func (s *Server) kill() {
	if s.root != nil {
		_ = s.root.Close() // its server goes
	}
	s.halt()
}

func (s *Server) halt() {
	_ = s.cmd.Process.Signal(syscall.SIGKILL) // it may have ended
	<-s.done
}

// Stop kills the server, as a crash does. Only for a server of New.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	s.halt()
}

// Restart starts a stopped server again, on the same address.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	if err := s.run(); err != nil {
		t.Fatal(err)
	}
}

// Database makes a fresh database and the roles app, ro and file for it, and drops them
// when the test ends. It returns the database's name.
func (s *Server) Database(t testing.TB) string {
	t.Helper()
	s.mu.Lock()
	s.next++
	name := fmt.Sprintf("t%d", s.next)
	s.mu.Unlock()
	s.Named(t, name)
	return name
}

// Named is Database with a name that the test chooses: small letters and digits.
func (s *Server) Named(t testing.TB, name string) {
	t.Helper()
	s.Exec(t, "", "CREATE DATABASE "+name+" CHARACTER SET utf8mb4")
	for role, grants := range map[string]string{"app": "ALL PRIVILEGES", "ro": "SELECT, SHOW VIEW", "file": "SELECT, SHOW VIEW"} {
		user := s.user(name, role)
		s.Exec(t, "", "CREATE USER "+user+" IDENTIFIED BY '"+Password+"'", "GRANT "+grants+" ON "+name+".* TO "+user)
	}
	s.Exec(t, "", "GRANT FILE ON *.* TO "+s.user(name, "file"))
	t.Cleanup(func() {
		s.Exec(t, "", "DROP DATABASE IF EXISTS "+name)
		for _, role := range []string{"app", "ro", "file"} {
			s.Exec(t, "", "DROP USER IF EXISTS "+s.user(name, role))
		}
	})
}

func (s *Server) user(db, role string) string { return "'" + User(db, role) + "'@'%'" }

// User is the name that a role of a database has on the server.
func User(db, role string) string {
	if role == "root" {
		return role
	}
	return db + "_" + role
}

// DSN returns the address of a database for a role: root, app (all rights on the database),
// ro (SELECT and SHOW VIEW) or file (as ro, and the FILE privilege). It has no TLS unless
// "?tls=skip-verify" is added; the server's certificate is its own.
func (s *Server) DSN(db, role string) string {
	c := mysql.NewConfig()
	c.User, c.Passwd, c.Net, c.Addr, c.DBName = User(db, role), Password, "tcp", s.Addr, db
	if role == "root" {
		c.Net, c.Addr = "unix", s.Socket()
	}
	return c.FormatDSN()
}

// Exec runs statements as root in the database ("" for none), one after the other on one
// connection.
func (s *Server) Exec(t testing.TB, db string, statements ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute) // also in a Cleanup, when t.Context is over
	defer cancel()
	c, err := s.root.Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if db != "" {
		statements = append([]string{"USE " + db}, statements...)
	}
	for _, q := range statements {
		if _, err := c.ExecContext(ctx, q); err != nil {
			t.Fatalf("%.200s: %v", q, err)
		}
	}
}

// Rows runs a query as root in the database and returns the rows as text, "NULL" for NULL.
func (s *Server) Rows(t testing.TB, db, query string) [][]string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c, err := s.root.Conn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if db != "" {
		if _, err := c.ExecContext(ctx, "USE "+db); err != nil {
			t.Fatal(err)
		}
	}
	rows, err := c.QueryContext(ctx, query)
	if err != nil {
		t.Fatalf("%.200s: %v", query, err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	out := [][]string{}
	for rows.Next() {
		cells := make([]sql.NullString, len(columns))
		into := make([]any, len(cells))
		for i := range cells {
			into[i] = &cells[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		row := make([]string, len(cells))
		for i, c := range cells {
			row[i] = "NULL"
			if c.Valid {
				row[i] = c.String
			}
		}
		out = append(out, row)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// Active returns the statements that the role of the database runs at this moment.
func (s *Server) Active(t testing.TB, db, role string) []string {
	t.Helper()
	var out []string
	for _, row := range s.Rows(t, "", "SELECT info FROM information_schema.processlist WHERE command <> 'Sleep' AND info IS NOT NULL AND user = '"+
		strings.ReplaceAll(User(db, role), "'", "")+"'") {
		out = append(out, row[0])
	}
	return out
}
