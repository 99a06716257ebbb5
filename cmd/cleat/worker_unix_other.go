//go:build unix && !linux

package main

// limitSpace does nothing: how much address space the process has cannot be told, and some
// systems do not hold it to a limit. watchMemory is what there is.
func limitSpace() error { return nil }
