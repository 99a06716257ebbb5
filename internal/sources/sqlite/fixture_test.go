package sqlite_test

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	_ "modernc.org/sqlite"

	"cleat/internal/fail"
	"cleat/internal/host"
	"cleat/internal/sources/sqlite"
	"cleat/internal/systems"
	"cleat/internal/systems/databases"
)

var (
	_ databases.DB     = (*sqlite.Source)(nil)
	_ databases.Writer = (*sqlite.Source)(nil)
	_ databases.Prober = (*sqlite.Source)(nil)
	_ databases.Knower = (*sqlite.Source)(nil)
	_ systems.Healthy  = (*sqlite.Source)(nil)
)

// digest stands for host.Host's.
func digest(s string) string {
	sum := sha256.Sum256([]byte("key" + s))
	return hex.EncodeToString(sum[:6])
}

func testHost() host.Host {
	return host.Host{Log: slog.New(slog.DiscardHandler), Digest: digest, Env: os.Environ()}
}

// A db is a database file and a second connection to it, which has all rights.
type db struct {
	path  string
	other *sql.DB
}

// newDB makes a file with the statements.
func newDB(t testing.TB, statements ...string) *db {
	t.Helper()
	return openDB(t, filepath.Join(t.TempDir(), "a.db"), statements...)
}

func openDB(t testing.TB, path string, statements ...string) *db {
	t.Helper()
	d := &db{path: path, other: second(t, path)}
	d.exec(t, statements...)
	return d
}

func second(t testing.TB, path string) *sql.DB {
	t.Helper()
	other, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	other.SetMaxOpenConns(1)
	t.Cleanup(func() { other.Close() })
	return other
}

func (d *db) exec(t testing.TB, statements ...string) {
	t.Helper()
	for _, s := range statements {
		if _, err := d.other.Exec(s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// rows returns what the second connection sees.
func (d *db) rows(t testing.TB, query string) [][]string {
	t.Helper()
	rows, err := d.other.Query(query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var out [][]string
	for rows.Next() {
		cells := make([]any, len(columns))
		for i := range cells {
			cells[i] = new(any)
		}
		if err := rows.Scan(cells...); err != nil {
			t.Fatal(err)
		}
		row := make([]string, len(columns))
		for i, c := range cells {
			if v := *c.(*any); v == nil {
				row[i] = "NULL"
			} else {
				row[i] = fmt.Sprint(v)
			}
		}
		out = append(out, row)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

// source opens the file as cleat does.
func (d *db) source(t testing.TB, rules databases.Config) *sqlite.Source {
	t.Helper()
	return openSource(t, sqlite.Config{Config: rules, Path: d.path})
}

func openSource(t testing.TB, c sqlite.Config) *sqlite.Source {
	t.Helper()
	s, err := sqlite.Open(context.Background(), c, testHost())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func query(t testing.TB, s *sqlite.Source, sql string, params ...string) *databases.Result {
	t.Helper()
	res, err := ask(t, s, sql, params...)
	if err != nil {
		t.Fatalf("%s: %s", sql, fail.Show(err))
	}
	return res
}

// ask runs a statement whose parameters are JSON.
func ask(t testing.TB, s *sqlite.Source, sql string, params ...string) (*databases.Result, error) {
	q := databases.Query{SQL: sql}
	for _, p := range params {
		q.Params = append(q.Params, databases.Param{JSON: json.RawMessage(p)})
	}
	return s.Query(t.Context(), q)
}

// cells returns the rows of a result as text.
func cells(res *databases.Result) [][]string {
	var out [][]string
	for _, r := range res.Rows {
		row := make([]string, len(r))
		for i, c := range r {
			row[i] = "NULL"
			if c != nil {
				row[i] = *c
			}
		}
		out = append(out, row)
	}
	return out
}

// line returns the rows of a result as one text.
func line(res *databases.Result) string {
	var rows []string
	for _, r := range cells(res) {
		rows = append(rows, strings.Join(r, ","))
	}
	return strings.Join(rows, ";")
}

// code is the code of an error for the model, "" for none.
func code(err error) fail.Code {
	var e *fail.Error
	if err == nil {
		return ""
	}
	if !errors.As(err, &e) {
		return "not a fail.Error"
	}
	return e.Code
}
