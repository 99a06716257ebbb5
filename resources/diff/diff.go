// Package diff provides the diff:// resource template.
package diff

import (
	"context"

	"cleat/internal/registry"
	"cleat/internal/systems"
	"cleat/internal/systems/documents"
	"cleat/internal/uri"
	"cleat/internal/view"
)

func init() { registry.Register(Template) }

// Template reads what differs between two revisions.
var Template = registry.NewTemplate(systems.Documents, registry.Template{
	Name: "diff", Title: "Diff of a range",
	Description: `What differs between A and B (A..B), since they forked (A...B), or between A and the work tree (A). ` +
		`The repository is "." or a name that code_search gives; a slash in the range is written %2F.`,
	URI: "diff://{repo}/{range}", MIMEType: "text/x-diff", Governs: []string{"read", "code_history"},
}, read)

// Input holds the variables of the address.
type Input struct {
	Repo  string `json:"repo" jsonschema:". or the name of a repository"`
	Range string `json:"range" jsonschema:"A..B, A...B or a revision"`
}

func read(ctx context.Context, lib documents.Library, in Input) (*view.View, error) {
	u := uri.URI{Scheme: "diff", Raw: uri.EscapeSegment(in.Repo) + "/" + uri.EscapeSegment(in.Range), Path: in.Repo + "/" + in.Range}
	return view.Read(ctx, lib, u, view.Request{Verbatim: true})
}
