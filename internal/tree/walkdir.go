package tree

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"time"
)

// batch is how many files of a folder are one task: few enough to share the work of
// large folders, enough to make the queue cheap.
const batch = 16

// maxIgnoreFile is the size from which an ignore file is not read: no such file is
// written by people, and every rule is asked about every entry.
const maxIgnoreFile = 1 << 20

// read reads the folder n and queues what is in it.
func (k *worker) read(n *node) error {
	if k.beyond(n.join("")) || k.before(n.join("")) {
		return nil
	}
	d, err := k.pin(n)
	if err != nil {
		return k.lost(task{node: n}, err)
	}
	defer k.unpin(n)
	entries, err := d.list(k.buf)
	k.st.Folders++
	if err != nil {
		if lerr := k.lost(task{node: n}, err); lerr != nil {
			return lerr
		}
	}
	if n.parent == nil && len(entries) == 0 {
		k.mu.Lock()
		k.gone = true // an empty root: it may have been removed
		k.mu.Unlock()
	}
	if !k.o.NoIgnore {
		k.readIgnores(n, d, entries)
	}
	entries = k.choose(n, d, entries)
	if k.stop.Load() {
		k.gap(n.join("")) // choose may have been cut short
		return nil
	}
	slices.SortFunc(entries, compareEntries)

	var tasks []task
	var files []string
	flush := func() {
		for part := range slices.Chunk(files, batch) {
			tasks = append(tasks, task{n, part})
		}
		files = nil
	}
	for _, e := range entries {
		if e.kind == kindFile {
			files = append(files, e.name)
			continue
		}
		flush()
		c := &node{parent: n, name: e.name, path: n.join(e.name), depth: n.depth + 1, ign: n.ign, refs: 1}
		c.all = n.all || k.filt.includes(c.path)
		tasks = append(tasks, task{node: c})
	}
	flush()
	n.mu.Lock()
	n.refs += len(tasks)
	n.mu.Unlock()
	k.push(tasks)
	return nil
}

// compareEntries orders entries so that a walk in depth visits paths in the order of
// their bytes: a folder sorts as if its name ended in a slash.
func compareEntries(a, b dirent) int {
	n := min(len(a.name), len(b.name))
	if c := strings.Compare(a.name[:n], b.name[:n]); c != 0 {
		return c
	}
	end := func(e dirent) int {
		switch {
		case len(e.name) > n:
			return int(e.name[n])
		case e.kind == kindDir:
			return '/'
		}
		return -1
	}
	return end(a) - end(b)
}

// choose returns the files and folders of entries that the walk is about.
func (k *worker) choose(n *node, d dir, entries []dirent) []dirent {
	out := entries[:0]
	for i, e := range entries {
		if i%16 == 0 && k.stop.Load() {
			return nil
		}
		if e.kind == kindUnknown {
			var err error
			if e.kind, err = d.kind(e.name); err != nil {
				continue
			}
		}
		if isGit(e.name) {
			continue
		}
		if e.kind == kindLink || e.kind == kindOther {
			k.st.Special++
			continue
		}
		path := n.join(e.name)
		isDir := e.kind == kindDir
		if len(k.named) > 0 && k.named[path] {
			continue
		}
		if !k.o.NoIgnore && n.ign.ignores(k.root.user, path, e.name, isDir) {
			k.st.Ignored++
			continue
		}
		if k.filt.excludes(path) {
			continue
		}
		if isDir {
			if n.depth+1 > k.o.MaxDepth {
				k.st.Deep++
				continue
			}
			if k.o.Deny != nil && k.o.Deny(path) {
				k.st.Denied++
				continue
			}
		} else if !n.all && !k.filt.includes(path) {
			continue
		}
		out = append(out, e)
	}
	return out
}

func isGit(name string) bool { return len(name) == 4 && strings.EqualFold(name, ".git") }

// readIgnores reads the ignore files of n, once.
func (k *worker) readIgnores(n *node, d dir, entries []dirent) {
	if n.judged {
		return
	}
	n.judged = true
	var dot, git, info *ignoreList
	repo := false
	for _, e := range entries {
		switch e.name {
		case ".ignore":
			dot = k.ignoreFile(d, e.name)
		case ".gitignore":
			git = k.ignoreFile(d, e.name)
		case ".git":
			repo = true
			info = k.exclude(d)
		}
	}
	n.ign = n.ign.enter(n.join(""), dot, git, repo, info)
}

// exclude reads .git/info/exclude where .git is a folder. Where it is a file that
// points elsewhere, as in a linked worktree, it is not followed.
func (k *worker) exclude(d dir) *ignoreList {
	for _, name := range []string{".git", "info"} {
		next, err := k.retryDir(func() (dir, error) { return d.openDir(name) })
		if err != nil {
			return nil
		}
		defer next.close()
		d = next
	}
	return k.ignoreFile(d, "exclude")
}

// ignoreFile reads one ignore file; what cannot be read ignores nothing.
func (k *worker) ignoreFile(d dir, name string) *ignoreList {
	e := Entry{name: name, dir: d, w: k.walker}
	b, err := e.Read(nil, maxIgnoreFile)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			k.st.Unreadable++
		}
		return nil
	}
	return parseIgnore(b)
}

// retry calls open again while the process has no descriptor left, for up to two
// seconds, giving back first what this walk can spare.
func (w *walker) retry(open func() error) error {
	wait := time.Millisecond
	for deadline := time.Now().Add(2 * time.Second); ; wait = min(2*wait, 50*time.Millisecond) {
		err := open()
		if err == nil || !isScarce(err) || time.Now().After(deadline) {
			return err
		}
		for w.evict() {
		}
		t := time.NewTimer(wait)
		select {
		case <-t.C:
		case <-w.ctx.Done():
			t.Stop()
			return err
		}
	}
}

func (w *walker) retryDir(open func() (dir, error)) (d dir, err error) {
	err = w.retry(func() error {
		d, err = open()
		return err
	})
	return d, err
}
