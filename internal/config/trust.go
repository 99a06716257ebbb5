package config

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"cleat/internal/lockfile"
)

const (
	trustFile = "trust.json"
	trustLock = "trust.lock"

	maxTrust       = 4 << 20 // bytes of trust.json
	trustedPerFile = 16      // contents remembered of one file, so that branches can be switched
)

// Trust remembers what the developer has approved: exact contents of files of a
// repository. It is safe for concurrent use by any number of processes.
type Trust struct{ dir string }

// NewTrust returns the trust kept in dir, the state folder. It touches nothing.
func NewTrust(dir string) *Trust { return &Trust{dir: dir} }

// trusted is the content of trust.json.
type trusted struct {
	Version int            `json:"version"`
	Entries []trustedEntry `json:"entries"`
}

type trustedEntry struct {
	Root   string `json:"root"` // absolute, without links
	File   string `json:"file"` // such as cleat.toml
	SHA256 string `json:"sha256"`
}

func newEntry(root, file string, content []byte) (trustedEntry, error) {
	abs, err := filepath.Abs(root)
	if err != nil {
		return trustedEntry{}, err
	}
	if abs, err = filepath.EvalSymlinks(abs); err != nil {
		return trustedEntry{}, err
	}
	sum := sha256.Sum256(content)
	return trustedEntry{Root: abs, File: file, SHA256: hex.EncodeToString(sum[:])}, nil
}

// Trusted reports whether exactly this content of the file of the repository at
// root has been approved. What cannot be read is not trusted. The nil *Trust trusts
// nothing.
func (t *Trust) Trusted(root, file string, content []byte) bool {
	if t == nil {
		return false
	}
	e, err := newEntry(root, file, content)
	if err != nil {
		return false
	}
	all, err := t.read()
	return err == nil && slices.Contains(all.Entries, e)
}

// Grant approves the content of the file. What it approved before stays approved, up
// to 16 contents of a file.
func (t *Trust) Grant(root, file string, content []byte) error {
	e, err := newEntry(root, file, content)
	if err != nil {
		return fmt.Errorf("trusting %s: %w", file, err)
	}
	return t.update(func(all *trusted) {
		all.Entries = slices.DeleteFunc(all.Entries, func(o trustedEntry) bool { return o == e })
		all.Entries = append(all.Entries, e)
		of := 0
		for _, o := range all.Entries {
			if o.Root == e.Root && o.File == e.File {
				of++
			}
		}
		all.Entries = slices.DeleteFunc(all.Entries, func(o trustedEntry) bool {
			old := of > trustedPerFile && o.Root == e.Root && o.File == e.File
			if old {
				of--
			}
			return old
		})
	})
}

// Revoke forgets everything approved for the repository at root.
func (t *Trust) Revoke(root string) error {
	e, err := newEntry(root, "", nil)
	if err != nil {
		return fmt.Errorf("revoking trust: %w", err)
	}
	return t.update(func(all *trusted) {
		all.Entries = slices.DeleteFunc(all.Entries, func(o trustedEntry) bool { return o.Root == e.Root })
	})
}

func (t *Trust) read() (trusted, error) {
	var all trusted
	f, err := os.OpenFile(filepath.Join(t.dir, trustFile), os.O_RDONLY|openFlags|noFollow, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return all, nil
	}
	if err != nil {
		return all, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return all, err
	}
	if !info.Mode().IsRegular() || !ownedBy(info, os.Geteuid()) || writableByOthers(info) {
		return all, fmt.Errorf("%s is not a file that only its user can write", f.Name())
	}
	data, err := io.ReadAll(io.LimitReader(f, maxTrust+1))
	if err != nil {
		return all, err
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&all); err != nil || len(data) > maxTrust || d.More() || all.Version != 1 {
		return trusted{}, fmt.Errorf("%s is damaged; remove it, then trust again", f.Name())
	}
	return all, nil
}

// update changes trust.json under the lock: readers see the old or the new one.
func (t *Trust) update(change func(*trusted)) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("updating trust: %w", err)
		}
	}()
	if err := os.MkdirAll(t.dir, 0o700); err != nil {
		return err
	}
	lock, err := os.OpenFile(filepath.Join(t.dir, trustLock), os.O_RDWR|os.O_CREATE|openFlags|noFollow, 0o600)
	if err != nil {
		return err
	}
	defer lock.Close() // which unlocks
	if err := lockfile.Wait(context.Background(), lock, 20*time.Millisecond); err != nil {
		return err
	}
	all, err := t.read()
	if err != nil {
		return err
	}
	all.Version = 1
	change(&all)
	data, err := json.MarshalIndent(all, "", "\t")
	if err != nil {
		return err
	}
	return replaceFile(t.dir, trustFile, append(data, '\n'))
}

// replaceFile puts data in the place of the file name, durably and at once.
func replaceFile(dir, name string, data []byte) error {
	temp := filepath.Join(dir, name+"."+rand.Text())
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer os.Remove(temp) // gone after the rename
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Rename(temp, filepath.Join(dir, name)); err != nil {
		return err
	}
	return syncDir(dir)
}
