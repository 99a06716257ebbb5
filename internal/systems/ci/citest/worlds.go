package citest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"cleat/internal/systems/ci"
)

// began is when the first run of a World starts; each further one a minute after the one
// before.
func began() time.Time { return time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC) }

const firstRun = 101

// commit is a hash of 40 digits.
func commit(n int) string { return fmt.Sprintf("%040x", 0xabc000+n) }

// add appends a run to w as far as the back end can have it, and completes it.
func (w *World) add(can Can, r Run) {
	if r.PR != 0 && !can.PR || r.Status != "" && !can.has(r.Status) {
		return
	}
	if r.Task == "" || !can.Tasks {
		r.Task = "CI"
	}
	r.ID = firstRun + len(w.Runs)
	r.Started = began().Add(time.Duration(len(w.Runs)) * time.Minute)
	if r.Title == "" {
		r.Title = fmt.Sprintf("change number %d", r.ID)
	}
	if !can.Jobs && len(r.Jobs) != 1 {
		r.Jobs = []Job{{Name: r.Task, Status: r.Status, Log: fmt.Sprintf("the only job of run %d\nends: %s\n", r.ID, r.Status)}}
	}
	r.Jobs = slices.Clone(r.Jobs)
	for i := range r.Jobs {
		j := &r.Jobs[i]
		j.ID = r.ID*10_000 + i
		if !can.Jobs {
			j.Name, j.Status = r.Task, r.Status
		}
		if j.Log == "" && !j.Expired && j.Status.Ended() && j.Status != ci.Skipped {
			j.Log = fmt.Sprintf("job %s of run %d\nends: %s\n", j.Name, r.ID, j.Status)
		}
	}
	w.Runs = append(w.Runs, r)
}

// usual is a World of a few runs, with what there usually is.
func usual(can Can) *World {
	w := &World{Default: "main", Tasks: []ci.Task{{Name: "CI", Inputs: []ci.Input{
		{Name: "env", Type: "choice", Options: []string{"test", "prod"}, Default: "test"},
		{Name: "note", Type: "string", Default: "none"},
		{Name: "loud", Type: "boolean", Default: "false"},
	}}}}
	passed := []Job{{Name: "build", Status: ci.Passed}, {Name: "test", Status: ci.Passed}}
	failed := []Job{{Name: "build", Status: ci.Passed}, {Name: "test", Status: ci.Failed, Log: hostileLog()}, {Name: "deploy", Status: ci.Skipped}}
	for _, r := range []Run{
		{Branch: "main", Commit: commit(1), Status: ci.Passed, Jobs: passed},
		{Branch: "feature", Commit: commit(2), Status: ci.Failed, Jobs: failed},
		{Branch: "main", Commit: commit(1), Status: ci.Failed, Jobs: failed, Task: "Nightly"},
		{Branch: "topic/x", Commit: commit(3), Status: ci.Failed, Jobs: failed, PR: 8},
		{Branch: "main", Commit: commit(4), Status: ci.Canceled, Jobs: []Job{{Name: "build", Status: ci.Passed}, {Name: "test", Status: ci.Canceled}}},
		{Branch: "main", Commit: commit(5), Status: ci.TimedOut, Jobs: []Job{{Name: "test", Status: ci.TimedOut}}},
		{Branch: "topic/x", Commit: commit(3), Status: ci.Passed, Jobs: passed, PR: 8},
		{Branch: "topic/y", Commit: commit(6), Status: ci.Passed, Jobs: passed, PR: 10},
		{Branch: "feature", Commit: commit(2), Status: ci.Running, Jobs: []Job{{Name: "build", Status: ci.Passed}, {Name: "test", Status: ci.Running, Log: "so far\n"}}},
		{Branch: "main", Commit: commit(7), Status: ci.Passed, Jobs: passed},
	} {
		w.add(can, r)
	}
	return w
}

// hostileLog is what tools write that no reader should stumble over, with an error in it.
func hostileLog() string {
	return "\x1b[31mred\x1b[0m and \x1b]8;;http://example.com\x07linked\x1b]8;;\x07\n" +
		"bytes: \x00 \x01 \xff\xfe end\n" +
		"right to left: \u202eabc\u202c\n" +
		"windows\r\n" +
		"long: " + strings.Repeat("x", 40_000) + "\n" +
		"--- FAIL: TestTotal (0.00s)\n" +
		"    cart_test.go:12: got 41, want 42\n" +
		"no line feed at the end"
}

// crowd is a World of n passed runs.
func crowd(can Can, n int) *World {
	w := &World{Default: "main"}
	for i := range n {
		w.add(can, Run{Branch: "main", Commit: commit(i), Status: ci.Passed, Jobs: []Job{{Name: "test", Status: ci.Passed}}})
	}
	return w
}

// withJobs is a World of one run with n jobs.
func withJobs(can Can, n int) *World {
	jobs := make([]Job, n)
	for i := range jobs {
		jobs[i] = Job{Name: fmt.Sprintf("job %d", i), Status: ci.Passed}
	}
	w := &World{Default: "main"}
	w.add(can, Run{Branch: "main", Commit: commit(1), Status: ci.Passed, Jobs: jobs})
	return w
}
