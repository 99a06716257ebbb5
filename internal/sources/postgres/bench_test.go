package postgres

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"cleat/internal/systems/databases"
)

// BenchmarkOneRow compares a query of one row with the bare driver, on one connection.
func BenchmarkOneRow(b *testing.B) {
	f := newFixture(b)
	dsn := f.server.DSN(f.db, "ro")
	const sql = "SELECT id, email FROM users WHERE id = 1"
	b.Run("driver", func(b *testing.B) {
		c := connect(b, dsn)
		for b.Loop() {
			if r := c.ExecParams(b.Context(), sql, nil, nil, nil, nil).Read(); r.Err != nil {
				b.Fatal(r.Err)
			}
		}
	})
	b.Run("driver in a transaction", func(b *testing.B) {
		c := connect(b, dsn)
		exec := func(sql string) {
			if r := c.ExecParams(b.Context(), sql, nil, nil, nil, nil).Read(); r.Err != nil {
				b.Fatal(r.Err)
			}
		}
		for b.Loop() {
			exec("BEGIN READ ONLY")
			exec("SET LOCAL statement_timeout = 20000")
			exec(sql)
			exec("ROLLBACK")
			exec("DISCARD ALL")
		}
	})
	for name, cfg := range map[string]databases.Config{"cleat": {}, "cleat with masks": {Mask: []string{"users.ssn"}}, "cleat with tables": {Tables: []string{"users"}}} {
		b.Run(name, func(b *testing.B) {
			s := open(b, dsn, cfg)
			for b.Loop() {
				if _, err := query(b, s, sql); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("psql", func(b *testing.B) {
		psql, err := exec.LookPath("psql")
		if err != nil {
			b.Skip("no psql")
		}
		for b.Loop() {
			if out, err := exec.Command(psql, "-Atc", sql, dsn).CombinedOutput(); err != nil {
				b.Fatal(err, string(out))
			}
		}
	})
}

// BenchmarkManyRows reads tables of 10,000 and of 1,000,000 rows under the limits, and
// reports how the process grew.
func BenchmarkManyRows(b *testing.B) {
	f := newFixture(b)
	for _, n := range []int{10_000, 1_000_000} {
		f.server.ExecAs(b, f.db, "app", fmt.Sprintf("CREATE TABLE rows%d AS SELECT g AS id, repeat('x', 100) AS body FROM generate_series(1, %d) g", n, n))
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := f.open(b, "ro", databases.Config{})
			before := rss(b)
			for b.Loop() {
				res, err := s.Query(b.Context(), databases.Query{SQL: fmt.Sprintf("SELECT * FROM rows%d", n), Limit: 1000})
				if err != nil || len(res.Rows) != 1000 || !res.More {
					b.Fatal(err)
				}
			}
			grown := float64(rss(b)-before) / (1 << 20)
			b.ReportMetric(grown, "MB-grown")
			if grown > 50 {
				b.Errorf("the process grew by %.0f MB", grown)
			}
		})
	}
}

// BenchmarkSchema compares the first page of 10,000 tables with a bare query of the
// catalog.
func BenchmarkSchema(b *testing.B) {
	f := newFixture(b)
	var sql strings.Builder
	for i := range 10_000 {
		fmt.Fprintf(&sql, "CREATE TABLE t%05d (id int, name text);", i)
		if i%500 == 499 {
			f.server.ExecAs(b, f.db, "app", sql.String())
			sql.Reset()
		}
	}
	f.server.Exec(b, f.db, "VACUUM ANALYZE")
	bare := func(c *pgconn.PgConn) {
		const q = "SELECT n.nspname, c.relname, c.relkind FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'v', 'm', 'p', 'f') AND n.nspname = 'public' ORDER BY 1, 2 LIMIT 501"
		if r := c.ExecParams(b.Context(), q, nil, nil, nil, nil).Read(); r.Err != nil || len(r.Rows) != 501 {
			b.Fatal(r.Err, len(r.Rows))
		}
	}
	c := connect(b, f.server.DSN(f.db, "ro"))
	var base time.Duration
	b.Run("bare", func(b *testing.B) {
		for b.Loop() {
			bare(c)
		}
		base = b.Elapsed() / time.Duration(b.N)
	})
	for _, d := range []databases.Detail{databases.Names, databases.Summary, databases.Full} {
		b.Run(string(d), func(b *testing.B) {
			s := f.open(b, "ro", databases.Config{})
			for b.Loop() {
				if r, err := s.Schema(b.Context(), databases.SchemaQuery{Detail: d}); err != nil || len(r.Objects) == 0 || r.Cursor == "" {
					b.Fatal(err)
				}
			}
			ratio := float64(b.Elapsed()/time.Duration(b.N)) / float64(base)
			b.ReportMetric(ratio, "x-bare")
			if ratio > 10 {
				b.Errorf("the first page takes %.1f times a bare query of the catalog", ratio)
			}
		})
	}
}
