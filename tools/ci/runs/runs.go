// Package runs provides the ci_runs tool.
package runs

import (
	"context"
	"time"

	"github.com/google/jsonschema-go/jsonschema"

	"cleat/internal/fail"
	"cleat/internal/registry"
	"cleat/internal/systems"
	"cleat/internal/systems/ci"
	"cleat/internal/text"
)

func init() { registry.Register(Tool) }

// Tool lists runs, shows one, and waits for its end.
var Tool = registry.NewTool(systems.CI, registry.Tool{
	Name:  "ci_runs",
	Title: "CI runs",
	Description: `Builds, of this machine or of a CI service. list: newest first, of a service those of the current branch unless branch, pr or commit is set (branch=* for all). ` +
		`get: one run with its jobs. wait: until it ends, at most 45 s; then call again. What failed in a run: ci_failures.`,
	Access:  registry.Read,
	Longest: ci.MaxWait + time.Second,
	Schema: func(s *jsonschema.Schema) {
		s.Properties["op"].Enum = []any{"list", "get", "wait"}
		for _, st := range ci.Statuses() {
			s.Properties["status"].Enum = append(s.Properties["status"].Enum, string(st))
		}
	},
}, runs)

// Input is what the model sends.
type Input struct {
	Op     string    `json:"op,omitempty" jsonschema:"list if unset"`
	Branch string    `json:"branch,omitempty" jsonschema:"or *"`
	PR     string    `json:"pr,omitempty" jsonschema:"number"`
	Commit string    `json:"commit,omitempty" jsonschema:"full hash"`
	Run    string    `json:"run,omitempty" jsonschema:"id; the last if unset"`
	Status ci.Status `json:"status,omitempty" jsonschema:"state"`
	Limit  int       `json:"limit,omitempty" jsonschema:"runs, 20 if unset"`
	Cursor string    `json:"cursor,omitempty" jsonschema:"of earlier answer"`
	systems.SourceArg
	systems.BudgetArg
	systems.TimeoutArg
}

// An Answer is a list or one run.
type Answer struct {
	List *ci.Listing `json:"list,omitempty"`
	Run  *ci.Detail  `json:"run,omitempty"`
}

// Text renders the one that there is.
func (a *Answer) Text(w *text.Writer) {
	if a.Run != nil {
		a.Run.Text(w)
		return
	}
	a.List.Text(w)
}

// Shrink implements text.Shrinker.
func (a *Answer) Shrink(keep float64) bool {
	if a.Run != nil {
		return a.Run.Shrink(keep)
	}
	return a.List.Shrink(keep)
}

func runs(ctx context.Context, s *ci.Service, in Input) (*Answer, error) {
	which := ci.Which{Run: in.Run, PR: in.PR, Branch: in.Branch}
	var a Answer
	var err error
	switch in.Op {
	case "get":
		a.Run, err = s.Get(ctx, which)
	case "wait":
		a.Run, err = s.Wait(ctx, which, ci.MaxWait)
	default:
		if in.Run != "" {
			return nil, fail.Errorf(fail.Invalid, "op=list takes no run").Then("pass op=get for one run, or leave run out")
		}
		a.List, err = s.List(ctx, ci.Query{Branch: in.Branch, Commit: in.Commit, PR: in.PR, Status: in.Status, Limit: in.Limit, Cursor: in.Cursor})
	}
	if err != nil {
		return nil, fail.Hint(err, "list the runs with ci_runs")
	}
	return &a, nil
}
