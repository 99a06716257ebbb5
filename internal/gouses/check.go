package gouses

import (
	"context"
	"errors"
	"go/ast"
	"go/token"
	"go/types"
	"runtime"
	"sync/atomic"
	"time"
)

// A checked is what checking a unit has yielded.
type checked struct {
	pkg *types.Package // nil if it could not be checked
	out *findings
	why Reason // why not, "" if it was
	measured
}

// A checker checks the units of a graph.
type checker struct {
	ctx   context.Context
	grace time.Duration // for what is under way when ctx ends
	name  name
	fset  *token.FileSet
	graph *graph
	lacks map[*source]Reason // files whose identifiers may not all be known

	elaborate, broken, unreached int // packages
}

func newChecker(ctx context.Context, n name, in *input) *checker {
	return &checker{ctx: ctx, grace: grace, name: n, fset: token.NewFileSet(), graph: newGraph(ctx, in), lacks: map[*source]Reason{}}
}

// Limits of work that cannot be stopped: go/types takes no context.
const (
	maxTime      = 2 * time.Minute // of all, if the context leaves more
	grace        = 2 * time.Second // for what is under way when the context ends
	maxAbandoned = 4               // in the process
)

// abandoned counts the packages that are still being checked though nobody waits.
var abandoned atomic.Int32

// run parses, measures and checks all units.
func (c *checker) run() {
	order := c.graph.order
	for s, why := range c.graph.dropped {
		c.lacks[s] = why
	}
	var files []*source
	seen := map[*source]bool{}
	for _, u := range order {
		for _, s := range u.files {
			if !seen[s] {
				seen[s] = true
				files = append(files, s)
			}
		}
	}
	c.parallel(len(files), func(i int) { files[i].parse(c.fset, c.name.last) })
	if c.ctx.Err() != nil {
		c.unreached = len(order)
		return
	}
	c.checkAll(order, newGuard(order))
	for _, s := range files {
		if s.tree.lack != "" && s.relevant() {
			c.lacks[s] = s.tree.lack
		}
	}
}

func numWorkers() int { return min(runtime.GOMAXPROCS(0), 8) }

// parallel calls fn for 0 to n-1 from several goroutines until ctx ends.
func (c *checker) parallel(n int, fn func(i int)) {
	var next atomic.Int64
	done := make(chan struct{})
	workers := numWorkers()
	for range workers {
		go func() {
			defer func() { done <- struct{}{} }()
			for i := int(next.Add(1)) - 1; i < n && c.ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				fn(i)
			}
		}()
	}
	for range workers {
		<-done
	}
}

// checkAll checks the units, each after what it imports.
func (c *checker) checkAll(order []*unit, g *guard) {
	type done struct {
		u *unit
		r checked
	}
	results := make(chan done, len(order))
	var ready []*unit
	for _, u := range order {
		if u.deps == 0 {
			ready = append(ready, u)
		}
	}
	finish := func(d done) {
		u := d.u
		u.checked = d.r
		if u.why != "" {
			switch u.why {
			case TooElaborate:
				c.elaborate++
			default:
				c.broken++
			}
			for _, s := range u.files {
				if s.relevant() && c.lacks[s] == "" {
					c.lacks[s] = u.why
				}
			}
		}
		for _, user := range u.users {
			if user.deps--; user.deps == 0 {
				ready = append(ready, user)
			}
		}
	}
	left, running := len(order), 0
	free := numWorkers() - int(min(abandoned.Load(), maxAbandoned))
	ended := c.ctx.Done()
	var late <-chan time.Time
	for left > 0 && (running > 0 || len(ready) > 0) {
		for len(ready) > 0 && running < max(free, 1) && c.ctx.Err() == nil {
			u := ready[len(ready)-1]
			ready = ready[:len(ready)-1]
			running++
			go func() { results <- done{u, c.check(u, g)} }()
		}
		if running == 0 { // the context has ended
			break
		}
		select {
		case d := <-results:
			left--
			running--
			finish(d)
		case <-ended:
			ended = nil
			timer := time.NewTimer(c.grace)
			defer timer.Stop()
			late = timer.C
		case <-late:
			n := running
			abandoned.Add(int32(n))
			go func() {
				for range n {
					<-results
					abandoned.Add(-1)
				}
			}()
			c.unreached = left
			return
		}
	}
	c.unreached = left
	for s := range g.cut {
		if c.lacks[s] == "" {
			c.lacks[s] = TooElaborate
		}
	}
}

// tree returns the syntax tree of a file of u, nil if it has none. The bodies of a file
// count in one unit of each config.
func (u *unit) tree(s *source) *ast.File {
	if u.variant == tests && !s.head.test {
		return s.tree.bare
	}
	return s.tree.full
}

func (u *unit) trees() []*ast.File {
	var out []*ast.File
	for _, s := range u.files {
		if f := u.tree(s); f != nil {
			out = append(out, f)
		}
	}
	return out
}

// flat are sizes that cost nothing to compute.
type flat struct{}

func (flat) Alignof(types.Type) int64 { return 8 }
func (flat) Sizeof(types.Type) int64  { return 8 }
func (flat) Offsetsof(fields []*types.Var) []int64 {
	return make([]int64, len(fields))
}

// check checks one unit. A panic in go/types makes it a unit that could not be checked.
func (c *checker) check(u *unit, g *guard) (r checked) {
	defer func() {
		if recover() != nil {
			r = checked{why: NotChecked}
		}
	}()
	trees := u.trees()
	m, ok := g.measure(u, trees)
	if !ok {
		return checked{why: TooElaborate}
	}
	conf := types.Config{
		Importer:                 importer{u},
		Error:                    func(error) {}, // go on: what does not build is checked as far as it goes
		FakeImportC:              true,
		DisableUnusedImportCheck: true,
		Sizes:                    flat{},
	}
	info := &types.Info{Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{}}
	// The error is the first of those that Error was told.
	pkg, _ := conf.Check(u.path, c.fset, trees, info)
	if pkg == nil {
		return checked{why: NotChecked}
	}
	f := &finder{name: c.name, unit: u, pkg: pkg, info: info, out: &findings{}}
	f.find()
	return checked{pkg: pkg, out: f.out, measured: m}
}

// An importer gives a unit the packages that are checked already.
type importer struct{ u *unit }

// errOutside makes go/types take what is not in a package as unknown without a word.
var errOutside = errors.New("not in the tree")

func (i importer) Import(p string) (*types.Package, error) {
	if p == "unsafe" {
		return types.Unsafe, nil
	}
	if d := i.u.imports[p]; d != nil && d.pkg != nil {
		return d.pkg, nil
	} else if d != nil {
		return types.NewPackage(p, d.group.name), errOutside
	}
	return types.NewPackage(p, assumedName(p)), errOutside
}
