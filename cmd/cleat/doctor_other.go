//go:build !linux && !darwin

package main

import "os"

// openFlags: opening a regular name never waits here.
const openFlags = 0

// freeSpace is not known on this system.
func freeSpace(*os.Root) (uint64, bool) { return 0, false }

// openFilesLimit is not known, or there is none, on this system.
func openFilesLimit() (uint64, bool) { return 0, false }
