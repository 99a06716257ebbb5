package tree

import (
	"path"
	"slices"
	"strings"

	"cleat/internal/fail"
)

// A filter is which paths a walk is about: those below an explicit path or matching a
// glob, and not excluded.
type filter struct {
	all     bool // nothing is included by name: everything is
	include []glob
	exclude []glob
	fold    bool
}

const (
	maxPatterns     = 256
	maxAlternatives = 256 // of the braces of one pattern
	maxPattern      = 1024
)

// expandGlob compiles a pattern as people write it on a command line: braces choose,
// a pattern without a slash is about names in any folder, one with a slash is about
// paths from the root. It fails with fail.Invalid.
func expandGlob(p string) ([]glob, error) {
	if len(p) > maxPattern {
		return nil, fail.Errorf(fail.Invalid, "a pattern of %d bytes, the limit is %d", len(p), maxPattern)
	}
	alts, err := braces(p)
	if err != nil {
		return nil, err
	}
	var out []glob
	for _, a := range alts {
		a = strings.TrimSuffix(a, "/")
		if rest, ok := strings.CutPrefix(a, "/"); ok {
			a = rest
		} else if !strings.Contains(a, "/") {
			a = "**/" + a
		}
		g := compileGlob(a, true)
		if len(g.toks) == 1 && g.toks[0].kind == tokNever {
			return nil, fail.Errorf(fail.Invalid, "the glob %q is malformed", p).
				Because("a bracket is not closed, or a backslash ends it").
				Then(`put a backslash before a "[" that is part of a name`)
		}
		out = append(out, g)
	}
	return out, nil
}

// braces expands {a,b} once for each alternative. What is no pair of braces stays.
func braces(p string) ([]string, error) {
	done := []string{""}
	from := 0 // what p[from:] has not been added yet
	add := func(s string) {
		for i := range done {
			done[i] += s
		}
	}
	for i := 0; i < len(p); i++ {
		if p[i] == '\\' {
			i++
			continue
		}
		if p[i] != '{' {
			continue
		}
		add(p[from:i])
		parts, n := alternatives(p[i:])
		if n == 0 {
			add(`\{`)
			from = i + 1
			continue
		}
		var next []string
		for _, part := range parts {
			inner, err := braces(part)
			if err != nil {
				return nil, err
			}
			if len(next)+len(done)*len(inner) > maxAlternatives {
				return nil, fail.Errorf(fail.Invalid, "the braces of %q choose between more than %d patterns", p, maxAlternatives)
			}
			for _, d := range done {
				for _, in := range inner {
					next = append(next, d+in)
				}
			}
		}
		done = next
		i += n - 1
		from = i + 1
	}
	add(p[from:])
	return done, nil
}

// alternatives splits the pair of braces that p begins with at its commas and returns
// its length, or 0 if it does not end.
func alternatives(p string) (parts []string, n int) {
	depth, from := 0, 1
	for i := 0; i < len(p); i++ {
		switch p[i] {
		case '\\':
			i++
		case '{':
			depth++
		case ',':
			if depth == 1 {
				parts = append(parts, p[from:i])
				from = i + 1
			}
		case '}':
			if depth--; depth == 0 {
				return append(parts, p[from:i]), i + 1
			}
		}
	}
	return nil, 0
}

// hasMeta reports whether p means something else as a glob than as a path.
func hasMeta(p string) bool { return strings.ContainsAny(p, `*?[{\`) }

// prefix returns the folder that everything matched by the glob p lies in, "." if it
// may be anywhere.
func prefix(p string) string {
	p = strings.TrimPrefix(p, "/")
	i := strings.IndexAny(p, `*?[{\`)
	if i < 0 {
		i = len(p)
	}
	i = strings.LastIndexByte(p[:i], '/')
	if i < 0 {
		return "."
	}
	return path.Clean(p[:i])
}

func (f *filter) key(s string) string {
	if f.fold {
		return strings.ToLower(s)
	}
	return s
}

// includes reports whether path, or a folder it lies in, is asked for.
func (f *filter) includes(path string) bool {
	if f.all {
		return true
	}
	path = f.key(path)
	return slices.ContainsFunc(f.include, func(g glob) bool { return g.match(path) })
}

func (f *filter) excludes(path string) bool {
	if len(f.exclude) == 0 {
		return false
	}
	path = f.key(path)
	return slices.ContainsFunc(f.exclude, func(g glob) bool { return g.match(path) })
}

// A Glob is a compiled pattern over paths, as WalkOptions.Paths has them.
type Glob struct {
	globs []glob
	fold  bool
}

// CompileGlob compiles a pattern with the wildcards "*", "?", "[…]", "**" and "{a,b}".
// Without a slash it is about names in any folder. It fails with fail.Invalid.
func CompileGlob(pattern string, ignoreCase bool) (*Glob, error) {
	if ignoreCase {
		pattern = strings.ToLower(pattern)
	}
	globs, err := expandGlob(pattern)
	if err != nil {
		return nil, err
	}
	return &Glob{globs, ignoreCase}, nil
}

// Match reports whether the slash-separated path matches.
func (g *Glob) Match(path string) bool {
	if g.fold {
		path = strings.ToLower(path)
	}
	return slices.ContainsFunc(g.globs, func(g glob) bool { return g.match(path) })
}

// HasMeta reports whether s has a wildcard of CompileGlob.
func HasMeta(s string) bool { return strings.ContainsAny(s, "*?[{") }
