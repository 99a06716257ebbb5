package mysql

import (
	"context"
	"database/sql/driver"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	driversql "github.com/go-sql-driver/mysql"

	"cleat/internal/fail"
	"cleat/internal/systems/databases"
)

// bare asks a statement the shortest way that is as safe: a connection, a read-only
// transaction, PREPARE.
func bare(b *testing.B, dsn, sql string) {
	b.Helper()
	ctx := b.Context()
	cfg, err := driversql.ParseDSN(dsn)
	if err != nil {
		b.Fatal(err)
	}
	connector, err := driversql.NewConnector(cfg)
	if err != nil {
		b.Fatal(err)
	}
	c, err := connector.Connect(ctx)
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	tx, err := c.(driver.ConnBeginTx).BeginTx(ctx, driver.TxOptions{ReadOnly: true})
	if err != nil {
		b.Fatal(err)
	}
	stmt, err := c.(driver.ConnPrepareContext).PrepareContext(ctx, sql)
	if err != nil {
		b.Fatal(err)
	}
	rows, err := stmt.(driver.StmtQueryContext).QueryContext(ctx, nil)
	if err != nil {
		b.Fatal(err)
	}
	dest := make([]driver.Value, len(rows.Columns()))
	for rows.Next(dest) != io.EOF {
	}
	if err := rows.Close(); err != nil {
		b.Fatal(err)
	}
	if err := tx.Rollback(); err != nil {
		b.Fatal(err)
	}
}

func median(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)/2]
}

// BenchmarkOneRow compares a query of one row with the bare driver, taking turns.
func BenchmarkOneRow(b *testing.B) {
	srv, db := shop(b)
	s := open(b, srv, db, "ro", databases.Config{})
	const sql = "SELECT id, email FROM users WHERE id = 1"
	ask(b, s, sql)
	var ours, theirs []time.Duration
	for b.Loop() {
		began := time.Now()
		ask(b, s, sql)
		ours = append(ours, time.Since(began))
		for len(s.spare) == 0 && b.Context().Err() == nil {
			runtime.Gosched() // the next call comes when the model has read the answer
		}
		began = time.Now()
		bare(b, srv.DSN(db, "ro"), sql)
		theirs = append(theirs, time.Since(began))
	}
	b.ReportMetric(float64(median(ours))/float64(median(theirs)), "ratio")
	b.ReportMetric(float64(median(ours).Microseconds()), "us/query")
}

// resident is the memory of this process in bytes, 0 where that is not known.
func resident() int64 {
	data, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(data)) {
		var kb int64
		if n, err := fmt.Sscanf(line, "VmRSS: %d kB", &kb); err == nil && n == 1 {
			return kb << 10
		}
	}
	return 0
}

// BenchmarkManyRows asks for more rows than are shown.
func BenchmarkManyRows(b *testing.B) {
	srv, db := shop(b)
	s := open(b, srv, db, "ro", databases.Config{})
	for _, n := range []int{10_000, 1_000_000} {
		for _, limit := range []string{"", fmt.Sprintf(" LIMIT %d", n)} {
			b.Run(fmt.Sprintf("%d%s", n, strings.TrimSpace(limit)), func(b *testing.B) {
				debug.FreeOSMemory()
				before, most := resident(), int64(0)
				for b.Loop() {
					res, err := s.Query(b.Context(), databases.Query{SQL: fmt.Sprintf("SELECT seq, REPEAT('x', 100) FROM seq_1_to_%d%s", n, limit), Limit: 1000})
					if err != nil {
						b.Fatal(fail.Show(err))
					}
					if len(res.Rows) != 1000 {
						b.Fatalf("%d rows", len(res.Rows))
					}
					most = max(most, resident()-before)
				}
				b.ReportMetric(float64(most)/(1<<20), "MB-grown")
				if most > 50<<20 {
					b.Errorf("the process grew by %d MB", most>>20)
				}
			})
		}
	}
}

// BenchmarkSchema compares the first page of 10,000 tables with a bare question of the
// catalog.
func BenchmarkSchema(b *testing.B) {
	srv, db := shop(b)
	tables := make([]string, 0, 10_000)
	for i := range cap(tables) {
		tables = append(tables, fmt.Sprintf("CREATE TABLE t%05d (id int PRIMARY KEY, a varchar(20), KEY (a))", i))
	}
	for part := range slices.Chunk(tables, 2000) { // each call has a minute
		srv.Exec(b, db, part...)
	}
	s := open(b, srv, db, "ro", databases.Config{})
	raw := func(ctx context.Context) {
		c, err := s.take(ctx, func() time.Duration { return time.Minute }, 0)
		if err != nil {
			b.Fatal(err)
		}
		rows, err := c.all(ctx, "SELECT table_schema, table_name FROM information_schema.tables WHERE table_schema = DATABASE()")
		if err != nil || len(rows) < 10_000 {
			b.Fatal(len(rows), err)
		}
		s.keep(c)
	}
	for _, detail := range []databases.Detail{databases.Names, databases.Summary, databases.Full} {
		b.Run(string(detail), func(b *testing.B) {
			var ours, theirs []time.Duration
			for b.Loop() {
				began := time.Now()
				if _, err := s.Schema(b.Context(), databases.SchemaQuery{Detail: detail}); err != nil {
					b.Fatal(fail.Show(err))
				}
				ours = append(ours, time.Since(began))
				began = time.Now()
				raw(b.Context())
				theirs = append(theirs, time.Since(began))
			}
			ratio := float64(median(ours)) / float64(median(theirs))
			b.ReportMetric(ratio, "ratio")
			b.ReportMetric(float64(median(ours).Microseconds())/1000, "ms/page")
			if ratio > 10 {
				b.Errorf("a page takes %.1f times as long as the bare question", ratio)
			}
		})
	}
}
