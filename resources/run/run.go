// Package run provides the run:// resource template.
package run

import (
	"context"

	"cleat/internal/registry"
	"cleat/internal/systems"
	"cleat/internal/systems/documents"
	"cleat/internal/uri"
	"cleat/internal/view"
)

func init() { registry.Register(Template) }

// Template reads one run.
var Template = registry.NewTemplate(systems.Documents, registry.Template{
	Name: "run", Title: "CI run",
	Description: `A build: its state, and what failed in it.`,
	URI:         "run://{source}/{id}", MIMEType: "text/plain", Governs: []string{"read", "ci_failures"},
}, read)

// Input holds the variables of the address.
type Input struct {
	Source string `json:"source" jsonschema:"name of the CI source"`
	ID     string `json:"id" jsonschema:"id of the run"`
}

func read(ctx context.Context, lib documents.Library, in Input) (*view.View, error) {
	return view.Read(ctx, lib, uri.New("run", in.Source, in.ID), view.Request{Verbatim: true})
}
