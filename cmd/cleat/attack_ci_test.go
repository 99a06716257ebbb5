package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// ciFiles is a project whose tasks leave marks that a test looks for.
const ciFiles = "-- Makefile --\n.PHONY: mark env hang daemon\nmark:\n\t@touch ran\nenv:\n\t@env; cat; ls -l /proc/self/fd; tr '\\0' '\\n' < /proc/$$PPID/environ; echo '{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}'; exit 1\n" +
	"hang:\n\t@trap '' TERM; echo started; sleep 300 & sleep 300\ndaemon:\n\t@setsid nohup sleep 301 >/dev/null 2>&1 & echo off\n"

// TestUntrustedTasks: nothing of a repository runs before it is trusted, nor after it has
// changed, by any way.
func TestUntrustedTasks(t *testing.T) {
	t.Parallel()
	w := attacked(t, ciFiles)
	p := w.peer(t)
	ran := filepath.Join(w.dir, "ran")
	refused := func(when string) {
		t.Helper()
		for _, args := range []string{`{"task":"make mark"}`, `{"task":"mark"}`, `{"task":"make mark","args":[]}`, `{"task":"make mark","wait":0}`} {
			text, failed := p.tool("ci_run", args)
			if !failed || !strings.HasPrefix(text, "denied: ") || !strings.Contains(text, "cleat trust") {
				t.Errorf("%s, %s: %s", when, args, text)
			}
		}
		if text, code := w.run(t, "call", "ci_run", "task=make mark"); code != 1 || !strings.Contains(text, "denied: ") {
			t.Errorf("%s, command line: %s", when, text)
		}
		if _, err := os.Stat(ran); err == nil {
			t.Fatalf("%s: it ran", when)
		}
	}
	refused("before")
	w.run(t, "trust", "--yes")
	if text, failed := p.tool("ci_run", `{"task":"make mark"}`); failed || !strings.Contains(text, "passed") {
		t.Fatalf("trusted: %s", text)
	}
	if err := os.Remove(ran); err != nil {
		t.Fatalf("it did not run: %v", err)
	}
	writeFile(t, filepath.Join(w.dir, "Makefile"), []byte(ciFiles[strings.Index(ciFiles, "\n")+1:]+"\n# changed\n"))
	refused("after a change")
	writeFile(t, filepath.Join(w.dir, "Makefile"), []byte("include more.mk\n.PHONY: mark\nmark:\n\t@touch ran\n"))
	writeFile(t, filepath.Join(w.dir, "more.mk"), []byte("# nothing\n"))
	w.run(t, "trust", "--yes")
	writeFile(t, filepath.Join(w.dir, "more.mk"), []byte("SHELL = /bin/bash\n"))
	refused("after a change of what it includes")
}

// TestTaskSurroundings: a task has no secret of cleat's environment, no input, no descriptor
// of cleat's, and what it writes does not reach the protocol.
func TestTaskSurroundings(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("looks at /proc")
	}
	t.Parallel()
	const canary = "canary-battery-horse-staple-4711"
	w := attacked(t, ciFiles)
	w.env = append(w.env, "GITHUB_TOKEN="+canary, "ANTHROPIC_API_KEY="+canary, "DATABASE_URL=postgres://u:"+canary+"@h/d", "LD_PRELOAD=", "BASH_ENV=/dev/null")
	w.run(t, "trust", "--yes")
	p := w.peer(t)
	text, failed := p.tool("ci_run", `{"task":"make env"}`)
	if failed || !strings.Contains(text, "failed") {
		t.Fatalf("%s", text)
	}
	log, failed := p.tool("ci_logs", `{"op":"tail","limit":500,"budget":10000}`)
	if failed || !strings.Contains(log, "PATH=") {
		t.Fatalf("%s", log)
	}
	for _, bad := range []string{canary, "GITHUB_TOKEN", "ANTHROPIC_API_KEY", "DATABASE_URL", "BASH_ENV", "socket:", asProgram} {
		if strings.Contains(log, bad) {
			t.Errorf("the task saw %s:\n%s", bad, log)
		}
	}
	if text, failed := p.tool("ci_runs", `{}`); failed {
		t.Errorf("afterwards: %s", text)
	}
}

// TestKilledWithRun: when cleat is killed, what it ran ends within 5 s, daemons too, and the
// run is told as interrupted, never as passed.
func TestKilledWithRun(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("other systems cannot find a daemon that left its session")
	}
	t.Parallel()
	w := attacked(t, ciFiles)
	w.run(t, "trust", "--yes")
	p := w.peer(t)
	if text, failed := p.tool("ci_run", `{"task":"make hang","wait":0}`); failed {
		t.Fatalf("%s", text)
	}
	deadline := time.Now().Add(30 * time.Second)
	for {
		if text, _ := p.tool("ci_logs", `{"op":"tail"}`); strings.Contains(text, "started") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("it does not start")
		}
		time.Sleep(50 * time.Millisecond)
	}
	if n := running(t, w.dir); n == 0 {
		t.Fatal("nothing runs")
	}
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	killed := time.Now()
	for running(t, w.dir) > 0 {
		if time.Since(killed) > 20*time.Second { // 5 s on a machine that is not busy
			out, _ := exec.Command("ps", "-ef").Output()
			t.Fatalf("processes are left:\n%s", out)
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Logf("all had ended after %s", time.Since(killed))
	q := w.peer(t)
	text, failed := q.tool("ci_runs", `{"op":"get"}`)
	if failed || !strings.Contains(text, "interrupted") || strings.Contains(text, "passed") {
		t.Errorf("afterwards: %s", text)
	}
	if text, _ := q.tool("ci_run", `{"task":"make mark"}`); !strings.Contains(text, "passed") {
		t.Errorf("the next run: %s", text)
	}
}

// running counts the processes that work in the folder.
func running(t *testing.T, dir string) int {
	t.Helper()
	links, err := filepath.Glob("/proc/[0-9]*/cwd")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, l := range links {
		at, err := os.Readlink(l)
		argv, err2 := os.ReadFile(filepath.Join(filepath.Dir(l), "cmdline"))
		if err == nil && err2 == nil && at == dir && strings.Contains(string(argv), "sleep") {
			n++
		}
	}
	return n
}

// TestOneTaskTwice: of two sessions that start the same task, the second is told who runs it.
func TestOneTaskTwice(t *testing.T) {
	t.Parallel()
	w := attacked(t, "-- Makefile --\n.PHONY: slow\nslow:\n\t@sleep 60\n")
	w.run(t, "trust", "--yes")
	p, q := w.peer(t), w.peer(t)
	first, failed := p.tool("ci_run", `{"task":"make slow","wait":0}`)
	if failed {
		t.Fatal(first)
	}
	id := runID.FindString(first)
	if text, failed := q.tool("ci_run", `{"task":"make slow"}`); !failed || !strings.HasPrefix(text, "busy: ") || !strings.Contains(text, id) {
		t.Errorf("the second: %s", text)
	}
	for i, want := range []string{"canceled", "conflict: "} {
		if text, _ := q.tool("ci_run", fmt.Sprintf(`{"op":"cancel","run":%q}`, id)); !strings.Contains(text, want) {
			t.Errorf("cancel %d: %s", i, text)
		}
	}
}
