// Package self provides the cleat:// resource template.
package self

import (
	"context"

	"cleat/internal/registry"
	"cleat/internal/systems"
	"cleat/internal/systems/documents"
	"cleat/internal/uri"
	"cleat/internal/view"
)

func init() { registry.Register(Template) }

// Template reads what the server says of itself.
var Template = registry.NewTemplate(systems.Documents, registry.Template{
	Name: "self", Title: "cleat itself", Description: "The server itself: cleat://status, cleat://policy, cleat://usage.",
	URI: "cleat://{view}", MIMEType: "text/plain", Governs: []string{"status"},
}, read)

// Input holds the variables of the address.
type Input struct {
	View string `json:"view" jsonschema:"status, policy or usage"`
}

func read(ctx context.Context, lib documents.Library, in Input) (*view.View, error) {
	return view.Read(ctx, lib, uri.New("cleat", in.View), view.Request{Verbatim: true})
}
