package workspace

import (
	"context"
	"errors"
	"os"
	"slices"
	"sync"
	"sync/atomic"

	"cleat/internal/fail"
	"cleat/internal/tree"
)

// maxOpen is how many folders of repositories are held open at once, besides those in use.
const maxOpen = 16

// A folder is the work tree of a repository. It is opened when it is first needed, and
// closed when it was not needed for longest; whenever it is opened, it must be the folder
// that it was when it was found. It is safe for concurrent use.
type folder struct {
	dir, real string      // absolute paths, as it was found and without links
	info      os.FileInfo // what it was then
	ignore    func(*tree.Root)
	pool      *pool
	kept      bool // it is open for good

	mu   sync.Mutex
	root *tree.Root // nil while it is closed
	uses int
}

// Dir returns the absolute path of the folder.
func (f *folder) Dir() string { return f.dir }

// Rel is as tree.Root.Rel; it does not open the folder.
func (f *folder) Rel(path string) (string, error) { return tree.Rel(path, f.dir, f.real) }

// Open is as tree.Root.Open.
func (f *folder) Open(path string) (*tree.File, error) {
	root, err := f.acquire()
	if err != nil {
		return nil, err
	}
	defer f.release()
	return root.Open(path)
}

// Walk is as tree.Root.Walk.
func (f *folder) Walk(ctx context.Context, o tree.WalkOptions, fn func(int, *tree.Entry) error) (tree.WalkStats, error) {
	root, err := f.acquire()
	if err != nil {
		return tree.WalkStats{Pending: tree.FirstPath}, err
	}
	defer f.release()
	return root.Walk(ctx, o, fn)
}

// acquire opens the folder, if it is not open, and keeps it so until release.
func (f *folder) acquire() (*tree.Root, error) {
	f.mu.Lock()
	if f.root == nil {
		root, err := f.pin()
		if err != nil {
			f.mu.Unlock()
			return nil, err
		}
		f.root = root
	}
	f.uses++
	root := f.root
	f.mu.Unlock()
	if !f.kept {
		f.pool.used(f)
	}
	return root, nil
}

func (f *folder) release() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.uses--
}

// pin opens the folder. The caller holds f.mu.
func (f *folder) pin() (*tree.Root, error) {
	if f.pool.closed.Load() {
		return nil, fail.Errorf(fail.Unavailable, "the source is closed")
	}
	root, err := tree.Open(f.dir)
	if err != nil {
		return nil, err
	}
	if err := f.check(); err != nil {
		return nil, errors.Join(err, root.Close())
	}
	f.ignore(root)
	return root, nil
}

// check fails with fail.Unavailable when the path names another folder, or none.
func (f *folder) check() error {
	if info, err := os.Stat(f.dir); err != nil || !os.SameFile(info, f.info) {
		return fail.Errorf(fail.Unavailable, "the folder %q was removed, renamed or replaced while cleat was running", f.dir).
			Then("call again in a minute, when the repositories are looked for again")
	}
	return nil
}

// closeIdle closes the folder unless it is in use, and reports whether it is closed.
func (f *folder) closeIdle() (closed bool, err error) {
	if !f.mu.TryLock() {
		return false, nil // somebody is about to use it
	}
	defer f.mu.Unlock()
	if f.uses > 0 {
		return false, nil
	}
	if f.root != nil {
		err = f.root.Close()
		f.root = nil
	}
	return true, err
}

// unpin closes a folder that was open for good.
func (f *folder) unpin() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.root.Close() // and stays, closed: it is not to be opened again
}

// A pool closes the folders that were not used for longest.
type pool struct {
	warn   func(error)
	closed atomic.Bool

	mu   sync.Mutex
	open []*folder // that are, or may be, open; the one used last at the end
}

// used notes that f is in use, and closes others if too many are open.
func (p *pool) used(f *folder) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := slices.Index(p.open, f); i >= 0 {
		p.open = slices.Delete(p.open, i, i+1)
	}
	p.open = append(p.open, f)
	for i := 0; i < len(p.open) && len(p.open) > maxOpen; {
		closed, err := p.open[i].closeIdle()
		if err != nil {
			p.warn(err)
		}
		if closed {
			p.open = slices.Delete(p.open, i, i+1)
		} else {
			i++
		}
	}
}

// close closes all folders that are not in use; those that are end with their calls.
func (p *pool) close() error {
	p.closed.Store(true)
	p.mu.Lock()
	defer p.mu.Unlock()
	var errs []error
	p.open = slices.DeleteFunc(p.open, func(f *folder) bool {
		closed, err := f.closeIdle()
		errs = append(errs, err)
		return closed
	})
	return errors.Join(errs...)
}
