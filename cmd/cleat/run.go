package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"cleat/internal/fail"
	"cleat/internal/text"
)

// Exit codes; see the README.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
)

// errFailed ends a verb with exit code 1 when what went wrong has been said already.
var errFailed = errors.New("failed")

// usageError is wrong usage: exit code 2.
type usageError struct{ error }

// run runs the verb that args name and returns the exit code.
func (p *program) run(args []string) int {
	code := exitOK
	root := &cobra.Command{
		Use:   "cleat",
		Short: "Your team's systems for Claude Code, under one policy, one audit log and one budget",
		Long: "cleat is an MCP server that Claude Code launches:\n\n  claude mcp add --transport stdio cleat -- cleat serve\n\n" +
			"Without a verb it serves when stdin is not a terminal. The verbs that do work take the same\nway as calls of Claude Code: same policy, same audit log, same answers.",
		Args:          cobra.NoArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f, ok := p.stdin.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
				return cmd.Help()
			}
			code = p.serve(cmd.Context(), false)
			return nil
		},
	}
	root.SetArgs(args)
	root.SetIn(p.stdin)
	root.SetOut(p.stdout)
	root.SetErr(p.stderr)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(p.serveCommand(&code), p.callCommand(), p.readCommand(), p.toolsCommand(), p.promptCommand(),
		p.policyCommand(), p.auditCommand(), p.trustCommand(), p.ticketsCommand(), p.initCommand(), p.doctorCommand(), p.versionCommand(), p.workerCommand())
	err := root.ExecuteContext(context.Background())
	var usage usageError
	switch {
	case err == nil:
		return code
	case errors.Is(err, errFailed):
		return exitFailure
	case errors.As(err, &usage) || isUsage(err):
		p.complain("cleat: " + err.Error() + "\nRun 'cleat --help' for usage.")
		return exitUsage
	}
	var f *fail.Error
	if errors.As(err, &f) {
		p.complain(fail.Show(err))
		return exitFailure
	}
	p.complain("cleat: " + err.Error())
	return exitFailure
}

// complain prints an error for a terminal: what it quotes may be of strangers.
func (p *program) complain(s string) {
	s, _ = text.Clean(s)
	fmt.Fprintln(p.stderr, s)
}

// isUsage reports whether err is cobra's own about the words of the command line, which
// have no type.
func isUsage(err error) bool {
	for _, prefix := range []string{"unknown command", "unknown flag", "unknown shorthand", "accepts ", "requires ", "required flag"} {
		if len(err.Error()) >= len(prefix) && err.Error()[:len(prefix)] == prefix {
			return true
		}
	}
	return false
}

func (p *program) versionCommand() *cobra.Command {
	return &cobra.Command{Use: "version", Short: "Print the version", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(p.stdout, "cleat", programVersion())
			return err
		}}
}
