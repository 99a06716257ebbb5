//go:build unix

package main

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// limitSystem has the system limit this process.
func limitSystem() error {
	// Address space comes first: how much there is already is read from a file.
	if err := limitSpace(); err != nil {
		return err
	}
	for _, l := range []struct {
		name     string
		resource int
		most     uint64
	}{
		{"processor time", unix.RLIMIT_CPU, workerCPU},
		{"core dumps", unix.RLIMIT_CORE, 0},
		{"open files", unix.RLIMIT_NOFILE, workerFiles},
	} {
		if err := lower(l.resource, l.most); err != nil {
			return fmt.Errorf("%s: %w", l.name, err)
		}
	}
	return nil
}

// lower makes a limit smaller, and never larger.
func lower(resource int, most uint64) error {
	var r unix.Rlimit
	if err := unix.Getrlimit(resource, &r); err != nil {
		return err
	}
	clamp(&r.Cur, most)
	clamp(&r.Max, most)
	return unix.Setrlimit(resource, &r)
}

// clamp is generic because the fields of unix.Rlimit are not signed alike on all systems.
func clamp[T int64 | uint64](v *T, most uint64) {
	if uint64(*v) > most {
		*v = T(most)
	}
}
