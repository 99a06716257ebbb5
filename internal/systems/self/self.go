// Package self is the system that is cleat itself: its health, rules and use.
package self

import (
	"context"

	"cleat/internal/text"
)

// A Reporter tells about the running server.
type Reporter interface {
	// Report returns one view. It fails with fail.Invalid for a view that does not exist.
	Report(ctx context.Context, view View) (*Report, error)
}

// A View names what is reported.
type View string

// The views of the status tool.
const (
	Health View = "health" // sources, configuration, protections
	Policy View = "policy" // the rules in force, with where each comes from
	Usage  View = "usage"  // calls and tokens of this session
	Audit  View = "audit"  // where the log is, and writes whose outcome is unknown
	Whoami View = "whoami" // client, session, root
)

// Views lists the views in the order in which they are documented.
func Views() []View { return []View{Health, Policy, Usage, Audit, Whoami} }

// A Report is a list of lines, each a name and a value.
type Report struct {
	Lines []Line `json:"lines"`
}

// A Line is one fact. Value may hold what others wrote (a path, a branch name) and
// is escaped to one line.
type Line struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Add appends a line.
func (r *Report) Add(name, value string) { r.Lines = append(r.Lines, Line{name, value}) }

// Text renders r, a line each.
func (r *Report) Text(w *text.Writer) {
	for _, l := range r.Lines {
		w.Say("%s: %s", l.Name, text.Line(l.Value))
	}
}
