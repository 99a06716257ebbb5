package tree

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"cleat/internal/fail"
)

// start opens the root and queues where the walk begins.
func (w *walker) start() error {
	d, err := w.root.handle()
	if err != nil {
		return err
	}
	w.top = &node{dir: d, open: true, pins: 1, refs: 1}
	w.open = []*node{w.top}
	c := chooser{base: w.root.bases(), filt: &w.filt, lookup: w.lookup}
	starts, err := c.starts(w.o)
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
			return start{}, gitFolder()
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
