package tasks

import (
	"bytes"
	"encoding/json"
	"maps"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"cleat/internal/strict"
)

// A manifest is what counts here of a package.json.
type manifest struct {
	scripts    map[string]string
	manager    string   // npm, pnpm, yarn or bun; "" if the file does not say
	workspaces []string // patterns
}

// node finds the scripts of the package.json in dir and, for the root, of its workspaces.
func (f *finder) node(dir string) error {
	name, s, err := f.first(dir, "package.json")
	if err != nil || name == "" || s.bad || f.sawNode(name) {
		return err
	}
	m, ok := f.manifest(name, s.data)
	if !ok {
		return nil
	}
	manager, err := f.manager(dir, m)
	if err != nil {
		return err
	}
	files, err := f.existing(dir, append(settings(manager), "package.json")...)
	if err != nil {
		return err
	}
	if dir != "." {
		up, err := f.existing(".", append(settings(manager), "package.json")...)
		if err != nil {
			return err
		}
		files = append(files, up...)
	}
	for _, script := range slices.Sorted(maps.Keys(m.scripts)) {
		if !isName(script) || isHook(script, m.scripts) {
			continue
		}
		title := manager + " run " + script
		if manager == NPM && (script == "test" || script == "start") {
			title = manager + " " + script
		}
		err := f.add(Task{Name: title, Argv: []string{manager, "run", script}, Dir: dir, Args: true, Kind: NPM,
			Files: slices.Clone(files)}, m.scripts[script], name, 0)
		if err != nil {
			return err
		}
	}
	if dir != "." {
		return nil
	}
	return f.workspaces(m)
}

// sawNode reports whether the tasks of the package.json name were found before.
func (f *finder) sawNode(name string) bool {
	dir := path.Dir(name)
	return slices.ContainsFunc(f.tasks, func(t Task) bool { return t.Kind == NPM && t.Dir == dir })
}

// isHook reports whether npm runs the script by itself, before or after another one.
func isHook(script string, all map[string]string) bool {
	for _, when := range [...]string{"pre", "post"} {
		if of, ok := strings.CutPrefix(script, when); ok {
			if _, ok := all[of]; ok {
				return true
			}
		}
	}
	return false
}

// settings are the files that change what the manager runs: its shell, even the program
// itself.
func settings(manager string) []string {
	switch manager {
	case "pnpm":
		return []string{".npmrc", ".pnpmfile.cjs", "pnpm-workspace.yaml"}
	case "yarn":
		return []string{".npmrc", ".yarnrc", ".yarnrc.yml"}
	case "bun":
		return []string{".npmrc", "bunfig.toml"}
	}
	return []string{".npmrc"}
}

// manager returns the program that runs the scripts of m, in dir or of the root.
func (f *finder) manager(dir string, m manifest) (string, error) {
	if m.manager != "" {
		return m.manager, nil
	}
	for _, d := range [...]string{dir, "."} {
		for _, by := range [...][2]string{{"pnpm-lock.yaml", "pnpm"}, {"pnpm-workspace.yaml", "pnpm"}, {"yarn.lock", "yarn"},
			{"bun.lock", "bun"}, {"bun.lockb", "bun"}, {"package-lock.json", NPM}} {
			there, err := f.exists(d, by[0])
			if err != nil {
				return "", err
			}
			if there {
				return by[1], nil
			}
		}
	}
	return NPM, nil
}

// exists reports whether the folder dir has an entry of that name. Nothing of it is read.
func (f *finder) exists(dir, name string) (bool, error) {
	entries, err := f.list(dir)
	return slices.Contains(entries, entry{name, false}), err
}

// manifest reads a package.json. It notes what is no such file.
func (f *finder) manifest(name string, data []byte) (manifest, bool) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	const maxDepth = 100
	if err := strict.Check(data, maxDepth); err != nil {
		f.note(name, 0, "not read: "+err.Error())
		return manifest{}, false
	}
	var raw struct {
		Scripts    map[string]json.RawMessage `json:"scripts"`
		Manager    json.RawMessage            `json:"packageManager"`
		Workspaces json.RawMessage            `json:"workspaces"`
	}
	if err := json.Unmarshal(data, &raw); err != nil {
		f.note(name, 0, "not read: its scripts are no object")
		return manifest{}, false
	}
	m := manifest{scripts: map[string]string{}}
	for k, v := range raw.Scripts {
		var command string
		if json.Unmarshal(v, &command) == nil { // what is no string runs nothing
			m.scripts[k] = command
		}
	}
	var manager string
	if json.Unmarshal(raw.Manager, &manager) == nil {
		manager, _, _ = strings.Cut(manager, "@")
		switch manager {
		case NPM, "pnpm", "yarn", "bun":
			m.manager = manager
		}
	}
	var object struct {
		Packages []string `json:"packages"`
	}
	if json.Unmarshal(raw.Workspaces, &m.workspaces) != nil && json.Unmarshal(raw.Workspaces, &object) == nil {
		m.workspaces = object.Packages
	}
	return m, true
}

// workspaces finds the scripts of the packages that the root's m, or pnpm's file, names.
func (f *finder) workspaces(m manifest) error {
	patterns := m.workspaces
	s, err := f.file("pnpm-workspace.yaml")
	if err != nil {
		return err
	}
	if s.ok() {
		doc, ok := f.yaml("pnpm-workspace.yaml", s.data)
		if ok {
			if list := child(doc, "packages"); list != nil && list.Kind == yaml.SequenceNode {
				for _, n := range list.Content {
					patterns = append(patterns, n.Value)
				}
			}
		}
	}
	left := MaxFolders
	for _, pattern := range patterns[:min(len(patterns), MaxFolders)] {
		dirs, err := f.expand(".", strings.Trim(strings.TrimPrefix(pattern, "./"), "/"), &left)
		if err != nil {
			return err
		}
		for _, dir := range dirs {
			if err := f.node(dir); err != nil {
				return err
			}
		}
	}
	return nil
}

// expand returns the folders below dir that a pattern of workspaces names, at most *left,
// which it counts down. "**" stands for one level.
func (f *finder) expand(dir, pattern string, left *int) ([]string, error) {
	seg, rest, _ := strings.Cut(pattern, "/")
	switch {
	case *left <= 0 || strings.HasPrefix(pattern, "!"):
		return nil, nil
	case pattern == "":
		*left--
		return []string{dir}, nil
	case !strings.ContainsAny(seg, "*?["):
		p, ok := inRoot(dir, seg)
		if !ok || seg == ".." {
			return nil, nil
		}
		return f.expand(p, rest, left)
	}
	entries, err := f.list(dir)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, e := range entries {
		ok, err := path.Match(seg, e.name)
		if !ok || err != nil || !e.dir || e.name[0] == '.' || e.name == "node_modules" || !isPrintable(e.name) {
			continue
		}
		dirs, err := f.expand(path.Join(dir, e.name), rest, left)
		if err != nil {
			return nil, err
		}
		out = append(out, dirs...)
	}
	return out, nil
}
