// Package logs provides the ci_logs tool.
package logs

import (
	"context"

	"github.com/google/jsonschema-go/jsonschema"

	"cleat/internal/fail"
	"cleat/internal/registry"
	"cleat/internal/systems"
	"cleat/internal/systems/ci"
)

func init() { registry.Register(Tool) }

// Tool reads parts of a log.
var Tool = registry.NewTool(systems.CI, registry.Tool{
	Name:  "ci_logs",
	Title: "CI logs",
	Description: `Lines of a job's log, cleaned of escapes and timestamps, repeated ones folded; numbers are stable. ` +
		`search: by regular expression (RE2). tail: the end. range: part=L10-L50. The job that failed unless job is set. ci_failures is shorter.`,
	Access: registry.Read,
	Schema: func(s *jsonschema.Schema) {
		s.Properties["op"].Enum = []any{"search", "tail", "range"}
		zero, most := 0.0, float64(ci.MaxContext)
		s.Properties["context"].Minimum, s.Properties["context"].Maximum = &zero, &most
	},
}, logs)

// Input is what the model sends.
type Input struct {
	Run     string `json:"run,omitempty" jsonschema:"id; the last if unset"`
	Job     string `json:"job,omitempty" jsonschema:"name, or part of it"`
	Op      string `json:"op,omitempty" jsonschema:"search with a pattern, else tail"`
	Pattern string `json:"pattern,omitempty" jsonschema:"for search"`
	Context int    `json:"context,omitempty" jsonschema:"lines around hits"`
	Part    string `json:"part,omitempty" jsonschema:"for range: L10-L50"`
	Last    bool   `json:"last,omitempty" jsonschema:"the last hits, not the first"`
	Limit   int    `json:"limit,omitempty" jsonschema:"hits (20) or lines (100)"`
	systems.SourceArg
	systems.BudgetArg
	systems.TimeoutArg
}

func logs(ctx context.Context, s *ci.Service, in Input) (*ci.Excerpt, error) {
	q := ci.LogQuery{Which: ci.Which{Run: in.Run}, Job: in.Job, Op: in.Op, Pattern: in.Pattern, Context: in.Context, Part: in.Part, Limit: in.Limit, Last: in.Last}
	if q.Op == "" {
		switch {
		case in.Pattern != "":
			q.Op = "search"
		case in.Part != "":
			q.Op = "range"
		default:
			q.Op = "tail"
		}
	}
	switch {
	case q.Op != "search" && in.Pattern != "":
		return nil, fail.Errorf(fail.Invalid, "op=%s takes no pattern", q.Op).Then("pass op=search, or leave pattern out")
	case q.Op != "range" && in.Part != "":
		return nil, fail.Errorf(fail.Invalid, "op=%s takes no part", q.Op).Then("pass op=range, or leave part out")
	}
	part, err := s.Log(ctx, q)
	return part, fail.Hint(err, "list the runs with ci_runs")
}
