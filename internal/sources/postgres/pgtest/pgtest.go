// Package pgtest starts real PostgreSQL servers for tests.
//
// One server serves all tests of a process; it is started by the first that asks for it:
//
//	func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }
//
//	func TestSomething(t *testing.T) {
//		s := pgtest.Start(t)
//		db := s.Database(t)
//		s.Exec(t, db, "CREATE TABLE t (id int)")
//		dsn := s.DSN(db, "ro")
//		…
//	}
//
// The server runs as a user that is not root, in a temporary folder, on a free port of
// 127.0.0.1 and on a socket. Main stops it; should the process die, it dies too.
//
// Its roles: the superuser postgres; app, who owns what it makes (see Password); ro, who
// may select; guard, who may write, but whose transactions are read-only by default and
// whose statements may take two seconds.
package pgtest

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"cleat/internal/sorting"
)

// Required names the environment variable that, set to 1, makes a missing server a failure
// where it would skip the test.
const Required = "CLEAT_E2E_REQUIRED"

// Password returns the password of a role. Only a server with Options.Scram asks for it.
func Password(role string) string { return role + "-secret-pw" }

// Options say how a server is to be.
type Options struct {
	Scram bool     // passwords are asked for
	TLS   bool     // with a certificate that it signed itself
	Beta  bool     // the other major version, from npm, and not the one on this machine
	Set   []string // further settings, "name=value"
}

// A Server is a running PostgreSQL. Its methods may be called at once, but for Stop and
// Restart.
type Server struct {
	Port   int
	Socket string // the folder of its socket

	opts Options
	bin  string // folder of its programs
	dir  string // data, socket and log
	proc *process

	mu   sync.Mutex
	next int // number of the next database
}

// shared is the server that Start returns.
var shared struct {
	sync.Mutex
	server *Server
	err    error
}

// Main runs the tests and stops the server that they shared. It is for TestMain.
func Main(m interface{ Run() int }) int {
	code := m.Run()
	shared.Lock()
	defer shared.Unlock()
	if shared.server != nil {
		if err := shared.server.close(); err != nil {
			fmt.Fprintln(os.Stderr, "pgtest:", err)
			return max(code, 1)
		}
	}
	return code
}

// Start returns the server of this process. Where there is no PostgreSQL the test is
// skipped with the reason, or fails if Required is set. The package needs Main.
func Start(t testing.TB) *Server {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	if shared.server == nil && shared.err == nil {
		shared.server, shared.err = start(Options{})
	}
	if shared.err != nil {
		unavailable(t, shared.err)
	}
	return shared.server
}

// New starts a server of the test's own, which ends with the test.
func New(t testing.TB, o Options) *Server {
	t.Helper()
	s, err := start(o)
	if err != nil {
		unavailable(t, err)
	}
	t.Cleanup(func() {
		if err := s.close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func unavailable(t testing.TB, why error) {
	t.Helper()
	if os.Getenv(Required) == "1" {
		t.Fatalf("PostgreSQL is not available, and %s=1 forbids skipping: %v", Required, why)
	}
	t.Skipf("PostgreSQL is not available: %v", why)
}

// programs returns the folder of initdb and postgres on this machine: the newest version.
func programs() (string, error) {
	if path, err := exec.LookPath("postgres"); err == nil {
		if _, err := os.Stat(filepath.Join(filepath.Dir(path), "initdb")); err == nil {
			return filepath.Dir(path), nil
		}
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil {
		return "", err
	}
	sorting.Sort(found, func(a, b string) int { return major(a) - major(b) })
	if len(found) == 0 {
		return "", errors.New("no initdb in PATH or /usr/lib/postgresql/*/bin")
	}
	return filepath.Dir(found[len(found)-1]), nil
}

// major returns the version in the path of a program, 0 if there is none.
func major(path string) int {
	n, err := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
	if err != nil {
		return 0
	}
	return n
}

func start(o Options) (_ *Server, err error) {
	s := &Server{opts: o}
	if o.Beta {
		s.bin, err = installed()
	} else {
		s.bin, err = programs()
	}
	if err != nil {
		return nil, err
	}
	if s.dir, err = os.MkdirTemp("", "pgtest"); err != nil {
		return nil, err
	}
	s.Socket = s.dir
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if o.Beta && private() {
		native := filepath.Join(s.dir, "native")
		if err := os.CopyFS(native, os.DirFS(filepath.Dir(s.bin))); err != nil {
			return nil, err
		}
		s.bin = filepath.Join(native, "bin")
	}
	if o.TLS {
		if err := certificate(s.dir); err != nil {
			return nil, err
		}
	}
	if err := own(s.dir); err != nil {
		return nil, err
	}
	data := filepath.Join(s.dir, "data")
	init := s.command("initdb", "-D", data, "-U", "postgres", "--auth=trust", "-N", "--no-locale", "-E", "UTF8")
	if out, err := init.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w: %s", err, tail(string(out)))
	}
	if o.Scram {
		hba := "local all postgres trust\nlocal all all scram-sha-256\nhost all all 127.0.0.1/32 scram-sha-256\n"
		if err := os.WriteFile(filepath.Join(data, "pg_hba.conf"), []byte(hba), 0o600); err != nil {
			return nil, err
		}
	}
	if s.Port, err = freePort(); err != nil {
		return nil, err
	}
	if err := s.run(); err != nil {
		return nil, err
	}
	var roles []string
	for _, r := range []string{"app", "ro", "guard"} {
		roles = append(roles, fmt.Sprintf("CREATE ROLE %s LOGIN PASSWORD '%s'", r, Password(r)))
	}
	roles = append(roles, "ALTER ROLE guard SET default_transaction_read_only = on", "ALTER ROLE guard SET statement_timeout = '2s'")
	return s, s.exec("postgres", roles...)
}

// freePort returns a port that was free a moment ago.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	port := l.Addr().(*net.TCPAddr).Port
	return port, l.Close()
}

// command returns a program of the server with an environment from scratch.
func (s *Server) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(s.bin, name), args...)
	cmd.Dir = s.dir
	cmd.Env = []string{"HOME=" + s.dir, "PATH=" + s.bin + ":/usr/bin:/bin", "LC_ALL=C"}
	unprivileged(cmd)
	return cmd
}

// run starts the server on its data and waits until it answers.
func (s *Server) run() error {
	args := []string{"-D", filepath.Join(s.dir, "data"), "-k", s.dir}
	set := append([]string{"listen_addresses=127.0.0.1", "port=" + strconv.Itoa(s.Port), "fsync=off", "max_connections=50"}, s.opts.Set...)
	if s.opts.TLS {
		set = append(set, "ssl=on", "ssl_cert_file="+filepath.Join(s.dir, certFile), "ssl_key_file="+filepath.Join(s.dir, keyFile))
	}
	for _, v := range set {
		args = append(args, "-c", v)
	}
	log, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := s.command("postgres", args...)
	cmd.Stdout, cmd.Stderr = log, log
	if s.proc, err = launch(cmd); err != nil {
		return err
	}
	deadline := time.Now().Add(30 * time.Second)
	for {
		err := s.exec("postgres")
		if err == nil {
			return nil
		}
		if s.proc.ended() || time.Now().After(deadline) {
			text, _ := os.ReadFile(log.Name()) // the reason, if it can be had
			return fmt.Errorf("starting postgres: %w: %s", err, tail(string(text)))
		}
		time.Sleep(20 * time.Millisecond) // the server tells nobody that it is ready
	}
}

// Stop ends the server at once, as a crash would.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	if err := s.proc.stop(); err != nil {
		t.Fatal(err)
	}
}

// Restart starts the server again after Stop, on the same port.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	if err := s.run(); err != nil {
		t.Fatal(err)
	}
}

// close ends the server and removes its folder.
func (s *Server) close() error {
	var err error
	if s.proc != nil {
		err = s.proc.stop()
	}
	return errors.Join(err, os.RemoveAll(s.dir))
}

// Certificate returns the file with the certificate of a server with Options.TLS.
func (s *Server) Certificate() string { return filepath.Join(s.dir, certFile) }

// DSN returns the address of a database for a role, with its password if it has one. It
// goes by TCP.
func (s *Server) DSN(db, role string) string {
	u := url.URL{Scheme: "postgres", User: url.User(role), Host: "127.0.0.1:" + strconv.Itoa(s.Port), Path: "/" + db}
	if role != "postgres" {
		u.User = url.UserPassword(role, Password(role))
	}
	return u.String()
}

// tail returns the last lines of a program's output, on one line.
func tail(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.Join(lines[max(0, len(lines)-4):], "; ")
}
