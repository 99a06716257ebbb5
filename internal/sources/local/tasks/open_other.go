//go:build !unix

package tasks

// openFlags: there are no FIFOs among the files.
const openFlags = 0
