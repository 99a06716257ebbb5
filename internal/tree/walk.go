package tree

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/semaphore"
)

// WalkOptions say what a walk visits. The zero value visits every file that is not
// ignored.
type WalkOptions struct {
	// Paths are files, folders or globs under the root; everything if empty. A leading
	// "!" excludes. What exists under its literal name is taken as that name, not as a
	// glob. What is named is visited though it may be ignored, as in ripgrep; below a
	// named folder, and below the fixed part of a glob, ignore files count again.
	Paths []string

	IgnoreCase bool // of globs
	NoIgnore   bool // visit what ignore files leave out

	// From, if not empty, leaves out paths that sort before it.
	From string

	// Until, if not nil, is asked again and again for the last path that is still of
	// interest, or "" for no bound. It may only ever go down.
	Until func() string

	// Deny closes files, and folders with all below them. It is called concurrently.
	Deny func(path string) bool

	MaxDepth int // levels of folders; 0 means 500
	Workers  int // 0 means GOMAXPROCS, at most 8
}

// WalkStats are what a walk came across and did not visit.
type WalkStats struct {
	Files      int // visited
	Folders    int // read
	Ignored    int // files and folders left out by ignore files
	Special    int // links, devices, FIFOs, sockets
	Unreadable int // folders that could not be read
	Denied     int // files and folders closed by Deny
	Deep       int // folders below MaxDepth

	// Pending is where a walk that was ended early has a gap: every path that sorts
	// before it was visited. It is empty if nothing is missing.
	Pending string
}

// FirstPath sorts before all paths: it is WalkStats.Pending where nothing was visited.
const FirstPath = "\x00"

func (s *WalkStats) add(o WalkStats) {
	s.Files += o.Files
	s.Folders += o.Folders
	s.Ignored += o.Ignored
	s.Special += o.Special
	s.Unreadable += o.Unreadable
	s.Denied += o.Denied
	s.Deep += o.Deep
}

// ErrStopped is what fn returns when it gave up on a file because the walk's context
// ended: the file then counts as not visited.
var ErrStopped = errors.New("stopped")

const defaultDepth = 500

// MaxWorkers is the largest number of workers of a walk.
const MaxWorkers = 8

// NumWorkers returns how many workers a walk with these options has at most. fn is
// called with numbers below it.
func (o WalkOptions) NumWorkers() int {
	n := o.Workers
	if n <= 0 {
		n = runtime.GOMAXPROCS(0)
	}
	return min(n, MaxWorkers, max(1, descriptorBudget().size/16))
}

// A budget is how many descriptors all walks of the process may hold.
type budget struct {
	size int
	sem  *semaphore.Weighted
}

var descriptorBudget = sync.OnceValue(func() budget {
	n := min(max(descriptors()/2, 16), 512)
	return budget{n, semaphore.NewWeighted(int64(n))}
})

// Walk calls fn for every regular file that o asks for, from several goroutines at
// once, worker being the caller's number. Paths come roughly, not exactly, in order of
// their bytes. The Entry is good only during the call. When fn fails, the walk ends
// with that error.
//
// When ctx ends, Walk ends at once and returns the cause, with the statistics so far.
// It fails with fail.Invalid for a malformed glob, fail.Denied for a path outside the
// root, fail.NotFound for one that does not exist, fail.Unavailable if the root is
// gone, and fail.Busy when there are no descriptors left. All its goroutines have
// ended when it returns.
//
// Links are never followed, except that a path in o.Paths may lead through links that
// stay inside the root.
func (r *Root) Walk(ctx context.Context, o WalkOptions, fn func(worker int, e *Entry) error) (WalkStats, error) {
	if o.MaxDepth <= 0 {
		o.MaxDepth = defaultDepth
	}
	workers := o.NumWorkers()
	b := descriptorBudget()
	// A worker holds at most a folder, its parent and a file; the rest keeps folders
	// open that will be needed again.
	weight := min(4*workers+8*workers, b.size)
	if err := b.sem.Acquire(ctx, int64(weight)); err != nil {
		return WalkStats{Pending: FirstPath}, context.Cause(ctx)
	}
	defer b.sem.Release(int64(weight))

	w := &walker{root: r, o: o, fn: fn, ctx: ctx, keep: int64(max(weight-3*workers, 1))}
	w.cond = sync.NewCond(&w.mu)
	if err := w.start(); err != nil {
		w.closeAll()
		return WalkStats{Pending: FirstPath}, err
	}
	told := make(chan struct{})
	unhook := context.AfterFunc(ctx, func() {
		defer close(told)
		w.halt(context.Cause(ctx))
	})
	stats := make([]WalkStats, workers)
	var wg sync.WaitGroup
	for i := range workers {
		wg.Go(func() { w.work(i, &stats[i]) })
	}
	wg.Wait()
	if !unhook() {
		<-told
	}
	w.closeAll()
	for _, s := range stats {
		w.stats.add(s)
	}
	w.stats.Pending = w.pending()
	if w.gone {
		if err := r.check(); err != nil && w.err == nil {
			w.err = err
		}
	}
	return w.stats, w.err
}

// A walker is one walk under way.
type walker struct {
	root *Root
	o    WalkOptions
	fn   func(int, *Entry) error
	ctx  context.Context
	filt filter

	named map[string]bool // start points, which the walk of another start leaves out
	top   *node

	stop atomic.Bool // err is set or ctx has ended

	mu     sync.Mutex
	cond   *sync.Cond // signals a change of stack, active or stop
	stack  []task     // the last is next
	active int
	err    error
	gaps   []string // paths that were not visited
	gone   bool     // the root folder could not be read
	stats  WalkStats

	keep int64 // folders held open
	omu  sync.Mutex
	open []*node // in the order they were opened
}

// A task is a folder to read, or some files of a folder to visit.
type task struct {
	node  *node
	files []string
}

// first returns the least path that the task may visit.
func (t task) first() string {
	if len(t.files) > 0 {
		return t.node.join(t.files[0])
	}
	return t.node.join("")
}

// halt ends the walk; the first cause counts.
func (w *walker) halt(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		w.err = err
	}
	w.stop.Store(true)
	w.cond.Broadcast()
}

func (w *walker) gap(path string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.gaps = append(w.gaps, path)
}

// pending returns the least path that should have been visited and was not.
func (w *walker) pending() string {
	gaps := w.gaps
	for _, t := range w.stack {
		gaps = append(gaps, t.first())
	}
	gaps = slices.DeleteFunc(gaps, w.beyond)
	if len(gaps) == 0 {
		return ""
	}
	return max(slices.Min(gaps), FirstPath)
}

// push adds tasks, the first of which is to be done first.
func (w *walker) push(tasks []task) {
	if len(tasks) == 0 {
		return
	}
	slices.Reverse(tasks)
	w.mu.Lock()
	w.stack = append(w.stack, tasks...)
	w.mu.Unlock()
	if len(tasks) > 1 {
		w.cond.Broadcast()
	} else {
		w.cond.Signal()
	}
}

// work does tasks until there are none.
func (w *walker) work(id int, st *WalkStats) {
	k := &worker{walker: w, id: id, st: st, buf: make([]byte, 32<<10)}
	w.mu.Lock()
	defer w.mu.Unlock()
	for {
		for len(w.stack) == 0 && w.active > 0 && !w.stop.Load() {
			w.cond.Wait()
		}
		if len(w.stack) == 0 || w.stop.Load() {
			w.cond.Broadcast()
			return
		}
		t := w.stack[len(w.stack)-1]
		w.stack[len(w.stack)-1] = task{}
		w.stack = w.stack[:len(w.stack)-1]
		w.active++
		w.mu.Unlock()
		err := k.do(t)
		w.mu.Lock()
		w.active--
		if err != nil {
			if w.err == nil {
				w.err = err
			}
			w.stop.Store(true)
		}
	}
}

// beyond reports whether path and all that sorts after it is of no interest any more.
func (w *walker) beyond(path string) bool {
	if w.o.Until == nil {
		return false
	}
	until := w.o.Until()
	return until != "" && path > until
}

// before reports whether all paths below the folder sort before the first of interest.
func (w *walker) before(folder string) bool {
	return folder < w.o.From && !strings.HasPrefix(w.o.From, folder)
}

// A worker is one goroutine of a walk, with its buffers.
type worker struct {
	*walker
	id    int
	st    *WalkStats
	buf   []byte
	entry Entry
}

// do does one task. A panic in it becomes its error.
func (k *worker) do(t task) (err error) {
	defer func() {
		if v := recover(); v != nil {
			k.gap(t.first())
			err = fmt.Errorf("panic in the walk of %q: %v\n%s", t.node.path, v, debug.Stack())
		}
	}()
	defer k.drop(t.node)
	if t.files != nil {
		return k.visit(t)
	}
	return k.read(t.node)
}

// visit calls fn for the files of t.
func (k *worker) visit(t task) error {
	if k.beyond(t.first()) {
		return nil
	}
	d, err := k.pin(t.node)
	if err != nil {
		return k.lost(t, err)
	}
	defer k.unpin(t.node)
	for i, name := range t.files {
		if k.stop.Load() {
			k.gap(t.node.join(name))
			return nil
		}
		path := t.node.join(name)
		if k.beyond(path) {
			return nil
		}
		if path < k.o.From {
			continue
		}
		if k.o.Deny != nil && k.o.Deny(path) {
			k.st.Denied++
			continue
		}
		k.entry = Entry{Path: path, name: name, dir: d, w: k.walker}
		if err := k.fn(k.id, &k.entry); err != nil {
			for _, n := range t.files[i:] {
				k.gap(t.node.join(n))
			}
			if errors.Is(err, ErrStopped) && k.ctx.Err() != nil {
				return context.Cause(k.ctx)
			}
			return err
		}
		k.st.Files++
	}
	return nil
}

// lost says what becomes of a task whose folder cannot be opened.
func (k *worker) lost(t task, err error) error {
	if k.stop.Load() || isScarce(err) {
		k.gap(t.first())
		if isScarce(err) {
			return busy()
		}
		return nil
	}
	if t.node == k.top {
		k.mu.Lock()
		k.gone = true
		k.mu.Unlock()
	}
	if !errors.Is(err, fs.ErrNotExist) { // it may go away at any time: no more to see
		k.st.Unreadable++
	}
	return nil
}
