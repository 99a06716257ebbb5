package tree

import (
	"slices"
	"sync"
)

// A node is a folder that a walk has come to. Its handle may be closed when too many
// are open, and is opened again, step by step from the root, when it is needed.
type node struct {
	parent *node // nil for the root
	name   string
	path   string // "" for the root
	depth  int
	all    bool // it lies in an included folder
	judged bool // ign has the ignore files of the folder itself
	ign    *ignoreSet

	mu   sync.Mutex // held while opening; locks go from a folder to its parent
	dir  dir
	open bool
	pins int // uses of dir under way
	refs int // tasks and folders that will still need it
}

// join returns the path of name in n. An empty name gives the folder with a slash.
func (n *node) join(name string) string {
	if n.path == "" {
		return name
	}
	return n.path + "/" + name
}

// pin returns an open handle of n, which stays open until unpin.
func (w *walker) pin(n *node) (dir, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.open {
		up, err := w.pin(n.parent)
		if err != nil {
			return dir{}, err
		}
		w.room()
		n.dir, err = w.retryDir(func() (dir, error) { return up.openDir(n.name) })
		w.unpin(n.parent)
		if err != nil {
			return dir{}, err
		}
		n.open = true
		w.opened(n)
	}
	n.pins++
	return n.dir, nil
}

func (w *walker) unpin(n *node) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.pins--
	w.closeUnused(n)
}

// drop ends one need of n, and with the last the need of the folder above it.
func (w *walker) drop(n *node) {
	for ; n != nil; n = n.parent {
		n.mu.Lock()
		n.refs--
		last := n.refs == 0
		w.closeUnused(n)
		n.mu.Unlock()
		if !last {
			return
		}
	}
}

// closeUnused closes n if nobody will need it again. The caller holds n.mu.
func (w *walker) closeUnused(n *node) {
	if n.open && n.pins == 0 && n.refs == 0 {
		w.shut(n)
	}
}

// shut closes n. The caller holds n.mu.
func (w *walker) shut(n *node) {
	n.open = false
	n.dir.close()
	w.omu.Lock()
	defer w.omu.Unlock()
	if i := slices.Index(w.open, n); i >= 0 {
		w.open = slices.Delete(w.open, i, i+1)
	}
}

func (w *walker) opened(n *node) {
	w.omu.Lock()
	defer w.omu.Unlock()
	w.open = append(w.open, n)
}

// room makes room for one more open folder, if any can be spared.
func (w *walker) room() {
	w.omu.Lock()
	full := int64(len(w.open)) >= w.keep
	w.omu.Unlock()
	if full {
		w.evict()
	}
}

// evict closes the folder that was opened first among those not in use: the walk goes
// into the depth, so it is needed last. It reports whether there was one.
func (w *walker) evict() bool {
	w.omu.Lock()
	defer w.omu.Unlock()
	for i, n := range w.open {
		if n == w.top || !n.mu.TryLock() {
			continue
		}
		idle := n.open && n.pins == 0
		if idle {
			n.open = false
			n.dir.close()
			w.open = slices.Delete(w.open, i, i+1)
		}
		n.mu.Unlock()
		if idle {
			return true
		}
	}
	return false
}

// closeAll closes what a walk that was ended early still holds.
func (w *walker) closeAll() {
	w.omu.Lock()
	defer w.omu.Unlock()
	for _, n := range w.open {
		n.dir.close()
		n.open = false
	}
	w.open = nil
}
