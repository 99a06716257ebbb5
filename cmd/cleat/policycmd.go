package main

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"cleat/internal/registry"
)

func (p *program) policyCommand() *cobra.Command {
	c := &cobra.Command{Use: "policy", Short: "Show, check and explain the rules in force"}
	c.AddCommand(
		&cobra.Command{Use: "show", Short: "Print every rule in force, with the file and line it comes from", Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error {
				return p.sound(cmd, func(a *app) error {
					for _, l := range a.config.Policy.Show() {
						where := l.Origin
						if l.Where != "" {
							where += " " + l.Where
						}
						if _, err := fmt.Fprintf(p.stdout, "%-9s %s  (%s)\n", l.Kind, l.Text, where); err != nil {
							return err
						}
					}
					return nil
				})
			}},
		&cobra.Command{Use: "check", Short: "Check the configuration; exit 1 if it is broken", Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error {
				return p.sound(cmd, func(a *app) error {
					for _, n := range a.config.Notes {
						if _, err := fmt.Fprintln(p.stdout, "note:", n); err != nil {
							return err
						}
					}
					_, err := fmt.Fprintln(p.stdout, "the configuration is sound")
					return err
				})
			}},
		&cobra.Command{Use: "explain TOOL ['{\"json\":…}' | key=value …]", Short: "Say what the rules make of a call, without making it",
			Args: cobra.MinimumNArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error {
				raw, err := arguments(args[1:])
				if err != nil {
					return usageError{err}
				}
				return p.sound(cmd, func(a *app) error { return a.explain(args[0], raw) })
			}},
	)
	return c
}

// sound runs f with a configuration that has no problems, or prints the problems.
func (p *program) sound(cmd *cobra.Command, f func(*app) error) error {
	return p.with(cmd.Context(), func(a *app) error {
		if len(a.problems) == 0 {
			return f(a)
		}
		for _, problem := range a.problems {
			if _, err := fmt.Fprintln(p.stderr, problem.String()); err != nil {
				return err
			}
		}
		return errFailed
	})
}

// explain prints every rule that has a say in the call, and the decision.
func (a *app) explain(tool string, raw json.RawMessage) error {
	d, steps, err := a.gate.Explain(registry.Request{Method: registry.CallTool, Name: tool, Args: raw})
	if err != nil {
		return err
	}
	out := a.program.stdout
	for _, s := range steps {
		if !s.Matches || s.Effect == "" {
			continue
		}
		where := s.Origin
		if s.Where != "" {
			where += " " + s.Where
		}
		if _, err := fmt.Fprintf(out, "%-9s %s  (%s)\n", s.Effect, s.Text, where); err != nil {
			return err
		}
	}
	verdict := "refused"
	if d.Allow {
		verdict = "allowed"
	}
	if _, err := fmt.Fprintf(out, "%s by: %s (%s)\n", verdict, d.Rule, d.Origin); err != nil {
		return err
	}
	if d.Mend != "" {
		_, err = fmt.Fprintln(out, "to allow it:", d.Mend)
	}
	return err
}
