package main

import (
	"os/exec"
	"path/filepath"
	"testing"

	"cleat/internal/claudetest"
	"cleat/internal/text"
)

// asks has the model ask where something of this very repository is defined, and who
// calls it: two calls and few tokens tell.
func (s *shop) asks(t *testing.T, cli claudetest.CLI) {
	dir := filepath.Join(t.TempDir(), "cleat")
	if out, err := exec.Command("git", "clone", "-q", "--no-hardlinks", repository, dir).CombinedOutput(); err != nil {
		t.Fatalf("cloning this repository: %v\n%s", err, out)
	}
	own := *s
	w := *s.world
	w.dir = dir
	own.world = &w
	const search = on + "code_search"
	r := own.perform(t, cli, claudetest.Session{Servers: map[string]claudetest.Server{"cleat": s.server(t, "")}}, [][]use{
		{{name: search, in: claudetest.Input{"pattern": "ParsePart", "mode": "symbol"}}},
		{{name: search, in: claudetest.Input{"pattern": "document.ParsePart", "mode": "refs"}}},
	})
	wantAll(t, "the definition", r.Calls[0].Text(), "internal/document/", ": func ParsePart(")
	wantAll(t, "who calls it", r.Calls[1].Text(), ": func ParsePart(", "internal/view/view.go:", "document.ParsePart(", "by types")
	tokens := 0
	for _, c := range r.Calls {
		tokens += text.Tokens(c.Text())
		t.Logf("%s %s: about %d tokens\n%s", c.Name, c.Input, text.Tokens(c.Text()), c.Text())
	}
	if tokens > 800 {
		t.Errorf("the two answers have about %d tokens, want at most 800", tokens)
	}
}
