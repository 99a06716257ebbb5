// Package ticket provides the ticket:// resource template.
package ticket

import (
	"context"

	"cleat/internal/registry"
	"cleat/internal/systems"
	"cleat/internal/systems/documents"
	"cleat/internal/uri"
	"cleat/internal/view"
)

func init() { registry.Register(Template) }

// Template reads one ticket.
var Template = registry.NewTemplate(systems.Documents, registry.Template{
	Name: "ticket", Title: "Ticket",
	Description: `A ticket: its fields, its body and its comments.`,
	URI:         "ticket://{source}/{key}", MIMEType: "text/markdown", Governs: []string{"read", "ticket_read"},
}, read)

// Input holds the variables of the address.
type Input struct {
	Source string `json:"source" jsonschema:"name of the ticket source"`
	Key    string `json:"key" jsonschema:"key, such as ENG-12"`
}

func read(ctx context.Context, lib documents.Library, in Input) (*view.View, error) {
	return view.Read(ctx, lib, uri.New("ticket", in.Source, in.Key), view.Request{Verbatim: true})
}
