// Package workspace is the source that needs no configuration: the files of a folder,
// usually a git repository, as code to be searched and as documents to be read. It can
// serve more repositories, clones and bare mirrors, which globs lead to.
//
// Folders are pinned when they are opened; nothing outside them is ever read. What secrets
// their files hold is masked before anything is matched or cut.
package workspace

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"

	"golang.org/x/sync/semaphore"

	"cleat/internal/fail"
	"cleat/internal/host"
	"cleat/internal/proc"
	"cleat/internal/symbols/symcache"
	"cleat/internal/systems/code"
	"cleat/internal/systems/documents"
	"cleat/internal/tree"
)

// Config are the keys of [sources.NAME] with kind = "workspace".
type Config struct {
	Root  string   `toml:"root"`  // the folder; may be left out where there are Repos
	Repos []string `toml:"repos"` // globs of clones and bare mirrors, such as "~/src/*"

	// Main is the workspace that cleat was started in: paths without a root mean this one.
	Main bool `toml:"-"`
}

// Relative makes the paths that are neither absolute nor in the user's home, "~/", relative
// to dir: the folder of the file that has them.
func (c *Config) Relative(dir string) {
	c.Root = relative(dir, c.Root)
	for i, glob := range c.Repos {
		c.Repos[i] = relative(dir, glob)
	}
}

func relative(dir, p string) string {
	if p == "" || filepath.IsAbs(p) || strings.HasPrefix(p, "~/") {
		return p
	}
	return strings.TrimSuffix(dir, string(filepath.Separator)) + string(filepath.Separator) + p // a glob is not cleaned
}

// A Source serves one folder, further repositories, or both. It is safe for concurrent use.
type Source struct {
	host     host.Host
	main     bool
	own      *repository // of Config.Root; nil if there is none
	patterns []pattern   // of Config.Repos
	shelf    shelf
	pool     pool
	symbols  *symcache.Cache
	room     *semaphore.Weighted // for documents in memory, in bytes
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

// Open pins the folder and opens nothing else; repositories are looked for at the first
// call that needs them. It fails with fail.Invalid for a configuration with neither a root
// nor repos, and for a malformed glob, and with what tree.Open says of the folder.
func Open(_ context.Context, cfg Config, h host.Host) (*Source, error) {
	if cfg.Root == "" && len(cfg.Repos) == 0 {
		return nil, fail.Errorf(fail.Invalid, "a workspace needs a root, or repos")
	}
	s := &Source{host: h, main: cfg.Main, room: newRoom(), symbols: symcache.New(h.State, h.Now)}
	s.pool.warn = func(err error) { h.Log.Warn("closing a folder", "err", err) }
	for _, glob := range cfg.Repos {
		dir, err := s.absolute(glob)
		if err != nil {
			return nil, err
		}
		p, err := newPattern(dir)
		if err != nil {
			return nil, err
		}
		s.patterns = append(s.patterns, p)
	}
	if cfg.Root == "" {
		return s, nil
	}
	dir, err := s.absolute(cfg.Root)
	if err != nil {
		return nil, err
	}
	s.own, err = s.pin(filepath.Clean(dir))
	return s, err
}

// absolute returns a configured path as an absolute one.
func (s *Source) absolute(p string) (string, error) {
	if rest, ok := strings.CutPrefix(p, "~/"); ok {
		name := "HOME"
		if runtime.GOOS == "windows" {
			name = "USERPROFILE"
		}
		home, ok := proc.Getenv(s.host.Env, name)
		if !ok || !filepath.IsAbs(home) {
			return "", fail.Errorf(fail.Invalid, "%q is in the user's home, and %s does not say where that is", p, name)
		}
		return relative(home, rest), nil
	}
	if filepath.IsAbs(p) {
		return p, nil
	}
	dir, err := os.Getwd()
	if err != nil {
		return "", fail.Errorf(fail.Invalid, "the path %q cannot be made absolute: %w", p, err)
	}
	return relative(dir, p), nil
}

// pin opens the source's own folder, for good.
func (s *Source) pin(dir string) (*repository, error) {
	root, err := tree.Open(dir)
	if err != nil {
		return nil, err
	}
	s.ignore(root)
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		real = dir // it is only compared
	}
	p := &place{dir: dir, real: real, own: true, host: s.host}
	p.root = &folder{dir: dir, real: real, root: root, kept: true, uses: 1, pool: &s.pool}
	return &repository{name: baseName(dir), place: p}, nil
}

// ignore makes the user's ignore file count.
func (s *Source) ignore(root *tree.Root) {
	if name := tree.UserIgnoreFile(); name != "" {
		if err := root.UseIgnoreFile(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			s.host.Log.Warn("the user's ignore file does not count", "err", err)
		}
	}
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

// closedIn is closed for the paths of one repository. Where that lies in the source's own
// folder, a path is closed if either name of it is.
func (s *Source) closedIn(u *repository) func(path string) bool {
	closed := s.closed()
	if s.own == nil || u.own {
		return closed
	}
	in, err := s.own.rel(u.real)
	if err != nil || in == "." {
		return closed
	}
	return func(p string) bool { return closed(p) || closed(path.Join(in, p)) }
}

// Close ends the child processes and gives the folders back.
func (s *Source) Close() error {
	if err := s.symbols.Close(); err != nil {
		s.host.Log.Warn("symbols were not kept", "err", err) // which costs time and nothing else
	}
	errs := []error{s.closeAll()}
	if s.own != nil {
		errs = append(errs, s.own.close(), s.own.root.unpin())
	}
	return errors.Join(errs...)
}
