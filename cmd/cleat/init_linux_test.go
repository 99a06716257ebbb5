package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// On a terminal, init asks; only a yes runs claude.
func TestInitOnTerminal(t *testing.T) {
	for _, c := range []struct {
		answer string
		runs   bool
	}{{"y\n", true}, {"Yes\n", true}, {"\n", false}, {"n\n", false}, {"\x04", false}} {
		t.Run(fmt.Sprintf("%q", c.answer), func(t *testing.T) {
			l := newPlace(t)
			l.claude(t, "Added", "0")
			ours, theirs := terminal(t)
			l.p.stdin = theirs
			if _, err := ours.WriteString(c.answer); err != nil {
				t.Fatal(err)
			}
			code, out, stderr := l.run("init")
			if code != 0 || (l.called(t) != "") != c.runs {
				t.Errorf("exit %d, claude called %q\n%s", code, l.called(t), stderr)
			}
			wantAll(t, "stdout", out, "Run it now? [y/N] ")
		})
	}
}

// terminal returns the two ends of a pseudo-terminal.
func terminal(t *testing.T) (ours, theirs *os.File) {
	t.Helper()
	ours, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no pseudo-terminals here: %v", err)
	}
	t.Cleanup(func() { ours.Close() })
	if err := unix.IoctlSetPointerInt(int(ours.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(ours.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no pseudo-terminals here: %v", err)
	}
	t.Cleanup(func() { theirs.Close() })
	return ours, theirs
}

// In a folder that the user may not write, the settings stay and the message says why.
func TestSettingsReadOnly(t *testing.T) {
	for _, c := range []struct{ name, existing, want string }{
		{"no folder", "", "the folder .claude cannot be made: permission denied"},
		{"no file", settingsDir + "/other", ".claude/settings.local.json cannot be written: permission denied"},
		{"a file", settingsDir + "/" + settingsFile, ".claude/settings.local.json cannot be written: permission denied"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			if c.existing != "" {
				writeFile(t, filepath.Join(dir, c.existing), []byte("{}"))
			}
			before := treeOf(t, dir)
			root, err := os.OpenRoot(dir)
			if err != nil {
				t.Fatal(err)
			}
			defer root.Close()
			unprivileged(t, dir, func() { _, err = allowTools(root, []string{"mcp__cleat__read"}, false) })
			if err == nil {
				t.Fatal("written")
			}
			what, mend := reason(err)
			wantAll(t, "error", what, c.want, "nothing was changed")
			wantAll(t, "mend", mend, "writable for you")
			if after := treeOf(t, dir); len(after) != len(before) {
				t.Errorf("left are %v", after)
			}
		})
	}
	t.Run("unreadable", func(t *testing.T) {
		dir := t.TempDir()
		writeFile(t, filepath.Join(dir, settingsDir, settingsFile), []byte("{}"))
		if err := os.Chmod(filepath.Join(dir, settingsDir, settingsFile), 0); err != nil {
			t.Fatal(err)
		}
		root, err := os.OpenRoot(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer root.Close()
		unprivileged(t, dir, func() { _, err = allowTools(root, []string{"mcp__cleat__read"}, false) })
		if err == nil || !strings.Contains(err.Error(), "cannot be read: permission denied") {
			t.Errorf("got %v", err)
		}
	})
}

// unprivileged runs f where it may not write below dir. Root could write anywhere, so f then
// runs with the file rights of a user who owns nothing, on a thread that is given up.
func unprivileged(t *testing.T, dir string, f func()) {
	t.Helper()
	if os.Getuid() != 0 {
		for _, d := range []string{filepath.Join(dir, settingsDir), dir} {
			if err := os.Chmod(d, 0o555); err != nil && !os.IsNotExist(err) {
				t.Fatal(err)
			}
			t.Cleanup(func() { os.Chmod(d, 0o755) }) // so that it can be removed
		}
		f()
		return
	}
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlock: the thread ends with the goroutine
		err := syscall.Setfsuid(65534)
		if err == nil {
			f()
		}
		done <- err
	}()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

// FIFOs keep nobody waiting.
func TestInitFIFOs(t *testing.T) {
	l := newPlace(t)
	l.claude(t, "Added", "0")
	if err := os.Mkdir(filepath.Join(l.dir, settingsDir), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{l.settings(), l.dir + "/.env", l.dir + "/compose.yaml", l.dir + "/.mcp.json", l.home + "/.claude.json"} {
		if err := unix.Mkfifo(name, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	code, _, stderr := l.run("init")
	if code != 1 {
		t.Errorf("exit %d", code)
	}
	wantAll(t, "stderr", stderr, "settings.local.json is not a regular file", ".claude.json cannot be read: it is not a regular file",
		".mcp.json cannot be read: it is not a regular file")
}
