package lockfile_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"cleat/internal/lockfile"
)

// open returns another open file of the same name.
func open(t *testing.T, name string) *os.File {
	t.Helper()
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|lockfile.OpenFlags, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() }) // a test may have closed it
	return f
}

func TestTry(t *testing.T) {
	name := filepath.Join(t.TempDir(), "lock")
	a, b, c := open(t, name), open(t, name), open(t, name)
	for _, step := range []struct {
		what string
		do   func() error
		want error
	}{
		{"alone", func() error { return lockfile.Try(a) }, nil},
		{"a second alone", func() error { return lockfile.Try(b) }, lockfile.ErrHeld},
		{"shared with one alone", func() error { return lockfile.TryShared(b) }, lockfile.ErrHeld},
		{"back", func() error { return lockfile.Unlock(a) }, nil},
		{"shared", func() error { return lockfile.TryShared(b) }, nil},
		{"shared again", func() error { return lockfile.TryShared(c) }, nil},
		{"alone with those that share", func() error { return lockfile.Try(a) }, lockfile.ErrHeld},
		{"one is closed", b.Close, nil},
		{"alone with one that shares", func() error { return lockfile.Try(a) }, lockfile.ErrHeld},
		{"the other is closed", c.Close, nil},
		{"alone at last", func() error { return lockfile.Try(a) }, nil},
	} {
		if err := step.do(); !errors.Is(err, step.want) || step.want == nil && err != nil {
			t.Fatalf("%s: %v, want %v", step.what, err, step.want)
		}
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if err := lockfile.Try(a); err == nil || errors.Is(err, lockfile.ErrHeld) {
		t.Errorf("a closed file: %v", err)
	}
}

func TestWait(t *testing.T) {
	name := filepath.Join(t.TempDir(), "lock")
	a, b := open(t, name), open(t, name)
	if err := lockfile.Wait(t.Context(), a, time.Second); err != nil {
		t.Fatal(err)
	}
	over, end := context.WithCancel(t.Context())
	end()
	if err := lockfile.Wait(over, b, time.Hour); !errors.Is(err, lockfile.ErrHeld) {
		t.Errorf("a wait that is over: %v", err)
	}
	got := make(chan error, 1)
	go func() { got <- lockfile.Wait(t.Context(), b, time.Millisecond) }()
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-got; err != nil {
		t.Fatalf("after it was given back: %v", err)
	}
	if err := lockfile.Try(open(t, name)); !errors.Is(err, lockfile.ErrHeld) {
		t.Errorf("who waited has it, and another gets %v", err)
	}
	if err := lockfile.Unlock(b); err != nil {
		t.Fatal(err)
	}
	if err := lockfile.Wait(over, open(t, name), time.Hour); err != nil {
		t.Errorf("a free lock and a wait that is over: %v", err)
	}
}
