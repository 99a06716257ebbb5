// Package snapshot walks the files of a commit as if they were a folder on disk.
//
// Nothing is checked out: the names come from git ls-tree, and the content of what is read
// from git cat-file, one for each worker, which is asked for many blobs ahead. What is
// committed counts whether ignore files would leave it out or not. Links and submodules
// are special files, which a walk passes over; names that could not be checked out, such
// as ".." or .git, are left out.
package snapshot

import (
	"context"
	"path"
	"strings"
	"sync"

	"cleat/internal/fail"
	"cleat/internal/git"
	"cleat/internal/tree"
)

// maxFiles bounds the files of a commit that is walked: their names are held in memory.
const maxFiles = 1_000_000

// Files are the files of one commit. They are safe for concurrent use and need no closing;
// the repository must stay open. The list of names is read by the first walk and kept.
type Files struct {
	repo   *git.Repo
	commit git.Hash
	dir    string // below the repository's top, "" for all
	base   string

	mu   sync.Mutex
	list []file // nil before it was read
}

var _ tree.Files = (*Files)(nil)

// A file is a file of the commit.
type file struct {
	path string // relative to dir
	hash git.Hash
	size int64
	kind git.Kind
}

func (f *file) regular() bool { return f.kind == git.File || f.kind == git.Executable }

// New returns the files of a commit.
func New(repo *git.Repo, commit git.Hash) *Files { return &Files{repo: repo, commit: commit} }

// In returns the files of the same commit that lie below the folder dir, "" for all, with
// paths relative to it. base is the absolute path that a caller may begin paths with, as
// for a work tree there; "" if there is none.
func (f *Files) In(dir, base string) *Files {
	return &Files{repo: f.repo, commit: f.commit, dir: dir, base: base}
}

// Commit returns the hash of the commit.
func (f *Files) Commit() git.Hash { return f.commit }

// names returns the list of files, in the order of their bytes. A folder that the commit
// does not have has none.
func (f *Files) names(ctx context.Context) ([]file, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.list != nil {
		return f.list, nil
	}
	list := make([]file, 0, 1024)
	below := f.dir
	if below != "" {
		below += "/"
	}
	err := f.repo.Files(ctx, f.commit, f.dir, func(t git.TreeFile) error {
		name := strings.TrimPrefix(t.Path, below)
		if name != path.Clean(name) || name == "." || name == ".." || strings.HasPrefix(name, "../") {
			return nil
		}
		if len(list) == maxFiles {
			return fail.Errorf(fail.TooLarge, "the commit %.10s has more than %d files", f.commit, maxFiles)
		}
		list = append(list, file{name, t.Hash, t.Size, t.Kind})
		return nil
	})
	if err != nil && !(f.dir != "" && fail.From(err).Code == fail.NotFound) {
		return nil, err
	}
	f.list = list
	return list, nil
}

// Paths calls yield for the path of each regular file, in order, until it returns false.
func (f *Files) Paths(ctx context.Context, yield func(string) bool) error {
	list, err := f.names(ctx)
	if err != nil {
		return err
	}
	for i := range list {
		if list[i].regular() && !yield(list[i].path) {
			break
		}
	}
	return nil
}
