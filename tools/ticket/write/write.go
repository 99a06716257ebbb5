// Package write provides the ticket_write tool.
package write

import (
	"context"
	"encoding/json"

	"github.com/google/jsonschema-go/jsonschema"

	"cleat/internal/fail"
	"cleat/internal/registry"
	"cleat/internal/systems"
	"cleat/internal/systems/tickets"
)

func init() { registry.Register(Tool) }

// Tool makes and changes tickets.
var Tool = registry.NewTool(systems.Tickets, registry.Tool{
	Name:  "ticket_write",
	Title: "Change tickets",
	Description: `create, update (edit changes a part of the body), comment (body), transition (body is a comment), link, claim. Texts are Markdown. ` +
		`What changed since base is not overwritten.`,
	Access: registry.Write,
	Schema: func(s *jsonschema.Schema) {
		for _, op := range tickets.Ops() {
			s.Properties["op"].Enum = append(s.Properties["op"].Enum, string(op))
		}
		s.Properties["set"].AdditionalProperties = &jsonschema.Schema{} // any value
	},
}, write)

// Input is what the model sends.
type Input struct {
	Op             tickets.Op                 `json:"op" jsonschema:"what"`
	Ticket         string                     `json:"ticket,omitempty" jsonschema:"key"`
	Title          *string                    `json:"title,omitempty" jsonschema:"one line"`
	Body           *string                    `json:"body,omitempty" jsonschema:"Markdown"`
	Edit           map[string]string          `json:"edit,omitempty" jsonschema:"find and replace, append, or text, in a section"`
	Set            map[string]json.RawMessage `json:"set,omitempty" jsonschema:"type, priority, parent, milestone, assignees, labels, add_labels, remove_labels, project, any field by name; for link kind, remove"`
	To             string                     `json:"to,omitempty" jsonschema:"state, or ticket"`
	Base           string                     `json:"base,omitempty" jsonschema:"from ticket_read"`
	Anyway         bool                       `json:"anyway,omitempty" jsonschema:"despite duplicates"`
	DryRun         bool                       `json:"dry_run,omitempty" jsonschema:"show requests"`
	IdempotencyKey string                     `json:"idempotency_key,omitempty" jsonschema:"once per key"`
	Source         string                     `json:"source,omitempty" jsonschema:"by key if unset"`
}

// Key implements registry.Keyed.
func (in Input) Key() string { return in.Ticket }

func write(ctx context.Context, s *tickets.Service, in Input) (*tickets.Outcome, error) {
	edit, err := tickets.PartOf(in.Edit)
	if err != nil {
		return nil, err
	}
	c := tickets.Change{DryRun: in.DryRun, Anyway: in.Anyway, Edit: edit, Repeating: in.IdempotencyKey,
		Write: tickets.Write{Op: in.Op, Key: in.Ticket, Base: in.Base, To: in.To}}
	c.Changes.Title = in.Title
	switch {
	case in.Body == nil:
	case in.Op == tickets.Remark || in.Op == tickets.Move:
		c.Changes.Comment = *in.Body
	default:
		c.Body = in.Body
	}
	if err := c.Set(in.Set); err != nil {
		return nil, err
	}
	out, err := s.Do(ctx, c)
	if len(in.Set) > 0 {
		return out, fail.Hint(err, "correct set, or read the ticket with ticket_read")
	}
	return out, fail.Hint(err, "read the ticket with ticket_read")
}
