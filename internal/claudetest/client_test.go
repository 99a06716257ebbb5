package claudetest

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// seen is what a test compares of a call.
type seen struct {
	Name    string
	IsError bool
	Texts   []string
}

func seenCalls(calls []Called) []seen {
	var all []seen
	for _, c := range calls {
		s := seen{Name: c.Name, IsError: c.IsError}
		for _, b := range c.Content {
			switch b.Type {
			case "text":
				s.Texts = append(s.Texts, b.Text)
			case "tool_reference":
				s.Texts = append(s.Texts, "reference to "+b.ToolName)
			}
		}
		all = append(all, s)
	}
	return all
}

// TestRun plays one session with a bit of everything: a search for a deferred tool, a
// call, parallel calls of which one takes a value from before and one fails, a resource.
func TestRun(t *testing.T) {
	t.Parallel()
	cli := Install(t)
	const greet, fail, meet = "mcp__probe__greet", "mcp__probe__fail", "mcp__probe__meet"
	r := cli.Run(t, Session{
		Project: t.TempDir(),
		Servers: map[string]Server{"probe": play(t, "server")},
		Script: []Turn{
			Call("ToolSearch", Input{"query": "select:" + greet, "max_results": 5}),
			{Text: "I greet Ann.", Uses: []Use{{greet, Input{"who": "Ann"}}}},
			{Uses: []Use{
				{greet, Input{"who": From{Turn: 1, Match: `number=(\d+)`}}},
				{fail, nil},
				{greet, Input{"who": "Cy"}},
			}},
			{Uses: []Use{{meet, nil}, {meet, nil}}},
			Call("ReadMcpResourceTool", Input{"server": "probe", "uri": "note://one"}),
			{Text: "That is all."},
		},
	})
	want := []seen{
		{"ToolSearch", false, []string{"reference to " + greet}},
		{greet, false, []string{"Hello, Ann.", "number=3"}},
		{greet, false, []string{"Hello, 3.", "number=1"}},
		{fail, true, []string{"invalid: this tool always fails"}},
		{greet, false, []string{"Hello, Cy.", "number=2"}},
		{meet, false, []string{"met"}},
		{meet, false, []string{"met"}},
		{"ReadMcpResourceTool", false, []string{`{"contents":[{"uri":"note://one","mimeType":"text/plain","text":"the note"}]}`}},
	}
	got := seenCalls(r.Calls)
	// A failed call of a tool that was not loaded has the tool's schema after the text.
	if len(got) > 3 && len(got[3].Texts) == 1 {
		first, rest, _ := strings.Cut(got[3].Texts[0], "\n")
		got[3].Texts[0] = first
		if !strings.Contains(rest, "ToolSearch") {
			t.Errorf("after the error the model reads %q, want a hint at ToolSearch", rest)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	for i, c := range r.Calls {
		if !c.Answered {
			t.Errorf("call %d has no result", i)
		}
	}
	if r.Exit != 0 || r.Final != "That is all." || r.Servers["probe"] != "connected" {
		t.Errorf("exit %d, final text %q, servers %v", r.Exit, r.Final, r.Servers)
	}
	if n := len(r.Turns()); n != 6 {
		t.Errorf("%d turns were played, want 6", n)
	}
	// The definition of what was searched for is there, the other tools are but names.
	if len(r.Offered.Tools) != 1 || r.Offered.Tools[0].Name != greet || !r.Offered.Tools[0].DeferLoading {
		t.Errorf("offered tools: %+v, want %s loaded late", r.Offered.Tools, greet)
	}
	if diff := cmp.Diff([]string{fail, greet, meet}, r.Offered.Deferred); diff != "" {
		t.Errorf("deferred names (-want +got):\n%s", diff)
	}
	if !strings.Contains(r.Offered.Instructions, "Greet with the greet tool.") {
		t.Errorf("instructions %q lack the server's", tail(r.Offered.Instructions, 500))
	}
	if !strings.Contains(r.Debug, "probe") {
		t.Error("the debug log says nothing about the server")
	}
}

// TestDefinitions shows what tools look like to the model without ToolSearch.
func TestDefinitions(t *testing.T) {
	t.Parallel()
	cli := Install(t)
	r := cli.Run(t, Session{
		Project: t.TempDir(),
		Servers: map[string]Server{"probe": play(t, "server")},
		Env:     []string{"ENABLE_TOOL_SEARCH=false"},
		Prompt:  "/mcp__probe__greet Bob",
		Script:  []Turn{{Text: "Good morning, Bob."}},
	})
	turns := r.Turns()
	if len(turns) != 1 || r.Final != "Good morning, Bob." {
		t.Fatalf("%d turns, final text %q", len(turns), r.Final)
	}
	var user []string
	for _, m := range turns[0].Body.Messages {
		if m.Role == "user" {
			user = append(user, m.Content.Text())
		}
	}
	if all := strings.Join(user, "\n"); !strings.Contains(all, "Say good morning to Bob.") {
		t.Errorf("the prompt's text did not reach the model:\n%s", all)
	}
	var names []string
	for _, tool := range r.Offered.Tools {
		names = append(names, tool.Name)
		var schema struct{ Type string }
		if err := json.Unmarshal(tool.InputSchema, &schema); err != nil || schema.Type != "object" {
			t.Errorf("%s: schema %s: %v", tool.Name, tool.InputSchema, err)
		}
	}
	if diff := cmp.Diff([]string{"mcp__probe__fail", "mcp__probe__greet", "mcp__probe__meet"}, names); diff != "" {
		t.Errorf("definitions (-want +got):\n%s", diff)
	}
}

// TestCommand configures a server with Claude Code's own commands and uses it then.
func TestCommand(t *testing.T) {
	t.Parallel()
	cli := Install(t)
	project, home := t.TempDir(), filepath.Join(t.TempDir(), "home")
	add := cli.Command(t, project, home, "mcp", "add", "probe", "-e", playVar+"=server", "--", self(t))
	if add.Exit != 0 || !strings.Contains(add.Stdout, "Added stdio MCP server probe") {
		t.Fatalf("mcp add: exit %d: %s%s", add.Exit, add.Stdout, add.Stderr)
	}
	again := cli.Command(t, project, home, "mcp", "add", "probe", "--", "true")
	if again.Exit != 1 || !strings.Contains(again.Stderr, "already exists") {
		t.Errorf("second mcp add: exit %d: %s%s", again.Exit, again.Stdout, again.Stderr)
	}
	list := cli.Command(t, project, home, "mcp", "list")
	if list.Exit != 0 || !strings.Contains(list.Stdout, "✔ Connected") {
		t.Errorf("mcp list: exit %d: %s%s", list.Exit, list.Stdout, list.Stderr)
	}
	r := cli.Run(t, Session{
		Project: project, Home: home, Allow: []string{"mcp__probe"},
		Script: []Turn{Call("mcp__probe__greet", Input{"who": "Dee"})},
	})
	want := []seen{{"mcp__probe__greet", false, []string{"Hello, Dee.", "number=3"}}}
	if diff := cmp.Diff(want, seenCalls(r.Calls)); diff != "" {
		t.Errorf("calls with the configured server (-want +got):\n%s", diff)
	}
}

func TestInspect(t *testing.T) {
	t.Parallel()
	inspector := InstallInspector(t)
	server := play(t, "server")
	for _, era := range []string{"legacy", "modern"} {
		t.Run(era, func(t *testing.T) {
			t.Parallel()
			out := inspector.Inspect(t, server, "--method", "tools/list", "--strict", "--format", "json", "--protocol-era", era)
			if out.Exit != 0 {
				t.Fatalf("exit %d: %s%s", out.Exit, out.Stdout, out.Stderr)
			}
			for _, name := range []string{`"greet"`, `"fail"`, `"meet"`} {
				if !strings.Contains(out.Stdout, name) {
					t.Errorf("the list lacks %s: %s", name, out.Stdout)
				}
			}
		})
	}
	t.Run("error", func(t *testing.T) {
		t.Parallel()
		out := inspector.Inspect(t, server, "--method", "tools/call", "--tool-name", "fail", "--format", "json")
		if out.Exit != 5 || !strings.Contains(out.Stdout+out.Stderr, "this tool always fails") {
			t.Errorf("exit %d: %s%s", out.Exit, out.Stdout, out.Stderr)
		}
	})
}
