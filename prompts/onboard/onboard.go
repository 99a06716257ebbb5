// Package onboard provides the onboard prompt: a first look at the repository.
package onboard

import (
	"context"
	_ "embed"
	"fmt"
	"strings"

	"cleat/internal/fail"
	"cleat/internal/registry"
	"cleat/internal/systems"
	"cleat/internal/systems/documents"
	"cleat/internal/text"
)

func init() { registry.Register(Prompt) }

// Prompt asks for a tour of the repository, and brings the overview along.
var Prompt = registry.NewPrompt(systems.All, registry.Prompt{
	Name:        "onboard",
	Title:       "Get to know this repository",
	Description: "What the repository is for, how it is laid out, built and tested; brings an overview of it.",
}, render)

// Input holds the words that a person types; there are none.
type Input struct{}

//go:embed onboard.md
var prose string

func render(ctx context.Context, set *systems.Set, _ Input) (*text.Passage, error) {
	for _, n := range set.Documents {
		o, ok := n.Backend.(documents.Overviewer)
		if !ok {
			continue
		}
		view, err := o.Overview(ctx)
		if err != nil {
			return nil, err
		}
		p := &text.Passage{}
		p.Say(text.Prose(prose, set.Offers, "{name}", fmt.Sprintf("%q", text.Line(view.Name))))
		p.Quote(text.Origin{Source: n.Name}, facts(view))
		if view.Partial != "" {
			p.Say("The overview is partial: " + view.Partial)
		}
		return p, nil
	}
	return nil, fail.Errorf(fail.Unsupported, "no source has an overview of a repository").Then("see status for the sources")
}

func facts(v *documents.Overview) string {
	var b strings.Builder
	line := func(name string, values []string, sep string) {
		if len(values) > 0 {
			fmt.Fprintf(&b, "%s: %s\n", name, strings.Join(values, sep))
		}
	}
	line("name", []string{text.Line(v.Name)}, "")
	if v.Branch != "" {
		line("branch", []string{text.Line(v.Branch)}, "")
	}
	line("top level", lines(v.Entries), "  ")
	line("languages", v.Languages, ", ")
	line("newest commits", lines(v.Commits), "\n  ")
	if v.Readme != "" {
		fmt.Fprintf(&b, "%s begins:\n%s\n", text.Line(v.Readme), strings.TrimRight(v.Opening, "\n"))
	}
	return b.String()
}

func lines(values []string) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = text.Line(v)
	}
	return out
}
