package tasks

import (
	"fmt"
	"path"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"
)

const maxWorkflows = 100 // files that are read

// github hints at the commands of GitHub's workflows.
func (f *finder) github() error {
	const dir = ".github/workflows"
	entries, err := f.list(dir)
	if err != nil {
		return err
	}
	read := 0
	for _, e := range entries {
		ext := path.Ext(e.name)
		if e.dir || ext != ".yml" && ext != ".yaml" || !isPrintable(e.name) {
			continue
		}
		if read++; read > maxWorkflows {
			break
		}
		name := path.Join(dir, e.name)
		s, err := f.file(name)
		if err != nil {
			return err
		}
		if !s.ok() {
			continue
		}
		doc, ok := f.yaml(name, s.data)
		if !ok {
			continue
		}
		pairs(child(doc, "jobs"), func(job string, n *yaml.Node) {
			steps := child(n, "steps")
			if steps == nil || steps.Kind != yaml.SequenceNode {
				return
			}
			for i, step := range steps.Content {
				title := value(child(step, "name"))
				if title == "" {
					title = fmt.Sprintf("step %d", i+1)
				}
				f.hint(e.name+" / "+job+" / "+title, name, child(step, "run"))
			}
		})
	}
	return nil
}

// gitlab hints at the commands of GitLab's jobs.
func (f *finder) gitlab() error {
	name, s, err := f.first(".", ".gitlab-ci.yml", ".gitlab-ci.yaml")
	if err != nil || name == "" || s.bad {
		return err
	}
	doc, ok := f.yaml(name, s.data)
	if !ok {
		return nil
	}
	script := func(job string, n *yaml.Node) {
		for _, key := range [...]string{"before_script", "script", "after_script"} {
			commands := child(n, key)
			if commands == nil {
				continue
			}
			title := name + " / " + job
			if key != "script" {
				title += " / " + key
			}
			if commands.Kind != yaml.SequenceNode {
				f.hint(title, name, commands)
				continue
			}
			for _, c := range commands.Content {
				f.hint(title, name, c)
			}
		}
	}
	pairs(doc, script)
	return nil
}

// hint adds the command n, if it is one.
func (f *finder) hint(title, file string, n *yaml.Node) {
	n = real(n)
	command := value(n)
	if strings.TrimSpace(command) == "" || len(f.hints) >= 2*MaxHints {
		return
	}
	if len(command) > 4*maxCommand {
		command = command[:4*maxCommand]
	}
	command = strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case r == '\t':
			return ' '
		case r == unicode.ReplacementChar, !unicode.IsPrint(r):
			return -1
		}
		return r
	}, command)
	f.hints = append(f.hints, Hint{Name: oneLine(title, maxAbout), Command: cut(strings.TrimSpace(command), maxCommand), File: file, Line: n.Line})
}
