package gouses

import (
	"go/token"
	"go/types"
	"strings"
)

// An is says what an identifier is.
type is uint8

const (
	other is = iota // something else of the same name
	unsure
	used
	defined
)

// A verdict is what is known of one identifier in a file.
type verdict struct {
	is  is
	why Reason
}

// An answer is what all units together say.
type answer struct {
	targets map[objKey]target
	related map[objKey]Reason // methods that may be a target at run time
	files   map[*source]map[int]verdict

	outside  bool // the name means something outside the tree
	anyField bool // it is a member of a type outside the tree
}

func (c *checker) answer() *answer {
	a := &answer{targets: map[objKey]target{}, related: map[objKey]Reason{}, files: map[*source]map[int]verdict{}}
	methods := map[objKey]*types.Func{}
	var owners []owned
	var done []*unit
	for _, u := range c.graph.order {
		if u.out == nil {
			continue
		}
		done = append(done, u)
		for k, t := range u.out.targets {
			a.targets[k] = t
		}
		for k, m := range u.out.methods {
			methods[k] = m
		}
		owners = append(owners, u.out.owners...)
		c.external(a, u)
	}
	a.relate(methods, owners)
	for _, u := range done {
		for i := range u.out.sightings {
			sg := &u.out.sightings[i]
			v := a.judge(c.name, sg)
			if a.files[sg.source] == nil {
				a.files[sg.source] = map[int]verdict{}
			}
			if old, ok := a.files[sg.source][sg.off]; !ok || v.is > old.is {
				a.files[sg.source][sg.off] = v
			}
		}
	}
	return a
}

// external finds what the name means outside the tree.
func (c *checker) external(a *answer, u *unit) {
	n := c.name
	for i := range u.out.sightings {
		sg := &u.out.sightings[i]
		if p, ok := strings.CutSuffix(sg.use.ext, "."+n.last); ok && n.pkg != "" && names(n.pkg, assumedName(p), p, "") {
			a.targets[sg.use] = target{unit: u}
			a.outside = true
		}
	}
	if n.ownerPkg == "" || len(u.out.sightings) == 0 {
		return
	}
	for _, p := range u.missing {
		if names(n.ownerPkg, assumedName(p), p, "") {
			a.outside, a.anyField = true, true
		}
	}
}

// relate finds the methods that a call may reach by way of an interface.
func (a *answer) relate(methods map[objKey]*types.Func, owners []owned) {
	var receivers []*types.TypeName // with a target as a method
	var interfaces []*types.Interface
	for k := range a.targets {
		if m := methods[k]; m != nil {
			if it := interfaceOf(m); it != nil {
				interfaces = append(interfaces, it)
			}
		}
	}
	for _, o := range owners {
		if _, ok := a.targets[o.key]; ok && !types.IsInterface(o.obj.Type()) {
			receivers = append(receivers, o.obj)
		}
	}
	for k, m := range methods {
		if it := interfaceOf(m); it != nil && a.targets[k] == (target{}) {
			for _, r := range receivers {
				if implements(r, it) {
					a.related[k] = ViaInterface
					break
				}
			}
		}
	}
	for _, o := range owners {
		if a.targets[o.key] != (target{}) || types.IsInterface(o.obj.Type()) {
			continue
		}
		for _, it := range interfaces {
			if implements(o.obj, it) {
				a.related[o.key] = Implements
				break
			}
		}
	}
}

// interfaceOf returns the interface that declares m, nil if it is a method of a type.
func interfaceOf(m *types.Func) *types.Interface {
	recv := m.Signature().Recv()
	if recv == nil {
		return nil
	}
	it, _ := recv.Type().Underlying().(*types.Interface)
	return it
}

// implements reports whether the type, or a pointer to it, has the methods of it. Types
// are compared as they are written out: those of one package checked twice are equal,
// and so are all that lie outside the tree.
func implements(obj *types.TypeName, it *types.Interface) bool {
	for m := range it.Methods() {
		found, _, _ := types.LookupFieldOrMethod(obj.Type(), true, m.Pkg(), m.Name())
		if m.Pkg() == nil || found == nil {
			found, _, _ = types.LookupFieldOrMethod(obj.Type(), true, obj.Pkg(), m.Name())
		}
		fn, ok := found.(*types.Func)
		if !ok || !token.IsExported(m.Name()) && m.Pkg().Path() != fn.Pkg().Path() || !sameSignature(fn.Signature(), m.Signature()) {
			return false
		}
	}
	return true
}

func sameSignature(a, b *types.Signature) bool {
	if a.Params().Len() != b.Params().Len() || a.Results().Len() != b.Results().Len() || a.Variadic() != b.Variadic() {
		return false
	}
	same := func(x, y *types.Tuple) bool {
		for i := range x.Len() {
			if !sameType(x.At(i).Type(), y.At(i).Type()) {
				return false
			}
		}
		return true
	}
	return same(a.Params(), b.Params()) && same(a.Results(), b.Results())
}

// sameType reports whether two types may be one.
func sameType(a, b types.Type) bool {
	if types.Identical(a, b) {
		return true
	}
	x, y := typeText(a), typeText(b)
	return x == y || strings.Contains(x, "invalid type") || strings.Contains(y, "invalid type") || generic(a) || generic(b)
}

func typeText(t types.Type) string {
	return types.TypeString(t, func(p *types.Package) string { return p.Path() })
}

// generic reports whether t has a type parameter where it can be seen at once.
func generic(t types.Type) bool {
	switch t := t.(type) {
	case *types.TypeParam:
		return true
	case *types.Pointer:
		return generic(t.Elem())
	case *types.Slice:
		return generic(t.Elem())
	case *types.Array:
		return generic(t.Elem())
	case *types.Chan:
		return generic(t.Elem())
	case *types.Map:
		return generic(t.Key()) || generic(t.Elem())
	case *types.Signature:
		return true
	case *types.Named:
		return t.TypeArgs().Len() > 0 || t.TypeParams().Len() > 0
	}
	return false
}

// judge says what one sighting is.
func (a *answer) judge(n name, sg *sighting) verdict {
	_, isDef := a.targets[sg.def]
	_, isUse := a.targets[sg.use]
	switch {
	case isUse:
		return verdict{is: used}
	case isDef:
		return verdict{is: defined}
	case a.related[sg.use] != "":
		return verdict{unsure, a.related[sg.use]}
	case a.related[sg.def] == Implements:
		return verdict{unsure, Implements}
	case sg.place == nowhere:
		if a.mistaken(n, sg) {
			return verdict{unsure, UnknownName}
		}
		return verdict{}
	}
	return a.unresolved(n, sg)
}

// mistaken reports whether what sg takes to be outside the tree may be in it after all:
// where there is no go.mod, nobody knows what the tree's own packages are called.
func (a *answer) mistaken(n name, sg *sighting) bool {
	p, ok := strings.CutSuffix(sg.use.ext, "."+n.last)
	if !ok || !strings.HasPrefix(sg.unit.path, "./") || !strings.Contains(p, ".") {
		return false
	}
	for k, t := range a.targets {
		if k.ext != "" || t.member {
			continue
		}
		if dir := t.unit.group.dir; strings.HasSuffix(p, "/"+dir) || dir == "." && assumedName(p) == t.unit.group.name {
			return true
		}
	}
	return false
}

// unresolved says whether an identifier that go/types could make nothing of may be a
// target.
func (a *answer) unresolved(n name, sg *sighting) verdict {
	exported := token.IsExported(n.last)
	for k, t := range a.targets {
		near := t.unit.group.dir == sg.unit.group.dir
		switch {
		case sg.place == selected && sg.pkg != "":
			if !t.member && k.ext == "" && t.unit.path == sg.pkg {
				return verdict{unsure, UnknownName}
			}
		case t.member:
			if exported || near {
				switch sg.place {
				case selected:
					return verdict{unsure, UnknownType}
				case literal:
					return verdict{unsure, UnknownKey}
				}
			}
		case sg.place == selected:
			if sg.of != "" && (k.ext != "" || t.unit.group.name == sg.of) {
				return verdict{unsure, UnknownName}
			}
		case near || sg.anyDot:
			return verdict{unsure, UnknownName}
		}
	}
	if a.anyField && exported {
		switch sg.place {
		case selected:
			return verdict{unsure, UnknownType}
		case literal:
			return verdict{unsure, UnknownKey}
		}
	}
	return verdict{}
}
