// Package search provides the code_search tool.
package search

import (
	"context"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"

	"cleat/internal/registry"
	"cleat/internal/systems"
	"cleat/internal/systems/code"
	"cleat/internal/uri"
)

func init() { registry.Register(Tool) }

// Tool finds lines or files in the source code.
var Tool = registry.NewTool(systems.Code, registry.Tool{
	Name:  "code_search",
	Title: "Search code",
	Description: `Search source, best first. mode: text, regex (RE2), symbol (definitions), refs (uses; Go's Type.Method by types), files (paths).
Hits are path:line: code; then read part=L10-L50.`,
	Access:     registry.Read,
	AlwaysLoad: true,
	Schema: func(s *jsonschema.Schema) {
		s.Properties["mode"].Enum = []any{"text", "regex", "symbol", "refs", "files"}
		s.Properties["case"].Enum = []any{"sensitive", "ignore", "smart"}
		s.Properties["context"].Minimum = jsonschema.Ptr(0.0)
		s.Properties["context"].Maximum = jsonschema.Ptr(20.0)
	},
}, search)

// Input is what the model sends.
type Input struct {
	Pattern string   `json:"pattern" jsonschema:"see mode"`
	Mode    string   `json:"mode,omitempty" jsonschema:"first if unset"`
	Paths   []string `json:"paths,omitempty" jsonschema:"folders, globs, !not"`
	Lang    string   `json:"lang,omitempty" jsonschema:"language"`
	Repo    string   `json:"repo,omitempty" jsonschema:"name or glob"`
	Ref     string   `json:"ref,omitempty" jsonschema:"branch, tag, commit, A..B"`
	Case    string   `json:"case,omitempty" jsonschema:"first if unset"`
	Word    bool     `json:"word,omitempty" jsonschema:"whole"`
	Context int      `json:"context,omitempty" jsonschema:"lines around"`
	Limit   int      `json:"limit,omitempty" jsonschema:"200 if unset"`
	Cursor  string   `json:"cursor,omitempty" jsonschema:"to go on"`
	systems.SourceArg
	systems.BudgetArg
	systems.TimeoutArg
}

func search(ctx context.Context, searcher code.Searcher, in Input) (*code.Result, error) {
	res, err := searcher.Search(ctx, code.Query{
		Pattern: in.Pattern, Mode: code.Mode(in.Mode), Paths: in.Paths, Lang: in.Lang, Case: code.Case(in.Case),
		Word: in.Word, Context: in.Context, Limit: in.Limit, Cursor: in.Cursor, Repo: in.Repo, Ref: in.Ref,
	})
	if err != nil {
		return nil, err
	}
	res.Mode = code.Mode(in.Mode)
	if a, ok := searcher.(code.Addresser); ok && !strings.Contains(in.Ref, "..") {
		res.Read = address(a, res, in.Ref)
	}
	return res, nil
}

// address returns where the first hit is read, if its path alone does not say it.
func address(a code.Addresser, res *code.Result, ref string) string {
	var repo, path string
	switch {
	case len(res.Definitions) > 0:
		repo, path = res.Definitions[0].Repo, res.Definitions[0].Path
	case len(res.Files) > 0:
		repo, path = res.Files[0].Repo, res.Files[0].Path
	}
	if path == "" || repo == "" && ref == "" {
		return ""
	}
	if ref == "" {
		return a.Address(repo, path).String()
	}
	if repo == "" {
		repo = "."
	}
	return uri.New("repo", repo, ref, path).String()
}
