package git_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"cleat/internal/fail"
	"cleat/internal/git"

	"github.com/google/go-cmp/cmp"
)

// works shows that the repository can be read through git.
func works(t *testing.T, dir string, o git.Options) *git.Repo {
	t.Helper()
	r := open(t, dir, o)
	if _, err := r.Resolve(t.Context(), "HEAD"); err != nil {
		t.Errorf("Resolve in %s: %v", dir, err)
	}
	return r
}

func symlink(t *testing.T, to, path string) {
	t.Helper()
	if err := os.Symlink(to, path); err != nil {
		t.Skip(err)
	}
}

func rename(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

func TestOpen(t *testing.T) {
	f := newFixture(t)
	f.write(t, "dir/sub/a.txt", "a")
	f.commit(t, "x")
	if err := os.MkdirAll(f.dir+"/dir/.git", 0o755); err != nil { // a folder that is no git dir
		t.Fatal(err)
	}
	link := filepath.Join(realTemp(t), "link")
	symlink(t, f.dir, link)
	for _, dir := range []string{f.dir, f.dir + "/dir/sub", f.dir + "/dir", f.dir + "/.git", link, link + "/dir"} {
		r := works(t, dir, git.Options{Env: f.env})
		got := []string{r.Root(), r.Dir(), r.CommonDir(), r.Name()}
		if diff := cmp.Diff([]string{f.dir, f.dir + "/.git", f.dir + "/.git", filepath.Base(f.dir)}, got); diff != "" || r.Bare() {
			t.Errorf("Open(%s) (-want +got):\n%s", dir, diff)
		}
	}
	t.Chdir(f.dir + "/dir")
	works(t, ".", git.Options{Env: f.env})

	none := realTemp(t)
	for _, dir := range []string{none, none + "/absent"} {
		if _, err := git.Open(dir, git.Options{}); code(err) != fail.NotFound {
			t.Errorf("Open(%s): %v", dir, err)
		}
	}
}

func TestOpenWithoutGit(t *testing.T) {
	f := newFixture(t)
	want := f.commit(t, "x")
	f.git(t, "remote", "add", "origin", "https://user:CANARY@host/r.git")
	r := open(t, f.dir, git.Options{Env: []string{"PATH=" + t.TempDir()}})
	if head, err := r.Head(t.Context()); err != nil || head.Hash != want || head.Branch() != "main" {
		t.Errorf("Head: %+v, %v", head, err)
	}
	// GI-24.
	if remotes, err := r.Remotes(); err != nil || len(remotes) != 1 || remotes[0] != (git.Remote{Name: "origin", URL: "https://host/r.git"}) {
		t.Errorf("Remotes: %v, %v", remotes, err)
	}
	if _, err := r.Resolve(t.Context(), "HEAD"); code(err) != fail.Unavailable {
		t.Errorf("Resolve: %v", err)
	}
}

func TestOpenLinkedWorktree(t *testing.T) {
	f := newFixture(t)
	f.commit(t, "x")
	outside := filepath.Join(realTemp(t), "tree")
	inside := f.dir + "/.trees/b"
	f.git(t, "worktree", "add", "-q", "-b", "a", outside)
	f.git(t, "worktree", "add", "-q", "-b", "b", inside)
	for branch, dir := range map[string]string{"a": outside, "b": inside} {
		r := works(t, dir, git.Options{Env: f.env})
		if r.Root() != dir || r.CommonDir() != f.dir+"/.git" || r.Dir() == r.CommonDir() {
			t.Errorf("Open(%s): root %s, git dir %s, common dir %s", dir, r.Root(), r.Dir(), r.CommonDir())
		}
		if head, err := r.Head(t.Context()); err != nil || head.Branch() != branch || head.Hash == "" {
			t.Errorf("Head: %+v, %v", head, err)
		}
	}
}

func TestOpenSubmodule(t *testing.T) {
	lib := newFixture(t)
	lib.commit(t, "x")
	f := newFixture(t)
	f.git(t, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", lib.dir, "lib")
	r := works(t, f.dir+"/lib", git.Options{Env: f.env})
	if r.Root() != f.dir+"/lib" || r.Dir() != f.dir+"/.git/modules/lib" {
		t.Errorf("root %s, git dir %s", r.Root(), r.Dir())
	}
}

func TestOpenBare(t *testing.T) {
	f := newFixture(t)
	f.commit(t, "x")
	bare := filepath.Join(realTemp(t), "mirror.git")
	f.git(t, "clone", "-q", "--mirror", f.dir, bare)
	if _, err := git.Open(bare, git.Options{Env: f.env}); code(err) != fail.NotFound {
		t.Errorf("a bare repository without Options.Bare: %v", err)
	}
	r := works(t, bare, git.Options{Env: f.env, Bare: true})
	if !r.Bare() || r.Root() != bare || r.Dir() != bare {
		t.Errorf("bare %v, root %s, git dir %s", r.Bare(), r.Root(), r.Dir())
	}
	// GI-17: inside of a work tree it is content.
	f.git(t, "clone", "-q", "--mirror", f.dir, f.dir+"/sub")
	if r := works(t, f.dir+"/sub", git.Options{Env: f.env}); r.Root() != f.dir {
		t.Errorf("root %s, want that of the repository around it", r.Root())
	}
}

// What a repository's files say about where it is counts only where nobody but its
// owner can have said so.
func TestOpenStaysInScope(t *testing.T) {
	priv := newFixture(t)
	priv.write(t, "secret", "CANARY")
	priv.commit(t, "x")
	priv.git(t, "worktree", "add", "-q", "-b", "w", filepath.Join(realTemp(t), "w"))
	privGit := priv.dir + "/.git"
	for _, tt := range []struct {
		name string
		make func(t *testing.T, f fixture, git string)
		want fail.Code
	}{
		{".git file", func(t *testing.T, f fixture, dir string) {
			rename(t, dir, f.dir+"/real")
			write(t, dir, "gitdir: "+privGit+"\n")
		}, fail.Denied},
		{".git file, relative", func(t *testing.T, f fixture, dir string) {
			rel, err := filepath.Rel(f.dir, privGit)
			if err != nil {
				t.Fatal(err)
			}
			rename(t, dir, f.dir+"/real")
			write(t, dir, "gitdir: "+rel+"\n")
		}, fail.Denied},
		{".git file within", func(t *testing.T, f fixture, dir string) {
			rename(t, dir, f.dir+"/real")
			write(t, dir, "gitdir: real\n")
		}, ""},
		{".git link", func(t *testing.T, f fixture, dir string) {
			rename(t, dir, f.dir+"/real")
			symlink(t, privGit, dir)
		}, fail.Denied},
		{".git link within", func(t *testing.T, f fixture, dir string) {
			rename(t, dir, f.dir+"/real")
			symlink(t, "real", dir)
		}, ""},
		{".git file of another's linked work tree", func(t *testing.T, f fixture, dir string) {
			rename(t, dir, f.dir+"/real")
			write(t, dir, "gitdir: "+privGit+"/worktrees/w\n")
		}, fail.Denied},
		{"work tree made up", func(t *testing.T, f fixture, dir string) {
			rename(t, dir, f.dir+"/real")
			write(t, f.dir+"/fake/worktrees/x/HEAD", "ref: refs/heads/main\n")
			write(t, f.dir+"/fake/worktrees/x/commondir", privGit+"\n")
			write(t, f.dir+"/fake/worktrees/x/gitdir", dir+"\n")
			write(t, dir, "gitdir: fake/worktrees/x\n")
		}, fail.Denied},
		{"commondir", func(t *testing.T, f fixture, dir string) { write(t, dir+"/commondir", privGit+"\n") }, fail.Denied},
		{"objects", func(t *testing.T, f fixture, dir string) {
			rename(t, dir+"/objects", f.dir+"/o")
			symlink(t, privGit+"/objects", dir+"/objects")
		}, fail.Denied},
		{"objects within", func(t *testing.T, f fixture, dir string) {
			rename(t, dir+"/objects", f.dir+"/o")
			symlink(t, "../o", dir+"/objects")
		}, ""},
		{"packs", func(t *testing.T, f fixture, dir string) {
			if err := os.Remove(dir + "/objects/pack"); err != nil {
				t.Fatal(err)
			}
			symlink(t, privGit+"/objects/pack", dir+"/objects/pack")
		}, fail.Denied},
		{"one pack", func(t *testing.T, f fixture, dir string) {
			write(t, privGit+"/objects/pack/x.pack", "")
			symlink(t, privGit+"/objects/pack/x.pack", dir+"/objects/pack/x.pack")
		}, fail.Denied},
		{"a folder of loose objects", func(t *testing.T, f fixture, dir string) {
			symlink(t, privGit+"/objects", dir+"/objects/zz")
		}, fail.Denied},
		{"refs", func(t *testing.T, f fixture, dir string) {
			rename(t, dir+"/refs", dir+"/r")
			symlink(t, privGit+"/refs", dir+"/refs")
		}, fail.Denied},
		{"HEAD", func(t *testing.T, f fixture, dir string) {
			rename(t, dir+"/HEAD", dir+"/h")
			symlink(t, privGit+"/HEAD", dir+"/HEAD")
		}, fail.Denied},
		{"HEAD in the old style", func(t *testing.T, f fixture, dir string) {
			rename(t, dir+"/HEAD", dir+"/h")
			symlink(t, "refs/heads/main", dir+"/HEAD")
		}, ""},
		{"configuration", func(t *testing.T, f fixture, dir string) {
			rename(t, dir+"/config", dir+"/c")
			symlink(t, privGit+"/config", dir+"/config")
		}, fail.Denied},
		{"packed-refs", func(t *testing.T, f fixture, dir string) {
			write(t, privGit+"/packed-refs", "")
			symlink(t, privGit+"/packed-refs", dir+"/packed-refs")
		}, fail.Denied},
		{"alternates", func(t *testing.T, f fixture, dir string) {
			write(t, dir+"/objects/info/alternates", "# here\n\n"+privGit+"/objects\n")
		}, fail.Denied},
		{"alternates, relative", func(t *testing.T, f fixture, dir string) {
			rel, err := filepath.Rel(dir+"/objects", privGit+"/objects")
			if err != nil {
				t.Fatal(err)
			}
			write(t, dir+"/objects/info/alternates", rel+"\n")
		}, fail.Denied},
		{"alternates, quoted", func(t *testing.T, f fixture, dir string) {
			write(t, dir+"/objects/info/alternates", `"`+strings.Replace(privGit, "t", `\164`, 1)+"/objects\"\n")
		}, fail.Denied},
		{"alternates of alternates", func(t *testing.T, f fixture, dir string) {
			write(t, dir+"/objects/info/alternates", "../../o\n")
			write(t, f.dir+"/o/info/alternates", privGit+"/objects\n")
		}, fail.Denied},
		{"alternates by a link", func(t *testing.T, f fixture, dir string) {
			symlink(t, privGit+"/objects", f.dir+"/o")
			write(t, dir+"/objects/info/alternates", "../../o\n")
		}, fail.Denied},
		{"alternates within", func(t *testing.T, f fixture, dir string) {
			write(t, f.dir+"/o/x", "")
			write(t, dir+"/objects/info/alternates", "../../o\n")
		}, ""},
		{"alternates that are gone", func(t *testing.T, f fixture, dir string) {
			write(t, dir+"/objects/info/alternates", "/nowhere\n")
		}, ""},
		{"no repository file", func(t *testing.T, f fixture, dir string) {
			rename(t, dir, f.dir+"/real")
			write(t, dir, "gitdir\n")
		}, fail.Invalid},
		{"endless repository file", func(t *testing.T, f fixture, dir string) {
			rename(t, dir, f.dir+"/real")
			write(t, dir, "gitdir: "+strings.Repeat("x", 1<<20))
		}, fail.TooLarge},
		{".git file that leads to itself", func(t *testing.T, f fixture, dir string) {
			rename(t, dir, f.dir+"/real")
			write(t, dir, "gitdir: .git\n")
		}, fail.Invalid},
		// GI-15.
		{"core.worktree", func(t *testing.T, f fixture, dir string) { f.git(t, "config", "core.worktree", priv.dir) }, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFixture(t)
			f.commit(t, "x")
			tt.make(t, f, f.dir+"/.git")
			r, err := git.Open(f.dir, git.Options{Env: f.env})
			if code(err) != tt.want {
				t.Fatalf("Open: %v, want %q", err, tt.want)
			}
			if err == nil {
				defer r.Close()
				if r.Root() != f.dir {
					t.Errorf("root %s, want %s", r.Root(), f.dir)
				}
				if _, err := r.Resolve(t.Context(), "HEAD"); err != nil {
					t.Errorf("Resolve: %v", err)
				}
			}
		})
	}
}

func TestOpenAllow(t *testing.T) {
	store := newFixture(t)
	store.commit(t, "x")
	f := fixture{dir: filepath.Join(realTemp(t), "borrower"), env: store.env}
	store.git(t, "clone", "-q", "--shared", store.dir, f.dir)
	if _, err := git.Open(f.dir, git.Options{Env: f.env}); code(err) != fail.Denied {
		t.Errorf("a clone that borrows: %v", err)
	}
	works(t, f.dir, git.Options{Env: f.env, Allow: []string{store.dir}})

	apart := realTemp(t)
	sep := fixture{dir: realTemp(t), env: store.env}
	sep.git(t, "init", "-q", "-b", "main", "--separate-git-dir", apart+"/g")
	sep.commit(t, "x")
	works(t, sep.dir, git.Options{Env: f.env, Allow: []string{apart}})
	sep.git(t, "config", "core.worktree", sep.dir) // the git dir itself says whose it is
	works(t, sep.dir, git.Options{Env: f.env})
}

// Nothing that waits for somebody is opened.
func TestOpenMeetsFIFOs(t *testing.T) {
	mkfifo, err := exec.LookPath("mkfifo")
	if err != nil || runtime.GOOS == "windows" {
		t.Skip("no mkfifo")
	}
	for _, name := range []string{".git", ".git/HEAD", ".git/config", ".git/packed-refs", ".git/commondir", ".git/objects/info/alternates", ".git/objects/pack/x.pack"} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.commit(t, "x")
			if err := os.RemoveAll(filepath.Join(f.dir, name)); err != nil {
				t.Fatal(err)
			}
			if out, err := exec.Command(mkfifo, filepath.Join(f.dir, name)).CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			if _, err := git.Open(f.dir, git.Options{Env: f.env}); code(err) != fail.Invalid {
				t.Errorf("Open: %v", err)
			}
		})
	}
}

func TestSHA256(t *testing.T) {
	f := newFixture(t, "--object-format=sha256")
	f.write(t, "dir/a.txt", "a")
	commit := f.commit(t, "x")
	r := f.open(t)
	if len(commit) != 64 {
		t.Fatalf("the hash is %s", commit)
	}
	if head, err := r.Head(t.Context()); err != nil || head.Hash != commit {
		t.Errorf("Head: %+v, %v", head, err)
	}
	if got, err := r.Resolve(t.Context(), "main"); err != nil || got != commit {
		t.Errorf("Resolve: %s, %v", got, err)
	}
	if b, err := r.Blob(t.Context(), commit, "dir/a.txt", 0); err != nil || string(b.Data) != "a" || len(b.Hash) != 64 {
		t.Errorf("Blob: %+v, %v", b, err)
	}
	if cs, _, err := r.Log(t.Context(), git.LogOptions{Commit: commit}); err != nil || len(cs) != 1 {
		t.Errorf("Log: %v, %v", cs, err)
	}
}

// GI-19: git's refusal and its remedy are passed on, and its exception is honored.
func TestForeignOwner(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can give a repository away")
	}
	f := newFixture(t)
	f.commit(t, "x")
	bare := filepath.Join(realTemp(t), "mirror.git")
	f.git(t, "clone", "-q", "--mirror", f.dir, bare)
	for _, dir := range []string{f.dir, f.dir + "/.git", bare} {
		if err := os.Chown(dir, 12345, 12345); err != nil {
			t.Fatal(err)
		}
	}
	for _, dir := range []string{f.dir, bare} {
		r := open(t, dir, git.Options{Env: f.env, Bare: true})
		for range 2 {
			_, err := r.Resolve(t.Context(), "HEAD")
			if code(err) != fail.Denied || !strings.Contains(err.Error(), "dubious ownership") ||
				!strings.Contains(fail.From(err).Next, "git config --global --add safe.directory "+dir) {
				t.Errorf("Resolve: %s", fail.Show(err))
			}
			if _, _, err := r.Refs(t.Context(), git.RefOptions{}); code(err) != fail.Denied {
				t.Errorf("Refs: %v", err)
			}
			if _, _, err := r.Log(t.Context(), git.LogOptions{Commit: git.Hash(strings.Repeat("1", 40))}); code(err) != fail.Denied {
				t.Errorf("Log: %v", err)
			}
		}
		f.git(t, "config", "--global", "--add", "safe.directory", dir)
		if _, err := r.Resolve(t.Context(), "HEAD"); err != nil {
			t.Errorf("Resolve with the user's exception: %v", err)
		}
	}
}
