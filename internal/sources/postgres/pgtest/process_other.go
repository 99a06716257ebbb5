//go:build !unix

package pgtest

import (
	"os"
	"os/exec"
)

// quit ends the process: there are no other signals here.
var quit = os.Kill

func unprivileged(*exec.Cmd) {}

func own(string) error { return nil }

func private() bool { return false }
