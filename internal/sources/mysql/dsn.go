package mysql

import (
	"context"
	"log/slog"
	"net"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"

	"cleat/internal/fail"
	"cleat/internal/tunnel"
)

// A target is a server and how it is spoken to.
type target struct {
	config *mysql.Config
	local  bool     // nothing leaves this machine
	notes  []string // what of the DSN was not done, and what it lacks
}

// parseDSN makes a target of a DSN. Only what is named here is taken over from it: all that
// a DSN can otherwise say (session variables, several statements, files, other characters)
// would weaken what the package relies on. An error never quotes the DSN.
func parseDSN(dsn string) (*target, error) {
	got, err := mysql.ParseDSN(dsn)
	if err != nil {
		return nil, fail.Errorf(fail.Unavailable, "the dsn of the source cannot be read").
			Because("want user:password@tcp(host:port)/database, with /, ? and the like in the database's name escaped as in a URL").
			Then("ask the user to correct dsn")
	}
	if got.Net != "tcp" && got.Net != "unix" {
		return nil, fail.Errorf(fail.Unavailable, "the dsn of the source has a network that is neither tcp nor unix").Then("ask the user to correct dsn")
	}
	c := mysql.NewConfig()
	c.User, c.Passwd, c.Net, c.Addr, c.DBName = got.User, got.Passwd, got.Net, got.Addr, got.DBName
	c.TLS, c.TLSConfig, c.AllowFallbackToPlaintext = got.TLS, got.TLSConfig, got.AllowFallbackToPlaintext
	c.AllowNativePasswords = got.AllowNativePasswords
	c.ClientFoundRows = got.ClientFoundRows
	c.Timeout = connectTime
	if got.Timeout > 0 {
		c.Timeout = min(got.Timeout, connectTime)
	}
	c.ReadTimeout, c.WriteTimeout = 0, 30*time.Second
	c.CheckConnLiveness = false // a connection is not used again after the caller's statement
	c.ConnectionAttributes = "program_name:cleat"
	collation := ""
	if strings.HasPrefix(got.Collation, "utf8mb4_") && strings.Trim(got.Collation, "abcdefghijklmnopqrstuvwxyz0123456789_") == "" {
		collation = got.Collation
	}
	if err := c.Apply(mysql.Charset("utf8mb4", collation), mysql.EnableCompression(false)); err != nil {
		return nil, fail.Errorf(fail.Internal, "the connection cannot be configured")
	}

	t := &target{config: c, local: got.Net == "unix" || loopback(got.Addr)}
	forced := func(on bool, name string) {
		if on {
			t.notes = append(t.notes, "the option "+name+" of the dsn is not followed")
		}
	}
	forced(got.MultiStatements, "multiStatements")
	forced(got.AllowAllFiles, "allowAllFiles")
	forced(got.InterpolateParams, "interpolateParams")
	forced(got.AllowOldPasswords, "allowOldPasswords")
	if got.AllowCleartextPasswords {
		if c.AllowCleartextPasswords = got.TLS != nil && !got.AllowFallbackToPlaintext; !c.AllowCleartextPasswords {
			forced(true, "allowCleartextPasswords, for want of TLS,")
		}
	}
	if len(got.Params) > 0 {
		t.notes = append(t.notes, "session variables in the dsn are not set")
	}
	switch {
	case t.local:
	case got.TLS == nil || got.AllowFallbackToPlaintext:
		t.notes = append(t.notes, "the connection may travel without TLS; tls=true in the dsn is safer")
	case got.TLS.InsecureSkipVerify:
		t.notes = append(t.notes, "the server's certificate is not checked; tls=true in the dsn is safer")
	}
	return t, nil
}

// loopback reports whether addr, host:port, is this machine.
func loopback(addr string) bool {
	name, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	ip := net.ParseIP(name)
	return name == "localhost" || ip != nil && ip.IsLoopback()
}

// logger gives what the driver complains about to our log. It never has the DSN in it.
type logger struct{ log *slog.Logger }

func (l logger) Print(...any) { l.log.Debug("mysql: the driver gave a connection up") }

// resolve returns the target, resolving the secret on the first call.
func (s *Source) resolve(ctx context.Context) (*target, error) {
	s.mu.Lock()
	t := s.target
	s.mu.Unlock()
	if t != nil {
		return t, nil
	}
	dsn, err := s.host.Secret(ctx, s.cfg.DSN)
	if err != nil {
		return nil, err
	}
	if t, err = parseDSN(dsn); err != nil {
		return nil, err
	}
	t.config.Logger = logger{s.host.Log}
	plain := &net.Dialer{}
	dial := plain.DialContext
	if s.cfg.SSH != "" {
		if dial, err = tunnel.Dialer(s.host, s.cfg.SSH); err != nil {
			return nil, err
		}
		t.local = true // the tunnel is encrypted as far as its end
	}
	t.config.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		if b, ok := ctx.Value(budgetKey{}).(*budget); ok {
			b.net = c
			return &meter{Conn: c, budget: b}, nil
		}
		return c, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.target = t
	return t, nil
}

// forget makes the next call resolve the secret again: the password may have changed.
func (s *Source) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.target = nil
}
