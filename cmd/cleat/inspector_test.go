package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cleat/internal/claudetest"
)

// TestInspector has the MCP Inspector, a client that is strict about the protocol, make
// every kind of request in both eras.
func TestInspector(t *testing.T) {
	t.Parallel()
	inspector := claudetest.InstallInspector(t)
	s := newShop(t)
	server := s.server(t, "")
	for _, c := range []struct {
		name string
		args []string
		exit int
		want []string // in the answer
	}{
		{"list of tools", []string{"--method", "tools/list", "--strict"}, 0, []string{`"code_search"`, `"find"`, `"read"`, `"status"`}},
		{"call", []string{"--method", "tools/call", "--tool-name", "code_search", "--tool-arg", "pattern=func Place("}, 0,
			[]string{`internal/order/order.go:8: func Place(o Order) error { return nil }\n</untrusted `}},
		{"failing call", []string{"--method", "tools/call", "--tool-name", "read", "--tool-arg", "uri=nothing.txt"}, 5,
			[]string{`not_found: no file \"nothing.txt\"\nnext: `, `"isError":true`}},
		{"list of resources", []string{"--method", "resources/list"}, 0, []string{`"cleat://status"`, `"text://README.md"`}},
		{"list of templates", []string{"--method", "resources/templates/list"}, 0, []string{`"text://{+path}{#lines}"`}},
		{"resource", []string{"--method", "resources/read", "--uri", "text://README.md"}, 0, []string{`\n# Shop\n\nSells things.\n</untrusted `}},
		{"list of prompts", []string{"--method", "prompts/list"}, 0, []string{`"onboard"`}},
		{"prompt", []string{"--method", "prompts/get", "--prompt-name", "onboard"}, 0, []string{`Get to know the repository \"shop\"`, `\nname: shop\n`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			answers := map[string]string{}
			for _, era := range []string{"modern", "legacy"} {
				// The Inspector starts a server in a folder of its own.
				args := append([]string{"--cwd", s.dir, "--format", "json", "--quiet", "--protocol-era", era}, c.args...)
				out := inspector.Inspect(t, server, args...)
				if out.Exit != c.exit {
					t.Errorf("%s: exit %d, want %d: %s%s", era, out.Exit, c.exit, out.Stdout, out.Stderr)
				}
				if strings.Contains(out.Stdout+out.Stderr, secretValue) {
					t.Errorf("%s: a secret came out", era)
				}
				answers[era] = s.mask(bare(t, out.Stdout))
				wantAll(t, era, answers[era], c.want...)
			}
			if diff := cmp.Diff(answers["modern"], answers["legacy"]); diff != "" {
				t.Errorf("the eras differ (-modern +legacy):\n%s", diff)
			}
		})
	}
}

// bare is the result in an answer without what only the newer era has.
func bare(t *testing.T, answer string) string {
	t.Helper()
	var envelope struct{ Result map[string]json.RawMessage }
	if err := json.Unmarshal([]byte(answer), &envelope); err != nil {
		t.Fatalf("%v in %s", err, answer)
	}
	for _, name := range []string{"resultType", "_meta", "ttlMs", "cacheScope"} {
		delete(envelope.Result, name)
	}
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(envelope.Result); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
