//go:build !unix

package once

import "fmt"

// special are the child's modes that need Unix.
func special(mode, _ string, _ *Keys) error { return fmt.Errorf("no mode %q", mode) }
