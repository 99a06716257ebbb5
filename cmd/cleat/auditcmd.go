package main

import (
	"encoding/json"
	"fmt"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"cleat/internal/gate/audit"
	"cleat/internal/state"
)

func (p *program) auditCommand() *cobra.Command {
	c := &cobra.Command{Use: "audit", Short: "Look into the audit log and verify it"}
	var n int
	tail := &cobra.Command{Use: "tail", Short: "Print the last records as JSON lines", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			folder, err := state.Locate(p.lookup)
			if err != nil {
				return err
			}
			records, err := audit.Tail(cmd.Context(), folder.Dir(), n, nil)
			if err != nil {
				return err
			}
			enc := json.NewEncoder(p.stdout)
			for _, r := range records {
				if err := enc.Encode(r); err != nil {
					return fmt.Errorf("printing a record: %w", err)
				}
			}
			return nil
		}}
	tail.Flags().IntVarP(&n, "lines", "n", 10, "how many records")
	verify := &cobra.Command{Use: "verify", Short: "Check that no record was changed, removed or added; exit 1 with the record if one was",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			folder, err := state.Locate(p.lookup)
			if err != nil {
				return err
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			report, err := audit.Verify(ctx, folder.Dir())
			if err != nil {
				return err
			}
			return p.verified(report)
		}}
	c.AddCommand(tail, verify)
	return c
}

// verified prints a report, what is wrong first.
func (p *program) verified(r audit.Report) error {
	for _, problem := range r.Problems {
		fmt.Fprintln(p.stdout, problem)
	}
	for _, note := range r.Notes {
		fmt.Fprintln(p.stdout, "note:", note)
	}
	for _, w := range r.Unfinished {
		fmt.Fprintf(p.stdout, "unknown outcome: record %d: %s %s on %s at %s\n", w.Seq, w.Name, w.Op, w.Source, w.Time.Format("2006-01-02 15:04:05Z"))
	}
	if !r.OK() {
		fmt.Fprintf(p.stdout, "%d problems in %d records\n", r.Bad, r.Records)
		return errFailed
	}
	_, err := fmt.Fprintf(p.stdout, "%d records in %d files, whole; checkpoint %s\n", r.Records, r.Files, r.Checkpoint())
	return err
}
