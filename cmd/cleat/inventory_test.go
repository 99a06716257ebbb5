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

// everything is a configuration with which every tool is listed, two sources of each system
// that has none of its own, so that the argument source is listed too.
const everything = `
[sources.app]
kind = "sqlite"
path = "/nowhere/app.db"

[sources.report]
kind = "sqlite"
path = "/nowhere/report.db"

[sources.gh]
kind = "github"
repos = ["acme/app"]

[policy]
allow = ["db_write(source=app, op=dml)", "db_write(source=report, op=ddl)"]
`

// inProcess opens cleat on an empty workspace with the user's configuration, if any.
func inProcess(t *testing.T, configuration ...string) *app {
	t.Helper()
	dir := t.TempDir()
	for _, text := range configuration {
		writeFile(t, dir+"/config/cleat/cleat.toml", []byte(text))
	}
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
	maxListBytes        = 14_500 // of what is on by default
	maxWholeBytes       = 24_000 // of all tools
	maxDatabaseBytes    = 3_000  // of the three tools of databases
	maxToolBytes        = 1_400
	maxDescription      = 1_000
	maxNameLength       = 40
	minDescriptionWords = 8
)

// TestInventory holds every tool to what clients and models need of it.
func TestInventory(t *testing.T) {
	for _, tt := range []struct {
		name, configuration string
		limit               int
	}{{"default", "", maxListBytes}, {"everything", everything, maxWholeBytes}} {
		t.Run(tt.name, func(t *testing.T) { inventory(t, tt.configuration, tt.limit) })
	}
}

func inventory(t *testing.T, configuration string, limit int) {
	a := inProcess(t, configuration)
	if unlisted := len(a.registry.Names(registry.ToolKind)); configuration != "" {
		tools, err := a.registry.List(a.set, a.gate, false)
		if err != nil || len(tools) != unlisted {
			t.Errorf("%v: %d of %d tools are listed", err, len(tools), unlisted)
		}
	}
	tools, err := a.registry.List(a.set, a.gate, false)
	if err != nil {
		t.Fatal(err)
	}
	total, database := 0, 0
	key := regexp.MustCompile(`^[a-zA-Z0-9_.-]{1,64}$`)
	for _, tool := range tools {
		raw, err := json.Marshal(tool)
		if err != nil {
			t.Fatal(err)
		}
		total += len(raw)
		if strings.HasPrefix(tool.Name, "db_") {
			database += len(raw)
		}
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
	if total > limit {
		t.Errorf("tools/list costs %d bytes, the limit is %d", total, limit)
	}
	if database > maxDatabaseBytes {
		t.Errorf("the tools of databases cost %d bytes, the limit is %d", database, maxDatabaseBytes)
	}
	t.Logf("tools/list: %d tools, %d bytes", len(tools), total)
}

// TestInstructions keeps the instructions short, and the names in them true.
func TestInstructions(t *testing.T) {
	a := inProcess(t, everything)
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
