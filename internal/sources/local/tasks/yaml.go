package tasks

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxYAML is the size, in bytes, up to which YAML is parsed, whose parser is slow.
const maxYAML = 256 << 10

// yaml parses the first document of a file. Aliases are not expanded. It notes what is no YAML.
func (f *finder) yaml(name string, data []byte) (*yaml.Node, bool) {
	if len(data) > maxYAML {
		f.note(name, 0, fmt.Sprintf("not read: over %d KiB", maxYAML>>10))
		return nil, false
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		f.note(name, 0, "not read: "+err.Error())
		return nil, false
	}
	if len(doc.Content) == 0 {
		return nil, false // an empty file
	}
	return doc.Content[0], true
}

// child returns the value of a key of the mapping n, or nil. An alias counts as what it
// stands for.
func child(n *yaml.Node, key string) *yaml.Node {
	if n = real(n); n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return real(n.Content[i+1])
		}
	}
	return nil
}

func real(n *yaml.Node) *yaml.Node {
	if n != nil && n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// value returns the value of a scalar, or "".
func value(n *yaml.Node) string {
	if n = real(n); n != nil && n.Kind == yaml.ScalarNode {
		return n.Value
	}
	return ""
}

// pairs calls fn for the keys and values of a mapping, in order.
func pairs(n *yaml.Node, fn func(key string, value *yaml.Node)) {
	if n = real(n); n == nil || n.Kind != yaml.MappingNode {
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		fn(n.Content[i].Value, real(n.Content[i+1]))
	}
}

// taskfile finds the tasks of the Taskfile in dir.
func (f *finder) taskfile(dir string) error {
	name, s, err := f.first(dir, "Taskfile.yml", "taskfile.yml", "Taskfile.yaml", "taskfile.yaml",
		"Taskfile.dist.yml", "taskfile.dist.yml", "Taskfile.dist.yaml", "taskfile.dist.yaml")
	if err != nil || name == "" || s.bad {
		return err
	}
	doc, ok := f.yaml(name, s.data)
	if !ok {
		return nil
	}
	files, followed, err := f.taskfiles(name, nil)
	if err != nil {
		return err
	}
	var failed error
	pairs(child(doc, "tasks"), func(key string, n *yaml.Node) {
		if failed != nil || !isName(key) || strings.ContainsAny(key, "*=") || value(child(n, "internal")) == "true" {
			return
		}
		about := value(child(n, "desc"))
		if about == "" {
			about = value(child(n, "summary"))
		}
		if !followed {
			about += " [includes a file that cleat cannot follow]"
		}
		failed = f.add(Task{Name: "task " + key, Argv: []string{"task", key}, Dir: dir, Kind: GoTask, Args: mentions(n, "CLI_ARGS"),
			Files: slices.Clone(files)}, about, name, n.Line)
	})
	return failed
}

// taskfiles adds the Taskfile name and those that it includes to files, and reports whether
// all could be followed.
func (f *finder) taskfiles(name string, files []string) (_ []string, followed bool, err error) {
	if slices.Contains(files, name) {
		return files, true, nil
	}
	s, err := f.file(name)
	if err != nil || s.absent {
		return files, true, err
	}
	if len(files) > maxIncludes {
		return files, false, nil
	}
	files, followed = append(files, name), true
	if s.bad {
		return files, true, nil
	}
	doc, ok := f.yaml(name, s.data)
	if !ok {
		return files, false, nil
	}
	var names []string
	pairs(child(doc, "includes"), func(_ string, n *yaml.Node) {
		file := value(n)
		if file == "" {
			file = value(child(n, "taskfile"))
		}
		names = append(names, file)
	})
	for _, inc := range names {
		p, ok := inRoot(path.Dir(name), inc)
		if !ok || strings.Contains(inc, "{{") || strings.Contains(inc, "://") {
			followed = false
			continue
		}
		all := []string{p}
		if ext := path.Ext(p); ext != ".yml" && ext != ".yaml" { // a folder
			all, err = f.existing(p, "Taskfile.yml", "taskfile.yml", "Taskfile.yaml", "taskfile.yaml", "Taskfile.dist.yml",
				"taskfile.dist.yml", "Taskfile.dist.yaml", "taskfile.dist.yaml")
			if err != nil {
				return nil, false, err
			}
		}
		for _, p := range all {
			var rest bool
			if files, rest, err = f.taskfiles(p, files); err != nil {
				return nil, false, err
			}
			followed = followed && rest
		}
	}
	return files, followed, nil
}

// mentions reports whether a scalar below n contains word. It does not follow aliases.
func mentions(n *yaml.Node, word string) bool {
	return n != nil && (n.Kind == yaml.ScalarNode && strings.Contains(n.Value, word) ||
		slices.ContainsFunc(n.Content, func(c *yaml.Node) bool { return mentions(c, word) }))
}
