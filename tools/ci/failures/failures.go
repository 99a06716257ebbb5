// Package failures provides the ci_failures tool.
package failures

import (
	"context"

	"github.com/google/jsonschema-go/jsonschema"

	"cleat/internal/fail"
	"cleat/internal/registry"
	"cleat/internal/systems"
	"cleat/internal/systems/ci"
)

func init() { registry.Register(Tool) }

// Tool says what failed in a run.
var Tool = registry.NewTool(systems.CI, registry.Tool{
	Name:  "ci_failures",
	Title: "What failed in CI",
	Description: `What failed in a run, without the log: tests, compiler errors and findings with message, file:line in this checkout, line of the log, ` +
		`and whether it is new, fails on the base branch too, or is flaky. The last run (of the current branch) unless run, pr or branch is set.`,
	Access:     registry.Read,
	AlwaysLoad: true,
	Schema: func(s *jsonschema.Schema) {
		zero, most := 0.0, float64(ci.MaxTail)
		s.Properties["log_tail"].Minimum, s.Properties["log_tail"].Maximum = &zero, &most
	},
}, failures)

// Input is what the model sends.
type Input struct {
	Run     string `json:"run,omitempty" jsonschema:"id"`
	PR      string `json:"pr,omitempty" jsonschema:"number"`
	Branch  string `json:"branch,omitempty" jsonschema:"name"`
	Job     string `json:"job,omitempty" jsonschema:"just this one, by name"`
	LogTail *int   `json:"log_tail,omitempty" jsonschema:"last lines to add"`
	systems.SourceArg
	systems.BudgetArg
	systems.TimeoutArg
}

func failures(ctx context.Context, s *ci.Service, in Input) (*ci.Summary, error) {
	q := ci.Question{Which: ci.Which{Run: in.Run, PR: in.PR, Branch: in.Branch}, Job: in.Job, Tail: -1}
	if in.LogTail != nil {
		q.Tail = *in.LogTail
	}
	sum, err := s.Failures(ctx, q)
	return sum, fail.Hint(err, "list the runs with ci_runs")
}
