//go:build !unix

package sqlite

import (
	"io/fs"
	"os"
)

// writable reports whether this process may write to the file, as far as its attributes
// tell.
func writable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().Perm()&0o200 != 0
}

// shared reports whether every user may write there, which the attributes do not tell.
func shared(fs.FileInfo) bool { return false }
