//go:build unix

package once

import (
	"errors"
	"os"
)

// syncDir makes durable which files are in dir.
func syncDir(dir *os.Root) error {
	d, err := dir.Open(".")
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
