package git_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cleat/internal/fail"
	"cleat/internal/git"
)

func TestHead(t *testing.T) {
	for _, tt := range []struct {
		name string
		make func(t *testing.T, f fixture)
		ref  string
		none bool // no hash
		want fail.Code
	}{
		{"branch", func(t *testing.T, f fixture) {}, "refs/heads/main", false, ""},
		{"packed", func(t *testing.T, f fixture) { f.git(t, "pack-refs", "--all") }, "refs/heads/main", false, ""},
		{"slash", func(t *testing.T, f fixture) { f.git(t, "checkout", "-q", "-b", "feat/x") }, "refs/heads/feat/x", false, ""},
		{"detached", func(t *testing.T, f fixture) { f.git(t, "checkout", "-q", "--detach") }, "", false, ""},
		{"unborn", func(t *testing.T, f fixture) { f.git(t, "checkout", "-q", "--orphan", "new") }, "refs/heads/new", true, ""},
		{"symbolic branch", func(t *testing.T, f fixture) {
			f.git(t, "symbolic-ref", "refs/heads/alias", "refs/heads/main")
			f.git(t, "symbolic-ref", "HEAD", "refs/heads/alias")
		}, "refs/heads/alias", false, ""},
		{"circle", func(t *testing.T, f fixture) {
			f.write(t, ".git/refs/heads/a", "ref: refs/heads/b\n")
			f.write(t, ".git/refs/heads/b", "ref: refs/heads/a\n")
			f.write(t, ".git/HEAD", "ref: refs/heads/a\n")
		}, "", true, fail.Invalid},
		{"outside", func(t *testing.T, f fixture) { f.write(t, ".git/HEAD", "ref: ../../../etc/passwd\n") }, "", true, fail.Invalid},
		{"outside below refs", func(t *testing.T, f fixture) { f.write(t, ".git/HEAD", "ref: refs/../../x\n") }, "", true, fail.Invalid},
		{"garbage", func(t *testing.T, f fixture) { f.write(t, ".git/HEAD", "\x00\x01") }, "", true, fail.Invalid},
		{"huge", func(t *testing.T, f fixture) { f.write(t, ".git/HEAD", strings.Repeat("a", 1<<20)) }, "", true, fail.TooLarge},
		{"branch is garbage", func(t *testing.T, f fixture) { f.write(t, ".git/refs/heads/main", "x\n") }, "", true, fail.Invalid},
		{"branch is a link to a token", func(t *testing.T, f fixture) {
			token := filepath.Join(realTemp(t), "token")
			write(t, token, strings.Repeat("ca", 20)+"\n")
			if err := os.Remove(f.dir + "/.git/refs/heads/main"); err != nil {
				t.Fatal(err)
			}
			symlink(t, token, f.dir+"/.git/refs/heads/main")
		}, "", true, fail.Invalid},
		{"long lines in packed-refs", func(t *testing.T, f fixture) {
			f.git(t, "pack-refs", "--all")
			packed, err := os.ReadFile(f.dir + "/.git/packed-refs")
			if err != nil {
				t.Fatal(err)
			}
			f.write(t, ".git/packed-refs", strings.Repeat("x", 300_000)+"\n"+string(packed))
		}, "refs/heads/main", false, ""},
		{"configuration is garbage", func(t *testing.T, f fixture) { f.write(t, ".git/config", "[[[") }, "", true, fail.Invalid},
		{"configuration is huge", func(t *testing.T, f fixture) { f.write(t, ".git/config", strings.Repeat("#\n", 1<<20)) }, "", true, fail.TooLarge},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFixture(t)
			commit := f.commit(t, "x")
			tt.make(t, f)
			head, err := f.open(t).Head(t.Context())
			if code(err) != tt.want {
				t.Fatalf("Head: %+v, %v, want %q", head, err, tt.want)
			}
			want := git.Head{Ref: tt.ref, Hash: commit}
			if tt.none {
				want.Hash = ""
			}
			if head != want {
				t.Errorf("Head: %+v, want %+v", head, want)
			}
			if wantBranch := strings.TrimPrefix(tt.ref, "refs/heads/"); head.Branch() != wantBranch {
				t.Errorf("Branch: %q, want %q", head.Branch(), wantBranch)
			}
		})
	}
}
