package gouses_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"cleat/internal/gouses"
	"cleat/internal/tree"
)

// A built is a package as go list tells it.
type built struct {
	ImportPath, Dir, Export, ForTest string
	Standard                         bool
	Module                           *struct{ Main bool }
	GoFiles, TestGoFiles             []string
	XTestGoFiles                     []string
	Imports                          []string
	ImportMap                        map[string]string
}

// A truth is this module, checked in whole by the go command's own knowledge of it.
type truth struct {
	root  string
	fset  *token.FileSet
	files map[string]*ast.File
	info  *types.Info
	pkgs  map[string]*types.Package // without tests
	all   []*types.Package
	seen  map[string]bool // files, relative to the root
}

// snapshot copies the module, which others may be writing to, to a folder of its own.
func snapshot(t *testing.T) string {
	t.Helper()
	to := t.TempDir()
	r, err := tree.Open(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	files, err := os.OpenRoot(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	defer files.Close()
	_, err = r.Walk(t.Context(), tree.WalkOptions{}, func(_ int, e *tree.Entry) error {
		data, err := files.ReadFile(filepath.FromSlash(e.Path))
		if err != nil {
			return err
		}
		p := filepath.Join(to, filepath.FromSlash(e.Path))
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			return err
		}
		return os.WriteFile(p, data, 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
	return to
}

func readTruth(t *testing.T) *truth {
	t.Helper()
	root := snapshot(t)
	cmd := exec.CommandContext(t.Context(), "go", "list", "-e", "-deps", "-test", "-export", "-json", "./...")
	cmd.Dir = root
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.Bytes())
	}
	tr := &truth{root: root, fset: token.NewFileSet(), files: map[string]*ast.File{}, pkgs: map[string]*types.Package{},
		info: &types.Info{Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{}}, seen: map[string]bool{}}
	own, exports := map[string]*built{}, map[string]string{}
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		p := &built{}
		if err := dec.Decode(p); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		switch {
		case p.ForTest != "" || strings.HasSuffix(p.ImportPath, ".test"):
		case p.Module != nil && p.Module.Main:
			own[p.ImportPath] = p
		default:
			exports[p.ImportPath] = p.Export
		}
	}
	others := importer.ForCompiler(tr.fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })
	var imp func(path string) (*types.Package, error)
	imp = func(path string) (*types.Package, error) {
		b := own[path]
		if b == nil {
			return others.Import(path)
		}
		if tr.pkgs[path] == nil {
			tr.pkgs[path] = tr.check(t, path, b.Dir, b.GoFiles, imp)
		}
		return tr.pkgs[path], nil
	}
	for path, b := range own {
		if _, err := imp(path); err != nil {
			t.Fatal(err)
		}
		withTests := tr.pkgs[path]
		if len(b.TestGoFiles) > 0 {
			withTests = tr.check(t, path, b.Dir, slices.Concat(b.GoFiles, b.TestGoFiles), imp)
		}
		if len(b.XTestGoFiles) > 0 {
			tr.check(t, path+"_test", b.Dir, b.XTestGoFiles, func(p string) (*types.Package, error) {
				if p == path {
					return withTests, nil
				}
				return imp(p)
			})
		}
	}
	return tr
}

type importFunc func(string) (*types.Package, error)

func (f importFunc) Import(path string) (*types.Package, error) { return f(path) }

func (tr *truth) check(t *testing.T, path, dir string, names []string, imp importFunc) *types.Package {
	t.Helper()
	var files []*ast.File
	for _, name := range names {
		p := filepath.Join(dir, name)
		if tr.files[p] == nil {
			f, err := parser.ParseFile(tr.fset, p, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Logf("%v", err) // somebody is at work on it
			}
			tr.files[p] = f
			tr.seen[tr.rel(p)] = true
		}
		files = append(files, tr.files[p])
	}
	conf := types.Config{Importer: imp, FakeImportC: true, Error: func(error) {}}
	pkg, _ := conf.Check(path, tr.fset, files, tr.info) // variants of a package do not fit each other in tests
	tr.all = append(tr.all, pkg)
	return pkg
}

func (tr *truth) rel(p string) string {
	rel, err := filepath.Rel(tr.root, p)
	if err != nil {
		return p
	}
	return filepath.ToSlash(rel)
}

// object returns the object of a name: of a package, or a member of its type.
func (tr *truth) object(path, owner, name string) types.Object {
	pkg := tr.pkgs[path]
	if pkg == nil {
		return nil
	}
	if owner == "" {
		return pkg.Scope().Lookup(name)
	}
	o := pkg.Scope().Lookup(owner)
	if o == nil {
		return nil
	}
	found, _, _ := types.LookupFieldOrMethod(o.Type(), true, pkg, name)
	return found
}

func (tr *truth) uses(obj types.Object) []string {
	var out []string
	for id, o := range tr.info.Uses {
		if o.Pos() == obj.Pos() && o.Pos().IsValid() && id.Name == obj.Name() {
			p := tr.fset.PositionFor(id.Pos(), false)
			out = append(out, fmt.Sprintf("%s:%d:%d", tr.rel(p.Filename), p.Line, p.Column))
		}
	}
	slices.Sort(out)
	return out
}

// What Find says of this module is what a complete check of it says: all that it gives
// as used is used, and what it misses, for want of other modules, it gives as unsure.
func TestOracle(t *testing.T) {
	if testing.Short() {
		t.Skip("it checks the whole module")
	}
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("no go command to ask")
	}
	tr := readTruth(t)
	r, err := tree.Open(tr.root)
	if err != nil {
		t.Fatal(err)
	}
	total, certain := 0, 0
	for _, c := range []struct{ path, owner, name string }{
		{"cleat/internal/fail", "", "Errorf"},
		{"cleat/internal/fail", "", "NotFound"},
		{"cleat/internal/fail", "Error", "Then"},
		{"cleat/internal/fail", "Error", "Code"},
		{"cleat/internal/git", "Repo", "Resolve"},
		{"cleat/internal/git", "", "Hash"},
		{"cleat/internal/git", "Commit", "Hash"},
		{"cleat/internal/tree", "Root", "Walk"},
		{"cleat/internal/tree", "Files", "Walk"},
		{"cleat/internal/tree", "WalkOptions", "Deny"},
		{"cleat/internal/tree", "Entry", "Path"},
		{"cleat/internal/tree", "Entry", "Read"},
		{"cleat/internal/symbols", "", "Scan"},
		{"cleat/internal/host", "Host", "Redact"},
		{"cleat/internal/systems/code", "Query", "Pattern"},
		{"cleat/internal/systems/code", "", "Searcher"},
		{"cleat/internal/systems/code", "Searcher", "Search"},
		{"cleat/internal/registry", "", "NewTool"},
		{"cleat/internal/registry", "Tool", "Name"},
		{"cleat/internal/systems", "", "Source"},
	} {
		obj := tr.object(c.path, c.owner, c.name)
		if obj == nil {
			t.Errorf("%s.%s.%s does not exist any more: choose another", c.path, c.owner, c.name)
			continue
		}
		name := strings.Join(slices.DeleteFunc([]string{c.path, c.owner, c.name}, func(s string) bool { return s == "" }), ".")
		res, err := gouses.Find(t.Context(), r, gouses.Query{Name: name})
		if err != nil {
			t.Fatal(err)
		}
		ofHost := func(list []gouses.Pos) []string {
			out := show(list, false)
			out = slices.DeleteFunc(out, func(s string) bool { return !tr.seen[s[:strings.Index(s, ":")]] })
			slices.Sort(out)
			return out
		}
		p := tr.fset.PositionFor(obj.Pos(), false)
		if d := gocmp.Diff([]string{fmt.Sprintf("%s:%d:%d", tr.rel(p.Filename), p.Line, p.Column)}, ofHost(res.Defs)); d != "" {
			t.Errorf("%s: definition (-want +got):\n%s", name, d)
		}
		want, got, unsure := tr.uses(obj), ofHost(res.Uses), ofHost(res.Unsure)
		missing := slices.DeleteFunc(slices.Clone(want), func(s string) bool { return slices.Contains(got, s) })
		wrong := slices.DeleteFunc(slices.Clone(got), func(s string) bool { return slices.Contains(want, s) })
		lost := slices.DeleteFunc(slices.Clone(missing), func(s string) bool { return slices.Contains(unsure, s) })
		if len(wrong) > 0 {
			t.Errorf("%s: given as uses, and are not: %q", name, wrong)
		}
		if len(lost) > 0 {
			t.Errorf("%s: uses that are missing: %q", name, lost)
		}
		for _, p := range res.Unsure {
			if at := show([]gouses.Pos{p}, false)[0]; slices.Contains(missing, at) {
				t.Logf("unsure use: %s %s", at, p.Why)
			}
		}
		t.Logf("%s: %d uses, %d of them unsure, %d unsure in all; %s", name, len(want), len(missing), len(unsure), res.Note)
		total += len(want)
		certain += len(want) - len(missing)
	}
	if certain*100 < total*98 {
		t.Errorf("of %d uses only %d are certain", total, certain)
	}
}
