package gouses

import (
	"context"
	"slices"
	"strings"

	"cleat/internal/sorting"
)

// A variant is which files of a group make a unit.
type variant uint8

const (
	plain   variant = iota // what others import
	tests                  // with the tests of the same package
	outside                // the tests in package p_test
	single                 // one file that is built by itself
)

// A group is the files of one package in a folder, in all builds.
type group struct {
	dir, name string
	of        [3][]*source // by variant: only the tests in tests, and so on
	singles   []*source
}

// A unit is files that are checked together.
type unit struct {
	key
	files   []*source
	path    string           // import path
	imports map[string]*unit // by import path as written
	missing []string         // imports that are not in the tree, sorted
	cut     map[string]*unit // imports that lead back to the unit

	users []*unit // that import it
	deps  int     // imports that are not checked yet

	checked
}

// A key is what makes a unit different from others.
type key struct {
	group   *group
	variant variant
	config  config
	single  *source // only for single
}

// Limits of a graph.
const (
	maxBuilds = 12    // configs of a package
	maxUnits  = 8_000 // of all
)

// A graph is the packages to be checked.
type graph struct {
	ctx     context.Context
	mods    *modules
	sources map[string][]*source // by folder
	groups  map[string][]*group  // by folder, once it has been looked at
	units   map[key]*unit
	order   []*unit // as they were made
	same    map[key]bool
	dropped map[*source]Reason // files that are in no unit for want of one
}

func newGraph(ctx context.Context, in *input) *graph {
	g := &graph{
		ctx: ctx, mods: readModules(in.manifests), sources: map[string][]*source{}, groups: map[string][]*group{},
		units: map[key]*unit{}, same: map[key]bool{}, dropped: map[*source]Reason{},
	}
	for _, s := range in.sources {
		g.sources[s.dir] = append(g.sources[s.dir], s)
	}
	return g
}

// build makes the units that cover all files that hold the name, and what they import.
func (g *graph) build(n name) {
	g.narrow(n)
	var dirs []string
	for dir, list := range g.sources {
		if slices.ContainsFunc(list, (*source).relevant) {
			dirs = append(dirs, dir)
		}
	}
	slices.Sort(dirs)
	for _, dir := range dirs {
		if g.ctx.Err() != nil {
			return
		}
		for _, gr := range g.groupsOf(dir) {
			g.cover(gr)
		}
	}
	for i := 0; i < len(g.order); i++ {
		if i%64 == 0 && g.ctx.Err() != nil {
			return
		}
		g.link(g.order[i])
	}
	g.cutCycles()
}

func (s *source) relevant() bool { return s.has || s.owner }

// groupsOf returns the packages in a folder, by name.
func (g *graph) groupsOf(dir string) []*group {
	if out, ok := g.groups[dir]; ok {
		return out
	}
	byName := map[string]*group{}
	get := func(name string) *group {
		if byName[name] == nil {
			byName[name] = &group{dir: dir, name: name}
		}
		return byName[name]
	}
	var later []*source
	for _, s := range g.sources[dir] {
		s.readHead()
		h := &s.head
		switch base, isOutside := strings.CutSuffix(h.pkg, "_test"); {
		case h.pkg == "":
			if s.relevant() {
				g.dropped[s] = NotParsed
			}
		case h.alone:
			gr := get(h.pkg)
			gr.singles = append(gr.singles, s)
		case h.test && isOutside && base != "":
			later = append(later, s)
		case h.test:
			gr := get(h.pkg)
			gr.of[tests] = append(gr.of[tests], s)
		default:
			gr := get(h.pkg)
			gr.of[plain] = append(gr.of[plain], s)
		}
	}
	for _, s := range later {
		gr := get(strings.TrimSuffix(s.head.pkg, "_test"))
		gr.of[outside] = append(gr.of[outside], s)
	}
	var out []*group
	for _, gr := range byName {
		out = append(out, gr)
	}
	sorting.Sort(out, func(a, b *group) int { return strings.Compare(a.name, b.name) })
	g.groups[dir] = out
	return out
}

// cover makes the units that hold all relevant files of a group.
func (g *graph) cover(gr *group) {
	for _, s := range gr.singles {
		if s.relevant() {
			c, ok := s.head.satisfy()
			if !ok {
				c = host()
			}
			g.unit(key{gr, single, c, s})
		}
	}
	for v := plain; v <= outside; v++ {
		var left []*source
		for _, s := range gr.of[v] {
			if s.relevant() {
				left = append(left, s)
			}
		}
		for n := 0; len(left) > 0; n++ {
			c, ok := host(), true
			if n > 0 {
				c, ok = left[0].head.satisfy()
			}
			if n == maxBuilds {
				for _, s := range left {
					g.drop(s, TooManyBuilds)
				}
				break
			}
			if !ok { // no build has it: it is checked by itself
				g.unit(key{gr, single, host(), left[0]})
				left = left[1:]
				continue
			}
			before := len(left)
			rest := slices.DeleteFunc(slices.Clone(left), func(s *source) bool { return s.head.match(c) })
			if len(rest) < before {
				g.unit(key{gr, v, c, nil})
			}
			left = rest
		}
	}
}

func (g *graph) drop(s *source, why Reason) {
	if g.dropped[s] == "" {
		g.dropped[s] = why
	}
}

// matching returns the files of a variant that build under c.
func (gr *group) matching(v variant, c config) []*source {
	var out []*source
	for _, s := range gr.of[v] {
		if s.head.match(c) {
			out = append(out, s)
		}
	}
	return out
}

// unit returns the unit with that key, nil if it has no files.
func (g *graph) unit(k key) *unit {
	if u, ok := g.units[k]; ok {
		return u
	}
	u := &unit{key: k, path: g.mods.importPath(k.group.dir)}
	switch k.variant {
	case single:
		u.files = []*source{k.single}
	case tests:
		u.files = append(k.group.matching(plain, k.config), k.group.matching(tests, k.config)...)
	case outside:
		u.path += "_test"
		u.files = k.group.matching(outside, k.config)
	default:
		u.files = k.group.matching(plain, k.config)
	}
	if len(u.files) == 0 {
		g.units[k] = nil
		return nil
	}
	if len(g.order) >= maxUnits {
		for _, s := range u.files {
			if s.relevant() {
				g.drop(s, NotChecked)
			}
		}
		return nil
	}
	g.units[k] = u
	g.order = append(g.order, u)
	return u
}

// exists reports whether the folder has a package that can be imported.
func (g *graph) exists(dir string) bool {
	return slices.ContainsFunc(g.sources[dir], func(s *source) bool { return !strings.HasSuffix(s.path, "_test.go") })
}

// link finds the units that u imports.
func (g *graph) link(u *unit) {
	u.imports = map[string]*unit{}
	for _, s := range u.files {
		for _, imp := range s.head.imports {
			if _, ok := u.imports[imp]; ok || imp == "C" || imp == "unsafe" {
				continue
			}
			d := g.imported(u, imp)
			u.imports[imp] = d
			if d == nil {
				u.missing = append(u.missing, imp)
			}
		}
	}
	slices.Sort(u.missing)
}

// imported returns the unit that an import of u means, nil if it is not in the tree.
func (g *graph) imported(u *unit, imp string) *unit {
	dir, ok := g.mods.resolve(u.group.dir, imp, g.exists)
	if !ok {
		return nil
	}
	if u.variant == outside && dir == u.group.dir {
		v := tests
		if len(u.group.matching(tests, u.config)) == 0 {
			v = plain
		}
		return g.unit(key{u.group, v, u.config, nil})
	}
	gr := g.main(dir, u.config)
	if gr == nil {
		return nil
	}
	k := key{gr, plain, u.config, nil}
	if g.sameAsHost(k) {
		k.config = host()
	}
	return g.unit(k)
}

// main returns the package that an import of the folder gets: the one with most files.
func (g *graph) main(dir string, c config) *group {
	var best *group
	most := 0
	for _, gr := range g.groupsOf(dir) {
		if n := len(gr.matching(plain, c)); n > most {
			best, most = gr, n
		}
	}
	return best
}

// sameAsHost reports whether a package and all that it imports have the same files under
// its config as under the host's.
func (g *graph) sameAsHost(k key) bool {
	if k.config == host() {
		return true
	}
	if same, ok := g.same[k]; ok {
		return same
	}
	g.same[k] = true // while it is being looked at: a cycle changes nothing
	files := k.group.matching(plain, k.config)
	same := slices.Equal(files, k.group.matching(plain, host()))
	for _, s := range files {
		for _, imp := range s.head.imports {
			if !same {
				break
			}
			if dir, ok := g.mods.resolve(k.group.dir, imp, g.exists); ok {
				if gr := g.main(dir, k.config); gr != nil {
					same = g.main(dir, host()) == gr && g.sameAsHost(key{gr, plain, k.config, nil})
				}
			}
		}
	}
	g.same[k] = same
	return same
}

// cutCycles takes out imports that lead back to their package, and counts the others.
func (g *graph) cutCycles() {
	const (
		fresh = iota
		open
		done
	)
	type frame struct {
		u    *unit
		imps []string
	}
	state := map[*unit]int{}
	for _, top := range g.order {
		if state[top] != fresh {
			continue
		}
		stack := []frame{{top, sortedKeys(top.imports)}}
		state[top] = open
		for len(stack) > 0 {
			f := &stack[len(stack)-1]
			if len(f.imps) == 0 {
				state[f.u] = done
				stack = stack[:len(stack)-1]
				continue
			}
			imp := f.imps[0]
			f.imps = f.imps[1:]
			d := f.u.imports[imp]
			switch {
			case d == nil:
			case state[d] == open:
				f.u.imports[imp] = nil
				if f.u.cut == nil {
					f.u.cut = map[string]*unit{}
				}
				f.u.cut[imp] = d
			default:
				f.u.deps++
				d.users = append(d.users, f.u)
				if state[d] == fresh {
					state[d] = open
					stack = append(stack, frame{d, sortedKeys(d.imports)})
				}
			}
		}
	}
}

func sortedKeys(m map[string]*unit) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
