package config

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestCommandLeavesNothing: a background process of a command that hangs ends with
// it, and does not hold up the answer.
func TestCommandLeavesNothing(t *testing.T) {
	pid := filepath.Join(t.TempDir(), "pid")
	r := resolver(map[string]string{"PATH": os.Getenv("PATH")})
	r.timeout = time.Second
	start := time.Now()
	_, err := SecretRef{kind: commandSecret, argv: []string{"sh", "-c", "sleep 300 & echo $! >" + pid + "; wait"}}.Resolve(t.Context(), r)
	unavailable(t, err, "the program did not end in time")
	if d := time.Since(start); d > 30*time.Second {
		t.Errorf("took %v for a limit of 1s", d)
	}
	data, err := os.ReadFile(pid)
	check(t, err)
	n, err := strconv.Atoi(strings.TrimSpace(string(data)))
	check(t, err)
	for deadline := time.Now().Add(10 * time.Second); ; {
		// A process that has ended but whose parent has not asked is a zombie.
		stat, err := os.ReadFile("/proc/" + strconv.Itoa(n) + "/stat")
		if err != nil || strings.Contains(string(stat), ") Z ") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("process %d is alive: %v", n, syscall.Kill(n, syscall.SIGKILL))
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func TestNoKeyringWithoutBus(t *testing.T) {
	_, err := resolver(map[string]string{"XDG_RUNTIME_DIR": t.TempDir()}).Secret(t.Context(), "keyring:x")
	unavailable(t, err, "this session has no keyring")
}
