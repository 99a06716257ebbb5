// Package status provides the status tool.
package status

import (
	"context"

	"github.com/google/jsonschema-go/jsonschema"

	"cleat/internal/registry"
	"cleat/internal/systems"
	"cleat/internal/systems/self"
)

func init() { registry.Register(Tool) }

// Tool tells about the running server.
var Tool = registry.NewTool(systems.Self, registry.Tool{
	Name:  "status",
	Title: "Status of cleat",
	Description: `What cleat is connected to and allowed to do: sources, configuration, limits and protections (view=health, the default), ` +
		`rules in force (policy), calls and tokens of this session (usage), the audit log and writes of unknown outcome (audit), session and root (whoami).`,
	Access: registry.Read,
	Schema: func(s *jsonschema.Schema) {
		for _, v := range self.Views() {
			s.Properties["view"].Enum = append(s.Properties["view"].Enum, string(v))
		}
	},
}, report)

// Input is what the model sends.
type Input struct {
	View string `json:"view,omitempty" jsonschema:"health if unset"`
}

func report(ctx context.Context, reporter self.Reporter, in Input) (*self.Report, error) {
	return reporter.Report(ctx, self.View(in.View))
}
