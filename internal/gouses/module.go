package gouses

import (
	"path"
	"slices"
	"strconv"
	"strings"
)

// A module is a folder with a go.mod.
type module struct {
	dir     string            // "." is the root
	path    string            // "" for the standard library, whose packages have no prefix
	replace map[string]string // import path prefix → folder in the tree
	inWork  bool              // a go.work uses it
}

// modules are all modules of a tree.
type modules struct {
	list  []*module
	byDir map[string]*module
	work  []string // folders with a go.work
}

func readModules(manifests []manifest) *modules {
	ms := &modules{byDir: map[string]*module{}}
	var uses []string
	for _, f := range manifests {
		dir := path.Dir(f.path)
		if path.Base(f.path) == "go.work" {
			ms.work = append(ms.work, dir)
			for _, d := range directives(f.data) {
				if d[0] == "use" && len(d) == 2 {
					if p, ok := within(dir, d[1]); ok {
						uses = append(uses, p)
					}
				}
			}
			continue
		}
		m := &module{dir: dir, replace: map[string]string{}}
		named := false
		for _, d := range directives(f.data) {
			switch {
			case d[0] == "module" && len(d) == 2 && !named:
				m.path, named = d[1], true
			case d[0] == "replace":
				if i := slices.Index(d, "=>"); i >= 2 && i+1 < len(d) && strings.HasPrefix(d[i+1], ".") {
					if p, ok := within(dir, d[i+1]); ok {
						m.replace[d[1]] = p
					}
				}
			}
		}
		switch {
		case m.path == "std":
			m.path = ""
		case m.path == "" || path.Clean(m.path) != m.path || strings.HasPrefix(m.path, "."):
			// A go.mod that names nothing still ends the module around it.
			m.path = "\x00" + dir
		}
		ms.list = append(ms.list, m)
		ms.byDir[dir] = m
	}
	for _, dir := range uses {
		if m := ms.byDir[dir]; m != nil {
			m.inWork = true
		}
	}
	return ms
}

// within returns the folder that rel means in dir, and false if it is not in the tree.
func within(dir, rel string) (string, bool) {
	if path.IsAbs(rel) || strings.ContainsAny(rel, "\\:\x00") {
		return "", false
	}
	p := path.Join(dir, rel)
	return p, p != ".." && !strings.HasPrefix(p, "../")
}

// directives returns the directives of a go.mod or go.work, blocks written out, each as
// its words.
func directives(data []byte) [][]string {
	var out [][]string
	block := ""
	text := strings.TrimPrefix(string(data), "\ufeff")
	for line := range strings.Lines(text) {
		words := wordsOf(line)
		switch {
		case len(words) == 0:
		case block != "" && words[0] == ")":
			block = ""
		case block != "":
			out = append(out, append([]string{block}, words...))
		case len(words) == 2 && words[1] == "(":
			block = words[0]
		default:
			out = append(out, words)
		}
	}
	return out
}

// wordsOf splits a line of a go.mod at blanks; quotes and a comment at its end go.
func wordsOf(line string) []string {
	var out []string
	for {
		line = strings.TrimLeft(line, " \t\r\n")
		if line == "" || strings.HasPrefix(line, "//") {
			return out
		}
		if q, err := strconv.QuotedPrefix(line); err == nil && q[0] != '\'' {
			if s, err := strconv.Unquote(q); err == nil {
				out = append(out, s)
				line = line[len(q):]
				continue
			}
		}
		switch line[0] {
		case '(', ')':
			out = append(out, line[:1])
			line = line[1:]
			continue
		}
		n := strings.IndexAny(line, " \t\r\n()")
		if n < 0 {
			n = len(line)
		}
		if i := strings.Index(line[:n], "//"); i > 0 {
			n = i
		}
		out = append(out, line[:n])
		line = line[n:]
	}
}

// of returns the module that the folder is in, nil if none.
func (ms *modules) of(dir string) *module {
	for {
		if m := ms.byDir[dir]; m != nil {
			return m
		}
		if dir == "." {
			return nil
		}
		dir = path.Dir(dir)
	}
}

// importPath returns the path by which others import the folder.
func (ms *modules) importPath(dir string) string {
	if i := strings.LastIndex("/"+dir, "/vendor/"); i >= 0 {
		if m := ms.of(dir); m == nil || m.path != "" { // the standard library's own has the prefix
			return dir[i+len("vendor/"):]
		}
	}
	m := ms.of(dir)
	switch {
	case m == nil || strings.HasPrefix(m.path, "\x00"):
		return "./" + strings.TrimPrefix(dir, ".")
	case m.dir == dir:
		if m.path == "" {
			return "std"
		}
		return m.path
	}
	return path.Join(m.path, below(m.dir, dir))
}

// below returns the path of dir from the folder top that it is in.
func below(top, dir string) string {
	if top == "." {
		return dir
	}
	return strings.TrimPrefix(strings.TrimPrefix(dir, top), "/")
}

// resolve returns the folder that an import in the folder from means. exists says whether
// a folder has a package.
func (ms *modules) resolve(from, imp string, exists func(dir string) bool) (string, bool) {
	if strings.HasPrefix(imp, "./") || strings.HasPrefix(imp, "../") {
		dir, ok := within(from, imp)
		return dir, ok && exists(dir)
	}
	if imp == "" || path.Clean(imp) != imp || imp[0] == '/' || strings.HasPrefix(imp, ".") {
		return "", false
	}
	m := ms.of(from)
	for _, dir := range ms.vendors(from, m) {
		if dir = path.Join(dir, "vendor", imp); exists(dir) {
			return dir, true
		}
	}
	if m == nil {
		return "", false
	}
	for prefix := imp; prefix != "."; prefix = path.Dir(prefix) {
		if to, ok := m.replace[prefix]; ok {
			dir := path.Join(to, below(prefix, imp))
			return dir, exists(dir)
		}
	}
	best, bestDir := (*module)(nil), ""
	for _, c := range ms.list {
		rest, ok := c.rest(imp)
		if !ok {
			continue
		}
		dir := path.Join(c.dir, rest)
		if ms.of(dir) == c && exists(dir) && (best == nil || c.before(best, m)) {
			best, bestDir = c, dir
		}
	}
	return bestDir, best != nil
}

// vendors returns the folders whose vendor folder an import in from is looked up in.
func (ms *modules) vendors(from string, m *module) []string {
	if m != nil {
		dirs := []string{m.dir}
		if m.inWork {
			dirs = append(dirs, ms.work...)
		}
		return dirs
	}
	var dirs []string
	for dir := from; ; dir = path.Dir(dir) {
		dirs = append(dirs, dir)
		if dir == "." {
			return dirs
		}
	}
}

// rest returns what follows the module's path in an import path.
func (m *module) rest(imp string) (string, bool) {
	if m.path == "" || imp == m.path {
		return strings.TrimPrefix(imp[len(m.path):], "/"), true
	}
	return strings.CutPrefix(imp, m.path+"/")
}

// before reports whether m is the better one of two modules that have a package, for an
// import in the module from: the longer path, itself, one of the same go.work, the one
// that is less deep.
func (m *module) before(o, from *module) bool {
	if len(m.path) != len(o.path) {
		return len(m.path) > len(o.path)
	}
	if (m == from) != (o == from) {
		return m == from
	}
	if m.inWork != o.inWork {
		return m.inWork
	}
	if a, b := strings.Count(m.dir, "/"), strings.Count(o.dir, "/"); a != b {
		return a < b
	}
	return m.dir < o.dir
}
