package proc_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"cleat/internal/fail"
	"cleat/internal/proc"

	"github.com/google/go-cmp/cmp"
)

func TestEnvironIsAnAllowList(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("paths and names of Unix")
	}
	in := []string{
		"PATH=:.:/usr/bin:bin:/bin:", "HOME=/home/a", "LANG=C", "LC_ALL=C.UTF-8", "TZ=UTC", "TMPDIR=/tmp",
		"USER=first", "USER=a", "XDG_CONFIG_HOME=/home/a/.config",
		"GITHUB_TOKEN=CANARY", "DATABASE_URL=CANARY", "ANTHROPIC_API_KEY=CANARY", "SSH_AUTH_SOCK=/tmp/agent",
		"GIT_DIR=/tmp/priv", "GIT_CONFIG_COUNT=1", "GIT_SSH_COMMAND=pwn", "GIT_EXEC_PATH=/tmp",
		"LD_PRELOAD=/tmp/pwn.so", "LD_LIBRARY_PATH=/tmp", "DYLD_INSERT_LIBRARIES=/tmp/pwn", "BASH_ENV=/tmp/pwn", "ENV=/tmp/pwn",
		"NODE_OPTIONS=--require=/tmp/pwn", "PYTHONSTARTUP=/tmp/pwn", "GODEBUG=execerrdot=0", "HTTPS_PROXY=http://u:CANARY@p",
		"EDITOR=pwn", "PAGER=pwn", "LOGNAME=a\x00b", "path=/tmp/evil", "PATH", "",
	}
	want := []string{"HOME=/home/a", "LANG=C", "LC_ALL=C.UTF-8", "PATH=/usr/bin:/bin", "TMPDIR=/tmp", "TZ=UTC",
		"USER=a", "XDG_CONFIG_HOME=/home/a/.config"}
	if diff := cmp.Diff(want, proc.Filter(in)); diff != "" {
		t.Errorf("Filter (-want +got):\n%s", diff)
	}
	want = append(want, "HTTPS_PROXY=http://u:CANARY@p")
	if diff := cmp.Diff(want, proc.Filter(in, "HTTPS_PROXY", "NO_PROXY")); diff != "" {
		t.Errorf("Filter with a proxy (-want +got):\n%s", diff)
	}
	t.Setenv("GITHUB_TOKEN", "CANARY")
	if env := strings.Join(proc.Environ(os.LookupEnv), "\n"); strings.Contains(env, "CANARY") || !strings.Contains(env, "PATH=") {
		t.Errorf("Environ: %s", env)
	}
}

func TestLookPassesOverTheCurrentFolder(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("names without extensions")
	}
	repo, bin := t.TempDir(), t.TempDir()
	t.Chdir(repo)
	for _, name := range []string{repo + "/prog", repo + "/other", bin + "/prog"} {
		if err := os.WriteFile(name, []byte("#!/bin/false\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(bin+"/data", []byte("text"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{".:" + bin, ":" + bin, "./:" + bin, "../" + filepath.Base(repo) + ":" + bin, bin + ":."} {
		env := []string{"PATH=" + path}
		if got, err := proc.Look("prog", env); got != bin+"/prog" || err != nil {
			t.Errorf("Look with PATH=%s: %q, %v", path, got, err)
		}
		for _, name := range []string{"other", "data", "absent", "", ".", "./other", repo + "/other"} {
			if got, err := proc.Look(name, env); fail.From(err) == nil || fail.From(err).Code != fail.Unavailable {
				t.Errorf("Look(%q) with PATH=%s: %q, %v", name, path, got, err)
			}
		}
	}
	if _, err := proc.Look("prog", nil); err == nil {
		t.Error("Look found a program without a PATH")
	}
}
