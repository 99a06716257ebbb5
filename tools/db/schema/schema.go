// Package schema provides the db_schema tool.
package schema

import (
	"context"

	"github.com/google/jsonschema-go/jsonschema"

	"cleat/internal/registry"
	"cleat/internal/systems"
	"cleat/internal/systems/databases"
)

func init() { registry.Register(Tool) }

// Tool lists what a database holds.
var Tool = registry.NewTool(systems.Databases, registry.Tool{
	Name:        "db_schema",
	Title:       "Database schema",
	Description: `List tables and views with columns, keys and references. Look here before db_query; detail=full adds indexes, comments, defaults, view SQL.`,
	Access:      registry.Read,
	Schema: func(s *jsonschema.Schema) {
		s.Properties["detail"].Enum = []any{string(databases.Summary), string(databases.Names), string(databases.Full)}
	},
}, schema)

// Input is what the model sends.
type Input struct {
	Pattern string `json:"pattern,omitempty" jsonschema:"table, schema.table, part or glob"`
	Kind    string `json:"kind,omitempty" jsonschema:"table, view, …; both if unset"`
	Detail  string `json:"detail,omitempty" jsonschema:"first if unset"`
	Limit   int    `json:"limit,omitempty" jsonschema:"objects"`
	Cursor  string `json:"cursor,omitempty" jsonschema:"to go on"`
	systems.SourceArg
	systems.BudgetArg
	systems.TimeoutArg
}

func schema(ctx context.Context, db databases.DB, in Input) (*databases.Schema, error) {
	detail := databases.Detail(in.Detail)
	if detail == "" {
		detail = databases.Summary
	}
	return db.Schema(ctx, databases.SchemaQuery{Pattern: in.Pattern, Kind: in.Kind, Detail: detail, Limit: in.Limit, Cursor: in.Cursor})
}
