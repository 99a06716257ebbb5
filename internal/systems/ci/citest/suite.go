package citest

import (
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"cleat/internal/fail"
	"cleat/internal/systems/ci"
)

// Can says what a back end does, so that Suite asks it for that and no more. The zero value
// is one that lists runs of one task and one job each, and reads their logs.
type Can struct {
	// Statuses are those that runs of a World may have; Passed and Failed if empty. Running
	// is needed for Cancel.
	Statuses []ci.Status

	Tasks   bool // there are runs of several tasks ("CI" and "Nightly"), and it filters by them
	Jobs    bool // a run has any number of jobs; else one, in the state of the run, with the name of the task
	PR      bool // there are runs of pull requests, and it filters by them
	Titles  bool // runs have the titles of the World
	Times   bool // runs have the times of the World, to the second
	Pages   bool // it keeps a hundred runs and more, and lists them in pages
	Expired bool // logs may be gone (Job.Expired)
	Live    bool // jobs that run have a log

	Start  bool // starts the World's tasks, with their inputs, and checks these itself
	Rerun  bool // repeats runs that ended
	Cancel bool // ends runs

	// Right is a start that is right, for back ends whose tasks are not the World's. If it
	// is nil, that is the first task of the World with the input env=prod.
	Right *ci.Start

	// IDs returns the ids that the back end has for the runs of w, by those of w. It is
	// called after open. The decimal numbers if nil.
	IDs func(w *World) map[int]string
}

// has reports whether runs of a World may be in the state.
func (c Can) has(s ci.Status) bool {
	if len(c.Statuses) == 0 {
		return s == ci.Passed || s == ci.Failed
	}
	return slices.Contains(c.Statuses, s)
}

// Suite tests the runner that open returns for a World. Clean-ups of the t that open gets
// close it, and the server behind it. Nobody may write to the World. The test that calls
// Suite must not be parallel to others: goroutines are counted.
func Suite(t *testing.T, open func(t *testing.T, w *World) ci.Runner, can Can) {
	for _, part := range []struct {
		name string
		on   bool
		run  func(*testing.T, *subject)
	}{
		{"list", true, list},
		{"filters", true, filters},
		{"limits", true, limits},
		{"pages", can.Pages, pages},
		{"cursors of others", can.Pages, cursors},
		{"run", true, one},
		{"unknown runs", true, unknownRuns},
		{"logs", true, logs},
		{"unknown jobs", true, unknownJobs},
		{"large log", true, large},
		{"expired log", can.Expired, expired},
		{"live log", can.Live, live},
		{"hostile names", can.Jobs && can.Titles, hostile},
		{"many jobs", can.Jobs, many},
		{"too many jobs", can.Jobs, tooMany},
		{"canceled context", true, canceled},
		{"concurrent use", true, concurrent},
		{"tasks", can.Start, tasks},
		{"start", can.Start, start},
		{"rerun", can.Rerun, rerun},
		{"cancel", can.Cancel, cancel},
	} {
		if !part.on {
			continue
		}
		t.Run(part.name, func(t *testing.T) {
			before := runtime.NumGoroutine()
			t.Run("it", func(t *testing.T) { part.run(t, &subject{open: open, can: can}) })
			await(t, "the goroutines to end", func() bool { return runtime.NumGoroutine() <= before })
		})
	}
}

// await waits until done.
func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(10 * time.Second); !done(); <-tick.C {
		if time.Now().After(end) {
			stacks := make([]byte, 64<<10)
			t.Fatalf("waited in vain for %s\n%s", what, stacks[:runtime.Stack(stacks, true)])
		}
	}
}

// A subject is what is tested.
type subject struct {
	open func(t *testing.T, w *World) ci.Runner
	can  Can
	ci.Runner
	w   *World
	ids map[int]string
}

// on opens the runner of w.
func (s *subject) on(t *testing.T, w *World) {
	t.Helper()
	s.w = w
	s.Runner = s.open(t, w)
	if s.can.IDs != nil {
		s.ids = s.can.IDs(w)
		return
	}
	s.ids = map[int]string{}
	for _, r := range w.Runs {
		s.ids[r.ID] = strconv.Itoa(r.ID)
	}
}

// get returns the run with the World's id.
func (s *subject) get(t *testing.T, id int) *ci.Run {
	t.Helper()
	run, err := s.Run(t.Context(), s.ids[id])
	if err != nil {
		t.Fatalf("run %q: %s", s.ids[id], fail.Show(err))
	}
	return run
}

// first returns the World's first run that is as keep says.
func (s *subject) first(t *testing.T, keep func(Run) bool) Run {
	t.Helper()
	i := slices.IndexFunc(s.w.Runs, keep)
	if i < 0 {
		t.Fatal("the world has no such run")
	}
	return s.w.Runs[i]
}

// fails expects an error of one of the codes, fit to be shown.
func fails(t *testing.T, what string, err error, codes ...fail.Code) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: no error, want %v", what, codes)
		return
	}
	f := fail.From(err)
	if !slices.Contains(codes, f.Code) {
		t.Errorf("%s: %s, want %v", what, fail.Show(err), codes)
	}
	if text := f.What + f.Why + f.Next; strings.ContainsAny(text, "\n\r\x00\x1b\u202e") || len(text) > 2000 {
		t.Errorf("%s: the error is not a few plain lines: %.300q", what, text)
	}
}

// shape says what a run is, as all back ends have to say it of the same one.
func (s *subject) shape(r ci.Run) string {
	out := fmt.Sprintf("%s %s %s %s", r.ID, r.Status, r.Branch, r.Commit)
	if s.can.Tasks {
		out += " " + r.Task
	}
	if s.can.PR {
		out += " pr=" + r.PR
	}
	if s.can.Titles {
		out += " " + r.Title
	}
	return out
}

// want is the shape of a run of the World.
func (s *subject) want(r Run) string {
	pr := ""
	if r.PR != 0 {
		pr = strconv.Itoa(r.PR)
	}
	return s.shape(ci.Run{ID: s.ids[r.ID], Status: r.Status, Branch: r.Branch, Commit: r.Commit, Task: r.Task, PR: pr, Title: r.Title})
}
