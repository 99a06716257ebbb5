// Package tasks finds what a project declares that can be run: the targets of its Makefile,
// the scripts of its package.json, the tests of its language, its own scripts.
//
// Nothing is run, and no tool is asked, to find them: files are read, each at most once and
// up to MaxFile, never through a link that leaves the folder. What they say is foreign text;
// names with control or formatting characters are left out.
//
// A task is a program and its arguments, never a line for a shell. What the program then
// does is up to the project: that is why a task runs only after somebody trusted it. Trust
// is bound to Task.Digest, so it ends when the files change that declare the task. It is not
// bound to what those files name in turn: a script that a recipe runs, the code under test.
package tasks

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"slices"
	"strings"

	"cleat/internal/fail"
	"cleat/internal/sorting"
	"cleat/internal/tree"
)

// Limits.
const (
	MaxTasks   = 200     // that Find returns
	MaxHints   = 200     // that Find returns
	MaxFile    = 1 << 20 // bytes of a file that is read; tasks of larger ones are not known
	MaxFolders = 50      // besides the root in which tasks are looked for
	MaxArgs    = 100     // arguments that a task takes
	MaxArg     = 4096    // bytes of one
	maxName    = 100     // bytes of a task's name
	maxAbout   = 200     // bytes of what is said of a task
	maxCommand = 1000    // bytes of a hint's command
)

// The kinds of tasks. Any other kind is treated as Script is.
const (
	Make   = "make"
	NPM    = "npm" // also of pnpm, yarn and bun
	Go     = "go"
	Cargo  = "cargo"
	Pytest = "pytest"
	Maven  = "maven"
	Gradle = "gradle"
	Just   = "just"
	GoTask = "task" // of a Taskfile.yml
	Script = "script"
)

// A Task is something that can be run.
type Task struct {
	Name  string   // what a person would type: "make test", "npm run lint", ".ci/run"
	About string   // one line, from the project; foreign, but without control characters
	Argv  []string // no shell; Argv[0] is a program's name, or "./" and a path below the root
	Dir   string   // where it runs, relative to the root and slash-separated; "." for the root
	Args  bool     // it takes arguments; see With
	Kind  string

	// Files declare the task, relative to the root: trust is bound to their content. A task of
	// which one cannot be read is left out. Tasks that every project of a language has, such
	// as "go test", have none.
	Files []string

	// Definition is what trust is bound to, as one line of JSON: name, program, arguments,
	// folder, and the Files with the SHA-256 of each. Two tasks with the same one are the same.
	Definition []byte

	most int // arguments; 0 for MaxArgs
}

// Digest returns the SHA-256 of the Definition, in hexadecimal digits.
func (t Task) Digest() string {
	sum := sha256.Sum256(t.Definition)
	return hex.EncodeToString(sum[:])
}

// A Hint is something that a person may want to know of and that cannot be started: a command
// of a CI service's own file, or a file that could declare tasks but was not understood.
type Hint struct {
	Name    string // workflow, job and step
	Command string // as it is written, several lines maybe; cut after 1000 bytes
	File    string // relative to the root
	Line    int    // 1-based; 0 for the file as a whole
	Note    string // in cleat's words: why a file was not read; then Command is empty
}

// Find returns the tasks of the project in dir, sorted by Dir and Name, and the hints, sorted by file
// and line. It looks at dir itself, the folders right below it, and those that npm
// workspaces and go.work name. What cannot be read is told of by a Hint, so that one bad
// file hides no other. Find fails as tree.Open for a dir that cannot be opened, with
// fail.Busy where the process has no descriptors left, and with the cause of ctx's end.
//
// The files can change between Find and the run: call it anew for every start.
func Find(ctx context.Context, dir string) ([]Task, []Hint, error) {
	root, err := tree.Open(dir)
	if err != nil {
		return nil, nil, err
	}
	defer root.Close()
	names, err := os.OpenRoot(dir)
	if err != nil {
		return nil, nil, fail.Errorf(fail.Unavailable, "the project's folder cannot be opened: %w", err)
	}
	defer names.Close()
	f := &finder{ctx: ctx, root: root, names: names, read: map[string]source{}}
	if err := f.all(); err != nil {
		return nil, nil, err
	}
	return f.result()
}

// result puts what was found in order and completes it.
func (f *finder) result() ([]Task, []Hint, error) {
	sorting.Sort(f.tasks, compareTasks)
	f.tasks = slices.CompactFunc(f.tasks, func(a, b Task) bool { return a.Name == b.Name })
	f.tasks = f.tasks[:min(len(f.tasks), MaxTasks)]
	for i := range f.tasks {
		if err := f.define(&f.tasks[i]); err != nil {
			return nil, nil, err
		}
	}
	sorting.Sort(f.hints, func(a, b Hint) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
	return f.tasks, f.hints[:min(len(f.hints), MaxHints)], nil
}

// compareTasks puts the tasks of the root first.
func compareTasks(a, b Task) int {
	return cmp.Or(cmp.Compare(depth(a.Dir), depth(b.Dir)), cmp.Compare(a.Dir, b.Dir), cmp.Compare(a.Name, b.Name))
}

func depth(dir string) int {
	if dir == "." {
		return 0
	}
	return 1 + strings.Count(dir, "/")
}

// A definition is what trust in a task is bound to.
type definition struct {
	Version int              `json:"v"`
	Kind    string           `json:"kind"`
	Name    string           `json:"name"`
	Argv    []string         `json:"argv"`
	Dir     string           `json:"dir"`
	Files   []definitionFile `json:"files,omitempty"`
}

type definitionFile struct {
	Path   string `json:"path"`
	SHA256 string `json:"sha256"`
}

// define sets t.Files, sorted and each once, and t.Definition.
func (f *finder) define(t *Task) error {
	slices.Sort(t.Files)
	t.Files = slices.Compact(t.Files)
	d := definition{Version: 1, Kind: t.Kind, Name: t.Name, Argv: t.Argv, Dir: t.Dir}
	for _, name := range t.Files {
		s, err := f.file(name)
		if err != nil {
			return err
		}
		d.Files = append(d.Files, definitionFile{name, s.sum})
	}
	data, err := json.Marshal(d)
	t.Definition = data
	return err
}
