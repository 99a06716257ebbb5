package workspace

import (
	"context"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"cleat/internal/fail"
	"cleat/internal/git"
	"cleat/internal/host"
	"cleat/internal/snapshot"
	"cleat/internal/tree"
)

// briefIdle is how long the git process of a repository that is one of many is kept.
const briefIdle = 10 * time.Second

// A repository is one repository (or plain folder) of a source, by the name that it has
// now. It is safe for concurrent use.
type repository struct {
	name string
	*place
}

// A place is where a repository is, and what is open of it.
type place struct {
	dir  string // absolute path of the work tree, or of the bare repository
	real string // the same without links
	info fs.FileInfo
	root *folder // nil if bare
	bare bool
	own  bool // it is the folder of Config.Root
	host host.Host

	mu     sync.Mutex
	repo   *git.Repo   // nil before the first call that needs it
	dotGit fs.FileInfo // what .git was when repo was opened; nil if there was none
}

// git opens the git repository at the first call that needs it. It fails with
// fail.NotFound where there is none, and with fail.Unavailable when the folder is no
// longer the one that was found: git is told paths, which then lead elsewhere. For the
// same reason a repository whose .git was replaced is opened, and so checked, anew.
func (u *place) git() (*git.Repo, error) {
	if err := u.check(); err != nil {
		return nil, err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	dotGit, err := os.Lstat(filepath.Join(u.dir, ".git"))
	if err != nil {
		dotGit = nil
	}
	if u.repo != nil && !same(dotGit, u.dotGit) {
		if err := u.repo.Close(); err != nil {
			u.host.Log.Warn("closing a repository that was replaced", "err", err)
		}
		u.repo = nil
	}
	if u.repo == nil {
		repo, err := u.openGit()
		if err != nil {
			return nil, err
		}
		u.repo, u.dotGit = repo, dotGit
	}
	return u.repo, nil
}

// once is git for a search through many repositories: what was not open is closed again by
// done, so that there are not as many processes.
func (u *place) once() (repo *git.Repo, done func(), err error) {
	if err := u.check(); err != nil {
		return nil, nil, err
	}
	u.mu.Lock()
	open := u.repo != nil
	u.mu.Unlock()
	if open {
		repo, err = u.git()
		return repo, func() {}, err
	}
	if repo, err = u.openGit(); err != nil {
		return nil, nil, err
	}
	return repo, func() {
		if err := repo.Close(); err != nil {
			u.host.Log.Warn("closing a repository", "err", err)
		}
	}, nil
}

func (u *place) openGit() (*git.Repo, error) {
	o := git.Options{Env: u.host.Env, Group: u.host.Children, Bare: u.bare}
	if !u.own {
		o.Idle = briefIdle
	}
	return git.Open(u.dir, o)
}

// check fails with fail.Unavailable when the folder is no longer the one that was found.
func (u *place) check() error {
	if u.own {
		// Opening a folder fails in any case.
		if _, err := u.root.Open("."); fail.From(err).Code == fail.Unavailable {
			return err
		}
		return nil
	}
	if u.root != nil {
		return u.root.check()
	}
	return (&folder{dir: u.dir, info: u.info}).check()
}

// inGit returns the path, relative to the repository's top, of a path relative to the
// place: they differ where a folder inside a repository is the root of a source.
func (u *place) inGit(repo *git.Repo, name string) string {
	if name == "." {
		name = ""
	}
	top, err := filepath.Rel(repo.Root(), u.real)
	if err != nil || top == "." || !filepath.IsLocal(top) {
		return name
	}
	return path.Join(filepath.ToSlash(top), name)
}

// at returns the files of a commit.
func (u *place) at(repo *git.Repo, commit git.Hash) *snapshot.Files {
	return snapshot.New(repo, commit).In(u.inGit(repo, ""), u.dir)
}

// files returns the files that a repository is searched for when no ref is named: the
// work tree, or what HEAD has of a bare one.
func (u *place) files(ctx context.Context) (tree.Files, error) {
	if u.root != nil {
		return u.root, nil
	}
	repo, err := u.git()
	if err != nil {
		return nil, err
	}
	head, err := repo.Resolve(ctx, "HEAD")
	if err != nil {
		return nil, err
	}
	return u.at(repo, head), nil
}

// rel returns a path relative to the place, as tree.Root.Rel.
func (u *place) rel(name string) (string, error) {
	if u.root != nil {
		return u.root.Rel(name)
	}
	return tree.Rel(name, u.dir, u.real)
}

// is reports whether the absolute path p is the place's own or below it, and how long the
// path of the place is.
func (u *place) is(p string) (length int, ok bool) {
	if _, err := tree.Rel(p, u.dir, u.real); err != nil {
		return 0, false
	}
	return max(len(u.dir), len(u.real)), true
}

// close closes what is open and not in use.
func (u *place) close() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.repo == nil {
		return nil
	}
	err := u.repo.Close()
	u.repo = nil
	return err
}

// same reports whether a and b, either of which may be nil for nothing, are of one file,
// folder or link.
func same(a, b fs.FileInfo) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return a.Mode().Type() == b.Mode().Type() && os.SameFile(a, b)
}

// baseName is what a folder's repository is called.
func baseName(dir string) string { return strings.TrimSuffix(filepath.Base(dir), ".git") }
