package ci

import (
	"time"

	"cleat/internal/buildlog"
	"cleat/internal/report"
	"cleat/internal/systems/ci/verdict"
)

// A Listing is a page of runs on its way to a reader.
type Listing struct {
	Runs
	Branch string   `json:"branch,omitempty"` // the current one, where the question named none
	Tasks  []string `json:"tasks,omitempty"`  // what could be started, where nothing ever ran

	now     time.Time
	dropped int // runs that the budget left out
}

// A Detail is one run with its jobs on its way to a reader.
type Detail struct {
	Run
	Op     string `json:"op,omitempty"`      // what was done
	DryRun bool   `json:"dry_run,omitempty"` // nothing was done
	Waited bool   `json:"waited,omitempty"`  // the time was over before the run was

	now     time.Time
	dropped int // jobs that the budget left out
}

// A Summary says what failed in a run.
type Summary struct {
	Run        Run           `json:"run"` // without its jobs
	JobCount   int           `json:"job_count"`
	FailedJobs int           `json:"failed_jobs"`
	Jobs       []JobFailures `json:"jobs,omitempty"`   // those that failed
	Others     []Other       `json:"others,omitempty"` // runs of the same commit

	now  time.Time
	step int // of shrinking
	gone int // failures that the budget left out
}

// JobFailures are the failures of one job.
type JobFailures struct {
	Job      Job             `json:"job"`
	Counts   report.Counts   `json:"counts"`
	Failures []Failure       `json:"failures,omitempty"`
	More     int             `json:"more,omitempty"` // failures that are not here
	Tail     []buildlog.Line `json:"tail,omitempty"`
	LogLines int             `json:"log_lines,omitempty"`
	LogCut   bool            `json:"log_cut,omitempty"` // the log is longer than what is read of one
	Problem  string          `json:"problem,omitempty"` // why something is missing, in cleat's words

	skipped bool // its log was not read
}

// A Failure is a report.Failure with its place in the checkout and its history.
type Failure struct {
	report.Failure
	Number    int               `json:"number"`         // from 1, for the answer's own words
	Path      string            `json:"path,omitempty"` // in the checkout, "" if it is not there
	PathLine  int               `json:"path_line,omitempty"`
	Judgement verdict.Judgement `json:"verdict"`
}

// Other is another run of the same commit.
type Other struct {
	ID     string `json:"id"`
	Task   string `json:"task"`
	Status Status `json:"status"`
}

// An Excerpt is a part of a log.
type Excerpt struct {
	Run    string            `json:"run"`
	Job    string            `json:"job"`
	Status Status            `json:"status"`
	Op     string            `json:"op"`
	Hits   int               `json:"hits,omitempty"`
	Total  int               `json:"total"` // lines of the log, -1 if not counted
	From   int               `json:"from,omitempty"`
	To     int               `json:"to,omitempty"`
	Blocks [][]buildlog.Line `json:"blocks,omitempty"`
	Cut    bool              `json:"cut,omitempty"` // the log is longer than what is read of one

	several bool // the run has more jobs
	last    bool // the last hits and not the first
}

// number gives the failures their numbers.
func (s *Summary) number() {
	n := 0
	for i := range s.Jobs {
		for k := range s.Jobs[i].Failures {
			n++
			s.Jobs[i].Failures[k].Number = n
		}
	}
}
