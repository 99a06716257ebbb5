//go:build unix

package tasks

import (
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// TestFIFO: a pipe that nobody writes to, in the place of any file or folder, holds nobody.
func TestFIFO(t *testing.T) {
	dir := project(t, "-- go.mod --\nmodule x\n")
	for _, name := range []string{"Makefile", "package.json", "scripts", "justfile", "Taskfile.yml", ".gitlab-ci.yml", ".github", "bin", "pom.xml"} {
		if err := unix.Mkfifo(filepath.Join(dir, name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	tasks, hints := soon(t, dir)
	check(t, tasks, hints)
	if len(tasks) != 3 || tasks[1].Name != "go test" {
		t.Errorf("tasks %q, want those of go", namesOf(tasks))
	}
}
