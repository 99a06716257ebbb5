package workspace

import (
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"cleat/internal/fail"
	"cleat/internal/tree"
)

// Bounds of looking for repositories.
const (
	maxRepositories = 2000
	maxFolders      = 20_000 // that are read
	maxLevels       = 8      // of folders that "**" stands for
)

// A pattern is a glob of folders: a fixed part, whose links are followed as it was written
// by the user, and wildcards, behind which none are.
type pattern struct {
	base string   // absolute
	segs []string // from the first with a wildcard on; "**" is any number of folders
}

// newPattern reads an absolute glob. It fails with fail.Invalid.
func newPattern(glob string) (pattern, error) {
	bad := func(format string, args ...any) error {
		return fail.Errorf(fail.Invalid, "the glob %q in repos "+format, append([]any{glob}, args...)...)
	}
	p := glob
	if runtime.GOOS == "windows" {
		p = filepath.ToSlash(p)
	}
	if strings.IndexByte(p, 0) >= 0 {
		return pattern{}, bad("has a NUL byte")
	}
	segs := strings.Split(p, "/")
	n := slices.IndexFunc(segs, tree.HasMeta)
	if n < 0 {
		n = len(segs)
	}
	if !filepath.IsAbs(filepath.FromSlash(p)) {
		return pattern{}, bad("has no absolute path")
	}
	out := pattern{base: filepath.Clean(filepath.FromSlash(strings.Join(segs[:n], "/") + "/"))}
	for _, seg := range segs[n:] {
		switch seg {
		case "", ".":
			continue
		case "..":
			return pattern{}, bad("leads up again behind a wildcard")
		}
		if _, err := tree.CompileGlob(seg, false); err != nil {
			return pattern{}, bad("is malformed: %s", fail.From(err).What)
		}
		out.segs = append(out.segs, seg)
	}
	return out, nil
}

// A sight is a folder that looks like a repository.
type sight struct {
	dir, real string
	info      fs.FileInfo
	bare      bool
}

// A seeker expands patterns.
type seeker struct {
	sights []sight
	seen   map[string]bool // by their paths without links
	reads  int             // folders read so far
	cut    bool            // a bound was met
}

// seek returns the repositories that the patterns lead to, and whether there may be more
// than the bounds allow.
func seek(patterns []pattern) (sights []sight, cut bool) {
	s := &seeker{seen: make(map[string]bool)}
	for _, p := range patterns {
		s.expand(p, p.base, p.segs, 0)
	}
	return s.sights, s.cut
}

// expand looks at what segs match below dir.
func (s *seeker) expand(p pattern, dir string, segs []string, level int) {
	if len(segs) == 0 {
		s.look(p, dir)
		return
	}
	seg, rest := segs[0], segs[1:]
	switch {
	case seg == "**":
		s.expand(p, dir, rest, level)
		if level == maxLevels {
			s.cut = true
			return
		}
		if _, ok := sightOf(dir); ok {
			return // what lies in a repository is its content
		}
		for _, name := range s.folders(dir) {
			if name[0] != '.' {
				s.expand(p, filepath.Join(dir, name), segs, level+1)
			}
		}
	case !tree.HasMeta(seg):
		next := filepath.Join(dir, seg)
		if info, err := os.Lstat(next); err == nil && info.IsDir() {
			s.expand(p, next, rest, level)
		}
	default:
		glob, err := tree.CompileGlob(seg, false)
		if err != nil {
			return // newPattern has refused it
		}
		for _, name := range s.folders(dir) {
			if glob.Match(name) && (name[0] != '.' || seg[0] == '.') {
				s.expand(p, filepath.Join(dir, name), rest, level)
			}
		}
	}
}

// folders returns the names of the folders in dir, without links. What cannot be read has
// none.
func (s *seeker) folders(dir string) []string {
	if s.cut = s.cut || s.reads == maxFolders || len(s.sights) == maxRepositories; s.cut {
		return nil
	}
	s.reads++
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() && !strings.EqualFold(e.Name(), ".git") {
			names = append(names, e.Name())
		}
	}
	return names
}

// look adds dir, if it is a repository. One that is bare is only content where a wildcard
// led into the work tree of another.
func (s *seeker) look(p pattern, dir string) {
	at, ok := sightOf(dir)
	if !ok || s.seen[at.real] || at.bare && len(p.segs) > 0 && inWorkTree(p.base, filepath.Dir(dir)) {
		return
	}
	if len(s.sights) == maxRepositories {
		s.cut = true
		return
	}
	s.seen[at.real] = true
	s.sights = append(s.sights, at)
}

// sightOf tells whether dir looks like a repository: whether it is one, git.Open checks
// before anything is read of it.
func sightOf(dir string) (sight, bool) {
	info, err := os.Stat(dir)
	if err != nil || !info.IsDir() {
		return sight{}, false
	}
	at := sight{dir: dir, info: info}
	if _, err := os.Lstat(filepath.Join(dir, ".git")); err != nil {
		for _, name := range []string{"HEAD", "objects", "refs"} {
			if _, err := os.Lstat(filepath.Join(dir, name)); err != nil {
				return sight{}, false
			}
		}
		at.bare = true
	}
	if at.real, err = filepath.EvalSymlinks(dir); err != nil {
		return sight{}, false
	}
	return at, true
}

// inWorkTree reports whether a folder from dir up to base has a .git.
func inWorkTree(base, dir string) bool {
	for {
		if _, err := os.Lstat(filepath.Join(dir, ".git")); err == nil {
			return true
		}
		if dir == base || dir == filepath.Dir(dir) || len(dir) < len(base) {
			return false
		}
		dir = filepath.Dir(dir)
	}
}
