package git_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cleat/internal/fail"
	"cleat/internal/git"

	"github.com/google/go-cmp/cmp"
)

// The temporary folder is made when it is needed, made again when somebody has tidied it
// away, and gone after Close.
func TestTemporaryFolder(t *testing.T) {
	for _, format := range []string{"sha1", "sha256"} {
		f := newFixture(t, "--object-format="+format)
		f.write(t, "a", "a")
		h := f.commit(t, "x")
		tmp := realTemp(t)
		t.Setenv("TMPDIR", tmp)
		found := func() []string {
			t.Helper()
			dirs, err := filepath.Glob(tmp + "/*")
			if err != nil {
				t.Fatal(err)
			}
			return dirs
		}
		r := f.open(t)
		if _, err := r.Resolve(t.Context(), "HEAD"); err != nil || len(found()) != 0 {
			t.Errorf("before it is needed: %v, %v", found(), err)
		}
		for _, away := range []func(string) error{func(string) error { return nil }, os.RemoveAll, func(dir string) error { return os.Remove(dir + "/HEAD") }} {
			for _, dir := range found() {
				if err := away(dir); err != nil {
					t.Fatal(err)
				}
			}
			if got := list(t, r, h, ""); len(got) != 1 || len(found()) != 1 {
				t.Errorf("Files: %v, %v", got, found())
			}
		}
		if info, err := os.Stat(found()[0]); err != nil || os.PathSeparator == '/' && info.Mode().Perm() != 0o700 {
			t.Errorf("%v, %v", info, err)
		}
		for range 2 {
			if err := r.Close(); err != nil || len(found()) != 0 {
				t.Errorf("Close: %v, %v is left", err, found())
			}
		}
		if _, _, err := r.Changes(t.Context(), "", h, git.ChangeOptions{}); code(err) != fail.Unavailable || len(found()) != 0 {
			t.Errorf("Changes after Close: %v", err)
		}
		t.Setenv("TMPDIR", tmp+"/absent")
		if _, _, err := f.open(t).Changes(t.Context(), "", h, git.ChangeOptions{}); code(err) != fail.Unavailable {
			t.Errorf("Changes without a folder: %v", err)
		}
	}
}

// Where a repository keeps its objects in another way, answers are the same.
func TestHistoryOfUnusualRepositories(t *testing.T) {
	eachFormat(t, func(t *testing.T, p *past) {
		last := p.last()
		type answers struct {
			Blame   []git.BlameSpan
			Follow  []string
			Text    []string
			Changes []git.Change
			Files   []git.TreeFile
		}
		ask := func(r *git.Repo) (a answers) {
			t.Helper()
			path := "-final \"\xff.txt"
			spans, _, err := r.Blame(t.Context(), git.BlameOptions{Commit: last, Path: path})
			if err != nil {
				t.Error(err)
			}
			follow, _, err := r.Log(t.Context(), git.LogOptions{Commit: last, Path: path, Follow: true})
			if err != nil {
				t.Error(err)
			}
			text, _, err := r.Log(t.Context(), git.LogOptions{Commit: last, Text: "needle"})
			if err != nil {
				t.Error(err)
			}
			changes, _, err := r.Changes(t.Context(), "", last, git.ChangeOptions{Counts: true, Renames: true})
			if err != nil {
				t.Error(err)
			}
			return answers{spans, hashes(follow), hashes(text), changes, list(t, r, last, "")}
		}
		want := ask(p.open(t))
		if len(want.Blame) < 2 || len(want.Follow) != 3 || len(want.Text) < 3 {
			t.Fatalf("too little to compare: %+v", want)
		}
		dir := realTemp(t)
		for _, tt := range []struct {
			name  string
			make  []string
			allow []string
			bare  bool
		}{
			{"linked", []string{"worktree", "add", "-q", "--detach"}, nil, false},
			{"shared", []string{"clone", "-q", "--shared", p.dir}, []string{p.dir + "/.git/objects"}, false},
			{"mirror", []string{"clone", "-q", "--mirror", p.dir}, nil, true},
			{"separate", []string{"clone", "-q", "--separate-git-dir=" + dir + "/elsewhere.git", p.dir}, []string{dir}, false},
		} {
			at := filepath.Join(dir, tt.name)
			p.git(t, append(tt.make, at)...)
			r := open(t, at, git.Options{Env: p.env, Allow: tt.allow, Bare: tt.bare})
			if diff := cmp.Diff(want, ask(r)); diff != "" {
				t.Errorf("%s (-plain +got):\n%s", tt.name, diff)
			}
		}
		p.git(t, "gc", "-q")
		p.git(t, "commit-graph", "write", "--changed-paths")
		if diff := cmp.Diff(want, ask(p.open(t))); diff != "" {
			t.Errorf("packed (-plain +got):\n%s", diff)
		}

		at := filepath.Join(dir, "shallow")
		p.git(t, "clone", "-q", "--depth=1", "file://"+p.dir, at)
		r := open(t, at, git.Options{Env: p.env})
		got := ask(r)
		if len(got.Blame) != 1 || got.Blame[0].Commit != last || strings.Join(got.Text, " ") != string(last) || strings.Join(got.Follow, " ") != string(last) {
			t.Errorf("shallow: %+v", got)
		}
		if diff := cmp.Diff(want.Files, got.Files); diff != "" {
			t.Errorf("shallow (-plain +got):\n%s", diff)
		}
	})
}
