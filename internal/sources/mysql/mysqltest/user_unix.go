//go:build unix

package mysqltest

import (
	"errors"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// identity fails where the server would have to run as root.
func identity() error {
	if os.Geteuid() != 0 {
		return nil
	}
	_, err := serverUser()
	return err
}

// serverUser is the user that the server runs as when the tests run as root.
func serverUser() (*syscall.Credential, error) {
	u, err := user.Lookup("mysql")
	if err != nil {
		return nil, err
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
	if err := errors.Join(err, err2); err != nil {
		return nil, err
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

// own gives dir and what is in it to the server's user.
func own(dir string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	c, err := serverUser()
	if err != nil {
		return err
	}
	return filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, int(c.Uid), int(c.Gid))
	})
}

// attributes are those of a process of the server: no rights, and its end when the tests
// end, however that happens, where the system can promise it.
func attributes() *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{Setpgid: true}
	dieWithParent(a)
	if os.Geteuid() == 0 {
		if c, err := serverUser(); err == nil {
			a.Credential = c
		}
	}
	return a
}
