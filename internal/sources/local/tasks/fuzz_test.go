package tasks

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// FuzzFind: whatever a definition file says, what is found keeps to the rules that check
// states, and a second look finds the same.
func FuzzFind(f *testing.F) {
	names := [...]string{"Makefile", "package.json", "justfile", "Taskfile.yml", ".gitlab-ci.yml", ".github/workflows/a.yml", "go.work",
		"pnpm-workspace.yaml", "pyproject.toml", "scripts/a.sh"}
	for i, seed := range [...]string{
		"V = a:b\n.PHONY: a\n## a: b\na b: c ; d\n\te\ninclude x $(y)\ndefine z\nendef\n",
		`{"scripts": {"test": "x", "pretest": "y"}, "workspaces": {"packages": ["a/*", "**"]}, "packageManager": "pnpm@9"}`,
		"# c\n[private]\na b='x' *c: d (e f)\n  g\nimport 'x'\nx := '''\n'''\n",
		"tasks: {a: {desc: b, cmds: [c]}, d: e}\nincludes: {x: ./y, z: {taskfile: w}}\n",
		"a: &a {script: [b, *a]}\nc: *a\n",
		"jobs: {a: {steps: [{run: b, name: c}, {uses: d}]}}\n",
		"use ./a\nuse (\n\t./b // c\n)\n",
		"packages: ['a', '../b', '!c']\n",
		"[tool.pytest.ini_options]\n",
		"#!/bin/sh\n\n# text\n",
	} {
		f.Add(uint8(i), []byte(seed))
	}
	f.Fuzz(func(t *testing.T, which uint8, data []byte) {
		dir := t.TempDir()
		name := names[int(which)%len(names)]
		write(t, dir, filepath.FromSlash(name), string(data), 0o755)
		tasks, hints := find(t, dir)
		check(t, tasks, hints)
		again, _ := find(t, dir)
		if !slices.EqualFunc(tasks, again, func(a, b Task) bool { return a.Digest() == b.Digest() && a.About == b.About }) {
			t.Errorf("two looks differ: %q, %q", namesOf(tasks), namesOf(again))
		}
	})
}

// FuzzWith: what is accepted is one element each, nothing that is added begins with "-" but
// what With writes itself, and what goes through a shell has nothing that it acts on.
func FuzzWith(f *testing.F) {
	kinds := [...]string{Go, "go vet", NPM, "pnpm", Make, Just, GoTask, Pytest, Cargo, Maven, Gradle, Script}
	for i, seed := range [...]string{"./...", "./x", "a.ts", "b", "SHELL=x", "c", "d", "tests/a.py::b[c d]", "e::f", "G#h", "com.I", "$(j)", "run=TestX/y z", "-exec=k"} {
		f.Add(uint8(i), seed)
	}
	f.Fuzz(func(t *testing.T, which uint8, arg string) {
		task := sample(kinds[int(which)%len(kinds)])
		argv, err := task.With([]string{arg})
		if err != nil {
			if code(err) != "invalid" || argv != nil {
				t.Errorf("%q: %q, %v", arg, argv, err)
			}
			return
		}
		own := []string{"-Dtest=" + arg, "-Dsurefire.failIfNoSpecifiedTests=false", "--", "--tests", "-json"}
		for _, a := range argv {
			if strings.HasPrefix(a, "-") && !slices.Contains(own, a) && !(task.Kind == Go && strings.HasPrefix(a, "-run=^") && strings.HasSuffix(a, "$")) {
				t.Errorf("%q: %q became an option", arg, a)
			}
			if strings.ContainsAny(a, "\x00\n\r\x1b") {
				t.Errorf("%q: control characters in %q", arg, a)
			}
		}
		switch task.Kind {
		case NPM, Just, GoTask:
			if strings.ContainsAny(arg, " \t;|&<>()$`\\\"'*?[]{}#~!^%\n") {
				t.Errorf("%q would be acted on by a shell", arg)
			}
		case Make:
			t.Errorf("make took %q", arg)
		}
	})
}

func BenchmarkFind(b *testing.B) {
	dir := b.TempDir()
	var targets strings.Builder
	for i := range 100 {
		targets.WriteString("## t" + strings.Repeat("x", i) + ": does it\nt" + strings.Repeat("x", i) + ": a b\n\techo\n\n")
	}
	put := func(name, data string) { write(b, dir, name, data, 0o644) }
	put("Makefile", targets.String())
	put("package.json", `{"scripts": {"test": "vitest", "lint": "eslint ."}}`)
	put("go.mod", "module x\n")
	put(".github/workflows/ci.yml", "jobs: {a: {steps: [{run: make}]}}\n")
	for b.Loop() {
		if _, _, err := Find(b.Context(), dir); err != nil {
			b.Fatal(err)
		}
	}
}
