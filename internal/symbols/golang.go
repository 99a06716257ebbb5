package symbols

import (
	"go/ast"
	goparser "go/parser"
	"go/token"
)

// scanGo reads Go by its own parser, which hands back what it understood of a file that
// does not parse.
func scanGo(src []byte) []Symbol {
	fset := token.NewFileSet()
	// The error is of no use here: the tree is whatever could be parsed, nil at worst.
	file, _ := goparser.ParseFile(fset, "", src, goparser.SkipObjectResolution|goparser.AllErrors)
	if file == nil {
		return nil
	}
	g := goScan{fset: fset, src: src}
	for _, decl := range file.Decls {
		if len(g.out) >= MaxSymbols {
			break
		}
		switch d := decl.(type) {
		case *ast.FuncDecl:
			g.function(d)
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				g.spec(d, spec)
			}
		}
	}
	return g.out
}

type goScan struct {
	fset *token.FileSet
	src  []byte
	out  []Symbol
}

// line returns the line of p in the text itself: a "//line" directive moves nothing.
func (g *goScan) line(p token.Pos) int { return g.fset.PositionFor(p, false).Line }

func (g *goScan) text(from, to token.Pos) []byte {
	a, b := g.fset.PositionFor(from, false).Offset, g.fset.PositionFor(to, false).Offset
	a, b = max(0, min(a, len(g.src))), max(0, min(b, len(g.src)))
	if b < a {
		return nil
	}
	return g.src[a:b]
}

func (g *goScan) add(kind Kind, container string, name *ast.Ident, from, to, end token.Pos) {
	if name == nil || name.Name == "_" || name.Name == "" || len(g.out) >= MaxSymbols {
		return
	}
	line := g.line(name.Pos())
	g.out = append(g.out, Symbol{
		Name: clip(name.Name, MaxName), Kind: kind, Container: clip(container, 2*MaxName),
		Line: line, EndLine: max(line, g.line(end)), Signature: headline(g.text(from, to), false),
	})
}

func (g *goScan) function(d *ast.FuncDecl) {
	head := d.End()
	if d.Body != nil {
		head = d.Body.Pos()
	}
	if d.Recv == nil {
		g.add(Function, "", d.Name, d.Type.Pos(), head, d.End())
		return
	}
	container := ""
	if len(d.Recv.List) > 0 {
		container = receiver(d.Recv.List[0].Type)
	}
	g.add(Method, container, d.Name, d.Type.Pos(), head, d.End())
}

// receiver returns the name of a receiver's type: T of T, *T, T[K, V] and (*T).
func receiver(e ast.Expr) string {
	for {
		switch t := e.(type) {
		case *ast.StarExpr:
			e = t.X
		case *ast.ParenExpr:
			e = t.X
		case *ast.IndexExpr:
			e = t.X
		case *ast.IndexListExpr:
			e = t.X
		case *ast.Ident:
			return t.Name
		default:
			return ""
		}
	}
}

func (g *goScan) spec(d *ast.GenDecl, spec ast.Spec) {
	from := spec.Pos()
	if !d.Lparen.IsValid() {
		from = d.Pos()
	}
	switch s := spec.(type) {
	case *ast.ValueSpec:
		kind := Var
		if d.Tok == token.CONST {
			kind = Const
		}
		for _, name := range s.Names {
			g.add(kind, "", name, from, s.End(), s.End())
		}
	case *ast.TypeSpec:
		switch t := s.Type.(type) {
		case *ast.StructType:
			g.add(Struct, "", s.Name, from, t.Fields.Pos(), s.End())
		case *ast.InterfaceType:
			g.add(Interface, "", s.Name, from, t.Methods.Pos(), s.End())
			for _, m := range t.Methods.List {
				if _, ok := m.Type.(*ast.FuncType); ok && len(m.Names) > 0 {
					g.add(Method, s.Name.Name, m.Names[0], m.Pos(), m.End(), m.End())
				}
			}
		default:
			g.add(Type, "", s.Name, from, s.End(), s.End())
		}
	}
}
