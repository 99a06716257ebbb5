package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func TestTrust(t *testing.T) {
	dir := t.TempDir()
	root, other := t.TempDir(), t.TempDir()
	tr := NewTrust(filepath.Join(dir, "state", "cleat"))
	content := []byte("[sources.x]\n")
	if tr.Trusted(root, ProjectFile, content) || (*Trust)(nil).Trusted(root, ProjectFile, content) {
		t.Error("trusted before anyone said so")
	}
	if _, err := os.Stat(filepath.Join(dir, "state")); err == nil {
		t.Error("a question made the state folder")
	}
	check(t, tr.Grant(root, ProjectFile, content))
	link := filepath.Join(dir, "link")
	check(t, os.Symlink(root, link))
	for _, tt := range []struct {
		root, file, content string
		want                bool
	}{
		{root, ProjectFile, "[sources.x]\n", true},
		{link, ProjectFile, "[sources.x]\n", true},
		{root + "/.", ProjectFile, "[sources.x]\n", true},
		{root, ProjectFile, "[sources.x]\n\n", false},
		{root, ProjectFile, "[sources.x]\r\n", false},
		{root, ProjectFile, "", false},
		{root, "Makefile", "[sources.x]\n", false},
		{other, ProjectFile, "[sources.x]\n", false},
		{filepath.Join(root, "gone"), ProjectFile, "[sources.x]\n", false},
	} {
		if got := tr.Trusted(tt.root, tt.file, []byte(tt.content)); got != tt.want {
			t.Errorf("Trusted(%s, %s, %q) = %t", tt.root, tt.file, tt.content, got)
		}
	}

	check(t, tr.Grant(other, ProjectFile, content))
	for i := range trustedPerFile + 4 {
		check(t, tr.Grant(root, ProjectFile, fmt.Append(nil, i)))
	}
	if tr.Trusted(root, ProjectFile, []byte("3")) || !tr.Trusted(root, ProjectFile, []byte("4")) || !tr.Trusted(other, ProjectFile, content) {
		t.Errorf("want the newest %d contents, and those of others", trustedPerFile)
	}
	check(t, tr.Revoke(root))
	if tr.Trusted(root, ProjectFile, []byte("19")) || !tr.Trusted(other, ProjectFile, content) {
		t.Error("revoking: want nothing of this repository, and the other's as before")
	}
}

func TestTrustFileIsPrivate(t *testing.T) {
	root := t.TempDir()
	content := []byte("x")
	for _, tt := range []struct {
		name string
		edit func(t *testing.T, dir, file string)
	}{
		{"writable by others", func(t *testing.T, _, file string) { check(t, os.Chmod(file, 0o666)) }},
		{"a link", func(t *testing.T, dir, file string) {
			check(t, os.Rename(file, filepath.Join(dir, "real")))
			check(t, os.Symlink("real", file))
		}},
		{"a folder", func(t *testing.T, _, file string) {
			check(t, os.Remove(file))
			check(t, os.Mkdir(file, 0o700))
		}},
		{"damaged", func(t *testing.T, _, file string) { check(t, os.Truncate(file, 40)) }},
		{"two values", func(t *testing.T, _, file string) {
			data, err := os.ReadFile(file)
			check(t, err)
			check(t, os.WriteFile(file, append(data, data...), 0o600))
		}},
		{"of the future", func(t *testing.T, _, file string) {
			data, err := os.ReadFile(file)
			check(t, err)
			check(t, os.WriteFile(file, []byte(strings.Replace(string(data), `"version": 1`, `"version": 2`, 1)), 0o600))
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			tr := NewTrust(dir)
			check(t, tr.Grant(root, ProjectFile, content))
			file := filepath.Join(dir, trustFile)
			info, err := os.Stat(file)
			check(t, err)
			if info.Mode().Perm() != 0o600 {
				t.Errorf("mode %v, want 0600", info.Mode())
			}
			tt.edit(t, dir, file)
			if tr.Trusted(root, ProjectFile, content) {
				t.Error("trusted")
			}
			if err := tr.Grant(root, ProjectFile, content); err == nil {
				t.Error("granting over it works: what it held is lost without a word")
			}
		})
	}
}

// TestTrustTogether: grants at the same time are all kept, and no temporary file
// stays.
func TestTrustTogether(t *testing.T) {
	dir := t.TempDir()
	var wg sync.WaitGroup
	roots := make([]string, 12)
	for i := range roots {
		roots[i] = t.TempDir()
		wg.Go(func() {
			if err := NewTrust(dir).Grant(roots[i], ProjectFile, []byte("x")); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, root := range roots {
		if !NewTrust(dir).Trusted(root, ProjectFile, []byte("x")) {
			t.Errorf("%s is lost", root)
		}
	}
	entries, err := os.ReadDir(dir)
	check(t, err)
	if len(entries) != 2 {
		t.Errorf("files %v, want two", entries)
	}
}
