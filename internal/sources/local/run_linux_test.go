package local

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cleat/internal/fail"
	"cleat/internal/size"
	"cleat/internal/systems/ci"
)

var (
	_ ci.Runner  = (*Source)(nil)
	_ ci.Starter = (*Source)(nil)
	_ ci.Planner = (*Source)(nil)
)

func newMark() string { return "mark-" + rand.Text() }

func TestRunAndRestart(t *testing.T) {
	w := newWorld(t, map[string][]string{
		"pass": command(t, "say", "0", "all is well\n"),
		"fail": command(t, "say", "3", "no newline"),
		"kill": {"sh", "-c", "echo dying; kill -SEGV $$"},
	})
	w.options.Branch = func(context.Context) (string, string, error) { return "main", strings.Repeat("a", 40), nil }
	w.options.Dirty = func(context.Context) (bool, error) { return true, nil }
	s := w.open(t)
	began := time.Now()
	type outcome struct {
		Status ci.Status
		Exit   int
		Reason string
		Log    string
	}
	got := map[string]outcome{}
	var ids []string
	for _, task := range []string{"pass", "fail", "kill"} {
		first := start(t, s, task)
		if first.Status != ci.Running || first.Task != task || len(first.Jobs) != 1 || first.Event != "local" {
			t.Errorf("Start returned %+v", first)
		}
		run := ended(t, s, first.ID)
		o := outcome{Status: run.Status, Exit: -1, Reason: run.Jobs[0].Reason, Log: logOf(t, s, run)}
		if run.Jobs[0].Exit != nil {
			o.Exit = *run.Jobs[0].Exit
		}
		got[task] = o
		if run.Branch != "main" || run.Commit != strings.Repeat("a", 40) || !strings.Contains(strings.Join(run.Notes, "\n"), "dirty") {
			t.Errorf("%s: %q %q %q", task, run.Branch, run.Commit, run.Notes)
		}
		if run.Started.Before(began.Add(-time.Second)) || run.Finished.Before(run.Started) {
			t.Errorf("%s: from %v to %v", task, run.Started, run.Finished)
		}
		ids = append([]string{run.ID}, ids...)
	}
	want := map[string]outcome{
		"pass": {ci.Passed, 0, "", "all is well\n"},
		"fail": {ci.Failed, 3, "exit status 3", "no newline"},
		"kill": {ci.Failed, -1, "ended by SIGSEGV", "dying\n"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}

	// Nobody else may read what is kept.
	err := filepath.WalkDir(w.state, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil && name != w.state && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", d.Name(), info.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}

	again := w.open(t) // another cleat on the same state
	runs, err := again.Runs(t.Context(), ci.Query{})
	if err != nil {
		t.Fatal(err)
	}
	var listed []string
	for _, r := range runs.Runs {
		listed = append(listed, r.ID)
	}
	if diff := cmp.Diff(ids, listed); diff != "" {
		t.Errorf("runs after a restart (-want +got):\n%s", diff)
	}
	for _, tt := range []struct {
		name string
		q    ci.Query
		want int
	}{
		{"branch", ci.Query{Branch: "main"}, 3},
		{"other branch", ci.Query{Branch: "x"}, 0},
		{"commit", ci.Query{Commit: strings.Repeat("a", 40)}, 3},
		{"pull request", ci.Query{PR: "1"}, 0},
		{"status", ci.Query{Status: ci.Failed}, 2},
		{"task", ci.Query{Task: "pass", Status: ci.Passed}, 1},
		{"limit", ci.Query{Limit: 2}, 2},
		{"page", ci.Query{Limit: 2, Cursor: ids[1]}, 1},
	} {
		runs, err := again.Runs(t.Context(), tt.q)
		if err != nil || len(runs.Runs) != tt.want {
			t.Errorf("%s: %d runs, %v, want %d", tt.name, len(runs.Runs), err, tt.want)
		} else if more := tt.name == "limit"; more != (runs.Cursor != "") {
			t.Errorf("%s: cursor %q", tt.name, runs.Cursor)
		}
	}
	rerun, err := again.Rerun(t.Context(), ids[0])
	if err != nil {
		t.Fatal(err)
	}
	if run := ended(t, again, rerun.ID); run.Task != "kill" || run.Status != ci.Failed {
		t.Errorf("Rerun: %+v", run)
	}
}

// CI-01, CI-02: what is not declared does not run, and leaves nothing.
func TestRefused(t *testing.T) {
	w := newWorld(t, map[string][]string{"test": command(t, "say", "0", "x")})
	s := w.open(t)
	for _, tt := range []struct {
		name  string
		start ci.Start
		want  fail.Code
	}{
		{"a shell's line", ci.Start{Task: "test; touch x"}, fail.NotFound},
		{"a path", ci.Start{Task: "../../bin/sh"}, fail.NotFound},
		{"an absolute path", ci.Start{Task: "/bin/sh"}, fail.NotFound},
		{"undeclared", ci.Start{Task: "deploy"}, fail.NotFound},
		{"arguments", ci.Start{Task: "test", Args: []string{"-exec=touch"}}, fail.Invalid},
		{"inputs", ci.Start{Task: "test", Inputs: map[string]string{"a": "b"}}, fail.Invalid},
		{"another branch", ci.Start{Task: "test", Branch: "other"}, fail.Unsupported},
	} {
		_, err := s.Start(t.Context(), tt.start)
		if got := fail.From(err); got == nil || got.Code != tt.want {
			t.Errorf("%s: %v, want %s", tt.name, err, tt.want)
		}
		if _, perr := s.Plan(t.Context(), tt.start); perr == nil {
			t.Errorf("%s: it was planned", tt.name)
		}
	}
	for _, id := range []string{"", "x", "../..", "260102-030405-aaaaa", "locks", strings.Repeat("a", 1000), "260102-030405-aaa\x1b["} {
		_, err := s.Run(t.Context(), id)
		wantCode(t, err, fail.NotFound)
		_, err = s.Cancel(t.Context(), id)
		wantCode(t, err, fail.NotFound)
		_, err = s.Rerun(t.Context(), id)
		wantCode(t, err, fail.NotFound)
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Start(canceled, ci.Start{Task: "test"}); !errors.Is(err, context.Canceled) {
		t.Errorf("Start with a context that has ended: %v", err)
	}
	if w.hasRuns(t) {
		t.Error("something was left behind")
	}
	if run, err := s.Plan(t.Context(), ci.Start{Task: "test"}); err != nil || run.ID != "" || len(run.Argv) != 5 {
		t.Errorf("Plan: %+v, %v", run, err)
	}
}

func TestCannotBeStarted(t *testing.T) {
	w := newWorld(t, map[string][]string{
		"absent":    {"no-such-program-of-cleat"},
		"gone":      {"./tool.sh"},
		"shebang":   {"./noshebang"},
		"link":      {"./out"},
		"plain":     {"./plain"},
		"directory": {"./dir"},
		"dots":      {"./../escape"},
	})
	files := map[string]os.FileMode{"noshebang": 0o755, "plain": 0o644}
	for name, mode := range files {
		if err := os.WriteFile(filepath.Join(w.root, name), []byte("echo hello\n"), mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("/bin/true", filepath.Join(w.root, "out")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(w.root, "dir"), 0o755); err != nil {
		t.Fatal(err)
	}
	s := w.open(t)
	for task, want := range map[string]fail.Code{
		"absent": fail.Unavailable, "gone": fail.NotFound, "shebang": fail.Unavailable, "link": fail.NotFound,
		"plain": fail.Unavailable, "directory": fail.NotFound, "dots": fail.NotFound,
	} {
		_, err := s.Start(t.Context(), ci.Start{Task: task})
		if got := fail.From(err); got == nil || got.Code != want {
			t.Errorf("%s: %v, want %s", task, err, want)
		}
	}
	if w.hasRuns(t) {
		t.Error("something was left behind")
	}
}

// CI-05, CI-08, CI-09: what a task gets of the process around it.
func TestEnvironment(t *testing.T) {
	w := newWorld(t, map[string][]string{
		"env": {"sh", "-c", "env; echo ---; tr '\\0' '\\n' < /proc/$PPID/environ; pwd; ulimit -c"},
		"cat": {"cat"},
		"rpc": command(t, "say", "0", `{"jsonrpc":"2.0","id":1,"result":{}}`+"\n"),
		"tty": {"sh", "-c", "exec 3<>/dev/tty"},
	})
	w.config.Env = []string{"WANTED", "ABSENT"}
	t.Setenv("GITHUB_TOKEN", "CANARY-1")
	t.Setenv("DATABASE_URL", "CANARY-2")
	t.Setenv("ANTHROPIC_API_KEY", "CANARY-3")
	t.Setenv("WANTED", "as configured")
	s := w.open(t)
	run, log := done(t, s, "env")
	if run.Status != ci.Passed || strings.Contains(log, "CANARY") {
		t.Errorf("%s:\n%s", run.Status, log)
	}
	task, parent, _ := strings.Cut(log, "---\n")
	for _, want := range []string{"CI=true\n", "TERM=dumb\n", "NO_COLOR=1\n", "WANTED=as configured\n", "PWD=" + s.root + "\n", "PATH=/"} {
		if !strings.Contains(task, want) {
			t.Errorf("the environment lacks %q:\n%s", want, task)
		}
	}
	if strings.Contains(task, "ABSENT") || strings.Contains(parent, "WANTED") || !strings.Contains(parent, "PATH=") {
		t.Errorf("the environments:\n%s", log)
	}
	if !strings.HasSuffix(log, s.root+"\n0\n") {
		t.Errorf("folder and limit on core dumps: %q", log[max(0, len(log)-100):])
	}
	if run, log := done(t, s, "cat"); run.Status != ci.Passed || log != "" {
		t.Errorf("cat: %s %q", run.Status, log)
	}
	if _, log := done(t, s, "rpc"); log != `{"jsonrpc":"2.0","id":1,"result":{}}`+"\n" {
		t.Errorf("rpc: %q", log)
	}
	if run, log := done(t, s, "tty"); run.Status != ci.Failed {
		t.Errorf("a task has a terminal: %s %q", run.Status, log)
	}
}

// startAnother starts another cleat that runs the task, with descriptors 3 to 20 open, and
// returns it with the run.
func (w *world) startAnother(t *testing.T, task string, argv []string) (*exec.Cmd, string) {
	t.Helper()
	cmd := exec.Command(executable(t), append([]string{"play", "cleat", w.state, w.root, task}, argv...)...)
	secret, err := os.Create(filepath.Join(t.TempDir(), "inherited"))
	if err != nil {
		t.Fatal(err)
	}
	defer secret.Close()
	for range 18 {
		cmd.ExtraFiles = append(cmd.ExtraFiles, secret)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have been by the test
		_ = cmd.Wait()
		if info, err := os.Stat(secret.Name()); err != nil || info.Size() > 0 {
			t.Errorf("a task wrote to a descriptor of cleat's: %v, %v", info, err)
		}
	})
	lines := bufio.NewScanner(out)
	if !lines.Scan() || !isID(lines.Text()) {
		t.Fatalf("another cleat said %q", lines.Text())
	}
	return cmd, lines.Text()
}

func TestNoDescriptors(t *testing.T) {
	w := newWorld(t, nil)
	s := w.open(t)
	_, id := w.startAnother(t, "fds", command(t, "fds"))
	run := ended(t, s, id)
	log := logOf(t, s, run)
	var fds []string
	for line := range strings.Lines(log) {
		fd, to, _ := strings.Cut(strings.TrimSpace(line), " ")
		kind, _, _ := strings.Cut(to, ":")
		fds = append(fds, fd+" "+kind)
	}
	if diff := cmp.Diff([]string{"0 /dev/null", "1 pipe", "2 pipe"}, fds); diff != "" {
		t.Errorf("descriptors of the task (-want +got):\n%s", diff)
	}
}

// CI-16: one task once at a time, and not too many of them.
func TestBusy(t *testing.T) {
	mark := newMark()
	commands := map[string][]string{}
	for i := range MaxAtOnce + 1 {
		commands[fmt.Sprint("task", i)] = command(t, "hang", mark)
	}
	w := newWorld(t, commands)
	s, other := w.open(t), w.open(t)
	first := start(t, s, "task0")
	for _, s := range []*Source{s, other} {
		_, err := s.Start(t.Context(), ci.Start{Task: "task0"})
		wantCode(t, err, fail.Busy)
		if e := fail.From(err); !strings.Contains(e.Why, first.ID) || !strings.Contains(e.Next, "op=wait run="+first.ID) {
			t.Errorf("%+v does not name the run %s", e, first.ID)
		}
	}
	for i := 1; i < MaxAtOnce; i++ {
		start(t, other, fmt.Sprint("task", i))
	}
	_, err := s.Start(t.Context(), ci.Start{Task: fmt.Sprint("task", MaxAtOnce)})
	wantCode(t, err, fail.Busy)

	// Another process may end it, once.
	cancelRun(t, other, first)
	_, err = s.Cancel(t.Context(), first.ID)
	wantCode(t, err, fail.Conflict)
	if e := fail.From(err); !strings.Contains(e.What, "canceled") {
		t.Errorf("%+v does not say the state", e)
	}
	cancelRun(t, s, start(t, s, "task0"))
	start(t, s, fmt.Sprint("task", MaxAtOnce))
	runs, err := s.Runs(t.Context(), ci.Query{Status: ci.Running})
	if err != nil || len(runs.Runs) != MaxAtOnce {
		t.Errorf("%d runs are going on, %v", len(runs.Runs), err)
	}
}

// CI-06: what is kept of a log is bounded, and so is what a task may write.
func TestOutputBounded(t *testing.T) {
	const wrote, most = 200 << 20, 256 << 10
	w := newWorld(t, map[string][]string{"spew": command(t, "spew", fmt.Sprint(wrote)), "endless": {"yes"}})
	w.config.MaxLog = size.Size(most)
	s := w.open(t)
	began := time.Now()
	run, log := done(t, s, "spew")
	t.Logf("%d MB in %v", wrote>>20, time.Since(began))
	if run.Status != ci.Passed || len(log) > most*5/4 || len(log) < most*3/4 {
		t.Errorf("%s, %d bytes of log", run.Status, len(log))
	}
	if !strings.HasPrefix(log, "begin\ny\ny\n") || !strings.HasSuffix(log, "y\ny\nend\n") {
		t.Errorf("the log: %q … %q", log[:20], log[len(log)-20:])
	}
	var lines, bytes, kept int
	for line := range strings.Lines(log) {
		if n, _ := fmt.Sscanf(line, "… %d lines (%d bytes) were not kept …", &lines, &bytes); n != 2 {
			kept += len(line)
		}
	}
	if total := wrote + len("begin\nend\n"); kept+bytes != total || lines != bytes/2 {
		t.Errorf("%d bytes are kept, %d bytes and %d lines are said not to be, of %d bytes", kept, bytes, lines, total)
	}
	if n, last, err := s.Progress(run.ID); n != wrote/2+2 || last != "end" || err != nil {
		t.Errorf("Progress: %d, %q, %v", n, last, err)
	}

	s.most = 10 << 20
	run, _ = done(t, s, "endless")
	if run.Status != ci.Failed || !strings.Contains(run.Jobs[0].Reason, "wrote more than") {
		t.Errorf("%s %q", run.Status, run.Jobs[0].Reason)
	}
}
