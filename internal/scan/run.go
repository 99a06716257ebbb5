package scan

import (
	"context"
	"errors"
	"hash/maphash"
	"sync"
	"time"

	"cleat/internal/fail"
	"cleat/internal/systems/code"
	"cleat/internal/tree"
)

// Options are what a search may see and how much of it is kept. The zero value is the
// default.
type Options struct {
	// Redact masks secrets in a whole file, keeping its line feeds. Where it changes a
	// file, lines are taken from the masked text, and only those that still match
	// count: a search must not tell what a mask hides. It is called concurrently.
	Redact func(path string, data []byte) []byte

	// Deny closes files, and folders with all below them. It is called concurrently.
	Deny func(path string) bool

	MaxFile int64 // bytes of a file that is searched; 0 means 16 MiB
	MaxLine int   // bytes of a line that are kept; 0 means 400
	Workers int   // 0 means GOMAXPROCS, at most tree.MaxWorkers

	Now time.Time // what recent changes are told by; zero means the present
}

const (
	defaultMaxFile = 16 << 20
	defaultMaxLine = 400
	maxNamed       = 5        // files named in Result.Skipped
	maxKept        = 32 << 20 // bytes of lines kept
	bigFile        = 1 << 20
	bigAtOnce      = 4
)

// bigFiles lets few big files be in memory at once, whatever number of searches runs.
var bigFiles = sync.OnceValue(func() chan struct{} { return make(chan struct{}, bigAtOnce) })

// Run searches files and returns what it found. When everything was searched, the files
// are in the order of their ranks: definitions of what was searched for first, whole
// words before parts of words, tests after other code, generated, vendored, minified and
// lock files last, files of the same rank by path. Each page is another search.
//
// When ctx ends, Run returns what was found, in the order of paths, with Result.Partial
// set and a cursor that searches what was not reached. The order is also that of paths
// for a pattern with more than MaxLimit matching lines; then Run returns as soon as it
// has what the query's limit asks for. No page has a line twice, and all together have
// every line, if the files do not change; a file that changed since the cursor was given
// is searched from the same line on.
//
// The files come with the heads of the definitions that their lines are in, where that
// is not too much and ctx has not ended.
//
// File.Matches is the number for the whole file, whatever the limit. Run fails as
// files.Walk does, but not when ctx ends. None of its goroutines outlives it, and a panic
// in one becomes an error.
func Run(ctx context.Context, files tree.Files, m *Matcher, o Options) (*code.Result, error) {
	began := time.Now()
	if m.q.Mode == code.Files {
		return runFiles(ctx, files, m, o, began)
	}
	r := newRun(ctx, m, o, newCollector(m.q.Limit+1, m.after != nil && m.after.walk))
	if r.after = m.after; r.after != nil {
		r.now = time.Unix(r.after.now, 0)
		if r.after.walk {
			r.start = r.after.path
		}
	}
	st, err := r.walk(files)
	if err != nil {
		return nil, err
	}
	res := &code.Result{}
	res.Skipped = TooLarge(r.stats(res, st))
	page := r.result(res, st)
	if err := r.scopes(res, page); err != nil {
		return nil, err
	}
	if ctx.Err() != nil && st.Pending != "" {
		res.Partial = fail.WhyEnded(ctx, began)
	} else if st.Deep > 0 {
		res.Partial = TooDeep(st.Deep)
	}
	res.Stats.Took = time.Since(began)
	return res, nil
}

func (m *Matcher) walkOptions(o Options) tree.WalkOptions {
	return tree.WalkOptions{Paths: m.q.Paths, Deny: o.Deny, Workers: o.Workers}
}

// A run is one search under way.
type run struct {
	ctx     context.Context
	m       *Matcher
	o       Options
	c       *collector
	after   *position // what earlier pages had; nil at the beginning
	start   string    // the first path of interest
	now     time.Time
	workers []*worker

	context int // lines around a match
	perFile int // lines of a file, over all pages
	sums    bool
	seed    maphash.Seed // of sums
}

func newRun(ctx context.Context, m *Matcher, o Options, c *collector) *run {
	if o.MaxFile <= 0 {
		o.MaxFile = defaultMaxFile
	}
	if o.MaxLine <= 0 {
		o.MaxLine = defaultMaxLine
	}
	if o.Now.IsZero() {
		o.Now = time.Now()
	}
	// A cursor has whole seconds, and all pages are to have the same.
	return &run{ctx: ctx, m: m, o: o, c: c, now: time.Unix(o.Now.Unix(), 0), context: m.q.Context, perFile: m.q.PerFile}
}

// walk searches files. It fails as files.Walk does, but not when ctx ends.
func (r *run) walk(files tree.Files) (tree.WalkStats, error) {
	w := r.m.walkOptions(r.o)
	w.Until, w.From = r.c.until, r.start
	r.workers = make([]*worker, w.NumWorkers())
	for i := range r.workers {
		r.workers[i] = &worker{run: r, lines: r.m.lines(r.ended)}
	}
	st, err := files.Walk(r.ctx, w, func(id int, e *tree.Entry) error { return r.workers[id].file(e) })
	if r.ctx.Err() != nil {
		err = nil
	}
	return st, err
}

// ended reports whether ctx has ended.
func (r *run) ended() bool {
	select {
	case <-r.ctx.Done():
		return true
	default:
		return false
	}
}

// A worker is what one goroutine of a search has.
type worker struct {
	*run
	Tally
	lines *lines
	buf   []byte
	wide  []byte // for what is decoded
}

// file searches one file.
func (w *worker) file(e *tree.Entry) error {
	if w.m.lang != "" && tree.Lang(e.Path) != w.m.lang {
		return nil
	}
	if w.after != nil && w.after.has(e.Path) {
		return nil
	}
	data, err := e.Read(w.buf, min(bigFile, w.o.MaxFile))
	if err == nil {
		w.buf = data
		return w.search(e, data)
	}
	if errors.Is(err, tree.ErrTooLarge) && w.o.MaxFile > bigFile {
		return w.big(e)
	}
	return w.Skip(w.ctx, e.Path, err)
}

// big searches a file that does not fit the ordinary buffer.
func (w *worker) big(e *tree.Entry) error {
	slots := bigFiles()
	select {
	case slots <- struct{}{}:
	case <-w.ctx.Done():
		return tree.ErrStopped
	}
	defer func() { <-slots }()
	data, err := e.Read(nil, w.o.MaxFile)
	if err != nil {
		return w.Skip(w.ctx, e.Path, err)
	}
	wide := w.wide
	defer func() { w.wide = wide }() // do not keep a large one
	return w.search(e, data)
}

func (w *worker) stopped() error {
	if w.ended() {
		return tree.ErrStopped
	}
	return nil
}

// stats adds up what was searched, and returns the files that were too large.
func (r *run) stats(res *code.Result, st tree.WalkStats) (large []string) {
	res.Stats = code.Stats{Ignored: st.Ignored, Special: st.Special, Denied: st.Denied + st.Unreadable}
	for _, w := range r.workers {
		res.Stats.Add(w.Stats)
		large = append(large, w.Large...)
	}
	return large
}
