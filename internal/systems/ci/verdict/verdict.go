// Package verdict tells a failure that is new from one that was there before: it knows
// failures again by fingerprints, and keeps which of them earlier runs had.
package verdict

import (
	"context"
	"os"
	"sync"
	"time"
)

// A Verdict says what is known of a failure.
type Verdict string

// The verdicts.
const (
	New     Verdict = "new"     // the base branch does not have it
	OnBase  Verdict = "on_base" // the base branch failed the same way before
	Flaky   Verdict = "flaky"   // it comes and goes by itself
	Unknown Verdict = "unknown" // too little is recorded
)

// A Result is how one job of one run ended. Texts may be foreign.
type Result struct {
	Source string
	Task   string // workflow or task
	Job    string // by its name, which is the same in other runs; "" where runs have one job
	Branch string // "" if not known; for one of a fork, with its owner
	Commit string // full hash; "" if not known, or if the work tree had changes

	Run     string
	Attempt int // of the run, where the service counts them

	At     time.Time // when the run began
	Passed bool      // the job passed, so that nothing failed
	Prints []string  // fingerprints of what failed
	Whole  bool      // as Prints says: what is not among them passed
}

// A Question is about failures of one job of one run. Its fields are as those of Result.
type Question struct {
	Source, Task, Job    string
	Branch, Base, Commit string // Base is the branch that others are compared with
	Run                  string
	Attempt              int
	At                   time.Time // zero for now; runs of the base that began later do not count
}

// A Judgement is what is known of one failure.
type Judgement struct {
	Verdict Verdict
	// The run that shows it. OnBase: the first of those in a row that failed so on the base
	// branch. Flaky: the newest run that passed with the same commit, or else on the branch
	// or the base. New and Unknown: the first of those in a row that failed so on the run's
	// own branch before it, "" if there is none.
	Since  string
	Commit string
	When   time.Time
	// Of the last Window results of the branch, and of as many of the base, the run itself
	// not counted: those that failed so, and those that surely did not.
	Failed, Passed int
}

// Limits of what is kept, and of how much of it is looked at.
const (
	MaxResults = 10_000
	MaxBytes   = 20 << 20            // of the file
	Life       = 90 * 24 * time.Hour // of a result, from when its run began
	MaxPrints  = 1000                // of one result; with more, it is not Whole
	Window     = 20                  // results of a branch that can show that a failure is flaky
)

// A History is the results that are recorded of a repository. It is safe for concurrent
// use, also by several processes.
type History struct {
	state func() (*os.Root, error)
	now   func() time.Time

	mu   sync.Mutex
	kept ledger // what was read last
}

// Open returns the history kept in the state folder that state opens; it touches nothing
// before it is used, and does not close the folder. now is the clock.
func Open(state func() (*os.Root, error), now func() time.Time) *History {
	return &History{state: state, now: now}
}

// Record keeps results. One that is kept already changes nothing; another one of the same
// source, run, attempt and job takes its place, and one that is older than Life is left out.
// What is written is not forced to the disk: a crash of the machine may lose it. Record fails
// with fail.Unavailable where nothing can be kept, fail.Busy when ctx ends while another
// process writes, and context.Cause(ctx).
func (h *History) Record(ctx context.Context, results ...Result) error {
	return h.locked(ctx, func(f *file) error { return h.record(f, results) })
}

// Runs returns the ids of the recorded runs of a task on a branch, each once, newest first.
// It fails as Record does.
func (h *History) Runs(ctx context.Context, source, task, branch string) ([]string, error) {
	var runs []string
	err := h.locked(ctx, func(f *file) error {
		if err := h.refresh(f); err != nil {
			return err
		}
		runs = h.kept.runs(clip(source), clip(task), clip(branch), h.oldest())
		return nil
	})
	return runs, err
}

// Judge returns what is known of each of the failures, which are those of the run that is
// asked about, whether it is recorded or not. It fails as Record does.
//
// A failure is Flaky if a run had it and another of the same commit passed, or if the branch
// or the base went from passing to failing with it twice, among the last Window results with
// a commit. Else it is OnBase if the base had it in its last result that tells, New if the
// base passed there, and Unknown if none tells. On the base branch itself, its earlier runs
// are what the run is compared with.
func (h *History) Judge(ctx context.Context, q Question, prints []string) ([]Judgement, error) {
	var all []Judgement
	err := h.locked(ctx, func(f *file) error {
		if err := h.refresh(f); err != nil {
			return err
		}
		all = h.kept.judge(q.clipped(), prints, h.oldest())
		return nil
	})
	return all, err
}
