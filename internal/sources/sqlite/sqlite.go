// Package sqlite is a source for one SQLite database file.
//
// Reading is safe by structure. The file is opened read-only and never created, an
// allow-list decides on every single thing that a statement does when it is compiled
// (SQLite's authorizer), and a statement runs within limits on time, memory and size.
//
// cleat writes nothing to the file and nothing next to it, with one exception that SQLite
// makes: whoever reads a database in WAL mode needs the files PATH-shm and PATH-wal, and
// makes them if they are not there. Where the folder does not allow that and there is no
// log with content, the file is taken for one that nobody changes.
//
// # Masks
//
// A masked column is covered before a statement can use it: for each table that has one
// there is a temporary view of the same name, whose masked columns are what stands in for
// their values. Conditions, joins, orders and functions work on that too, so that none of
// them tells anything. The view of that name hides the table, and reading the column in any
// other way is refused; see cover.go.
package sqlite

import (
	"cmp"
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"cleat/internal/fail"
	"cleat/internal/host"
	"cleat/internal/proc"
	"cleat/internal/sorting"
	"cleat/internal/systems/databases"
)

// Config is the configuration of a SQLite source.
type Config struct {
	databases.Config
	Path string `toml:"path"` // of the file: a name, not a URI; relative to the configuration's folder, or "~/…"

	within string // the folder that the file must lie in, "" for any
}

// Validate returns what is wrong with the keys, without their values.
func (c Config) Validate() error {
	var path error
	switch {
	case c.Path == "":
		path = databases.WrongKey("path", "want the path of a SQLite file")
	case strings.ContainsRune(c.Path, 0):
		path = databases.WrongKey("path", "no path holds a NUL character")
	}
	return errors.Join(path, c.Config.Validate())
}

// Relative makes a path that is neither absolute nor in the user's home, "~/", relative to
// dir: the folder of the file that has it.
func (c *Config) Relative(dir string) {
	if c.Path != "" && !filepath.IsAbs(c.Path) && !strings.HasPrefix(c.Path, "~/") {
		c.Path = filepath.Join(dir, c.Path)
	}
}

// Confine makes the path relative to root and keeps the file within it, links included:
// for a configuration that comes with a repository.
func (c *Config) Confine(root string) { c.within = root }

// A Source is one database file. It is safe for concurrent use.
type Source struct {
	path  string // absolute
	root  string // the folder that the file must lie in, "" for any
	rules *databases.Rules
	host  host.Host
	pool  *pool

	mu     sync.Mutex
	health string
	known  []string // names that were seen, sorted
	told   bool     // the findings were said in an answer
}

// Open returns the source of a configuration. It touches no file. It fails with
// fail.Invalid for a configuration that Validate does not accept.
func Open(_ context.Context, c Config, h host.Host) (*Source, error) {
	if err := c.Validate(); err != nil {
		return nil, fail.Errorf(fail.Invalid, "the source is configured wrong: %w", err)
	}
	rules, err := c.Compile(databases.SQLite, h.Digest)
	if err != nil {
		return nil, err
	}
	if c.within != "" {
		if !filepath.IsLocal(c.Path) || strings.HasPrefix(c.Path, "~") {
			return nil, fail.Errorf(fail.Denied, "a project file names SQLite files inside the repository only").
				Then("give a path relative to the root of the repository, or move the source to your own configuration")
		}
		c.Path = filepath.Join(c.within, c.Path)
	}
	path, err := absolute(c.Path, h.Env)
	if err != nil {
		return nil, err
	}
	s := &Source{path: path, root: c.within, rules: rules, host: h}
	s.pool = newPool(s)
	return s, nil
}

func absolute(path string, env []string) (string, error) {
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		name := "HOME"
		if runtime.GOOS == "windows" {
			name = "USERPROFILE"
		}
		home, ok := proc.Getenv(env, name)
		if !ok || !filepath.IsAbs(home) {
			return "", fail.Errorf(fail.Invalid, "the path of the SQLite file is in the user's home, and %s does not say where that is", name)
		}
		return filepath.Join(home, rest), nil
	}
	if filepath.IsAbs(path) {
		return filepath.Clean(path), nil
	}
	dir, err := os.Getwd()
	if err != nil {
		return "", fail.Errorf(fail.Invalid, "the path of the SQLite file cannot be made absolute: %w", err)
	}
	return filepath.Join(dir, path), nil
}

// Close closes the connections that are idle, and has those in use closed after use.
// Calls that come later fail with fail.Unavailable.
func (s *Source) Close() error { return s.pool.close() }

// Dialect is SQLite.
func (s *Source) Dialect() databases.Dialect { return databases.SQLite }

// Rules are those that the source was opened with.
func (s *Source) Rules() *databases.Rules { return s.rules }

// Known returns the names of tables and views that may be read and were there when the
// schema was read last, sorted. It opens nothing.
func (s *Source) Known() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.known)
}

// Health is what the last attempt to open or read the file found wrong, and what speaks
// against the configuration, or "".
func (s *Source) Health() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.health
}

// saw remembers the outcome of opening the file.
func (s *Source) saw(cat *catalog, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.health = fail.From(err).What
		return
	}
	s.health = strings.Join(s.warnings(cat), "; ")
	var names []string
	for _, o := range cat.objects {
		if o.kind != shadowTable && !strings.HasPrefix(fold(o.name), "sqlite_") && s.rules.Allows("main", o.name, true) {
			names = append(names, o.name)
		}
	}
	sorting.Sort(names, func(a, b string) int { return cmp.Compare(a, b) })
	s.known = names
}

// ails remembers what a statement found wrong with the file.
func (s *Source) ails(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.health = what
}

// notes returns what is to be said once, in the first answer: the findings.
func (s *Source) notes(cat *catalog) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.told {
		return nil
	}
	s.told = true
	return append(s.findings(), s.warnings(cat)...)
}

// warnings are what is wrong with the rules, in view of the schema.
func (s *Source) warnings(cat *catalog) []string {
	var out []string
	for _, m := range s.rules.Unmatched(cat.columns) {
		out = append(out, "the mask "+m+" matches no column of the database: it protects nothing")
	}
	return out
}
