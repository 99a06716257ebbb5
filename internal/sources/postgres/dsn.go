package postgres

import (
	"context"
	"errors"
	"net"
	"net/url"
	"os"
	"os/user"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"

	"cleat/internal/fail"
	"cleat/internal/tunnel"
)

// connectTimeout bounds one attempt to connect.
const connectTimeout = 5 * time.Second

// maxMessage is the size, in bytes, of the largest message of the server that is read: a
// row with everything in it.
const maxMessage = 16 << 20

// keys returns what a DSN may hold, sorted, with its value where the DSN has none. All of
// them are always passed on, so that nothing of the environment or of the user's files
// stands in for one that is missing: a password would go to whatever host a DSN names.
func keys() [][2]string {
	return [][2]string{
		{"application_name", "cleat"}, {"channel_binding", "prefer"}, {"connect_timeout", "0"}, {"database", ""}, {"host", ""},
		{"max_protocol_version", ""}, {"min_protocol_version", ""}, {"options", ""}, {"passfile", ""}, {"password", ""}, {"port", "5432"},
		{"require_auth", ""}, {"servicefile", ""}, {"sslcert", ""}, {"sslcertmode", "allow"}, {"sslkey", ""}, {"sslmode", "prefer"},
		{"sslnegotiation", "postgres"}, {"sslpassword", ""}, {"sslrootcert", ""}, {"sslsni", "1"}, {"target_session_attrs", "any"},
		{"timezone", "UTC"}, {"user", ""},
	}
}

// closedKeys are those of keys that a DSN may not hold: they name files with secrets, or
// change how a session reads SQL.
func closedKeys() []string {
	return []string{"options", "passfile", "servicefile", "timezone"}
}

// environment guards the process's environment while it is without PGSERVICE.
var environment sync.Mutex

// parseDSN returns the connection that a DSN, a URL or words of the form key=value,
// describes, and nothing else than the DSN. Its errors are fail.Invalid and hold nothing
// of the DSN but names of keys.
func parseDSN(dsn string) (*pgconn.Config, error) {
	bad := func(format string, args ...any) error {
		return fail.Errorf(fail.Invalid, "the DSN of the source is wrong: "+format, args...).
			Then("ask the user to correct it; it has the form postgres://user:password@host:5432/database?sslmode=require")
	}
	var given map[string]string
	var err error
	if strings.ContainsRune(dsn, 0) {
		return nil, bad("it holds a NUL character")
	}
	if rest, ok := cutScheme(dsn); ok {
		given, err = parseURL(rest)
	} else {
		given, err = parseWords(dsn)
	}
	if err != nil {
		return nil, bad("%s", err)
	}
	var text strings.Builder
	for _, k := range keys() {
		value, ok := given[k[0]]
		if ok && slices.Contains(closedKeys(), k[0]) {
			return nil, bad("its key %s is not served", k[0])
		}
		if !ok {
			value = k[1]
		}
		delete(given, k[0])
		switch k[0] {
		case "application_name":
			value = k[1]
		case "user":
			if value == "" {
				if u, err := user.Current(); err == nil {
					value = u.Username
				}
			}
			if value == "" {
				return nil, bad("it names no user")
			}
		case "port":
			for p := range strings.SplitSeq(value, ",") {
				if n, err := strconv.Atoi(p); p != "" && (err != nil || n < 1 || n > 65535) {
					return nil, bad("its port is none")
				}
			}
		case "sslmode":
			if !slices.Contains([]string{"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}, value) {
				return nil, bad("its sslmode is none of disable, allow, prefer, require, verify-ca and verify-full")
			}
		case "max_protocol_version", "min_protocol_version":
			if value == "" {
				value = "3.0"
			}
		}
		text.WriteString(k[0] + "='" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(value) + "' ")
	}
	for k := range given {
		if len(k) > 40 {
			return nil, bad("it has an unknown key")
		}
		return nil, bad("its key %q is not known", k)
	}
	cfg, err := isolated(text.String())
	if err != nil {
		// The error quotes the DSN; what is inside it does not.
		if inner := errors.Unwrap(err); inner != nil {
			return nil, bad("%s", inner)
		}
		return nil, bad("it cannot be used")
	}
	return cfg, nil
}

// isolated parses text with no service: unlike all other variables of the environment,
// PGSERVICE cannot be overridden.
func isolated(text string) (_ *pgconn.Config, err error) {
	environment.Lock()
	defer environment.Unlock()
	if service, ok := os.LookupEnv("PGSERVICE"); ok {
		if err := os.Unsetenv("PGSERVICE"); err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, os.Setenv("PGSERVICE", service)) }()
	}
	return pgconn.ParseConfig(text)
}

func cutScheme(dsn string) (string, bool) {
	for _, s := range []string{"postgres://", "postgresql://"} {
		if rest, ok := strings.CutPrefix(dsn, s); ok {
			return rest, true
		}
	}
	return dsn, false
}

// parseURL reads [user[:password]@][host[:port],…][/database][?key=value&…].
func parseURL(s string) (map[string]string, error) {
	broken := errors.New("it is no URL")
	given := make(map[string]string)
	s, query, _ := strings.Cut(s, "?")
	at := strings.LastIndexByte(s, '@')
	slash := strings.IndexByte(s[at+1:], '/')
	hosts := s[at+1:]
	if slash >= 0 {
		database, err := url.PathUnescape(hosts[slash+1:])
		if err != nil {
			return nil, broken
		}
		given["database"], hosts = database, hosts[:slash]
	}
	if at >= 0 {
		name, password, has := strings.Cut(s[:at], ":")
		var err1, err2 error
		if given["user"], err1 = url.PathUnescape(name); err1 != nil {
			return nil, broken
		}
		if has {
			given["password"], err2 = url.PathUnescape(password)
		}
		if err2 != nil {
			return nil, broken
		}
	}
	var names, ports []string
	for h := range strings.SplitSeq(hosts, ",") {
		port := ""
		if i := strings.LastIndexByte(h, ':'); i >= 0 && !strings.HasSuffix(h, "]") {
			h, port = h[:i], h[i+1:]
		}
		name, err := url.PathUnescape(strings.Trim(h, "[]"))
		if err != nil {
			return nil, broken
		}
		names, ports = append(names, name), append(ports, port)
	}
	if hosts != "" {
		given["host"] = strings.Join(names, ",")
	}
	if strings.Trim(strings.Join(ports, ""), " ") != "" {
		given["port"] = strings.Join(ports, ",")
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, broken
	}
	for k, v := range values {
		if k == "ssl" && v[len(v)-1] == "true" {
			k, v = "sslmode", []string{"require"}
		}
		given[canonical(k)] = v[len(v)-1]
	}
	return given, nil
}

// canonical returns pgconn's name of a key.
func canonical(key string) string {
	if key == "dbname" {
		return "database"
	}
	return key
}

// parseWords reads key=value key='va\'lue' ….
func parseWords(s string) (map[string]string, error) {
	given := make(map[string]string)
	const space = " \t\r\n\v\f"
	for s = strings.TrimLeft(s, space); s != ""; s = strings.TrimLeft(s, space) {
		key, rest, ok := strings.Cut(s, "=")
		key = strings.TrimRight(key, space)
		if !ok || key == "" || strings.ContainsAny(key, space+"/:@'") {
			return nil, errors.New("it is neither a URL nor words of the form key=value")
		}
		rest = strings.TrimLeft(rest, space)
		quoted := strings.HasPrefix(rest, "'")
		if quoted {
			rest = rest[1:]
		}
		var value strings.Builder
		i, closed := 0, false
		for ; i < len(rest); i++ {
			c := rest[i]
			if quoted && c == '\'' {
				closed = true
				i++
				break
			}
			if !quoted && strings.IndexByte(space, c) >= 0 {
				break
			}
			if c == '\\' && i+1 < len(rest) {
				i++
				c = rest[i]
			}
			value.WriteByte(c)
		}
		if quoted && !closed {
			return nil, errors.New("a quote in it has no end")
		}
		given[canonical(key)], s = value.String(), rest[i:]
	}
	return given, nil
}

// configure returns what to connect with.
func (s *Source) configure(ctx context.Context) (*pgconn.Config, error) {
	dsn, err := s.host.Secret(ctx, s.cfg.DSN)
	if err != nil {
		return nil, err
	}
	cfg, err := parseDSN(strings.TrimSpace(dsn))
	if err != nil {
		return nil, err
	}
	cfg.ConnectTimeout = connectTimeout
	dialer := &net.Dialer{Timeout: connectTimeout, KeepAlive: time.Minute}
	cfg.DialFunc = dialer.DialContext
	if s.cfg.SSH != "" {
		if cfg.DialFunc, err = tunnel.Dialer(s.host, s.cfg.SSH); err != nil {
			return nil, err
		}
		// The name means what it means at the far end.
		cfg.LookupFunc = func(_ context.Context, name string) ([]string, error) { return []string{name}, nil }
	}
	cfg.MaxProtocolMessageBodyLen = maxMessage
	// Settings of the session that every call starts with. Those that change how SQL is
	// read, or how values are written, are set here and not by the server's defaults.
	cfg.RuntimeParams = map[string]string{
		"application_name": "cleat", "client_encoding": "UTF8", "standard_conforming_strings": "on", "datestyle": "ISO, YMD", "timezone": "UTC",
	}
	cfg.BuildContextWatcherHandler = func(c *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.CancelRequestContextWatcherHandler{Conn: c, DeadlineDelay: 2 * time.Second}
	}
	return cfg, nil
}
