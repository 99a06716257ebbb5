package git_test

import (
	"io"
	"os/exec"
	"slices"
	"testing"
	"time"

	"cleat/internal/git"
	"cleat/internal/git/gittest"
)

// BenchmarkLong compares questions about a long history with git's own commands for the
// same: the ratio of the wall times, each the median of several runs in turn.
func BenchmarkLong(b *testing.B) {
	dir := gittest.Long{}.Make(b)
	env := gittest.Env(b)
	r := open(b, dir, git.Options{Env: env, Bare: true})
	head, err := r.Resolve(b.Context(), "main")
	if err != nil {
		b.Fatal(err)
	}
	old, err := r.Resolve(b.Context(), "main~9000")
	if err != nil {
		b.Fatal(err)
	}
	log := func(o git.LogOptions) func() error {
		o.Commit = head
		return func() error { _, _, err := r.Log(b.Context(), o); return err }
	}
	var ids []git.Hash
	for _, bench := range []struct {
		name string
		run  func() error
		git  []string
	}{
		{"log of a path", log(git.LogOptions{Path: "src/d01/f001.go"}), []string{"log", "main", "--", "src/d01/f001.go"}},
		{"log of a folder", log(git.LogOptions{Path: "src/d01"}), []string{"log", "main", "--", "src/d01"}},
		{"log of all", log(git.LogOptions{}), []string{"log", "main"}},
		{"follow", log(git.LogOptions{Path: gittest.Moved, Follow: true}), []string{"log", "--follow", "main", "--", gittest.Moved}},
		{"pickaxe", log(git.LogOptions{Text: gittest.Needle}), []string{"log", "-S" + gittest.Needle, "main"}},
		{"pickaxe in a path", log(git.LogOptions{Text: gittest.Needle, Path: "src/d01"}), []string{"log", "-S" + gittest.Needle, "main", "--", "src/d01"}},
		{"blame", func() error {
			_, _, err := r.Blame(b.Context(), git.BlameOptions{Commit: head, Path: gittest.Big})
			return err
		}, []string{"blame", "main", "--", gittest.Big}},
		{"blame of 200 lines", func() error {
			_, _, err := r.Blame(b.Context(), git.BlameOptions{Commit: head, Path: gittest.Big, First: 1000, Last: 1199})
			return err
		}, []string{"blame", "-L1000,1199", "main", "--", gittest.Big}},
		{"changes", func() error {
			_, _, err := r.Changes(b.Context(), old, head, git.ChangeOptions{Counts: true, Renames: true})
			return err
		}, []string{"diff", "--stat", string(old), string(head)}},
		{"files", func() error {
			ids = ids[:0]
			return r.Files(b.Context(), head, "", func(f git.TreeFile) error { ids = append(ids, f.Hash); return nil })
		}, []string{"ls-tree", "-r", "-l", "main"}},
		{"blobs", func() error {
			d := r.Reader()
			defer d.Close()
			return d.Blobs(b.Context(), ids, func(int, []byte) error { return nil })
		}, []string{"grep", "-F", "--threads=1", "nowhere", "main"}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			var ours, theirs []time.Duration
			for range max(5, b.N) {
				begin := time.Now()
				if err := bench.run(); err != nil {
					b.Fatal(err)
				}
				ours = append(ours, time.Since(begin))
				begin = time.Now()
				cmd := exec.Command("git", append([]string{"--git-dir=" + dir, "--no-pager"}, bench.git...)...)
				cmd.Env, cmd.Stdout = env, io.Discard
				if err := cmd.Run(); err != nil && bench.name != "blobs" { // nothing is found there
					b.Fatal(err)
				}
				theirs = append(theirs, time.Since(begin))
			}
			slices.Sort(ours)
			slices.Sort(theirs)
			ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
			o, g := ms(ours[len(ours)/2]), ms(theirs[len(theirs)/2])
			b.ReportMetric(o, "ms")
			b.ReportMetric(g, "git-ms")
			b.ReportMetric(o/g, "ratio")
			b.ReportMetric(0, "ns/op")
		})
	}
}
