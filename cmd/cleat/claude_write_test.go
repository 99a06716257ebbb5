package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cleat/internal/claudetest"
)

// writes calls the tool that writes, which only the test binary has, before and after the
// rules become stricter; has two calls hang; and kills the server between two calls.
func (s *shop) writes(t *testing.T, cli claudetest.CLI) {
	server := s.server(t, "[limits]\ncall = \"2s\"\n")
	config := filepath.Join(server.Env["XDG_CONFIG_HOME"], "cleat", "cleat.toml")
	out, pids := t.TempDir(), filepath.Join(t.TempDir(), "pids")
	server.Argv = []string{"/bin/sh", "-c", `echo $$ >> "$0"; exec "$@"`, pids, executable(t), "serve"}
	for name, value := range map[string]string{
		asProgram: "1", extrasEnv: "1", managedEnv: filepath.Join(out, "none.toml"), "TMPDIR": out,
	} {
		server.Env[name] = value
	}
	const write, hang = on + "test_write", on + "test_hang"
	refused := "denied: policy does not allow test_write\n" +
		"the rule is: read_only = true (user, " + config + ":4)\n" +
		"next: ask the user to add allow = [\"test_write\"] under [policy] in " + config + "\nretry: no"
	const late = "timeout: the time limit of 2s is over\n" +
		"next: narrow the call, or raise timeout_ms where the tool has it\nretry: no"
	s.perform(t, cli, claudetest.Session{
		Servers: map[string]claudetest.Server{"cleat": server}, Allow: []string{"mcp__cleat", "Bash"},
	}, [][]use{
		{{name: "ToolSearch", in: claudetest.Input{"query": "select:" + write + "," + hang}}},
		{{name: write, in: claudetest.Input{"text": "first"}, want: "written: first"}},
		{{name: "Bash", in: claudetest.Input{"command": "printf '[policy]\\nread_only = true\\n' >> '" + config + "'"}}},
		{{name: write, in: claudetest.Input{"text": "second"}, failed: true, want: refused}},
		{{name: hang, failed: true, want: late}, {name: hang, failed: true, want: late}},
		{{name: "Bash", in: claudetest.Input{"command": "kill -9 $(tail -n 1 '" + pids + "')"}}},
		{{name: on + "read", in: claudetest.Input{"uri": "README.md", "part": "L1"},
			want: "lines 1-1 of 3\n<untrusted $NONCE source=workspace>\n1: # Shop\n</untrusted $NONCE>"}},
		// The server that came after the kill was read-only from its start.
		{{name: write, in: claudetest.Input{"text": "third"}, failed: true, want: refused}},
	})
	entries, err := os.ReadDir(out)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 1 || entries[0].Name() != "first" {
		t.Errorf("written are %v, want first alone", entries)
	}
	if n := strings.Count(fileText(t, pids), "\n"); n != 2 {
		t.Errorf("%d servers were started, want 2: %q", n, fileText(t, pids))
	}
}

// breaks runs cleat with a configuration that it cannot use: the model is told what is
// wrong with it.
func (s *shop) breaks(t *testing.T, cli claudetest.CLI) {
	server := s.server(t, "[policy]\nreadonly = true\ndeny = [\"code_serch\"]\n")
	file := filepath.Join(server.Env["XDG_CONFIG_HOME"], "cleat", "cleat.toml")
	r := s.perform(t, cli, claudetest.Session{Servers: map[string]claudetest.Server{"cleat": server}}, [][]use{
		{{name: "ToolSearch", in: claudetest.Input{"query": "select:" + on + "status"}}},
		{{name: on + "status"}},
		{{name: on + "read", in: claudetest.Input{"uri": "README.md"}, failed: true}},
	})
	wantAll(t, "the instructions", r.Offered.Instructions, "cleat's configuration is broken. Call status")
	if len(r.Offered.Deferred) != 1 || len(r.Offered.Tools) != 1 || r.Offered.Tools[0].Name != on+"status" {
		t.Errorf("offered are %+v and %v, want status alone", r.Offered.Tools, r.Offered.Deferred)
	}
	wantAll(t, "status", r.Calls[1].Text(), "broken", file+`:2:1: policy: unknown key "readonly"`, `did you mean read_only?`, file+":3: ", "code_serch")
}
