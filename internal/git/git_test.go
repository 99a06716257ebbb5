package git_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"cleat/internal/fail"
	"cleat/internal/git"
	"cleat/internal/proc"
)

// A fixture is a repository that the tests make with plain git.
type fixture struct {
	dir string
	env []string
}

// newFixture makes an empty repository with the branch main.
func newFixture(t testing.TB, args ...string) fixture {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	f := fixture{dir: realTemp(t), env: plainEnv(t)}
	f.git(t, append([]string{"init", "-q", "-b", "main"}, args...)...)
	return f
}

func realTemp(t testing.TB) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// plainEnv is an environment in which git has no configuration but the repository's.
func plainEnv(t testing.TB) []string {
	home := realTemp(t)
	return []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "XDG_CONFIG_HOME=" + home,
		"GIT_CONFIG_NOSYSTEM=1", "GIT_ALLOW_PROTOCOL=file",
		"GIT_AUTHOR_NAME=Ada", "GIT_AUTHOR_EMAIL=ada@example.org", "GIT_AUTHOR_DATE=1700000000 +0100",
		"GIT_COMMITTER_NAME=Bob", "GIT_COMMITTER_EMAIL=bob@example.org", "GIT_COMMITTER_DATE=1700000100 +0000",
	}
}

// git runs plain git in the fixture and returns its output without the last line feed.
func (f fixture) git(t testing.TB, args ...string) string {
	t.Helper()
	return f.gitIn(t, "", args...)
}

func (f fixture) gitIn(t testing.TB, stdin string, args ...string) string {
	t.Helper()
	cmd := exec.Command("git", args...)
	cmd.Dir, cmd.Env, cmd.Stdin = f.dir, f.env, strings.NewReader(stdin)
	out, err := cmd.Output()
	if err != nil {
		if exit, ok := err.(*exec.ExitError); ok {
			t.Fatalf("git %q: %v\n%s", args, err, exit.Stderr)
		}
		t.Fatalf("git %q: %v", args, err)
	}
	return strings.TrimSuffix(string(out), "\n")
}

func (f fixture) write(t testing.TB, name, content string) {
	t.Helper()
	write(t, filepath.Join(f.dir, name), content)
}

func write(t testing.TB, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// commit commits everything and returns the hash.
func (f fixture) commit(t testing.TB, message string) git.Hash {
	t.Helper()
	f.git(t, "add", "-A")
	f.gitIn(t, message, "commit", "-q", "--allow-empty", "--cleanup=verbatim", "--allow-empty-message", "-F", "-")
	return git.Hash(f.git(t, "rev-parse", "HEAD"))
}

// open opens the fixture as a user would who has no configuration.
func (f fixture) open(t testing.TB) *git.Repo {
	t.Helper()
	return open(t, f.dir, git.Options{Env: f.env})
}

func open(t testing.TB, dir string, o git.Options) *git.Repo {
	t.Helper()
	r, err := git.Open(dir, o)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return r
}

func code(err error) fail.Code {
	if err == nil {
		return ""
	}
	return fail.From(err).Code
}

func TestVersion(t *testing.T) {
	f := newFixture(t)
	var g proc.Group
	v, err := git.Version(t.Context(), &g, f.env)
	if want := "git version " + v; err != nil || !strings.HasPrefix(f.git(t, "version"), want) || v == "" {
		t.Errorf("Version: %q, %v", v, err)
	}
	if _, err := git.Version(t.Context(), &g, []string{"PATH=" + t.TempDir()}); code(err) != fail.Unavailable {
		t.Errorf("Version without git: %v", err)
	}
}
