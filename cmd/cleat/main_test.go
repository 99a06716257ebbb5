package main

import (
	"os"
	"testing"

	"cleat/internal/claudetest"
	"cleat/internal/registry"
)

// Names of variables with which the test binary becomes cleat. They do not begin with
// CLEAT_: cleat remarks on those.
const (
	asProgram  = "GO_TEST_AS_CLEAT"      // any value
	managedEnv = "GO_TEST_CLEAT_MANAGED" // path of the managed configuration
	extrasEnv  = "GO_TEST_CLEAT_EXTRAS"  // any value: the capabilities of extras_test.go are there too
	limitedEnv = "GO_TEST_CLEAT_LIMITED" // what the process is to have too much of, as a worker has limits
)

// TestMain makes the test binary cleat itself when it is asked to, so that sessions run
// against a real process.
func TestMain(m *testing.M) {
	claudetest.Init()
	if what := os.Getenv(limitedEnv); what != "" {
		exceed(what)
	}
	// A worker gets no variable that is not on the list for children.
	worker := len(os.Args) > 1 && os.Args[1] == "worker"
	if os.Getenv(asProgram) == "" && !worker {
		os.Exit(serversMain(m))
	}
	p := &program{registry: registry.Default, managed: os.Getenv(managedEnv), managedUID: os.Getuid(),
		environ: os.Environ(), stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr}
	if os.Getenv(extrasEnv) != "" {
		p.registry = func() *registry.Registry { return registry.New(append(registry.Default().Entries(), extras()...)...) }
	}
	os.Exit(p.run(os.Args[1:]))
}
