//go:build unix

package sqlite

import (
	"io/fs"

	"golang.org/x/sys/unix"
)

// writable reports whether this process may write to the file.
func writable(path string) bool { return unix.Access(path, unix.W_OK) == nil }

// shared reports whether every user may write there.
func shared(info fs.FileInfo) bool { return info.Mode().Perm()&0o002 != 0 }
