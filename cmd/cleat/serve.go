package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"cleat/internal/gate/audit"
	"cleat/internal/registry"
	"cleat/internal/stdio"
)

func (p *program) serveCommand(code *int) *cobra.Command {
	var readOnly bool
	c := &cobra.Command{Use: "serve", Short: "Serve MCP over stdin and stdout (what Claude Code runs)", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			*code = p.serve(cmd.Context(), readOnly)
			return nil
		}}
	c.Flags().BoolVar(&readOnly, "read-only", false, "refuse every write, whatever the configuration allows")
	return c
}

// serve serves until the input or the process is to end, and returns the exit code.
func (p *program) serve(ctx context.Context, readOnly bool) int {
	in, out, err := stdio.Claim()
	if err != nil {
		fmt.Fprintf(p.stderr, "cleat: %v\n", err)
		return exitFailure
	}
	// The variable changes how the SDK behaves; what cleat does must not depend on it.
	if err := os.Unsetenv("MCPGODEBUG"); err != nil {
		fmt.Fprintf(p.stderr, "cleat: %v\n", err)
		return exitFailure
	}
	dir, err := os.Getwd()
	if err != nil {
		fmt.Fprintf(p.stderr, "cleat: finding the current folder: %v\n", err)
		return exitFailure
	}
	a, err := p.open(ctx, openOption{dir: dir, readOnly: readOnly})
	if err != nil {
		fmt.Fprintf(p.stderr, "cleat: %v\n", err)
		return exitFailure
	}
	for _, problem := range a.problems {
		a.log.Error("broken configuration", "problem", problem.String())
	}
	for _, n := range a.config.Notes {
		a.log.Warn(n)
	}
	guard := stdio.New(stdio.Options{In: in, Out: out, Log: a.log, Fault: a.fault})
	return stdio.Process{
		Guard: guard,
		Log:   a.log,
		Serve: func(ctx context.Context) error {
			srv := a.registry.NewServer(a.set, bounded{a.gate, ctx}, registry.Options{
				Version: programVersion(), Instructions: a.instructions(), JSON: a.config.Format == "json"})
			return srv.Run(ctx, guard.Transport())
		},
		Stop: func(context.Context) {
			if err := a.close(); err != nil {
				a.log.Error("ending", "err", err)
			}
		},
	}.Run(ctx)
}

// bounded ends calls with the process: the SDK does not.
type bounded struct {
	registry.Caller
	life context.Context // of the process; a Caller has no other way to learn of its end
}

// Do implements registry.Caller.
func (b bounded) Do(ctx context.Context, req registry.Request) registry.Reply {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(b.life, func() { cancel(context.Cause(b.life)) })()
	return b.Caller.Do(ctx, req)
}

// fault records a message that never reached the server.
func (a *app) fault(f stdio.Fault) {
	_, err := a.audit.Append(context.Background(), audit.Record{
		Method: f.Method, Name: "(refused message)", Decision: audit.Deny, Rule: "protocol: " + string(f.Kind),
		BytesIn: int64(f.Bytes), Outcome: "invalid", Error: f.Detail,
	})
	if err != nil {
		a.log.Error("THE AUDIT LOG CANNOT BE WRITTEN", "err", err)
	}
}

// exit is the end of a verb whose answer says what went wrong.
func exit(reply registry.Reply) error {
	if reply.Err != nil {
		return errFailed
	}
	return nil
}

// with opens the app, runs f and closes it.
func (p *program) with(ctx context.Context, f func(*app) error) error {
	dir, err := os.Getwd()
	if err != nil {
		return fmt.Errorf("finding the current folder: %w", err)
	}
	a, err := p.open(ctx, openOption{dir: dir})
	if err != nil {
		return err
	}
	return errors.Join(f(a), a.close())
}
