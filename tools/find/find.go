// Package find provides the find tool.
package find

import (
	"context"

	"github.com/google/jsonschema-go/jsonschema"

	"cleat/internal/registry"
	"cleat/internal/systems"
	"cleat/internal/systems/finding"
)

func init() { registry.Register(Tool) }

// Tool turns what a person would say into addresses.
var Tool = registry.NewTool(systems.All, registry.Tool{
	Name:  "find",
	Title: "Find anything",
	Description: `Turn a path, a file name, part of one, words or an address into addresses that read takes, best first.

Use it when you know what something is called but not where it is. To look for text in code with context, use code_search.`,
	Access:     registry.Read,
	AlwaysLoad: true,
	Schema: func(s *jsonschema.Schema) {
		for _, where := range finding.Places() {
			s.Properties["in"].Items.Enum = append(s.Properties["in"].Items.Enum, where)
		}
	},
}, find)

// Input is what the model sends.
type Input struct {
	Query string   `json:"query" jsonschema:"path, file name, words or address"`
	In    []string `json:"in,omitempty" jsonschema:"systems to look in, all if unset: documents has paths and titles, code has content"`
	Limit int      `json:"limit,omitempty" jsonschema:"most results, 20 if unset"`
	systems.BudgetArg
	systems.TimeoutArg
}

func find(ctx context.Context, set *systems.Set, in Input) (*finding.Found, error) {
	return finding.Find(ctx, set, finding.Query{Text: in.Query, In: in.In, Limit: in.Limit})
}
