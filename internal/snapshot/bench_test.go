package snapshot_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"cleat/internal/scan"
	"cleat/internal/snapshot"
	"cleat/internal/systems/code"
)

// sources are 10,000 files of some 6 kB, like those of a large project.
func sources() map[string]string {
	files := make(map[string]string)
	for i := range 10_000 {
		var b strings.Builder
		for j := range 150 {
			fmt.Fprintf(&b, "func f%d_%d(a, b int) int { return a*%d + b }\n", i, j, i*j)
		}
		if i%1000 == 7 {
			b.WriteString("// the rare needle\n")
		}
		files[fmt.Sprintf("dir%02d/sub%d/file%d.go", i%37, i%11, i)] = b.String()
	}
	return files
}

// BenchmarkSearch pairs a search of a commit of 10,000 files with git grep -F at it; the
// ratio of their times is reported, and so is that of a second search of the same Files.
func BenchmarkSearch(b *testing.B) {
	repo, hash, dir := commit(b, sources())
	run(b, dir, "", "repack", "-adfq")
	m, err := scan.Compile(code.Query{Pattern: "rare needle"})
	if err != nil {
		b.Fatal(err)
	}
	var ours, again, theirs time.Duration
	search := func(files *snapshot.Files) time.Duration {
		began := time.Now()
		res, err := scan.Run(b.Context(), files, m, scan.Options{})
		if err != nil || res.Matches != 10 {
			b.Fatalf("%+v, %v", res, err)
		}
		return time.Since(began)
	}
	for b.Loop() {
		files := snapshot.New(repo, hash)
		ours += search(files)
		again += search(files)
		began := time.Now()
		if out := run(b, dir, "", "grep", "-n", "-I", "-F", "-e", "rare needle", string(hash)); strings.Count(out, "\n") != 10 {
			b.Fatal(out)
		}
		theirs += time.Since(began)
	}
	b.ReportMetric(float64(ours)/float64(theirs), "ours/git")
	b.ReportMetric(float64(again)/float64(theirs), "again/git")
	b.ReportMetric(float64(theirs.Milliseconds())/float64(b.N), "git-ms")
}
