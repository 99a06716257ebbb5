// Package tree is a pinned folder and what lies below it: opening files without ever
// leaving it, walking it as git and ripgrep would, and telling what a file is.
//
// A Root holds its folder open. Everything is opened step by step relative to that
// handle, without following links that leave it, so that no name, link or race leads
// outside. Only regular files are opened; opening never blocks on a FIFO.
//
// Not defended: hard links. A second name of a file outside the root is a file inside
// the root for every purpose. Package stores and worktrees link by the thousand, and
// whoever can make such a link could have copied the file.
//
// Walking leaves out what .gitignore, .git/info/exclude and .ignore files leave out,
// with or without a git repository and a git binary, whether git tracks the file or
// not (as ripgrep does). Ignore files above the root do not count. Hidden files are
// files like others; an entry named .git is never entered.
package tree

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"cleat/internal/fail"
)

// A Root is a pinned folder. It is safe for concurrent use.
type Root struct {
	path string      // absolute and clean, as given
	real string      // with its links resolved when it was pinned
	info fs.FileInfo // of the pinned folder

	user *ignoreList // from UseIgnoreFile

	mu     sync.RWMutex // held for reading while dir is in use
	dir    dir
	closed bool
}

// Open pins the folder dir. When the path later names another folder, or none, every
// use of the Root fails with fail.Unavailable: it never moves to a new place.
func Open(dir string) (*Root, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("pinning %q: %w", dir, err)
	}
	d, err := openDirPath(abs)
	if err != nil {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil, fail.Errorf(fail.NotFound, "no folder %q", dir)
		case errors.Is(err, fs.ErrPermission):
			return nil, fail.Errorf(fail.Denied, "the folder %q may not be read", dir)
		case errors.Is(err, errNotDir):
			return nil, fail.Errorf(fail.Invalid, "%q is not a folder", dir)
		}
		return nil, fmt.Errorf("pinning %q: %w", dir, err)
	}
	info, err := d.stat()
	if err != nil {
		d.close()
		return nil, fmt.Errorf("pinning %q: %w", dir, err)
	}
	real, err := filepath.EvalSymlinks(abs)
	if err != nil {
		real = abs // the path is only compared, never opened
	}
	return &Root{path: abs, real: real, dir: d, info: info}, nil
}

// Dir returns the absolute path of the root, as it was when it was pinned.
func (r *Root) Dir() string { return r.path }

// Close releases the folder. Later use fails with fail.Unavailable; files and walks
// that are open go on.
func (r *Root) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil
	}
	r.closed = true
	return r.dir.close()
}

// UseIgnoreFile reads the user's own ignore file, which counts after all others. A
// file that does not exist is no error. Call it before the Root is shared.
func (r *Root) UseIgnoreFile(name string) error {
	b, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the user's ignore file: %w", err)
	}
	r.user = parseIgnore(b)
	return nil
}

// UserIgnoreFile returns where git looks for the user's ignore file when the user has
// not moved it, or "" if there is no such place.
func UserIgnoreFile() string {
	if x := os.Getenv("XDG_CONFIG_HOME"); filepath.IsAbs(x) {
		return filepath.Join(x, "git", "ignore")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return ""
	}
	return filepath.Join(home, ".config", "git", "ignore")
}

// handle returns a handle of the pinned folder that the caller closes.
func (r *Root) handle() (dir, error) {
	if err := r.check(); err != nil {
		return dir{}, err
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.closed {
		return dir{}, fail.Errorf(fail.Unavailable, "the root folder is closed")
	}
	d, err := r.dir.dup()
	if err != nil {
		return dir{}, openError(".", err)
	}
	return d, nil
}

// check says when the path of the root no longer names the pinned folder. It is a
// matter of honesty, not of safety: nothing is opened by that path.
func (r *Root) check() error {
	info, err := os.Stat(r.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fail.Errorf(fail.Unavailable, "the root folder was removed or renamed while cleat was running").
			Then("tell the user to start cleat again in the folder that is meant")
	case err == nil && !os.SameFile(info, r.info):
		return fail.Errorf(fail.Unavailable, "the root folder was replaced by another while cleat was running").
			Then("tell the user to start cleat again in the folder that is meant")
	}
	return nil
}

// Open opens a regular file for reading. A link is followed as long as it stays
// inside the root. It fails with fail.Denied for what lies outside, in the same words
// whether it exists or not, with fail.NotFound, with fail.Invalid for a folder, with
// fail.Unsupported for devices, FIFOs and the like, and with fail.Busy when the
// process has no file descriptor left.
func (r *Root) Open(path string) (*File, error) {
	rel, err := r.Rel(path)
	if err != nil {
		return nil, err
	}
	d, err := r.handle()
	if err != nil {
		return nil, err
	}
	at, err := r.resolve(d, rel)
	if err != nil {
		return nil, err
	}
	defer at.dir.close()
	if at.name == "" {
		return nil, isFolder(rel)
	}
	raw, err := at.dir.openFile(at.name)
	if err != nil {
		if errors.Is(err, errIsDir) {
			return nil, isFolder(rel)
		}
		return nil, openError(rel, err)
	}
	f, info, err := raw.file(filepath.Join(r.path, filepath.FromSlash(at.path)))
	if err != nil {
		return nil, openError(rel, err)
	}
	return &File{f: f, path: at.path, info: info}, nil
}

func isFolder(rel string) error {
	return fail.Errorf(fail.Invalid, "%q is a folder", rel)
}

// openError is what a failed open says about the file rel.
func openError(rel string, err error) error {
	switch {
	case errors.Is(err, errSpecial):
		return fail.Errorf(fail.Unsupported, "%q is not a regular file", rel).
			Because("only regular files are read, no devices, pipes or sockets")
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, errNotDir):
		return fail.Errorf(fail.NotFound, "no file %q", rel)
	case errors.Is(err, syscall.ENAMETOOLONG):
		return fail.Errorf(fail.NotFound, "no file or folder of that path: it is longer than paths can be")
	case errors.Is(err, fs.ErrPermission):
		return fail.Errorf(fail.Denied, "%q may not be read by this user", rel)
	case isScarce(err):
		return busy()
	case errors.Is(err, errIsLink):
		return fail.Errorf(fail.Conflict, "%q changed while it was opened", rel).After(time.Second)
	}
	var e *fail.Error
	if errors.As(err, &e) {
		return err
	}
	return fmt.Errorf("opening %q: %w", rel, err)
}

func busy() error {
	return fail.Errorf(fail.Busy, "too many files are open at once").
		Then("call again, with fewer calls at the same time").After(time.Second)
}

// A place is a name in an open folder, free of links when it was found. The name is
// empty for the root itself.
type place struct {
	dir  dir    // of the folder that holds name; the caller closes it
	name string // one segment
	path string // the whole path, relative to the root
}

const maxLinks = 40 // as Linux has it

// resolve finds rel, which is as Rel returns it, below d, and takes d over. Links are
// followed one by one as long as they stay inside. The last name is only looked at:
// it may not exist, and what it is, its open will tell.
func (r *Root) resolve(d dir, rel string) (place, error) {
	root, err := d.dup()
	if err != nil {
		d.close()
		return place{}, openError(rel, err)
	}
	defer root.close()
	var done []string // folders entered so far, none of them a link
	pending := strings.Split(rel, "/")
	links := 0
	fails := func(err error) (place, error) {
		d.close()
		return place{}, err
	}
	for i := 0; i < len(pending); i++ {
		name := pending[i]
		last := i == len(pending)-1
		switch name {
		case "", ".":
			if last {
				// The path ends in a folder: hand out the folder that holds it.
				return r.again(root, d, done)
			}
			continue
		case "..": // only from a link's target
			if len(done) == 0 {
				return fails(outside(rel))
			}
			done = done[:len(done)-1]
			d.close()
			if d, err = descend(root, done); err != nil {
				return place{}, openError(rel, err)
			}
			if last {
				return r.again(root, d, done)
			}
			continue
		}
		target, err := d.readLink(name)
		if err == nil {
			if links++; links > maxLinks {
				return fails(fail.Errorf(fail.NotFound, "no file %q", rel).Because("too many links"))
			}
			if filepath.IsAbs(target) {
				inside, err := r.Rel(target)
				if err != nil {
					return fails(outside(rel))
				}
				d.close()
				done = done[:0]
				if d, err = root.dup(); err != nil {
					return place{}, openError(rel, err)
				}
				target = inside
			}
			rest := pending[i+1:]
			pending = append(strings.Split(filepath.ToSlash(target), "/"), rest...)
			i = -1
			continue
		}
		if last {
			return place{dir: d, name: name, path: strings.Join(append(done, name), "/")}, nil
		}
		next, err := d.openDir(name)
		if err != nil {
			return fails(openError(rel, err))
		}
		d.close()
		d = next
		done = append(done, name)
	}
	return r.again(root, d, done)
}

// again turns the folder done, held by d, into a name in the folder above it.
func (r *Root) again(root, d dir, done []string) (place, error) {
	if len(done) == 0 {
		return place{dir: d}, nil
	}
	d.close()
	up, err := descend(root, done[:len(done)-1])
	if err != nil {
		return place{}, openError(strings.Join(done, "/"), err)
	}
	return place{dir: up, name: done[len(done)-1], path: strings.Join(done, "/")}, nil
}

// descend opens the folder names below root, following no links.
func descend(root dir, names []string) (dir, error) {
	d, err := root.dup()
	for _, name := range names {
		if err != nil {
			return dir{}, err
		}
		var next dir
		next, err = d.openDir(name)
		d.close()
		d = next
	}
	return d, err
}
