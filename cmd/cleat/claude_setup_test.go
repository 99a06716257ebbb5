package main

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"testing"

	"cleat/internal/claudetest"
)

// TestClaudeSetup tells Claude Code of cleat in the two ways there are.
func TestClaudeSetup(t *testing.T) {
	t.Parallel()
	cli := claudetest.Install(t)
	cleat := released(t)
	for name, setup := range map[string]func(*testing.T, claudetest.CLI){
		"add":  (&shop{newWorld(t, shopFiles), cleat}).isAdded,
		"init": (&shop{newWorld(t, shopFiles), cleat}).initializes,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			setup(t, cli)
		})
	}
}

// isAdded adds cleat with the line that the documentation gives.
func (s *shop) isAdded(t *testing.T, cli claudetest.CLI) {
	claude := func(args ...string) string {
		out := cli.Command(t, s.dir, s.home, append([]string{"mcp"}, args...)...)
		if out.Exit != 0 {
			t.Fatalf("claude mcp %q: exit %d: %s%s", args, out.Exit, out.Stdout, out.Stderr)
		}
		return out.Stdout
	}
	wantAll(t, "mcp add", claude("add", "--transport", "stdio", "cleat", "--", s.cleat, "serve"), "Added stdio MCP server cleat")
	wantAll(t, "mcp list", claude("list"), "cleat: "+s.cleat+" serve - ✔ Connected")
	wantAll(t, "mcp get", claude("get", "cleat"), "✔ Connected", "Command: "+s.cleat, "Args: serve")
}

// initializes has cleat init do it, and then plays a session that allows nothing on its
// command line: what init wrote has to do.
func (s *shop) initializes(t *testing.T, cli claudetest.CLI) {
	first := cli.Exec(t, s.dir, s.home, s.cleat, "init", "--yes")
	if first.Exit != 0 {
		t.Fatalf("init: exit %d: %s%s", first.Exit, first.Stdout, first.Stderr)
	}
	wantAll(t, "init", first.Stdout, "claude: Added stdio MCP server cleat", on+"code_search")
	get := cli.Command(t, s.dir, s.home, "mcp", "get", "cleat")
	wantAll(t, "mcp get", get.Stdout, "✔ Connected", "Command: "+s.cleat, "Args: serve")
	var settings struct {
		Permissions struct{ Allow []string }
	}
	if err := json.Unmarshal([]byte(fileText(t, filepath.Join(s.dir, settingsDir, settingsFile))), &settings); err != nil {
		t.Fatal(err)
	}
	for _, tool := range []string{"code_search", "find", "read", "status"} {
		if !slices.Contains(settings.Permissions.Allow, on+tool) {
			t.Errorf("init allows %q, want %s too", settings.Permissions.Allow, tool)
		}
	}

	r := cli.Run(t, claudetest.Session{Project: s.dir, Home: s.home, Script: []claudetest.Turn{
		{Uses: []claudetest.Use{
			{Name: on + "code_search", Input: claudetest.Input{"pattern": "func Place("}},
			{Name: on + "read", Input: claudetest.Input{"uri": "README.md"}},
			{Name: on + "find", Input: claudetest.Input{"query": "order"}},
			{Name: on + "status"},
		}},
	}})
	for _, c := range r.Calls {
		if !c.Answered || c.IsError {
			t.Errorf("%s: answered %t, failed %t: %s", c.Name, c.Answered, c.IsError, c.Text())
		}
	}
	if len(r.Calls) == 4 {
		wantAll(t, "code_search", r.Calls[0].Text(), "internal/order/order.go:8: func Place(o Order)")
		wantAll(t, "status", r.Calls[3].Text(), "root: "+s.dir)
	} else {
		t.Errorf("%d calls were made, want 4", len(r.Calls))
	}
	checkAudit(t, s.cleat, filepath.Join(s.home, ".local", "state"))

	again := cli.Exec(t, s.dir, s.home, s.cleat, "init", "--yes")
	if again.Exit != 0 {
		t.Errorf("init again: exit %d: %s%s", again.Exit, again.Stdout, again.Stderr)
	}
	wantAll(t, "init again", again.Stdout, "Claude Code has it already", "without asking already")
	doctor := cli.Exec(t, s.dir, s.home, s.cleat, "doctor")
	if doctor.Exit != 0 {
		t.Errorf("doctor: exit %d: %s%s", doctor.Exit, doctor.Stdout, doctor.Stderr)
	}
	wantAll(t, "doctor", doctor.Stdout, claudetest.ClaudeVersion)
}
