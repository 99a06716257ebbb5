// Package git reads repositories by running git on them, safely.
//
// A repository's configuration, attributes and refs are written by strangers, and git
// runs programs that a configuration names. So every command is built here, from fixed
// overrides and an environment from scratch (run.go), names its git dir and work tree
// explicitly, reaches no network, and works on committed objects only: no content of
// the work tree ever passes through git, whose filters, text conversions and file
// system monitor therefore have nothing to do. Revisions become hashes by way of a
// data channel (rev.go), and nothing that a caller gives is ever an argument that git
// could take for an option. What needs no more than objects runs apart from all of the
// repository's own settings (shell.go).
//
// What is found without running git at all (the git dir, HEAD, the remotes' names) is
// read by the package's own parsers, which follow no includes and no links out of the
// repository.
//
// Texts in results, such as names, messages and paths, are foreign and raw: they may
// hold control characters and invalid UTF-8.
package git

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"cleat/internal/proc"
)

const (
	// DefaultMaxObject is what Options.MaxObject means when it is zero, in bytes.
	DefaultMaxObject = 16 << 20

	// DefaultIdle is what Options.Idle means when it is zero.
	DefaultIdle = time.Minute

	// maxChildren is how many git commands, or pairs of them, run at once for one Repo,
	// besides the kept one and those of Readers; further calls wait for their turn.
	maxChildren = 8
)

// Options say how a repository is opened. The zero Options are good for a work tree.
type Options struct {
	// Env is what git's environment is made from, "NAME=value": only the names that
	// proc.Environ allows get through. nil means cleat's own environment.
	Env []string

	// Group is where the children belong; nil means a group of the Repo's own, which
	// Repo.Close ends.
	Group *proc.Group

	// Allow are further folders, from trusted configuration, in which the repository
	// may keep its git dir, its objects and its alternates.
	Allow []string

	// Bare lets the folder itself be a bare repository. It is for folders that the user
	// named: a bare repository somewhere inside a work tree is only content.
	Bare bool

	// MaxObject is the size, in bytes, beyond which no object is read; 0 means
	// DefaultMaxObject.
	MaxObject int64

	// Idle is how long the kept git cat-file lives without being used; 0 means
	// DefaultIdle.
	Idle time.Duration
}

// A Hash is the full name of an object, 40 or 64 lower-case hexadecimal digits.
type Hash string

// Valid reports whether h has the form of a hash.
func (h Hash) Valid() bool { return (len(h) == 40 || len(h) == 64) && isHex(string(h)) }

// A Repo is an open repository. Its methods are safe for concurrent use.
type Repo struct {
	root      string // top of the work tree, or the bare repository itself; no links in it
	gitDir    string
	commonDir string // where refs and objects are; differs from gitDir in linked work trees
	bare      bool
	scope     scope       // where all that git reads must lie
	sha256    func() bool // whether that is the object format

	git    string   // path of the program
	gitErr error    // why there is none
	env    []string // filtered and completed

	group    *proc.Group
	ownGroup bool
	slots    chan struct{}
	verified verified
	batch    batch
	readers  readers
	shell    shell
	max      int64
	closed   atomic.Bool
}

// Open opens the repository whose work tree holds the folder dir. It runs nothing and
// does not keep the repository open; whether git itself trusts the repository shows at
// the first command.
//
// It fails with fail.NotFound if there is no repository, with fail.Invalid if there is
// one that cannot be read, and with fail.Denied if it lies, or keeps anything, where
// neither its work tree nor git's own bookkeeping nor Options.Allow leads.
func Open(dir string, o Options) (*Repo, error) {
	r := &Repo{
		group: o.Group, ownGroup: o.Group == nil, slots: make(chan struct{}, maxChildren),
		verified: verified{lock: newLock()}, max: o.MaxObject,
	}
	if r.max <= 0 {
		r.max = DefaultMaxObject
	}
	if r.ownGroup {
		r.group = new(proc.Group)
	}
	r.batch.init(o.Idle)
	r.readers.init()
	r.sha256 = sync.OnceValue(r.usesSHA256)
	if err := r.discover(dir, o); err != nil {
		return nil, err
	}
	var env []string
	r.git, env, r.gitErr = program(o.Env)
	r.env = environment(env)
	return r, nil
}

// program finds git, and what its environment starts from.
func program(env []string) (path string, filtered []string, err error) {
	if env == nil {
		env = os.Environ()
	}
	filtered = proc.Filter(env)
	path, err = proc.Look("git", filtered)
	return path, filtered, err
}

// Root is the absolute path, without links, of the top of the work tree, or of the
// repository itself if it is bare.
func (r *Repo) Root() string { return r.root }

// Dir is the absolute path of the git dir; of a linked work tree, its own.
func (r *Repo) Dir() string { return r.gitDir }

// CommonDir is the absolute path of the git dir that linked work trees share; the same
// as Dir for any other.
func (r *Repo) CommonDir() string { return r.commonDir }

// Bare reports whether the repository has no work tree.
func (r *Repo) Bare() bool { return r.bare }

// Name is the last element of the root's path.
func (r *Repo) Name() string { return filepath.Base(r.root) }

// Close ends the children that the Repo and its Readers keep, and its own group if it has
// one, and removes the temporary folder that some commands run in (shell.go). Calls that
// use them, and later ones, fail with fail.Unavailable.
func (r *Repo) Close() error {
	r.closed.Store(true)
	r.batch.close()
	r.readers.close()
	var err error
	if r.ownGroup {
		err = r.group.Close()
	}
	return errors.Join(err, r.shell.close())
}

// A lock is a mutex that can be waited for with a context.
type lock chan struct{}

func newLock() lock { return make(lock, 1) }

func (l lock) acquire(ctx context.Context) error {
	select {
	case l <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (l lock) release() { <-l }

func isHex(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
