package gouses

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"sync"
)

// maxNesting is how deep a file's syntax tree may be: go/types recurses.
const maxNesting = 10_000

// A parsed is the syntax tree of a file.
type parsed struct {
	once sync.Once
	full *ast.File // with the bodies of functions that hold the name; nil if it is of no use
	bare *ast.File // without bodies
	base int       // token.Pos of offset 0
	lack Reason    // why it is not whole, "" if it is
}

// parse parses the file, once. A panic in the parser is as a file that does not parse.
func (s *source) parse(fset *token.FileSet, ident string) {
	s.tree.once.Do(func() {
		defer func() {
			if recover() != nil {
				s.tree.full, s.tree.bare, s.tree.lack = nil, nil, NotParsed
			}
		}()
		s.doParse(fset, ident)
	})
}

func (s *source) doParse(fset *token.FileSet, ident string) {
	src := s.data
	if !s.has {
		src = strip(src)
	}
	// The name stays out: go/types prints positions to stderr before it panics.
	f, err := parser.ParseFile(fset, "", src, parser.SkipObjectResolution|parser.AllErrors)
	if err != nil {
		s.tree.lack = NotParsed
	}
	if f == nil || f.Name == nil || !f.FileStart.IsValid() {
		s.tree.lack = NotParsed
		return
	}
	s.tree.base = int(f.FileStart)
	for _, d := range f.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Body != nil && !s.holds(fn.Body, ident) {
			fn.Body = nil
		}
	}
	if !tame(f) {
		s.tree.lack = TooElaborate
		return
	}
	s.tree.full, s.tree.bare = f, withoutBodies(f)
}

// holds reports whether the text of n has the name in it.
func (s *source) holds(n ast.Node, ident string) bool {
	if !s.has {
		return false
	}
	from, to := int(n.Pos())-s.tree.base, int(n.End())-s.tree.base
	from, to = max(0, min(from, len(s.data))), max(0, min(to, len(s.data)))
	return from < to && bytes.Contains(s.data[from:to], []byte(ident))
}

// withoutBodies returns f without the bodies of its functions.
func withoutBodies(f *ast.File) *ast.File {
	bare := *f
	bare.Decls = make([]ast.Decl, len(f.Decls))
	for i, d := range f.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Body != nil {
			c := *fn
			c.Body = nil
			d = &c
		}
		bare.Decls[i] = d
	}
	return &bare
}

// tame empties the string literals of f, of which constants without bound can be made,
// and reports whether its nesting is within bounds.
func tame(f *ast.File) bool {
	depth, ok := 0, true
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case nil:
			depth--
			return true
		case *ast.ImportSpec:
			return false
		case *ast.BasicLit:
			if n.Kind == token.STRING {
				n.Value = `""`
			}
		}
		if depth++; depth > maxNesting {
			ok = false
		}
		if !ok {
			depth--
		}
		return ok
	})
	return ok
}
