// Package postgres implements databases.DB, databases.Writer and databases.Prober on
// PostgreSQL 13 and later.
//
// Reading is safe by structure. A statement of the model only ever follows DECLARE …
// CURSOR FOR, in the extended protocol, in a transaction that is READ ONLY and is rolled
// back: the grammar of the server refuses whatever is no SELECT, VALUES or TABLE. The
// session is reset after every call, or thrown away. What such a transaction does not
// hold back, functions with effects and the system's own tables of secrets, is refused
// before (see guard.go), and masks follow the plan of the statement (see lineage.go).
//
// The role in the DSN is the true boundary: give it SELECT on what may be read, and
// nothing else. Source.Probe tells what a role has beyond that.
package postgres

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"cleat/internal/fail"
	"cleat/internal/host"
	"cleat/internal/sqltext"
	"cleat/internal/systems/databases"
	"cleat/internal/tunnel"
)

// Config are the keys of [sources.NAME] with kind = "postgres".
type Config struct {
	databases.Config
	DSN        string   `toml:"dsn"`         // a reference to a secret, or the DSN itself
	SearchPath []string `toml:"search_path"` // schemas in which bare names are looked up; the role's own if empty
	SSH        string   `toml:"ssh"`         // [user@]host[:port] to go through
}

// Validate returns what is wrong with the keys, without their values.
func (c Config) Validate() error {
	errs := []error{c.Config.Validate()}
	if c.DSN == "" {
		errs = append(errs, databases.WrongKey("dsn", `want the address of a database, such as "env:APP_DSN"`))
	}
	for _, s := range c.SearchPath {
		if s == "" || len(s) > maxName || strings.ContainsRune(s, 0) {
			errs = append(errs, databases.WrongKey("search_path", "want names of schemas"))
			break
		}
	}
	if c.SSH != "" && !tunnel.Valid(c.SSH) {
		errs = append(errs, databases.WrongKey("ssh", "want [user@]host[:port]"))
	}
	return errors.Join(errs...)
}

// maxName is the length in bytes to which PostgreSQL cuts names.
const maxName = 63

// A Source is one database. It is safe for concurrent use.
type Source struct {
	cfg   Config
	host  host.Host
	rules *databases.Rules
	pool  *pool

	meta meta // what is known of types and tables

	mu      sync.Mutex
	health  string          // what the last attempt found wrong
	allowed []string        // functions, "schema.name", that the configuration was found to allow
	full    bool            // the quick guard is of no use here
	finding []string        // of Probe, and of masks that match nothing
	said    bool            // the findings were told in an answer
	known   map[string]bool // names of tables, as they are addressed
}

var (
	_ databases.DB     = (*Source)(nil)
	_ databases.Writer = (*Source)(nil)
	_ databases.Prober = (*Source)(nil)
	_ databases.Knower = (*Source)(nil)
)

// Open makes a source; it connects to nothing and resolves no secret. It fails with
// fail.Invalid for a configuration that Config.Validate refuses.
func Open(_ context.Context, cfg Config, h host.Host) (*Source, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fail.Errorf(fail.Invalid, "the configuration of the source is wrong: %w", err)
	}
	rules, err := cfg.Compile(databases.PostgreSQL, h.Digest)
	if err != nil {
		return nil, err
	}
	s := &Source{cfg: cfg, host: h, rules: rules, known: make(map[string]bool)}
	s.pool = newPool(s.dial)
	return s, nil
}

// Close gives the connections back. Calls that are under way end by themselves.
func (s *Source) Close() error {
	s.pool.close()
	return nil
}

// Dialect implements databases.DB.
func (s *Source) Dialect() databases.Dialect { return databases.PostgreSQL }

// Rules implements databases.DB.
func (s *Source) Rules() *databases.Rules { return s.rules }

// Health implements systems.Healthy.
func (s *Source) Health() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.health != "" {
		return s.health
	}
	return strings.Join(s.finding, "; ")
}

// Known implements databases.Knower.
func (s *Source) Known() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	names := make([]string, 0, len(s.known))
	for n := range s.known {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// maxKnown bounds the names that are remembered.
const maxKnown = 20_000

// saw remembers the name of a table.
func (s *Source) saw(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.known) < maxKnown {
		s.known[name] = true
	}
}

// dial connects, and keeps what was wrong for Health.
func (s *Source) dial(ctx context.Context) (*conn, error) {
	c, err := s.connect(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.health = ""
	var e *fail.Error
	if errors.As(err, &e) {
		s.health = e.What
	}
	return c, err
}

// strict reports whether what a statement touches matters.
func (s *Source) strict() bool { return s.rules.Masks() || s.rules.Limited() }

// A statement is what a caller sent, after the checks that need no server.
type statement struct {
	sql    string // without a trailing semicolon
	tokens []sqltext.Token
	args   [][]byte
	limit  int
	full   bool // the quick guard stopped at it
}

// maxParams is what the protocol has room for.
const maxParams = 65535

// read checks a statement that is to read.
func read(q databases.Query) (*statement, error) {
	st, err := check(q.SQL, q.Params)
	if err != nil {
		return nil, err
	}
	st.limit = q.Limit
	if len(st.tokens) == 1 {
		return nil, fail.Errorf(fail.Invalid, "the statement is not complete")
	}
	verb, err := sqltext.Verb(sqltext.PostgreSQL, st.sql)
	if err != nil {
		return nil, err
	}
	switch verb {
	case "SHOW":
		return st, st.show()
	case "EXPLAIN":
		return nil, fail.Errorf(fail.Denied, "EXPLAIN is not a statement that is read").
			Then("pass the statement without EXPLAIN, and explain=true")
	case "SELECT", "WITH", "VALUES", "TABLE":
	default:
		if _, found := slices.BinarySearch(commands(), verb); found {
			return nil, fail.Errorf(fail.Denied, "%s is not a statement that only reads", verb).
				Because(accepted).Then(instead)
		}
	}
	class, err := sqltext.Class(sqltext.PostgreSQL, st.sql)
	if err != nil {
		return nil, err
	}
	if class == string(databases.DML) || class == string(databases.DDL) {
		return nil, fail.Errorf(fail.Denied, "the statement writes").Because(accepted).Then(instead)
	}
	return st, nil
}

// What is said of a statement that does not only read.
const (
	accepted = "SELECT, VALUES, TABLE, WITH … SELECT and SHOW are accepted"
	instead  = "use db_write for a statement that changes data, where it is listed"
)

// commands returns the first words of the statements that are no reads, sorted. They
// decide on the wording of the error alone: what is not here, the server's grammar refuses.
func commands() []string {
	return []string{"ABORT", "ALTER", "ANALYZE", "BEGIN", "CALL", "CHECKPOINT", "CLOSE", "CLUSTER", "COMMENT", "COMMIT", "COPY", "CREATE",
		"DEALLOCATE", "DECLARE", "DELETE", "DISCARD", "DO", "DROP", "END", "EXECUTE", "FETCH", "GRANT", "IMPORT", "INSERT", "LISTEN", "LOAD",
		"LOCK", "MERGE", "MOVE", "NOTIFY", "PREPARE", "REASSIGN", "REFRESH", "REINDEX", "RELEASE", "RESET", "REVOKE", "ROLLBACK", "SAVEPOINT",
		"SECURITY", "SET", "START", "TRUNCATE", "UNLISTEN", "UPDATE", "VACUUM"}
}

// check takes a statement and its parameters apart.
func check(sql string, params []databases.Param) (*statement, error) {
	if len(sql) > databases.MaxSQL {
		return nil, fail.Errorf(fail.TooLarge, "the statement has %d bytes, the limit is %d", len(sql), databases.MaxSQL)
	}
	body, err := sqltext.Single(sqltext.PostgreSQL, sql)
	if err != nil {
		return nil, err
	}
	st := &statement{sql: body}
	if st.tokens, err = sqltext.Tokens(sqltext.PostgreSQL, body); err != nil {
		return nil, err
	}
	st.tokens = slices.DeleteFunc(st.tokens, func(t sqltext.Token) bool { return t.Kind == sqltext.Comment })
	want, err := parameters(st.tokens)
	if err != nil {
		return nil, err
	}
	if want != len(params) {
		return nil, fail.Errorf(fail.Invalid, "the statement wants %d parameters and got %d", want, len(params)).
			Then("pass params=[…] with one value for each of $1, $2, …")
	}
	st.args, err = arguments(params)
	return st, err
}

// show makes a SELECT of SHOW name.
func (st *statement) show() error {
	if len(st.tokens) != 2 || st.tokens[1].Kind != sqltext.Word && st.tokens[1].Kind != sqltext.Quoted {
		return fail.Errorf(fail.Invalid, "SHOW is served for one setting").
			Then("write SHOW with one name, or SELECT name, setting FROM pg_settings")
	}
	name := st.tokens[1].Text
	if name == "all" && st.tokens[1].Kind == sqltext.Word {
		return fail.Errorf(fail.Invalid, "SHOW ALL is not served").Then("use SELECT name, setting FROM pg_settings")
	}
	st.sql = "SELECT pg_catalog.current_setting($1) AS " + quote(name)
	st.args = [][]byte{[]byte(name)}
	st.tokens = st.tokens[:0]
	return nil
}

// quote makes an identifier of a name.
func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// grace is the time between the end of a statement at the server and that of the call
// here, in which the server's own answer arrives.
const grace = 500 * time.Millisecond

// limit returns ctx with the time that a statement has, and that time: what the source
// allows, or a little less than what is left.
func (s *Source) limit(ctx context.Context) (context.Context, context.CancelFunc, time.Duration) {
	d := s.rules.Timeout
	if end, ok := ctx.Deadline(); ok {
		left := time.Until(end)
		d = min(d, left-min(left/10, 200*time.Millisecond))
	}
	d = max(d, time.Millisecond)
	ctx, cancel := context.WithTimeout(ctx, d+grace)
	return ctx, cancel, d
}
