// Package text provides the text:// resource template.
package text

import (
	"context"

	"cleat/internal/registry"
	"cleat/internal/systems"
	"cleat/internal/systems/documents"
	"cleat/internal/uri"
	"cleat/internal/view"
)

func init() { registry.Register(Template) }

// Template reads a text file inside the roots, or a part of it.
var Template = registry.NewTemplate(systems.Documents, registry.Template{
	Name: "text", Title: "Text file", Description: "A text file inside the roots, or the lines L10-L50 of it.",
	URI: "text://{+path}{#lines}", MIMEType: "text/plain", Governs: []string{"read"},
}, read)

// Input holds the variables of the address.
type Input struct {
	Path  string `json:"path" jsonschema:"path from the root, such as cmd/main.go"`
	Lines string `json:"lines,omitempty" jsonschema:"part of the file, such as L10-L50"`
}

func read(ctx context.Context, lib documents.Library, in Input) (*view.View, error) {
	return view.Read(ctx, lib, uri.New("text", in.Path), view.Request{Part: in.Lines, Verbatim: true})
}
