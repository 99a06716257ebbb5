package snapshot

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"

	"cleat/internal/git"
	"cleat/internal/tree"
)

const (
	// maxWorkers leaves some of a repository's Readers to other walks.
	maxWorkers = git.MaxReaders / 2

	// A chunk is what a worker takes at once and asks for ahead. The first are small, as
	// nothing is known yet of what will be read; large ones keep git busy.
	firstFiles = 8
	chunkFiles = 256
	chunkBytes = 8 << 20

	// maxAhead is the size, in bytes, from which a blob is only read when it is asked for.
	maxAhead = 1 << 20
)

// Walk calls fn for every regular file of the commit that o asks for, as tree.Root.Walk
// does for a folder, with its errors. Ignore files do not count. Reading a file whose
// content is not in the repository, as in a partial clone, fails with ErrAbsent.
func (f *Files) Walk(ctx context.Context, o tree.WalkOptions, fn func(worker int, e *tree.Entry) error) (tree.WalkStats, error) {
	unread := tree.WalkStats{Pending: tree.FirstPath}
	list, err := f.names(ctx)
	if err != nil {
		return unread, err
	}
	chosen, st, err := tree.Select(ctx, o, tree.List{Base: f.base, Len: len(list), At: func(i int) (string, bool) {
		return list[i].path, list[i].regular()
	}})
	if err != nil {
		return unread, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	w := &walk{files: f, list: list, chosen: chosen, o: o, fn: fn, cancel: cancel}
	workers := make([]worker, min(o.NumWorkers(), maxWorkers, len(chosen)/firstFiles+1))
	var wg sync.WaitGroup
	for i := range workers {
		k := &workers[i]
		k.walk, k.id = w, i
		wg.Go(func() { k.run(ctx) })
	}
	wg.Wait()
	for i := range workers {
		st.Files += workers[i].visited
	}
	st.Pending = w.pending()
	return st, w.err
}

// A walk is one Walk under way.
type walk struct {
	files  *Files
	list   []file
	chosen []int
	o      tree.WalkOptions
	fn     func(int, *tree.Entry) error
	cancel context.CancelCauseFunc // ends what other workers read
	stop   atomic.Bool             // err is set

	mu   sync.Mutex
	next int   // of chosen, which nobody has taken
	gaps []int // numbers of files that were taken and not visited
	err  error
}

// take returns the numbers of the files that are to be visited next, so many at most.
func (w *walk) take(most int) []int {
	w.mu.Lock()
	defer w.mu.Unlock()
	from, bytes := w.next, int64(0)
	for w.next < len(w.chosen) && w.next < from+most && bytes < chunkBytes {
		bytes += w.list[w.chosen[w.next]].size
		w.next++
	}
	return w.chosen[from:w.next]
}

// halt ends the walk; the first cause counts.
func (w *walk) halt(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		w.err = err
	}
	w.stop.Store(true)
	w.cancel(err)
}

func (w *walk) missed(numbers ...int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.gaps = append(w.gaps, numbers...)
}

// beyond reports whether path and all that sorts after it is of no interest any more.
func (w *walk) beyond(path string) bool {
	if w.o.Until == nil {
		return false
	}
	until := w.o.Until()
	return until != "" && path > until
}

// pending returns the least path that should have been visited and was not.
func (w *walk) pending() string {
	gaps := w.gaps
	if w.next < len(w.chosen) {
		gaps = append(gaps, w.chosen[w.next])
	}
	if len(gaps) == 0 {
		return ""
	}
	path := w.list[slices.Min(gaps)].path
	if w.beyond(path) {
		return ""
	}
	return path
}

// A worker is one goroutine of a walk.
type worker struct {
	*walk
	id      int
	reader  *git.Reader
	habits  habits
	visited int

	ids   []git.Hash // of a chunk, to be asked for ahead
	ahead []int      // their files
	later []int      // the others
}

// run visits chunks until there are no more.
func (k *worker) run(ctx context.Context) {
	k.reader = k.files.repo.Reader()
	defer k.reader.Close() // of a program that only reads
	for most := firstFiles; !k.stop.Load(); most = min(4*most, chunkFiles) {
		chunk := k.take(most)
		if len(chunk) == 0 || k.beyond(k.list[chunk[0]].path) {
			return // what follows is beyond as well
		}
		if err := k.chunk(ctx, chunk); err != nil {
			k.halt(err)
			return
		}
	}
}

// chunk visits the files of a chunk. What is not visited for an error becomes a gap. A
// panic becomes an error.
func (k *worker) chunk(ctx context.Context, chunk []int) (err error) {
	k.ids, k.ahead, k.later = k.ids[:0], k.ahead[:0], k.later[:0]
	for _, n := range chunk {
		f := &k.list[n]
		if f.size >= 0 && f.size < maxAhead && k.habits.wants(f.path) {
			k.ids, k.ahead = append(k.ids, f.hash), append(k.ahead, n)
		} else {
			k.later = append(k.later, n)
		}
	}
	first := 0 // of ahead, then of later, that was not visited
	ahead := true
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic in the walk of commit %.10s: %v\n%s", k.files.commit, v, debug.Stack())
		}
		if err != nil && ahead {
			k.missed(k.ahead[first:]...)
			k.missed(k.later...)
		} else if err != nil {
			k.missed(k.later[first:]...)
		}
	}()
	err = k.reader.Blobs(ctx, k.ids, func(i int, data []byte) error {
		first = i
		if k.beyond(k.list[k.ahead[i]].path) {
			return git.ErrStop
		}
		if err := k.visit(ctx, k.ahead[i], &content{file: &k.list[k.ahead[i]], data: data, have: true}); err != nil {
			return err
		}
		first = i + 1
		return nil
	})
	if err != nil {
		return k.why(ctx, err)
	}
	ahead, first = false, 0
	for i, n := range k.later {
		first = i
		if err := k.visit(ctx, n, &content{file: &k.list[n], ctx: ctx, reader: k.reader}); err != nil {
			return k.why(ctx, err)
		}
	}
	return nil
}

// visit calls fn for the file n.
func (k *worker) visit(ctx context.Context, n int, c *content) error {
	f := &k.list[n]
	if k.stop.Load() || ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if k.beyond(f.path) {
		return nil
	}
	if err := k.fn(k.id, tree.NewEntry(f.path, c)); err != nil {
		return err
	}
	if c.err != nil {
		return c.err
	}
	k.habits.note(f.path, c.asked)
	k.visited++
	return nil
}

// why says what an error of fn or git means: a walk whose context ended returns its cause.
func (k *worker) why(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, tree.ErrStopped) {
		return context.Cause(ctx)
	}
	return err
}
