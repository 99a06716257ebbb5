package mysqltest_test

import (
	"os"
	"testing"

	"cleat/internal/sources/mysql/mysqltest"
)

func TestMain(m *testing.M) { os.Exit(mysqltest.Main(m)) }

func TestServer(t *testing.T) {
	srv := mysqltest.Start(t)
	db := srv.Database(t)
	srv.Exec(t, db, "CREATE TABLE t (a int)", "INSERT INTO t VALUES (1), (NULL)")
	rows := srv.Rows(t, db, "SELECT a FROM t ORDER BY a")
	if len(rows) != 2 || rows[0][0] != "NULL" || rows[1][0] != "1" {
		t.Errorf("rows: %q", rows)
	}
	if got := srv.Active(t, db, "ro"); len(got) != 0 {
		t.Errorf("active: %q", got)
	}
}

func TestStopAndRestart(t *testing.T) {
	srv := mysqltest.New(t)
	db := srv.Database(t)
	srv.Exec(t, db, "CREATE TABLE t (a int)")
	srv.Stop(t)
	srv.Restart(t)
	if rows := srv.Rows(t, db, "SELECT * FROM t"); len(rows) != 0 {
		t.Errorf("rows: %q", rows)
	}
}
