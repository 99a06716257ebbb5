package once

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"testing"
	"time"

	"cleat/internal/fail"
)

// A process that is killed while its write runs leaves a key whose outcome is not known.
func TestKilled(t *testing.T) {
	k, _, dir := newKeys(t)
	k.now = time.Now // that of the child
	cmd, _ := holding(t, dir)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	for range 2 {
		wantFail(t, k, "key", "request", never(t), fail.UnknownOutcome)
	}
	wantFail(t, k, "key", "another", never(t), fail.Conflict)
	want(t, k, "other key", "request", gives("x"), "x", false)
}

// While one process runs the write, another waits, and gets the result or, when its time
// is over, fail.Busy.
func TestTwoProcesses(t *testing.T) {
	k, _, dir := newKeys(t)
	k.now = time.Now
	cmd, end := holding(t, dir)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, _, err := k.Do(ctx, "key", []byte("request"), never(t))
	if e, ok := errors.AsType[*fail.Error](err); !ok || e.Code != fail.Busy {
		t.Errorf("while the other runs: %v", err)
	}
	want(t, k, "other key", "request", gives("x"), "x", false) // waits for nobody
	got := make(chan struct{})
	go func() {
		defer close(got)
		want(t, k, "key", "request", never(t), "of the child", true)
	}()
	if err := end(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	<-got
}

// Of many processes that write under the same keys, one writes each.
func TestRace(t *testing.T) {
	dir := t.TempDir()
	var all []*exec.Cmd
	for range 6 {
		cmd := command(t, "race", dir)
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
	if n := len(files(t, dir)); n != 10 {
		t.Errorf("%d entries", n)
	}
	if names, err := os.ReadDir(dir); err != nil || len(names) != 11 {
		t.Errorf("%d names in the state folder, %v", len(names), err)
	}
}
