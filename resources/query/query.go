// Package query provides the query:// resource template.
package query

import (
	"context"

	"cleat/internal/registry"
	"cleat/internal/systems"
	"cleat/internal/systems/documents"
	"cleat/internal/uri"
	"cleat/internal/view"
)

func init() { registry.Register(Template) }

// Template runs a named query.
var Template = registry.NewTemplate(systems.Documents, registry.Template{
	Name: "query", Title: "Named database query",
	Description: `The first rows of a query that the configuration names, such as query://app/failed_orders?day=2026-01-31.`,
	URI:         "query://{source}/{name}{?params*}", MIMEType: "text/plain", Governs: []string{"read", "db_query"},
}, read)

// Input holds the variables of the address.
type Input struct {
	Source string `json:"source" jsonschema:"name of the database source"`
	Name   string `json:"name" jsonschema:"name of the query"`
	Params string `json:"params,omitempty" jsonschema:"its parameters, as name=value"`
}

func read(ctx context.Context, lib documents.Library, in Input) (*view.View, error) {
	u := uri.New("query", in.Source, in.Name)
	if in.Params != "" {
		with, err := uri.Parse(u.String() + "?" + in.Params)
		if err != nil {
			return nil, err
		}
		u = with
	}
	return view.Read(ctx, lib, u, view.Request{Verbatim: true})
}
