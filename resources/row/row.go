// Package row provides the row:// resource template.
package row

import (
	"context"

	"cleat/internal/registry"
	"cleat/internal/systems"
	"cleat/internal/systems/documents"
	"cleat/internal/uri"
	"cleat/internal/view"
)

func init() { registry.Register(Template) }

// Template reads one row.
var Template = registry.NewTemplate(systems.Documents, registry.Template{
	Name: "row", Title: "Database row",
	Description: `One row of a table as JSON, by its primary key; the values of a key of several columns are joined with commas.`,
	URI:         "row://{source}/{table}/{key}", MIMEType: "application/json", Governs: []string{"read", "db_query"},
}, read)

// Input holds the variables of the address.
type Input struct {
	Source string `json:"source" jsonschema:"name of the database source"`
	Table  string `json:"table" jsonschema:"table, or schema.table"`
	Key    string `json:"key" jsonschema:"value of the primary key"`
}

func read(ctx context.Context, lib documents.Library, in Input) (*view.View, error) {
	return view.Read(ctx, lib, uri.New("row", in.Source, in.Table, in.Key), view.Request{Verbatim: true})
}
