// Package history provides the code_history tool.
package history

import (
	"context"
	"time"

	"github.com/google/jsonschema-go/jsonschema"

	"cleat/internal/fail"
	"cleat/internal/registry"
	"cleat/internal/systems"
	"cleat/internal/systems/code"
	"cleat/internal/text"
)

func init() { registry.Register(Tool) }

// Tool reads the history of a repository.
var Tool = registry.NewTool(systems.With[code.Historian](systems.Code), registry.Tool{
	Name:  "code_history",
	Title: "Code history",
	Description: `Git history: who changed what, when and why.

log: commits of a range or path (through renames), or that add or remove text. show: a commit and its changes. ` +
		`diff: A..B, A...B (since they forked), or A (HEAD if unset) against the work tree. blame: who last changed lines of a path. branches: newest first.
Diffs list all files, then hunks; lock, generated, vendored, large files need path=FILE.`,
	Access: registry.Read,
	Schema: func(s *jsonschema.Schema) {
		s.Properties["op"].Enum = []any{"log", "show", "diff", "blame", "branches"}
	},
}, history)

// Input is what the model sends.
type Input struct {
	Op     string `json:"op" jsonschema:"see above"`
	Path   string `json:"path,omitempty" jsonschema:"file or folder"`
	Part   string `json:"part,omitempty" jsonschema:"blame: L10-L50"`
	Range  string `json:"range,omitempty" jsonschema:"commit or A..B"`
	Author string `json:"author,omitempty" jsonschema:"name or mail"`
	Since  string `json:"since,omitempty" jsonschema:"2026-01-31, 2 weeks"`
	Text   string `json:"text,omitempty" jsonschema:"log: literal; branches: part of name"`
	Repo   string `json:"repo,omitempty" jsonschema:"repository"`
	Limit  int    `json:"limit,omitempty" jsonschema:"most rows"`
	Cursor string `json:"cursor,omitempty" jsonschema:"of earlier answer"`
	systems.SourceArg
	systems.BudgetArg
	systems.TimeoutArg
}

func history(ctx context.Context, past code.Historian, in Input) (*Answer, error) {
	q, err := in.query(time.Now())
	if err != nil {
		return nil, err
	}
	a := &Answer{}
	switch in.Op {
	case "log":
		a.Log, err = past.Log(ctx, q)
	case "show":
		a.Show, err = past.Show(ctx, q)
	case "diff":
		a.Diff, err = past.Diff(ctx, q)
	case "blame":
		a.Blame, err = past.Blame(ctx, q)
	case "branches":
		a.Branches, err = past.Branches(ctx, q)
	}
	if err != nil {
		if fail.From(err).Code == fail.NotFound {
			err = fail.Hint(err, "op=branches lists branches, op=log commits")
		}
		return nil, err
	}
	return a, nil
}

// An Answer is that of one op.
type Answer struct {
	Log      *code.Log      `json:"log,omitempty"`
	Show     *code.Show     `json:"show,omitempty"`
	Diff     *code.Diff     `json:"diff,omitempty"`
	Blame    *code.Blame    `json:"blame,omitempty"`
	Branches *code.Branches `json:"branches,omitempty"`
}

// Text implements text.Renderer.
func (a *Answer) Text(w *text.Writer) { a.answer().Text(w) }

// Shrink implements text.Shrinker.
func (a *Answer) Shrink(keep float64) bool { return a.answer().Shrink(keep) }

// answer is the one that is set.
func (a *Answer) answer() interface {
	text.Renderer
	text.Shrinker
} {
	switch {
	case a.Log != nil:
		return a.Log
	case a.Show != nil:
		return a.Show
	case a.Diff != nil:
		return a.Diff
	case a.Blame != nil:
		return a.Blame
	case a.Branches != nil:
		return a.Branches
	}
	return &code.Log{}
}
