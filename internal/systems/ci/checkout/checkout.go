// Package checkout finds the files of the checkout that failures speak of.
//
// A log names files as the machine knew them that wrote it: by the path of a build server's
// work folder, of a container, of a package, or by nothing but their last name. A Map answers
// with a path below the root of the checkout only where one file fits better than all
// others. Where two fit equally, or the file is of a tool or a library that the build used,
// it does not answer: no place is better than a wrong one.
package checkout

import (
	"context"
	"path"
	"strings"
	"sync"

	"cleat/internal/report"
)

// Files are the files of a checkout. Paths are relative to its root, clean and with slashes.
type Files interface {
	// Dir returns the absolute path of the root on this machine, or "" if it has none.
	Dir() string

	// Paths lists the files that belong to the project, in any order: those that git and
	// the policy leave out are not among them.
	Paths(ctx context.Context) ([]string, error)

	// Read returns the content of one of the listed files, or at least its first 64 kB. It
	// is asked for a few manifests: go.mod, go.work, package.json and Cargo.toml.
	Read(path string) ([]byte, error)
}

// A Map finds files of one checkout. It knows the files that were there when it was made,
// and is safe for concurrent use.
type Map struct {
	files  Files
	dir    string             // of the root, with slashes; "" if not known
	paths  []string           // clean ones only
	byPath map[string]bool    // all of paths
	byBase map[string][]int32 // lower-case last names of what lies outside of vendored folders → paths

	modules  func() []module // of Go
	packages func() []module // of Node and Rust
}

// maxFile is how long a name of a file may be that is looked for, in bytes.
const maxFile = 4096

// New returns a Map of the files. It lists them, and reads manifests when a failure asks
// for them: one that cannot be read is taken for not there. It fails as files.Paths does.
func New(ctx context.Context, files Files) (*Map, error) {
	paths, err := files.Paths(ctx)
	if err != nil {
		return nil, err
	}
	m := &Map{
		files: files, dir: strings.TrimSuffix(strings.ReplaceAll(files.Dir(), `\`, "/"), "/"), paths: paths,
		byPath: make(map[string]bool, len(paths)), byBase: make(map[string][]int32, len(paths)),
	}
	for i, p := range paths {
		if p == "" || path.IsAbs(p) || path.Clean(p) != p || p == ".." || strings.HasPrefix(p, "../") {
			continue // a path that could lead out of the root
		}
		m.byPath[p] = true
		if !vendored(p) {
			base := strings.ToLower(path.Base(p))
			m.byBase[base] = append(m.byBase[base], int32(i))
		}
	}
	m.modules = sync.OnceValue(m.readModules)
	m.packages = sync.OnceValue(m.readPackages)
	return m, nil
}

// Place returns the file that the failure is in and the line, as it was told: 0 if it was
// not, and perhaps one that the file does not have, since the checkout may have changed. The
// path is one of the files' own. ok is false where there is no such file, or more than one.
func (m *Map) Place(f report.Failure) (file string, line int, ok bool) {
	for _, written := range fileOf(f) {
		if n, ok := parse(written, f); ok {
			if file, ok := m.find(n); ok {
				return file, n.line, true
			}
		}
	}
	if f.File == "" && f.Kind == report.Test {
		if file, ok := m.class(f); ok {
			return file, max(f.Line, 0), true
		}
	}
	return "", 0, false
}
