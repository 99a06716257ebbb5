//go:build !unix

package main

// limitSystem does nothing: watchMemory, the deadline and the job that the worker is in
// are what there is.
func limitSystem() error { return nil }
