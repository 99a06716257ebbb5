package postgres

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"cleat/internal/fail"
	"cleat/internal/host"
	"cleat/internal/sources/postgres/pgtest"
	"cleat/internal/systems/databases"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// testHost is a host whose secrets are what their references say.
func testHost() host.Host {
	return host.Host{
		Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Now: time.Now,
		Secret: func(_ context.Context, ref string) (string, error) { return ref, nil },
		Digest: func(s string) string {
			sum := sha256.Sum256([]byte(s))
			return hex.EncodeToString(sum[:6])
		},
	}
}

// open returns a source on a database.
func open(t testing.TB, dsn string, cfg databases.Config) *Source {
	t.Helper()
	s, err := Open(t.Context(), Config{Config: cfg, DSN: dsn}, testHost())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// A fixture is a database with the tables that the attack cases speak of.
type fixture struct {
	server *pgtest.Server
	db     string
}

func newFixture(t testing.TB) *fixture {
	t.Helper()
	return fixtureOn(t, pgtest.Start(t))
}

func fixtureOn(t testing.TB, server *pgtest.Server) *fixture {
	t.Helper()
	f := &fixture{server: server}
	f.db = f.server.Database(t)
	f.server.ExecAs(t, f.db, "app",
		"CREATE TABLE users (id int PRIMARY KEY, email text NOT NULL, ssn text)",
		"INSERT INTO users VALUES (1, 'ann@example.com', '123-45-6789'), (2, 'bob@example.com', '987-65-4321'), (3, 'eve@example.com', NULL)",
		"CREATE TABLE orders (id int PRIMARY KEY, total numeric(10,2))",
		"INSERT INTO orders VALUES (1, 10.50), (2, 20)")
	return f
}

func (f *fixture) open(t testing.TB, role string, cfg databases.Config) *Source {
	t.Helper()
	return open(t, f.server.DSN(f.db, role), cfg)
}

// query runs a statement; params are JSON texts.
func query(t testing.TB, s *Source, sql string, params ...string) (*databases.Result, error) {
	t.Helper()
	q := databases.Query{SQL: sql}
	for _, p := range params {
		q.Params = append(q.Params, databases.Param{JSON: json.RawMessage(p)})
	}
	return s.Query(t.Context(), q)
}

// flat writes a result on one line for comparison.
func flat(res *databases.Result) string {
	if res == nil {
		return "<nil>"
	}
	var rows []string
	for _, r := range res.Rows {
		var cells []string
		for _, c := range r {
			if c == nil {
				cells = append(cells, "∅")
			} else {
				cells = append(cells, *c)
			}
		}
		rows = append(rows, strings.Join(cells, "|"))
	}
	return strings.Join(rows, " ; ")
}

// code returns the code of an error, "" for nil.
func code(err error) fail.Code {
	if err == nil {
		return ""
	}
	var e *fail.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return "not a fail.Error: " + fail.Code(err.Error())
}

func TestQuery(t *testing.T) {
	f := newFixture(t)
	f.server.ExecAs(t, f.db, "app", "CREATE TYPE mood AS ENUM ('sad', 'ok')", "CREATE TABLE kinds (m mood, d numeric(10,2), v varchar(7))", "INSERT INTO kinds VALUES ('ok', 1, 'x')")
	s := f.open(t, "ro", databases.Config{})
	for _, c := range []struct {
		name, sql string
		params    []string
		want      string
	}{
		{name: "one", sql: "SELECT 1", want: "1"},
		{name: "with", sql: "WITH x AS (SELECT 1 AS a) SELECT a FROM x", want: "1"},
		{name: "table", sql: "TABLE orders", want: "1|10.50 ; 2|20.00"},
		{name: "values", sql: "VALUES (1), (2)", want: "1 ; 2"},
		{name: "semicolon", sql: "SELECT 1;", want: "1"},
		{name: "semicolons in texts", sql: "SELECT ';', $$;$$, $x$;'$x$ -- ;", want: ";|;|;'"},
		{name: "comments", sql: "/* a; /* b */ */ SELECT 1 -- ; COMMIT", want: "1"},
		{name: "parentheses", sql: "(SELECT 1) UNION ALL (SELECT 2)", want: "1 ; 2"},
		{name: "show", sql: "SHOW timezone", want: "UTC"},
		{name: "no rows", sql: "SELECT id FROM users WHERE false", want: ""},
		{name: "no columns", sql: "SELECT FROM users", want: " ;  ; "},
		{name: "null", sql: "SELECT NULL, ''", want: "∅|"},
		{name: "booleans", sql: "SELECT true, false", want: "true|false"},
		{name: "bytes", sql: `SELECT '\xDEADbeef'::bytea`, want: "x'deadbeef'"},
		{name: "times", sql: "SELECT '2026-01-02 05:04:05.678+02'::timestamptz, '2026-01-02 03:04:05'::timestamp, '2026-01-02'::date", want: "2026-01-02T03:04:05.678Z|2026-01-02T03:04:05|2026-01-02"},
		{name: "odd times", sql: "SELECT 'infinity'::timestamptz, '0044-03-15 BC'::timestamp", want: "infinity|0044-03-15 00:00:00 BC"},
		{name: "numbers", sql: "SELECT 12345678901234567890.10::numeric, 0.1::float8, 1e300::float8, 'NaN'::float4, 9223372036854775807", want: "12345678901234567890.10|0.1|1e+300|NaN|9223372036854775807"},
		{name: "engine's own", sql: `SELECT '{"b":1}'::jsonb, ARRAY[1,NULL], int4range(1,3), 'ok'::mood, '1 day'::interval`, want: `{"b": 1}|{1,NULL}|[1,3)|ok|1 day`},
		{name: "parameters", sql: "SELECT $1::int8, $2::text, $3::bool, $4::int, $5::jsonb", params: []string{"9007199254740993", `"it's"`, "true", "null", `{"a":[1]}`}, want: `9007199254740993|it's|true|∅|{"a": [1]}`},
		{name: "inferred", sql: "SELECT email FROM users WHERE id = $1", params: []string{"2"}, want: "bob@example.com"},
		{name: "bound, not pasted", sql: "SELECT * FROM users WHERE email = $1", params: []string{`"' OR 1=1 --"`}, want: ""},
		{name: "a parameter twice", sql: "SELECT $1::int + $1::int", params: []string{"2"}, want: "4"},
	} {
		t.Run(c.name, func(t *testing.T) {
			res, err := query(t, s, c.sql, c.params...)
			if err != nil {
				t.Fatal(fail.Show(err))
			}
			if got := flat(res); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	res, err := query(t, s, "SELECT u.id, u.email, k.m, k.d, k.v, 1 AS n FROM users u, kinds k")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, col := range res.Columns {
		got = append(got, strings.Join([]string{col.Name, col.Type, col.Table}, " "))
	}
	want := "id integer users, email text users, m mood kinds, d numeric(10,2) kinds, v character varying(7) kinds, n integer "
	if strings.Join(got, ", ") != want {
		t.Errorf("columns %q, want %q", strings.Join(got, ", "), want)
	}
	if !res.Columns[0].Key || res.Columns[1].Key || !res.Columns[0].Number {
		t.Error("the key of users is not told")
	}
}

func TestErrors(t *testing.T) {
	f := newFixture(t)
	f.server.ExecAs(t, f.db, "app", "CREATE SCHEMA sales", "CREATE TABLE sales.invoices (id int)", "CREATE TABLE hidden (id int)", "REVOKE ALL ON hidden FROM ro", "GRANT USAGE ON SCHEMA sales TO ro")
	s := f.open(t, "ro", databases.Config{})
	for _, c := range []struct {
		name, sql string
		params    []string
		code      fail.Code
		want      string // in the text for the model
	}{
		{name: "syntax", sql: "SELCT 1", code: fail.Invalid, want: "42601"},
		{name: "empty", sql: " ", code: fail.Invalid},
		{name: "comment", sql: "-- nothing", code: fail.Invalid},
		{name: "two", sql: "SELECT 1; SELECT 2", code: fail.Invalid},
		{name: "NUL", sql: "SELECT 1\x00", code: fail.Invalid},
		{name: "NUL in a parameter", sql: "SELECT $1::text", params: []string{`"a\u0000"`}, code: fail.Invalid, want: "NUL"},
		{name: "table", sql: "SELECT * FROM user", code: "", want: ""},
		{name: "near table", sql: "SELECT * FROM userz", code: fail.NotFound, want: "users"},
		{name: "near table, multibyte before", sql: "SELECT 'äöü€' FROM userz", code: fail.NotFound, want: "users"},
		{name: "other schema", sql: "SELECT * FROM invoices", code: fail.NotFound, want: "sales.invoices"},
		{name: "schema and table", sql: "SELECT * FROM sales.invoicez", code: fail.NotFound, want: "sales.invoices"},
		{name: "near column", sql: "SELECT emial FROM users", code: fail.NotFound, want: "email"},
		{name: "near column with alias", sql: "SELECT u.emial FROM users u", code: fail.NotFound, want: "email"},
		{name: "type", sql: "SELECT 'x'::int", code: fail.Invalid, want: "22P02"},
		{name: "too few", sql: "SELECT $1::int + $2::int", params: []string{"1"}, code: fail.Invalid, want: "wants 2 parameters and got 1"},
		{name: "too many", sql: "SELECT 1", params: []string{"1"}, code: fail.Invalid, want: "wants 0 parameters and got 1"},
		{name: "parameter type", sql: "SELECT $1::int", params: []string{`"x"`}, code: fail.Invalid},
		{name: "right", sql: "SELECT * FROM hidden", code: fail.Denied, want: "42501"},
		{name: "too long", sql: "SELECT '" + strings.Repeat("x", databases.MaxSQL) + "'", code: fail.TooLarge},
		{name: "columns", sql: "SELECT " + strings.Repeat("1,", 1600) + "1", code: "", want: ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := query(t, s, c.sql, c.params...)
			if code(err) != c.code {
				t.Fatalf("code %q, want %q: %v", code(err), c.code, err)
			}
			if err != nil && !strings.Contains(fail.Show(err), c.want) {
				t.Errorf("%s\nlacks %q", fail.Show(err), c.want)
			}
			if res, err := query(t, s, "SELECT 1"); err != nil || flat(res) != "1" {
				t.Errorf("the next call: %v", err)
			}
		})
	}
}
