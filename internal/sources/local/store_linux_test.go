package local

import (
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
	"cleat/internal/lockfile"
	"cleat/internal/report"
	"cleat/internal/sources/local/tasks"
	"cleat/internal/systems/ci"
)

var _ ci.Reporter = (*Source)(nil)

func TestConfigValidate(t *testing.T) {
	for _, tt := range []struct {
		name string
		c    Config
		want string // key that is wrong
	}{
		{"empty", Config{}, ""},
		{"full", Config{Env: []string{"JAVA_HOME"}, Timeout: time.Hour, MaxLog: 1 << 20, Tasks: map[string][]string{"a b": {"x", ""}}}, ""},
		{"a value", Config{Env: []string{"A=b"}}, "env"},
		{"no name", Config{Env: []string{""}}, "env"},
		{"negative", Config{Timeout: -1}, "timeout"},
		{"days", Config{Timeout: 48 * time.Hour}, "timeout"},
		{"small log", Config{MaxLog: 1}, "max_log"},
		{"large log", Config{MaxLog: 1 << 40}, "max_log"},
		{"no program", Config{Tasks: map[string][]string{"a": nil}}, "tasks"},
		{"empty program", Config{Tasks: map[string][]string{"a": {""}}}, "tasks"},
		{"no name of a task", Config{Tasks: map[string][]string{"": {"x"}}}, "tasks"},
		{"escape", Config{Tasks: map[string][]string{"a\x1b[0m": {"x"}}}, "tasks"},
		{"nul", Config{Tasks: map[string][]string{"a": {"x", "b\x00c"}}}, "tasks"},
	} {
		err := tt.c.Validate()
		key := ""
		if k, ok := errors.AsType[*keyError](err); ok {
			key = k.Key()
		}
		if key != tt.want || (err == nil) != (tt.want == "") {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
		if w := (&world{root: t.TempDir()}); tt.want != "" {
			_, err := Open(tt.c, w.host(t), Options{Root: w.root})
			wantCode(t, err, fail.Invalid)
		}
	}
}

// kept writes the record of a run that ended.
func (w *world) kept(t *testing.T, began time.Time, size int64) string {
	t.Helper()
	id := newID(began)
	dir := filepath.Join(w.state, runsFolder, id)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	if err := (record{ID: id, Task: "old", Argv: []string{"x"}, Status: ci.Passed, Started: began, Finished: began}).write(root); err != nil {
		t.Fatal(err)
	}
	log, err := root.Create(segmentName(0, 0))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(log.Truncate(size), log.Close()); err != nil {
		t.Fatal(err)
	}
	return id
}

func TestPrune(t *testing.T) {
	now := time.Now()
	for _, tt := range []struct {
		name string
		ages []time.Duration // newest first
		size int64
		want int
	}{
		{"few", []time.Duration{time.Hour, 24 * time.Hour}, 1, 2},
		{"old", []time.Duration{time.Hour, keptFor + time.Hour}, 1, 1},
		{"large", []time.Duration{time.Hour, 2 * time.Hour, 3 * time.Hour, 4 * time.Hour}, keptBytes/3 - 4096, 3},
		{"many", hours(keptRuns + 7), 1, keptRuns},
		{"the clock was ahead", []time.Duration{-time.Hour, time.Hour}, 1, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, nil)
			s := w.open(t)
			var ids []string
			for _, age := range tt.ages {
				ids = append(ids, w.kept(t, now.Add(-age), tt.size))
			}
			state, err := s.h.State()
			if err != nil {
				t.Fatal(err)
			}
			if err := s.prune(state); err != nil {
				t.Fatal(err)
			}
			left, err := s.Runs(t.Context(), ci.Query{Limit: 100})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, r := range left.Runs {
				got = append(got, r.ID)
			}
			if diff := cmp.Diff(ids[:tt.want], got); diff != "" {
				t.Errorf("runs (-want +got):\n%s", diff)
			}
		})
	}
}

func hours(n int) []time.Duration {
	out := make([]time.Duration, n)
	for i := range out {
		out[i] = time.Duration(i+1) * time.Hour
	}
	return out
}

// A run that goes on is not removed, however old it is; one whose supervisor is gone is said
// to be interrupted.
func TestHeldRun(t *testing.T) {
	w := newWorld(t, nil)
	s := w.open(t)
	id := w.kept(t, time.Now().Add(-2*keptFor), 1)
	root, err := os.OpenRoot(filepath.Join(w.state, runsFolder, id))
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	if err := (record{ID: id, Task: "old", Argv: []string{"x"}, Status: ci.Running, Started: time.Now()}).write(root); err != nil {
		t.Fatal(err)
	}
	l, err := take(root, lockName)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := take(root, lockName); !errors.Is(err, lockfile.ErrHeld) {
		t.Errorf("a second lock: %v", err)
	}
	state, err := s.h.State()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.prune(state); err != nil {
		t.Fatal(err)
	}
	if run, err := s.Run(t.Context(), id); err != nil || run.Status != ci.Running {
		t.Errorf("%+v, %v", run, err)
	}
	l.release()
	if run, err := s.Run(t.Context(), id); err != nil || run.Status != ci.Interrupted {
		t.Errorf("%+v, %v", run, err)
	}
	if err := s.prune(state); err != nil {
		t.Fatal(err)
	}
	_, err = s.Run(t.Context(), id)
	wantCode(t, err, fail.NotFound)
}

// What is damaged, or not ours, in the folder of the runs hides nothing else.
func TestDamagedRuns(t *testing.T) {
	w := newWorld(t, nil)
	s := w.open(t)
	good := w.kept(t, time.Now(), 1)
	runs := filepath.Join(w.state, runsFolder)
	for i, content := range []string{"", "{", "[]", `{"id":"other","status":"passed"}`, strings.Repeat("x", 2<<20)} {
		id := newID(time.Now().Add(time.Duration(i) * time.Minute))
		if err := os.Mkdir(filepath.Join(runs, id), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(runs, id, recordName), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(runs, newID(time.Now())), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(good, filepath.Join(runs, newID(time.Now()))); err != nil {
		t.Fatal(err)
	}
	got, err := s.Runs(t.Context(), ci.Query{})
	if err != nil || len(got.Runs) != 1 || got.Runs[0].ID != good {
		t.Errorf("%+v, %v", got, err)
	}
	_, err = s.Runs(t.Context(), ci.Query{Cursor: "gone"})
	wantCode(t, err, fail.Invalid)
}

func TestReports(t *testing.T) {
	const failing = `<testsuite name="a"><testcase name="TestX"><failure message="no"/></testcase></testsuite>`
	w := newWorld(t, map[string][]string{"test": {"sh", "-c", `mkdir -p sub/target/surefire-reports node_modules/x/target/surefire-reports out
printf '%s' "$0" > sub/target/surefire-reports/TEST-a.xml
printf '%s' "$0" > node_modules/x/target/surefire-reports/TEST-b.xml
printf '%s' "$0" > out/data.xml
ln -s / out/junit-reports`, failing}})
	old := filepath.Join(w.root, "junit.xml")
	if err := os.WriteFile(old, []byte(failing), 0o644); err != nil {
		t.Fatal(err)
	}
	before := time.Now().Add(-time.Hour)
	if err := os.Chtimes(old, before, before); err != nil {
		t.Fatal(err)
	}
	s := w.open(t)
	run, log := done(t, s, "test")
	got, err := s.Failures(t.Context(), run, &run.Jobs[0])
	if err != nil || len(got) != 1 || got[0].Name != "TestX" || got[0].Kind != report.Test {
		t.Errorf("%+v, %v; the log: %s", got, err, log)
	}
	later := time.Now().Add(time.Minute) // of another run
	if err := os.Chtimes(filepath.Join(w.root, "sub/target/surefire-reports/TEST-a.xml"), later, later); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Failures(t.Context(), run, &run.Jobs[0]); err != nil || len(got) != 0 {
		t.Errorf("of another run: %+v, %v", got, err)
	}
}

func TestIsReport(t *testing.T) {
	for name, want := range map[string]bool{
		"target/surefire-reports/TEST-com.acme.A.xml": true, "a/build/test-results/test/TEST-A.xml": true, "junit.xml": true,
		"reports/unit.xml": true, "a.sarif": true, "out/lint.sarif.json": true, "build/reports/tests/x.xml": true,
		"pom.xml": false, "src/main/resources/config.xml": false, "reports/index.html": false, "package.json": false, "test.xml": false,
	} {
		if got := isReport(name); got != want {
			t.Errorf("isReport(%q) = %t", name, got)
		}
	}
}

// The folder of a task and its program stay in the checkout.
func TestConfined(t *testing.T) {
	w := newWorld(t, nil)
	outside := t.TempDir()
	if err := os.Symlink(outside, filepath.Join(w.root, "link")); err != nil {
		t.Fatal(err)
	}
	s := w.open(t)
	for _, dir := range []string{"link", "../..", "/", "absent", ".."} {
		if got, _, err := s.resolve(dir, "sh", w.env); err == nil && got != s.root {
			t.Errorf("%q leads to %s", dir, got)
		}
	}
	// A relative entry of PATH finds nothing.
	if err := os.WriteFile(filepath.Join(w.root, "tool"), []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	_, _, err := s.resolve(".", "tool", []string{"PATH=.:" + string(os.PathListSeparator)})
	wantCode(t, err, fail.Unavailable)
}

func TestTasksClosed(t *testing.T) {
	w := newWorld(t, map[string][]string{"mine": {"true"}})
	if err := os.WriteFile(filepath.Join(w.root, "go.mod"), []byte("module example.com/x\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	asked := 0
	w.options.Trusted = func(tasks.Task) bool { asked++; return false }
	all, err := w.open(t).Tasks(t.Context())
	if err != nil || len(all) < 2 || asked != len(all)-1 {
		t.Fatalf("%+v, %v, asked %d times", all, err, asked)
	}
	for i, task := range all {
		if (i == 0) != (task.Closed == "") {
			t.Errorf("%+v", task)
		}
	}
}

func FuzzID(f *testing.F) {
	f.Add(newID(time.Unix(1e9, 0)))
	f.Add("../../../../etc/xx")
	f.Fuzz(func(t *testing.T, id string) {
		if isID(id) && (!fs.ValidPath(id) || strings.ContainsAny(id, "/\\. ")) {
			t.Errorf("%q is an id", id)
		}
	})
}

func TestNewID(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	a, b := newID(now), newID(now.Add(time.Second))
	if !isID(a) || !isID(b) || a >= b || !strings.HasPrefix(a, "260102-030405-") {
		t.Error(fmt.Sprint(a, " ", b))
	}
}

// CI-12: nothing runs that is not trusted. See also the tests of trust, of which this sees
// only the answer.
func TestUntrusted(t *testing.T) {
	w := newWorld(t, nil)
	touched := filepath.Join(w.root, "touched")
	makefile := "test:\n\ttouch " + touched + "\n"
	if err := os.WriteFile(filepath.Join(w.root, "Makefile"), []byte(makefile), 0o644); err != nil {
		t.Fatal(err)
	}
	trusted := map[string]bool{}
	w.options.Trusted = func(t tasks.Task) bool { return trusted[t.Digest()] }
	s := w.open(t)
	if _, err := exec.LookPath("make"); err != nil {
		t.Skip("no make")
	}
	all, err := s.Tasks(t.Context())
	if err != nil || len(all) != 1 || all[0].Closed == "" {
		t.Fatalf("Tasks: %+v, %v", all, err)
	}
	_, err = s.Start(t.Context(), ci.Start{Task: "make test"})
	wantCode(t, err, fail.Denied)
	if _, err := os.Stat(touched); err == nil || w.hasRuns(t) {
		t.Error("an untrusted task ran")
	}
	found, _, err := s.find(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	trusted[found[0].Digest()] = true
	run, log := done(t, s, "make test")
	if _, err := os.Stat(touched); err != nil || run.Status != ci.Passed {
		t.Errorf("a trusted task did not run: %+v, %v\n%s", run, err, log)
	}
	if err := os.WriteFile(filepath.Join(w.root, "Makefile"), []byte(makefile+"\trm -rf /nothing\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err = s.Start(t.Context(), ci.Start{Task: "make test"})
	wantCode(t, err, fail.Denied)
	_, err = s.Rerun(t.Context(), run.ID)
	wantCode(t, err, fail.Denied)
}
