// Package state is the folder where cleat keeps what must outlive a process: the audit
// log, what was trusted, and for each repository its spilled answers and caches.
//
// It lies under $XDG_STATE_HOME/cleat, or ~/.local/state/cleat, with mode 0700, and is
// shared by any number of processes. Nothing is made before it is needed.
package state

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"cleat/internal/fail"
)

// A Folder is the state folder of a user. It is safe for concurrent use.
type Folder struct{ dir string }

// Locate returns the state folder that the environment asks for. It fails with
// fail.Unavailable where there is neither XDG_STATE_HOME nor a home folder.
func Locate(lookup func(string) (string, bool)) (*Folder, error) {
	if dir, ok := lookup("XDG_STATE_HOME"); ok && filepath.IsAbs(dir) {
		return &Folder{filepath.Join(dir, "cleat")}, nil // a relative one is to be ignored, says the specification
	}
	if runtime.GOOS == "windows" {
		if dir, ok := lookup("LOCALAPPDATA"); ok && filepath.IsAbs(dir) {
			return &Folder{filepath.Join(dir, "cleat", "state")}, nil
		}
	}
	if home, ok := lookup("HOME"); ok && filepath.IsAbs(home) {
		return &Folder{filepath.Join(home, ".local", "state", "cleat")}, nil
	}
	return nil, fail.Errorf(fail.Unavailable, "there is no folder for cleat's state: neither XDG_STATE_HOME nor HOME is set").
		Then("set HOME or XDG_STATE_HOME to an absolute path")
}

// Dir returns the path of the folder, which may not exist.
func (f *Folder) Dir() string { return f.dir }

// Open makes the folder, if need be, and opens it. It fails with fail.Unavailable, also
// when others may write to it.
func (f *Folder) Open() (*os.Root, error) {
	if err := os.MkdirAll(f.dir, 0o700); err != nil {
		return nil, unusable(f.dir, err)
	}
	info, err := os.Lstat(f.dir)
	if err != nil {
		return nil, unusable(f.dir, err)
	}
	if !info.IsDir() {
		return nil, unusable(f.dir, errors.New("it is not a folder"))
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		if err := os.Chmod(f.dir, 0o700); err != nil {
			return nil, unusable(f.dir, err)
		}
	}
	root, err := os.OpenRoot(f.dir)
	if err != nil {
		return nil, unusable(f.dir, err)
	}
	return root, nil
}

// Repository opens the part of the folder that belongs to the repository at dir, an
// absolute path. The caller closes it.
func (f *Folder) Repository(dir string) (*os.Root, error) {
	top, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer top.Close()
	sum := sha256.Sum256([]byte(dir))
	name := filepath.Join("repositories", hex.EncodeToString(sum[:8]))
	if err := top.MkdirAll(name, 0o700); err != nil {
		return nil, unusable(filepath.Join(f.dir, name), err)
	}
	root, err := top.OpenRoot(name)
	if err != nil {
		return nil, unusable(filepath.Join(f.dir, name), err)
	}
	return root, nil
}

// keySize is the size of the key, in bytes.
const keySize = 32

// Key returns the key that marks of redacted secrets are made with, so that equal
// secrets look equal across processes. It is made at the first call. Where the folder
// cannot be used, the key is one of this process alone, and err says why.
func (f *Folder) Key() (key []byte, err error) {
	root, err := f.Open()
	if err == nil {
		defer root.Close()
		if kept, ok := kept(root); ok {
			return kept, nil
		}
	}
	key = make([]byte, keySize)
	if _, err := rand.Read(key); err != nil {
		return nil, fmt.Errorf("making a key: %w", err)
	}
	if err != nil {
		return key, err
	}
	for range 2 {
		if kept, ok := kept(root); ok {
			return kept, nil
		}
		// Written whole under another name and linked, so that no process ever reads half
		// of it and none replaces another's.
		name := "key." + rand.Text()
		if err := root.WriteFile(name, key, 0o600); err != nil {
			return key, unusable(f.dir, err)
		}
		err = root.Link(name, "key")
		if err := root.Remove(name); err != nil {
			return key, unusable(f.dir, err)
		}
		if err != nil && !errors.Is(err, fs.ErrExist) {
			return key, unusable(f.dir, err)
		}
	}
	return key, unusable(f.dir, errors.New("the file key is damaged; remove it"))
}

// kept returns the key that the folder has.
func kept(root *os.Root) (key []byte, ok bool) {
	key, err := root.ReadFile("key")
	return key, err == nil && len(key) == keySize
}

func unusable(dir string, err error) error {
	return fail.Errorf(fail.Unavailable, "the state folder %s cannot be used: %w", dir, err).
		Then("make it a folder of yours with mode 0700, or set XDG_STATE_HOME")
}
