package main

import (
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"cleat/internal/registry"
)

// repository is the folder of the whole project, from that of this package.
const repository = "../.."

// TestTopLevel keeps the root of the project to what it was agreed to hold.
func TestTopLevel(t *testing.T) {
	want := []string{"Makefile", "README.md", "cmd", "go.mod", "go.sum", "internal", "prompts", "resources", "testdata", "tools"}
	entries, err := os.ReadDir(repository)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") && e.Name() != "bin" && !slices.Contains(want, e.Name()) {
			t.Errorf("%s stands at the top level", e.Name())
		}
	}
}

// TestLinked compares the folders of capabilities with what is registered: a package
// that nobody imports, or whose folder says another name, is found here.
func TestLinked(t *testing.T) {
	reg := registry.Default()
	for _, tree := range []struct {
		dir  string
		kind registry.Kind
		name func(rel string, e registry.Entry) bool
	}{
		{"tools", registry.ToolKind, func(rel string, e registry.Entry) bool { return strings.ReplaceAll(rel, "/", "_") == e.Name }},
		{"resources", registry.TemplateKind, func(rel string, e registry.Entry) bool { return rel == e.Name }},
		{"prompts", registry.PromptKind, func(rel string, e registry.Entry) bool { return strings.ReplaceAll(rel, "/", "_") == e.Name }},
	} {
		var folders []string
		root := filepath.Join(repository, tree.dir)
		err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(p, ".go") || strings.HasSuffix(p, "_test.go") {
				return err
			}
			rel, err := filepath.Rel(root, filepath.Dir(p))
			if rel = filepath.ToSlash(rel); rel != "." && !slices.Contains(folders, rel) {
				folders = append(folders, rel)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		var entries []registry.Entry
		for _, e := range reg.Entries() {
			if e.Kind == tree.kind {
				entries = append(entries, e)
			}
		}
		for _, f := range folders {
			if !slices.ContainsFunc(entries, func(e registry.Entry) bool { return tree.name(f, e) }) {
				t.Errorf("%s/%s has a package, and no %s of its name is linked", tree.dir, f, tree.kind)
			}
		}
		if len(folders) != len(entries) {
			t.Errorf("%s has %d packages and %d entries are linked", tree.dir, len(folders), len(entries))
		}
	}
}

// A listed is what go list says of a package.
type listed struct {
	ImportPath string
	Imports    []string
}

// TestImports checks who imports whom; see the README's part on architecture.
func TestImports(t *testing.T) {
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports", "./...")
	cmd.Dir = repository
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	const sdk = "github.com/modelcontextprotocol/go-sdk"
	dec := json.NewDecoder(strings.NewReader(string(out)))
	seen := 0
	for dec.More() {
		var p listed
		if err := dec.Decode(&p); err != nil {
			t.Fatal(err)
		}
		seen++
		from := strings.TrimPrefix(p.ImportPath, "cleat/")
		for _, imp := range p.Imports {
			to := strings.TrimPrefix(imp, "cleat/")
			ours := to != imp
			bad := ""
			switch {
			case strings.HasPrefix(imp, sdk) && !slices.Contains([]string{"internal/registry", "internal/stdio", "cmd/tour"}, from):
				bad = "only the registry and the line guard know the SDK"
			case !ours:
			case isCapability(from) && !mayCapabilityImport(to):
				bad = "a capability imports systems, views, text and fail, and no back end"
			case strings.HasPrefix(from, "internal/sources/") && (under(to, "internal/registry") || under(to, "internal/gate") || under(to, "internal/config") || isCapability(to)):
				bad = "a back end reaches the process through its host alone"
			case strings.HasPrefix(from, "internal/sources/") && strings.HasPrefix(to, "internal/sources/") && !under(to, from):
				bad = "a back end does not import another"
			case strings.HasPrefix(to, "internal/sources/") && !strings.HasPrefix(from, "internal/sources") && from != "cmd/cleat":
				bad = "only the table of sources knows back ends"
			case to == "internal/sources" && from != "cmd/cleat":
				bad = "only main opens sources"
			case slices.Contains([]string{"internal/fail", "internal/text", "internal/strict"}, from):
				bad = "it imports nothing of ours"
			}
			if bad != "" {
				t.Errorf("%s imports %s: %s", from, to, bad)
			}
		}
	}
	if seen < 20 {
		t.Errorf("go list named only %d packages", seen)
	}
}

func under(p, dir string) bool { return p == dir || strings.HasPrefix(p, dir+"/") }

func isCapability(p string) bool {
	return strings.HasPrefix(p, "tools/") || strings.HasPrefix(p, "resources/") || strings.HasPrefix(p, "prompts/")
}

func mayCapabilityImport(p string) bool {
	for _, dir := range []string{"internal/registry", "internal/systems", "internal/view", "internal/text", "internal/fail", "internal/uri"} {
		if under(p, dir) {
			return true
		}
	}
	return false
}

// TestSources keeps files and packages to a size and shape that a newcomer can take in.
func TestSources(t *testing.T) {
	doc := regexp.MustCompile(`(?m)^(// (Package|Command) \w+|/\*)`)
	packages := map[string]bool{} // folder: has a package comment
	err := filepath.WalkDir(repository, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && p != repository && strings.HasPrefix(d.Name(), ".") && d.Name() != ".ci" {
			return fs.SkipDir
		}
		if !strings.HasSuffix(p, ".go") {
			return nil
		}
		data, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		if lines := strings.Count(string(data), "\n"); lines > 500 {
			t.Errorf("%s has %d lines", p, lines)
		}
		dir := path.Dir(filepath.ToSlash(p))
		if !strings.HasSuffix(p, "_test.go") {
			packages[dir] = packages[dir] || doc.Match(data)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for dir, ok := range packages {
		if !ok {
			t.Errorf("the package in %s has no comment", dir)
		}
	}
}
