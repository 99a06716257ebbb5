package sqlite_test

import (
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cleat/internal/sources/sqlite"
	"cleat/internal/systems/databases"
)

// TestWAL reads while a writer goes on.
func TestWAL(t *testing.T) {
	d := newDB(t, "PRAGMA journal_mode=WAL", "CREATE TABLE t (a INTEGER PRIMARY KEY, b)")
	s := d.source(t, databases.Config{})
	var wg sync.WaitGroup
	const writes = 300
	wg.Go(func() {
		for i := range writes {
			if _, err := d.other.Exec("BEGIN IMMEDIATE"); err != nil {
				t.Error(err)
				return
			}
			for range 2 {
				if _, err := d.other.Exec("INSERT INTO t (b) VALUES (?)", i); err != nil {
					t.Error(err)
				}
			}
			if _, err := d.other.Exec("COMMIT"); err != nil {
				t.Error(err)
				return
			}
		}
	})
	for range 4 {
		wg.Go(func() {
			for range 50 {
				res, err := ask(t, s, "SELECT count(*) % 2, (SELECT count(*) FROM t) = count(*) FROM t")
				if err != nil {
					t.Error(err)
					return
				}
				if got := line(res); got != "0,1" {
					t.Errorf("half a transaction: %s", got)
				}
			}
		})
	}
	wg.Wait()
	if got := line(query(t, s, "SELECT count(*) FROM t")); got != fmt.Sprint(2*writes) {
		t.Errorf("%s rows in the end", got)
	}
}

// TestWALClosed reads a database in WAL mode that nobody has open.
func TestWALClosed(t *testing.T) {
	dir := t.TempDir()
	d := openDB(t, filepath.Join(dir, "a.db"), "PRAGMA journal_mode=WAL", "CREATE TABLE t (a)", "INSERT INTO t VALUES (1)")
	if err := d.other.Close(); err != nil {
		t.Fatal(err)
	}
	before := folder(t, dir)
	s, err := sqlite.Open(t.Context(), sqlite.Config{Path: d.path}, testHost())
	if err != nil {
		t.Fatal(err)
	}
	if got := line(query(t, s, "SELECT a FROM t")); got != "1" {
		t.Errorf("it reads %s", got)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	after := folder(t, dir)
	delete(after, "a.db-wal")
	delete(after, "a.db-shm")
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("beyond the files of a reader (-before +after):\n%s", diff)
	}
}
