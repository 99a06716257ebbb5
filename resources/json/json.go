// Package json provides the json:// resource template.
package json

import (
	"context"

	"cleat/internal/registry"
	"cleat/internal/systems"
	"cleat/internal/systems/documents"
	"cleat/internal/uri"
	"cleat/internal/view"
)

func init() { registry.Register(Template) }

// Template reads a JSON, YAML or TOML file, or a part of it, as JSON.
var Template = registry.NewTemplate(systems.Documents, registry.Template{
	Name: "json", Title: "Structured file", Description: "A JSON, YAML or TOML file as JSON, or the value at a JSON pointer.",
	URI: "json://{+path}{#pointer}", MIMEType: "application/json", Governs: []string{"read"},
}, read)

// Input holds the variables of the address.
type Input struct {
	Path    string `json:"path" jsonschema:"path from the root, such as package.json"`
	Pointer string `json:"pointer,omitempty" jsonschema:"JSON pointer, such as /scripts/test"`
}

func read(ctx context.Context, lib documents.Library, in Input) (*view.View, error) {
	return view.Read(ctx, lib, uri.New("json", in.Path), view.Request{Part: in.Pointer, Verbatim: true})
}
