package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"cleat/internal/proc"
	"cleat/internal/registry"
	"cleat/internal/text"
)

func (p *program) initCommand() *cobra.Command {
	in := initializer{program: p}
	var printAllow bool
	c := &cobra.Command{Use: "init", Short: "Set cleat up for Claude Code in this repository",
		Long: "init prints the line that makes Claude Code start cleat, and offers to run it; it lets Claude Code call\n" +
			"cleat's read tools without asking (.claude/settings.local.json); and it says what it saw here that a\n" +
			"configuration could name. It can be run again at any time: what is there already stays as it is.",
		Example: "  cleat init             ask before Claude Code is told\n" +
			"  cleat init --yes       do not ask\n" +
			"  cleat init --dry-run   change nothing, say what would be done",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			if printAllow {
				return p.with(ctx, func(a *app) error { return a.printAllowed() })
			}
			return p.with(ctx, func(a *app) error { return in.run(ctx, a) })
		}}
	f := c.Flags()
	f.BoolVar(&in.yes, "yes", false, "run claude mcp add without asking")
	f.BoolVar(&in.dryRun, "dry-run", false, "change nothing, and say what would be done")
	f.BoolVar(&in.config, "config", false, "also write a commented user configuration, if there is none")
	f.BoolVar(&printAllow, "print-allow", false, "print the entries for permissions.allow as JSON, and do nothing else")
	return c
}

// An initializer is one run of cleat init.
type initializer struct {
	*program
	yes, dryRun, config bool

	root   string // the folder that is served
	failed bool
	err    error // of writing to stdout
}

// run takes the steps one after the other. One that fails says so and does not keep the
// others from being taken.
func (in *initializer) run(ctx context.Context, a *app) error {
	in.root = a.root
	in.say("cleat %s, for %s", programVersion(), text.Line(in.root))
	in.claude(ctx)
	in.allow(a)
	in.configuration(ctx)
	in.say("\nNext: `cleat doctor` checks the whole setup.")
	switch {
	case in.err != nil:
		return in.err
	case in.failed:
		return errFailed
	}
	return nil
}

// say prints a line.
func (in *initializer) say(format string, args ...any) {
	if _, err := fmt.Fprintf(in.stdout, format+"\n", args...); err != nil && in.err == nil {
		in.err = err
	}
}

// trouble says what went wrong with a step and how to mend it.
func (in *initializer) trouble(what, mend string) {
	in.failed = true
	fmt.Fprintf(in.stderr, "cleat: %s\n      mend: %s\n", what, mend)
}

// claude tells Claude Code of cleat, or says how to.
func (in *initializer) claude(ctx context.Context) {
	exe, err := os.Executable()
	if err != nil {
		in.trouble(fmt.Sprintf("the path of this program is not known: %v", err), "run `claude mcp add --transport stdio cleat -- PATH serve` with its path")
		return
	}
	name := in.callableAs(exe)
	argv := addCommand(name)
	in.say("\nThis line, run once in %s, makes Claude Code start cleat there:\n\n  %s\n", text.Line(in.root), quoteWords(argv, shellIsWindows()))
	if name != "cleat" && inBuildCache(exe) {
		in.say("This binary lies in a folder of the Go tool that will be removed. Install it first (make install),\nand run `cleat init` with the installed one.")
	}
	claude, lookErr := proc.Look("claude", in.environ)
	entries, problems := in.claudeEntries(in.root)
	for _, err := range problems {
		in.trouble(err.Error(), "mend or remove the file; Claude Code reads it as well")
	}
	if len(entries) > 0 {
		in.known(entries[0], exe)
		return
	}
	switch {
	case lookErr != nil:
		in.say("Claude Code is not installed here: PATH has no program claude. Install it with\n\n  npm install -g @anthropic-ai/claude-code\n\n" +
			"and then run the line above, or `cleat init` again.")
	case in.dryRun:
		in.say("Dry run: it is not run.")
	case in.yes || in.ask("Run it now? [y/N] "):
		in.add(ctx, claude, argv)
	default:
		in.say("It was not run. `cleat init --yes` runs it.")
	}
}

// known says what Claude Code starts already.
func (in *initializer) known(e claudeEntry, exe string) {
	path, err := e.program(in.environ)
	switch {
	case err != nil:
		in.trouble(fmt.Sprintf("Claude Code has %s already (%s), but cannot start it: %v", text.Line(e.name), e.where(), err),
			fmt.Sprintf("run `%s`, then `cleat init` again", e.remove()))
	case isSameFile(path, exe):
		in.say("Claude Code has it already: %s. Nothing to do.", e.where())
		if e.name != "cleat" {
			in.say("It is called %s there, so what is allowed below, for a server called cleat, does not hold for it.", text.Line(e.name))
		}
	default:
		in.say("Claude Code has a server %s already: %s. It starts another program than this one:\n%s\n"+
			"To change that, run `%s`, then `cleat init` again.", text.Line(e.name), e.where(), text.Line(path), e.remove())
	}
}

// ask asks on the terminal. Without one the answer is no.
func (in *initializer) ask(question string) bool {
	stdin, ok := in.stdin.(*os.File)
	if !ok || !term.IsTerminal(int(stdin.Fd())) {
		return false
	}
	if _, err := fmt.Fprint(in.stdout, question); err != nil {
		return false
	}
	answer, err := bufio.NewReader(stdin).ReadString('\n')
	answer = strings.ToLower(strings.TrimSpace(answer))
	return err == nil && (answer == "y" || answer == "yes")
}

// allow lets Claude Code call the read tools without asking.
func (in *initializer) allow(a *app) {
	in.say("")
	const file = ".claude/settings.local.json"
	if len(a.problems) > 0 {
		in.trouble("the configuration is broken, so it is not known which tools there will be, and "+file+" was left alone",
			"see `cleat doctor` for what is wrong, then run `cleat init` again")
		return
	}
	want, err := a.allowed()
	if err != nil {
		in.trouble(err.Error(), "see `cleat doctor`")
		return
	}
	root, err := os.OpenRoot(in.root)
	if err != nil {
		in.trouble(fmt.Sprintf("the folder %s cannot be opened: %v", text.Line(in.root), bareError(err)), "make it readable for you")
		return
	}
	defer root.Close()
	added, err := allowTools(root, want, in.dryRun)
	if err != nil {
		what, mend := reason(err)
		in.trouble(what, mend)
		return
	}
	switch {
	case len(added) == 0:
		in.say("%s lets Claude Code call cleat's read tools without asking already.", file)
		return
	case in.dryRun:
		in.say("Dry run: these would be added to permissions.allow in %s, so that Claude Code\ncalls them without asking:", file)
	default:
		in.say("Added to permissions.allow in %s, so that Claude Code calls the read tools\nwithout asking (tools that write still ask):", file)
	}
	for _, name := range added {
		in.say("  %s", name)
	}
	in.say("The file is yours alone, not for committing: Claude Code has git ignore it where it makes it itself.\n" +
		"Where `git status` shows it, name it in .gitignore.")
}

// printAllowed prints the entries for permissions.allow.
func (a *app) printAllowed() error {
	if len(a.problems) > 0 {
		for _, problem := range a.problems {
			fmt.Fprintln(a.program.stderr, problem.String())
		}
		return errFailed
	}
	names, err := a.allowed()
	if err != nil {
		return err
	}
	enc := json.NewEncoder(a.program.stdout)
	enc.SetIndent("", "  ")
	return enc.Encode(names)
}

// allowed are Claude Code's names of the tools that are listed and change nothing.
func (a *app) allowed() ([]string, error) {
	tools, err := a.registry.List(a.set, a.gate, a.config.Format == "json")
	if err != nil {
		return nil, fmt.Errorf("listing the tools: %w", err)
	}
	names := []string{}
	for _, t := range tools {
		if e, ok := a.registry.Lookup(registry.ToolKind, t.Name); ok && e.Access == registry.Read {
			names = append(names, allowPrefix+"__"+t.Name)
		}
	}
	return names, nil
}

// inBuildCache reports whether the path is one that "go run" and "go test" build at.
func inBuildCache(path string) bool {
	for dir := filepath.Dir(path); dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		if strings.HasPrefix(filepath.Base(dir), "go-build") {
			return true
		}
	}
	return false
}
