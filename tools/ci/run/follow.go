package run

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/jsonschema-go/jsonschema"

	"cleat/internal/fail"
	"cleat/internal/registry"
	"cleat/internal/systems"
	"cleat/internal/systems/ci"
	"cleat/internal/text"
)

// follow tells a client that asks after a run as a task of its own how the run stands. For
// policy that is what ci_runs tells with op=get.
var follow = registry.NewTool(systems.CI, registry.Tool{
	Name:        "ci_runs",
	Title:       "Follow a run",
	Description: "How a run stands that became a task.",
	Access:      registry.Read,
	Schema:      func(s *jsonschema.Schema) { s.Properties["op"].Enum = []any{"get"} },
}, poll)

// A question is what the registry asks of follow.
type question struct {
	Op  string `json:"op" jsonschema:"get"`
	Run string `json:"run" jsonschema:"id"`
	systems.SourceArg
	systems.BudgetArg
}

func poll(ctx context.Context, s *ci.Service, in question) (*ci.Detail, error) {
	task := registry.TaskOf(ctx)
	if !task.Polled() {
		return nil, fail.Errorf(fail.NotFound, "there is no such tool").Then("call ci_runs with op=get")
	}
	if kept, ok := task.Kept().(*ci.Detail); ok {
		return clone(kept), nil
	}
	d, err := s.Wait(ctx, ci.Which{Run: in.Run}, 0)
	if err != nil {
		return nil, fail.Hint(err, "list the runs with ci_runs")
	}
	if !d.Status.Ended() {
		task.Works(fmt.Sprintf("run %s: %s", text.Line(d.ID), d.Status))
		return d, nil
	}
	task.End(d.Status == ci.Canceled, clone(d))
	return d, nil
}

// clone returns a copy that can be redacted and cut by itself.
func clone(d *ci.Detail) *ci.Detail {
	c := *d
	c.Jobs, c.Notes, c.Argv = slices.Clone(d.Jobs), slices.Clone(d.Notes), slices.Clone(d.Argv)
	return &c
}
