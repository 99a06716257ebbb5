package gouses

import (
	"go/token"
	"slices"
)

// narrow leaves out files that have the name and cannot mean it: what is a package's own
// needs an import of the package, and what is not exported does not leave it.
func (g *graph) narrow(n name) {
	if n.bare() {
		return
	}
	var owners []string // folders that may declare the type
	for dir, list := range g.sources {
		if slices.ContainsFunc(list, func(s *source) bool { return s.owner }) {
			owners = append(owners, dir)
		}
	}
	exported := token.IsExported(n.last)
	if exported && (len(owners) > 0 || g.selectedOutside(n)) {
		return
	}
	for dir, list := range g.sources {
		if g.ctx.Err() != nil {
			return
		}
		if slices.Contains(owners, dir) || !slices.ContainsFunc(list, func(s *source) bool { return s.has }) {
			continue
		}
		path := g.mods.importPath(dir)
		own := slices.ContainsFunc(g.groupsOf(dir), func(gr *group) bool {
			return names(n.pkg, gr.name, path, dir) || names(n.pkg, gr.name+"_test", path+"_test", dir)
		})
		for _, s := range list {
			if s.has && !own && !(exported && slices.ContainsFunc(s.head.imports, func(imp string) bool { return g.means(n, dir, imp) })) {
				s.has = false
			}
		}
	}
}

// selectedOutside reports whether the name can be of a type outside the tree.
func (g *graph) selectedOutside(n name) bool {
	if n.ownerPkg == "" {
		return false
	}
	for dir, list := range g.sources {
		for _, s := range list {
			if !s.has {
				continue
			}
			s.readHead()
			for _, imp := range s.head.imports {
				if names(n.ownerPkg, assumedName(imp), imp, "") {
					if _, ok := g.mods.resolve(dir, imp, g.exists); !ok {
						return true
					}
				}
			}
		}
	}
	return false
}

// means reports whether an import in the folder from is of a package that the name may be
// qualified with.
func (g *graph) means(n name, from, imp string) bool {
	if imp == "C" {
		return false
	}
	dir, ok := g.mods.resolve(from, imp, g.exists)
	if !ok {
		return names(n.pkg, assumedName(imp), imp, "")
	}
	path := g.mods.importPath(dir)
	return slices.ContainsFunc(g.groupsOf(dir), func(gr *group) bool { return names(n.pkg, gr.name, path, dir) })
}
