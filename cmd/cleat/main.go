// Command cleat serves a team's systems to Claude Code over stdio, under one policy, one
// audit log and one budget. Run without arguments by a client, it serves; see the README.
package main

import (
	"os"
	"runtime/debug"
	"sync"

	"cleat/internal/config"
	"cleat/internal/registry"
	_ "cleat/prompts"
	_ "cleat/resources"
	_ "cleat/tools"
)

func main() {
	p := &program{
		registry: registry.Default,
		managed:  config.ManagedFile(),
		environ:  os.Environ(),
		stdin:    os.Stdin,
		stdout:   os.Stdout,
		stderr:   os.Stderr,
	}
	os.Exit(p.run(os.Args[1:]))
}

// programVersion is the version that the binary was built as.
var programVersion = sync.OnceValue(func() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
})
