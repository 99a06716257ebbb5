package main

import (
	"encoding/json"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"cleat/internal/registry"
)

// inProcess opens cleat on an empty workspace with no configuration at all.
func inProcess(t *testing.T) *app {
	t.Helper()
	dir := t.TempDir()
	p := &program{registry: registry.Default, managed: dir + "/none.toml", managedUID: os.Getuid(),
		environ: []string{"HOME=" + dir, "XDG_STATE_HOME=" + dir + "/state", "XDG_CONFIG_HOME=" + dir + "/config", "PATH=" + os.Getenv("PATH")},
		stdin:   strings.NewReader(""), stdout: io.Discard, stderr: io.Discard}
	work := t.TempDir()
	a, err := p.open(t.Context(), openOption{dir: work})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.close(); err != nil {
			t.Error(err)
		}
	})
	if len(a.problems) > 0 {
		t.Fatal(a.problems)
	}
	return a
}

// Limits of product.md on what every session pays for.
const (
	maxListBytes        = 9_000 // of what is on by default
	maxToolBytes        = 1_400
	maxDescription      = 1_000
	maxNameLength       = 40
	minDescriptionWords = 8
)

// TestInventory holds every tool to what clients and models need of it.
func TestInventory(t *testing.T) {
	a := inProcess(t)
	tools, err := a.registry.List(a.set, a.gate, false)
	if err != nil {
		t.Fatal(err)
	}
	total := 0
	key := regexp.MustCompile(`^[a-zA-Z0-9_.-]{1,64}$`)
	for _, tool := range tools {
		raw, err := json.Marshal(tool)
		if err != nil {
			t.Fatal(err)
		}
		total += len(raw)
		t.Logf("%-14s %5d bytes", tool.Name, len(raw))
		if len(raw) > maxToolBytes {
			t.Errorf("%s costs %d bytes, the limit is %d", tool.Name, len(raw), maxToolBytes)
		}
		if n := len(tool.Description); n > maxDescription || len(strings.Fields(tool.Description)) < minDescriptionWords {
			t.Errorf("%s has a description of %d bytes", tool.Name, n)
		}
		if len(tool.Name) > maxNameLength {
			t.Errorf("the name %s is too long", tool.Name)
		}
		h := tool.Annotations
		if h == nil || h.DestructiveHint == nil || h.OpenWorldHint == nil || h.Title == "" {
			t.Errorf("%s lacks hints: %+v", tool.Name, h)
		}
		var schema map[string]json.RawMessage
		if err := json.Unmarshal(tool.InputSchema.(json.RawMessage), &schema); err != nil {
			t.Fatal(err)
		}
		if string(schema["type"]) != `"object"` || string(schema["additionalProperties"]) != "false" {
			t.Errorf("%s: the schema is no closed object: %s", tool.Name, tool.InputSchema)
		}
		for _, word := range []string{"oneOf", "anyOf", "allOf", "$ref", "$defs"} {
			if _, ok := schema[word]; ok {
				t.Errorf("%s has %s at the root of its schema", tool.Name, word)
			}
		}
		var props map[string]struct{ Description, Type string }
		if err := json.Unmarshal(schema["properties"], &props); err != nil {
			t.Fatal(err)
		}
		for name, p := range props {
			if !key.MatchString(name) || p.Description == "" || p.Type == "" {
				t.Errorf("%s: the argument %q is %+v", tool.Name, name, p)
			}
		}
	}
	if total > maxListBytes {
		t.Errorf("tools/list costs %d bytes, the limit is %d", total, maxListBytes)
	}
	t.Logf("tools/list: %d tools, %d bytes", len(tools), total)
}

// TestInstructions keeps the instructions short, and the names in them true.
func TestInstructions(t *testing.T) {
	a := inProcess(t)
	s := a.instructions()
	if n := len(s); n > maxInstructions || n == 0 {
		t.Errorf("the instructions have %d characters, the limit is %d", n, maxInstructions)
	}
	for _, name := range a.registry.Names(registry.ToolKind) {
		if !strings.Contains(s, name) {
			t.Errorf("the instructions do not say what %s is for", name)
		}
	}
}

// TestHints looks for tools named in the sources' texts for the model: each has to exist.
func TestHints(t *testing.T) {
	a := inProcess(t)
	known := a.registry.Names(registry.ToolKind)
	named := regexp.MustCompile(`\b(?:with|use|see|call|Use|Call|or) ((?:code|ci|ticket|pr|package|db|doc|error)_[a-z]+)\b`)
	for _, e := range a.registry.Entries() {
		for _, m := range named.FindAllStringSubmatch(e.Description, -1) {
			if !slices.Contains(known, m[1]) {
				t.Errorf("%s names the tool %s, which does not exist", e.Name, m[1])
			}
		}
	}
}
