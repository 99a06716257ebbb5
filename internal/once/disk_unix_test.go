//go:build unix

package once

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"cleat/internal/fail"
)

// special are the child's modes that need Unix.
func special(mode, dir string, k *Keys) error {
	ran := false
	write := func() ([]byte, error) {
		ran = true
		return make([]byte, MaxResult), nil
	}
	switch mode {
	case "full": // there is room for a beginning, not for a result
		limit := unix.Rlimit{Cur: 8000, Max: 8000}
		if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &limit); err != nil {
			return err
		}
		result, repeated, err := k.Do(context.Background(), "key", nil, write)
		if !ran || repeated || len(result) != MaxResult || !errors.Is(err, ErrUnrecorded) || !errors.Is(err, syscall.EFBIG) {
			return fmt.Errorf("ran %t, %d bytes, %t, %w", ran, len(result), repeated, err)
		}
		return nil
	case "quite full": // there is room for nothing
		limit := unix.Rlimit{Cur: 100, Max: 100}
		if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &limit); err != nil {
			return err
		}
	case "nobody": // a user who may not write; that of the folder is another
		if os.Getuid() == 0 {
			if err := syscall.Setuid(65534); err != nil {
				return err
			}
		}
	}
	_, _, err := k.Do(context.Background(), "key", nil, write)
	if e, ok := errors.AsType[*fail.Error](err); !ok || e.Code != fail.Unavailable || ran {
		return fmt.Errorf("ran %t, %w", ran, err)
	}
	return nil
}

func TestFullDisk(t *testing.T) {
	k, _, dir := newKeys(t)
	for range 2 {
		if err := command(t, "quite full", dir).Run(); err != nil {
			t.Error(err)
		}
	}
	if names := files(t, dir); len(names) != 0 {
		t.Errorf("what did not begin left %q", names)
	}
	if err := command(t, "full", dir).Run(); err != nil {
		t.Error(err)
	}
	wantFail(t, k, "key", "", never(t), fail.UnknownOutcome)
}

func TestReadOnlyFolder(t *testing.T) {
	for _, made := range []bool{false, true} {
		t.Run(fmt.Sprintf("made %t", made), func(t *testing.T) {
			k, _, dir := newKeys(t)
			folder := filepath.Join(dir, folderName)
			if made {
				want(t, k, "other key", "", gives("x"), "x", false)
				closeFolder(t, folder, 0o555)
			}
			closeFolder(t, dir, 0o555)
			// The child must come to the folder, which lies in one that is the test's alone.
			closeFolder(t, filepath.Dir(dir), 0o755)
			if err := command(t, "nobody", dir).Run(); err != nil {
				t.Error(err)
			}
		})
	}
}

// closeFolder gives the folder that mode for as long as the test runs.
func closeFolder(t *testing.T, dir string, mode os.FileMode) {
	t.Helper()
	if err := os.Chmod(dir, mode); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.Chmod(dir, 0o700); err != nil {
			t.Error(err)
		}
	})
}

// Neither a FIFO nor a link is taken for the file of a key, and nobody waits for it.
func TestOddFiles(t *testing.T) {
	k, _, dir := newKeys(t)
	want(t, k, "key", "", gives("x"), "x", false)
	outside := filepath.Join(t.TempDir(), "outside")
	for name, put := range map[string]func(path string) error{
		"fifo":          func(path string) error { return unix.Mkfifo(path, 0o600) },
		"link outside":  func(path string) error { return os.Symlink(outside, path) },
		"link to a key": func(path string) error { return os.Symlink(fileName("key"), path) },
	} {
		path := filepath.Join(dir, folderName, fileName(name))
		if err := put(path); err != nil {
			t.Fatal(err)
		}
		wantFail(t, k, name, "", never(t), fail.Unavailable)
	}
	if _, err := os.Stat(outside); err == nil {
		t.Error("a file was made outside")
	}
	k = Open(k.state, k.now) // which sweeps
	want(t, k, "another", "", gives("y"), "y", false)
}
