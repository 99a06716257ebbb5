package workspace_test

import (
	"context"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	"cleat/internal/gate/redact"
	"cleat/internal/git/gittest"
	"cleat/internal/host"
	"cleat/internal/proc"
	"cleat/internal/sources/workspace"
	"cleat/internal/systems/code"
)

// BenchmarkHistory compares questions about 10,000 commits with git's own commands for the
// same: the ratio of the wall times, each the median of several runs in turn.
func BenchmarkHistory(b *testing.B) {
	dir := gittest.Long{}.Make(b)
	env := gittest.Env(b)
	state := b.TempDir()
	r := redact.New([]byte("key"))
	s, err := workspace.Open(b.Context(), workspace.Config{Repos: []string{dir}}, host.Host{Log: slog.New(slog.DiscardHandler), Now: time.Now,
		Redact: r.Text, RedactPart: r.Part, Closed: func() func(string) bool { return nil }, Children: &proc.Group{},
		State: func() (*os.Root, error) { return os.OpenRoot(state) }, Env: env})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	for _, bench := range []struct {
		name string
		run  func(ctx context.Context) (int, error)
		git  []string
	}{
		{"log of a path", func(ctx context.Context) (int, error) {
			l, err := s.Log(ctx, code.HistoryQuery{Path: "src/d01", Limit: 10_000})
			return len(l.Commits), err
		}, []string{"log", "main", "--", "src/d01"}},
		{"log of a file", func(ctx context.Context) (int, error) {
			l, err := s.Log(ctx, code.HistoryQuery{Path: gittest.Moved, Limit: 10_000})
			return len(l.Commits), err
		}, []string{"log", "--follow", "main", "--", gittest.Moved}},
		{"pickaxe", func(ctx context.Context) (int, error) {
			l, err := s.Log(ctx, code.HistoryQuery{Text: gittest.Needle})
			return len(l.Commits), err
		}, []string{"log", "-S" + gittest.Needle, "main"}},
		{"blame", func(ctx context.Context) (int, error) {
			a, err := s.Blame(ctx, code.HistoryQuery{Path: gittest.Big, Limit: 5000})
			return len(a.Spans), err
		}, []string{"blame", "main", "--", gittest.Big}},
		{"diff", func(ctx context.Context) (int, error) {
			d, err := s.Diff(ctx, code.HistoryQuery{Range: "main~9000..main"})
			return len(d.Files), err
		}, []string{"diff", "main~9000", "main"}},
		{"show", func(ctx context.Context) (int, error) {
			c, err := s.Show(ctx, code.HistoryQuery{})
			return len(c.Diff.Files), err
		}, []string{"show", "main"}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			var ours, theirs []time.Duration
			n := 0
			for range max(5, b.N) {
				begin := time.Now()
				if n, err = bench.run(b.Context()); err != nil || n == 0 {
					b.Fatal(n, err)
				}
				ours = append(ours, time.Since(begin))
				begin = time.Now()
				cmd := exec.Command("git", append([]string{"--git-dir=" + dir, "--no-pager"}, bench.git...)...)
				cmd.Env, cmd.Stdout = env, io.Discard
				if err := cmd.Run(); err != nil {
					b.Fatal(err)
				}
				theirs = append(theirs, time.Since(begin))
			}
			slices.Sort(ours)
			slices.Sort(theirs)
			ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
			o, g := ms(ours[len(ours)/2]), ms(theirs[len(theirs)/2])
			b.ReportMetric(float64(n), "found")
			b.ReportMetric(o, "ms")
			b.ReportMetric(g, "git-ms")
			b.ReportMetric(o/g, "ratio")
			b.ReportMetric(0, "ns/op")
		})
	}
}
