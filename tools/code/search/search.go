// Package search provides the code_search tool.
package search

import (
	"context"

	"github.com/google/jsonschema-go/jsonschema"

	"cleat/internal/registry"
	"cleat/internal/systems"
	"cleat/internal/systems/code"
)

func init() { registry.Register(Tool) }

// Tool finds lines or files in the source code.
var Tool = registry.NewTool(systems.Code, registry.Tool{
	Name:  "code_search",
	Title: "Search code",
	Description: `Search the files on disk as they are now, ignored ones left out; the answer says what was skipped.

mode=text: a literal; regex: RE2, line by line; files: paths by glob or part of a name.
Answers are "path:line: code"; read around a hit with read (part=L10-L50).`,
	Access:     registry.Read,
	AlwaysLoad: true,
	Schema: func(s *jsonschema.Schema) {
		s.Properties["mode"].Enum = []any{"text", "regex", "files"}
		s.Properties["case"].Enum = []any{"sensitive", "ignore", "smart"}
		s.Properties["context"].Minimum = jsonschema.Ptr(0.0)
		s.Properties["context"].Maximum = jsonschema.Ptr(20.0)
	},
}, search)

// Input is what the model sends.
type Input struct {
	Pattern string   `json:"pattern" jsonschema:"as mode says"`
	Mode    string   `json:"mode,omitempty" jsonschema:"text if unset"`
	Paths   []string `json:"paths,omitempty" jsonschema:"files, folders, globs; !x excludes"`
	Lang    string   `json:"lang,omitempty" jsonschema:"e.g. go"`
	Case    string   `json:"case,omitempty" jsonschema:"sensitive if unset"`
	Word    bool     `json:"word,omitempty" jsonschema:"whole words"`
	Context int      `json:"context,omitempty" jsonschema:"lines around a match"`
	Limit   int      `json:"limit,omitempty" jsonschema:"most lines, 200 if unset"`
	Cursor  string   `json:"cursor,omitempty" jsonschema:"of an earlier answer"`
	systems.SourceArg
	systems.BudgetArg
	systems.TimeoutArg
}

func search(ctx context.Context, searcher code.Searcher, in Input) (*code.Result, error) {
	return searcher.Search(ctx, code.Query{
		Pattern: in.Pattern, Mode: code.Mode(in.Mode), Paths: in.Paths, Lang: in.Lang, Case: code.Case(in.Case),
		Word: in.Word, Context: in.Context, Limit: in.Limit, Cursor: in.Cursor,
	})
}
