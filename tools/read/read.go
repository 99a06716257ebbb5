// Package read provides the read tool.
package read

import (
	"context"

	"cleat/internal/registry"
	"cleat/internal/systems"
	"cleat/internal/systems/documents"
	"cleat/internal/uri"
	"cleat/internal/view"
)

func init() { registry.Register(Tool) }

// Tool reads anything that has an address.
var Tool = registry.NewTool(systems.Documents, registry.Tool{
	Name:  "read",
	Title: "Read by address",
	Description: `Read a file of the work tree (a path, or text://path), a file at a ref (repo://./REF/path), a diff (diff://./A..B), a JSON, YAML or TOML value (json://path), ` +
		`the rest of a cut answer (spill://id), or cleat://status.

part takes lines (L10-L50), a JSON pointer (/a/0), a heading (#install) or a definition (Type.Method); grep shows only matching lines with their numbers; ` +
		`outline=true shows definitions, headings or keys with their lines, which is the cheap first look at anything long.
What does not fit is cut with the part that comes next.`,
	Access:     registry.Read,
	AlwaysLoad: true,
}, read)

// Input is what the model sends.
type Input struct {
	URI     string `json:"uri" jsonschema:"address, or a path from the root"`
	Part    string `json:"part,omitempty" jsonschema:"L10-L50, a JSON pointer or a #heading; all that fits if unset"`
	Grep    string `json:"grep,omitempty" jsonschema:"only lines that match this RE2 expression"`
	Outline bool   `json:"outline,omitempty" jsonschema:"the map instead of the text"`
	systems.BudgetArg
	systems.TimeoutArg
}

// Address implements registry.Addressed.
func (in Input) Address() string { return in.URI }

func read(ctx context.Context, lib documents.Library, in Input) (*view.View, error) {
	u, err := uri.Parse(in.URI)
	if err != nil {
		return nil, err
	}
	return view.Read(ctx, lib, u, view.Request{Part: in.Part, Grep: in.Grep, Outline: in.Outline})
}
