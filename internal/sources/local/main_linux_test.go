package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cleat/internal/fail"
	"cleat/internal/host"
	"cleat/internal/systems/ci"
)

// The test binary plays the supervisor, the tasks, and another cleat.
func TestMain(m *testing.M) {
	switch {
	case slices.Equal(os.Args[1:], []string{"worker", "run"}):
		if err := Supervise(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	case len(os.Args) > 2 && os.Args[1] == "play":
		os.Exit(play(os.Args[2], os.Args[3:]))
	}
	os.Exit(m.Run())
}

// command is the one that plays a part.
func command(t testing.TB, name string, args ...string) []string {
	t.Helper()
	return append([]string{executable(t), "play", name}, args...)
}

func executable(t testing.TB) string {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return exe
}

// A world is a checkout with a state folder, and what the test wants of the Options.
type world struct {
	root, state string
	config      Config
	options     Options
	env         []string
}

func newWorld(t testing.TB, tasks map[string][]string) *world {
	t.Helper()
	w := &world{root: t.TempDir(), state: t.TempDir(), config: Config{Tasks: tasks},
		env: []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}}
	t.Cleanup(func() { w.quiet(t) }) // when all sources are closed
	return w
}

// open opens a source, which is closed, and its runs with it, at the end of the test.
func (w *world) open(t testing.TB) *Source {
	t.Helper()
	state, err := os.OpenRoot(w.state)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { state.Close() })
	o := w.options
	o.Root = w.root
	o.Self = func() ([]string, error) { return []string{executable(t), "worker", "run"}, nil }
	h := w.host(t)
	h.State = func() (*os.Root, error) { return state, nil }
	s, err := Open(w.config, h, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func (w *world) host(t testing.TB) host.Host {
	return host.Host{Log: slog.New(slog.NewTextHandler(t.Output(), nil)), Now: time.Now, Env: w.env}
}

// quiet waits until no supervisor works in the state folder any more.
func (w *world) quiet(t testing.TB) {
	t.Helper()
	state, err := os.OpenRoot(w.state)
	if err != nil {
		t.Fatal(err)
	}
	defer state.Close()
	within(t, 20*time.Second, "the end of all supervisors", func() bool {
		ids, err := runIDs(state)
		if err != nil {
			t.Fatal(err)
		}
		return !slices.ContainsFunc(ids, func(id string) bool {
			held, err := isHeld(state, runsFolder+"/"+id+"/"+lockName)
			return err == nil && held
		})
	})
}

// within waits for a condition, much longer than it should take.
func within(t testing.TB, most time.Duration, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(most); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited %v in vain for %s", most, what)
		}
	}
}

func start(t testing.TB, s *Source, task string, args ...string) *ci.Run {
	t.Helper()
	run, err := s.Start(t.Context(), ci.Start{Task: task, Args: args})
	if err != nil {
		t.Fatalf("Start %s: %v", task, errors.Join(err, errors.New(fail.Show(err))))
	}
	return run
}

// ended waits for the end of a run.
func ended(t testing.TB, s *Source, id string) *ci.Run {
	t.Helper()
	var run *ci.Run
	within(t, 30*time.Second, "the end of run "+id, func() bool {
		var err error
		if run, err = s.Run(context.Background(), id); err != nil {
			t.Fatal(err)
		}
		return run.Status.Ended()
	})
	return run
}

// done runs a task to its end.
func done(t testing.TB, s *Source, task string, args ...string) (*ci.Run, string) {
	t.Helper()
	run := ended(t, s, start(t, s, task, args...).ID)
	return run, logOf(t, s, run)
}

func logOf(t testing.TB, s *Source, run *ci.Run) string {
	t.Helper()
	log, err := s.Log(t.Context(), run, &run.Jobs[0])
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	text, err := io.ReadAll(log)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// says waits until the log of a run has the text.
func says(t testing.TB, s *Source, run *ci.Run, what string) {
	t.Helper()
	within(t, 20*time.Second, fmt.Sprintf("%q in the log", what), func() bool {
		return strings.Contains(logOf(t, s, run), what)
	})
}

func wantCode(t testing.TB, err error, want fail.Code) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want %s", want)
	}
	if got := fail.From(err); got.Code != want {
		t.Fatalf("%v, want %s", err, want)
	}
}

// hasRuns reports whether the state folder has anything of a run.
func (w *world) hasRuns(t testing.TB) bool {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(w.state, runsFolder, "[0-9]*"))
	if err != nil {
		t.Fatal(err)
	}
	return len(names) > 0
}
