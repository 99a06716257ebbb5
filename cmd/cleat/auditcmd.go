package main

import (
	"encoding/json"
	"fmt"
	"os/signal"
	"syscall"
	"unicode/utf16"

	"github.com/spf13/cobra"

	"cleat/internal/gate/audit"
	"cleat/internal/state"
	"cleat/internal/text"
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
			for _, r := range records {
				raw, err := json.Marshal(r)
				if err != nil {
					return fmt.Errorf("encoding a record: %w", err)
				}
				if _, err := p.stdout.Write(append(ascii(raw), '\n')); err != nil {
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

// ascii returns JSON text with everything that is not printable ASCII escaped, as it stands
// in the log: names in it are of strangers, and the reader is a terminal.
func ascii(raw []byte) []byte {
	out := make([]byte, 0, len(raw))
	for _, r := range string(raw) {
		if r < 0x7f {
			out = append(out, byte(r)) // control characters were escaped already
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			out = fmt.Appendf(out, `\u%04x`, unit)
		}
	}
	return out
}

// verified prints a report, what is wrong first.
func (p *program) verified(r audit.Report) error {
	for _, problem := range r.Problems {
		fmt.Fprintln(p.stdout, text.Line(problem.String()))
	}
	for _, note := range r.Notes {
		fmt.Fprintln(p.stdout, "note:", text.Line(note))
	}
	for _, w := range r.Unfinished {
		fmt.Fprintf(p.stdout, "unknown outcome: record %d: %s %s on %s at %s\n", w.Seq, text.Line(w.Name), text.Line(w.Op), text.Line(w.Source), w.Time.Format("2006-01-02 15:04:05Z"))
	}
	if !r.OK() {
		fmt.Fprintf(p.stdout, "%s in %s\n", text.Count(r.Bad, "problem"), text.Count(r.Records, "record"))
		return errFailed
	}
	_, err := fmt.Fprintf(p.stdout, "%s in %s, whole; checkpoint %s\n", text.Count(r.Records, "record"), text.Count(r.Files, "file"), r.Checkpoint())
	return err
}
