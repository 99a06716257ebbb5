package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"cleat/internal/registry"
	"cleat/internal/strict"
	"cleat/internal/text"
)

// cliClient is the client that the audit log names for the command line.
func cliClient() string { return "cleat-cli/" + programVersion() }

func (p *program) callCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "call TOOL ['{\"json\":…}' | key=value …]",
		Short: "Call a tool as Claude Code would",
		Args:  cobra.MinimumNArgs(1),
		Example: `  cleat call code_search pattern='func main' mode=text
  cleat call read '{"uri":"README.md","outline":true}'`,
		RunE: func(cmd *cobra.Command, args []string) error {
			raw, err := arguments(args[1:])
			if err != nil {
				return usageError{err}
			}
			return p.do(cmd.Context(), registry.Request{Method: registry.CallTool, Name: args[0], Args: raw})
		},
	}
}

func (p *program) readCommand() *cobra.Command {
	in := struct {
		URI     string `json:"uri"`
		Part    string `json:"part,omitempty"`
		Grep    string `json:"grep,omitempty"`
		Outline bool   `json:"outline,omitempty"`
	}{}
	c := &cobra.Command{Use: "read URI", Short: "Read an address, as the tool read does", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			in.URI = args[0]
			raw, err := json.Marshal(in)
			if err != nil {
				return fmt.Errorf("encoding the arguments: %w", err)
			}
			return p.do(cmd.Context(), registry.Request{Method: registry.CallTool, Name: "read", Args: raw})
		}}
	c.Flags().StringVar(&in.Part, "part", "", "L10-L50, a JSON pointer or a #heading")
	c.Flags().StringVar(&in.Grep, "grep", "", "only lines that match this expression")
	c.Flags().BoolVar(&in.Outline, "outline", false, "the map instead of the text")
	return c
}

func (p *program) promptCommand() *cobra.Command {
	return &cobra.Command{Use: "prompt NAME [key=value …]", Short: "Print a prompt as Claude Code would get it", Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			raw, err := arguments(args[1:])
			if err != nil {
				return usageError{err}
			}
			return p.do(cmd.Context(), registry.Request{Method: registry.GetPrompt, Name: args[0], Args: raw})
		}}
}

// do sends a request through the gate and prints the answer.
func (p *program) do(ctx context.Context, req registry.Request) error {
	return p.with(ctx, func(a *app) error {
		req.Client, req.Bytes = cliClient(), len(req.Args)
		reply := a.gate.Do(ctx, req)
		out := p.stdout
		if reply.Err != nil {
			out = p.stderr
		}
		s := reply.Text
		if reply.Structured != nil {
			s = string(reply.Structured)
		}
		if _, err := fmt.Fprintln(out, s); err != nil {
			return err
		}
		return exit(reply)
	})
}

// arguments makes the JSON object of a call from the words of the command line: one
// object, or key=value pairs whose values are JSON where they can be and text otherwise.
func arguments(words []string) (json.RawMessage, error) {
	if len(words) == 1 && strings.HasPrefix(strings.TrimSpace(words[0]), "{") {
		// The same check that the guard makes of a client's request.
		if err := strict.Check([]byte(words[0]), maxArgumentDepth); err != nil {
			return nil, fmt.Errorf("the arguments: %w", err)
		}
		return json.RawMessage(words[0]), nil
	}
	obj := map[string]json.RawMessage{}
	for _, w := range words {
		key, value, ok := strings.Cut(w, "=")
		if !ok || key == "" {
			return nil, fmt.Errorf("%q is neither key=value nor a JSON object", w)
		}
		if _, twice := obj[key]; twice {
			return nil, fmt.Errorf("the argument %q is given twice; pass a list as key='[\"a\",\"b\"]'", key)
		}
		raw := json.RawMessage(value)
		if len(value) == 0 || (value[0] != '[' && value[0] != '{') || strict.Check(raw, maxArgumentDepth) != nil {
			// Numbers and booleans may come as text: the tool takes them.
			s, err := json.Marshal(value)
			if err != nil {
				return nil, fmt.Errorf("encoding the argument %q: %w", key, err)
			}
			raw = s
		}
		obj[key] = raw
	}
	raw, err := json.Marshal(obj)
	if err != nil {
		return nil, fmt.Errorf("encoding the arguments: %w", err)
	}
	return raw, nil
}

// maxArgumentDepth is how deep arguments may be nested, as in requests of a client.
const maxArgumentDepth = 200

func (p *program) toolsCommand() *cobra.Command {
	var tokens bool
	c := &cobra.Command{Use: "tools", Short: "List the tools as a client sees them", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.with(cmd.Context(), func(a *app) error {
				tools, err := a.registry.List(a.set, a.gate, a.config.Format == "json")
				if err != nil {
					return err
				}
				bytes, total := 0, 0
				for _, t := range tools {
					raw, err := json.Marshal(t)
					if err != nil {
						return fmt.Errorf("encoding the tool %s: %w", t.Name, err)
					}
					n := text.Tokens(string(raw))
					bytes, total = bytes+len(raw), total+n
					line := fmt.Sprintf("%-16s %s", t.Name, t.Annotations.Title)
					if tokens {
						line = fmt.Sprintf("%-16s %5d bytes  about %4d tokens", t.Name, len(raw), n)
					}
					if _, err := fmt.Fprintln(p.stdout, line); err != nil {
						return err
					}
				}
				if tokens {
					_, err = fmt.Fprintf(p.stdout, "%-16s %5d bytes  about %4d tokens\n", fmt.Sprintf("%d tools", len(tools)), bytes, total)
				}
				return err
			})
		}}
	c.Flags().BoolVar(&tokens, "tokens", false, "what each tool costs in every session")
	return c
}
