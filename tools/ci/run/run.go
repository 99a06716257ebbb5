// Package run provides the ci_run tool.
package run

import (
	"context"
	"time"

	"github.com/google/jsonschema-go/jsonschema"

	"cleat/internal/fail"
	"cleat/internal/registry"
	"cleat/internal/systems"
	"cleat/internal/systems/ci"
)

func init() { registry.Register(Tool) }

// Tool starts, repeats and ends runs.
var Tool = registry.NewTool(systems.CI, registry.Tool{
	Name:  "ci_run",
	Title: "Run CI",
	Description: `Start, repeat or cancel a run. On this machine the tasks are the project's own (make targets, package scripts, go test, .ci/run …), run in the background once a person has trusted them. ` +
		`An unknown task gets the list. After a failure call ci_failures.`,
	Access:  registry.Write,
	Longest: ci.MaxWait + time.Second,
	Schema: func(s *jsonschema.Schema) {
		s.Properties["op"].Enum = []any{"start", "rerun", "cancel"}
		zero, most := 0.0, ci.MaxWait.Seconds()
		s.Properties["wait"].Minimum, s.Properties["wait"].Maximum = &zero, &most
	},
	Follow: &registry.Follow{Poll: follow, Resume: "op=wait"},
}, run)

// Input is what the model sends.
type Input struct {
	Op             string            `json:"op,omitempty" jsonschema:"start if unset"`
	Task           string            `json:"task,omitempty" jsonschema:"start: task or workflow"`
	Args           []string          `json:"args,omitempty" jsonschema:"of the task, each one argument"`
	Inputs         map[string]string `json:"inputs,omitempty" jsonschema:"that the workflow declares"`
	Branch         string            `json:"branch,omitempty" jsonschema:"for a workflow"`
	Run            string            `json:"run,omitempty" jsonschema:"rerun, cancel: id"`
	Wait           *int              `json:"wait,omitempty" jsonschema:"seconds for its end, 20 if unset"`
	DryRun         bool              `json:"dry_run,omitempty" jsonschema:"say what would run"`
	IdempotencyKey string            `json:"idempotency_key,omitempty" jsonschema:"done once per key"`
	systems.SourceArg
	systems.BudgetArg
	systems.TimeoutArg
}

// usualWait is how many seconds a start waits for the end, where the caller does not say.
const usualWait = 20

func run(ctx context.Context, s *ci.Service, in Input) (*ci.Detail, error) {
	c := ci.Change{Op: in.Op, Run: in.Run, DryRun: in.DryRun, Wait: usualWait * time.Second,
		Start: ci.Start{Task: in.Task, Args: in.Args, Inputs: in.Inputs, Branch: in.Branch}}
	if c.Op == "" {
		c.Op = "start"
	}
	if in.Wait != nil {
		c.Wait = time.Duration(*in.Wait) * time.Second
	}
	switch {
	case c.Op == "start" && in.Run != "":
		return nil, fail.Errorf(fail.Invalid, "op=start takes no run").Then("pass op=rerun to repeat it, or leave run out")
	case c.Op != "start" && (in.Task != "" || len(in.Args) > 0 || len(in.Inputs) > 0 || in.Branch != ""):
		return nil, fail.Errorf(fail.Invalid, "op=%s takes just the run", c.Op).Then("leave task, args, inputs and branch out")
	}
	task := registry.TaskOf(ctx)
	c.Wait = task.Wait(c.Wait)
	done, err := s.Do(ctx, c)
	if err == nil && done.Waited {
		task.Begin(done.ID, in.Budget)
	}
	return done, fail.Hint(err, "list the runs with ci_runs")
}
