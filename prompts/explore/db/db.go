// Package db provides the explore_db prompt: a first look at a database.
package db

import (
	"context"
	_ "embed"
	"fmt"
	"strings"

	"cleat/internal/registry"
	"cleat/internal/systems"
	"cleat/internal/systems/databases"
	"cleat/internal/text"
)

func init() { registry.Register(Prompt) }

// Prompt asks for a tour of a database, and brings its schema along.
var Prompt = registry.NewPrompt(systems.Databases, registry.Prompt{
	Name:        "explore_db",
	Title:       "Get to know a database",
	Description: "What a database keeps and how its tables hang together; brings the schema.",
	Governs:     []string{"db_schema", "db_query"},
}, render)

// Input holds the words that a person types.
type Input struct {
	Source string `json:"source,omitempty" jsonschema:"the database, the first if unset"`
}

// maxObjects is how many tables and views the prompt brings.
const maxObjects = 60

//go:embed db.md
var prose string

func render(ctx context.Context, db databases.DB, _ Input) (*text.Passage, error) {
	schema, err := db.Schema(ctx, databases.SchemaQuery{Detail: databases.Summary, Limit: maxObjects})
	if err != nil {
		return nil, err
	}
	p := &text.Passage{}
	p.Say(strings.NewReplacer("{dialect}", string(db.Dialect())).Replace(prose))
	if names := db.Rules().Queries(); len(names) > 0 {
		p.Say(fmt.Sprintf("Named queries (db_query name=…): %s", strings.Join(names, ", ")))
	}
	var w text.Writer
	schema.Text(&w)
	p.Segments = append(p.Segments, w.Segments()...)
	if schema.Cursor != "" {
		p.Say("There are more: db_schema lists them.")
	}
	return p, nil
}
