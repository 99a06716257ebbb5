package gouses

import (
	"go/ast"
	"slices"
)

// weigh returns the weight of what d stands for.
func (m *measure) weigh(d *decl) weight {
	if m.inner != nil && m.inner.isType && d.isType && m.loose == m.inner.loose {
		m.inner.within = append(m.inner.within, d)
	}
	if d.known || d.open || m.bad {
		return d.weight
	}
	if m.depth++; m.depth > maxChain {
		m.bad = true
	}
	d.open, d.loose = true, m.loose
	d.weight.params = 1 // while it is open
	var w weight
	outer, inner, union := m.params, m.inner, m.union
	m.inner, m.union = d, false
	for _, e := range d.made {
		m.params = e.params
		if e.bound {
			m.loose++
		}
		w.add(m.expr(e.expr, false), 1)
		if e.bound {
			m.loose--
		}
	}
	m.params, m.inner, m.union = outer, inner, union
	d.weight, d.known, d.open = w, true, false
	m.depth--
	return w
}

// expr returns the weight of an expression; behind says that a pointer or the like leads
// to it.
func (m *measure) expr(e ast.Node, behind bool) (w weight) {
	if behind && !m.union {
		m.loose++
		defer func() { m.loose-- }()
	}
	ast.Inspect(e, func(n ast.Node) bool {
		if m.bad {
			return false
		}
		switch n := n.(type) {
		case *ast.StarExpr:
			w.add(m.expr(n.X, true), 1)
		case *ast.MapType:
			w.add(m.expr(n.Key, true), 1)
			w.add(m.expr(n.Value, true), 1)
		case *ast.ChanType:
			w.add(m.expr(n.Value, true), 1)
		case *ast.ArrayType:
			w.add(m.expr(n.Elt, behind || n.Len == nil), 1)
			if n.Len != nil {
				w.add(m.expr(n.Len, false), 1)
			}
		case *ast.FuncType:
			for _, l := range []*ast.FieldList{n.TypeParams, n.Params, n.Results} {
				if l != nil {
					for _, f := range l.List {
						w.add(m.expr(f.Type, true), max(len(f.Names), 1))
					}
				}
			}
		case *ast.Field:
			w.add(m.expr(n.Type, behind), max(len(n.Names), 1))
		case *ast.IndexExpr:
			w.add(m.instance(n.X, n.Index), 1)
		case *ast.IndexListExpr:
			w.add(m.instance(n.X, n.Indices...), 1)
		case *ast.SelectorExpr:
			w.add(m.name(n, behind), 1)
		case *ast.Ident:
			w.add(m.name(n, behind), 1)
		case *ast.BinaryExpr: // of a union, or of a constant
			w.add(m.term(n.X), 1)
			w.add(m.term(n.Y), 1)
		case *ast.UnaryExpr:
			w.add(m.term(n.X), 1)
		case *ast.BlockStmt: // of a function literal
		default:
			return true
		}
		return false
	})
	if w.fixed > maxWeight || w.params > maxWeight {
		m.bad = true
	}
	return w
}

// term returns the weight of a term of a union.
func (m *measure) term(e ast.Expr) weight {
	union := m.union
	m.union = true
	w := m.expr(e, false)
	m.union = union
	return w
}

// name returns the weight of a name without type arguments.
func (m *measure) name(e ast.Expr, behind bool) weight {
	w := weight{fixed: 1}
	var d *decl
	switch e := e.(type) {
	case *ast.Ident:
		if slices.Contains(m.params, e.Name) {
			return weight{params: 1}
		}
		if d = m.own[e.Name]; d != nil && d.isType && m.inner != nil {
			m.inner.refs = append(m.inner.refs, d)
		}
		if d != nil && (m.union || !(behind && d.defined)) {
			m.weigh(d)
		}
	case *ast.SelectorExpr:
		if id, ok := e.X.(*ast.Ident); !ok || m.imports[id.Name] == nil {
			return m.expr(e.X, behind)
		} else {
			d = m.imports[id.Name].decls[e.Sel.Name]
		}
	default:
		return m.expr(e, behind)
	}
	if d != nil && !(behind && d.defined) {
		w.fixed += d.weight.fixed + d.weight.params
	}
	return w
}

// instance returns the weight of a generic type with arguments, of which an index cannot
// be told.
func (m *measure) instance(e ast.Expr, args ...ast.Expr) weight {
	var all weight
	for _, a := range args {
		if !m.union {
			m.loose++
		}
		all.add(m.expr(a, false), 1)
		if !m.union {
			m.loose--
		}
	}
	w := m.name(e, false)
	times := 1.0
	switch e := e.(type) {
	case *ast.Ident:
		if d := m.own[e.Name]; d != nil {
			if m.inner != nil && slices.ContainsFunc(args, m.larger) {
				m.inner.grows = append(m.inner.grows, d)
			}
			times = max(d.weight.params, 1)
		}
	case *ast.SelectorExpr:
		if id, ok := e.X.(*ast.Ident); ok && m.imports[id.Name] != nil {
			if d := m.imports[id.Name].decls[e.Sel.Name]; d != nil {
				times = max(d.weight.params, 1)
			}
		}
	}
	return weight{w.fixed + times*all.fixed, w.params + times*all.params}
}
