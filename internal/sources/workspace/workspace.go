// Package workspace is the source that needs no configuration: the files of a folder,
// usually a git repository, as code to be searched and as documents to be read.
//
// The folder is pinned when the source is opened; nothing outside it is ever read. What
// secrets its files hold is masked before anything is matched or cut.
package workspace

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/semaphore"

	"cleat/internal/fail"
	"cleat/internal/git"
	"cleat/internal/host"
	"cleat/internal/systems/code"
	"cleat/internal/systems/documents"
	"cleat/internal/tree"
	"cleat/internal/uri"
)

// Config are the keys of [sources.NAME] with kind = "workspace".
type Config struct {
	Root string `toml:"root"` // the folder; required

	// Main is the workspace that cleat was started in: paths without a root mean this one.
	Main bool `toml:"-"`
}

// A Source serves one folder. It is safe for concurrent use.
type Source struct {
	root *tree.Root
	host host.Host
	name string // of the folder
	main bool
	room *semaphore.Weighted // for documents in memory, in bytes

	mu     sync.Mutex
	repo   *git.Repo   // nil before the first call that needs it
	dotGit fs.FileInfo // what .git was when repo was opened; nil if there was none
}

var (
	_ code.Searcher        = (*Source)(nil)
	_ code.Addresser       = (*Source)(nil)
	_ documents.Library    = (*Source)(nil)
	_ documents.Lister     = (*Source)(nil)
	_ documents.Completer  = (*Source)(nil)
	_ documents.Finder     = (*Source)(nil)
	_ documents.Overviewer = (*Source)(nil)
	_ documents.Namer      = (*Source)(nil)
)

// Open pins the folder and opens nothing else. It fails with fail.Invalid for a
// configuration without a root, and with what tree.Open says of the folder.
func Open(_ context.Context, cfg Config, h host.Host) (*Source, error) {
	if cfg.Root == "" {
		return nil, fail.Errorf(fail.Invalid, "a workspace needs a root")
	}
	dir, err := filepath.Abs(cfg.Root)
	if err != nil {
		return nil, fail.Errorf(fail.Invalid, "the root %q cannot be made absolute: %w", cfg.Root, err)
	}
	root, err := tree.Open(dir)
	if err != nil {
		return nil, err
	}
	if name := tree.UserIgnoreFile(); name != "" {
		if err := root.UseIgnoreFile(name); err != nil {
			h.Log.Warn("the user's ignore file does not count", "err", err)
		}
	}
	return &Source{root: root, host: h, name: filepath.Base(root.Dir()), main: cfg.Main, room: newRoom()}, nil
}

// repository opens the git repository of the folder at the first call that needs it. It
// fails with fail.NotFound where there is none, and with fail.Unavailable when the folder
// is no longer the one that was pinned: git is told paths, which then lead elsewhere. For
// the same reason a repository whose .git was replaced is opened, and so checked, anew.
func (s *Source) repository() (*git.Repo, error) {
	if _, err := s.root.Open("."); fail.From(err).Code == fail.Unavailable {
		return nil, err // opening a folder fails in any case
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	dotGit, err := os.Lstat(filepath.Join(s.root.Dir(), ".git"))
	if err != nil {
		dotGit = nil
	}
	if s.repo != nil && !same(dotGit, s.dotGit) {
		if err := s.repo.Close(); err != nil {
			s.host.Log.Warn("closing a repository that was replaced", "err", err)
		}
		s.repo = nil
	}
	if s.repo == nil {
		repo, err := git.Open(s.root.Dir(), git.Options{Env: s.host.Env, Group: s.host.Children})
		if err != nil {
			return nil, err
		}
		s.repo, s.dotGit = repo, dotGit
	}
	return s.repo, nil
}

// same reports whether a and b, either of which may be nil for nothing, are of one file,
// folder or link.
func same(a, b fs.FileInfo) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return a.Mode().Type() == b.Mode().Type() && os.SameFile(a, b)
}

// closed returns what tells the paths that policy closes, to be asked of each path of a
// walk. Now and then it lets others go first: walks keep every processor busy, and what the
// client sends meanwhile, a ping or a cancellation, is to be read all the same.
func (s *Source) closed() func(path string) bool {
	closed := s.host.Closed()
	var paths atomic.Uint32
	return func(path string) bool {
		if paths.Add(1)%16 == 0 {
			runtime.Gosched()
		}
		return closed != nil && closed(path)
	}
}

// Close ends the child processes and gives the folder back.
func (s *Source) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var err error
	if s.repo != nil {
		err = s.repo.Close()
	}
	return errors.Join(err, s.root.Close())
}

// Address implements code.Addresser. Paths of other than the main workspace are absolute,
// as the same path may exist in several.
func (s *Source) Address(path string) uri.URI {
	if !s.main {
		path = filepath.ToSlash(filepath.Join(s.root.Dir(), path))
	}
	return uri.New("text", path)
}

// Names implements documents.Namer.
func (s *Source) Names(u uri.URI) (address uri.URI, path string, ok bool) {
	if u.Scheme != "repo" {
		path, err := s.root.Rel(strings.TrimSuffix(u.Path, "/"))
		address := s.Address(path)
		address.Scheme = u.Scheme
		return address, path, err == nil
	}
	parts, err := u.Segments(3)
	if err != nil || len(parts) < 3 {
		return uri.URI{}, "", false
	}
	path, err = s.root.Rel(parts[2])
	return uri.New("repo", parts[0], parts[1], path), path, err == nil
}

// Schemes implements documents.Library.
func (s *Source) Schemes() []string { return []string{"text", "json", "repo"} }

// Owns implements systems.Owner.
func (s *Source) Owns(u uri.URI) bool {
	if u.Scheme == "repo" {
		parts, err := u.Segments(2)
		return err == nil && (parts[0] == s.name || s.main && parts[0] == ".")
	}
	if filepath.IsAbs(filepath.FromSlash(u.Path)) {
		_, err := s.root.Rel(u.Path)
		return err == nil
	}
	return s.main
}
