package checkout

import (
	"path"
	"slices"
	"strings"

	"cleat/internal/report"
)

// find returns the one file that the name means.
func (m *Map) find(n *name) (string, bool) {
	if rest, inside := m.inside(n); inside { // of this very checkout: that file or none
		return m.exact(rest, n.drive)
	}
	if n.abs {
		if n.foreign() {
			return "", false
		}
		root, sure := knownRoot(n.segs, n.drive)
		if sure {
			if file, ok := m.exact(strings.Join(n.segs[root:], "/"), n.drive); ok {
				return file, true
			}
		}
		return m.choose(n, root)
	}
	if dir, known := m.goDir(n.scope); known {
		return m.inGo(n, dir)
	}
	if file, ok := m.inModule(n); ok { // as -trimpath has it: by the path of the module
		return file, true
	}
	if !n.up {
		if file, ok := m.inPackage(n); ok {
			return file, true
		}
		if len(n.segs) > 1 || !m.elsewhere(n) {
			if file, ok := m.exact(n.path(), n.drive); ok {
				return file, true
			}
		}
	}
	if n.foreign() || len(n.segs) == 1 && n.tool == "go" && m.goForeign(n.scope) {
		return "", false
	}
	return m.choose(n, 0)
}

// inside returns what is left of an absolute path below the root on this machine.
func (m *Map) inside(n *name) (rest string, ok bool) {
	if !n.abs || m.dir == "" {
		return "", false
	}
	dir := strings.TrimPrefix(m.dir, "/")
	if n.drive {
		_, dir, _ = strings.Cut(m.dir, ":/")
	}
	all := n.path()
	if len(all) <= len(dir)+1 || all[len(dir)] != '/' || dir == "" {
		return "", false
	}
	if all[:len(dir)] != dir && !(n.drive && strings.EqualFold(all[:len(dir)], dir)) {
		return "", false
	}
	return all[len(dir)+1:], true
}

// exact returns the file of that path. fold is for systems where case does not count.
func (m *Map) exact(file string, fold bool) (string, bool) {
	if m.byPath[file] || !fold {
		return file, m.byPath[file]
	}
	found := ""
	for _, i := range m.byBase[strings.ToLower(path.Base(file))] {
		if p := m.paths[i]; strings.EqualFold(p, file) {
			if found != "" {
				return "", false
			}
			found = p
		}
	}
	return found, found != ""
}

// A candidate is a file that may be meant.
type candidate struct {
	path   string
	common int // last segments that are the same
	weak   bool
}

// choose returns the file that shares the longest end with the name, of which root segments
// are known to be outside of the project.
func (m *Map) choose(n *name, root int) (string, bool) {
	var best []candidate
	for _, i := range m.byBase[strings.ToLower(n.base())] {
		c, ok := m.weigh(n, m.paths[i], root)
		if !ok || !n.sharesClass(c.path) {
			continue
		}
		if len(best) > 0 {
			switch b := best[0]; {
			case b.weak && !c.weak, b.weak == c.weak && c.common > b.common:
				best = best[:0]
			case b.weak != c.weak || c.common < b.common:
				continue
			}
		}
		best = append(best, c)
	}
	if len(best) > 1 {
		best = m.sharing(best, n.scope)
	}
	if len(best) != 1 {
		return "", false
	}
	return best[0].path, true
}

// weigh compares a file with the name. ok is false for one that is not meant.
func (m *Map) weigh(n *name, file string, root int) (c candidate, ok bool) {
	k, rest := 0, file
	for rest != "" && k < len(n.segs) {
		i := strings.LastIndexByte(rest, '/')
		a, b := rest[i+1:], n.segs[len(n.segs)-1-k]
		if a != b && !(n.drive && strings.EqualFold(a, b)) {
			break
		}
		k++
		rest = rest[:max(i, 0)]
	}
	all := rest == "" // of the file's path
	c = candidate{path: file, common: k}
	told := len(n.segs) - root // segments of the project
	switch {
	case k == 0:
		return c, false
	case k >= told && (!n.abs || root > 0): // all that was told of the project
		return c, told > 1 || !n.abs || all || m.scope(n.scope).has(file)
	case all && k > 1: // the whole path of the file
		return c, true
	case all: // a file of the top folder, if the folder before it is that
		return c, len(n.segs) > 1 && m.isProject(n.segs[len(n.segs)-2])
	}
	c.weak = true
	return c, k > 2
}

// isProject reports whether a folder has the name of the checkout.
func (m *Map) isProject(dir string) bool {
	if m.dir != "" && path.Base(m.dir) == dir {
		return true
	}
	for _, mod := range m.modules() {
		if mod.dir == "." && path.Base(mod.path) == dir {
			return true
		}
	}
	return false
}

// sharing returns those of the candidates that belong to the scope.
func (m *Map) sharing(list []candidate, scope string) []candidate {
	if scope == "" {
		return list
	}
	s := m.scope(scope)
	return slices.DeleteFunc(list, func(c candidate) bool { return !s.has(c.path) })
}

// A scope is where a package, folder, class or module may lie. What is not known is "".
type scope struct {
	goDir  string   // of a package of Go, which is all that counts then
	named  []string // folders of packages of that name
	folder string   // the scope as the path of a folder
	pkg    string   // the folder of a class's package
}

func (m *Map) scope(name string) scope {
	if dir, known := m.goDir(name); known || name == "" {
		return scope{goDir: dir}
	}
	var s scope
	for _, p := range m.packages() {
		if p.path == name {
			s.named = append(s.named, p.dir)
		}
	}
	if dir := path.Clean(strings.ReplaceAll(name, `\`, "/")); dir != "." {
		s.folder = strings.Trim(dir, "/")
	}
	s.pkg, _, _ = splitClass(name)
	return s
}

func (s scope) has(file string) bool {
	dir := path.Dir(file)
	if s.goDir != "" {
		return dir == s.goDir
	}
	return slices.ContainsFunc(s.named, func(d string) bool { return below(file, d) }) ||
		s.folder != "" && strings.Contains("/"+dir+"/", "/"+s.folder+"/") ||
		s.pkg != "" && strings.HasSuffix("/"+dir, "/"+s.pkg)
}

// below reports whether a file lies in a folder or deeper.
func below(file, dir string) bool { return dir == "." || strings.HasPrefix(file, dir+"/") }

// elsewhere reports whether a bare name has a scope that says where its file is: not in
// the top folder just because one there is called like it.
func (m *Map) elsewhere(n *name) bool {
	if _, _, ok := splitClass(n.scope); ok && isJVM(n.base()) {
		return true
	}
	return n.tool == "go" && m.goForeign(n.scope)
}

// maxDots is how many parts the dotted name of a class or a test may have.
const maxDots = 40

// splitClass takes "com.acme.FooTest$Inner" apart, into "com/acme" and "FooTest".
func splitClass(scope string) (pkg, class string, ok bool) {
	scope, _, _ = strings.Cut(scope, "$")
	if strings.ContainsAny(scope, `/\ :`) || len(scope) > maxFile {
		return "", "", false
	}
	segs := strings.Split(scope, ".")
	if slices.Contains(segs, "") || len(segs) < 2 || len(segs) > maxDots {
		return "", "", false
	}
	return strings.Join(segs[:len(segs)-1], "/"), segs[len(segs)-1], true
}

// sharesClass reports whether a file may be that of the name, as the scope has it: the
// class of a bare name "FooTest.java" lies in the folder of its package. Kotlin and Scala
// need not keep to that, and other classes' packages are not known.
func (n *name) sharesClass(file string) bool {
	if len(n.segs) > 1 || path.Ext(n.base()) != ".java" {
		return true
	}
	pkg, class, ok := splitClass(n.scope)
	if !ok || class != strings.TrimSuffix(n.base(), ".java") {
		return true
	}
	return strings.HasSuffix("/"+path.Dir(file), "/"+pkg)
}

func isJVM(file string) bool {
	switch path.Ext(file) {
	case ".java", ".kt", ".kts", ".scala", ".groovy":
		return true
	}
	return false
}

// class returns the file of a test that is known only by the name of its class or module:
// "com.acme.FooTest", "tests.test_x.TestC.test_y".
func (m *Map) class(f report.Failure) (string, bool) {
	for _, s := range []string{f.Scope, f.Name} {
		s, _, _ = strings.Cut(s, "[")
		pkg, class, ok := splitClass(s)
		if !ok {
			continue
		}
		segs := append(strings.Split(pkg, "/"), class)
		for n := len(segs); n > 0; n-- {
			var found []string
			for _, ext := range []string{".java", ".kt", ".scala", ".groovy", ".py"} {
				file := strings.Join(segs[:n], "/") + ext
				for _, i := range m.byBase[strings.ToLower(path.Base(file))] {
					if p := m.paths[i]; p == file || n > 1 && strings.HasSuffix(p, "/"+file) {
						found = append(found, p)
					}
				}
			}
			switch len(found) {
			case 0:
				continue
			case 1:
				return found[0], true
			}
			return "", false
		}
	}
	return "", false
}
