package claudetest

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fakeNPM puts a shell script in npm's place and points the cache folder to an empty one,
// which it returns. The script runs in the folder to install to.
func fakeNPM(t *testing.T, script string) (cache string) {
	t.Helper()
	if !supported {
		t.Skip("skipped: no shell scripts here")
	}
	home, bin := t.TempDir(), t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_CACHE_HOME", filepath.Join(home, "cache"))
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	if err := os.WriteFile(filepath.Join(bin, "npm"), []byte("#!/bin/sh\n"+script), 0o755); err != nil {
		t.Fatal(err)
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "cleat-e2e")
}

// fits is an npm that installs what is wanted, and counts its runs in HOME/runs.
const fits = `echo "$@" >> "$HOME/runs"
mkdir -p node_modules/@x/tool node_modules/@x/tool-here
echo '{"version": "1.2.3"}' > node_modules/@x/tool/package.json
echo program > node_modules/@x/tool-here/program
`

var tool = bundle{pkg: "@x/tool", version: "1.2.3", want: "@x/tool-*/program"}

// TestInstallOnce has several callers at once, and one later, run npm once.
func TestInstallOnce(t *testing.T) {
	cache := fakeNPM(t, fits)
	// What an install that was cut short leaves does not count.
	if err := os.MkdirAll(filepath.Join(cache, "x-tool-1.2.3.part", "node_modules"), 0o755); err != nil {
		t.Fatal(err)
	}
	want := filepath.Join(cache, "x-tool-1.2.3", "node_modules", "@x", "tool-here", "program")
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if got, err := tool.install(); got != want || err != nil {
				t.Errorf("install() = %q, %v, want %q", got, err, want)
			}
		})
	}
	wg.Wait()
	if got, err := tool.install(); got != want || err != nil {
		t.Errorf("second install() = %q, %v, want %q", got, err, want)
	}
	runs, err := os.ReadFile(filepath.Join(os.Getenv("HOME"), "runs"))
	if err != nil {
		t.Fatal(err)
	}
	wantRuns := "install --prefix " + filepath.Join(cache, "x-tool-1.2.3.part") + " --prefer-offline --ignore-scripts --no-audit --no-fund" +
		" --no-update-notifier --fetch-retries=1 --fetch-retry-mintimeout=1000 @x/tool@1.2.3\n"
	if diff := cmp.Diff(wantRuns, string(runs)); diff != "" {
		t.Errorf("runs of npm (-want +got):\n%s", diff)
	}
}

// TestInstallStale has an npm whose cache does not know the version yet.
func TestInstallStale(t *testing.T) {
	cache := fakeNPM(t, `case "$*" in *--prefer-offline*) mkdir stale; echo "npm error code ETARGET"; exit 1;; esac`+"\n"+fits)
	if _, err := tool.install(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(cache, "x-tool-1.2.3", "stale")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("what the first try left: %v, want nothing", err)
	}
}

// TestInstallFailure shows that a failure says why and leaves nothing behind.
func TestInstallFailure(t *testing.T) {
	for _, c := range []struct{ name, npm, want string }{
		{"no network", "echo 'npm error code ENOTFOUND' >&2\nmkdir node_modules\nexit 1\n", "exit status 1: code ENOTFOUND"},
		{"no platform package", "mkdir -p node_modules/@x/tool\n", "npm installed 0 files @x/tool-*/program"},
		{"other version", strings.Replace(fits, "1.2.3", "1.2.4", 1), "npm installed @x/tool 1.2.4, not 1.2.3"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cache := fakeNPM(t, c.npm)
			if _, err := tool.install(); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("install: %v, want %q", err, c.want)
			}
			left, err := filepath.Glob(filepath.Join(cache, "x-tool*"))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{filepath.Join(cache, "x-tool-1.2.3.lock")}, left); diff != "" {
				t.Errorf("left in the cache (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("no npm", func(t *testing.T) {
		fakeNPM(t, "")
		t.Setenv("PATH", t.TempDir())
		if _, err := tool.install(); err == nil || !strings.Contains(err.Error(), "npm is missing") {
			t.Errorf("install: %v", err)
		}
	})
}

func TestUnavailable(t *testing.T) {
	for _, c := range []struct{ required, want string }{
		{"", "skip: skipped, Claude Code is not available: npm is missing"},
		{"0", "skip: skipped, Claude Code is not available: npm is missing"},
		{"1", "fatal: Claude Code is not available, and CLEAT_E2E_REQUIRED=1 forbids skipping: npm is missing"},
	} {
		t.Setenv(Required, c.required)
		said := record(t, func(r testing.TB) { unavailable(r, "Claude Code", errors.New("npm is missing")) })
		if diff := cmp.Diff([]string{c.want}, said); diff != "" {
			t.Errorf("%s=%q (-want +got):\n%s", Required, c.required, diff)
		}
	}
}
