package gouses

import (
	"go/ast"
	"slices"
)

// endless reports whether a type contains itself, leads to larger and larger instances of
// itself, or is constrained by itself. None of them is Go, and go/types does not come to an end with all of them.
func (m *measure) endless() bool {
	for _, d := range m.own {
		if d.cyclic(0) {
			return true
		}
	}
	var c components
	for _, d := range m.own {
		if d.index == 0 {
			c.visit(d)
		}
	}
	for _, d := range m.own {
		if slices.ContainsFunc(d.grows, func(e *decl) bool { return e.comp == d.comp }) {
			return true
		}
	}
	return false
}

// cyclic reports whether a type contains itself: go/types does not come to an end with
// all of them.
func (d *decl) cyclic(depth int) bool {
	if d.state != 0 || depth > maxDecls {
		return d.state == 1
	}
	d.state = 1
	for _, e := range d.within {
		if e.cyclic(depth + 1) {
			return true
		}
	}
	d.state = 2
	return false
}

// components finds the strongly connected components of declarations: Tarjan's algorithm.
type components struct {
	last, comp int
	stack      []*decl
}

func (c *components) visit(d *decl) {
	c.last++
	d.index, d.low = c.last, c.last
	c.stack = append(c.stack, d)
	for _, e := range d.refs {
		if e.index == 0 {
			c.visit(e)
			d.low = min(d.low, e.low)
		} else if e.comp == 0 {
			d.low = min(d.low, e.index)
		}
	}
	if d.low != d.index {
		return
	}
	c.comp++
	for {
		e := c.stack[len(c.stack)-1]
		c.stack = c.stack[:len(c.stack)-1]
		e.comp = c.comp
		if e == d {
			return
		}
	}
}

// larger reports whether a type argument has a type parameter in it and is more than one.
func (m *measure) larger(arg ast.Expr) bool {
	if _, ok := arg.(*ast.Ident); ok {
		return false
	}
	found := false
	ast.Inspect(arg, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && slices.Contains(m.params, id.Name) {
			found = true
		}
		return !found
	})
	return found
}

// form refuses a type that is defined as its own type parameter, and constraints that
// stand for types.
func (m *measure) form(s *ast.TypeSpec) {
	if s.TypeParams != nil {
		for _, f := range s.TypeParams.List {
			for _, id := range f.Names {
				if t, ok := ast.Unparen(s.Type).(*ast.Ident); ok && t.Name == id.Name {
					m.bad = true
				}
			}
		}
	}
	m.bounds(s.TypeParams)
	if it, ok := ast.Unparen(s.Type).(*ast.InterfaceType); ok {
		m.constraint(it)
		m.terms(m.own[s.Name.Name], it)
		return
	}
	m.noConstraint(s.Type)
}

// bounds refuses what constraints of type parameters cannot be.
func (m *measure) bounds(list *ast.FieldList) {
	if list == nil {
		return
	}
	own := map[string]bool{}
	for _, f := range list.List {
		for _, id := range f.Names {
			own[id.Name] = true
		}
	}
	for _, f := range list.List {
		if id, ok := ast.Unparen(f.Type).(*ast.Ident); ok && own[id.Name] {
			m.bad = true
		}
		m.element(f.Type)
	}
}

// terms notes the types that the elements of a constraint have in them.
func (m *measure) terms(d *decl, it *ast.InterfaceType) {
	for _, f := range it.Methods.List {
		if len(f.Names) > 0 || m.embeddable(f.Type) {
			continue
		}
		ast.Inspect(f.Type, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok {
				if e := m.own[id.Name]; e != nil && e.isType {
					d.grows = append(d.grows, e)
				}
			}
			return true
		})
	}
}

// element looks at what an interface embeds, or a type parameter is bound by.
func (m *measure) element(e ast.Expr) {
	switch e := ast.Unparen(e).(type) {
	case *ast.BinaryExpr:
		m.element(e.X)
		m.element(e.Y)
	case *ast.UnaryExpr:
		m.element(e.X)
	case *ast.InterfaceType:
		m.constraint(e)
	default:
		m.noConstraint(e)
	}
}

func (m *measure) constraint(it *ast.InterfaceType) {
	for _, f := range it.Methods.List {
		if len(f.Names) == 0 {
			m.element(f.Type)
		} else {
			m.noConstraint(f.Type)
		}
	}
}

// noConstraint refuses interfaces in e that only constraints can be.
func (m *measure) noConstraint(e ast.Node) {
	ast.Inspect(e, func(n ast.Node) bool {
		if it, ok := n.(*ast.InterfaceType); ok {
			for _, f := range it.Methods.List {
				if len(f.Names) > 0 {
					continue
				}
				if !m.embeddable(f.Type) {
					m.bad = true
				}
			}
		}
		return !m.bad
	})
}

// embeddable reports whether an ordinary interface may embed e, as far as can be seen.
func (m *measure) embeddable(e ast.Expr) bool {
	switch e := ast.Unparen(e).(type) {
	case *ast.SelectorExpr, *ast.InterfaceType:
		return true
	case *ast.IndexExpr:
		return m.embeddable(e.X)
	case *ast.IndexListExpr:
		return m.embeddable(e.X)
	case *ast.Ident:
		d := m.own[e.Name]
		return d == nil || !slices.ContainsFunc(d.made, func(x made) bool {
			if x.bound {
				return false
			}
			switch ast.Unparen(x.expr).(type) {
			case *ast.InterfaceType, *ast.Ident, *ast.SelectorExpr, *ast.IndexExpr, *ast.IndexListExpr:
				return false
			}
			return d.isType
		})
	}
	return false
}
