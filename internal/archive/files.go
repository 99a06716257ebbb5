package archive

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"cleat/internal/sorting"
	"cleat/internal/tree"
)

// Files are the files of a repository at one commit, in memory. They implement
// tree.Files. They are safe for concurrent use.
type Files struct {
	list    []file // in the order of their paths
	commit  string
	cut     string
	refused int
	bytes   int64
}

var _ tree.Files = (*Files)(nil)

// Names returns the files of the given paths, without content: for a search by names.
// Paths that an archive may not have are left out.
func Names(paths []string) *Files {
	f := &Files{}
	for _, p := range paths {
		if local(p) {
			f.list = append(f.list, file{path: p})
		} else {
			f.refused++
		}
	}
	f.finish()
	return f
}

// finish sorts the files. Of equal paths one stays.
func (f *Files) finish() {
	sorting.Sort(f.list, func(a, b file) int { return cmp.Compare(a.path, b.path) })
	f.list = slices.CompactFunc(f.list, func(a, b file) bool { return a.path == b.path })
	for _, x := range f.list {
		f.bytes += perEntry + int64(len(x.path)) + int64(len(x.data))
	}
}

// Commit returns the commit that the archive says it was made of, "" if it does not.
func (f *Files) Commit() string { return f.commit }

// Cut says which limit ended the reading of the archive, "" if it was read to its end.
func (f *Files) Cut() string { return f.cut }

// Paths returns the paths of all files, sorted.
func (f *Files) Paths() []string {
	paths := make([]string, len(f.list))
	for i := range f.list {
		paths[i] = f.list[i].path
	}
	return paths
}

// Len returns the number of files.
func (f *Files) Len() int { return len(f.list) }

// Bytes returns about how much memory the files take.
func (f *Files) Bytes() int64 { return f.bytes }

// Walk implements tree.Files; paths, and what is wrong with them, are as tree.Select has
// them. Names that Read refused count as Denied; links and their like as Special.
func (f *Files) Walk(ctx context.Context, o tree.WalkOptions, fn func(worker int, e *tree.Entry) error) (tree.WalkStats, error) {
	chosen, st, err := tree.Select(ctx, o, tree.List{Len: len(f.list), At: func(i int) (string, bool) {
		return f.list[i].path, !f.list[i].special
	}})
	if err != nil {
		st.Pending = tree.FirstPath
		return st, err
	}
	st.Denied += f.refused
	w := &walk{ctx: ctx, o: o, fn: fn, files: f.list, chosen: chosen}
	w.least.Store(int64(len(chosen)))
	visited := make([]int, o.NumWorkers())
	var wg sync.WaitGroup
	for i := range visited {
		wg.Go(func() { visited[i] = w.work(i) })
	}
	wg.Wait()
	for _, n := range visited {
		st.Files += n
	}
	if n := w.least.Load(); n < int64(len(chosen)) {
		if path := f.list[chosen[n]].path; !w.beyond(path) {
			st.Pending = path
		}
	}
	if w.err == nil && ctx.Err() != nil && st.Pending != "" {
		w.err = context.Cause(ctx)
	}
	return st, w.err
}

// A walk is one walk under way.
type walk struct {
	ctx    context.Context
	o      tree.WalkOptions
	fn     func(int, *tree.Entry) error
	files  []file
	chosen []int        // numbers of files
	next   atomic.Int64 // of chosen
	least  atomic.Int64 // of chosen: the first that was not visited
	stop   atomic.Bool

	mu  sync.Mutex
	err error // the first that fn returned
}

// work visits files until there are none, and returns how many.
func (w *walk) work(id int) (visited int) {
	for {
		i := w.next.Add(1) - 1
		if i >= int64(len(w.chosen)) {
			return visited
		}
		f := &w.files[w.chosen[i]]
		if w.stop.Load() || w.ctx.Err() != nil || w.beyond(f.path) {
			w.missed(i)
			return visited
		}
		err := w.fn(id, tree.NewEntry(f.path, f))
		switch {
		case err == tree.ErrStopped:
			w.missed(i)
		case err != nil:
			w.missed(i)
			w.mu.Lock()
			if w.err == nil {
				w.err = err
			}
			w.mu.Unlock()
			w.stop.Store(true)
			return visited
		default:
			visited++
		}
	}
}

// missed notes that a file was not visited.
func (w *walk) missed(i int64) {
	for {
		n := w.least.Load()
		if i >= n || w.least.CompareAndSwap(n, i) {
			return
		}
	}
}

func (w *walk) beyond(path string) bool {
	if w.o.Until == nil {
		return false
	}
	until := w.o.Until()
	return until != "" && path > until
}

// Read implements tree.Content.
func (f *file) Read(buf []byte, limit int64) ([]byte, error) {
	switch {
	case f.err != nil:
		return nil, f.err
	case int64(len(f.data)) > limit:
		return nil, tree.ErrTooLarge
	}
	return append(buf[:0], f.data...), nil
}

// Stat implements tree.Content.
func (f *file) Stat() (size int64, modified time.Time, err error) { return f.size, f.modified, nil }
