package local

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"cleat/internal/fail"
	"cleat/internal/systems/ci"
)

// CI-03, CI-10, and all that goes on after the end of the first process.
func TestEndsTree(t *testing.T) {
	for _, tt := range []struct {
		name   string
		argv   func(mark string) []string
		config Config
		end    func(t *testing.T, s *Source, run *ci.Run)
		want   ci.Status
		note   string
	}{
		{name: "deadline", config: Config{Timeout: time.Second}, want: ci.TimedOut,
			argv: func(mark string) []string {
				return []string{"sh", "-c", `"$0" play hang "$1" & echo ready; wait`, executable(t), mark}
			}},
		{name: "cancel a stubborn one", want: ci.Canceled, end: cancelRun,
			argv: func(mark string) []string { return command(t, "stubborn", mark) }},
		{name: "cancel a shell that ignores TERM", want: ci.Canceled, end: cancelRun,
			argv: func(mark string) []string {
				return []string{"sh", "-c", `trap '' TERM; echo ready; "$0" play hang "$1"; "$0" play hang "$1"`, executable(t), mark}
			}},
		{name: "cancel daemons", want: ci.Canceled, end: cancelRun,
			argv: func(mark string) []string { return command(t, "daemons", mark, "hang") }},
		{name: "daemons left behind", want: ci.Passed, note: "left processes behind",
			argv: func(mark string) []string { return command(t, "daemons", mark) }},
		{name: "nohup", want: ci.Passed, note: "left processes behind",
			argv: func(mark string) []string {
				return []string{"sh", "-c", `nohup setsid "$0" play stubborn "$1" >/dev/null 2>&1 & echo ready`, executable(t), mark}
			}},
		{name: "close", want: ci.Interrupted,
			argv: func(mark string) []string { return command(t, "daemons", mark, "hang") },
			end: func(t *testing.T, s *Source, _ *ci.Run) {
				if err := s.Close(); err != nil {
					t.Error(err)
				}
				_, err := s.Start(t.Context(), ci.Start{Task: "task"})
				wantCode(t, err, fail.Unavailable)
			}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			mark := newMark()
			w := newWorld(t, map[string][]string{"task": tt.argv(mark)})
			w.config.Timeout = tt.config.Timeout
			s := w.open(t)
			run := start(t, s, "task")
			says(t, s, run, "ready")
			began := time.Now()
			if tt.end != nil {
				if marked(t, mark) == 0 {
					t.Fatal("no process has the mark")
				}
				tt.end(t, s, run)
			}
			run = ended(t, w.open(t), run.ID)
			took := time.Since(began)
			if n := marked(t, mark); n > 0 {
				t.Errorf("%d processes are left", n)
			}
			if run.Status != tt.want || !strings.Contains(strings.Join(run.Notes, "\n"), tt.note) {
				t.Errorf("%s, %q, want %s", run.Status, run.Notes, tt.want)
			}
			t.Logf("%v: %s %s %q", took, run.Status, run.Jobs[0].Reason, run.Notes)
			if took > 15*time.Second {
				t.Errorf("the end took %v", took)
			}
		})
	}
}

func cancelRun(t *testing.T, s *Source, run *ci.Run) {
	t.Helper()
	got, err := s.Cancel(t.Context(), run.ID)
	if err != nil {
		t.Fatal(err)
	}
	if got.Status != ci.Canceled {
		t.Errorf("Cancel: %+v", got)
	}
}

// CI-14: cleat is killed during a task.
func TestCleatKilled(t *testing.T) {
	mark := newMark()
	w := newWorld(t, nil)
	s := w.open(t)
	cleat, id := w.startAnother(t, "task", command(t, "daemons", mark, "hang"))
	run, err := s.Run(t.Context(), id)
	if err != nil || run.Status != ci.Running {
		t.Fatalf("%+v, %v", run, err)
	}
	says(t, s, run, "ready")
	within(t, 10*time.Second, "all daemons", func() bool { return marked(t, mark) >= 4 })
	if err := cleat.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	within(t, 20*time.Second, "the end of all processes", func() bool { return marked(t, mark) == 0 })
	took := time.Since(began)
	t.Logf("no process is left %v after the KILL", took)
	run = ended(t, s, id)
	if run.Status != ci.Interrupted || run.Jobs[0].Status != ci.Interrupted {
		t.Errorf("%+v", run)
	}
	_, err = s.Cancel(t.Context(), id)
	wantCode(t, err, fail.Conflict)
}

// The supervisor itself is killed: the kernel ends the task's first process, and the next
// look says what happened.
func TestSupervisorKilled(t *testing.T) {
	mark := newMark()
	w := newWorld(t, map[string][]string{"task": command(t, "stubborn", mark)})
	s := w.open(t)
	run := start(t, s, "task")
	says(t, s, run, "ready")
	supervisor := 0
	pids, _ := descendants()
	for _, pid := range pids {
		line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		if err == nil && strings.HasSuffix(string(line), "\x00worker\x00run\x00") {
			supervisor = pid
		}
	}
	if supervisor == 0 {
		t.Fatal("there is no supervisor")
	}
	if err := syscall.Kill(supervisor, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if run := ended(t, s, run.ID); run.Status != ci.Interrupted {
		t.Errorf("%+v", run)
	}
	within(t, 10*time.Second, "the end of the task", func() bool { return marked(t, mark) == 0 })
	// The locks went with it.
	again := start(t, s, "task")
	cancelRun(t, s, again)
}

// A task whose processes are never the same for long: each starts the next one, in a session
// of its own, and ends.
func TestEndsRelay(t *testing.T) {
	mark := newMark()
	w := newWorld(t, map[string][]string{"task": {"./relay", mark}})
	script := "#!/bin/sh\n[ -z \"$2\" ] && echo ready\nsetsid \"$0\" \"$1\" again &\n[ -z \"$2\" ] && sleep 1000\nexit 0\n"
	if err := os.WriteFile(filepath.Join(w.root, "relay"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	s := w.open(t)
	run := start(t, s, "task")
	says(t, s, run, "ready")
	began := time.Now()
	cancelRun(t, s, run)
	t.Logf("the relay ended after %v", time.Since(began))
	for range 20 {
		if n := marked(t, mark); n > 0 {
			t.Fatal("the relay goes on")
		}
		time.Sleep(5 * time.Millisecond) // that none is seen at one moment is no proof
	}
}

// Two cleats start one task at the same moment: one of all wins.
func TestStartsTogether(t *testing.T) {
	w := newWorld(t, map[string][]string{"task": command(t, "hang", newMark())})
	sources := []*Source{w.open(t), w.open(t)}
	var wg sync.WaitGroup
	errs := make([]error, 12)
	ids := make([]string, len(errs))
	for i := range errs {
		wg.Go(func() {
			run, err := sources[i%2].Start(t.Context(), ci.Start{Task: "task"})
			if errs[i] = err; err == nil {
				ids[i] = run.ID
			}
		})
	}
	wg.Wait()
	won := strings.Join(ids, "")
	if !isID(won) {
		t.Fatalf("these won: %q", ids)
	}
	for _, err := range errs {
		if err == nil {
			continue
		}
		if e := fail.From(err); e.Code != fail.Busy || !strings.Contains(e.Next, won) {
			t.Errorf("%+v, want busy with %s", e, won)
		}
	}
	if runs, err := sources[0].Runs(t.Context(), ci.Query{}); err != nil || len(runs.Runs) != 1 {
		t.Errorf("%+v, %v", runs, err)
	}
}

func FuzzParseStat(f *testing.F) {
	f.Add([]byte("12 (a) b) R 7 8 9"), 3, 4)
	f.Add([]byte("12 (a"), 0, 0)
	f.Fuzz(func(t *testing.T, stat []byte, parent, group int) {
		parseStat(stat)
		line := fmt.Appendf(nil, "1 (%s) S %d %d 5 6\n", bytes.ReplaceAll(stat, []byte("\n"), nil), parent, group)
		if p, g, ok := parseStat(line); !ok || p != parent || g != group {
			t.Errorf("%q is read as %d, %d, %t", line, p, g, ok)
		}
	})
}
