package sqlite_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	zombiezen "zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"cleat/internal/sources/sqlite"
	"cleat/internal/systems/databases"
)

// bare opens the file by the plain driver, read-only.
func bare(b *testing.B, path string) *zombiezen.Conn {
	b.Helper()
	conn, err := zombiezen.OpenConn(path, zombiezen.OpenReadOnly)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { conn.Close() })
	return conn
}

func benchQuery(b *testing.B, s *sqlite.Source, q databases.Query, rows int) {
	for b.Loop() {
		res, err := s.Query(b.Context(), q)
		if err != nil || len(res.Rows) != rows {
			b.Fatal(res, err)
		}
	}
}

func benchBare(b *testing.B, path, sql string, limit int) {
	conn := bare(b, path)
	for b.Loop() {
		stmt, _, err := conn.PrepareTransient(sql)
		if err != nil {
			b.Fatal(err)
		}
		for range limit {
			row, err := stmt.Step()
			if err != nil {
				b.Fatal(err)
			}
			if !row {
				break
			}
			for i := range stmt.ColumnCount() {
				_ = stmt.ColumnText(i)
			}
		}
		if err := stmt.Finalize(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOneRow compares a query for one row with the plain driver, without rules and
// with masks.
func BenchmarkOneRow(b *testing.B) {
	d := shopDB(b)
	const sql = "SELECT id, name, email FROM users WHERE id = 2"
	b.Run("driver", func(b *testing.B) { benchBare(b, d.path, sql, 10) })
	b.Run("cleat", func(b *testing.B) { benchQuery(b, d.source(b, databases.Config{}), databases.Query{SQL: sql}, 1) })
	b.Run("masked", func(b *testing.B) {
		benchQuery(b, d.source(b, databases.Config{Mask: []string{"users.email"}}), databases.Query{SQL: sql}, 1)
	})
}

// BenchmarkRows reads under the limits from tables of 10,000 and 1,000,000 rows, and sorts
// the smaller one; it tells how much the memory of the process grew.
func BenchmarkRows(b *testing.B) {
	for _, n := range []int{10_000, 1_000_000} {
		d := newDB(b, "PRAGMA journal_mode=OFF", "CREATE TABLE big (id INTEGER PRIMARY KEY, a INTEGER, b TEXT)",
			fmt.Sprintf("WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < %d) INSERT INTO big SELECT n, n %% 97, printf('text of row %%d', n) FROM r", n))
		d.other.Close()
		s := d.source(b, databases.Config{})
		for name, sql := range map[string]string{"first 1000": "SELECT * FROM big", "all counted": "SELECT a, count(*), max(b) FROM big GROUP BY a"} {
			b.Run(fmt.Sprintf("%d %s/driver", n, name), func(b *testing.B) { benchBare(b, d.path, sql, 1000) })
			b.Run(fmt.Sprintf("%d %s/cleat", n, name), func(b *testing.B) {
				before := resident(b)
				for b.Loop() {
					if _, err := s.Query(b.Context(), databases.Query{SQL: sql, Limit: 1000}); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(resident(b)-before)/(1<<20), "MB-grown")
			})
		}
	}
}

// resident is the memory of this process in bytes, 0 where that is not known.
func resident(b *testing.B) int {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	var size, pages int
	if _, err := fmt.Sscan(string(text), &size, &pages); err != nil {
		b.Fatal(err)
	}
	return pages * os.Getpagesize()
}

// BenchmarkSchema lists the first page of 10,000 tables, and compares it with the bare query
// for the names.
func BenchmarkSchema(b *testing.B) {
	path := filepath.Join(b.TempDir(), "a.db")
	conn, err := zombiezen.OpenConn(path, zombiezen.OpenReadWrite|zombiezen.OpenCreate)
	if err != nil {
		b.Fatal(err)
	}
	var script strings.Builder
	for i := range 10_000 {
		fmt.Fprintf(&script, "CREATE TABLE t%05d (id INTEGER PRIMARY KEY, a TEXT, b TEXT, c REAL);", i)
	}
	if err := sqlitex.ExecuteScript(conn, script.String(), nil); err != nil {
		b.Fatal(err)
	}
	if err := conn.Close(); err != nil {
		b.Fatal(err)
	}
	const all = "SELECT name, type FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY name"
	b.Run("driver", func(b *testing.B) { benchBare(b, path, all, 10_000) })
	s := openSource(b, sqlite.Config{Path: path})
	for _, detail := range []databases.Detail{databases.Names, databases.Summary, databases.Full} {
		b.Run(string(detail), func(b *testing.B) {
			for b.Loop() {
				if _, err := s.Schema(b.Context(), databases.SchemaQuery{Detail: detail}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("opened anew", func(b *testing.B) {
		for b.Loop() {
			s := openSource(b, sqlite.Config{Path: path})
			if _, err := s.Schema(b.Context(), databases.SchemaQuery{Detail: databases.Names}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
