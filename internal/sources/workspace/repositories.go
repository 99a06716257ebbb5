package workspace

import (
	"cmp"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"cleat/internal/fail"
	"cleat/internal/sorting"
	"cleat/internal/tree"
)

// stale is the age from which the list of repositories is made anew.
const stale = time.Minute

// A shelf is the repositories of a source, found at the first call that needs them.
type shelf struct {
	mu     sync.Mutex
	list   []*repository // by name
	when   time.Time     // it was made
	cut    bool          // there are more than the bounds allow
	closed bool
}

// several reports whether the source is meant to have several repositories.
func (s *Source) several() bool { return len(s.patterns) > 0 }

// repositories returns all repositories of the source, by name, and whether there are too
// many.
func (s *Source) repositories() (list []*repository, cut bool) {
	h := &s.shelf
	h.mu.Lock()
	defer h.mu.Unlock()
	now := s.host.Now()
	fresh := !h.when.IsZero() && !now.Before(h.when) && now.Sub(h.when) <= stale
	if h.closed || fresh || !s.several() && h.list != nil {
		return h.list, h.cut
	}
	h.list, h.cut = s.look(h.list)
	h.when = now
	return h.list, h.cut
}

// look makes the list of repositories, of which those that were in the old one go on.
func (s *Source) look(old []*repository) (list []*repository, cut bool) {
	known := make(map[string]*place)
	for _, u := range old {
		known[u.real] = u.place
	}
	var places []*place
	var dirs []string
	add := func(p *place) {
		places, dirs = append(places, p), append(dirs, p.dir)
	}
	own := 0
	if s.own != nil {
		own = 1
		add(s.own.place)
	}
	sights, cut := seek(s.patterns)
	if cut {
		s.host.Log.Warn("there are more folders or repositories than cleat looks at", "repositories", len(sights))
	}
	for _, at := range sights {
		switch p := known[at.real]; {
		case s.own != nil && at.real == s.own.real:
		case p != nil && p.bare == at.bare && same(p.info, at.info):
			delete(known, at.real)
			add(p)
		default:
			add(s.newPlace(at))
		}
	}
	for _, p := range known {
		if !p.own {
			s.drop(p)
		}
	}
	for i, name := range uniqueNames(dirs, own) {
		if i < own {
			list = append(list, s.own)
			continue
		}
		list = append(list, &repository{name: name, place: places[i]})
	}
	sorting.Sort(list, func(a, b *repository) int { return cmp.Compare(a.name, b.name) })
	return list, cut
}

func (s *Source) newPlace(at sight) *place {
	p := &place{dir: at.dir, real: at.real, info: at.info, bare: at.bare, host: s.host}
	if !at.bare {
		p.root = &folder{dir: at.dir, real: at.real, info: at.info, ignore: s.ignore, pool: &s.pool}
	}
	return p
}

// drop gives up a repository that is there no more. A call that is using its folder keeps
// it; its git process ends by itself.
func (s *Source) drop(p *place) {
	if p.root == nil {
		return
	}
	if _, err := p.root.closeIdle(); err != nil {
		s.host.Log.Warn("closing a folder", "err", err)
	}
}

// lookup returns the repository of that name; "" and "." are the source's own. It fails
// with fail.NotFound, naming the nearest.
func (s *Source) lookup(name string) (*repository, error) {
	if s.own != nil && (name == "" || name == "." || name == s.own.name) {
		return s.own, nil
	}
	list, cut := s.repositories()
	if s.own == nil && (name == "" || name == ".") {
		if len(list) == 1 {
			return list[0], nil
		}
		return nil, s.unknown(fail.Errorf(fail.NotFound, "this source has no repository of its own"), "", list, cut)
	}
	if i, ok := slices.BinarySearchFunc(list, name, func(u *repository, name string) int { return cmp.Compare(u.name, name) }); ok {
		return list[i], nil
	}
	return nil, s.unknown(fail.Errorf(fail.NotFound, "there is no repository %.80q here", name), name, list, cut)
}

// matching returns the repositories that a name or a glob stands for, by name; a glob
// without a slash is about the last part of names. "" is the source's own, or all where it
// has none. It fails with fail.NotFound if there are none.
func (s *Source) matching(pattern string) ([]*repository, error) {
	if pattern == "" && s.own == nil {
		if list, _ := s.repositories(); len(list) > 0 {
			return list, nil
		}
		return nil, fail.Errorf(fail.NotFound, "this source has no repositories").
			Because("its globs lead to none").Then("tell the user to look at repos in the configuration of this source")
	}
	u, err := s.lookup(pattern)
	if err == nil {
		return []*repository{u}, nil
	}
	if !tree.HasMeta(pattern) {
		return nil, err
	}
	glob, gerr := tree.CompileGlob(pattern, false)
	if gerr != nil {
		f := fail.From(gerr)
		return nil, fail.Errorf(fail.Invalid, "the glob %.80q for repo is not one", pattern).Because("%s", f.What).Then("%s", cmp.Or(f.Next, "use a shorter one"))
	}
	list, cut := s.repositories()
	var out []*repository
	for _, u := range list {
		if glob.Match(u.name) {
			out = append(out, u)
		}
	}
	if len(out) == 0 {
		return nil, s.unknown(fail.Errorf(fail.NotFound, "no repository matches %.80q", pattern), pattern, list, cut)
	}
	return out, nil
}

// unknown adds to e which repositories there are.
func (s *Source) unknown(e *fail.Error, name string, list []*repository, cut bool) error {
	if len(list) == 0 {
		return e.Because("the globs of this source lead to no repository").
			Then("tell the user to look at repos in the configuration of this source")
	}
	if !s.several() {
		if s.own.name == "." {
			return e.Then("use .")
		}
		return e.Then("use . or %q", s.own.name)
	}
	names := make([]string, len(list))
	for i, u := range list {
		names[i] = u.name
	}
	count := fmt.Sprintf("there are %d repositories", len(list))
	switch {
	case cut:
		count = fmt.Sprintf("only the first %d repositories are served", len(list))
	case len(list) == 1:
		count = "there is 1 repository"
	}
	return e.Because("%s", count).Then("use %s", choose(nearest(name, names), names))
}

// nearest returns the names that name is probably meant to be: those of the same last
// part, or spelled like it.
func nearest(name string, names []string) []string {
	var near []string
	for _, n := range names {
		if name != "" && path.Base(n) == path.Base(name) {
			near = append(near, n)
		}
	}
	if len(near) == 0 {
		near = fail.Near(name, names)
	}
	return near[:min(len(near), 3)]
}

// choose writes the names that are to be shown: the nearest, or else a few.
func choose(near, all []string) string {
	more := ""
	if len(near) == 0 {
		near = all[:min(len(all), 5)]
		if len(all) > len(near) {
			more = ", or a glob"
		}
	}
	quoted := make([]string, len(near))
	for i, n := range near {
		quoted[i] = fmt.Sprintf("%q", n)
	}
	return strings.Join(quoted, " or ") + more
}

// closeAll closes what is open of all repositories.
func (s *Source) closeAll() error {
	s.shelf.mu.Lock()
	s.shelf.closed = true
	list := s.shelf.list
	s.shelf.mu.Unlock()
	var errs []error
	for _, u := range list {
		errs = append(errs, u.close())
	}
	return errors.Join(append(errs, s.pool.close())...)
}
