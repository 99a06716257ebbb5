//go:build !unix

package config

import "os/exec"

// runGroup runs cmd; the deadline ends the program itself.
func runGroup(cmd *exec.Cmd) error { return cmd.Run() }
