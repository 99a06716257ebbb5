package main

import (
	"bufio"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"cleat/internal/config"
	"cleat/internal/sources"
	"cleat/internal/sources/local/tasks"
	"cleat/internal/sources/workspace"
	"cleat/internal/text"
)

func (p *program) trustCommand() *cobra.Command {
	var yes bool
	c := &cobra.Command{Use: "trust", Short: "Let what this repository declares count, as it is now: its cleat.toml and its tasks",
		Long: "A repository's cleat.toml can narrow what cleat does, but what it adds (sources, hosts) counts only\n" +
			"once you have read it and said so, and so do the tasks that it declares (make targets, package scripts).\n" +
			"The consent is to this very content: any edit voids it.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.with(cmd.Context(), func(a *app) error { return a.grant(cmd.Context(), yes) })
		}}
	c.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return c
}

// grant shows what the project file would add and which tasks could run, asks, and remembers
// the content.
func (a *app) grant(ctx context.Context, yes bool) error {
	p, out := a.program, a.program.stdout
	if len(a.problems) > 0 {
		for _, problem := range a.problems {
			fmt.Fprintln(p.stderr, problem.String())
		}
		return errFailed
	}
	found, _, err := tasks.Find(ctx, a.root)
	if err != nil {
		return fmt.Errorf("looking for tasks: %w", err)
	}
	fresh := slices.DeleteFunc(slices.Clone(found), a.trusts)
	file := a.config.Project
	adds := file.Present && !file.Trusted
	switch {
	case !file.Present && len(found) == 0:
		return fmt.Errorf("there is no %s and no task in %s, so there is nothing to trust", config.ProjectFile, a.root)
	case !adds && len(fresh) == 0:
		_, err := fmt.Fprintln(out, "this content is trusted already")
		return err
	}
	if adds {
		a.showProject()
	}
	if len(fresh) > 0 {
		fmt.Fprintf(out, "%s, which ci_run can start:\n", text.Count(len(fresh), "task"))
	}
	for _, t := range fresh {
		fmt.Fprintf(out, "  %s: %s", text.Line(t.Name), text.Line(strings.Join(t.Argv, " ")))
		if len(t.Files) > 0 {
			fmt.Fprintf(out, " (%s)", text.Line(strings.Join(t.Files, ", ")))
		}
		fmt.Fprintln(out)
	}
	if !yes {
		stdin, ok := p.stdin.(*os.File)
		if !ok || !term.IsTerminal(int(stdin.Fd())) {
			return usageError{fmt.Errorf("stdin is not a terminal to ask on; pass --yes once you have read what stands above")}
		}
		fmt.Fprint(out, "Trust it? [y/N] ")
		answer, err := bufio.NewReader(stdin).ReadString('\n')
		if err != nil || !strings.EqualFold(strings.TrimSpace(answer), "y") {
			fmt.Fprintln(out, "not trusted")
			return errFailed
		}
	}
	if adds {
		if err := a.trust.Grant(a.root, config.ProjectFile, file.Content); err != nil {
			return fmt.Errorf("remembering the trust: %w", err)
		}
	}
	for _, t := range fresh {
		if err := a.trust.Grant(a.root, trustName(t), t.Definition); err != nil {
			return fmt.Errorf("remembering the trust: %w", err)
		}
	}
	said := "trusted"
	if adds {
		said = "trusted; a running cleat takes it up after a restart"
	}
	_, err = fmt.Fprintln(out, said)
	return err
}

// showProject prints what the project file would add.
func (a *app) showProject() {
	out, file := a.program.stdout, a.config.Project
	fmt.Fprintf(out, "%s (sha256 %.12s…) adds:\n", file.File, file.Digest())
	for _, s := range a.config.Skipped {
		fmt.Fprintf(out, "  source %s of kind %s, line %d\n", s.Name, s.Kind, s.Line)
		switch c := s.Config.(type) {
		case *workspace.Config:
			dir := c.Root
			if !filepath.IsAbs(dir) {
				dir = filepath.Join(a.root, dir)
			}
			fmt.Fprintln(out, "    reads the folder", text.Line(dir))
		case *sources.Local:
			for _, name := range slices.Sorted(maps.Keys(c.Tasks)) {
				fmt.Fprintf(out, "    runs %s: %s\n", text.Line(name), text.Line(strings.Join(c.Tasks[name], " ")))
			}
			for _, name := range c.Env {
				fmt.Fprintln(out, "    passes on the variable", text.Line(name))
			}
		}
		for _, h := range s.Hosts {
			fmt.Fprintln(out, "    talks to", text.Line(h))
		}
		for _, r := range s.Secrets {
			fmt.Fprintln(out, "    uses the secret", text.Line(r))
		}
	}
}
