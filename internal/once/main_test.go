package once

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// The test binary runs itself as another process that uses the keys: CLEAT_ONCE_CHILD says
// what it does, CLEAT_ONCE_DIR where.
func TestMain(m *testing.M) {
	if mode := os.Getenv("CLEAT_ONCE_CHILD"); mode != "" {
		if err := child(mode, os.Getenv("CLEAT_ONCE_DIR")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func child(mode, dir string) error {
	k := Open(func() (*os.Root, error) { return os.OpenRoot(dir) }, time.Now)
	switch mode {
	case "hold": // says when its write runs, which lasts until its input ends
		_, _, err := k.Do(context.Background(), "key", []byte("request"), func() ([]byte, error) {
			fmt.Println("running")
			if _, err := bufio.NewReader(os.Stdin).ReadString('\n'); err == nil {
				return nil, errors.New("there is a line")
			}
			return []byte("of the child"), nil
		})
		return err
	case "race": // ten keys, each once among all processes
		for i := range 10 {
			key := fmt.Sprintf("key %d", i)
			result, _, err := k.Do(context.Background(), key, []byte("request"), func() ([]byte, error) {
				name := filepath.Join(dir, fmt.Sprintf("ran %d", i))
				f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) // fails the second time
				if err != nil {
					return nil, err
				}
				return []byte("result of " + key), f.Close()
			})
			if err != nil || string(result) != "result of "+key {
				return fmt.Errorf("%s: %q, %w", key, result, err)
			}
		}
		return nil
	}
	return special(mode, dir, k)
}

// command is this test binary as a child.
func command(t testing.TB, mode, dir string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), "CLEAT_ONCE_CHILD="+mode, "CLEAT_ONCE_DIR="+dir)
	cmd.Stderr = os.Stderr
	return cmd
}

// holding starts a child whose write runs, and returns what ends its input.
func holding(t *testing.T, dir string) (*exec.Cmd, func() error) {
	t.Helper()
	cmd := command(t, "hold", dir)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // it may have ended
	if line, err := bufio.NewReader(stdout).ReadString('\n'); err != nil || line != "running\n" {
		t.Fatalf("the child said %q, %v", line, err)
	}
	return cmd, stdin.Close
}
