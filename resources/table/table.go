// Package table provides the table:// resource template.
package table

import (
	"context"

	"cleat/internal/registry"
	"cleat/internal/systems"
	"cleat/internal/systems/documents"
	"cleat/internal/uri"
	"cleat/internal/view"
)

func init() { registry.Register(Template) }

// Template describes a table.
var Template = registry.NewTemplate(systems.Documents, registry.Template{
	Name: "table", Title: "Database table",
	Description: `A table or view of a database: columns, keys, indexes, references, comments and size. A table outside of the default schema is schema.table.`,
	URI:         "table://{source}/{table}", MIMEType: "text/plain", Governs: []string{"read", "db_schema"},
}, read)

// Input holds the variables of the address.
type Input struct {
	Source string `json:"source" jsonschema:"name of the database source"`
	Table  string `json:"table" jsonschema:"table, or schema.table"`
}

func read(ctx context.Context, lib documents.Library, in Input) (*view.View, error) {
	return view.Read(ctx, lib, uri.New("table", in.Source, in.Table), view.Request{Verbatim: true})
}
