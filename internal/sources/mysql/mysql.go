// Package mysql implements databases.DB, Writer, Prober and Knower on a MySQL or MariaDB
// server. Only MariaDB is tested; what MySQL says otherwise is taken from its manual.
//
// A statement of the caller's runs alone on a connection that is thrown away afterwards: in
// a session and a transaction that are read only, prepared at the server, its rows read up
// to the limits, and rolled back. When its time is over it is killed from a second
// connection, for a server goes on with a statement whose client is gone.
//
// MySQL's READ ONLY does not stop everything: DDL commits, INTO OUTFILE writes files,
// procedures commit. So a statement is accepted by what it is: one that begins with SELECT,
// WITH, VALUES or TABLE, or some forms of SHOW and DESCRIBE, without executable comments, without INTO, PROCEDURE
// and locks, and without functions that reach out of the transaction. Of functions that were
// loaded into the server (UDFs) those are known that mysql.func tells, where the role may
// read it, and those with names in wide use; a role that cannot reach others is the answer
// to the rest.
//
// # Masks
//
// The server does not say where the values of a column come from. A masked column may
// therefore be an item of the outermost list of a SELECT and nothing else; any other use is
// refused. A column of the answer is covered if it has the name of a masked column or of an
// alias of one. A view whose definition shows a masked column plainly is itself a table with
// masked columns, under whatever name. A view that uses a masked column in an expression or
// a condition, and one whose definition the role may not see (it needs SHOW VIEW), can only
// be read if all of its columns are masked by entries of their own. Stored functions are
// refused while there are masks or lists, and when the role may not see their text or that
// does more than compute, unless functions names them. Statistics, other sessions' statements and the
// like are closed.
//
// # Lists
//
// With tables set, what stands in the place of a table has to be listed; a listed view may
// read what it likes. Names are compared with those of the catalog in any case of letters.
package mysql

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"cleat/internal/fail"
	"cleat/internal/host"
	"cleat/internal/systems/databases"
	"cleat/internal/tunnel"
)

// Config are the keys of [sources.NAME] with kind = "mysql".
type Config struct {
	databases.Config
	DSN string `toml:"dsn"` // a reference to a secret that is user:password@tcp(host:port)/database
	SSH string `toml:"ssh"` // [user@]host[:port] to go through
}

// Validate returns what is wrong with the keys, without their values.
func (c Config) Validate() error {
	errs := []error{c.Config.Validate()}
	if c.DSN == "" {
		errs = append(errs, databases.WrongKey("dsn", `is missing: want a reference such as "env:APP_DSN"`))
	}
	if c.SSH != "" && !tunnel.Valid(c.SSH) {
		errs = append(errs, databases.WrongKey("ssh", "is no host: want [user@]host[:port]"))
	}
	return errors.Join(errs...)
}

const (
	mostConns      = 4
	connectTime    = 5 * time.Second
	spareTime      = time.Minute
	catalogTime    = time.Minute
	grace          = 250 * time.Millisecond // after which we kill what the server did not end itself
	mostRow        = 24 << 20               // bytes of one row on the wire
	mostKnown      = 20_000                 // names that are remembered
	catalogMost    = 200_000                // rows of an answer of the catalog
	lockWaitSecond = 5
)

// A Source is one database server. It is safe for concurrent use.
type Source struct {
	cfg   Config
	host  host.Host
	rules *databases.Rules

	slots  chan struct{} // one for each connection
	spare  chan *conn    // a connection that is ready; it holds a slot
	work   sync.WaitGroup
	ending context.Context
	end    context.CancelFunc

	mu       sync.Mutex
	target   *target
	dialect  databases.Dialect
	health   string // what the last attempt to connect found wrong
	reached  bool   // that it connected
	closed   bool
	probed   bool
	said     bool
	findings []string
	known    map[string]bool
	catalog  *catalog
}

var (
	_ databases.DB     = (*Source)(nil)
	_ databases.Writer = (*Source)(nil)
	_ databases.Prober = (*Source)(nil)
	_ databases.Knower = (*Source)(nil)
)

// Open makes a source. It connects to nothing and resolves no secret. It fails with
// fail.Invalid for a configuration that Validate refuses.
func Open(_ context.Context, c Config, h host.Host) (*Source, error) {
	if err := c.Validate(); err != nil {
		return nil, fail.Errorf(fail.Invalid, "the configuration of the source is wrong: %w", err)
	}
	rules, err := c.Compile(databases.MySQL, h.Digest)
	if err != nil {
		return nil, err
	}
	if h.Log == nil {
		h.Log = slog.New(slog.DiscardHandler)
	}
	s := &Source{cfg: c, host: h, rules: rules, dialect: databases.MySQL,
		slots: make(chan struct{}, mostConns), spare: make(chan *conn, 1), known: make(map[string]bool)}
	s.ending, s.end = context.WithCancel(context.Background())
	return s, nil
}

// Close ends the calls under way and closes what is open. It waits until their statements
// are ended at the server, for some seconds at most.
func (s *Source) Close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.end()
	s.work.Wait()
	select {
	case c := <-s.spare:
		s.discard(c)
	default:
	}
	return nil
}

// Dialect implements databases.DB: MySQL until the server said that it is MariaDB.
func (s *Source) Dialect() databases.Dialect {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dialect
}

// Rules implements databases.DB.
func (s *Source) Rules() *databases.Rules { return s.rules }

// Known implements databases.Knower.
func (s *Source) Known() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]string, 0, len(s.known))
	for name := range s.known {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// remember keeps the name of a table for Known.
func (s *Source) remember(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.known) < mostKnown {
		s.known[name] = true
	}
}

// Health implements systems.Healthy.
func (s *Source) Health() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.health != "" {
		return s.health
	}
	return strings.Join(s.findings, "; ")
}

func (s *Source) setHealth(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.health = what
}
