// Package spill provides the spill:// resource template.
package spill

import (
	"context"

	"cleat/internal/registry"
	"cleat/internal/systems"
	"cleat/internal/systems/documents"
	"cleat/internal/uri"
	"cleat/internal/view"
)

func init() { registry.Register(Template) }

// Template reads an answer that was too long to be given whole.
var Template = registry.NewTemplate(systems.Documents, registry.Template{
	Name: "spill", Title: "Rest of an answer", Description: "An answer that was too long, redacted; kept for a day.",
	URI: "spill://{id}{#lines}", MIMEType: "text/plain", Governs: []string{"read"},
}, read)

// Input holds the variables of the address.
type Input struct {
	ID    string `json:"id" jsonschema:"from the answer that was cut"`
	Lines string `json:"lines,omitempty" jsonschema:"part of it, such as L10-L50"`
}

func read(ctx context.Context, lib documents.Library, in Input) (*view.View, error) {
	return view.Read(ctx, lib, uri.New("spill", in.ID), view.Request{Part: in.Lines, Verbatim: true})
}
