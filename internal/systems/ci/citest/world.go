// Package citest is the conformance suite of ci.Runner. A test of a back end makes a server
// (or, for the local runner, a project) of a World, and hands the Runner to Suite.
package citest

import (
	"time"

	"cleat/internal/systems/ci"
)

// A World is what a back end is to show.
type World struct {
	Default string // the branch that runs are compared with
	Runs    []Run  // oldest first
	Tasks   []ci.Task
}

// A Run is one run of a World.
type Run struct {
	ID      int // increasing
	Task    string
	Title   string
	Branch  string
	Commit  string // 40 digits
	PR      int    // 0 for none
	Status  ci.Status
	Started time.Time
	Jobs    []Job
}

// A Job is one job of a Run.
type Job struct {
	ID      int // unique in the World
	Name    string
	Status  ci.Status
	Log     string // as the tools wrote it, without what the service adds; "" and Expired for one that is gone
	Expired bool
}
