package workspace

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"cleat/internal/fail"
	"cleat/internal/host"
	"cleat/internal/proc"
	"cleat/internal/tree"
)

// serveFolders is a source of n clones with a file each.
func serveFolders(t *testing.T, n int) (*Source, []*repository) {
	t.Helper()
	dir := realDir(t)
	for i := range n {
		at := fmt.Sprintf("%s/r%02d", dir, i)
		lay(t, dir, fmt.Sprintf("r%02d", i))
		if err := os.WriteFile(filepath.Join(at, "a.txt"), []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	h := host.Host{Log: slog.New(slog.DiscardHandler), Now: time.Now, Closed: func() func(string) bool { return nil }, Children: &proc.Group{},
		State: func() (*os.Root, error) { return nil, errors.New("no state here") }}
	s, err := Open(t.Context(), Config{Repos: []string{dir + "/*"}}, h)
	if err != nil {
		t.Fatal(err)
	}
	list, cut := s.repositories()
	if len(list) != n || cut {
		t.Fatalf("%d repositories, cut %v", len(list), cut)
	}
	return s, list
}

func openFolders(list []*repository) int {
	n := 0
	for _, u := range list {
		u.root.mu.Lock()
		if u.root.root != nil {
			n++
		}
		u.root.mu.Unlock()
	}
	return n
}

// Of many folders few are held open, and none is closed while it is in use.
func TestFewFoldersAreOpen(t *testing.T) {
	s, list := serveFolders(t, 3*maxOpen)
	if n := openFolders(list); n != 0 {
		t.Errorf("%d folders are open before the first use", n)
	}
	walk := func(u *repository, during func()) error {
		_, err := u.root.Walk(t.Context(), tree.WalkOptions{}, func(_ int, e *tree.Entry) error {
			during()
			data, err := e.Read(nil, 10)
			if err == nil && string(data) != "x" {
				return fmt.Errorf("read %q", data)
			}
			return err
		})
		return err
	}
	// The first is in use while all others are opened.
	err := walk(list[0], func() {
		for _, u := range list[1:] {
			if err := walk(u, func() {}); err != nil {
				t.Error(err)
			}
		}
		if n := openFolders(list); n > maxOpen {
			t.Errorf("%d folders are open", n)
		}
		list[0].root.mu.Lock()
		defer list[0].root.mu.Unlock()
		if list[0].root.root == nil {
			t.Error("a folder was closed in use")
		}
	})
	if err != nil {
		t.Error(err)
	}
	// All at once.
	var wg sync.WaitGroup
	for range 4 {
		for _, u := range list {
			wg.Go(func() {
				if err := walk(u, func() {}); err != nil {
					t.Error(err)
				}
				if f, err := u.root.Open("a.txt"); err != nil {
					t.Error(err)
				} else if err := f.Close(); err != nil {
					t.Error(err)
				}
			})
		}
	}
	wg.Wait()
	if err := walk(list[5], func() {}); err != nil {
		t.Error(err)
	}
	if n := openFolders(list); n > maxOpen {
		t.Errorf("%d folders are open in the end", n)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if n := openFolders(list); n != 0 {
		t.Errorf("%d folders are open after Close", n)
	}
	if _, err := list[0].root.Open("a.txt"); fail.From(err).Code != fail.Unavailable {
		t.Errorf("after Close: %v", err)
	}
}

// A folder that was replaced is not opened in the place of the one that was found.
func TestFolderIsPinned(t *testing.T) {
	s, list := serveFolders(t, 2)
	defer s.Close()
	u := list[0]
	if err := os.Rename(u.dir, u.dir+".old"); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(list[1].dir, u.dir); err != nil {
		t.Fatal(err)
	}
	if _, err := u.root.Open("a.txt"); fail.From(err).Code != fail.Unavailable {
		t.Errorf("open: %v", err)
	}
	st, err := u.root.Walk(context.Background(), tree.WalkOptions{}, func(int, *tree.Entry) error { t.Error("visited"); return nil })
	if fail.From(err).Code != fail.Unavailable || st.Pending == "" {
		t.Errorf("walk: %+v, %v", st, err)
	}
	if _, err := u.git(); fail.From(err).Code != fail.Unavailable {
		t.Errorf("git: %v", err)
	}
}
