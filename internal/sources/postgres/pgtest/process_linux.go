package pgtest

import (
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
)

// quit is the signal for an immediate shutdown.
const quit = syscall.SIGQUIT

// unprivileged makes cmd run as nobody if this process is root's, and end with it.
func unprivileged(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: quit, Setpgid: true}
	if uid, gid, ok := nobody(); ok {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uid, Gid: gid}
	}
}

// nobody returns whom the server is run as, false if as this process.
func nobody() (uid, gid uint32, ok bool) {
	if os.Getuid() != 0 {
		return 0, 0, false
	}
	const number = 65534 // where no account has the name
	u, err := user.Lookup("nobody")
	if err != nil {
		return number, number, true
	}
	id, err1 := strconv.ParseUint(u.Uid, 10, 32)
	group, err2 := strconv.ParseUint(u.Gid, 10, 32)
	if err1 != nil || err2 != nil {
		return number, number, true
	}
	return uint32(id), uint32(group), true
}

// own gives the folder and what is in it to the server.
func own(dir string) error {
	uid, gid, ok := nobody()
	if !ok {
		return nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := os.Chown(dir+"/"+e.Name(), int(uid), int(gid)); err != nil {
			return err
		}
	}
	return os.Chown(dir, int(uid), int(gid))
}

// private reports whether programs in the cache are to be copied for the user that the
// server is run as, who cannot enter the folders of root.
func private() bool { _, _, other := nobody(); return other }
