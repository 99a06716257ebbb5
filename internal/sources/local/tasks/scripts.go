package tasks

import (
	"path"
	"runtime"
	"strings"
)

// scripts finds the project's own programs, those that its owner may execute. Windows knows
// no such files.
func (f *finder) scripts() error {
	if runtime.GOOS == "windows" {
		return nil
	}
	names := []string{".ci/run", "script/test", "bin/test"}
	for _, dir := range [...]string{"scripts", "script"} {
		entries, err := f.list(dir)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if !e.dir && strings.HasSuffix(e.name, ".sh") {
				names = append(names, path.Join(dir, e.name))
			}
		}
	}
	for _, name := range names[:min(len(names), MaxTasks)] {
		if !isName(name) {
			continue
		}
		s, err := f.file(name)
		if err != nil {
			return err
		}
		if !s.ok() || !s.exec {
			continue
		}
		err = f.add(Task{Name: name, Argv: []string{"./" + name}, Dir: ".", Args: true, Kind: Script, Files: []string{name}},
			firstComment(s.data), "", 0)
		if err != nil {
			return err
		}
	}
	return nil
}

// firstComment returns the first line of a script's comment.
func firstComment(data []byte) (comment string) {
	lines(data, func(n int, line string) bool {
		text, ok := strings.CutPrefix(line, "#")
		if n == 1 && strings.HasPrefix(text, "!") || strings.TrimSpace(line) == "" {
			return n < 10
		}
		if ok {
			comment = strings.TrimSpace(strings.TrimLeft(text, "#"))
		}
		return ok && comment == "" && n < 10
	})
	return comment
}
