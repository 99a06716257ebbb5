package git

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// The way by git itself, which only reftable repositories need, says the same as the
// files do.
func TestAskHeadAgrees(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	dir := t.TempDir()
	run := func(args ...string) {
		t.Helper()
		cmd := exec.Command("git", args...)
		cmd.Dir = dir
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@b",
			"GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@b"}
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	run("init", "-q", "-b", "main")
	r, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for _, args := range [][]string{
		{"config", "x.y", "z"}, // unborn
		{"commit", "-q", "--allow-empty", "-m", "x"},
		{"checkout", "-q", "-b", "a/b"},
		{"checkout", "-q", "--detach"},
	} {
		run(args...)
		want, err := r.Head(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got, err := r.askHead(t.Context()); err != nil || got != want {
			t.Errorf("after git %q: askHead is %+v, %v; Head is %+v", args, got, err, want)
		}
	}
}
