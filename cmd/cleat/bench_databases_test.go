package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"golang.org/x/tools/txtar"
)

// callOf is a tools/call as a line.
func callOf(b testing.TB, tool string, args map[string]any) string {
	b.Helper()
	raw, err := json.Marshal(args)
	if err != nil {
		b.Fatal(err)
	}
	return strings.Replace(strings.Replace(listRequest, "tools/list", "tools/call", 1),
		`"params":{`, `"params":{"name":"`+tool+`","arguments":`+string(raw)+`,`, 1)
}

// BenchmarkDatabase asks a real PostgreSQL through tools/call over stdio: one row against
// the bare driver on a connection that stands, on a new connection, and against psql; the
// growth of memory by a million rows; and the first page of 10,000 tables against a bare
// query of the catalog.
func BenchmarkDatabase(b *testing.B) {
	w := newWorld(b, &txtar.Archive{Files: []txtar.File{{Name: "postgres.sql", Data: []byte(`
CREATE TABLE orders (id bigint PRIMARY KEY, total numeric(12,2) NOT NULL, note text);
INSERT INTO orders SELECT i, i * 1.5, 'note ' || i FROM generate_series(1, 10000) i;
`)}}})
	writeFile(b, w.home+"/config/cleat/cleat.toml", []byte("[sources.app]\nkind = \"postgres\"\ndsn = \"env:APP_DSN\"\n"))
	s := startServer(b, w.dir, w.env, buildFor(b, "./cmd/cleat"), "serve")
	defer s.stop(b)
	conn, err := pgconn.Connect(b.Context(), w.dsn)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close(b.Context())
	for i := range 20 { // a transaction has no room for the locks of all
		script := fmt.Sprintf("DO $$ BEGIN FOR i IN %d..%d LOOP EXECUTE format('CREATE TABLE many_%%s (id bigint, name text)', i); END LOOP; END $$", i*500, i*500+499)
		if _, err := conn.Exec(b.Context(), script).ReadAll(); err != nil {
			b.Fatal(err)
		}
	}
	const one = "SELECT id, total, note FROM orders WHERE id = $1"
	ask := func(conn *pgconn.PgConn, sql string, params ...[]byte) {
		if r := conn.ExecParams(b.Context(), sql, params, nil, nil, nil).Read(); r.Err != nil {
			b.Fatal(r.Err)
		}
	}
	compare := func(b *testing.B, runs int, name string, ours, theirs func()) {
		b.Helper()
		var a, c []float64
		for i := range runs + 1 {
			start := time.Now()
			ours()
			took := time.Since(start)
			start = time.Now()
			theirs()
			if i > 0 {
				a, c = append(a, took.Seconds()*1000), append(c, time.Since(start).Seconds()*1000)
			}
		}
		b.ReportMetric(median(a)/median(c), name+"-ratio")
		b.ReportMetric(median(a), "cleat-ms")
		b.ReportMetric(median(c), name+"-ms")
		b.ReportMetric(0, "ns/op")
	}
	row := callOf(b, "db_query", map[string]any{"sql": one, "params": []any{7}})
	query := func() {
		if got := s.ask(b, row); !strings.Contains(got, `7\t10.50\tnote 7`) {
			b.Fatalf("the row is not in %q", got)
		}
	}
	b.Run("row", func(b *testing.B) {
		for b.Loop() {
			compare(b, 100, "driver", query, func() { ask(conn, one, []byte("7")) })
		}
	})
	b.Run("row-connect", func(b *testing.B) {
		for b.Loop() {
			compare(b, 30, "connect", query, func() {
				c, err := pgconn.Connect(b.Context(), w.dsn)
				if err != nil {
					b.Fatal(err)
				}
				ask(c, one, []byte("7"))
				if err := c.Close(b.Context()); err != nil {
					b.Fatal(err)
				}
			})
		}
	})
	b.Run("row-psql", func(b *testing.B) {
		psql, err := exec.LookPath("psql")
		if err != nil {
			b.Skip("psql is not installed; the package is called postgresql-client")
		}
		for b.Loop() {
			compare(b, 20, "psql", query, func() {
				cmd := exec.Command(psql, "-X", "-A", "-t", "-c", "SELECT id, total, note FROM orders WHERE id = 7", w.dsn)
				cmd.Env = append(os.Environ(), "LC_ALL=C")
				if out, err := cmd.CombinedOutput(); err != nil || !strings.HasPrefix(string(out), "7|10.50|") {
					b.Fatalf("%v: %s", err, out)
				}
			})
		}
	})
	for _, n := range []string{"10000", "1000000"} {
		b.Run("rows-"+n, func(b *testing.B) {
			many := callOf(b, "db_query", map[string]any{"limit": 1000,
				"sql": "SELECT g, repeat('y', 500) AS y FROM generate_series(1, " + n + ") g"})
			for b.Loop() {
				before := s.rss(b)
				start := time.Now()
				s.ask(b, many)
				b.ReportMetric(time.Since(start).Seconds()*1000, "cleat-ms")
				grown := (s.rss(b) - before) / 1024
				b.ReportMetric(grown, "grown-MB")
				if grown > 50 {
					b.Errorf("the memory has grown by %.1f MB", grown)
				}
				b.ReportMetric(0, "ns/op")
			}
		})
	}
	b.Run("schema", func(b *testing.B) {
		page := callOf(b, "db_schema", map[string]any{"detail": "names"})
		for b.Loop() {
			compare(b, 20, "catalog", func() { s.ask(b, page) }, func() {
				ask(conn, "SELECT relname FROM pg_class WHERE relkind IN ('r','v') AND relnamespace = 'public'::regnamespace ORDER BY relname")
			})
		}
	})
}
