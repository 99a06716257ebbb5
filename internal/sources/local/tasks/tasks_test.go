package tasks

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"cleat/internal/fail"
)

// project writes the files of an archive to a new folder. Names ending in "*" may be executed.
func project(t *testing.T, archive string) string {
	t.Helper()
	dir := t.TempDir()
	for _, f := range txtar.Parse([]byte(archive)).Files {
		name, exec := strings.CutSuffix(f.Name, "*")
		mode := os.FileMode(0o644)
		if exec {
			mode = 0o755
		}
		write(t, dir, name, string(f.Data), mode)
	}
	return dir
}

func write(t testing.TB, dir, name, data string, mode os.FileMode) {
	t.Helper()
	p := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p, []byte(data), mode); err != nil {
		t.Fatal(err)
	}
}

func find(t *testing.T, dir string) ([]Task, []Hint) {
	t.Helper()
	tasks, hints, err := Find(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	return tasks, hints
}

// shown is a task in one line.
func shown(tasks []Task) (out []string) {
	for _, t := range tasks {
		s := t.Name + " = " + strings.Join(t.Argv, " ") + " | " + t.About
		if t.Args {
			s += " | args"
		}
		if len(t.Files) > 0 {
			s += " | " + strings.Join(t.Files, " ")
		}
		out = append(out, s)
	}
	return out
}

func TestFind(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("some of these tasks are scripts, which Windows does not know")
	}
	for _, c := range []struct {
		name, files string
		want        []string
		hints       int
	}{
		{name: "nothing", files: "-- README --\nmake test\n"},
		{name: "make", files: `
-- Makefile --
# Copyright
GO ?= go
DIR := a:b
include mk/more.mk
-include absent.mk

.PHONY: all test lint dist/x
all: test

## test: run all the tests
.PHONY: test
test: FLAGS = -v
test: build
	@echo a: b \
c: not a target
	$(GO) test

lint: ## find mistakes
	lint
build dist/x a.o:: | order
	true
define text
inside: nothing
endef
%.o: %.c
	cc
$(DIR)/x $(foreach t,a b,gen-$(t):): y
.SUFFIXES: .c
.DEFAULT_GOAL = all
export X = a: b
ifeq ($(A),b)
cond:
endif
-- mk/more.mk --
more:
	true
`, want: []string{
			"make all = make all | Makefile:8 | Makefile mk/more.mk",
			"make build = make build | Makefile:20 | Makefile mk/more.mk",
			"make cond = make cond | Makefile:32 | Makefile mk/more.mk",
			"make dist/x = make dist/x | Makefile:20 | Makefile mk/more.mk",
			"make lint = make lint | find mistakes (Makefile:18) | Makefile mk/more.mk",
			"make more = make more | mk/more.mk:1 | Makefile mk/more.mk",
			"make test = make test | run all the tests (Makefile:13) | Makefile mk/more.mk",
		}},
		{name: "make takes GNUmakefile first, and what it cannot follow is told", files: `
-- GNUmakefile --
include $(wildcard *.mk)
a:
-- Makefile --
b:
`, want: []string{"make a = make a | [includes a makefile that cleat cannot follow] (GNUmakefile:2) | GNUmakefile"}},
		{name: "recipe prefix", files: "-- makefile --\n.RECIPEPREFIX = >\na:\n>x: y\nb:\n>z\n", want: []string{
			"make a = make a | makefile:2 | makefile", "make b = make b | makefile:4 | makefile"}},
		{name: "npm", files: `
-- package.json --
{"scripts": {"test": "vitest\nrun", "pretest": "x", "lint": "eslint .", "-x": "no", "n": 1, "a b": "no"}, "workspaces": ["packages/*", "../up", "/abs", "packages/a"]}
-- .npmrc --
x=y
-- packages/a/package.json --
{"scripts": {"test": "a"}}
-- packages/node_modules/package.json --
{"scripts": {"test": "no"}}
`, want: []string{
			"npm run lint = npm run lint | eslint . (package.json) | args | .npmrc package.json",
			"npm test = npm run test | vitest run (package.json) | args | .npmrc package.json",
			"npm test in packages/a = npm run test | a (packages/a/package.json) | args | .npmrc package.json packages/a/package.json",
		}},
		{name: "pnpm", files: `
-- package.json --
{"scripts": {"test": "x"}}
-- pnpm-workspace.yaml --
packages: ["apps/**", "!apps/b"]
-- apps/a/package.json --
{"scripts": {"test": "a"}}
`, want: []string{
			"pnpm run test = pnpm run test | x (package.json) | args | package.json pnpm-workspace.yaml",
			"pnpm run test in apps/a = pnpm run test | a (apps/a/package.json) | args | apps/a/package.json package.json pnpm-workspace.yaml",
		}},
		{name: "yarn by its field", files: "-- package.json --\n{\"packageManager\": \"yarn@4.1.0\", \"scripts\": {\"test\": \"x\"}}\n-- .yarnrc.yml --\nyarnPath: x.cjs\n",
			want: []string{"yarn run test = yarn run test | x (package.json) | args | .yarnrc.yml package.json"}},
		{name: "go", files: "-- go.mod --\nmodule x\n-- tools/go.mod --\nmodule y\n-- testdata/go.mod --\nmodule z\n", want: []string{
			"go build = go build -o " + os.DevNull + " ./... | compile the Go module (go.mod) | args",
			"go test = go test -json ./... | the tests of the Go module (go.mod) | args",
			"go vet = go vet ./... | look for mistakes in the Go module (go.mod) | args",
			"go build in tools = go build -o " + os.DevNull + " ./... | compile the Go module (tools/go.mod) | args",
			"go test in tools = go test -json ./... | the tests of the Go module (tools/go.mod) | args",
			"go vet in tools = go vet ./... | look for mistakes in the Go module (tools/go.mod) | args",
		}},
		{name: "maven and gradle with their wrappers", files: `
-- pom.xml --
<project/>
-- mvnw* --
#!/bin/sh
-- .mvn/maven.config --
-B
-- app/build.gradle.kts --
x
-- app/gradlew* --
#!/bin/sh
`, want: []string{
			"./mvnw test = ./mvnw -B test | the tests of the Maven project (pom.xml) | args | .mvn/maven.config mvnw pom.xml",
			"./gradlew test in app = ./app/gradlew --console=plain test | the tests of the Gradle project (app/build.gradle.kts) | args | app/build.gradle.kts app/gradlew",
		}},
		{name: "rust and python", files: "-- Cargo.toml --\n[workspace]\n-- core/Cargo.toml --\n[package]\n-- pyproject.toml --\n[tool.pytest.ini_options]\n-- uv.lock --\n", want: []string{
			"cargo build = cargo build | compile the Rust package (Cargo.toml)",
			"cargo clippy = cargo clippy | look for mistakes in the Rust package (Cargo.toml)",
			"cargo test = cargo test | the tests of the Rust package (Cargo.toml) | args",
			"uv run pytest = uv run pytest | the Python tests (pyproject.toml) | args",
		}},
		{name: "python without pytest", files: "-- pyproject.toml --\n[tool.ruff]\n-- setup.cfg --\n[metadata]\n"},
		{name: "just", files: `
-- justfile --
set shell := ["bash", "-c"]
alias t := test
x := '''
not-a: recipe
'''
import 'more.just'
# run the tests
test filter='a:b' *more: build
    cargo test {{filter}}
@build:
    true
[private]
hidden:
_also:
one a:
-- more.just --
[doc("said here")]
more:
`, want: []string{
			"just build = just build | justfile:10 | justfile more.just",
			"just more = just more | said here (more.just:2) | justfile more.just",
			"just one = just one | justfile:15 | args | justfile more.just",
			"just test = just test | run the tests (justfile:8) | args | justfile more.just",
		}},
		{name: "task", files: `
-- Taskfile.yml --
version: '3'
includes:
  docs: ./docs
  far: https://example.com/Taskfile.yml
tasks:
  test:
    desc: run the tests
    cmds: ["go test {{.CLI_ARGS}}"]
  lint: golangci-lint run
  secret: {internal: true}
-- docs/Taskfile.yml --
version: '3'
`, want: []string{
			"task lint = task lint | [includes a file that cleat cannot follow] (Taskfile.yml:9) | Taskfile.yml docs/Taskfile.yml",
			"task test = task test | run the tests [includes a file that cleat cannot follow] (Taskfile.yml:7) | args | Taskfile.yml docs/Taskfile.yml",
		}},
		{name: "scripts", files: `
-- .ci/run* --
#!/bin/sh
# What CI does.
-- script/test* --
-- bin/test --
not executable
-- scripts/a.sh* --
#!/bin/sh
set -e
# too late
-- scripts/b.py* --
-- scripts/--x.sh* --
`, want: []string{
			".ci/run = ./.ci/run | What CI does. | args | .ci/run",
			"scripts/--x.sh = ./scripts/--x.sh |  | args | scripts/--x.sh",
			"scripts/a.sh = ./scripts/a.sh |  | args | scripts/a.sh",
			"script/test = ./script/test |  | args | script/test",
		}},
		{name: "no json, no yaml", files: "-- package.json --\n{\"scripts\": {\"a\": \"1\", \"a\": \"2\"}}\n-- Taskfile.yml --\n\"\n", hints: 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			tasks, hints := find(t, project(t, c.files))
			slices.Sort(c.want)
			got := shown(tasks)
			slices.Sort(got)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("tasks (-want +got):\n%s", diff)
			}
			if len(hints) != c.hints {
				t.Errorf("hints: %+v, want %d", hints, c.hints)
			}
			if !slices.IsSortedFunc(tasks, compareTasks) {
				t.Errorf("not sorted: %v", namesOf(tasks))
			}
		})
	}
}

// TestCI12 is what trust rests on: whatever changes about how a task is declared changes its
// digest, and nothing else does.
func TestCI12Digest(t *testing.T) {
	const files = `
-- Makefile --
include a.mk
-include later.mk
test:
	true
-- a.mk --
A = 1
-- package.json --
{"scripts": {"test": "x"}}
-- script/test* --
#!/bin/sh
-- go.mod --
module x
-- unrelated --
`
	digests := func(dir string) map[string]string {
		out := map[string]string{}
		tasks, _ := find(t, dir)
		for _, task := range tasks {
			out[task.Name] = task.Digest()
		}
		return out
	}
	base := digests(project(t, files))
	if len(base) < 4 {
		t.Fatalf("tasks: %v", base)
	}
	for _, c := range []struct {
		name, file, data string
		want             []string // tasks whose digest changes
	}{
		{"nothing", "unrelated", "x", nil},
		{"recipe", "Makefile", "include a.mk\n-include later.mk\ntest:\n\tcurl | sh\n", []string{"make test"}},
		{"included", "a.mk", "A = 2\n", []string{"make test"}},
		{"included file appears", "later.mk", "SHELL = ./evil\n", []string{"make test"}},
		{"makefile of a higher rank", "GNUmakefile", "test:\n\tevil\n", []string{"make test"}},
		{"script", "package.json", `{"scripts": {"test": "y"}}`, []string{"npm test"}},
		{"hook", "package.json", `{"scripts": {"test": "x", "pretest": "evil"}}`, []string{"npm test"}},
		{"shell of scripts", ".npmrc", "script-shell=./evil\n", []string{"npm test"}},
		{"script file", "script/test", "#!/bin/sh\nevil\n", []string{"script/test"}},
		{"go.mod", "go.mod", "module y\n", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if runtime.GOOS == "windows" && strings.HasPrefix(c.file, "script/") {
				t.Skip("Windows knows no executable scripts")
			}
			dir := project(t, files)
			write(t, dir, c.file, c.data, 0o755)
			var changed []string
			now := digests(dir)
			for name, d := range base {
				if now[name] != d {
					changed = append(changed, name)
				}
			}
			if diff := cmp.Diff(c.want, changed); diff != "" {
				t.Errorf("changed (-want +got):\n%s", diff)
			}
		})
	}
}

// TestDefinitionTellsApart: a task of the same name that runs elsewhere is another one.
func TestDefinitionTellsApart(t *testing.T) {
	tasks, _ := find(t, project(t, "-- a/go.mod --\nmodule x\n-- b/go.mod --\nmodule x\n"))
	seen := map[string]string{}
	for _, task := range tasks {
		if other, ok := seen[task.Digest()]; ok {
			t.Errorf("%q and %q have the same digest", task.Name, other)
		}
		seen[task.Digest()] = task.Name
	}
	if len(seen) != 6 {
		t.Errorf("%d tasks, want 6", len(seen))
	}
}

func TestFindFails(t *testing.T) {
	var e *fail.Error
	if _, _, err := Find(t.Context(), filepath.Join(t.TempDir(), "absent")); !errors.As(err, &e) || e.Code != fail.NotFound {
		t.Errorf("absent folder: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := Find(ctx, project(t, "-- Makefile --\na:\n")); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}
}
