package gouses

import (
	"go/ast"
	"go/token"
	"go/types"
)

// An objKey tells an object from others, in whatever units it has been seen: by where it
// is declared, or, outside the tree, by what it is called.
type objKey struct {
	pos token.Pos
	ext string
}

// A place is where an unresolved identifier stands.
type place uint8

const (
	nowhere  place = iota
	alone          // by itself
	selected       // after a dot
	literal        // a key of a composite literal
)

// A sighting is one occurrence of the name, as one unit sees it.
type sighting struct {
	source *source
	off    int
	unit   *unit

	def, use objKey // what it declares and means; both for an embedded field

	// Of what could not be resolved.
	place  place
	of     string // with selected: the name before the dot, if it means nothing
	pkg    string // with selected: the import path of the package in the tree before the dot
	anyDot bool   // the file has an import whose names need no dot
}

// A target is something that the name means.
type target struct {
	member bool // a method or field
	unit   *unit
}

// An owned is a type that has the name as a method, by itself or by embedding.
type owned struct {
	obj *types.TypeName
	key objKey
}

// findings are what a unit says about the name.
type findings struct {
	sightings []sighting
	targets   map[objKey]target
	methods   map[objKey]*types.Func
	owners    []owned
}

// A finder looks through a unit that has been checked.
type finder struct {
	name name
	unit *unit
	pkg  *types.Package
	info *types.Info
	out  *findings
}

func (f *finder) find() {
	f.out.targets = map[objKey]target{}
	f.out.methods = map[objKey]*types.Func{}
	n := f.name
	u := f.unit
	isOf := func(prefix string) bool { return names(prefix, f.pkg.Name(), u.path, u.group.dir) }
	if isOf(n.pkg) {
		if obj := f.pkg.Scope().Lookup(n.last); obj != nil {
			f.target(obj, false)
		}
	}
	if n.owner != "" && isOf(n.ownerPkg) {
		f.member(f.pkg.Scope().Lookup(n.owner))
	}
	for _, s := range u.files {
		if tree := u.tree(s); tree != nil && s.relevant() {
			f.file(s, tree, n.owner != "" && isOf(n.ownerPkg))
		}
	}
	for _, name := range f.pkg.Scope().Names() {
		obj, ok := f.pkg.Scope().Lookup(name).(*types.TypeName)
		if !ok || obj.IsAlias() {
			continue
		}
		if fn, ok := f.lookup(obj).(*types.Func); ok {
			f.out.owners = append(f.out.owners, owned{obj, f.key(fn)})
			f.out.methods[f.key(fn)] = fn.Origin()
		}
	}
}

// lookup returns the method or field of the type that has the name, nil if there is none.
func (f *finder) lookup(obj types.Object) types.Object {
	found, _, _ := types.LookupFieldOrMethod(obj.Type(), true, obj.Pkg(), f.name.last)
	return found
}

// member makes a target of the method or field of the type obj.
func (f *finder) member(obj types.Object) {
	if t, ok := obj.(*types.TypeName); ok && t.Pkg() != nil {
		if found := f.lookup(t); found != nil {
			f.target(found, true)
		}
	}
}

func (f *finder) target(obj types.Object, member bool) {
	f.out.targets[f.key(obj)] = target{member, f.unit}
}

// key returns what tells obj from others; obj may be of an instantiated type.
func (f *finder) key(obj types.Object) objKey {
	switch o := obj.(type) {
	case *types.Func:
		obj = o.Origin()
	case *types.Var:
		obj = o.Origin()
	}
	if obj.Pos().IsValid() {
		return objKey{pos: obj.Pos()}
	}
	if fn, ok := obj.(*types.Func); ok {
		return objKey{ext: "builtin " + fn.FullName()}
	}
	return objKey{ext: "builtin " + obj.Name()}
}

// file notes all occurrences of the name in a file.
func (f *finder) file(s *source, tree *ast.File, owners bool) {
	// What is known of an identifier from what it is part of.
	around := map[*ast.Ident]sighting{}
	var lits []*ast.FuncLit // that the walk is in or has left
	anyDot := false
	for _, spec := range tree.Imports {
		anyDot = anyDot || spec.Name != nil && spec.Name.Name == "."
	}
	ast.Inspect(tree, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			if n.Sel.Name == f.name.last {
				around[n.Sel] = f.selector(n)
			}
		case *ast.CompositeLit:
			for _, e := range n.Elts {
				if kv, ok := e.(*ast.KeyValueExpr); ok {
					if id, ok := kv.Key.(*ast.Ident); ok && id.Name == f.name.last {
						around[id] = sighting{place: literal}
					}
				}
			}
		case *ast.FuncLit:
			lits = append(lits, n)
		case *ast.LabeledStmt:
			around[n.Label] = sighting{}
		case *ast.BranchStmt:
			if n.Label != nil {
				around[n.Label] = sighting{}
			}
		case *ast.ImportSpec:
			if n.Name != nil {
				around[n.Name] = sighting{}
			}
		case *ast.File:
			around[n.Name] = sighting{}
		case *ast.Ident:
			if owners && n.Name == f.name.owner {
				f.member(f.info.Defs[n]) // also of types in functions
			}
			if n.Name == f.name.last {
				sg, ok := around[n]
				if !ok {
					sg.place = alone
				}
				sg.source, sg.unit, sg.anyDot = s, f.unit, anyDot
				sg.off = int(n.Pos()) - s.tree.base
				f.ident(n, &sg)
				if sg.place != nowhere {
					f.passedOver(n, &sg, lits)
				}
				f.out.sightings = append(f.out.sightings, sg)
			}
		}
		return true
	})
}

// selector says what is before the dot.
func (f *finder) selector(n *ast.SelectorExpr) sighting {
	sg := sighting{place: selected}
	id, ok := n.X.(*ast.Ident)
	if !ok {
		return sg
	}
	switch obj := f.info.Uses[id].(type) {
	case nil:
		if f.info.Defs[id] == nil {
			sg.of = id.Name
		}
	case *types.PkgName:
		f.of(obj, n.Sel.Name, &sg)
	}
	return sg
}

// of notes that the name is selected from a package.
func (f *finder) of(name *types.PkgName, sel string, sg *sighting) {
	pkg := name.Imported()
	for _, d := range f.unit.imports {
		if d != nil && d.pkg == pkg {
			sg.pkg = d.path
			return
		}
	}
	if d := f.unit.imports[pkg.Path()]; d != nil { // it could not be checked
		sg.pkg = d.path
	} else if d := f.unit.cut[pkg.Path()]; d != nil {
		sg.pkg = d.path
	} else {
		sg.use = objKey{ext: pkg.Path() + "." + sel}
	}
}

// passedOver resolves by scope alone what go/types did not look at, as it does not where
// what is around it is of no known type.
func (f *finder) passedOver(n *ast.Ident, sg *sighting, lits []*ast.FuncLit) {
	name := n.Name
	if sg.place == selected {
		name = sg.of
	}
	scope := f.pkg.Scope().Innermost(n.Pos())
	if scope == nil || name == "" || sg.place == literal {
		return
	}
	for _, l := range lits {
		if l.Pos() <= n.Pos() && n.Pos() < l.End() && scope.Pos() < l.Pos() {
			return // what the function declares is not known
		}
	}
	_, obj := scope.LookupParent(name, n.Pos())
	switch {
	case obj == nil:
	case sg.place == alone:
		sg.use, sg.place = f.key(obj), nowhere
	default:
		sg.of = ""
		if p, ok := obj.(*types.PkgName); ok {
			f.of(p, n.Name, sg)
			if sg.use.ext != "" {
				sg.place = nowhere
			} else if found := p.Imported().Scope().Lookup(n.Name); found != nil {
				sg.use, sg.place = f.key(found), nowhere
			}
		}
	}
}

// ident notes what n declares and means.
func (f *finder) ident(n *ast.Ident, sg *sighting) {
	def, defined := f.info.Defs[n]
	if def != nil {
		sg.def = f.key(def)
		f.declared(def)
	}
	use := f.info.Uses[n]
	if use != nil {
		sg.use = f.key(use)
		if fn, ok := use.(*types.Func); ok && fn.Signature().Recv() != nil {
			f.out.methods[sg.use] = fn.Origin()
		}
	}
	if defined || use != nil || sg.use.ext != "" {
		sg.place = nowhere
	}
}

// declared makes a target of a method or field, if the name is one identifier.
func (f *finder) declared(def types.Object) {
	switch d := def.(type) {
	case *types.Func:
		if d.Signature().Recv() == nil {
			return
		}
		f.out.methods[f.key(d)] = d
	case *types.Var:
		if !d.IsField() {
			return
		}
	default:
		return
	}
	if f.name.bare() {
		f.target(def, true)
	}
}
