package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"cleat/internal/gouses"
)

const refsOfM = `{"mode":"refs","pattern":"T.M"}`

// Uses are told by types in a process of its own. Where that dies, they are told by name,
// the answer says so, and cleat goes on.
func TestWorkerDies(t *testing.T) {
	t.Parallel()
	w := attacked(t, module)
	p := w.peer(t)
	text, failed := p.tool("code_search", refsOfM)
	if failed || !strings.Contains(text, "(by types)") || !strings.Contains(text, "t.M()") || strings.Contains(text, "u.M()") {
		t.Errorf("by types:\n%s", text)
	}
	// The parser recurses into it before anything can measure how deep it is.
	const levels = 90_000
	w.write(t, "deep.go", "package m\n\nvar _ = "+strings.Repeat("func() {", levels)+" T{}.M() "+strings.Repeat("}", levels)+"\n")
	text, failed = p.tool("code_search", refsOfM)
	if failed || !strings.Contains(text, "by name") || !strings.Contains(text, "the type check ended early (its stack grew too large)") ||
		!strings.Contains(text, "u.M()") {
		t.Errorf("by name:\n%.2000s", text)
	}
	if !strings.Contains(p.stderr.String(), "goroutine stack exceeds") || strings.Count(p.stderr.String(), "\n") > 1 {
		t.Errorf("the log is to have the first line of the worker's:\n%.2000s", p.stderr.String())
	}
	if err := os.Remove(filepath.Join(w.dir, "deep.go")); err != nil {
		t.Fatal(err)
	}
	if text, failed = p.tool("code_search", refsOfM); failed || !strings.Contains(text, "(by types)") {
		t.Errorf("afterwards:\n%s", text)
	}
	for _, pid := range childrenOf(t, p.cmd.Process.Pid) {
		if isWorker(pid) || stateOf(pid) == "Z" {
			t.Errorf("the child %d is left in state %s", pid, stateOf(pid))
		}
	}
	if code := p.end(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// A worker that is killed is told of, and one of a cleat that is killed dies with it. It has
// its limits, and no variable that is not for children.
func TestWorkerKilled(t *testing.T) {
	t.Parallel()
	w := attacked(t, module)
	body := strings.Repeat("\tt.M()\n\tfor range 3 {\n\t\tt.M()\n\t}\n", 90_000)
	for i := range 3 {
		w.write(t, fmt.Sprintf("long%d.go", i), fmt.Sprintf("package m\n\nfunc f%d(t T) {\n%s}\n", i, body))
	}
	w.env = append(w.env, "GITHUB_TOKEN=not-for-children")
	p := w.peer(t)
	id := p.request("tools/call", `{"name":"code_search","arguments":`+refsOfM+`}`)
	pid := stopped(t, p.cmd.Process.Pid)
	for name, want := range map[string]string{"Max cpu time": "60", "Max core file size": "0", "Max open files": "16"} {
		if cur, most := limitOf(t, pid, name); cur != want || most != want {
			t.Errorf("%s: %s, %s", name, cur, most)
		}
	}
	if cur, most := limitOf(t, pid, "Max address space"); cur == "unlimited" || cur != most {
		t.Errorf("address space: %s, %s", cur, most)
	}
	env, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	if err != nil {
		t.Fatal(err)
	}
	if s := string(env); strings.Contains(s, asProgram) || strings.Contains(s, "not-for-children") || !strings.Contains(s, "GOTRACEBACK=none") {
		t.Errorf("the environment of the worker is %q", s)
	}
	sendSignal(t, pid, syscall.SIGKILL)
	text, failed := told(t, p.await(id))
	if failed || !strings.Contains(text, "the type check ended early (SIGKILL") {
		t.Errorf("after the worker was killed:\n%.2000s", text)
	}
	p.request("tools/call", `{"name":"code_search","arguments":`+refsOfM+`}`)
	pid = stopped(t, p.cmd.Process.Pid)
	sendSignal(t, p.cmd.Process.Pid, syscall.SIGKILL)
	await(t, "the worker has ended", func() bool { return !isWorker(pid) })
	p.exit()
}

func TestWorkerTerminal(t *testing.T) {
	f, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("no terminal: %v", err)
	}
	defer f.Close()
	var out, errs strings.Builder
	p := &program{stdin: f, stdout: &out, stderr: &errs}
	if code := p.run([]string{"worker", gouses.WorkerName}); code != exitUsage || out.Len() > 0 || !strings.Contains(errs.String(), "terminal") {
		t.Errorf("exit code %d, stdout %q, stderr %q", code, out.String(), errs.String())
	}
}

// What a worker has too much of ends it.
func TestWorkerLimits(t *testing.T) {
	notUnderRace(t)
	t.Parallel()
	for what, want := range map[string]string{"memory": "\n" + outOfMemory + "\n", "space": "runtime: " + outOfMemory + ": cannot allocate",
		"stack": "goroutine stack exceeds", "files": "too many open files"} {
		cmd := exec.Command(os.Args[0])
		cmd.Env = []string{limitedEnv + "=" + what, "GOTRACEBACK=none"}
		var errs strings.Builder
		cmd.Stderr = &errs
		out, err := cmd.Output()
		if err == nil || cmd.ProcessState == nil || len(out) > 0 || !strings.Contains("\n"+errs.String(), want) {
			t.Errorf("%s: %v, stdout %q, stderr %.500q", what, err, out, errs.String())
		}
	}
}

// stopped awaits the worker of a process that is at work, and stops it.
func stopped(t *testing.T, parent int) int {
	t.Helper()
	found := 0
	await(t, "there is a worker", func() bool {
		for _, pid := range childrenOf(t, parent) {
			// It has read its input, or is at it, when its limits are there.
			if cur, _ := limitOf(t, pid, "Max open files"); cur == strconv.Itoa(workerFiles) && isWorker(pid) {
				found = pid
			}
		}
		return found != 0
	})
	sendSignal(t, found, syscall.SIGSTOP)
	await(t, "the worker has stopped", func() bool { return stateOf(found) == "T" })
	return found
}

// await calls is until it is true, for at most a minute.
func await(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within a minute: %s", what)
		}
	}
}

func sendSignal(t *testing.T, pid int, sig syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(pid, sig); err != nil {
		t.Fatal(err)
	}
}

// status returns the fields of /proc/PID/stat that follow the name, none if it is gone.
func status(pid int) []string {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil
	}
	_, rest, _ := strings.Cut(string(data), ") ")
	return strings.Fields(rest)
}

func stateOf(pid int) string { return slices.Concat(status(pid), []string{""})[0] }

// childrenOf returns the children of a process, also those that have not been reaped.
func childrenOf(t *testing.T, parent int) []int {
	t.Helper()
	dirs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	var out []int
	for _, dir := range dirs {
		pid, err := strconv.Atoi(filepath.Base(dir))
		if s := status(pid); err == nil && len(s) > 1 && s[1] == strconv.Itoa(parent) {
			out = append(out, pid)
		}
	}
	return out
}

func isWorker(pid int) bool {
	args, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	return err == nil && strings.Contains(string(args), "\x00worker\x00"+gouses.WorkerName) && stateOf(pid) != "Z"
}

// limitOf returns the soft and the hard limit of a process, in the words of the kernel.
func limitOf(t *testing.T, pid int, name string) (cur, most string) {
	t.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", pid))
	if err != nil {
		return "", ""
	}
	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(line, name); ok {
			f := strings.Fields(rest)
			return f[0], f[1]
		}
	}
	return "", ""
}
