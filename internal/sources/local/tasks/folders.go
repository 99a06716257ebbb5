package tasks

import (
	"bytes"
	"path"
	"strings"

	"cleat/internal/tree"
)

// all finds everything.
func (f *finder) all() error {
	entries, err := f.list(".")
	if err != nil {
		return err
	}
	for _, find := range [...]func(dir string) error{f.makefile, f.node, f.justfile, f.taskfile} {
		if err := find("."); err != nil {
			return err
		}
	}
	var have languages
	if err := f.languages(".", &have); err != nil {
		return err
	}
	for _, find := range [...]func() error{f.scripts, f.github, f.gitlab} {
		if err := find(); err != nil {
			return err
		}
	}
	folders := 0
	for _, e := range entries {
		if !e.dir || !isProject(e.name) {
			continue
		}
		if folders++; folders > MaxFolders {
			break
		}
		if err := f.below(e.name, have); err != nil {
			return err
		}
	}
	return nil
}

// below finds what a project in a folder of the root declares. Languages whose tools go
// through all folders by themselves are left out if the root has them.
func (f *finder) below(dir string, have languages) error {
	if err := f.makefile(dir); err != nil {
		return err
	}
	if err := f.node(dir); err != nil {
		return err
	}
	return f.languages(dir, &have)
}

// isProject reports whether the folder name, of the root, may be a project of its own.
func isProject(name string) bool {
	if name[0] == '.' || !isPrintable(name) || tree.ClassOf(name+"/x", nil) != tree.Normal {
		return false
	}
	switch name {
	case "build", "dist", "out", "target", "bin", "obj", "coverage":
		return false
	}
	return true
}

// inRoot returns the path of name, as dir or a file in it names it, relative to the root,
// and whether it lies inside by its words.
func inRoot(dir, name string) (string, bool) {
	if name == "" || path.IsAbs(name) || strings.Contains(name, `\`) || !isPrintable(name) {
		return "", false
	}
	p := path.Join(dir, name)
	return p, p != ".." && !strings.HasPrefix(p, "../")
}

// lines calls fn for each line of data, without its end, until fn returns false. Numbers
// count from 1.
func lines(data []byte, fn func(n int, line string) bool) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	for n := 1; len(data) > 0; n++ {
		line, rest, _ := bytes.Cut(data, []byte("\n"))
		if !fn(n, strings.TrimSuffix(string(line), "\r")) {
			return
		}
		data = rest
	}
}
