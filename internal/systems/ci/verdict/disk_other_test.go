//go:build !unix

package verdict

import "fmt"

// special are the child's modes that need Unix.
func special(mode string, _ *History) error { return fmt.Errorf("no mode %q", mode) }
