package gittest_test

import (
	"os/exec"
	"strings"
	"testing"

	"cleat/internal/git/gittest"
)

func TestLong(t *testing.T) {
	dir := gittest.Long{Commits: 400, Files: 50, Lines: 100}.Make(t)
	git := func(args ...string) string {
		t.Helper()
		cmd := exec.Command("git", append([]string{"--git-dir=" + dir}, args...)...)
		cmd.Env = gittest.Env(t)
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("git %q: %v", args, err)
		}
		return strings.TrimSpace(string(out))
	}
	if n := git("rev-list", "--count", "main"); n != "400" {
		t.Errorf("%s commits, want 400", n)
	}
	if n := git("rev-list", "--count", "--merges", "main"); n != "7" {
		t.Errorf("%s merges, want 7", n)
	}
	if n := len(strings.Fields(git("log", "--format=%h", "-S"+gittest.Needle, "main"))); n != 4 {
		t.Errorf("%d commits change the needle, want 4", n)
	}
	if n := len(strings.Fields(git("log", "--format=%h", "--follow", "main", "--", gittest.Moved))); n != 2 {
		t.Errorf("%d commits of the moved file, want 2", n)
	}
	if n := len(strings.Split(git("show", "main:"+gittest.Big), "\n")); n != 100 {
		t.Errorf("%d lines, want 100", n)
	}
}
