package tree

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"cleat/internal/fail"
)

// A start is where a walk begins.
type start struct {
	path string // "." for the root
	kind kind   // kindFile or kindDir
	all  bool   // named itself, not by a glob
}

// start opens the root and queues where the walk begins.
func (w *walker) start() error {
	d, err := w.root.handle()
	if err != nil {
		return err
	}
	w.top = &node{dir: d, open: true, pins: 1, refs: 1}
	w.open = []*node{w.top}
	starts, err := w.starts()
	if err != nil {
		return err
	}
	w.named = make(map[string]bool, len(starts))
	for _, s := range starts {
		w.named[s.path] = true
	}
	k := &worker{walker: w, st: &w.stats, buf: make([]byte, 32<<10)}
	nodes := map[string]*node{".": w.top}
	for _, s := range starts {
		if w.closed(s.path, k) {
			continue
		}
		folder := s.path
		if s.kind == kindFile {
			folder = path.Dir(s.path)
		}
		n, err := k.chain(nodes, folder)
		if err != nil {
			return err
		}
		n.refs++
		t := task{node: n}
		if s.kind == kindFile {
			t.files = []string{path.Base(s.path)}
		} else {
			n.all = n.all || s.all
		}
		w.stack = append(w.stack, t)
	}
	slices.Reverse(w.stack) // the last is next
	return nil
}

// closed reports whether a start is excluded or closed, itself or by a folder above it.
func (w *walker) closed(p string, k *worker) bool {
	for i := range len(p) + 1 {
		if i < len(p) && p[i] != '/' {
			continue
		}
		if w.filt.excludes(p[:i]) {
			return true
		}
		// A file is asked about when it is visited.
		if w.o.Deny != nil && p != "." && w.o.Deny(p[:i]) {
			k.st.Denied++
			return true
		}
	}
	return false
}

// chain returns the node of folder, with the nodes and ignore files of all above it.
func (k *worker) chain(nodes map[string]*node, folder string) (*node, error) {
	if n, ok := nodes[folder]; ok {
		return n, nil
	}
	up, err := k.chain(nodes, path.Dir(folder))
	if err != nil {
		return nil, err
	}
	if !k.o.NoIgnore && !up.judged {
		d, err := k.pin(up)
		if err != nil {
			return nil, openError(folder, err)
		}
		var there []dirent
		for _, name := range []string{".ignore", ".gitignore", ".git"} {
			if _, err := d.kind(name); err == nil {
				there = append(there, dirent{name: name})
			}
		}
		k.readIgnores(up, d, there)
		k.unpin(up)
	}
	up.refs++
	n := &node{parent: up, name: path.Base(folder), path: folder, depth: up.depth + 1, ign: up.ign}
	nodes[folder] = n
	return n, nil
}

// starts reads o.Paths into the filter and the places to begin at, the first of which
// comes first in order.
func (w *walker) starts() ([]start, error) {
	if len(w.o.Paths) > maxPatterns {
		return nil, fail.Errorf(fail.Invalid, "%d paths, the limit is %d", len(w.o.Paths), maxPatterns)
	}
	w.filt.fold = w.o.IgnoreCase
	found := make(map[string]start)
	add := func(s start) {
		if old, ok := found[s.path]; ok {
			s.all = s.all || old.all
		}
		found[s.path] = s
	}
	positive := false
	for _, p := range w.o.Paths {
		if not, ok := strings.CutPrefix(p, "!"); ok {
			if err := w.exclude(not); err != nil {
				return nil, err
			}
			continue
		}
		positive = true
		s, err := w.startAt(p)
		if err != nil {
			return nil, err
		}
		add(s)
	}
	if !positive {
		w.filt.all = true
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
	slices.SortFunc(out, func(a, b start) int { return strings.Compare(key(a), key(b)) })
	return out
}

// anchor returns the pattern p relative to the root, with a leading slash if it is
// bound to it, or fails with fail.Denied if it leaves the root.
func (w *walker) anchor(p string) (string, error) {
	for _, base := range []string{w.root.path, w.root.real} {
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

func (w *walker) exclude(p string) error {
	p, err := w.anchor(p)
	if err != nil {
		return err
	}
	if strings.Trim(p, "/") == "" {
		return fail.Errorf(fail.Invalid, `an exclusion without a pattern: "!"`)
	}
	globs, err := w.expand(p)
	w.filt.exclude = append(w.filt.exclude, globs...)
	return err
}

func (w *walker) expand(p string) ([]glob, error) {
	if w.filt.fold {
		p = strings.ToLower(p)
	}
	return expandGlob(p)
}

// startAt says what p names: a file or folder that exists, or else a glob.
func (w *walker) startAt(p string) (start, error) {
	rel, err := w.root.Rel(p)
	if err != nil {
		return start{}, err
	}
	s, err := w.lookup(rel)
	if err == nil || !errors.Is(err, fs.ErrNotExist) && !hasMeta(p) {
		return s, err
	}
	if !hasMeta(p) {
		return start{}, fail.Errorf(fail.NotFound, "no file or folder %q", rel).
			Then("paths are relative to the root folder; to look in all folders write %q", "**/"+path.Base(rel))
	}
	if p, err = w.anchor(p); err != nil {
		return start{}, err
	}
	globs, err := w.expand(p)
	if err != nil {
		return start{}, err
	}
	w.filt.include = append(w.filt.include, globs...)
	from := prefix(p)
	if from == "." || w.filt.fold {
		return start{".", kindDir, false}, nil
	}
	s, err = w.lookup(from)
	if errors.Is(err, fs.ErrNotExist) {
		return start{}, fail.Errorf(fail.NotFound, "no folder %q", from)
	}
	if err == nil && s.path != from {
		// The folder was reached through a link: the glob is about its real place.
		return start{}, fail.Errorf(fail.Invalid, "the glob %q leads through a link", p).
			Then("name the real folder, %q", s.path)
	}
	s.all = false
	return s, err
}

// lookup finds the file or folder rel. The error is fs.ErrNotExist if there is none.
func (w *walker) lookup(rel string) (start, error) {
	d, err := w.top.dir.dup()
	if err != nil {
		return start{}, openError(rel, err)
	}
	at, err := w.root.resolve(d, rel)
	if err != nil {
		var e *fail.Error
		if errors.As(err, &e) && e.Code == fail.NotFound {
			return start{}, fs.ErrNotExist
		}
		return start{}, err
	}
	defer at.dir.close()
	if at.name == "" {
		return start{".", kindDir, true}, nil
	}
	for seg := range strings.SplitSeq(at.path, "/") {
		if isGit(seg) {
			return start{}, fail.Errorf(fail.Denied, "git's own folder is not searched").
				Then("search the work tree, or ask for history")
		}
	}
	k, err := at.dir.kind(at.name)
	switch {
	case errors.Is(err, fs.ErrNotExist), err != nil && hasMeta(rel):
		return start{}, fs.ErrNotExist
	case err != nil:
		return start{}, openError(rel, err)
	case k == kindDir, k == kindFile:
		return start{at.path, k, true}, nil
	}
	return start{}, openError(rel, errSpecial)
}
