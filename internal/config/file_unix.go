//go:build unix

package config

import (
	"io/fs"
	"syscall"

	"golang.org/x/sys/unix"
)

// A FIFO must not block the open, and a terminal must not become ours.
const openFlags = unix.O_NONBLOCK | unix.O_NOCTTY | unix.O_CLOEXEC

const noFollow = unix.O_NOFOLLOW

func ownedBy(info fs.FileInfo, uid int) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && int64(st.Uid) == int64(uid)
}

// writableByOthers looks at the permission bits; access control lists show up in
// those of the group.
func writableByOthers(info fs.FileInfo) bool { return info.Mode().Perm()&0o022 != 0 }

func readableByOthers(info fs.FileInfo) bool { return info.Mode().Perm()&0o044 != 0 }
