package tree

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"cleat/internal/fail"
	"cleat/internal/sorting"
)

// A start is where a walk begins.
type start struct {
	path string // "." for the root
	kind kind   // kindFile or kindDir
	all  bool   // named itself, not by a glob
}

// A chooser reads WalkOptions.Paths, whether the files are on disk or only listed.
type chooser struct {
	base   []string                        // absolute paths of the root
	filt   *filter                         // what is included and excluded
	lookup func(rel string) (start, error) // what is there; fs.ErrNotExist if nothing is
	near   func(rel string) []string       // what was probably meant; may be nil
}

// starts reads o.Paths into the filter and the places to begin at, the first of which
// comes first in order.
func (c *chooser) starts(o WalkOptions) ([]start, error) {
	if len(o.Paths) > maxPatterns {
		return nil, fail.Errorf(fail.Invalid, "%d paths, the limit is %d", len(o.Paths), maxPatterns)
	}
	c.filt.fold = o.IgnoreCase
	found := make(map[string]start)
	add := func(s start) {
		if old, ok := found[s.path]; ok {
			s.all = s.all || old.all
		}
		found[s.path] = s
	}
	positive := false
	for _, p := range o.Paths {
		if not, ok := strings.CutPrefix(p, "!"); ok {
			if err := c.exclude(not); err != nil {
				return nil, err
			}
			continue
		}
		positive = true
		s, err := c.startAt(p)
		if err != nil {
			return nil, err
		}
		add(s)
	}
	if !positive {
		c.filt.all = true
		add(start{".", kindDir, true})
	}
	return order(found), nil
}

// order sorts the starts, and lets what lies in a named folder be all visited.
func order(found map[string]start) []start {
	var out []start
	for p, s := range found {
		for up := p; !s.all && up != "."; {
			up = path.Dir(up)
			s.all = found[up].all
		}
		out = append(out, s)
	}
	key := func(s start) string {
		switch {
		case s.path == ".":
			return ""
		case s.kind == kindDir:
			return s.path + "/"
		}
		return s.path
	}
	sorting.Sort(out, func(a, b start) int { return strings.Compare(key(a), key(b)) })
	return out
}

// anchor returns the pattern p relative to the root, with a leading slash if it is
// bound to it, or fails with fail.Denied if it leaves the root.
func (c *chooser) anchor(p string) (string, error) {
	for _, base := range c.base {
		if in, ok := under(base, p); ok {
			return "/" + in, nil
		}
	}
	if foreign(p) {
		return "", outside(p)
	}
	bound := false
	for rest, ok := strings.CutPrefix(p, "./"); ok; rest, ok = strings.CutPrefix(p, "./") {
		p, bound = rest, true
	}
	for seg := range strings.SplitSeq(p, "/") {
		if seg == ".." {
			return "", outside(p)
		}
	}
	if bound {
		p = "/" + p
	}
	return p, nil
}

func (c *chooser) exclude(p string) error {
	p, err := c.anchor(p)
	if err != nil {
		return err
	}
	if strings.Trim(p, "/") == "" {
		return fail.Errorf(fail.Invalid, `an exclusion without a pattern: "!"`)
	}
	globs, err := c.expand(p)
	c.filt.exclude = append(c.filt.exclude, globs...)
	return err
}

func (c *chooser) expand(p string) ([]glob, error) {
	if c.filt.fold {
		p = strings.ToLower(p)
	}
	return expandGlob(p)
}

// startAt says what p names: a file or folder that exists, or else a glob.
func (c *chooser) startAt(p string) (start, error) {
	rel, err := Rel(p, c.base...)
	if err != nil {
		return start{}, err
	}
	s, err := c.lookup(rel)
	if err == nil || !errors.Is(err, fs.ErrNotExist) && !hasMeta(p) {
		return s, err
	}
	if !hasMeta(p) {
		return start{}, c.absent("file or folder", rel).
			Then("paths are relative to the root folder; to look in all folders write %q", "**/"+path.Base(rel))
	}
	if p, err = c.anchor(p); err != nil {
		return start{}, err
	}
	globs, err := c.expand(p)
	if err != nil {
		return start{}, err
	}
	c.filt.include = append(c.filt.include, globs...)
	from := prefix(p)
	if from == "." || c.filt.fold {
		return start{".", kindDir, false}, nil
	}
	s, err = c.lookup(from)
	if errors.Is(err, fs.ErrNotExist) {
		return start{}, c.absent("folder", from)
	}
	if err == nil && s.path != from {
		// The folder was reached through a link: the glob is about its real place.
		return start{}, fail.Errorf(fail.Invalid, "the glob %q leads through a link", p).
			Then("name the real folder, %q", s.path)
	}
	s.all = false
	return s, err
}

// absent says that nothing is called rel, and what is.
func (c *chooser) absent(what, rel string) *fail.Error {
	e := fail.Errorf(fail.NotFound, "no %s %q", what, rel)
	if c.near == nil {
		return e
	}
	var quoted []string
	for _, n := range c.near(rel) {
		quoted = append(quoted, fmt.Sprintf("%q", n))
	}
	if len(quoted) == 0 {
		return e
	}
	return e.Because("the nearest are %s", strings.Join(quoted, ", "))
}

// gitFolder is the answer to a path that leads into git's own folder.
func gitFolder() error {
	return fail.Errorf(fail.Denied, "git's own folder is not searched").
		Then("search the work tree, or ask for history")
}
