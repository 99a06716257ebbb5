// Package repo provides the repo:// resource template.
package repo

import (
	"context"

	"cleat/internal/registry"
	"cleat/internal/systems"
	"cleat/internal/systems/documents"
	"cleat/internal/uri"
	"cleat/internal/view"
)

func init() { registry.Register(Template) }

// Template reads a file as it is at a branch, tag or commit.
var Template = registry.NewTemplate(systems.Documents, registry.Template{
	Name: "repo", Title: "File at a ref",
	Description: `A file at a branch, tag or commit, without checkout. The repository is ".", a name that code_search gives, or acme%2Fshop; a slash in a ref is written %2F.`,
	URI:         "repo://{repo}/{ref}/{+path}", MIMEType: "text/plain", Governs: []string{"read"},
}, read)

// Input holds the variables of the address.
type Input struct {
	Repo string `json:"repo" jsonschema:". or the name of a repository"`
	Ref  string `json:"ref" jsonschema:"branch, tag or commit"`
	Path string `json:"path" jsonschema:"path from the root of the repository"`
}

func read(ctx context.Context, lib documents.Library, in Input) (*view.View, error) {
	return view.Read(ctx, lib, uri.New("repo", in.Repo, in.Ref, in.Path), view.Request{Verbatim: true})
}
