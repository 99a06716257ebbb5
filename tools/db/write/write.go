// Package write provides the db_write tool.
package write

import (
	"context"

	"github.com/google/jsonschema-go/jsonschema"

	"cleat/internal/registry"
	"cleat/internal/systems"
	"cleat/internal/systems/databases"
)

func init() { registry.Register(Tool) }

// Tool changes a database.
var Tool = registry.NewTool(systems.With[databases.Writer](systems.Databases), registry.Tool{
	Name:  "db_write",
	Title: "Write to a database",
	Description: `Run one statement that changes data (dml) or tables (ddl), in a transaction of its own. Call it with dry_run=true first: ` +
		`it says how many rows would change, and rolls back. A person agrees to each call.`,
	Access:  registry.Destructive,
	AskUser: true,
	Ops:     []string{string(databases.DML), string(databases.DDL)},
	Schema: func(s *jsonschema.Schema) {
		s.Properties["params"].Items = &jsonschema.Schema{}
	},
}, write)

// Input is what the model sends.
type Input struct {
	SQL            string            `json:"sql" jsonschema:"one statement"`
	Params         []databases.Param `json:"params,omitempty" jsonschema:"values in order"`
	DryRun         bool              `json:"dry_run,omitempty" jsonschema:"roll back"`
	IdempotencyKey string            `json:"idempotency_key,omitempty" jsonschema:"done once per key"`
	systems.SourceArg
	systems.BudgetArg
	systems.TimeoutArg
}

// Class implements registry.Classed: policy allows dml and ddl apart.
func (in Input) Class() (string, error) {
	class, err := databases.ClassOf(in.SQL)
	return string(class), err
}

func write(ctx context.Context, db databases.Writer, in Input) (*databases.Receipt, error) {
	class, err := databases.ClassOf(in.SQL)
	if err != nil {
		return nil, err
	}
	done, err := db.Write(ctx, databases.Write{SQL: in.SQL, Params: in.Params, Class: class, DryRun: in.DryRun})
	if err != nil {
		return nil, err
	}
	return databases.NewReceipt(db.Rules().Source, done), nil
}
