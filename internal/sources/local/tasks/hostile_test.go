package tasks

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// soon fails the test if Find takes long; the bound is far above what it takes.
func soon(t *testing.T, dir string) ([]Task, []Hint) {
	t.Helper()
	began := time.Now()
	tasks, hints := find(t, dir)
	if d := time.Since(began); d > 20*time.Second {
		t.Errorf("took %v", d)
	}
	return tasks, hints
}

// TestHostileFiles: nothing that a project writes makes Find slow, large or fail.
func TestHostileFiles(t *testing.T) {
	const mib = MaxFile - 100
	rep := func(s string) string { return strings.Repeat(s, mib/len(s)) }
	yamlRep := func(s string) string { return strings.Repeat(s, (maxYAML-100)/len(s)) }
	bomb := "a: &a [x,x,x,x,x,x,x,x,x]\n"
	for i := range 20 {
		bomb += fmt.Sprintf("%c: &%c [*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c]\n", 'b'+i, 'b'+i, 'a'+i, 'a'+i, 'a'+i, 'a'+i, 'a'+i, 'a'+i, 'a'+i, 'a'+i, 'a'+i)
	}
	for _, c := range []struct{ name, file, data string }{
		{"many targets", "Makefile", rep("abc:\ndef:\n")},
		{"targets on one line", "Makefile", rep("a ") + ":"},
		{"comment above many targets", "Makefile", strings.Repeat("#\n", mib/4) + strings.Repeat("a ", mib/4) + ":"},
		{"open references", "Makefile", rep("$(")},
		{"open references on many lines", "Makefile", rep("$(:\n")},
		{"one continued line", "Makefile", rep("a \\\n")},
		{"backslashes", "Makefile", rep(`\`)},
		{"many defines", "Makefile", rep("define a\n")},
		{"it includes itself", "Makefile", rep("include Makefile\n")},
		{"it includes what is outside", "Makefile", rep("include ../../../../../../etc/passwd\n")},
		{"it includes many", "Makefile", rep("include a b c d e f g h\n")},
		{"nested JSON", "package.json", rep("[")},
		{"many scripts", "package.json", `{"scripts":{` + strings.TrimSuffix(func() string {
			var b strings.Builder
			for i := range 40_000 {
				fmt.Fprintf(&b, `"s%d":"x",`, i)
			}
			return b.String()
		}(), ",") + "}}"},
		{"many workspaces", "package.json", `{"workspaces":["` + strings.Repeat(`*/*/*","`, 50_000) + `"]}`},
		{"scripts are no object", "package.json", `{"scripts":[]}`},
		{"nested YAML", "Taskfile.yml", yamlRep("[")},
		{"indented YAML", "Taskfile.yml", yamlRep("- ")},
		{"alias bomb", ".gitlab-ci.yml", bomb + "job: {script: *u}\n"},
		{"alias of itself", ".gitlab-ci.yml", "a: &a\n  script: *a\n  <<: *a\n"},
		{"many jobs", ".gitlab-ci.yml", yamlRep("a: {script: [b]}\n")},
		{"many keys", "Taskfile.yml", "tasks:\n" + yamlRep("  abc: x\n")},
		{"YAML of quotes", ".github/workflows/a.yml", yamlRep(`"`)},
		{"YAML of tags", ".github/workflows/a.yml", yamlRep("!a ")},
		{"many recipes", "justfile", rep("a b c:\n")},
		{"many imports", "justfile", rep("import 'justfile'\n")},
		{"recipe of parameters", "justfile", "a " + rep("b ")},
		{"many modules", "go.work", "use (\n" + rep("./a\n")},
		{"NUL", "Makefile", rep("\x00:\n")},
		{"not UTF-8", "Makefile", rep("\xff:\n")},
		{"large", "Makefile", "a:\n" + strings.Repeat("#", MaxFile)},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, c.file, c.data, 0o644)
			tasks, hints := soon(t, dir)
			if len(tasks) > MaxTasks || len(hints) > MaxHints {
				t.Errorf("%d tasks, %d hints", len(tasks), len(hints))
			}
			check(t, tasks, hints)
			if c.name == "large" && (len(tasks) != 0 || len(hints) != 1) {
				t.Errorf("%d tasks and hints %v of a file that is too large", len(tasks), hints)
			}
		})
	}
}

// check is what holds of all tasks and hints, whatever the files say.
func check(t *testing.T, tasks []Task, hints []Hint) {
	t.Helper()
	seen := map[string]bool{}
	for _, task := range tasks {
		switch {
		case seen[task.Name]:
			t.Errorf("%q is there twice", task.Name)
		case !isPrintable(task.Name), len(task.Name) > maxName:
			t.Errorf("name %q", task.Name)
		case !isPrintable(task.About), len(task.About) > maxAbout:
			t.Errorf("about %q", task.About)
		case len(task.Argv) == 0, strings.Contains(task.Argv[0], "..") || filepath.IsAbs(task.Argv[0]):
			t.Errorf("%q runs %q", task.Name, task.Argv)
		case !filepath.IsLocal(task.Dir):
			t.Errorf("%q runs in %q", task.Name, task.Dir)
		case len(task.Definition) == 0:
			t.Errorf("%q has no definition", task.Name)
		}
		seen[task.Name] = true
		for _, a := range task.Argv[1:] {
			if strings.ContainsAny(a, "\x00\n\r") {
				t.Errorf("%q runs %q", task.Name, task.Argv)
			}
		}
		if last := task.Argv[len(task.Argv)-1]; (task.Kind == Make || task.Kind == NPM || task.Kind == Just || task.Kind == GoTask) &&
			(strings.HasPrefix(last, "-") || task.Kind == Make && strings.Contains(last, "=")) {
			t.Errorf("%q runs %q: that is no name", task.Name, task.Argv)
		}
		for _, name := range task.Files {
			if !filepath.IsLocal(name) {
				t.Errorf("%q has the file %q", task.Name, name)
			}
		}
	}
	for _, h := range hints {
		if len(h.Name) > maxAbout || len(h.Command) > maxCommand || !utf8.ValidString(h.Command) || !isPrintable(strings.ReplaceAll(h.Command, "\n", "")) {
			t.Errorf("hint %q %q", h.Name, h.Command)
		}
	}
}

// TestHostileNames: names that a terminal, a program or a reader would take for something
// else are left out.
func TestHostileNames(t *testing.T) {
	dir := project(t, `
-- package.json --
{"scripts": {"--prefix=/tmp": "x", "a\u202eb": "x", "a\u0000": "x", "a\nb": "x", "": "x", "ok": "x\u001b[31m\u202e y\nnext: z"}}
-- Makefile --
-f/tmp/x:
SHELL=/x:
a;b $$(x) `+"`x`"+` a&b:
good:
-- Taskfile.yml --
tasks: {"--dir=/": {}, "A=b": {}, fine: {}}
`)
	long := strings.Repeat("x", 4000)
	write(t, dir, "justfile", long+":\ngood:\n", 0o644)
	tasks, hints := find(t, dir)
	check(t, tasks, hints)
	names := namesOf(tasks)
	for _, want := range []string{"make good", "npm run ok", "task fine", "just good"} {
		if !slices.Contains(names, want) {
			t.Errorf("no %q in %q", want, names)
		}
	}
	if len(names) != 4 {
		t.Errorf("tasks %q", names)
	}
}

// TestLinks: no file outside the root is read, and nothing blocks.
func TestLinks(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("links need a privilege on Windows")
	}
	outside := project(t, "-- Makefile --\nsecret:\n-- d/x.sh* --\n-- package.json --\n{\"scripts\": {\"secret\": \"x\"}}\n-- go.mod --\nmodule secret\n")
	dir := project(t, "-- real.mk --\nok:\n-- justfile --\nimport 'j.just'\nfine:\n-- package.json --\n{\"workspaces\": [\"out\", \"*\"]}\n")
	for link, to := range map[string]string{
		"GNUmakefile": "real.mk", // inside: followed
		"scripts":     filepath.Join(outside, "d"),
		"j.just":      filepath.Join(outside, "Makefile"),
		"sub":         outside,
		"out":         outside,
		".npmrc":      "/dev/zero",
		"Cargo.toml":  "Cargo.toml",
	} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	tasks, hints := soon(t, dir)
	check(t, tasks, hints)
	if got, want := namesOf(tasks), []string{"make ok"}; !slices.Equal(got, want) {
		t.Errorf("tasks %q, want %q", got, want)
	}
	if !slices.ContainsFunc(hints, func(h Hint) bool { return h.File == "j.just" && h.Note != "" }) {
		t.Errorf("hints %+v do not say why the justfile has no tasks", hints)
	}
	for _, h := range hints {
		if strings.Contains(h.Note+h.Command+h.Name, "secret") || strings.Contains(h.Note, outside) {
			t.Errorf("hint %+v", h)
		}
	}
}

// TestManyFolders: a tree of any width ends.
func TestManyFolders(t *testing.T) {
	dir := project(t, "-- package.json --\n{\"workspaces\": [\"*/*/*\", \"**\"]}\n")
	for i := range 30 {
		for j := range 10 {
			write(t, dir, fmt.Sprintf("d%02d/e%d/f/package.json", i, j), `{"scripts":{"a":"x"}}`, 0o644)
		}
		write(t, dir, fmt.Sprintf("d%02d/Makefile", i), "a:\nb:\nc:\nd:\ne:\n", 0o644)
	}
	write(t, dir, "Makefile", "z:\n", 0o644)
	tasks, hints := soon(t, dir)
	check(t, tasks, hints)
	if tasks[0].Name != "make z" {
		t.Errorf("the first is %q, want that of the root", tasks[0].Name)
	}
	again, _ := find(t, dir)
	if !slices.Equal(namesOf(tasks), namesOf(again)) {
		t.Error("two looks differ")
	}
}

func TestOneLine(t *testing.T) {
	for _, c := range []struct {
		in   string
		n    int
		want string
	}{
		{" a\n\tb ", 10, "a b"},
		{"a\x1b[31mb\u202ec", 20, "a[31mbc"},
		{"äöüäöü", 8, "äö…"},
		{"abc", 0, ""},
		{"abc", -5, ""},
		{"abcdef", 2, ""},
		{"\xff\xfea", 5, "a"},
		{strings.Repeat("ä", 100), 5, "ä…"},
	} {
		if got := oneLine(c.in, c.n); got != c.want {
			t.Errorf("oneLine(%q, %d) = %q, want %q", c.in, c.n, got, c.want)
		}
	}
}
