package forge

import (
	"path"
	"strings"

	"cleat/internal/fail"
	"cleat/internal/tree"
)

// Paths are Query.Paths over paths that an index names. What does not exist cannot be
// told from them.
type paths struct {
	include, exclude []*tree.Glob
	literal          []string // files or folders
	dir              string   // of the last literal: itself if it was written with a slash at its end
}

// newPaths reads the paths of a query. It fails with fail.Denied for what leaves the
// repository and with fail.Invalid for a malformed glob.
func newPaths(patterns []string) (*paths, error) {
	p := &paths{}
	for _, s := range patterns {
		s, not := strings.CutPrefix(s, "!")
		if strings.HasPrefix(s, "/") || strings.Contains(s, `\`) && !tree.HasMeta(s) || strings.Contains("/"+s+"/", "/../") {
			return nil, fail.Errorf(fail.Denied, "the path %.200q is outside the repository", s).
				Then("paths are relative to the root of the repository")
		}
		s, isDir := strings.CutSuffix(strings.TrimPrefix(s, "./"), "/")
		if s == "." {
			s = ""
		}
		if !not && !tree.HasMeta(s) {
			p.literal = append(p.literal, s)
			if p.dir = s; !isDir {
				p.dir = path.Dir(s) // it may be a file
			}
			continue
		}
		g, err := tree.CompileGlob(s, false)
		if err != nil {
			return nil, err
		}
		if not {
			p.exclude = append(p.exclude, g)
		} else {
			p.include = append(p.include, g)
		}
	}
	return p, nil
}

// match reports whether the file is asked for.
func (p *paths) match(file string) bool {
	if covers(p.exclude, file) {
		return false
	}
	if len(p.include)+len(p.literal) == 0 {
		return true
	}
	for _, l := range p.literal {
		if l == "" || file == l || strings.HasPrefix(file, l+"/") {
			return true
		}
	}
	return covers(p.include, file)
}

// covers reports whether one of the globs matches the file or a folder it lies in.
func covers(globs []*tree.Glob, file string) bool {
	for _, g := range globs {
		for i := range len(file) + 1 {
			if (i == len(file) || file[i] == '/') && g.Match(file[:i]) {
				return true
			}
		}
	}
	return false
}

// folder returns a folder that all files asked for lie in, "" for the root.
func (p *paths) folder() string {
	if len(p.include) > 0 || len(p.literal) != 1 || p.dir == "." {
		return ""
	}
	return p.dir
}
