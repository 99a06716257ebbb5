package diff_test

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestGit compares with git what the files of real histories have become, commit by commit: the
// repositories that CLEAT_HISTORIES names, separated by spaces, or else this one. A diff
// must not be much longer than git's.
func TestGit(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	dirs := strings.Fields(os.Getenv("CLEAT_HISTORIES"))
	most := 1500
	if len(dirs) == 0 {
		dirs, most = []string{"."}, 80
	}
	for _, dir := range dirs {
		t.Run(strings.ReplaceAll(dir, "/", "_"), func(t *testing.T) { compareWithGit(t, dir, most) })
	}
}

func compareWithGit(t *testing.T, dir string, most int) {
	git := func(args ...string) []byte {
		cmd := exec.Command("git", append([]string{"-C", dir}, args...)...)
		out, err := cmd.Output()
		if err != nil {
			t.Skipf("git %s: %v", args[0], err)
		}
		return out
	}
	raw := git("log", "--no-merges", "-n400", "--format=", "--raw", "--no-abbrev", "--no-renames", "--diff-filter=M")
	files, ours, theirs, worst := 0, 0, 0, 0.0
	for line := range bytes.Lines(raw) {
		f := strings.Fields(string(line))
		if len(f) < 5 || files == most || f[0] == ":160000" || f[2] == f[3] {
			continue
		}
		old, new := git("cat-file", "blob", f[2]), git("cat-file", "blob", f[3])
		if bytes.IndexByte(old, 0) >= 0 || bytes.IndexByte(new, 0) >= 0 {
			continue
		}
		out := git("diff", "--no-ext-diff", "--no-textconv", "--diff-algorithm=myers", "-U3", f[2], f[3])
		_, hunks, ok := strings.Cut(string(out), "\n@@")
		if !ok {
			continue
		}
		want := 0
		for l := range strings.Lines(hunks) {
			if l[0] == '+' || l[0] == '-' {
				want++
			}
		}
		d := check(t, string(old), string(new), 3)
		got := d.Added + d.Deleted
		files++
		ours += got
		theirs += want
		if ratio := float64(got) / float64(want); ratio > worst {
			worst = ratio
		}
		if got > want*11/10+4 {
			t.Errorf("%s: %d changed lines, git has %d", f[4], got, want)
		}
		if len(d.Hunks(3, nil)) > strings.Count(hunks, "\n@@")+3 {
			t.Errorf("%s: %d hunks, git has %d", f[4], len(d.Hunks(3, nil)), strings.Count(hunks, "\n@@")+1)
		}
	}
	if files == 0 {
		t.Skip("no history here")
	}
	t.Logf("%d files, %d changed lines, git has %d; at worst %.2f times", files, ours, theirs, worst)
	if ours > theirs*101/100 {
		t.Errorf("%d changed lines in all, git has %d", ours, theirs)
	}
}
