package checkout

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"path"
	"strings"

	"cleat/internal/sorting"
)

// A module is a folder that has a name of its own: of Go, Node or Rust.
type module struct {
	path string // the name
	dir  string // "." for the root
}

// maxManifests is how many manifests of one kind are read, those nearest to the root.
const maxManifests = 300

// manifests returns the files of that name outside of vendored folders and test data, the
// nearest to the root first.
func (m *Map) manifests(name string) []string {
	var list []string
	for _, i := range m.byBase[strings.ToLower(name)] {
		if p := m.paths[i]; path.Base(p) == name {
			list = append(list, p)
		}
	}
	sorting.Sort(list, func(a, b string) int {
		return cmp.Or(cmp.Compare(strings.Count(a, "/"), strings.Count(b, "/")), cmp.Compare(a, b))
	})
	return list[:min(len(list), maxManifests)]
}

// readModules reads the modules of Go, those with the longest paths first.
func (m *Map) readModules() []module {
	var mods []module
	for _, file := range m.manifests("go.mod") {
		content, err := m.files.Read(file)
		if err != nil {
			continue // as New says
		}
		if name := moduleLine(content); name != "" {
			mods = append(mods, module{name, path.Dir(file)})
		}
	}
	used := m.workspace()
	rank := func(mod module) int {
		switch {
		case used[mod.dir]:
			return 0
		case asideOfBuilds(mod.dir):
			return 2
		}
		return 1
	}
	sorting.Sort(mods, func(a, b module) int {
		return cmp.Or(cmp.Compare(len(b.path), len(a.path)), cmp.Compare(a.path, b.path), cmp.Compare(rank(a), rank(b)))
	})
	// Of several modules of one path, only one that is better than the others counts.
	var out []module
	for i := 0; i < len(mods); {
		end := i + 1
		for end < len(mods) && mods[end].path == mods[i].path {
			end++
		}
		if end == i+1 || rank(mods[i]) < rank(mods[i+1]) {
			out = append(out, mods[i])
		}
		i = end
	}
	return out
}

// asideOfBuilds reports whether Go's ./... leaves a folder out.
func asideOfBuilds(dir string) bool {
	for s := range strings.SplitSeq(dir, "/") {
		if s == "testdata" || len(s) > 1 && (s[0] == '_' || s[0] == '.') {
			return true
		}
	}
	return false
}

// workspace returns the folders that the go.work of the root uses.
func (m *Map) workspace() map[string]bool {
	used := map[string]bool{}
	if !m.byPath["go.work"] {
		return used
	}
	content, err := m.files.Read("go.work")
	if err != nil {
		return used
	}
	block := false
	for line := range lines(content) {
		fields := strings.Fields(line)
		switch {
		case len(fields) == 0:
		case fields[0] == ")":
			block = false
		case fields[0] == "use" && len(fields) > 1 && fields[1] == "(":
			block = true
		case fields[0] == "use" && len(fields) > 1:
			used[path.Clean(strings.Trim(fields[1], `"`))] = true
		case block:
			used[path.Clean(strings.Trim(fields[0], `"`))] = true
		}
	}
	return used
}

// lines yields the lines of a manifest of Go without comments.
func lines(content []byte) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		s := bufio.NewScanner(bytes.NewReader(content))
		for s.Scan() { // it ends at a line that is none of a manifest
			line, _, _ := strings.Cut(s.Text(), "//")
			if !yield(strings.TrimSpace(line)) {
				return
			}
		}
	}
}

// moduleLine returns the path that a go.mod declares, "" if none.
func moduleLine(content []byte) string {
	for line := range lines(content) {
		if fields := strings.Fields(line); len(fields) >= 2 && fields[0] == "module" {
			return strings.Trim(fields[1], "\"`")
		}
	}
	return ""
}

// readPackages reads the names of packages of Node and Rust.
func (m *Map) readPackages() []module {
	var list []module
	for _, file := range m.manifests("package.json") {
		content, err := m.files.Read(file)
		if err != nil {
			continue // as New says
		}
		var p struct {
			Name string `json:"name"`
		}
		if json.Unmarshal(content, &p) == nil && p.Name != "" {
			list = append(list, module{p.Name, path.Dir(file)})
		}
	}
	for _, file := range m.manifests("Cargo.toml") {
		content, err := m.files.Read(file)
		if err != nil {
			continue
		}
		if name := crateName(content); name != "" {
			list = append(list, module{name, path.Dir(file)})
			if in := strings.ReplaceAll(name, "-", "_"); in != name { // as the compiler calls it
				list = append(list, module{in, path.Dir(file)})
			}
		}
	}
	return list
}

// crateName returns the name that the [package] of a Cargo.toml declares, "" if none.
func crateName(content []byte) string {
	within := false
	s := bufio.NewScanner(bytes.NewReader(content))
	for s.Scan() {
		line := strings.TrimSpace(s.Text())
		if strings.HasPrefix(line, "[") {
			within = line == "[package]"
			continue
		}
		k, v, ok := strings.Cut(line, "=")
		if within && ok && strings.TrimSpace(k) == "name" {
			v, _, _ = strings.Cut(v, "#")
			return strings.Trim(strings.TrimSpace(v), `"'`)
		}
	}
	return ""
}

// goDir returns the folder of a package of Go. known is false if it is in none of the
// checkout's modules.
func (m *Map) goDir(scope string) (dir string, known bool) {
	pkg, _, _ := strings.Cut(scope, " ") // "m/pkg [m/pkg.test]"
	if pkg == "" || strings.ContainsAny(pkg, `\:`) {
		return "", false
	}
	for _, mod := range m.modules() {
		if rest, ok := strings.CutPrefix(pkg, mod.path); ok && (rest == "" || rest[0] == '/') {
			dir := path.Join(mod.dir, strings.TrimPrefix(rest, "/"))
			return dir, dir != ".." && !strings.HasPrefix(dir, "../")
		}
	}
	// The external test, or the binary, of the module's own folder.
	if outer := strings.TrimSuffix(strings.TrimSuffix(pkg, ".test"), "_test"); outer != pkg {
		return m.goDir(outer)
	}
	return "", false
}

// goForeign reports whether a scope is a package of Go that none of the checkout's modules has.
func (m *Map) goForeign(scope string) bool {
	if scope == "" || len(m.modules()) == 0 {
		return false
	}
	_, known := m.goDir(scope)
	return !known && strings.ContainsAny(scope, "/.")
}

// inGo returns the file of a relative name that a package of Go, which lies in dir, told.
func (m *Map) inGo(n *name, dir string) (string, bool) {
	// Tests print the last name, compilers the path from where they were started.
	from := path.Dir(n.path())
	if from == "." || dir == from || strings.HasSuffix(dir, "/"+from) {
		// Of an external test, a package ends with "_test", and a test's binary with ".test".
		for _, d := range []string{dir, strings.TrimSuffix(dir, "_test"), strings.TrimSuffix(dir, ".test")} {
			if file, ok := m.exact(path.Join(d, n.base()), n.drive); ok {
				return file, true
			}
		}
	}
	if file, ok := m.inModule(n); ok {
		return file, true
	}
	if len(n.segs) > 1 {
		if !n.up {
			if file, ok := m.exact(n.path(), n.drive); ok {
				return file, true
			}
		}
		if n.foreign() {
			return "", false
		}
		return m.choose(&name{segs: n.segs, drive: n.drive, up: n.up, tool: n.tool}, 0)
	}
	// A helper in another package of the module tells where it was, by its last name.
	root := m.moduleOf(dir)
	found := ""
	for _, i := range m.byBase[strings.ToLower(n.base())] {
		if p := m.paths[i]; path.Base(p) == n.base() && below(p, root) {
			if found != "" {
				return "", false
			}
			found = p
		}
	}
	return found, found != ""
}

// moduleOf returns the folder of the module that dir is in.
func (m *Map) moduleOf(dir string) string {
	best := "."
	for _, mod := range m.modules() {
		if (dir == mod.dir || below(dir, mod.dir)) && len(mod.dir) > len(best) {
			best = mod.dir
		}
	}
	return best
}

// inModule returns the file of a name that begins with the path of a module.
func (m *Map) inModule(n *name) (string, bool) {
	if n.up || len(n.segs) < 2 || path.Ext(n.base()) != ".go" {
		return "", false
	}
	dir, known := m.goDir(path.Dir(n.path()))
	if !known {
		return "", false
	}
	return m.exact(path.Join(dir, n.base()), n.drive)
}

// inPackage returns the file of a relative name that is told from a package's own folder:
// test runners of Node start there. Rust's compiler starts at the root.
func (m *Map) inPackage(n *name) (string, bool) {
	if n.scope == "" || n.tool == "cargo" || n.tool == "rustc" || n.tool == "rust" {
		return "", false
	}
	found := ""
	for _, p := range m.packages() {
		if p.path != n.scope || p.dir == "." {
			continue
		}
		if file, ok := m.exact(path.Join(p.dir, n.path()), n.drive); ok {
			if found != "" && found != file {
				return "", false
			}
			found = file
		}
	}
	return found, found != ""
}
