//go:build !unix

package audit

import "fmt"

func special(mode string, _ Options) error { return fmt.Errorf("unknown mode %s", mode) }
