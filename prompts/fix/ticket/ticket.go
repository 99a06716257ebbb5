// Package ticket provides the fix_ticket prompt: a ticket, and the way to having it done.
package ticket

import (
	"context"
	_ "embed"
	"strings"

	"cleat/internal/registry"
	"cleat/internal/systems"
	"cleat/internal/systems/tickets"
	"cleat/internal/text"
)

func init() { registry.Register(Prompt) }

// Prompt asks to work on a ticket, and brings it along.
var Prompt = registry.NewPrompt(systems.All, registry.Prompt{
	Name:        "fix_ticket",
	Title:       "Work on a ticket",
	Description: "A ticket with its comments, and how to go about it.",
	Governs:     []string{"ticket_read"},
}, render)

// Input holds the words that a person types.
type Input struct {
	Ticket string `json:"ticket" jsonschema:"key, such as ENG-12 or #12"`
	Source string `json:"source,omitempty" jsonschema:"the source; the key says it if unset"`
}

//go:embed ticket.md
var prose string

func render(ctx context.Context, set *systems.Set, in Input) (*text.Passage, error) {
	source, err := systems.Tickets.Choose(ctx, set, in.Source, in.Ticket)
	if err != nil {
		return nil, err
	}
	v, err := source.Backend.Read(ctx, tickets.Reading{Key: in.Ticket})
	if err != nil {
		return nil, err
	}
	p := &text.Passage{}
	p.Say(text.Prose(strings.TrimSpace(prose), set.Offers))
	var w text.Writer
	v.Text(&w)
	for _, s := range w.Segments() {
		if s.Foreign {
			s.From.Source = source.Name
		}
		p.Segments = append(p.Segments, s)
	}
	return p, nil
}
