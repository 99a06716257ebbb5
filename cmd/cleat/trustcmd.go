package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"cleat/internal/config"
	"cleat/internal/sources/workspace"
	"cleat/internal/text"
)

func (p *program) trustCommand() *cobra.Command {
	var yes bool
	c := &cobra.Command{Use: "trust", Short: "Let what this repository's cleat.toml adds count, as it is now",
		Long: "A repository's cleat.toml can narrow what cleat does, but what it adds (sources, hosts) counts only\nonce you have read it and said so. The consent is to this very content: any edit voids it.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.with(cmd.Context(), func(a *app) error { return a.grant(yes) })
		}}
	c.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return c
}

// grant shows what the project file would add, asks, and remembers the content.
func (a *app) grant(yes bool) error {
	p, out := a.program, a.program.stdout
	file := a.config.Project
	switch {
	case !file.Present:
		return fmt.Errorf("there is no %s in %s, so there is nothing to trust", config.ProjectFile, a.root)
	case len(a.problems) > 0:
		for _, problem := range a.problems {
			fmt.Fprintln(p.stderr, problem.String())
		}
		return errFailed
	case file.Trusted:
		_, err := fmt.Fprintln(out, "this content is trusted already")
		return err
	}
	fmt.Fprintf(out, "%s (sha256 %.12s…) adds:\n", file.File, file.Digest())
	for _, s := range a.config.Skipped {
		fmt.Fprintf(out, "  source %s of kind %s, line %d\n", s.Name, s.Kind, s.Line)
		if c, ok := s.Config.(*workspace.Config); ok {
			dir := c.Root
			if !filepath.IsAbs(dir) {
				dir = filepath.Join(a.root, dir)
			}
			fmt.Fprintln(out, "    reads the folder", text.Line(dir))
		}
		for _, h := range s.Hosts {
			fmt.Fprintln(out, "    talks to", text.Line(h))
		}
		for _, r := range s.Secrets {
			fmt.Fprintln(out, "    uses the secret", text.Line(r))
		}
	}
	if !yes {
		stdin, ok := p.stdin.(*os.File)
		if !ok || !term.IsTerminal(int(stdin.Fd())) {
			return usageError{fmt.Errorf("stdin is not a terminal to ask on; pass --yes once you have read the file")}
		}
		fmt.Fprint(out, "Trust it? [y/N] ")
		answer, err := bufio.NewReader(stdin).ReadString('\n')
		if err != nil || !strings.EqualFold(strings.TrimSpace(answer), "y") {
			fmt.Fprintln(out, "not trusted")
			return errFailed
		}
	}
	if err := a.trust.Grant(a.root, config.ProjectFile, file.Content); err != nil {
		return fmt.Errorf("remembering the trust: %w", err)
	}
	_, err := fmt.Fprintln(out, "trusted; a running cleat takes it up after a restart")
	return err
}
