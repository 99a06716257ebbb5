//go:build unix

package verdict

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"cleat/internal/fail"
)

// special are the child's modes that need Unix.
func special(mode string, h *History) error {
	if mode != "full" {
		return fmt.Errorf("no mode %q", mode)
	}
	// There is room for the results, and for some bytes of the next.
	limit := unix.Rlimit{Cur: 1000, Max: 1000}
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	ctx := context.Background()
	for i := range 20 {
		r := Result{Source: "gh", Task: "ci", Branch: "main", Run: fmt.Sprint(i), At: minute(i), Passed: true}
		err := h.Record(ctx, r)
		if err == nil {
			continue
		}
		if e, ok := errors.AsType[*fail.Error](err); !ok || e.Code != fail.Unavailable || !errors.Is(err, syscall.EFBIG) {
			return err
		}
		ids, err := h.Runs(ctx, "gh", "ci", "main")
		if err != nil || len(ids) != i {
			return fmt.Errorf("%d runs after %d, %w", len(ids), i, err)
		}
		return nil
	}
	return errors.New("there was room for all")
}

// A full disk costs the result that has no room, and no other.
func TestFullDisk(t *testing.T) {
	h, dir := newHistory(t)
	if err := command(t, "full", dir).Run(); err != nil {
		t.Error(err)
	}
	data := content(t, dir)
	ids := runs(t, h)
	if len(ids) == 0 || strings.Count(data, "\n") != len(ids)+1 || !strings.HasSuffix(data, "\n") {
		t.Errorf("%d runs in %q", len(ids), data)
	}
}

// Neither a FIFO nor a link is taken for a file of the history, and nobody waits for it.
func TestOddFiles(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "outside")
	for _, name := range []string{fileName, lockName} {
		for what, put := range map[string]func(path string) error{
			"FIFO": func(path string) error { return unix.Mkfifo(path, 0o600) },
			"link": func(path string) error { return os.Symlink(outside, path) },
		} {
			h, dir := newHistory(t)
			if err := os.Mkdir(filepath.Join(dir, folderName), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := put(filepath.Join(dir, folderName, name)); err != nil {
				t.Fatal(what, err)
			}
			wantUnavailable(t, h)
		}
	}
	if _, err := os.Stat(outside); err == nil {
		t.Error("a file was made outside")
	}
}
