package buildlog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"testing/iotest"
	"time"
)

// storeEnv makes this test's binary a process that opens logs of a cache, see
// TestCacheProcesses.
const storeEnv = "BUILDLOG_TEST_STATE"

func TestMain(m *testing.M) {
	if dir := os.Getenv(storeEnv); dir != "" {
		if err := openMany(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// openMany opens many logs of a cache that has room for few, each some times.
func openMany(dir string) error {
	state, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer state.Close()
	c := NewCache(func() (*os.Root, error) { return state, nil }, time.Now)
	c.room = 200_000
	for i := range 200 {
		want := bytes.Repeat([]byte(fmt.Sprintf("log %d\n", i%20)), 2000)
		f, err := c.Open(context.Background(), fmt.Sprint(i%20), func(context.Context) (io.ReadCloser, error) {
			return io.NopCloser(iotest.HalfReader(bytes.NewReader(want))), nil
		})
		if err != nil {
			return err
		}
		got, err := io.ReadAll(f)
		if err := errors.Join(err, f.Close()); err != nil {
			return err
		}
		if !bytes.Equal(got, want) {
			return fmt.Errorf("log %d has %d bytes, want %d", i%20, len(got), len(want))
		}
	}
	return nil
}

// TestCacheProcesses: processes that share a cache and drop each other's logs read whole
// ones.
func TestCacheProcesses(t *testing.T) {
	dir := t.TempDir()
	var group sync.WaitGroup
	for range 3 {
		group.Go(func() {
			cmd := exec.CommandContext(t.Context(), os.Args[0])
			cmd.Env = append(os.Environ(), storeEnv+"="+dir)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
	group.Wait()
	var size int64
	entries, err := os.ReadDir(filepath.Join(dir, folderName))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if whole, _ := isLogName(e.Name()); !whole {
			t.Errorf("left behind: %s", e.Name())
		}
		if info, err := e.Info(); err == nil {
			size += info.Size()
		}
	}
	if size > 3*200_000 {
		t.Errorf("%d bytes are kept", size)
	}
}
