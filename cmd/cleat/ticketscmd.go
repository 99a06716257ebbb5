package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"cleat/internal/fail"
	"cleat/internal/sources/local"
	"cleat/internal/sources/local/tracker"
	"cleat/internal/text"
)

// ticketsCommand is for what people do with the tracker of this machine: keep it in git.
func (p *program) ticketsCommand() *cobra.Command {
	c := &cobra.Command{Use: "tickets", Short: "Keep the tickets of this machine in a file"}
	c.AddCommand(
		&cobra.Command{Use: "export [FILE]", Short: "Write all tickets as JSON lines, to FILE or standard output", Args: cobra.MaximumNArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error {
				return p.onTracker(cmd.Context(), func(t *tracker.Tracker) error {
					if len(args) == 0 {
						return t.Export(cmd.Context(), p.stdout)
					}
					return exportTo(cmd.Context(), t, args[0])
				})
			}},
		&cobra.Command{Use: "import FILE", Short: "Take in tickets from JSON lines: new ones are added, newer ones replace", Args: cobra.ExactArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error {
				return p.onTracker(cmd.Context(), func(t *tracker.Tracker) (err error) {
					f, err := os.Open(args[0])
					if err != nil {
						return fmt.Errorf("opening the file: %w", err)
					}
					defer func() { err = errors.Join(err, f.Close()) }()
					r, err := t.Import(cmd.Context(), f)
					if err != nil {
						return err
					}
					return p.imported(r)
				})
			}})
	return c
}

// onTracker calls f with the tracker of the repository.
func (p *program) onTracker(ctx context.Context, f func(*tracker.Tracker) error) (err error) {
	a, err := p.open(ctx, openOption{dir: "."})
	if err != nil {
		return err
	}
	err = fail.Errorf(fail.Unsupported, "the tickets of this machine are not open").Because("cleat's configuration is broken").Then("run cleat doctor")
	for _, c := range a.closers {
		if local, ok := c.(*local.Source); ok {
			err = f(local.Tracker())
		}
	}
	return errors.Join(err, a.close())
}

// exportTo writes the file whole or not at all.
func exportTo(ctx context.Context, t *tracker.Tracker, path string) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".cleat-export-*")
	if err != nil {
		return fmt.Errorf("making the file: %w", err)
	}
	err = t.Export(ctx, io.Writer(f))
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// imported prints what an import did.
func (p *program) imported(r tracker.Report) error {
	fmt.Fprintf(p.stdout, "%d new, %d updated, %d the same, %d newer here; %s\n", r.Added, r.Updated, r.Same, r.Kept, text.Count(r.Comments, "comment"))
	for _, n := range r.Renamed {
		fmt.Fprintf(p.stdout, "%s is %s here: another ticket had its key\n", text.Line(n.From), text.Line(n.To))
	}
	for _, c := range r.Conflicts {
		kept, lost := c.Ours, c.Theirs
		if c.Took {
			kept, lost = lost, kept
		}
		raw, err := json.Marshal(lost)
		if err != nil {
			return fmt.Errorf("encoding a ticket: %w", err)
		}
		fmt.Fprintf(p.stdout, "conflict: %s was changed on both sides; the newer change stays, and the other was %s\n", text.Line(kept.Key), ascii(raw))
	}
	return nil
}
