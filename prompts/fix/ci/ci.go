// Package ci provides the fix_ci prompt: a red build, and the way to a green one.
package ci

import (
	"context"
	_ "embed"
	"strings"

	"cleat/internal/fail"
	"cleat/internal/registry"
	"cleat/internal/systems"
	"cleat/internal/systems/ci"
	"cleat/internal/text"
)

func init() { registry.Register(Prompt) }

// Prompt asks to mend what failed in a run, and brings the failures along.
var Prompt = registry.NewPrompt(systems.All, registry.Prompt{
	Name:        "fix_ci",
	Title:       "Mend a failed build",
	Description: "What failed in a run, the last one if none is named, and how to go about it; brings the failures.",
	Governs:     []string{"ci_failures"},
}, render)

// Input holds the words that a person types.
type Input struct {
	Run    string `json:"run,omitempty" jsonschema:"id of the run, the last if unset"`
	Source string `json:"source,omitempty" jsonschema:"the CI source, the first if unset"`
}

//go:embed ci.md
var prose string

func render(ctx context.Context, set *systems.Set, in Input) (*text.Passage, error) {
	var source systems.Named[*ci.Service]
	switch found, ok := set.CI.Named(in.Source); {
	case ok:
		source = found
	case in.Source != "":
		return nil, fail.Errorf(fail.NotFound, "there is no CI source %q", text.Line(in.Source)).
			Because("there are %s", strings.Join(set.CI.Names(), ", ")).Then("name one of them, or none for the first")
	case len(set.CI) == 0:
		return nil, fail.Errorf(fail.Unsupported, "no CI source is open to you").Then("see status for the sources")
	default:
		source = set.CI[0]
	}
	sum, err := source.Backend.Failures(ctx, ci.Question{Which: ci.Which{Run: in.Run}, Tail: -1})
	if err != nil {
		return nil, err
	}
	p := &text.Passage{}
	p.Say(text.Prose(strings.TrimSpace(prose), set.Offers))
	var w text.Writer
	sum.Text(&w)
	for _, s := range w.Segments() {
		if s.Foreign {
			s.From.Source = source.Name
		}
		p.Segments = append(p.Segments, s)
	}
	return p, nil
}
