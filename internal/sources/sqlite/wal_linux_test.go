package sqlite_test

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"cleat/internal/fail"
	"cleat/internal/systems/databases"
)

// TestWALFolderReadOnly reads a database in WAL mode in a folder that cannot be written to.
func TestWALFolderReadOnly(t *testing.T) {
	dir := t.TempDir()
	d := openDB(t, filepath.Join(dir, "a.db"), "PRAGMA journal_mode=WAL", "CREATE TABLE t (a)", "INSERT INTO t VALUES (1)")
	if err := d.other.Close(); err != nil {
		t.Fatal(err)
	}
	for path, mode := range map[string]os.FileMode{d.path: 0o444, dir: 0o555, filepath.Dir(dir): 0o755} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	before := folder(t, dir)
	// The superuser writes everywhere, so that this thread becomes somebody else.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if os.Geteuid() == 0 {
		if err := unix.Setfsuid(65534); err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := unix.Setfsuid(0); err != nil {
				t.Error(err)
			}
		}()
	}
	s := d.source(t, databases.Config{Mask: []string{"t.b"}})
	if got := line(query(t, s, "SELECT a FROM t")); got != "1" {
		t.Errorf("it reads %s", got)
	}
	_, err := s.Write(t.Context(), databases.Write{SQL: "INSERT INTO t VALUES (2)", Class: databases.DML})
	if code(err) != fail.Unavailable {
		t.Errorf("a write: %v", err)
	}
	if after := folder(t, dir); len(after) != len(before) || after["a.db"] != before["a.db"] {
		t.Errorf("files before %v, after %v", before, after)
	}
}
