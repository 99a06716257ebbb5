package gouses

import (
	"bytes"
	"go/ast"
	"go/build/constraint"
	"go/parser"
	"go/token"
	"path"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"cleat/internal/sorting"
)

// A header is what the beginning of a file and its name say.
type header struct {
	pkg     string // "" if there is no package clause
	imports []string
	test    bool            // its name ends in _test.go
	alone   bool            // go never builds it along with its folder
	expr    constraint.Expr // nil if there is none
	tags    []string        // that expr names, sorted
	os      string          // by the file's name
	arch    string
}

// readHeader reads the header of a file of that name.
func readHeader(base string, data []byte) header {
	h := header{test: strings.HasSuffix(base, "_test.go"), alone: base[0] == '_' || base[0] == '.'}
	h.os, h.arch = nameTags(base)
	// The error is of no use here: what could be read counts.
	f, _ := parser.ParseFile(token.NewFileSet(), "", data, parser.ImportsOnly|parser.SkipObjectResolution)
	if f == nil || f.Name == nil {
		return h
	}
	h.pkg = f.Name.Name
	if h.pkg == "_" {
		h.pkg = ""
	}
	h.imports = importsOf(f)
	h.expr = constraintOf(data[:min(max(int(f.Package)-1, 0), len(data))])
	if h.expr != nil {
		addTags(h.expr, &h.tags)
		slices.Sort(h.tags)
		h.tags = slices.Compact(h.tags)
		h.alone = h.alone || slices.Contains(h.tags, "ignore") && !h.match(config{"linux", "amd64", ""}) && h.match(config{"linux", "amd64", "ignore"})
	}
	return h
}

func importsOf(f *ast.File) []string {
	var out []string
	for _, spec := range f.Imports {
		if p, err := strconv.Unquote(spec.Path.Value); err == nil && !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	return out
}

// maxExpr is how many bytes of a constraint are looked at: its parser recurses.
const maxExpr = 4 << 10

// constraintOf returns the build constraint in what precedes a package clause.
func constraintOf(head []byte) constraint.Expr {
	if !bytes.Contains(head, []byte("build")) {
		return nil
	}
	var plus constraint.Expr
	inComment := false
	for line := range bytes.Lines(head) {
		s := string(bytes.TrimSpace(line))
		switch {
		case inComment:
			inComment = !strings.Contains(s, "*/")
		case strings.HasPrefix(s, "/*"):
			inComment = !strings.Contains(s[2:], "*/")
		case len(s) > maxExpr:
		case constraint.IsGoBuild(s):
			if x, err := constraint.Parse(s); err == nil {
				return x
			}
		case constraint.IsPlusBuild(s):
			if x, err := constraint.Parse(s); err == nil {
				if plus != nil {
					x = &constraint.AndExpr{X: plus, Y: x}
				}
				plus = x
			}
		}
	}
	return plus
}

func addTags(x constraint.Expr, out *[]string) {
	switch x := x.(type) {
	case *constraint.TagExpr:
		*out = append(*out, x.Tag)
	case *constraint.NotExpr:
		addTags(x.X, out)
	case *constraint.AndExpr:
		addTags(x.X, out)
		addTags(x.Y, out)
	case *constraint.OrExpr:
		addTags(x.X, out)
		addTags(x.Y, out)
	}
}

// nameTags returns the system and architecture in a file's name, as go build tells them.
func nameTags(base string) (goos, arch string) {
	name, _, _ := strings.Cut(base, ".")
	i := strings.IndexByte(name, '_')
	if i < 0 {
		return "", ""
	}
	l := strings.Split(name[i:], "_")
	if n := len(l); n > 0 && l[n-1] == "test" {
		l = l[:n-1]
	}
	n := len(l)
	if n >= 2 && isSystem(l[n-2]) && isArch(l[n-1]) {
		return l[n-2], l[n-1]
	}
	if n >= 1 && isSystem(l[n-1]) {
		return l[n-1], ""
	}
	if n >= 1 && isArch(l[n-1]) {
		return "", l[n-1]
	}
	return "", ""
}

// A config is a set of tags under which files build together.
type config struct {
	os, arch string
	more     string // other tags that are set, each with a comma after it
}

func host() config { return config{runtime.GOOS, runtime.GOARCH, ""} }

// systems are in the order in which they are tried.
func systems() []string {
	return []string{"linux", "windows", "darwin", "freebsd", "openbsd", "netbsd", "dragonfly", "solaris", "illumos",
		"aix", "android", "ios", "plan9", "js", "wasip1", "hurd", "nacl", "zos"}
}

func archs() []string {
	return []string{"amd64", "arm64", "386", "arm", "riscv64", "ppc64le", "s390x", "wasm", "loong64", "ppc64", "mips",
		"mipsle", "mips64", "mips64le", "amd64p32", "arm64be", "armbe", "mips64p32", "mips64p32le", "ppc", "riscv",
		"s390", "sparc", "sparc64"}
}

func isSystem(s string) bool { return slices.Contains(systems(), s) }

func isArch(s string) bool { return slices.Contains(archs(), s) }

func isUnix(os string) bool {
	switch os {
	case "aix", "android", "darwin", "dragonfly", "freebsd", "hurd", "illumos", "ios", "linux", "netbsd", "openbsd", "solaris":
		return true
	}
	return false
}

// isOS reports whether tag holds on the system os.
func isOS(os, tag string) bool {
	return os == tag || os == "android" && tag == "linux" || os == "illumos" && tag == "solaris" || os == "ios" && tag == "darwin"
}

// fixed reports whether a tag that is neither a system nor an architecture holds in every
// config.
func fixed(tag string) bool {
	return tag == "gc" || tag == "cgo" || strings.HasPrefix(tag, "go1.")
}

func (c config) has(tag string) bool {
	return isOS(c.os, tag) || tag == c.arch || tag == "unix" && isUnix(c.os) || fixed(tag) && !c.set("!"+tag) || c.set(tag)
}

func (c config) set(tag string) bool {
	return c.more != "" && strings.Contains(","+c.more, ","+tag+",")
}

// match reports whether the file builds under c.
func (h *header) match(c config) bool {
	return (h.os == "" || isOS(c.os, h.os)) && (h.arch == "" || h.arch == c.arch) &&
		(h.expr == nil || h.expr.Eval(c.has))
}

// maxCustom is how many tags of a project's own are tried in all combinations.
const maxCustom = 4

// satisfy returns a config under which the file builds, near the host's.
func (h *header) satisfy() (config, bool) {
	var custom []string // what has to be chosen: a tag, or "!" and a fixed tag to be left out
	for _, t := range h.tags {
		switch {
		case isSystem(t), isArch(t), t == "unix":
		case fixed(t):
			custom = append(custom, "!"+t)
		default:
			custom = append(custom, t)
		}
	}
	sorting.Sort(custom, func(a, b string) int { return strings.Compare(strings.TrimLeft(a, "!"), strings.TrimLeft(b, "!")) })
	var sets []string
	if len(custom) <= maxCustom {
		for bits := range 1 << len(custom) {
			more := ""
			for i, t := range custom {
				if bits&(1<<i) != 0 {
					more += t + ","
				}
			}
			sets = append(sets, more)
		}
	} else {
		sets = append(sets, "", strings.Join(custom, ",")+",")
		for _, t := range custom {
			sets = append(sets, t+",")
		}
	}
	hc := host()
	for _, more := range sets {
		for _, arch := range append([]string{hc.arch}, archs()...) {
			for _, os := range append([]string{hc.os}, systems()...) {
				if c := (config{os, arch, more}); h.match(c) {
					return c, true
				}
			}
		}
	}
	return config{}, false
}

// readHead reads the header of the file, once.
func (s *source) readHead() {
	if !s.headRead {
		s.head, s.headRead = readHeader(path.Base(s.path), s.data), true
	}
}
