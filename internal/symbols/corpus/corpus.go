// Package corpus brings public source code of fixed versions to tests that compare what
// cleat finds in it with what others, or people, have found.
//
// It is fetched by the ordinary clients, go and npm, from wherever they are set up to get
// packages, by name and version, and kept in the user's cache folder. Where it cannot be had, or with
// -short, the test is skipped with the reason; where the environment says Required=1 it fails.
package corpus

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Required is the variable of the environment that makes missing sources a failure.
const Required = "CLEAT_E2E_REQUIRED"

const (
	fetchLimit = 3 * time.Minute // for one package
	maxPacked  = 200 << 20       // bytes of an npm package, and of one file in it
)

// Module returns the folder of a Go module at a version, without the modules that it
// depends on.
func Module(t testing.TB, path, version string) string {
	t.Helper()
	dir, err := ready(t, func(ctx context.Context) (string, error) { return module(ctx, path, version) })
	if err != nil {
		missing(t, "the Go module "+path+" "+version, err)
	}
	return dir
}

// Package returns the folder of what the npm package name has in it at a version, without
// the packages that it depends on. None of its scripts runs.
func Package(t testing.TB, name, version string) string {
	t.Helper()
	dir, err := ready(t, func(ctx context.Context) (string, error) { return npm(ctx, name, version) })
	if err != nil {
		missing(t, "the npm package "+name+" "+version, err)
	}
	return dir
}

func ready(t testing.TB, fetch func(context.Context) (string, error)) (string, error) {
	if testing.Short() && os.Getenv(Required) != "1" {
		return "", errors.New("-short leaves what must be fetched out")
	}
	ctx, cancel := context.WithTimeout(t.Context(), fetchLimit)
	defer cancel()
	return fetch(ctx)
}

func missing(t testing.TB, what string, err error) {
	t.Helper()
	if os.Getenv(Required) == "1" {
		t.Fatalf("%s is required: %v", what, err)
	}
	t.Skipf("%s cannot be had here: %v", what, err)
}

// module has the go command put a module into its cache, in a folder outside any other.
func module(ctx context.Context, path, version string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "mod", "download", "-json", path+"@"+version)
	cmd.Dir = os.TempDir()
	cmd.Env = append(os.Environ(), "GOFLAGS=", "GO111MODULE=on", "GOWORK=off")
	out, err := run(cmd)
	var m struct{ Dir, Error string }
	if e := json.Unmarshal(out, &m); e == nil && m.Error != "" {
		return "", errors.New(m.Error)
	}
	if err != nil {
		return "", err
	}
	if m.Dir == "" {
		return "", errors.New("go mod download names no folder")
	}
	return m.Dir, nil
}

func run(cmd *exec.Cmd) ([]byte, error) {
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Run(); err != nil {
		text := strings.TrimSpace(complaint.String())
		return out.Bytes(), fmt.Errorf("%s: %w: %s", filepath.Base(cmd.Path), err, text[max(0, len(text)-300):])
	}
	return out.Bytes(), nil
}

// npm has npm pack a package, and unpacks it. A folder under its final name is complete.
func npm(ctx context.Context, name, version string) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	cache = filepath.Join(cache, "cleat-corpus")
	dir := filepath.Join(cache, strings.NewReplacer("@", "", "/", "-").Replace(name)+"-"+version)
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", err
	}
	part, err := os.MkdirTemp(cache, "part-")
	if err != nil {
		return "", err
	}
	err = func() error {
		cmd := exec.CommandContext(ctx, "npm", "pack", "--silent", "--ignore-scripts", "--pack-destination", part, name+"@"+version)
		cmd.Dir = part
		if _, err := run(cmd); err != nil {
			return err
		}
		packed, err := filepath.Glob(filepath.Join(part, "*.tgz"))
		if err != nil || len(packed) != 1 {
			return fmt.Errorf("npm packed %d files, not 1 (%v)", len(packed), err)
		}
		if err := unpack(packed[0], filepath.Join(part, "package")); err != nil {
			return err
		}
		err = os.Rename(filepath.Join(part, "package"), dir)
		if _, there := os.Stat(dir); there == nil {
			return nil // here or by another process
		}
		return err
	}()
	if err = errors.Join(err, os.RemoveAll(part)); err != nil {
		return "", err
	}
	return dir, nil
}

// unpack writes the regular files of a package, all of which are in one folder, below dir.
func unpack(packed, dir string) error {
	f, err := os.Open(packed)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	defer z.Close()
	for tr := tar.NewReader(z); ; {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		_, name, ok := strings.Cut(h.Name, "/")
		if h.Typeflag != tar.TypeReg || !ok || name == "" {
			continue
		}
		if err := write(root, filepath.FromSlash(name), io.LimitReader(tr, maxPacked)); err != nil {
			return err
		}
	}
}

func write(root *os.Root, name string, r io.Reader) error {
	if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	f, err := root.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	return errors.Join(err, f.Close())
}
