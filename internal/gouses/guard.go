package gouses

import (
	"go/ast"
	"go/token"
	"math"
	"slices"
	"strconv"
)

// go/types trusts what it checks: forty lines can make a type that takes 2^40 steps to
// compare or to hash, a chain of declarations that is quadratic to look through, or a
// constant of terabytes, and nothing stops it. So what is checked is measured first, by
// its syntax alone and rather too strictly, and what is too large is left out:
//
//   - the weight of a type or constant, which is how much there is when every name in it
//     that stands for more is written out;
//   - how long chains of such names are, and whether one ends in itself;
//   - forms of types that are no Go, and that go/types looks into all the same;
//   - how many declarations a package has;
//   - how often types can multiply by calls whose results name type parameters twice.
const (
	maxWeight = 1 << 16
	maxChain  = 1_000
	maxDecls  = 50_000
	maxGrowth = 16 // doublings in a function, or in the variables of packages that import each other
)

// A decl is what a name stands for, in one unit. Names of different scopes are one.
type decl struct {
	made    []made
	defined bool // a type of its own: a pointer to it is no heavier for what it is made of
	weight  weight
	known   bool
	isType  bool
	open    bool // being weighed
	loose   int  // measure.loose when it was opened

	within []*decl // types that it is made of without a pointer or the like between
	refs   []*decl // all types that it is made of
	grows  []*decl // those of refs that must not lead back to it
	state  uint8   // of looking for cycles: 0, 1 while below it, 2 after
	index  int     // of looking for components, from 1
	low    int
	comp   int // component, from 1
}

// A made is an expression that a decl is made of, with the type parameters in it.
type made struct {
	expr   ast.Expr
	params []string
	bound  bool // it is what a type parameter is bound by
}

// A weight is how much there is when all is written out.
type weight struct {
	fixed  float64
	params float64 // how often type parameters occur in it
}

func (w *weight) add(o weight, times int) {
	w.fixed += o.fixed * float64(times)
	w.params += o.params * float64(times)
}

// A measured is what the measuring of a unit leaves for those that import it.
type measured struct {
	decls    map[string]*decl
	doubling float64 // by variables, of the unit and what it imports
}

// A guard measures units. What a unit imports is measured before it.
type guard struct {
	funcs   map[*group]map[string]float64 // doublings by a call, by package and function
	methods map[string]float64            // the same of methods, by name
	cut     map[*source]bool              // files with bodies that were left out
}

func newGuard(order []*unit) *guard {
	g := &guard{funcs: map[*group]map[string]float64{}, methods: map[string]float64{}, cut: map[*source]bool{}}
	for _, u := range order {
		for _, s := range u.files {
			if s.tree.bare == nil {
				continue
			}
			for _, d := range s.tree.bare.Decls {
				if fn, ok := d.(*ast.FuncDecl); ok {
					if n := mentions(fn); n > 1 {
						g.add(u.group, fn, math.Log2(float64(n)))
					}
				}
			}
		}
	}
	if len(g.funcs) == 0 && len(g.methods) == 0 {
		return g
	}
	for _, u := range order {
		local := u.locals()
		for _, s := range u.files {
			if f := u.tree(s); f != nil {
				g.cutBodies(u, local, s, f)
			}
		}
	}
	return g
}

func (g *guard) add(gr *group, fn *ast.FuncDecl, doublings float64) {
	name := fn.Name.Name
	if fn.Recv != nil {
		g.methods[name] = max(g.methods[name], doublings)
		return
	}
	if g.funcs[gr] == nil {
		g.funcs[gr] = map[string]float64{}
	}
	g.funcs[gr][name] = max(g.funcs[gr][name], doublings)
}

// cutBodies takes out the bodies of functions in which types can multiply.
func (g *guard) cutBodies(u *unit, local map[string][]*unit, s *source, f *ast.File) {
	for _, d := range f.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Body != nil && g.doublings(u, local, fn.Body) > maxGrowth {
			fn.Body = nil
			g.cut[s] = true
		}
	}
}

// mentions counts the type parameters in the results of a function.
func mentions(fn *ast.FuncDecl) int {
	if fn.Type.Results == nil {
		return 0
	}
	params := map[string]bool{}
	if fn.Type.TypeParams != nil {
		for _, f := range fn.Type.TypeParams.List {
			for _, id := range f.Names {
				params[id.Name] = true
			}
		}
	}
	if fn.Recv != nil {
		for _, f := range fn.Recv.List {
			ast.Inspect(f.Type, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.IndexExpr:
					note(params, n.Index)
				case *ast.IndexListExpr:
					note(params, n.Indices...)
				}
				return true
			})
		}
	}
	n := 0
	if len(params) > 0 {
		ast.Inspect(fn.Type.Results, func(node ast.Node) bool {
			if id, ok := node.(*ast.Ident); ok && params[id.Name] {
				n++
			}
			return true
		})
	}
	return n
}

func note(params map[string]bool, list ...ast.Expr) {
	for _, e := range list {
		if id, ok := e.(*ast.Ident); ok {
			params[id.Name] = true
		}
	}
}

// A measure is the measuring of one unit.
type measure struct {
	*guard
	unit    *unit
	own     map[string]*decl
	imports map[string]*unit // by local name
	params  []string         // of what is being weighed
	inner   *decl            // what is being weighed
	depth   int
	loose   int  // pointers and the like that the walk is behind
	union   bool // it is in a union, where they make no difference: all of it is looked at
	bad     bool
}

// measure reports whether u can be checked. It is called concurrently.
func (g *guard) measure(u *unit, trees []*ast.File) (measured, bool) {
	m := &measure{guard: g, unit: u, own: map[string]*decl{}, imports: map[string]*unit{}}
	n := 0
	for _, f := range trees {
		ast.Inspect(f, func(node ast.Node) bool {
			switch node := node.(type) {
			case *ast.GenDecl:
				for _, spec := range node.Specs {
					n++
					m.spec(node.Tok, spec)
				}
			case *ast.FuncDecl:
				n++
			}
			return true
		})
	}
	if n > maxDecls {
		return measured{}, false
	}
	for _, d := range m.own {
		m.weigh(d)
	}
	for _, f := range trees {
		ast.Inspect(f, m.types)
	}
	if m.bad || m.endless() {
		return measured{}, false
	}
	doubling := m.growth(trees)
	return measured{m.own, doubling}, doubling <= maxGrowth
}

// types measures the types that stand in code.
func (m *measure) types(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.TypeSpec: // it has been weighed
		m.form(n)
		return false
	case *ast.FuncType:
		m.bounds(n.TypeParams)
		m.expr(n, false)
		m.noConstraint(n.Params)
		if n.Results != nil {
			m.noConstraint(n.Results)
		}
		return false
	case *ast.StructType, *ast.ArrayType, *ast.MapType, *ast.InterfaceType, *ast.IndexListExpr:
		m.expr(n, false)
		m.noConstraint(n)
		return false
	case *ast.IndexExpr: // it may be an element of something
		m.expr(n, false)
	}
	return !m.bad
}

func (m *measure) spec(tok token.Token, spec ast.Spec) {
	get := func(id *ast.Ident, defined bool) *decl {
		d := m.own[id.Name]
		if d == nil {
			d = &decl{defined: defined}
			m.own[id.Name] = d
		}
		d.defined = d.defined && defined
		return d
	}
	switch s := spec.(type) {
	case *ast.ImportSpec:
		m.addImport(s)
	case *ast.TypeSpec:
		d := get(s.Name, !s.Assign.IsValid())
		d.isType = true
		var params []string
		var bounds []made
		if s.TypeParams != nil {
			for _, f := range s.TypeParams.List {
				for _, id := range f.Names {
					params = append(params, id.Name)
				}
				bounds = append(bounds, made{expr: f.Type, bound: true})
			}
		}
		d.made = append(append(d.made, made{expr: s.Type, params: params}), bounds...)
	case *ast.ValueSpec:
		if tok == token.CONST {
			for i, id := range s.Names {
				if d := get(id, false); i < len(s.Values) {
					d.made = append(d.made, made{expr: s.Values[i]})
				}
			}
		}
	}
}

func (m *measure) addImport(spec *ast.ImportSpec) {
	p, err := strconv.Unquote(spec.Path.Value)
	d := m.unit.imports[p]
	switch {
	case err != nil || d == nil:
	case spec.Name != nil && spec.Name.Name == ".": // its names count as the unit's own
		for name, e := range d.decls {
			if m.own[name] == nil && ast.IsExported(name) {
				m.own[name] = &decl{weight: e.weight, defined: e.defined, known: true}
			}
		}
	case spec.Name != nil:
		m.imports[spec.Name.Name] = d
	default:
		m.imports[d.group.name] = d
	}
}

// growth returns how often the variables of the unit, and of what it imports, can double
// a type.
func (m *measure) growth(trees []*ast.File) float64 {
	if len(m.funcs) == 0 && len(m.methods) == 0 {
		return 0
	}
	vars, below := 0.0, 0.0
	local := m.unit.locals()
	for _, d := range m.unit.imports {
		if d != nil {
			below = max(below, d.doubling)
		}
	}
	for _, f := range trees {
		for _, d := range f.Decls {
			if d, ok := d.(*ast.GenDecl); ok && d.Tok == token.VAR {
				vars += m.doublings(m.unit, local, d)
			}
		}
	}
	return vars + below
}

// locals returns the imports of the unit by the names that its files have for them.
func (u *unit) locals() map[string][]*unit {
	out := map[string][]*unit{}
	for _, f := range u.trees() {
		for _, spec := range f.Imports {
			p, err := strconv.Unquote(spec.Path.Value)
			d := u.imports[p]
			if err != nil || d == nil {
				continue
			}
			name := d.group.name
			if spec.Name != nil {
				name = spec.Name.Name
			}
			if !slices.Contains(out[name], d) {
				out[name] = append(out[name], d)
			}
		}
	}
	return out
}

// doublings adds up how often what n mentions can double a type.
func (g *guard) doublings(u *unit, local map[string][]*unit, n ast.Node) (sum float64) {
	of := func(list []*unit, name string) (most float64) {
		for _, d := range list {
			most = max(most, g.funcs[d.group][name])
		}
		return most
	}
	var visit func(n ast.Node) bool
	visit = func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			most := g.methods[n.Sel.Name]
			if id, ok := n.X.(*ast.Ident); ok {
				most = max(most, of(local[id.Name], n.Sel.Name))
			} else {
				ast.Inspect(n.X, visit)
			}
			sum += most
			return false
		case *ast.Ident:
			sum += max(g.funcs[u.group][n.Name], of(local["."], n.Name))
		}
		return true
	}
	ast.Inspect(n, visit)
	return sum
}
