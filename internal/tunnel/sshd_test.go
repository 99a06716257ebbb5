//go:build unix

package tunnel

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"cleat/internal/host"
	"cleat/internal/proc"
)

// testHost is a host whose redaction masks one word.
func testHost(t testing.TB) host.Host {
	t.Helper()
	children := &proc.Group{}
	t.Cleanup(func() {
		if err := children.Close(); err != nil {
			t.Error(err)
		}
	})
	return host.Host{
		Log: slog.New(slog.DiscardHandler), Now: time.Now, Env: proc.Environ(os.LookupEnv), Children: children,
		Redact: func(_ string, b []byte) []byte { return bytes.ReplaceAll(b, []byte("hunter2"), []byte("[masked]")) },
	}
}

// A server is an sshd of a test's own, on loopback, with an own client configuration.
type server struct {
	dir, port, login string
}

// missing ends a test that lacks a program: loudly where everything is to be there.
func missing(t testing.TB, format string, args ...any) {
	t.Helper()
	if os.Getenv("CLEAT_E2E_REQUIRED") == "1" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

// serve starts sshd for the current user.
func serve(t testing.TB) *server {
	t.Helper()
	sshd := findSSHD(t)
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	if os.Getuid() == 0 {
		// Where sshd keeps its unprivileged half.
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
			missing(t, "sshd needs /run/sshd, which cannot be made: %v", err)
		}
	}
	s := &server{dir: t.TempDir(), port: freePort(t), login: me.Username}
	for _, name := range []string{"host", "user", "other"} {
		s.keygen(t, name)
	}
	s.write(t, "authorized_keys", s.read(t, "user.pub"))
	s.write(t, "known_hosts", "[127.0.0.1]:"+s.port+" "+s.read(t, "host.pub"))
	s.write(t, "client_config", s.config("user", "known_hosts"))
	s.write(t, "sshd_config", strings.Join([]string{
		"Port " + s.port, "ListenAddress 127.0.0.1", "HostKey " + s.path("host"), "PidFile none",
		"AuthorizedKeysFile " + s.path("authorized_keys"), "StrictModes no", "UsePAM no",
		"PasswordAuthentication no", "KbdInteractiveAuthentication no", "PubkeyAuthentication yes", "PermitRootLogin yes",
		"MaxStartups 100", "MaxSessions 100", "AllowTcpForwarding yes", "Subsystem sftp internal-sftp", "",
	}, "\n"))
	s.write(t, "log", "")
	cmd := exec.Command(sshd, "-D", "-E", s.path("log"), "-f", s.path("sshd_config"))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		missing(t, "sshd cannot be started: %v", err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // it is killed
		close(ended)
	}()
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		<-ended
		if t.Failed() {
			t.Logf("sshd said:\n%s", s.read(t, "log"))
		}
	})
	for end := time.Now().Add(20 * time.Second); ; {
		c, err := net.Dial("tcp", "127.0.0.1:"+s.port)
		if err == nil {
			c.Close()
			s.probe(t)
			return s
		}
		select {
		case <-ended:
			missing(t, "sshd does not run here: %s", s.read(t, "log"))
		case <-time.After(10 * time.Millisecond):
		}
		if time.Now().After(end) {
			t.Fatalf("sshd does not listen: %v", err)
		}
	}
}

// probe ends the test where sshd lets nobody in, as for an account that is locked.
func (s *server) probe(t testing.TB) {
	t.Helper()
	_ = exec.Command("ssh", "-F", s.path("client_config"), "-o", "BatchMode=yes", "-p", s.port, "-N",
		"-W", "127.0.0.1:"+s.port, s.login+"@127.0.0.1").Run() // sshd says why it fails
	if _, reason, locked := strings.Cut(s.read(t, "log"), "User "+s.login+" not allowed because "); locked {
		reason, _, _ = strings.Cut(reason, "\n")
		missing(t, "sshd does not let %s in: %s", s.login, reason)
	}
}

func findSSHD(t testing.TB) string {
	t.Helper()
	for _, program := range []string{"ssh", "ssh-keygen"} {
		if _, err := exec.LookPath(program); err != nil {
			missing(t, "the program %s is not on PATH", program)
		}
	}
	sshd, err := exec.LookPath("sshd")
	if err != nil {
		sshd, err = exec.LookPath("/usr/sbin/sshd")
	}
	if err != nil {
		missing(t, "the program sshd is neither on PATH nor in /usr/sbin")
	}
	return sshd
}

func freePort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

func (s *server) path(name string) string { return filepath.Join(s.dir, name) }

func (s *server) read(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile(s.path(name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func (s *server) write(t testing.TB, name, content string) {
	t.Helper()
	if err := os.WriteFile(s.path(name), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (s *server) keygen(t testing.TB, name string) {
	t.Helper()
	out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", s.path(name)).CombinedOutput()
	if err != nil {
		t.Fatalf("ssh-keygen: %v\n%s", err, out)
	}
}

// config is a configuration of ssh that knows nothing of the user's own.
func (s *server) config(key, known string) string {
	return fmt.Sprintf("IdentityFile %s\nIdentitiesOnly yes\nIdentityAgent none\nUserKnownHostsFile %s\nGlobalKnownHostsFile none\n",
		s.path(key), s.path(known))
}

// dialer goes through the server, with the client's configuration in the file of that name.
func (s *server) dialer(t testing.TB, h host.Host, config string) *dialer {
	t.Helper()
	d, err := newDialer(h, s.login+"@127.0.0.1:"+s.port)
	if err != nil {
		t.Fatal(err)
	}
	d.extra = []string{"-F", s.path(config)}
	return d
}

// target listens on loopback and hands every connection to talk.
func listen(t testing.TB, talk func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return // closed
			}
			go func() {
				defer c.Close()
				talk(c)
			}()
		}
	}()
	return l.Addr().String()
}

func echo(c net.Conn) { _, _ = io.Copy(c, c) }

// connect dials and fails the test if that fails.
func connect(t testing.TB, ctx context.Context, d *dialer, address string) *conn {
	t.Helper()
	c, err := d.dial(ctx, "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c.(*conn)
}

// exchange sends text to an echo and wants it back.
func exchange(t testing.TB, c net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatalf("write: %v", err)
	}
	got := make([]byte, len(text))
	if _, err := io.ReadFull(c, got); err != nil || string(got) != text {
		t.Fatalf("read %q, %v, want %q", got, err, text)
	}
}

// wantGone fails the test unless the process is gone.
func wantGone(t testing.TB, pid int) {
	t.Helper()
	if err := syscall.Kill(pid, 0); err != syscall.ESRCH {
		t.Errorf("the process %d is still there: %v", pid, err)
	}
}
