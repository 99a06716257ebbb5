package main

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"cleat/internal/registry"
	"cleat/internal/sources"
)

// TestReadme keeps the README's tables equal to what is linked.
func TestReadme(t *testing.T) {
	data, err := os.ReadFile(repository + "/README.md")
	if err != nil {
		t.Fatal(err)
	}
	readme := string(data)
	var want []string
	for _, e := range registry.Default().Entries() {
		switch e.Kind {
		case registry.ToolKind:
			class := map[registry.Access]string{registry.Read: "read", registry.Write: "write", registry.Destructive: "destructive"}[e.Access]
			want = append(want, fmt.Sprintf("| `%s` | %s | %s |", e.Name, class, e.Title))
		case registry.PromptKind:
			want = append(want, fmt.Sprintf("| `%s` | %s |", e.Name, e.Title))
		case registry.TemplateKind:
			want = append(want, fmt.Sprintf("| `%s` | ", e.URI))
		}
	}
	for _, k := range sources.Kinds() {
		want = append(want, fmt.Sprintf("| `%s` | ", k.Name))
	}
	for _, row := range want {
		if !strings.Contains(readme, row) {
			t.Errorf("the README lacks the row %s", row)
		}
	}
	// And no row of a tool that is not there.
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\| (?:read|write|destructive) \\|").FindAllStringSubmatch(readme, -1) {
		if !slices.Contains(registry.Default().Names(registry.ToolKind), m[1]) {
			t.Errorf("the README has a row for %s, which is not linked", m[1])
		}
	}
	// Every make target that it names exists.
	makefile, err := os.ReadFile(repository + "/Makefile")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile("(?m)(?:^    |`)make ([a-z0-9]+)").FindAllStringSubmatch(readme, -1) {
		if !regexp.MustCompile(`(?m)^` + m[1] + `:`).Match(makefile) {
			t.Errorf("the README names make %s, which the Makefile has not", m[1])
		}
	}
}
