package claudetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// The versions that are driven. Another version may behave in another way, so that a
// change here is a change to what the tests show.
const (
	ClaudeVersion    = "2.1.330"
	InspectorVersion = "2.12.0"
	nodeVersion      = "22.23.3" // the inspector wants 22, which few systems have
)

// installLimit bounds the install of one package with what it depends on; the largest
// takes 365 MB. Two that pass it still fit into the ten minutes of go test.
const installLimit = 4 * time.Minute

// CLI is an installed Claude Code.
type CLI struct {
	Path string // the native binary, called claude
}

// Install returns Claude Code, installed from npm into the user's cache folder if it is
// not there. Any number of processes may call it at once. Where it cannot be had, or
// with -short, the test is skipped, or fails if Required is set.
func Install(t testing.TB) CLI {
	t.Helper()
	path, err := ready(installedClaude)
	if err != nil {
		unavailable(t, "Claude Code "+ClaudeVersion, err)
	}
	return CLI{Path: path}
}

// Inspector is an installed MCP Inspector.
type Inspector struct {
	node, script string
}

// InstallInspector returns the MCP Inspector, installed like Claude Code by Install,
// together with a Node to run it.
func InstallInspector(t testing.TB) Inspector {
	t.Helper()
	i, err := ready(installedInspector)
	if err != nil {
		unavailable(t, "MCP Inspector "+InspectorVersion, err)
	}
	return i
}

// ready calls install unless the test run rules it out.
func ready[T any](install func() (T, error)) (T, error) {
	var none T
	if testing.Short() && os.Getenv(Required) != "1" {
		return none, errors.New("-short leaves real clients out")
	}
	if !supported {
		return none, errors.New("the tests with real clients do not run on " + runtime.GOOS)
	}
	return install()
}

// installedClaude and installedInspector try once for each process, so that a machine
// without a network waits only once.
var (
	installedClaude = sync.OnceValues(func() (string, error) {
		return bundle{
			pkg: "@anthropic-ai/claude-code", version: ClaudeVersion,
			// The binary is in a package of its own for each platform, of which npm
			// installs the one that fits.
			want: "@anthropic-ai/claude-code-*/claude",
		}.install()
	})
	installedInspector = sync.OnceValues(func() (Inspector, error) {
		arch := map[string]string{"amd64": "x64"}[runtime.GOARCH]
		if arch == "" {
			arch = runtime.GOARCH
		}
		name := "node-" + runtime.GOOS + "-" + arch
		node, err := bundle{pkg: name, version: nodeVersion, want: name + "/bin/node"}.install()
		if err != nil {
			return Inspector{}, err
		}
		script, err := bundle{
			pkg: "@modelcontextprotocol/inspector", version: InspectorVersion,
			path: filepath.Dir(node),
			want: "@modelcontextprotocol/inspector/clients/launcher/build/index.js",
		}.install()
		return Inspector{node: node, script: script}, err
	})
)

// A bundle is an npm package in a folder of its own, with what it depends on.
type bundle struct {
	pkg, version string
	want         string // pattern under node_modules of the one file that is needed
	path         string // folder to put before PATH while installing
}

// install returns the wanted file of b, which it installs if it is not there. A folder
// under its final name is complete; an install that was cut short leaves another.
func (b bundle) install() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	cache = filepath.Join(cache, "cleat-e2e")
	name := strings.NewReplacer("@", "", "/", "-").Replace(b.pkg) + "-" + b.version
	dir := filepath.Join(cache, name)
	if file, err := b.find(dir); err == nil {
		return file, nil
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", err
	}
	unlock, err := lock(filepath.Join(cache, name+".lock"))
	if err != nil {
		return "", err
	}
	defer unlock()
	if file, err := b.find(dir); err == nil {
		return file, nil // another process was quicker
	}
	part := dir + ".part"
	if err := os.RemoveAll(dir); err != nil {
		return "", err
	}
	if err := b.fetch(part); err != nil {
		return "", errors.Join(err, os.RemoveAll(part))
	}
	if err := os.Rename(part, dir); err != nil {
		return "", err
	}
	return b.find(dir)
}

// find returns the wanted file of b under dir, after a look at its version.
func (b bundle) find(dir string) (string, error) {
	found, err := filepath.Glob(filepath.Join(dir, "node_modules", b.want))
	if err != nil {
		return "", err
	}
	if len(found) != 1 {
		return "", fmt.Errorf("npm installed %d files %s, not 1", len(found), b.want)
	}
	data, err := os.ReadFile(filepath.Join(dir, "node_modules", b.pkg, "package.json"))
	if err != nil {
		return "", err
	}
	var manifest struct{ Version string }
	if err := json.Unmarshal(data, &manifest); err != nil {
		return "", err
	}
	if manifest.Version != b.version {
		return "", fmt.Errorf("npm installed %s %s, not %s", b.pkg, manifest.Version, b.version)
	}
	return found[0], nil
}

// fetch installs b in dir. npm's own cache comes first: it may have all, which saves the
// network and, without one, minutes. What it knows may also be too old for the version.
func (b bundle) fetch(dir string) error {
	if _, err := exec.LookPath("npm"); err != nil {
		return errors.New("npm is missing")
	}
	ctx, cancel := context.WithTimeout(context.Background(), installLimit)
	defer cancel()
	var err error
	for _, prefer := range []string{"--prefer-offline", "--prefer-online"} {
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		if err = b.npm(ctx, dir, prefer); err == nil {
			_, err = b.find(dir)
		}
		if err == nil || ctx.Err() != nil {
			break
		}
	}
	return err
}

// npm runs npm to install b in dir, without running any script of a package.
func (b bundle) npm(ctx context.Context, dir, prefer string) error {
	cmd := exec.CommandContext(ctx, "npm", "install", "--prefix", dir, prefer,
		"--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier",
		"--fetch-retries=1", "--fetch-retry-mintimeout=1000", b.pkg+"@"+b.version)
	cmd.Dir = dir
	cmd.Env = os.Environ()
	if b.path != "" {
		cmd.Env = append(cmd.Env, "PATH="+b.path+string(filepath.ListSeparator)+os.Getenv("PATH"))
	}
	cmd.WaitDelay = 5 * time.Second
	out, err := cmd.CombinedOutput()
	if ctx.Err() != nil {
		err = fmt.Errorf("not done after %s", installLimit)
	}
	if err != nil {
		return fmt.Errorf("npm install %s@%s: %w: %s", b.pkg, b.version, err, complaint(string(out)))
	}
	return nil
}

// complaint returns the lines in which npm says what went wrong, on one line.
func complaint(out string) string {
	var lines []string
	for line := range strings.Lines(out) {
		text, ok := strings.CutPrefix(strings.TrimSpace(line), "npm error ")
		if ok && !strings.Contains(text, "complete log of this run") {
			lines = append(lines, text)
		}
	}
	if len(lines) == 0 {
		return strings.TrimSpace(tail(out, 300))
	}
	return strings.Join(lines[:min(len(lines), 4)], "; ")
}
