// Package report finds failures in what tools write: tests that failed, errors of
// compilers, findings of linters. It knows the formats of the usual tools, finds them
// inside logs without being told which they are, and of all others knows the lines that
// look like the first error.
//
// All texts are foreign. Paths are as the tool wrote them.
package report

// A Kind is the kind of a failure.
type Kind string

// The kinds, the more telling ones first.
const (
	Test    Kind = "test"    // a test that failed
	Build   Kind = "build"   // an error of a compiler or a loader
	Finding Kind = "finding" // of a linter or a scanner
	Crash   Kind = "crash"   // a panic, a signal, a trace without a test
	Line    Kind = "line"    // a line that looks like an error, of a tool that is not known
)

// A Failure is one thing that went wrong.
type Failure struct {
	Kind    Kind   `json:"kind"`
	Tool    string `json:"tool,omitempty"`    // "go", "pytest", "rustc", …; the format it was read as
	Name    string `json:"name,omitempty"`    // of the test, whole: "TestA/sub", "test_x.py::TestC::test_y"; of the rule for a finding
	Scope   string `json:"scope,omitempty"`   // package, suite, class or crate it belongs to
	Message string `json:"message,omitempty"` // what went wrong, at most MaxMessage bytes, several lines
	File    string `json:"file,omitempty"`    // as it was written
	Line    int    `json:"line,omitempty"`    // in File, from 1; 0 if not known
	Column  int    `json:"column,omitempty"`
	At      int    `json:"at,omitempty"` // number of the log's line where it is told best, from 1; 0 if not from a log
}

// Counts are the results of tests, as far as a log tells them.
type Counts struct {
	Passed  int `json:"passed,omitempty"`
	Failed  int `json:"failed,omitempty"`
	Skipped int `json:"skipped,omitempty"`
}

// Limits of what is kept of one log.
const (
	MaxFailures = 200  // the others are counted
	MaxMessage  = 2000 // bytes
)

// A Report is what was found in one log.
type Report struct {
	Failures []Failure // in the order of the log, each once
	More     int       // failures beyond MaxFailures
	Counts   Counts
}
