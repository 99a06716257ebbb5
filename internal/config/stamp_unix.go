//go:build unix

package config

import "golang.org/x/sys/unix"

func stampOf(path string) stamp {
	var st unix.Stat_t
	switch err := unix.Lstat(path, &st); err {
	case nil:
	case unix.ENOENT:
		return stamp{}
	default:
		return stamp{state: 2}
	}
	var s stamp
	if st.Mode&unix.S_IFMT == unix.S_IFLNK {
		s.link, s.linkChanged = st.Ino, st.Ctim.Nano()
		if err := unix.Stat(path, &st); err != nil {
			s.state = 2
			return s
		}
	}
	s.state = 1
	s.device, s.inode = uint64(st.Dev), uint64(st.Ino)
	s.size, s.mode, s.owner = st.Size, uint32(st.Mode), st.Uid
	s.mtime, s.ctime = st.Mtim.Nano(), st.Ctim.Nano()
	return s
}
