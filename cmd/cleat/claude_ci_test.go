package main

import (
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"cleat/internal/claudetest"
	"cleat/internal/text"
)

// cartFiles is a small project with one test of three that fails.
var cartFiles = txtar.Parse([]byte(`
-- go.mod --
module example.com/cart

go 1.24
-- cart.go --
// Package cart adds up what is in a cart.
package cart

// Total is the price of all items.
func Total(prices ...int) int {
	sum := 0
	for _, p := range prices[1:] {
		sum += p
	}
	return sum
}

// Count is how many items there are.
func Count(prices ...int) int { return len(prices) }
-- cart_test.go --
package cart

import "testing"

func TestTotal(t *testing.T) {
	if got, want := Total(40, 1, 1), 42; got != want {
		t.Errorf("Total(40, 1, 1) = %d, want %d", got, want)
	}
}

func TestCount(t *testing.T) {
	if Count(1, 2) != 2 {
		t.Error("two items are not two")
	}
}
`))

// TestClaudeCI has the model run the tests of a project that is trusted: the second call
// tells which test failed, why and where, in few words.
func TestClaudeCI(t *testing.T) {
	t.Parallel()
	cli := claudetest.Install(t)
	s := &shop{world: newWorld(t, cartFiles), cleat: released(t)}
	if out, code := s.run(t, "trust", "--yes"); code != 0 || !strings.Contains(out, "go test: go test -json ./...") {
		t.Fatalf("exit %d: %s", code, out)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	server := s.server(t, "")
	server.Env["XDG_CACHE_HOME"] = cache // go builds from scratch without it
	const run, runs, failures = on + "ci_run", on + "ci_runs", on + "ci_failures"
	r := s.perform(t, cli, claudetest.Session{Servers: map[string]claudetest.Server{"cleat": server}, Timeout: 3 * time.Minute}, [][]use{
		{{name: "ToolSearch", in: claudetest.Input{"query": "select:" + run + "," + runs}}},
		{{name: run, in: claudetest.Input{"task": "go test", "wait": 45}}},
		{{name: runs, in: claudetest.Input{"op": "wait"}}}, // where the machine is slow
		{{name: failures, in: claudetest.Input{}}},
	})
	// This client takes no tasks, so the call is answered as a whole.
	wantAll(t, "ci_run", r.Calls[1].Text(), "run ", `"go test"`)
	wantAll(t, "ci_runs", r.Calls[2].Text(), "failed: ", "what failed: ci_failures run=")
	told := r.Calls[3].Text()
	wantAll(t, "ci_failures", told, "tests: 1 failed, 1 passed", "TestTotal", "cart_test.go:7", "Total(40, 1, 1) = 2, want 42", "</untrusted ")
	if strings.Contains(told, "TestCount") {
		t.Errorf("the model reads of what passed:\n%s", told)
	}
	tokens := text.Tokens(told)
	t.Logf("about %d tokens:\n%s", tokens, told)
	if tokens > 250 {
		t.Errorf("ci_failures has about %d tokens, want at most 250", tokens)
	}
}
