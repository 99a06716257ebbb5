//go:build unix

package audit

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// openFlags keep open from waiting for the other end of a FIFO.
const openFlags = syscall.O_NONBLOCK | syscall.O_NOFOLLOW

// foreign says whose info is, if not ours alone.
func foreign(info fs.FileInfo) string {
	st, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case !ok:
		return "has no owner"
	case int(st.Uid) != os.Geteuid():
		return "belongs to another user"
	case !info.IsDir() && st.Nlink > 1:
		return "has more than one name (a hard link)"
	}
	return ""
}

// loose reports whether others than the owner may do anything with the file, or more than
// perm allows.
func loose(info fs.FileInfo, perm fs.FileMode) bool { return info.Mode().Perm()&^perm != 0 }

func setMode(file *os.File, perm fs.FileMode) error { return file.Chmod(perm) }

// syncDir puts the names in a folder on the disk.
func syncDir(root *os.Root) error {
	d, err := root.Open(".")
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

func noSpace(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG)
}

func readOnly(err error) bool { return errors.Is(err, syscall.EROFS) }
