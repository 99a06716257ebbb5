package lookup

import (
	"cmp"
	"slices"

	"cleat/internal/tree"
)

// A site is a file in which a name is used.
type site struct {
	path, lang string
	class      tree.Class
	near       bool  // it stands where the name is defined
	unsure     bool  // its uses may be of something else
	count      int   // lines that use the name
	wanted     int   // of them, those that may be shown
	lines      []int // their numbers, where types told them
	from, to   int   // which of the wanted ones this page shows
}

// bySite orders sites as they are shown.
func bySite(a, b site) int {
	first := func(yes bool) int {
		if yes {
			return 0
		}
		return 1
	}
	return cmp.Or(cmp.Compare(first(b.unsure), first(a.unsure)), cmp.Compare(a.class, b.class),
		cmp.Compare(first(a.near), first(b.near)), byPath(a.path, b.path))
}

// A sites is a list of sites. A nil one is empty.
type sites struct{ list []site }

func (s *sites) total() int {
	n := 0
	if s != nil {
		for _, f := range s.list {
			n += f.wanted
		}
	}
	return n
}

// beyond adds the paths from gap on to paths.
func (s *sites) beyond(gap string, paths map[string]bool) {
	if s == nil {
		return
	}
	for _, f := range s.list {
		if f.path >= gap {
			paths[f.path] = true
		}
	}
}

// cut drops the sites from gap on.
func (s *sites) cut(gap string) {
	if s != nil {
		s.list = slices.DeleteFunc(s.list, func(f site) bool { return f.path >= gap })
	}
}

// take leaves n of the wanted lines after the first skip ones, and no site without any.
func (s *sites) take(skip, n int) {
	if s == nil {
		return
	}
	var kept []site
	for _, f := range s.list {
		if n <= 0 {
			break
		}
		f.from = min(skip, f.wanted)
		skip -= f.from
		f.to = min(f.wanted, f.from+n)
		f.wanted = f.to - f.from
		n -= f.wanted
		if f.wanted > 0 {
			kept = append(kept, f)
		}
	}
	s.list = kept
}
