package postgres

import (
	"crypto/tls"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cleat/internal/fail"
	"cleat/internal/sources/postgres/pgtest"
	"cleat/internal/systems/databases"
)

// TestEnvironment shows that nothing but the DSN decides on the connection: a password of
// the developer must not go to a host that a DSN names.
func TestEnvironment(t *testing.T) {
	home := t.TempDir()
	pass := filepath.Join(home, ".pgpass")
	service := filepath.Join(home, ".pg_service.conf")
	for file, content := range map[string]string{pass: "*:*:*:*:stolen-pw\n", service: "[evil]\nhost=evil.example\npassword=stolen-pw\nsearch_path=evil\n"} {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("HOME", home)
	for _, v := range []string{"PGHOST=evil.example", "PGPORT=1", "PGDATABASE=evil", "PGUSER=evil", "PGPASSWORD=stolen-pw", "PGPASSFILE=" + pass, "PGSERVICE=evil",
		"PGSERVICEFILE=" + service, "PGOPTIONS=-c search_path=evil", "PGSSLMODE=disable", "PGAPPNAME=evil", "PGSSLCERT=/nowhere", "PGSSLKEY=/nowhere", "PGSSLROOTCERT=/nowhere",
		"PGTZ=evil", "PGCONNECT_TIMEOUT=99", "PGTARGETSESSIONATTRS=evil", "PGSSLNEGOTIATION=direct", "PGCHANNELBINDING=disable", "PGREQUIREAUTH=none", "PGSSLSNI=0", "PGSSLCERTMODE=evil",
		"PGMINPROTOCOLVERSION=evil", "PGMAXPROTOCOLVERSION=evil", "PGSSLPASSWORD=x"} {
		name, value, _ := strings.Cut(v, "=")
		t.Setenv(name, value)
	}
	for _, dsn := range []string{"postgres://app@db.example/shop", "host=db.example user=app dbname=shop", "postgresql://app@db.example:5432/shop?sslmode=prefer"} {
		s, err := Open(t.Context(), Config{DSN: dsn}, testHost())
		if err != nil {
			t.Fatal(err)
		}
		cfg, err := s.configure(t.Context())
		if err != nil {
			t.Fatalf("%s: %v", dsn, err)
		}
		if cfg.Host != "db.example" || cfg.Port != 5432 || cfg.Database != "shop" || cfg.User != "app" || cfg.Password != "" {
			t.Errorf("%s: %s:%d %s %s %q", dsn, cfg.Host, cfg.Port, cfg.Database, cfg.User, cfg.Password)
		}
		if cfg.TLSConfig == nil || len(cfg.Fallbacks) != 1 || cfg.Fallbacks[0].TLSConfig != nil || len(cfg.TLSConfig.Certificates) > 0 {
			t.Errorf("%s: sslmode is not prefer", dsn)
		}
		if cfg.SSLNegotiation != "postgres" || cfg.ChannelBinding != "prefer" || cfg.RequireAuth != "" || cfg.TLSConfig.ServerName != "db.example" {
			t.Errorf("%s: the environment decides on the way to connect", dsn)
		}
		for k, v := range cfg.RuntimeParams {
			if strings.Contains(v, "evil") || k == "options" || k == "search_path" {
				t.Errorf("%s: setting %s=%s", dsn, k, v)
			}
		}
	}
	if os.Getenv("PGSERVICE") != "evil" {
		t.Error("the environment is changed")
	}
}

func TestParseDSN(t *testing.T) {
	for _, c := range []struct{ dsn, host, user, password, database string }{
		{"postgres://u:p@h/d", "h", "u", "p", "d"},
		{"postgres://u%40x:p%2F%3a%25@h:1/d%20e", "h", "u@x", "p/:%", "d e"},
		{"postgres://u:p@ss@h/d", "h", "u", "p@ss", "d"},
		{"postgres://u:p@[::1]:5432/d", "::1", "u", "p", "d"},
		{"postgres://u@/d?host=/var/run/x", "/var/run/x", "u", "", "d"},
		{"postgres://u@%2Fvar%2Frun%2Fx/d", "/var/run/x", "u", "", "d"},
		{"postgres://u@h1:1,h2:2/d", "h1", "u", "", "d"},
		{`user=u password='it\'s \\ x' host=h dbname=d`, "h", "u", `it's \ x`, "d"},
		{"  host = h\tuser = u  password = a=b ", "h", "u", "a=b", ""},
	} {
		cfg, err := parseDSN(c.dsn)
		if err != nil {
			t.Errorf("%s: %v", c.dsn, err)
			continue
		}
		if cfg.Host != c.host || cfg.User != c.user || cfg.Password != c.password || cfg.Database != c.database {
			t.Errorf("%s: host %q user %q password %q database %q", c.dsn, cfg.Host, cfg.User, cfg.Password, cfg.Database)
		}
	}
	for _, dsn := range []string{
		"postgres://u:CANARY@h/d?options=-c%20x", "postgres://u:CANARY@h/d?passfile=/x", "postgres://u:CANARY@h/d?service=x", "host=h user=u password=CANARY servicefile=/x",
		"postgres://u:CANARY@h/d?sslmode=CANARY", "postgres://u:CANARY@h:CANARY/d", "postgres://u:CANARY%zz@h/d", "postgres://u:p@h/d?CANARY%zz", "CANARY", "user=u password='CANARY",
		"postgres://u:CANARY@h:99999/d", "postgres://u:CANARY@h/d?sslrootcert=/nowhere/x&sslmode=verify-full", "postgres://u:CANARY@h/d?pool_max_conns=3", "user=u host=h password=CANARY\x00",
	} {
		_, err := parseDSN(dsn)
		if code(err) != fail.Invalid {
			t.Errorf("%q: %v", dsn, err)
		} else if strings.Contains(fail.Show(err), "CANARY") {
			t.Errorf("%q: %s", dsn, fail.Show(err))
		}
	}
}

// FuzzParseDSN: it never panics, and what it says is without the password.
func FuzzParseDSN(f *testing.F) {
	for _, s := range []string{"postgres://u:hunter2secret@h/d?sslmode=require", "user=u password='hunter2secret' host=h", "postgres://@/?", "a=b=c"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, dsn string) {
		cfg, err := parseDSN(dsn)
		if err == nil && (cfg.User == "" || cfg.Host == "") {
			t.Errorf("%q has neither user nor host", dsn)
		}
		if err != nil && (code(err) != fail.Invalid || strings.Contains(fail.Show(err), "hunter2secret")) {
			t.Errorf("%q: %v", dsn, err)
		}
	})
}

func TestConnecting(t *testing.T) {
	s := pgtest.New(t, pgtest.Options{Scram: true, TLS: true})
	dsn := s.DSN("postgres", "app")
	for _, c := range []struct {
		name, dsn string
		code      fail.Code
		want      string
	}{
		{"right", dsn, "", ""},
		{"TLS asked for", dsn + "?sslmode=require", "", ""},
		{"certificate verified", dsn + "?sslmode=verify-full&sslrootcert=" + s.Certificate(), "", ""},
		{"certificate unknown", dsn + "?sslmode=verify-full", fail.Unavailable, "certificate"},
		{"no TLS", dsn + "?sslmode=disable", "", ""},
		{"wrong password", strings.Replace(dsn, pgtest.Password("app"), "CANARY", 1), fail.Unavailable, "refused the role app"},
		{"no password", strings.Replace(dsn, ":"+pgtest.Password("app"), "", 1), fail.Unavailable, ""},
		{"no such role", strings.Replace(dsn, "//app:", "//nobody-of-here:", 1), fail.Unavailable, "refused the role nobody-of-here"},
		{"no such database", strings.Replace(dsn, "/postgres", "/nothing", 1), fail.Unavailable, "3D000"},
	} {
		t.Run(c.name, func(t *testing.T) {
			src := open(t, c.dsn, databases.Config{})
			res, err := query(t, src, "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
			if code(err) != c.code {
				t.Fatal(err)
			}
			if err == nil {
				if want := map[bool]string{true: "false", false: "true"}[strings.HasSuffix(c.dsn, "disable")]; flat(res) != want {
					t.Errorf("TLS %s, want %s", flat(res), want)
				}
				return
			}
			shown := fail.Show(err) + src.Health() + err.Error()
			for _, secret := range []string{"CANARY", pgtest.Password("app")} {
				if strings.Contains(shown, secret) {
					t.Errorf("the password is told: %s", shown)
				}
			}
			if !strings.Contains(shown, c.want) {
				t.Errorf("%s\nlacks %q", shown, c.want)
			}
		})
	}
	plain := pgtest.Start(t)
	src := open(t, plain.DSN("postgres", "app")+"?sslmode=require", databases.Config{})
	if _, err := query(t, src, "SELECT 1"); code(err) != fail.Unavailable || !strings.Contains(fail.Show(err), "TLS") {
		t.Errorf("TLS refused: %v", err)
	}
	src = open(t, "postgres://u:p@127.0.0.1:1/d", databases.Config{})
	if _, err := query(t, src, "SELECT 1"); code(err) != fail.Unavailable {
		t.Errorf("nobody listens: %v", err)
	}
}

// TestRogue shows that a server that talks nonsense, or never ends, costs an error.
func TestRogue(t *testing.T) {
	for name, answer := range map[string]string{
		"closes": "", "nonsense": "HTTP/1.1 400 Bad Request\r\n\r\n", "huge": "R\x7f\xff\xff\xff", "negative": "R\x00\x00\x00\x00", "short": "R\x00\x00\x00\x08",
	} {
		t.Run(name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			go func() {
				for {
					c, err := l.Accept()
					if err != nil {
						return
					}
					go func() {
						buf := make([]byte, 100)
						_, _ = c.Read(buf)
						_, _ = io.WriteString(c, answer)
						c.Close()
					}()
				}
			}()
			src := open(t, "postgres://u:CANARY@"+l.Addr().String()+"/d?sslmode=disable", databases.Config{})
			if _, err := query(t, src, "SELECT 1"); code(err) != fail.Unavailable || strings.Contains(fail.Show(err), "CANARY") {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestPlaintext(t *testing.T) {
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	if plaintext(tls.Client(a, &tls.Config{InsecureSkipVerify: true})) {
		t.Error("TLS is taken for plain text")
	}
	if !plaintext(remote{a, "192.0.2.1:5432"}) || plaintext(remote{a, "127.0.0.1:5432"}) || plaintext(remote{a, "[::1]:5432"}) {
		t.Error("addresses are told apart wrongly")
	}
}

// A remote is a connection to an address.
type remote struct {
	net.Conn
	addr string
}

func (r remote) RemoteAddr() net.Addr {
	a, err := net.ResolveTCPAddr("tcp", r.addr)
	if err != nil {
		panic(err) // the tests give numbers
	}
	return a
}
