//go:build unix

package tree

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// A dir is a descriptor of a folder. Bare descriptors, not *os.File: a walk opens tens
// of thousands, and the poller has no use for them.
type dir struct{ fd int }

const dirFlags = unix.O_RDONLY | unix.O_DIRECTORY | unix.O_CLOEXEC

// O_NONBLOCK: a FIFO without a writer must not hold us. O_NOCTTY: a terminal must not
// become ours.
const fileFlags = unix.O_RDONLY | unix.O_NOFOLLOW | unix.O_NONBLOCK | unix.O_NOCTTY | unix.O_CLOEXEC

func again[T any](f func() (T, error)) (T, error) {
	for {
		v, err := f()
		if err != unix.EINTR {
			return v, err
		}
	}
}

func openat(fd int, name string, flags int) (int, error) {
	for {
		n, err := unix.Openat(fd, name, flags, 0)
		if err != unix.EINTR {
			return n, err
		}
	}
}

// openDirPath follows links: it is how the root itself is found.
func openDirPath(path string) (dir, error) {
	fd, err := openat(unix.AT_FDCWD, path, dirFlags)
	if err == unix.ENOTDIR {
		if _, serr := os.Stat(path); serr == nil {
			return dir{}, errNotDir
		}
		return dir{}, fs.ErrNotExist
	}
	if err != nil {
		return dir{}, err
	}
	return dir{fd}, nil
}

func (d dir) dup() (dir, error) {
	fd, err := openat(d.fd, ".", dirFlags)
	return dir{fd}, err
}

func (d dir) stat() (fs.FileInfo, error) {
	n, err := d.dup()
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(n.fd), ".")
	defer f.Close()
	return f.Stat()
}

func (d dir) openDir(name string) (dir, error) {
	fd, err := openat(d.fd, name, dirFlags|unix.O_NOFOLLOW)
	switch err {
	case nil:
		return dir{fd}, nil
	case unix.ELOOP, unix.EMLINK, unix.ENOTDIR: // the systems differ on what a link gives
		if _, lerr := d.readLink(name); lerr == nil {
			return dir{}, errIsLink
		}
		return dir{}, errNotDir
	}
	return dir{}, err
}

func (d dir) openFile(name string) (rawFile, error) {
	fd, err := openat(d.fd, name, fileFlags)
	switch err {
	case nil:
	case unix.ELOOP, unix.EMLINK:
		return rawFile{}, errIsLink
	case unix.ENXIO, unix.ENODEV, unix.EOPNOTSUPP: // sockets, devices without a driver
		return rawFile{}, errSpecial
	default:
		return rawFile{}, err
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		unix.Close(fd)
		return rawFile{}, err
	}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		return rawFile{fd, st.Size}, nil
	case unix.S_IFDIR:
		err = errIsDir
	default:
		err = errSpecial
	}
	unix.Close(fd)
	return rawFile{}, err
}

func (d dir) readLink(name string) (string, error) {
	for size := 256; ; size *= 2 {
		buf := make([]byte, size)
		n, err := again(func() (int, error) { return unix.Readlinkat(d.fd, name, buf) })
		if err != nil {
			return "", err
		}
		if n < size {
			return string(buf[:n]), nil
		}
	}
}

func (d dir) kind(name string) (kind, error) {
	var st unix.Stat_t
	_, err := again(func() (int, error) {
		return 0, unix.Fstatat(d.fd, name, &st, unix.AT_SYMLINK_NOFOLLOW)
	})
	if err != nil {
		return kindUnknown, err
	}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG:
		return kindFile, nil
	case unix.S_IFDIR:
		return kindDir, nil
	case unix.S_IFLNK:
		return kindLink, nil
	}
	return kindOther, nil
}

func (d dir) close() error { return unix.Close(d.fd) }

// isScarce reports whether err means that no descriptor is left.
func isScarce(err error) bool {
	return errors.Is(err, unix.EMFILE) || errors.Is(err, unix.ENFILE)
}

// descriptors returns how many files this process may have open.
func descriptors() int {
	var lim unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &lim); err != nil {
		return 256
	}
	return int(min(uint64(lim.Cur), 1<<20))
}

// A rawFile is a descriptor of a regular file.
type rawFile struct {
	fd    int
	bytes int64
}

func (f rawFile) size() int64 { return f.bytes }

func (f rawFile) read(b []byte) (int, error) {
	for {
		n, err := unix.Read(f.fd, b)
		if err != unix.EINTR {
			return max(n, 0), err
		}
	}
}

func (f rawFile) file(name string) (*os.File, fs.FileInfo, error) {
	o := os.NewFile(uintptr(f.fd), name)
	info, err := o.Stat()
	if err != nil {
		o.Close()
		return nil, nil, err
	}
	return o, info, nil
}

func (f rawFile) close() error { return unix.Close(f.fd) }
