package verdict

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cleat/internal/fail"
)

// The test binary runs itself as another process that uses the history:
// CLEAT_VERDICT_CHILD says what it does, CLEAT_VERDICT_DIR where.
func TestMain(m *testing.M) {
	if mode := os.Getenv("CLEAT_VERDICT_CHILD"); mode != "" {
		if err := child(mode, os.Getenv("CLEAT_VERDICT_DIR")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func child(mode, dir string) error {
	h := Open(func() (*os.Root, error) { return os.OpenRoot(dir) }, now)
	ctx := context.Background()
	if mode == "hold" { // says when it has the lock, which it keeps until its input ends
		return h.locked(ctx, func(*file) error {
			fmt.Println("held")
			_, err := io.Copy(io.Discard, os.Stdin)
			return err
		})
	}
	if !strings.HasPrefix(mode, "child") {
		return special(mode, h)
	}
	// Writes some that all write, and some of its own, and sees its own at once.
	for i := range 60 {
		own := Result{Source: mode, Task: "ci", Branch: "main", Run: fmt.Sprint(i), At: minute(i), Prints: []string{"p"}}
		shared := Result{Source: "gh", Task: "ci", Branch: "main", Run: fmt.Sprint(i), At: minute(i), Passed: true}
		if err := h.Record(ctx, own, shared); err != nil {
			return err
		}
		all, err := h.Judge(ctx, Question{Source: mode, Task: "ci", Branch: "x", Base: "main", Run: "this"}, []string{"p"})
		if err != nil {
			return err
		}
		if all[0].Verdict != OnBase || all[0].Failed != min(i+1, Window) {
			return fmt.Errorf("after %d: %+v", i, all[0])
		}
	}
	return nil
}

func command(t *testing.T, mode, dir string) *exec.Cmd {
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), "CLEAT_VERDICT_CHILD="+mode, "CLEAT_VERDICT_DIR="+dir)
	cmd.Stderr = os.Stderr
	return cmd
}

// Processes that write at once lose nothing of each other, and write nothing twice.
func TestProcesses(t *testing.T) {
	h, dir := newHistory(t)
	var all []*exec.Cmd
	for i := range 4 {
		cmd := command(t, fmt.Sprint("child", i), dir)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		all = append(all, cmd)
	}
	for _, cmd := range all {
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	}
	for source, want := range map[string]int{"gh": 60, "child0": 60, "child3": 60} {
		if ids, err := h.Runs(t.Context(), source, "ci", "main"); err != nil || len(ids) != want {
			t.Errorf("%s: %d runs, %v", source, len(ids), err)
		}
	}
	if err := h.locked(t.Context(), h.refresh); err != nil || h.kept.lines != 5*60 {
		t.Errorf("%d lines, %v", h.kept.lines, err)
	}
}

// While another process has the history, a call waits until its context ends; when that
// process is killed, the call goes on.
func TestHeld(t *testing.T) {
	h, dir := newHistory(t)
	cmd := command(t, "hold", dir)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(out, make([]byte, len("held\n"))); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	err = h.Record(ctx, results("main/c1/ok")...)
	if e, ok := errors.AsType[*fail.Error](err); !ok || e.Code != fail.Busy || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("while it is held: %v", err)
	}
	done := make(chan error, 1)
	go func() { done <- h.Record(t.Context(), results("main/c1/ok")...) }()
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	if err := <-done; err != nil {
		t.Error(err)
	}
	wantRuns(t, h, "r0")
	if _, err := os.Stat(filepath.Join(dir, folderName, draftName)); err == nil {
		t.Error("a draft is left")
	}
}
