package tree

import (
	"context"
	"io/fs"
	"path"
	"sort"
	"strings"
)

// A List is a known list of files that are not on disk, such as those of a commit. The
// paths are clean, slash-separated, each there once, and in the order of their bytes.
type List struct {
	Base string // absolute path of the folder they are relative to; "" if there is none
	Len  int
	At   func(i int) (path string, regular bool) // links and the like are not regular
}

// Select returns the numbers of the regular files of l that a walk with these options
// visits, in order, and what such a walk counts. It follows o.Paths, IgnoreCase, From,
// Deny and MaxDepth as Root.Walk does, and fails as that does: with fail.Invalid,
// fail.Denied, fail.Unsupported for a named link, and fail.NotFound, which says what is
// nearest. No ignore file counts: what is listed is there. Files and folders that are
// called .git are left out. When ctx ends, Select returns the cause.
func Select(ctx context.Context, o WalkOptions, l List) ([]int, WalkStats, error) {
	s := selection{o: o, list: l}
	if s.o.MaxDepth <= 0 {
		s.o.MaxDepth = defaultDepth
	}
	c := chooser{filt: &s.filt, lookup: l.lookup, near: func(rel string) []string { return l.near(rel, o.Deny) }}
	if l.Base != "" {
		c.base = []string{l.Base}
	}
	starts, err := c.starts(o)
	if err != nil {
		return nil, s.stats, err
	}
	s.named, s.way = make(map[string]bool), make(map[string]bool)
	for _, at := range starts {
		if at.all {
			s.named[at.path] = true
		}
		for up := at.path; up != "."; up = path.Dir(up) {
			s.way[up] = true
		}
	}
	next := 0
	for _, at := range starts {
		from, to := l.span(at)
		for i := max(from, next); i < to; i++ {
			if i%1024 == 0 && ctx.Err() != nil {
				return nil, s.stats, context.Cause(ctx)
			}
			s.visit(i)
		}
		next = max(next, to)
	}
	return s.chosen, s.stats, nil
}

// A selection is one Select under way.
type selection struct {
	o      WalkOptions
	list   List
	filt   filter
	named  map[string]bool // starts that were named themselves
	way    map[string]bool // the starts and the folders they lie in, which are never too deep
	folder []folder        // those that the last file lies in
	chosen []int
	stats  WalkStats
}

// A folder is one that a file of a list lies in.
type folder struct {
	prefix string // its path with a slash
	all    bool   // it is included as a whole
	closed bool   // nothing in it is visited
}

// visit decides about the file i.
func (s *selection) visit(i int) {
	path, regular := s.list.At(i)
	if path < s.o.From {
		return
	}
	in := s.enter(path)
	switch {
	case in.closed, isGit(path[len(in.prefix):]):
	case !regular:
		s.stats.Special++
	case s.filt.excludes(path), !in.all && !s.named[path] && !s.filt.includes(path):
	case s.o.Deny != nil && s.o.Deny(path):
		s.stats.Denied++
	default:
		s.chosen = append(s.chosen, i)
	}
}

// enter returns the folder that the file lies in.
func (s *selection) enter(path string) folder {
	for n := len(s.folder); n > 0 && !strings.HasPrefix(path, s.folder[n-1].prefix); n-- {
		s.folder = s.folder[:n-1]
	}
	in := folder{all: s.filt.all || s.named["."]}
	if n := len(s.folder); n > 0 {
		in = s.folder[n-1]
	}
	for !in.closed {
		slash := strings.IndexByte(path[len(in.prefix):], '/')
		if slash < 0 {
			break
		}
		in = s.open(in, path[:len(in.prefix)+slash+1])
		s.folder = append(s.folder, in)
	}
	return in
}

// open decides about the folder that prefix names, which lies in up.
func (s *selection) open(up folder, prefix string) folder {
	path := prefix[:len(prefix)-1]
	f := folder{prefix: prefix, closed: true}
	switch {
	case isGit(path[len(up.prefix):]), s.filt.excludes(path):
	case len(s.folder)+1 > s.o.MaxDepth && !s.way[path]:
		s.stats.Deep++
	case s.o.Deny != nil && s.o.Deny(path):
		s.stats.Denied++
	default:
		s.stats.Folders++
		f.closed = false
		f.all = up.all || s.named[path] || s.filt.includes(path)
	}
	return f
}

// path returns the path of the file i.
func (l List) path(i int) string {
	p, _ := l.At(i)
	return p
}

// after returns the number of the first file that does not sort before path.
func (l List) after(path string) int {
	return sort.Search(l.Len, func(i int) bool { return l.path(i) >= path })
}

// span returns the numbers of the files that a start is about.
func (l List) span(at start) (from, to int) {
	if at.path == "." {
		return 0, l.Len
	}
	if at.kind == kindFile {
		from = l.after(at.path)
		return from, from + 1
	}
	return l.after(at.path + "/"), l.after(at.path + "0") // "0" follows "/"
}

// lookup finds the file or folder rel, as walker.lookup does on disk.
func (l List) lookup(rel string) (start, error) {
	if rel == "." {
		return start{".", kindDir, true}, nil
	}
	for seg := range strings.SplitSeq(rel, "/") {
		if isGit(seg) && !hasMeta(rel) {
			return start{}, gitFolder()
		}
	}
	if i := l.after(rel); i < l.Len {
		if path, regular := l.At(i); path == rel {
			if !regular {
				return start{}, openError(rel, errSpecial)
			}
			return start{rel, kindFile, true}, nil
		}
	}
	if from, to := l.span(start{path: rel, kind: kindDir}); from < to {
		return start{rel, kindDir, true}, nil
	}
	return start{}, fs.ErrNotExist
}

// IsBinary reports whether a file that begins with head is not text, as Text does: for
// implementations of Content.
func IsBinary(head []byte) bool { return isBinary(head) }
