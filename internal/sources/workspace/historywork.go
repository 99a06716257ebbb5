package workspace

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"

	"cleat/internal/diff"
	"cleat/internal/fail"
	"cleat/internal/git"
	"cleat/internal/sorting"
	"cleat/internal/systems/code"
	"cleat/internal/text"
	"cleat/internal/tree"
)

// workChanges lists what differs between a commit and the work tree. Git has no part in
// reading the work tree: its filters and hooks would be the repository's. What is ignored
// counts only if it is committed; whether a file is executable does not count.
func (p *past) workChanges(ctx context.Context, from git.Hash, out *code.Diff) ([]changed, error) {
	w := &work{past: p, files: map[string]git.TreeFile{}, denied: map[string]bool{}}
	if err := w.committed(ctx, from); err != nil {
		return nil, err
	}
	if err := w.walk(ctx); err != nil {
		return nil, err
	}
	out.Denied = len(w.denied)
	if err := w.unseen(); err != nil {
		return nil, err
	}
	if err := w.renames(ctx); err != nil {
		return nil, err
	}
	if w.special > 0 {
		out.To += fmt.Sprintf(" (links and submodules not compared: %d)", w.special)
	}
	if w.large > 0 {
		out.Partial = fmt.Sprintf("%s of more than %d MB and the same size not compared", text.Count(w.large, "file"), treeCounts/1_000_000)
	}
	sortChanges(w.list)
	if len(w.list) > diffFiles {
		out.Partial = fmt.Sprintf("there are more than %d files", diffFiles)
		w.list = w.list[:diffFiles]
	}
	return w.list, nil
}

// A work is a work tree that is being compared with a commit.
type work struct {
	*past
	files   map[string]git.TreeFile // those of the commit, by their path from the place
	subs    []string                // submodules, with a slash
	seen    map[string]bool         // those that the walk came to
	list    []changed
	denied  map[string]bool // what policy closes; of a folder with committed files, those
	special int
	large   int
}

// committed lists the files of the commit.
func (w *work) committed(ctx context.Context, from git.Hash) error {
	add := func(f git.TreeFile) error {
		name, ok := w.open(f.Path)
		switch {
		case !ok:
			w.denied[name] = true
		case f.Kind == git.Submodule:
			w.subs = append(w.subs, name+"/")
			w.special++
		case f.Kind == git.Symlink:
			w.special++
		default:
			f.Path = name
			w.files[name] = f
		}
		return nil
	}
	kind, err := w.kindAt(ctx, from)
	switch {
	case err != nil || kind == "":
		return err
	case kind == git.Dir:
		return w.repo.Files(ctx, from, w.inGit, add)
	}
	dir := path.Dir(w.inGit)
	if dir == "." {
		dir = ""
	}
	entries, err := w.repo.Tree(ctx, from, dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Name == path.Base(w.inGit) {
			return add(git.TreeFile{Path: w.inGit, Kind: e.Kind, Hash: e.Hash, Size: -1})
		}
	}
	return nil
}

// walk compares the files that are on disk.
func (w *work) walk(ctx context.Context) error {
	var mu sync.Mutex
	var closed []string // in the order of chance
	o := tree.WalkOptions{Deny: func(p string) bool {
		if !w.closed(p) {
			return false
		}
		mu.Lock()
		defer mu.Unlock()
		closed = append(closed, p)
		return true
	}}
	if w.path != "" {
		if tree.HasMeta(w.path) { // a file may be called so, but what is not there is no glob
			f, err := w.u.root.Open(w.path)
			if fail.From(err).Code == fail.NotFound {
				return nil
			} else if err == nil {
				if err := f.Close(); err != nil {
					return fmt.Errorf("closing %s: %w", w.path, err)
				}
			}
		}
		o.Paths = []string{w.path}
		if w.path[0] == '!' {
			o.Paths = []string{"./" + w.path}
		}
	}
	type part struct {
		seen  []string
		list  []changed
		large int
		buf   []byte
	}
	parts := make([]part, o.NumWorkers())
	_, err := w.u.root.Walk(ctx, o, func(id int, e *tree.Entry) error {
		k := &parts[id]
		if slices.ContainsFunc(w.subs, func(s string) bool { return strings.HasPrefix(e.Path, s) }) {
			return nil
		}
		f, tracked := w.files[e.Path]
		if !tracked {
			k.list = append(k.list, changed{git.Change{Status: git.Added, Path: e.Path, Kind: git.File, Added: -1, Deleted: -1}, true})
			return nil
		}
		k.seen = append(k.seen, e.Path)
		differs, large, err := w.differs(f, e, &k.buf)
		if large {
			k.large++
		}
		if differs {
			k.list = append(k.list, modified(f))
		}
		return err
	})
	if err != nil && fail.From(err).Code != fail.NotFound {
		return err
	}
	holds := map[string]bool{} // folders of closed files that are committed
	for p := range w.denied {
		for dir := path.Dir(p); dir != "." && !holds[dir]; dir = path.Dir(dir) {
			holds[dir] = true
		}
	}
	for _, p := range closed {
		if !holds[p] {
			w.denied[p] = true
		}
	}
	w.seen = make(map[string]bool, len(w.files))
	for _, k := range parts {
		for _, name := range k.seen {
			w.seen[name] = true
		}
		w.list = append(w.list, k.list...)
		w.large += k.large
	}
	return nil
}

func modified(f git.TreeFile) changed {
	return changed{git.Change{Status: git.Modified, Path: f.Path, Kind: f.Kind, OldKind: f.Kind, OldHash: f.Hash, Added: -1, Deleted: -1}, true}
}

// differs reports whether a file that a walk has come to is not as in the commit.
func (w *work) differs(f git.TreeFile, e *tree.Entry, buf *[]byte) (differs, large bool, err error) {
	data, err := e.Read(*buf, treeCounts)
	if err == nil {
		*buf = data
		return w.repo.HashBlob(unix(data)) != f.Hash, false, nil
	}
	size, _, statErr := e.Stat()
	if statErr != nil {
		return false, false, nil // it went away just now; the next call says so
	}
	if f.Size >= 0 && size != f.Size {
		return true, false, nil
	}
	if errors.Is(err, tree.ErrTooLarge) || size > treeCounts {
		return false, true, nil
	}
	return w.compare(f)
}

// compare is differs for a file that no walk has come to, or that is not text.
func (w *work) compare(f git.TreeFile) (differs, large bool, err error) {
	data, err := w.onDisk(f.Path)
	if errors.Is(err, diff.ErrTooLarge) {
		return false, true, nil
	} else if err != nil {
		return false, false, err
	}
	return w.repo.HashBlob(unix(data)) != f.Hash, false, nil
}

// unix is data as git commits it on Windows, where work trees have other line ends as a rule.
func unix(data []byte) []byte {
	if runtime.GOOS != "windows" || !bytes.Contains(data, []byte("\r\n")) {
		return data
	}
	return bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
}

// unseen tells what became of committed files that no walk has come to: they are gone, or
// ignored, or no files any more.
func (w *work) unseen() error {
	for name, f := range w.files {
		if w.seen[name] {
			continue
		}
		file, err := w.u.root.Open(name)
		if err == nil {
			real := file.Path()
			if err := file.Close(); err != nil {
				return fmt.Errorf("closing %s: %w", name, err)
			}
			if real != name { // by way of a link
				w.special++
				continue
			}
			differs, large, err := w.compare(f)
			if err != nil {
				return err
			}
			if large {
				w.large++
			}
			if differs {
				w.list = append(w.list, modified(f))
			}
			continue
		}
		switch fail.From(err).Code {
		case fail.NotFound, fail.Invalid: // there is nothing, or a folder
			w.list = append(w.list, changed{git.Change{Status: git.Deleted, Path: name, OldKind: f.Kind, OldHash: f.Hash, Added: -1, Deleted: -1}, true})
		case fail.Denied, fail.Unsupported: // a link out of the root, a device, or not readable
			w.special++
		default:
			return err
		}
	}
	return nil
}

// Bounds of looking for renames, in files and in pairs of them.
const (
	maxMoved = 1000
	maxPairs = 400
)

// renames joins what was deleted with what was added and has the same content, or at least
// half of it.
func (w *work) renames(ctx context.Context) error {
	var gone, come []int
	for i, c := range w.list {
		switch c.Status {
		case git.Deleted:
			gone = append(gone, i)
		case git.Added:
			come = append(come, i)
		}
	}
	if len(gone) == 0 || len(come) == 0 || len(gone) > maxMoved || len(come) > maxMoved {
		return nil
	}
	sortBy := func(a, b int) int { return strings.Compare(w.list[a].Path, w.list[b].Path) }
	sorting.Sort(gone, sortBy)
	sorting.Sort(come, sortBy)
	drop := map[int]bool{}
	join := func(g, c int) {
		from, to := w.list[g], &w.list[c]
		to.Status, to.Old, to.OldKind, to.OldHash = git.Renamed, from.Path, from.OldKind, from.OldHash
		drop[g] = true
	}
	texts := map[int][]byte{}
	size := 0
	for _, c := range come {
		if ctx.Err() != nil || size > diffCounts {
			texts = nil // without the other renames the list is right as well
			break
		}
		data, err := w.onDisk(w.list[c].Path)
		if err != nil || len(data) == 0 {
			continue // too large, or gone by now
		}
		size += len(data)
		hash := w.repo.HashBlob(unix(data))
		if i := slices.IndexFunc(gone, func(g int) bool { return !drop[g] && w.list[g].OldHash == hash }); i >= 0 {
			join(gone[i], c)
			continue
		}
		texts[c] = data
	}
	gone = slices.DeleteFunc(gone, func(g int) bool { return drop[g] })
	if n := len(gone) * len(texts); n > 0 && n <= maxPairs {
		if err := w.similar(ctx, gone, come, texts, join); err != nil {
			return err
		}
	}
	kept := w.list[:0]
	for i, c := range w.list {
		if !drop[i] {
			kept = append(kept, c)
		}
	}
	w.list = kept
	return nil
}

// similar joins the files that have most in common, from half of it on.
func (w *work) similar(ctx context.Context, gone, come []int, texts map[int][]byte, join func(g, c int)) error {
	ids := make([]git.Hash, len(gone))
	for i, g := range gone {
		ids[i] = w.list[g].OldHash
	}
	reader := w.repo.Reader()
	defer reader.Close()
	return reader.Blobs(ctx, ids, func(i int, old []byte) error {
		best, most := -1, 0
		for _, c := range come {
			data, ok := texts[c]
			longest := max(len(old), len(data))
			if !ok || 2*min(len(old), len(data)) < longest || ctx.Err() != nil {
				continue
			}
			d, err := diff.Compare(old, data)
			if err != nil {
				continue // too large to be compared
			}
			if n := 100 * d.Kept() / longest; n >= 50 && n > most {
				best, most = c, n
			}
		}
		if best >= 0 {
			join(gone[i], best)
			delete(texts, best)
		}
		return nil
	})
}
