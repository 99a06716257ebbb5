package postgres

import (
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"cleat/internal/sources/postgres/pgtest"
	"cleat/internal/systems/databases"
	"cleat/internal/systems/databases/databasestest"
)

func TestConformance(t *testing.T) { conformance(t, pgtest.Start) }

// TestConformanceOtherVersion runs the suite on another major version.
func TestConformanceOtherVersion(t *testing.T) {
	s := pgtest.New(t, pgtest.Options{Beta: true})
	conformance(t, func(testing.TB) *pgtest.Server { return s })
}

// conformance runs the suite that all engines pass, on a server.
func conformance(t *testing.T, server func(testing.TB) *pgtest.Server) {
	databasestest.Run(t, func(t *testing.T) databasestest.Fixture {
		s := server(t)
		db := s.Database(t)
		second := connect(t, s.DSN(db, "postgres"))
		return databasestest.Fixture{
			Dialect: databases.PostgreSQL,
			Open: func(t *testing.T, rules databases.Config) databases.DB {
				return open(t, s.DSN(db, "app"), rules)
			},
			Exec: func(t *testing.T, sql ...string) {
				t.Helper()
				for _, q := range sql {
					if _, err := second.Exec(t.Context(), q).ReadAll(); err != nil {
						t.Fatalf("%s: %v", q, err)
					}
				}
			},
			Rows: func(t *testing.T, sql string) [][]string {
				t.Helper()
				results, err := second.Exec(t.Context(), sql).ReadAll()
				if err != nil {
					t.Fatalf("%s: %v", sql, err)
				}
				return texts(results)
			},
			Active: func(t *testing.T) []string {
				t.Helper()
				var out []string
				for _, r := range s.Rows(t, db, "SELECT query FROM pg_stat_activity WHERE usename = 'app' AND state <> 'idle' AND datname = current_database()") {
					out = append(out, r[0])
				}
				return out
			},
		}
	})
}

// texts returns the rows of results, NULL as "NULL".
func texts(results []*pgconn.Result) [][]string {
	var rows [][]string
	for _, r := range results {
		for _, values := range r.Rows {
			row := make([]string, len(values))
			for i, v := range values {
				row[i] = "NULL"
				if v != nil {
					row[i] = string(v)
				}
			}
			rows = append(rows, row)
		}
	}
	return rows
}

// connect returns a bare connection, closed when the test ends.
func connect(t testing.TB, dsn string) *pgconn.PgConn {
	t.Helper()
	cfg, err := parseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	c, err := pgconn.ConnectConfig(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Conn().Close() })
	return c
}
