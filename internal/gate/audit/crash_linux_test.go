package audit

import (
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// A disk that is really full. Where the test may not mount one, "no more space" in
// TestCannotWrite is the nearest.
func TestDiskFull(t *testing.T) {
	mnt := t.TempDir()
	if err := unix.Mount("tmpfs", mnt, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "size=64k,mode=0700"); err != nil {
		t.Skipf("mounting a small disk: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(mnt, 0); err != nil {
			t.Error(err)
		}
	})
	dir := filepath.Join(mnt, "state")
	out, err := command(t, "full", dir, 0).Output()
	if err != nil {
		t.Fatal(err)
	}
	acked := strings.Count(string(out), "ok\n")
	if got := string(out); acked == 0 || !strings.Contains(got, "unavailable: ") || !strings.Contains(got, "free space") {
		t.Errorf("after %d records the child said %s", acked, got)
	}
	if rep := mustVerify(t, dir, acked); len(rep.Notes) > 0 {
		t.Errorf("notes: %q", rep.Notes)
	}
}
