package mysqltest_test

import (
	"os"
	"runtime"
	"testing"
	"time"

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

// Servers outlive the threads that they were asked for on. There are two, as the process's
// first thread never ends.
func TestThreadEnds(t *testing.T) {
	servers := make(chan *mysqltest.Server)
	both := make(chan struct{})
	for range 2 {
		go func() {
			runtime.LockOSThread() // and never unlock: the thread ends with the goroutine
			defer func() { servers <- nil }()
			servers <- mysqltest.New(t)
			<-both
		}()
	}
	first, second := <-servers, <-servers
	close(both)
	<-servers
	<-servers
	for _, srv := range []*mysqltest.Server{first, second} {
		if srv == nil {
			t.Fatal("no server")
		}
		db := srv.Database(t)
		for range 50 {
			srv.Exec(t, db, "SELECT 1")
			time.Sleep(time.Millisecond) // the thread ends at a time that nobody tells
		}
	}
}
