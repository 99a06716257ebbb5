// Package read provides the ticket_read tool.
package read

import (
	"context"

	"github.com/google/jsonschema-go/jsonschema"

	"cleat/internal/fail"
	"cleat/internal/registry"
	"cleat/internal/systems"
	"cleat/internal/systems/tickets"
)

func init() { registry.Register(Tool) }

// Tool reads one ticket.
var Tool = registry.NewTool(systems.Tickets, registry.Tool{
	Name:  "ticket_read",
	Title: "Read a ticket",
	Description: `One ticket by its key, ticket:// address or web address: its fields, body (Markdown) and newest comments. ` +
		`The key says which source it is of. base names what was read; pass it to ticket_write.`,
	Access:     registry.Read,
	AlwaysLoad: true,
	Schema: func(s *jsonschema.Schema) {
		for _, v := range tickets.Views() {
			s.Properties["view"].Enum = append(s.Properties["view"].Enum, v)
		}
	},
}, read)

// Input is what the model sends.
type Input struct {
	Ticket string `json:"ticket" jsonschema:"such as ENG-12, #12, owner/repo#12"`
	View   string `json:"view,omitempty" jsonschema:"summary if unset; transitions: states it can go to, and what they need"`
	Limit  int    `json:"limit,omitempty" jsonschema:"comments or events"`
	Cursor string `json:"cursor,omitempty" jsonschema:"of earlier answer"`
	Source string `json:"source,omitempty" jsonschema:"by the key if unset"`
	systems.BudgetArg
	systems.TimeoutArg
}

// Key implements registry.Keyed.
func (in Input) Key() string { return in.Ticket }

func read(ctx context.Context, s *tickets.Service, in Input) (*tickets.View, error) {
	v, err := s.Read(ctx, tickets.Reading{Key: in.Ticket, View: in.View, Limit: in.Limit, Cursor: in.Cursor})
	return v, fail.Hint(err, "find the key with ticket_search")
}
