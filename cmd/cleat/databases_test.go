package main

import (
	"database/sql"
	"path/filepath"
	"testing"

	_ "github.com/go-sql-driver/mysql"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"cleat/internal/sources/mysql/mysqltest"
	"cleat/internal/sources/postgres/pgtest"
)

// database makes what the file postgres.sql, mysql.sql or sqlite.sql of a session says, in a
// fresh database of a real server, and puts its address into the environment as APP_DSN, or
// for SQLite into the configuration as $LITE.
func (w *world) database(t testing.TB, file, script string) {
	t.Helper()
	switch file {
	case "postgres.sql":
		s := pgtest.Start(t)
		db := s.Database(t)
		w.dsn = s.DSN(db, "app")
		s.ExecAs(t, db, "app", script)
	case "mysql.sql":
		s := mysqltest.Start(t)
		db := s.Database(t)
		w.dsn = s.DSN(db, "app")
		conn, err := sql.Open("mysql", w.dsn+"?multiStatements=true")
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := conn.ExecContext(t.Context(), script); err != nil {
			t.Fatal(err)
		}
	case "sqlite.sql":
		w.lite = filepath.Join(w.home, "app.db")
		writeFile(t, w.lite, nil)
		conn, err := sqlite.OpenConn(w.lite, sqlite.OpenReadWrite)
		if err != nil {
			t.Fatal(err)
		}
		if err := sqlitex.ExecuteScript(conn, script, nil); err != nil {
			t.Fatal(err)
		}
		if err := conn.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if w.dsn != "" {
		w.env = append(w.env, "APP_DSN="+w.dsn)
	}
}

// serversMain runs the tests, and ends the servers that they started.
func serversMain(m *testing.M) int {
	return pgtest.Main(mysqlMain{m})
}

// mysqlMain runs the tests with the end of MariaDB after them.
type mysqlMain struct{ m *testing.M }

// Run returns the exit code of the tests.
func (x mysqlMain) Run() int { return mysqltest.Main(x.m) }
