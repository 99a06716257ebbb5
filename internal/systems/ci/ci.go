// Package ci is the system of builds: runs of jobs with logs, on this machine or at a
// service, and the failures in them.
//
// A back end (Runner) lists runs and hands over logs as they were written. What is the same
// for all of them stands here: which run a call means, what failed in it and where that is in
// the checkout, since when it fails, and how logs are kept, searched and shown.
package ci

import (
	"context"
	"io"
	"time"

	"cleat/internal/buildlog"
	"cleat/internal/report"
)

// A Status is the state of a run or a job, the same words for every back end.
type Status string

// The states. Interrupted is a run whose end nobody saw: what ran it was ended.
const (
	Queued      Status = "queued"
	Running     Status = "running"
	Passed      Status = "passed"
	Failed      Status = "failed"
	Canceled    Status = "canceled"
	Skipped     Status = "skipped"
	TimedOut    Status = "timed_out"
	Interrupted Status = "interrupted"
	Waiting     Status = "waiting" // for a person
	Unknown     Status = "unknown" // a state that cleat does not know; Run.Said has its name
)

// Ended reports whether a run or job in this state changes no more by itself.
func (s Status) Ended() bool {
	switch s {
	case Passed, Failed, Canceled, Skipped, TimedOut, Interrupted:
		return true
	}
	return false
}

// Bad reports whether the state is one that a build is red for.
func (s Status) Bad() bool { return s == Failed || s == TimedOut || s == Interrupted }

// Statuses lists the states.
func Statuses() []Status {
	return []Status{Queued, Running, Waiting, Passed, Failed, TimedOut, Canceled, Skipped, Interrupted, Unknown}
}

// A Runner is a service, or this machine, as far as it tells of runs. Implementations are
// safe for concurrent use and open nothing before the first call. They look anew at each
// call whether the credential may see what is asked for.
//
// They fail with fail.NotFound for runs, jobs, branches and logs that are not there (also
// those that expired: the reason says so), fail.Denied where the credential may not,
// fail.Unsupported for what the service's API does not give, fail.Unavailable,
// fail.Timeout and fail.Busy.
type Runner interface {
	// Runs lists runs, newest first.
	Runs(ctx context.Context, q Query) (*Runs, error)

	// Run returns the run with its jobs. All texts in it are foreign.
	Run(ctx context.Context, id string) (*Run, error)

	// Log opens the log of a job as it was written, raw. The job is one of a Run that this
	// Runner returned. The caller closes it.
	Log(ctx context.Context, run *Run, job *Job) (io.ReadCloser, error)
}

// A Reporter also has results of tests that are more than the log. Optional.
type Reporter interface {
	// Failures returns what the service itself, or report files, know of failures in the
	// job: test reports, annotations. Paths are as they were written. None is no error.
	Failures(ctx context.Context, run *Run, job *Job) ([]report.Failure, error)
}

// A Starter can also start, repeat and end runs. Optional. Errors are as Runner's, and
// fail.Invalid for tasks, arguments and inputs that are not declared (with the nearest or
// all names), fail.Conflict for ending a run that has ended, fail.UnknownOutcome where the
// request was sent and its outcome is not known.
type Starter interface {
	// Tasks lists what can be started, with the inputs it declares.
	Tasks(ctx context.Context) ([]Task, error)
	// Start starts a task and returns the run, or one with an empty ID where the service
	// does not tell.
	Start(ctx context.Context, s Start) (*Run, error)
	// Rerun repeats a run: its failed jobs where the service can, else the whole.
	Rerun(ctx context.Context, id string) (*Run, error)
	// Cancel ends a run.
	Cancel(ctx context.Context, id string) (*Run, error)
}

// A Query says which runs are asked for; all that is set has to hold.
type Query struct {
	Branch string // "" for all
	Commit string // a full hash
	PR     string // a number
	Status Status // "" for all
	Task   string // workflow, job or task by name; "" for all
	Limit  int    // runs; 0 for DefaultRuns, at most MaxRuns
	Cursor string // of the answer before
}

// Limits.
const (
	DefaultRuns = 20
	MaxRuns     = 100
	MaxJobs     = 1000            // of a run that are listed
	MaxLog      = buildlog.MaxLog // bytes of a log that are read
)

// Runs are one page of runs.
type Runs struct {
	Runs   []Run    `json:"runs"`
	Cursor string   `json:"cursor,omitempty"` // of the next page, "" if there is none
	Notes  []string `json:"notes,omitempty"`  // in cleat's words
}

// A Run is one build.
type Run struct {
	ID       string    `json:"id"`              // as it is asked for, without spaces
	Task     string    `json:"task"`            // workflow, job or task
	Title    string    `json:"title,omitempty"` // of the commit or request it is for
	Status   Status    `json:"status"`
	Said     string    `json:"-"` // the service's word for an unknown state
	Branch   string    `json:"branch,omitempty"`
	Commit   string    `json:"commit,omitempty"` // full hash
	Dirty    bool      `json:"dirty,omitempty"`  // the work tree had changes beside the commit
	PR       string    `json:"pr,omitempty"`
	Event    string    `json:"event,omitempty"` // what started it: push, schedule, …
	Attempt  int       `json:"attempt,omitempty"`
	Started  time.Time `json:"started,omitzero"`
	Finished time.Time `json:"finished,omitzero"`
	Jobs     []Job     `json:"jobs,omitempty"` // in the order in which they ran
	More     int       `json:"more_jobs,omitempty"`
	Notes    []string  `json:"notes,omitempty"` // in cleat's words
	Argv     []string  `json:"argv,omitempty"`  // of a run on this machine
}

// A Job is a part of a run that has a log.
type Job struct {
	ID       string    `json:"id"`
	Name     string    `json:"name"`
	Stage    string    `json:"stage,omitempty"`
	Status   Status    `json:"status"`
	Optional bool      `json:"optional,omitempty"` // its failure does not fail the run
	Step     string    `json:"step,omitempty"`     // the first step that failed
	Exit     *int      `json:"exit,omitempty"`     // status of the program, where it is known
	Started  time.Time `json:"started,omitzero"`
	Finished time.Time `json:"finished,omitzero"`
	Reason   string    `json:"reason,omitempty"` // why it failed, in the service's words
}

// A Task is something that can be started.
type Task struct {
	Name   string  `json:"name"`
	About  string  `json:"about,omitempty"` // one line: what it runs, where it is declared
	Inputs []Input `json:"inputs,omitempty"`
	Args   bool    `json:"args,omitempty"`   // it takes arguments
	Closed string  `json:"closed,omitempty"` // why it cannot be started now, in cleat's words
}

// An Input is a value that a task takes by name.
type Input struct {
	Name     string   `json:"name"`
	Type     string   `json:"type,omitempty"` // string, boolean, number, choice
	Options  []string `json:"options,omitempty"`
	Default  string   `json:"default,omitempty"`
	Required bool     `json:"required,omitempty"`
}

// A Start says what to start.
type Start struct {
	Task   string
	Args   []string          // each is one argument of the program, where the task takes any
	Inputs map[string]string // by the names that the task declares
	Branch string            // or tag; "" for the current branch
}
