// Package query provides the db_query tool.
package query

import (
	"context"

	"github.com/google/jsonschema-go/jsonschema"

	"cleat/internal/fail"
	"cleat/internal/registry"
	"cleat/internal/systems"
	"cleat/internal/systems/databases"
	"cleat/internal/text"
)

func init() { registry.Register(Tool) }

// Tool asks a database.
var Tool = registry.NewTool(systems.Databases, registry.Tool{
	Name:  "db_query",
	Title: "Query a database",
	Description: `Run one SQL statement that only reads, or a named query, and get its first rows. Values go into params ($1 in PostgreSQL, ? in MySQL and SQLite), never into the text.
Aggregate in SQL rather than fetch rows. Masked columns can be selected plainly, not used in expressions. explain=true gives the plan.`,
	Access:     registry.Read,
	AlwaysLoad: true,
	Schema: func(s *jsonschema.Schema) {
		s.Properties["params"].Items = &jsonschema.Schema{}
	},
}, query)

// Input is what the model sends.
type Input struct {
	SQL     string            `json:"sql,omitempty" jsonschema:"in the database's dialect"`
	Name    string            `json:"name,omitempty" jsonschema:"named query, instead of sql"`
	Params  []databases.Param `json:"params,omitempty" jsonschema:"values in order"`
	Explain bool              `json:"explain,omitempty" jsonschema:"the plan, not run"`
	Limit   int               `json:"limit,omitempty" jsonschema:"rows, 100 if unset"`
	systems.SourceArg
	systems.BudgetArg
	systems.TimeoutArg
}

// An Answer is rows or a plan.
type Answer struct {
	Rows *databases.Table `json:"rows,omitempty"`
	Plan *databases.Plan  `json:"plan,omitempty"`
}

// Text renders the one that there is.
func (a *Answer) Text(w *text.Writer) {
	if a.Plan != nil {
		a.Plan.Text(w)
		return
	}
	a.Rows.Text(w)
}

// Shrink implements text.Shrinker.
func (a *Answer) Shrink(keep float64) bool {
	if a.Plan != nil {
		return a.Plan.Shrink(keep)
	}
	return a.Rows.Shrink(keep)
}

// Keep implements text.Keeper.
func (a *Answer) Keep(put func(string) (string, error)) error {
	if a.Plan != nil {
		return nil
	}
	return a.Rows.Keep(put)
}

func query(ctx context.Context, db databases.DB, in Input) (*Answer, error) {
	q := databases.Query{SQL: in.SQL, Params: in.Params, Limit: in.Limit}
	switch {
	case in.SQL != "" && in.Name != "":
		return nil, fail.Errorf(fail.Invalid, "sql and name cannot go together").Then("pass one of them")
	case in.Name != "":
		named, err := db.Rules().Named(in.Name)
		if err != nil {
			return nil, err
		}
		if q, err = named.Query(in.Params, in.Limit); err != nil {
			return nil, err
		}
	case in.SQL == "":
		return nil, fail.Errorf(fail.Invalid, "there is no statement").Then("pass sql, or the name of a named query")
	}
	if in.Explain {
		plan, err := db.Explain(ctx, q)
		return &Answer{Plan: plan}, err
	}
	res, err := db.Query(ctx, q)
	if err != nil {
		return nil, err
	}
	return &Answer{Rows: databases.NewTable(db.Rules().Source, res)}, nil
}
